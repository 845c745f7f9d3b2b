#pragma once
/* What /proc says of a process: the facts of the barrier and of inspect, read from the kernel each time. */
#include "base/macros.h"
#include <sys/types.h>

typedef struct ProcessStatus {
        uint64_t inheritable, permitted, effective, bounding, ambient;
        uint32_t uid, gid;       /* effective, as the reader's user namespace sees them */
        unsigned no_new_privs;
        unsigned seccomp;        /* 0 off, 1 strict, 2 filter */
        unsigned seccomp_filters;
        unsigned pid_depth;      /* pid namespaces that know it: 1 is ours */
} ProcessStatus;

/* proc_fd: root of a procfs. A vanished process is -ENOENT or -ESRCH. */
int brig_procinfo_status(int proc_fd, pid_t pid, ProcessStatus *ret) _must_use_;
/* Soft and hard value of a resource limit; by the text of /proc/<pid>/limits, because prlimit(2) on another user's process needs CAP_SYS_RESOURCE. */
typedef struct ProcessLimit { uint64_t soft, hard; /* UINT64_MAX: unlimited */ } ProcessLimit;
int brig_procinfo_limit(int proc_fd, pid_t pid, unsigned resource, ProcessLimit *ret) _must_use_;
/* Device and inode of /proc/<pid>/ns/<name>; pid 0 is the caller. */
typedef struct NamespaceId { uint64_t device, inode; } NamespaceId;
int brig_procinfo_namespace(int proc_fd, pid_t pid, const char *name, NamespaceId *ret) _must_use_;
/* Reads /proc/<pid>/<file> (pid 0: self) as brig_file_read. */
ssize_t brig_procinfo_read(int proc_fd, pid_t pid, const char *file, char *buf, size_t size) _must_use_;
