#pragma once
/*
 * A container's control group(s): "<parent>/<id>" below each hierarchy that the
 * host has. Three drivers behind one const table: v1 (also hybrid, where an
 * empty v2 tree beside it serves for killing), v2, and none. Nothing outside
 * "<parent>" is ever moved, frozen, limited or removed.
 *
 * Life: create (the monitor, as root) → join or clone into → the monitor keeps
 * the descriptors when its privilege is gone → brigd opens the same group by name
 * for freeze, kill, pids, and removes it at the end. All calls are short: no
 * waiting for processes to die, the caller tries again.
 *
 * cgroups(7); Documentation/admin-guide/cgroup-v1, cgroup-v2.rst.
 */
#include "base/error.h"
#include "plan/plan.h"

#define BRIG_CGROUP_MAX_DIRS 12

typedef struct CgroupDriver CgroupDriver;
typedef struct CgroupDir {
        const char *controller;  /* "memory", "unified" */
        int dir_fd;              /* owned, O_PATH-less: files beneath are opened through it */
        int procs_fd;            /* owned, cgroup.procs for writing; -EBADF when opened without create */
        int self_fd;             /* owned, v1: tasks for writing; likewise, and -EBADF in a v2 tree */
} CgroupDir;
typedef struct Cgroup {
        const CgroupDriver *driver;
        CgroupDir dirs[BRIG_CGROUP_MAX_DIRS];
        size_t n_dirs;
} Cgroup;

/* Which driver this host needs, found once by looking at the file systems under /sys/fs/cgroup: "v1", "v2", "none". */
const char *brig_cgroup_mode(void);

/*
 * Makes "<parent>/<id>" with the limits of r and the device rules (v1: everything
 * refused but the fixed set of /dev and `devices`). A limit whose controller is
 * missing is BRIG_ERR_UNSUPPORTED naming it: never ignored. On failure nothing is left.
 */
typedef struct CgroupRequest {
        const char *parent, *id;
        const PlanResources *resources;
        const PlanDevice *devices; size_t n_devices;
} CgroupRequest;
int brig_cgroup_create(const CgroupRequest *r, Cgroup *ret, BrigError *err) _must_use_;
/* Opens what is there, for all that needs no procs_fd; -ENOENT when there is none in any hierarchy, and only then. */
int brig_cgroup_open(const char *parent, const char *id, Cgroup *ret) _must_use_;
void brig_cgroup_init(Cgroup *c);
void brig_cgroup_close(Cgroup *c);
#define _cleanup_cgroup_ _cleanup_(brig_cgroup_close)

/*
 * Two ways in that never wait. A birth may go straight into the v2 tree (alone or
 * beside v1): clone_fd is its folder for CLONE_INTO_CGROUP, -EBADF where there is
 * none; borrowed. Into the v1 hierarchies a single-threaded process moves itself:
 * "0" written to `tasks` skips the kernel's thread group lock, whose RCU grace
 * period costs a writer of cgroup.procs 7 ms and more. The descriptors were opened
 * by root, and the kernel judges a write by who opened.
 */
int brig_cgroup_clone_fd(const Cgroup *c);
int brig_cgroup_join_self(const Cgroup *c) _must_use_;
/*
 * Closes what processes can be moved with. The kernel asks who opened, not who writes: in the hands of a
 * monitor without privilege they would still pull any process of the host into a group that brigd kills.
 */
void brig_cgroup_disarm(Cgroup *c);
/* The descriptors that join_self needs, for a process that closes all others. out holds BRIG_CGROUP_MAX_DIRS. */
size_t brig_cgroup_self_fds(const Cgroup *c, int *out);
/* Hierarchies that a member's /proc/<pid>/cgroup lists with this group: co-mounted controllers count once. */
size_t brig_cgroup_distinct(const Cgroup *c);

/* Freezes or thaws; returns at once, 1 when the wanted state is reached, 0 when it is on the way, -errno. */
int brig_cgroup_freeze(const Cgroup *c, bool freeze) _must_use_;
/* One pass of SIGKILL (signo) over all processes; the number signalled, or -errno. 0: it is empty. */
int brig_cgroup_signal(const Cgroup *c, int signo) _must_use_;
/*
 * Host pids; array of *ret_n, free(3). The process that waits for exec sessions is
 * born into a v2 group too but is none of the payload's: it is left out there.
 */
int brig_cgroup_pids(const Cgroup *c, pid_t **ret, size_t *ret_n) _must_use_;
/* How often the kernel killed for memory in this group; 0 where it can't be told. */
uint64_t brig_cgroup_oom_kills(const Cgroup *c);
/* "v1", "hybrid" (v1 with an empty v2 tree beside it), "v2" or "none": what this group lives in. */
const char *brig_cgroup_mode_of(const Cgroup *c);
/* Limits as the kernel has them, for the barrier: -1 where there is none. "pids", "memory". */
int64_t brig_cgroup_limit(const Cgroup *c, const char *what);
/* Removes the empty group(s): 0, -EBUSY while processes are left (try again), -ENOENT counts as 0. */
int brig_cgroup_remove(const char *parent, const char *id) _must_use_;
/* Removes "<parent>" itself when it is empty; any other outcome is silently left for the next time. */
void brig_cgroup_remove_parent(const char *parent);
