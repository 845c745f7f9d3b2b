#pragma once
/*
 * What the steps of a start share. One object, filled by the monitor M as root,
 * inherited by copy through every birth (P sets up, W waits, I becomes the
 * payload, E a session), so nothing has to be serialised for a child of ours.
 * docs/design/container-start.md has the picture.
 */
#include "runtime/runtime.h"
#include "sys/idmap.h"
#include "sys/mountfd.h"

/* Where M puts things in its own mount namespace; P finds locked copies of them at the same places. */
#define STAGING_PROC "/proc"
#define STAGING_SYS "/sys"
#define STAGING_STORAGE "/s"
#define STAGING_LAYERS "/l"      /* short links to layers: 127 of them must fit one page of mount options */
#define STAGING_ROOTFS "/r"
#define STAGING_DEV "/d"
#define STAGING_EMPTY "/e"       /* covers masked folders */
#define STAGING_CGROUP "/c"
#define STAGING_BINDS "/b"
#define STAGING_NEW_ROOT "/n"    /* P attaches its own clone of the root file system here */

/* A descriptor per plan mount: the detached clone of a bind source between the host's mount namespace and ours. */
typedef struct BindSource { int fd; bool directory; bool readonly; } BindSource;

typedef struct Launch {
        const RuntimeRequest *request;
        const LaunchPlan *plan;
        bool userns;                    /* a user namespace of its own */
        uid_t root_uid, owner_uid;      /* host ids of container root and of the namespace's owner */

        int storage_fd;                 /* detached, idmapped clone of the storage folder */
        BindSource *binds;              /* n_mounts */
        int *cgroup_binds;              /* per cgroup folder: detached clones */
        Cgroup *cgroup;
        BrigBuffer *warnings;           /* M's only; children send theirs */

        /* links: one packet per message (birth-internal.h) */
        int link;                       /* our end towards M */
        int peer;                       /* between P and I */
        int waiter_link;                /* W's end towards M */

        int root_fd;                    /* P: the new root; I: none */
        int devpts_fd;                  /* root of the container's devpts */
        int proc_fd;                    /* detached proc of the new pid namespace (I makes it, P attaches it) */
        int stdio[3];                   /* the payload's ends */
        int terminal;                   /* its slave, when it has one */
        int landlock_abi;

        /* resolved inside the container */
        uid_t uid;
        gid_t gid;
        gid_t groups[BRIG_PLAN_MAX_GROUPS];
        size_t n_groups;
        char *home;
        char **env;
        char **argv;
        char *program;                  /* what is executed */
} Launch;

bool brig_launch_layer(const Launch *l, unsigned layer); /* false: this test leaves the layer out */
/* A line for the user: less than asked, but no weaker defence. From M or any child. */
void brig_launch_warn(Launch *l, const char *fmt, ...) _printf_(2, 3);

/* M lets go of everything that is mounted for P. */
int brig_staging_leave(const Launch *l, BrigError *err) _must_use_;

/* M, before it gives up root: its cgroup descriptors lead nowhere but to these groups, and only for reading. */
int brig_cgroup_confine(Cgroup *c, BrigError *err) _must_use_;

typedef enum Stage {
        STAGE_HOST,     /* M: root, the host's mount namespace */
        STAGE_STAGING,  /* M: root, its own nearly empty one */
        STAGE_SETUP,    /* P: uid 0 of the container's namespaces, before there is a pid 1 */
        STAGE_DOMAIN,   /* W: what every process of the container inherits */
        STAGE_BORN,     /* I: first acts as pid 1 */
        STAGE_ENTER,    /* P: what needs the proc of that pid namespace; ends in the new root */
        STAGE_PROCESS,  /* I and E: user, streams, program */
        STAGE_LOCK,     /* I and E: no way back */
} Stage;

typedef int (*StepFunction)(Launch *l, BrigError *err);
typedef struct Step { Stage stage; unsigned kinds; StepFunction run; } Step;
/* Runs the steps of one stage in the order of the table (stages.c). */
int brig_stage_run(Stage stage, Launch *l, BrigError *err) _must_use_;

/* The steps, by file. */
int brig_step_binds_resolve(Launch *l, BrigError *err);         /* bind.c */
int brig_step_storage_clone(Launch *l, BrigError *err);         /* rootfs.c */
int brig_step_cgroup_create(Launch *l, BrigError *err);         /* control-group.c */
int brig_step_cgroup_clone(Launch *l, BrigError *err);
int brig_step_limits_raise(Launch *l, BrigError *err);          /* limits.c */
int brig_step_staging_enter(Launch *l, BrigError *err);         /* staging.c */
int brig_step_rootfs_mount(Launch *l, BrigError *err);          /* rootfs.c */
int brig_step_dev_build(Launch *l, BrigError *err);             /* device.c */
int brig_step_binds_attach(Launch *l, BrigError *err);          /* bind.c */
int brig_step_cgroup_attach(Launch *l, BrigError *err);         /* control-group.c */
int brig_step_time_namespace(Launch *l, BrigError *err);        /* namespace.c */

int brig_step_hostname(Launch *l, BrigError *err);              /* namespace.c */
int brig_step_loopback(Launch *l, BrigError *err);
int brig_step_sysctls(Launch *l, BrigError *err);
int brig_step_root_attach(Launch *l, BrigError *err);           /* rootfs.c */
int brig_step_mounts(Launch *l, BrigError *err);                /* mount.c */
int brig_step_files(Launch *l, BrigError *err);                 /* files.c */
int brig_step_cwd_make(Launch *l, BrigError *err);              /* rootfs.c */
int brig_step_stdio_open(Launch *l, BrigError *err);            /* stdio.c */
int brig_step_console(Launch *l, BrigError *err);

int brig_step_keyring(Launch *l, BrigError *err);               /* privilege.c */
int brig_step_landlock(Launch *l, BrigError *err);              /* lsm/landlock.c */

int brig_step_proc_make(Launch *l, BrigError *err);             /* namespace.c */
int brig_step_cgroup_join(Launch *l, BrigError *err);           /* control-group.c */

int brig_step_proc_attach(Launch *l, BrigError *err);           /* mount.c */
int brig_step_masks(Launch *l, BrigError *err);                 /* mask.c */
int brig_step_root_readonly(Launch *l, BrigError *err);         /* rootfs.c */
int brig_step_pivot(Launch *l, BrigError *err);

int brig_step_user(Launch *l, BrigError *err);                  /* user.c */
int brig_step_session(Launch *l, BrigError *err);               /* stdio.c */
int brig_step_cwd_enter(Launch *l, BrigError *err);             /* command.c */
int brig_step_command(Launch *l, BrigError *err);
int brig_step_rlimits(Launch *l, BrigError *err);               /* limits.c */

int brig_step_label(Launch *l, BrigError *err);                 /* lsm/lsm.c */
int brig_step_privilege(Launch *l, BrigError *err);             /* privilege.c */
