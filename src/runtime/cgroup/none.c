/* The null object: a host without cgroups. Whatever limit is asked for is refused by name. */
#include "runtime/cgroup/cgroup-internal.h"
#include "base/strings.h"

static size_t none_hierarchies(const PlanResources *r, const char *controllers[BRIG_CGROUP_MAX_DIRS], const char *paths[BRIG_CGROUP_MAX_DIRS])
{
        return 0;
}

static int none_apply(const Cgroup *c, const CgroupRequest *request, BrigError *err)
{
        const PlanResources *r = request->resources;
        bool asked = r->memory || r->memory_swap || r->memory_reservation || r->pids || r->cpu_quota || r->cpu_shares ||
                !brig_str_empty(r->cpuset_cpus) || !brig_str_empty(r->cpuset_mems);
        if (asked)
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENODEV, "limits cannot be applied: no cgroup hierarchy is mounted under %s", CGROUP_ROOT);
        return 0;
}

static int none_freeze(const Cgroup *c, bool freeze)
{
        return -ENODEV;
}

static uint64_t none_oom_kills(const Cgroup *c)
{
        return 0;
}

static int64_t none_limit(const Cgroup *c, const char *what)
{
        return -1;
}

const CgroupDriver brig_cgroup_none = {
        .mode = "none",
        .hierarchies = none_hierarchies,
        .apply = none_apply,
        .freeze = none_freeze,
        .oom_kills = none_oom_kills,
        .limit = none_limit,
};
