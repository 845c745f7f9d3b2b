#pragma once
/*
 * The launch plan: everything that privileged code has to know to start one
 * container, or one more process in it (an exec plan). Compiled without
 * privilege by brig-api (compile.h), checked against the ceiling by brigd
 * (ceiling.h), executed by brig-monitor (runtime/). No JSON, no text to parse
 * but the few path and user strings that only the container's own files can
 * resolve.
 *
 * Encoding (docs/design/launch-plan.md): a header {magic, version, kind, total
 * length, record count}, then records {u16 type, u16 zero, u32 length} + payload
 * padded to 8. A table gives each record type its least and greatest length,
 * whether it may repeat and how often, and in which kind it may stand; the decoder refuses the
 * rest. Strings carry their NUL and have no other. It travels as a memfd with
 * four seals (SEAL, SHRINK, GROW, WRITE), which the receiver verifies before it maps.
 */
#include "base/error.h"
#include "base/buffer.h"
#include <linux/filter.h>
#include <sys/types.h>

#define BRIG_PLAN_MAGIC UINT32_C(0x4e4c5042) /* "BPLN" */
#define BRIG_PLAN_VERSION 1u
#define BRIG_PLAN_MAX_BYTES (8u << 20)
#define BRIG_PLAN_MAX_RECORDS (64u * 1024)
#define BRIG_PLAN_MAX_LAYERS 127
#define BRIG_PLAN_MAX_MOUNTS 512
#define BRIG_PLAN_MAX_ARGS (32u * 1024)     /* argv and env, each */
#define BRIG_PLAN_MAX_PATH 4096
#define BRIG_PLAN_MAX_GROUPS 256
#define BRIG_PLAN_MAX_BPF 4096              /* instructions: the kernel's BPF_MAXINSNS */

typedef enum PlanKind { PLAN_KIND_CONTAINER = 1, PLAN_KIND_EXEC = 2 } PlanKind;

/* LaunchPlan.flags */
enum {
        PLAN_F_TTY = 1 << 0,
        PLAN_F_STDIN_OPEN = 1 << 1,
        PLAN_F_STDIN_ONCE = 1 << 2,       /* stdin ends when the first attached client is gone */
        PLAN_F_NO_NEW_PRIVS = 1 << 3,
        PLAN_F_READONLY_ROOTFS = 1 << 4,
        PLAN_F_ROOTFS_SUID = 1 << 5,      /* root file system without nosuid (compat) */
        PLAN_F_INIT = 1 << 6,             /* brig-init as pid 1, at /sbin/docker-init */
        PLAN_F_LANDLOCK = 1 << 7,         /* Landlock domain asked for (no SYS_ADMIN granted) */
        PLAN_F_EPHEMERAL = 1 << 8,        /* removed at exit: its records need no flush to disk */
        PLAN_F_PRIVILEGED = 1 << 9,       /* everything within its user namespace; for the ceiling and inspect */
        PLAN_F_TIME_NS = 1 << 10,

};

/* Private namespaces are CLONE_NEW* bits in LaunchPlan.namespaces; a missing bit means the host's (ceiling). */

typedef enum PlanMountType {
        PLAN_MOUNT_PROC = 1, PLAN_MOUNT_SYSFS, PLAN_MOUNT_DEV /* tmpfs with nodes and links */, PLAN_MOUNT_DEVPTS, PLAN_MOUNT_SHM,
        PLAN_MOUNT_MQUEUE, PLAN_MOUNT_CGROUP, PLAN_MOUNT_TMPFS, PLAN_MOUNT_BIND,
} PlanMountType;

enum {
        PLAN_MOUNT_F_RECURSIVE = 1 << 0,      /* rbind */
        PLAN_MOUNT_F_CREATE_SOURCE = 1 << 1,  /* docker -v: a missing source becomes a folder */
        PLAN_MOUNT_F_RO_RECURSIVE = 1 << 2,   /* read-only for submounts too */
        PLAN_MOUNT_F_IDMAP = 1 << 3,          /* container id 0 <-> idmap_uid/idmap_gid on the source */
        PLAN_MOUNT_F_COPY_UP = 1 << 4,        /* tmpfs starts with what the image has there */
};

typedef struct PlanMount {
        PlanMountType type;
        uint32_t flags;          /* PLAN_MOUNT_F_* */
        uint64_t attr;           /* MOUNT_ATTR_RDONLY, NOSUID, NODEV, NOEXEC, ... (mount_setattr(2)) */
        uint32_t propagation;    /* MS_PRIVATE (default 0), MS_SLAVE, MS_SHARED, each with MS_REC or not */
        uint32_t idmap_uid, idmap_gid;
        const char *source;      /* BIND: absolute host path; else "" */
        const char *target;      /* absolute, in the container; resolved beneath its root */
        const char *options;     /* TMPFS, SHM: "size=65536k,mode=1777,uid=..,gid=.." of an allow-list; else "" */
} PlanMount;

/* Small files that the engine provides, on a tmpfs of the container, bound over `path` (/etc/hosts, ...). */
typedef struct PlanFile { uint32_t mode; const char *path; const void *data; uint32_t len; } PlanFile;
typedef struct PlanDevice { char type; /* 'c', 'b' */ uint32_t major, minor, mode, uid, gid; uint32_t access; /* 4 r, 2 w, 1 m */ const char *path; } PlanDevice;
typedef struct PlanRlimit { uint32_t resource; uint64_t soft, hard; /* RLIM_INFINITY allowed */ } PlanRlimit;
typedef struct PlanSysctl { const char *key; /* "net.ipv4.ping_group_range" */ const char *value; } PlanSysctl;
typedef struct PlanCaps { uint64_t bounding, effective, permitted, inheritable, ambient; } PlanCaps;
typedef struct PlanLandlockRule { uint64_t access; /* LANDLOCK_ACCESS_FS_* allowed beneath */ const char *path; } PlanLandlockRule;

typedef struct PlanResources {
        int64_t memory;              /* bytes; 0 unset, -1 unlimited; likewise below */
        int64_t memory_swap;         /* memory + swap, as Docker */
        int64_t memory_reservation;
        int64_t pids;
        int64_t cpu_quota;           /* microseconds per period */
        uint64_t cpu_period;         /* microseconds */
        uint64_t cpu_shares;         /* 2..262144, cgroup v1 scale */
        int64_t memory_swappiness;   /* -1 unset */
        uint32_t oom_kill_disable;
        const char *cpuset_cpus, *cpuset_mems;
} PlanResources;

typedef struct LaunchPlan {
        PlanKind kind;
        uint32_t flags;
        uint32_t namespaces;         /* CLONE_NEWUSER|NEWPID|NEWNS|NEWIPC|NEWUTS|NEWNET|NEWCGROUP|NEWTIME */
        const char *container_id;    /* 64 hex */
        const char *exec_id;         /* exec plans; else "" */
        const char *profile;         /* "standard", "compat", "hardened": for inspect */
        const char *hostname, *domainname;

        const char **layers; size_t n_layers;   /* diff IDs, 64 hex each, topmost first */
        PlanMount *mounts; size_t n_mounts;     /* in order */
        PlanFile *files; size_t n_files;
        const char **masked; size_t n_masked;
        const char **readonly; size_t n_readonly;
        PlanDevice *devices; size_t n_devices;  /* beyond the fixed set of /dev */
        PlanSysctl *sysctls; size_t n_sysctls;

        char **argv; size_t n_args;             /* NULL-terminated; never empty */
        char **env; size_t n_env;               /* NULL-terminated; HOME and PATH are completed by the executor */
        const char *cwd;
        const char *user;                       /* "", "name", "uid", "uid:gid", "name:group": resolved in the container's /etc/passwd and group */
        const char **group_add; size_t n_group_add;
        uint32_t umask;
        PlanCaps caps;                          /* for uid 0; a non-root user gets bounding, and ambient if asked */
        PlanRlimit *rlimits; size_t n_rlimits;
        int32_t oom_score_adj;
        const struct sock_filter *bpf; size_t n_bpf;   /* seccomp program; none: unconfined */
        uint32_t seccomp_flags;                 /* SECCOMP_FILTER_FLAG_LOG ... */
        uint8_t seccomp_digest[32];             /* SHA-256 of the program */
        const char *seccomp_name;               /* "standard", "unconfined", "custom" */
        PlanLandlockRule *landlock; size_t n_landlock;
        const char *apparmor_profile, *selinux_label;   /* "" where none */

        PlanResources resources;
        uint64_t log_max_size;                  /* bytes per file, 0: no log is written */
        uint32_t log_max_files;
        uint32_t tty_rows, tty_cols;            /* 0: the kernel's default */
        int32_t stop_signal;
        uint32_t shm_size_kib;

        void *_owned;                           /* blocks of brig_plan_alloc */
} LaunchPlan;

/* Empty plan of a kind with safe defaults (umask 022, swappiness -1, strings ""). */
void brig_plan_init(LaunchPlan *p, PlanKind kind);
void brig_plan_done(LaunchPlan *p);
/* Zeroed memory, and a copy of a string, that live as long as the plan: for those who build one. NULL when out of memory. */
void *brig_plan_alloc(LaunchPlan *p, size_t size);
char *brig_plan_strdup(LaunchPlan *p, const char *s);

/*
 * Encode p into out, which is empty (out->max >= what it takes, BRIG_PLAN_MAX_BYTES at most).
 * Records that only a container has (resources) are not written for an exec plan.
 * BRIG_ERR_INVALID when p breaks a limit of the record table, BRIG_ERR_TOO_LARGE when all of it is too much.
 */
int brig_plan_encode(const LaunchPlan *p, BrigBuffer *out, BrigError *err) _must_use_;
/*
 * Decode: strings and blobs point into data, which is aligned to 8 and must outlive *ret; arrays are
 * allocated (brig_plan_done). Fuzzed. BRIG_ERR_INVALID on anything that the table refuses.
 */
int brig_plan_decode(const void *data, size_t len, LaunchPlan *ret, BrigError *err) _must_use_;

/* Encodes into a new sealed memfd (all four seals). *ret_fd is the caller's. */
int brig_plan_to_memfd(const LaunchPlan *p, int *ret_fd, BrigError *err) _must_use_;
/*
 * Verifies type, seals and size of fd, maps it read-only and decodes. *ret_map / *ret_len
 * are to be munmap'ed after brig_plan_done. fd stays the caller's.
 */
int brig_plan_from_memfd(int fd, LaunchPlan *ret, void **ret_map, size_t *ret_len, BrigError *err) _must_use_;
