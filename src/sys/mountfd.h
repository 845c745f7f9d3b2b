#pragma once
/*
 * The mount API by descriptors (fsopen(2), fsmount(2), open_tree(2), move_mount(2),
 * mount_setattr(2)): a mount is made or cloned detached, changed while nobody
 * sees it, and then attached to a descriptor, never to a path that could change.
 */
#include "base/macros.h"
#include <linux/mount.h>
#include <sys/types.h>

/* value NULL: a flag. The list ends with key NULL. */
typedef struct MountOption { const char *key, *value; } MountOption;

/* A new detached mount; attr are MOUNT_ATTR_*. An fd or -errno. */
int brig_mount_new(const char *fstype, const char *source, const MountOption *options, uint64_t attr) _must_use_;
/* Opens a file system context and gives its last message (without the level) on failure: what the kernel did not like. */
int brig_mount_new_explained(const char *fstype, const MountOption *options, uint64_t attr, char *why, size_t why_size) _must_use_;
/* A detached clone of what path (or dirfd itself for "") shows; recursive: with all submounts. */
int brig_mount_clone(int dirfd, const char *path, bool recursive) _must_use_;
/* Attaches on target (itself for ""). */
int brig_mount_attach(int mount_fd, int target_fd, const char *target) _must_use_;

typedef struct MountChange {
        uint64_t set, clear;     /* MOUNT_ATTR_* */
        uint64_t propagation;    /* MS_PRIVATE, MS_SLAVE, MS_SHARED or 0 */
        int userns_fd;           /* MOUNT_ATTR_IDMAP in set; else -EBADF */
        bool recursive;
} MountChange;
#define BRIG_MOUNT_CHANGE_INIT { .userns_fd = -EBADF }
/* On the mount whose root is mount_fd/path. */
int brig_mount_change(int mount_fd, const char *path, const MountChange *change) _must_use_;

/*
 * Makes the mount new_root_fd (attached, not locked) the root of this mount
 * namespace and of every process in it, and lets go of the old one.
 */
int brig_mount_pivot(int new_root_fd) _must_use_;
/* statvfs(3) flags (ST_RDONLY, ST_NOSUID, ...) of the mount and file system behind fd. */
int brig_mount_flags(int fd, unsigned long *ret) _must_use_;
