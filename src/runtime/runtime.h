#pragma once
/*
 * The executor: takes a launch plan and makes one container of it, then one more
 * process in that container for each exec plan. It knows no monitor and no brigd:
 * whoever calls it (brig-monitor, the OCI runtime command line) is the parent of
 * everything that it starts. docs/design/container-start.md draws the births.
 *
 *   prepare   as root: mounts, cgroup, limits, births, set-up; ends with the init
 *             standing directly before its execve and its state read back from
 *             the kernel and compared with the plan
 *   (the caller may now drop its privilege: everything later needs descriptors,
 *   or the effective uid that owns the container's user namespace)
 *   go        lets the init exec and looks at what only exec can change
 *   session   one exec session; readback; and done
 *
 * The caller has no threads, reaps its children (the container's init and every
 * session are among them) and holds SIGCHLD blocked if it polls for it.
 */
#include "base/buffer.h"
#include "plan/ceiling.h"
#include "plan/plan.h"
#include "runtime/cgroup.h"

#define RUNTIME_WARNINGS_MAX (16u * 1024)
#define RUNTIME_REPORT_MAX (60u * 1024)
#define RUNTIME_PASSWD_MAX (4u << 20)    /* bytes of the container's passwd or group that are looked at */

/* Layers that a test build may leave out, to prove that the others hold (escape matrix). */
enum {
        RUNTIME_LAYER_SECCOMP = 1 << 0,
        RUNTIME_LAYER_CAPS = 1 << 1,
        RUNTIME_LAYER_LANDLOCK = 1 << 2,
        RUNTIME_LAYER_USERNS = 1 << 3,
        RUNTIME_LAYER_MASKED = 1 << 4,
};
/* "seccomp,caps" → bits; BRIG_ERR_INVALID on an unknown word. "" is none. */
int brig_runtime_parse_layers(const char *text, unsigned *ret, BrigError *err) _must_use_;

typedef struct RuntimeRequest {
        const LaunchPlan *plan;         /* outlives the container: read back and reports compare with it */
        const Ceiling *ceiling;         /* judges bind sources; NULL: nothing is refused (caller's own rights count) */
        uint32_t range_base;            /* host id of container id 0 */
        uint32_t range_size;            /* range_base + range_size owns the user namespace */
        uint32_t storage_base;          /* range S: owner of layers and uppers on disk */
        const char *cgroup_parent;
        unsigned disabled;              /* RUNTIME_LAYER_* */
        int storage_fd;                 /* folder with layers/ and uppers/; borrowed */
        int init_fd;                    /* brig-init for PLAN_F_INIT; borrowed, or -EBADF */
} RuntimeRequest;

/* Our ends of a process' standard streams; -EBADF where there is none. Blocking, CLOEXEC. */
typedef struct RuntimeStdio {
        int input;                      /* write what it shall read */
        int output, error;              /* read what it writes */
        int terminal;                   /* with a tty: the master, instead of the three */
} RuntimeStdio;

typedef struct StartedProcess {
        pid_t pid;                      /* as the host counts */
        int pidfd;
        RuntimeStdio stdio;
} StartedProcess;

typedef struct RuntimeContainer {
        RuntimeRequest request;         /* cgroup_parent is a copy, the rest that is borrowed must stay: the plan */
        char *cgroup_parent;
        StartedProcess init;
        StartedProcess waiter;          /* stands in the container's namespaces and Landlock domain and gives birth to sessions */
        int waiter_link;
        int init_link;                  /* until go */
        int proc_fd;                    /* the host's processes */
        Cgroup cgroup;
        uint64_t landlock_abi;          /* 0: no domain */
        BrigBuffer warnings;            /* one per line */
} RuntimeContainer;

/* Does the container get a user namespace of its own? */
bool brig_runtime_has_userns(const RuntimeRequest *request);

/* An empty one, which done may be given. */
void brig_runtime_init(RuntimeContainer *c);
int brig_runtime_prepare(const RuntimeRequest *request, RuntimeContainer *ret, BrigError *err) _must_use_;
/*
 * For a caller that gives up root: from here on the container's descriptors lead to
 * its own cgroups alone, for reading. What has to be written to them is written before.
 */
int brig_runtime_confine(RuntimeContainer *c, BrigError *err) _must_use_;
/* Success: the payload runs. BRIG_ERR_COMMAND_NOT_EXEC and _NOT_FOUND: the kernel refused to execute it. */
int brig_runtime_go(RuntimeContainer *c, BrigError *err) _must_use_;
/* Kills what is left, reaps it and closes everything. The cgroup stays for its remover. */
void brig_runtime_done(RuntimeContainer *c);

/* An exec session on its way. Poll `link` for reading and call advance until it says RUNNING or fails. */
typedef struct RuntimeSession {
        LaunchPlan plan;
        void *map;
        size_t map_len;
        StartedProcess process;
        int link;                       /* -EBADF once running */
        bool released;
} RuntimeSession;
/* plan_fd: sealed memfd of an exec plan; borrowed. */
int brig_runtime_session_begin(RuntimeContainer *c, int plan_fd, RuntimeSession *ret, BrigError *err) _must_use_;
/* 1: it runs, process.stdio is filled; 0: call again when link is readable; negative: it ended, why is in *err. */
int brig_runtime_session_advance(RuntimeContainer *c, RuntimeSession *s, BrigError *err) _must_use_;
void brig_runtime_session_done(RuntimeSession *s);
void brig_runtime_stdio_close(RuntimeStdio *s);

/* Lines "key<TAB>value" of what the kernel says of the init now. `out` needs RUNTIME_REPORT_MAX. */
int brig_runtime_readback(const RuntimeContainer *c, BrigBuffer *out, BrigError *err) _must_use_;
