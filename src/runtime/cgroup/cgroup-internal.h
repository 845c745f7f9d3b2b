#pragma once
/* What the drivers of this folder share. */
#include "runtime/cgroup.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

struct CgroupDriver {
        const char *mode;
        /* Roots of the hierarchies to use: fills controller and the absolute path of each, returns their number. */
        size_t (*hierarchies)(const PlanResources *r, const char *controllers[BRIG_CGROUP_MAX_DIRS], const char *paths[BRIG_CGROUP_MAX_DIRS]);
        /* Prepares the parent folder (v2: hands controllers down). */
        int (*prepare)(int root_fd, int parent_fd, BrigError *err);
        int (*apply)(const Cgroup *c, const CgroupRequest *r, BrigError *err);
        int (*freeze)(const Cgroup *c, bool freeze);
        uint64_t (*oom_kills)(const Cgroup *c);
        int64_t (*limit)(const Cgroup *c, const char *what);
};
extern const CgroupDriver brig_cgroup_v1, brig_cgroup_v2, brig_cgroup_none;

/* The folder of a controller, or -EBADF. */
int brig_cgroup_dir(const Cgroup *c, const char *controller);
/* One write(2) of text into dir_fd/name. */
int brig_cgroup_write(int dir_fd, const char *name, const char *text) _must_use_;
/* Whole small file, NUL-terminated; length or -errno. */
ssize_t brig_cgroup_read(int dir_fd, const char *name, char *out, size_t size) _must_use_;
/* Value behind "key " in a flat keyed file, 0 when absent. */
uint64_t brig_cgroup_read_key(int dir_fd, const char *name, const char *key);
/* A single number; "max" and v1's huge "no limit" are -1, as is an unreadable file. */
int64_t brig_cgroup_read_limit(int dir_fd, const char *name);
/* Is path a mount of this file system type (statfs f_type)? */
bool brig_cgroup_is_fs(const char *path, unsigned long magic);

/* A limit that becomes one file. `value` INT64_MIN: not asked for. */
typedef struct CgroupSetting { const char *controller, *file; int64_t value; const char *text; const char *what; } CgroupSetting;
#define CGROUP_UNSET INT64_MIN
/* Writes each setting that was asked for; a missing controller or file is BRIG_ERR_UNSUPPORTED naming `what`. -1 is written as `unlimited`. */
int brig_cgroup_apply_settings(const Cgroup *c, const CgroupSetting *settings, size_t n, const char *unlimited, BrigError *err) _must_use_;
