/*
 * cgroup v2, the unified hierarchy: one folder, controllers handed down by
 * cgroup.subtree_control, birth inside the group by CLONE_INTO_CGROUP.
 */
#include "runtime/cgroup/cgroup-internal.h"
#include "base/strings.h"
#include "runtime/cgroup/device-filter.h"

static const char *const controllers_wanted[] = { "+cpu", "+memory", "+pids", "+io", "+cpuset" };

static size_t v2_hierarchies(const PlanResources *r, const char *controllers[BRIG_CGROUP_MAX_DIRS], const char *paths[BRIG_CGROUP_MAX_DIRS])
{
        controllers[0] = "unified";
        paths[0] = CGROUP_ROOT;
        return 1;
}

static int v2_prepare(int root_fd, int parent_fd, BrigError *err)
{
        /* One by one: a controller that the host lacks must not take the others with it. Whether a limit can be set shows when it is. */
        for (size_t i = 0; i < ARRAY_SIZE(controllers_wanted); i++) {
                BRIG_IGNORE(brig_cgroup_write(root_fd, "cgroup.subtree_control", controllers_wanted[i]));
                BRIG_IGNORE(brig_cgroup_write(parent_fd, "cgroup.subtree_control", controllers_wanted[i]));
        }
        return 0;
}

/* v1's 2..262144 to v2's 1..10000, the mapping that runc, crun and systemd share. */
static int64_t weight_of_shares(uint64_t shares)
{
        if (shares == 0)
                return CGROUP_UNSET;
        uint64_t s = MIN2(MAX2(shares, 2), 262144);
        return (int64_t)(1 + ((s - 2) * 9999) / 262142);
}

static int64_t swap_of(const PlanResources *r)
{
        if (r->memory_swap == 0)
                return CGROUP_UNSET;
        if (r->memory_swap == -1)
                return -1;
        return r->memory > 0 ? r->memory_swap - r->memory : r->memory_swap;
}

static int v2_apply(const Cgroup *c, const CgroupRequest *request, BrigError *err)
{
        const PlanResources *r = request->resources;
        char cpu_max[64];
        bool has_cpu_max = r->cpu_quota != 0 || r->cpu_period != 0;
        unsigned long long period = r->cpu_period ? r->cpu_period : 100000;

        if (r->cpu_quota > 0)
                snprintf(cpu_max, sizeof(cpu_max), "%lld %llu", (long long)r->cpu_quota, period);
        else
                snprintf(cpu_max, sizeof(cpu_max), "max %llu", period);
        if (r->oom_kill_disable)
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "the OOM killer cannot be disabled on cgroup v2");
        const CgroupSetting settings[] = {
                { "unified", "memory.max", r->memory == 0 ? CGROUP_UNSET : r->memory, NULL, "memory" },
                { "unified", "memory.swap.max", swap_of(r), NULL, "swap" },
                { "unified", "memory.low", r->memory_reservation == 0 ? CGROUP_UNSET : r->memory_reservation, NULL, "the memory reservation" },
                /* One more: the process that gives birth to exec sessions stands in the group too. */
                { "unified", "pids.max", r->pids == 0 ? CGROUP_UNSET : r->pids > 0 ? r->pids + 1 : r->pids, NULL, "the number of processes" },
                { "unified", "cpu.weight", weight_of_shares(r->cpu_shares), NULL, "CPU shares" },
                { "unified", "cpu.max", CGROUP_UNSET, has_cpu_max ? cpu_max : NULL, "the CPU quota" },
                { "unified", "cpuset.cpus", CGROUP_UNSET, brig_str_empty(r->cpuset_cpus) ? NULL : r->cpuset_cpus, "the CPU set" },
                { "unified", "cpuset.mems", CGROUP_UNSET, brig_str_empty(r->cpuset_mems) ? NULL : r->cpuset_mems, "the memory node set" },
        };
        int e = brig_cgroup_apply_settings(c, settings, ARRAY_SIZE(settings), "max", err);
        return e < 0 ? e : brig_device_filter_attach(brig_cgroup_dir(c, "unified"), request->devices, request->n_devices, err);
}

static int v2_freeze(const Cgroup *c, bool freeze)
{
        int fd = brig_cgroup_dir(c, "unified");
        if (fd < 0)
                return -ENODEV;
        int r = brig_cgroup_write(fd, "cgroup.freeze", freeze ? "1" : "0");
        return r < 0 ? r : brig_cgroup_read_key(fd, "cgroup.events", "frozen") == (uint64_t)freeze;
}

static uint64_t v2_oom_kills(const Cgroup *c)
{
        int fd = brig_cgroup_dir(c, "unified");
        return fd < 0 ? 0 : brig_cgroup_read_key(fd, "memory.events", "oom_kill");
}

static int64_t v2_limit(const Cgroup *c, const char *what)
{
        int fd = brig_cgroup_dir(c, "unified");
        if (fd < 0)
                return -1;
        if (streq(what, "memory"))
                return brig_cgroup_read_limit(fd, "memory.max");
        int64_t pids = brig_cgroup_read_limit(fd, "pids.max");
        return pids > 0 ? pids - 1 : pids;
}

const CgroupDriver brig_cgroup_v2 = {
        .mode = "v2",
        .hierarchies = v2_hierarchies,
        .prepare = v2_prepare,
        .apply = v2_apply,
        .freeze = v2_freeze,
        .oom_kills = v2_oom_kills,
        .limit = v2_limit,
};
