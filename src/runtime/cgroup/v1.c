/*
 * cgroup v1, one hierarchy per controller, also where an empty v2 tree stands
 * beside it ("hybrid"): a group there gives cgroup.kill, and lists the processes.
 */
#include "runtime/cgroup/cgroup-internal.h"
#include "base/strings.h"
#include <linux/magic.h>

#define V1_RULE_MAX 64

static const struct { const char *controller, *path; bool on_request; } table[] = {
        { "freezer", CGROUP_ROOT "/freezer", false },
        { "pids", CGROUP_ROOT "/pids", false },
        { "memory", CGROUP_ROOT "/memory", false },
        { "cpu", CGROUP_ROOT "/cpu", false },
        { "cpuacct", CGROUP_ROOT "/cpuacct", false },
        { "devices", CGROUP_ROOT "/devices", false },
        { "blkio", CGROUP_ROOT "/blkio", false },
        { "cpuset", CGROUP_ROOT "/cpuset", true },
};

static bool wants_cpuset(const PlanResources *r)
{
        return !r || !brig_str_empty(r->cpuset_cpus) || !brig_str_empty(r->cpuset_mems);
}

static size_t v1_hierarchies(const PlanResources *r, const char *controllers[BRIG_CGROUP_MAX_DIRS], const char *paths[BRIG_CGROUP_MAX_DIRS])
{
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                if ((table[i].on_request && !wants_cpuset(r)) || !brig_cgroup_is_fs(table[i].path, CGROUP_SUPER_MAGIC))
                        continue;
                controllers[n] = table[i].controller;
                paths[n++] = table[i].path;
        }
        if (brig_cgroup_is_fs(CGROUP_ROOT "/unified", CGROUP2_SUPER_MAGIC)) {
                controllers[n] = "unified";
                paths[n++] = CGROUP_ROOT "/unified";
        }
        return n;
}

/* A new cpuset group is empty and refuses tasks until it has CPUs and memory nodes: inherit the parent's, level by level. */
static int v1_prepare(int root_fd, int parent_fd, BrigError *err)
{
        static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
        char text[4096], have[4096];

        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                if (brig_cgroup_read(root_fd, files[i], text, sizeof(text)) < 0)
                        return 0; /* not the cpuset hierarchy */
                if (brig_cgroup_read(parent_fd, files[i], have, sizeof(have)) > 0 && have[0] != '\n' && have[0])
                        continue;
                int r = brig_cgroup_write(parent_fd, files[i], text);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot prepare the cpuset cgroup (%s)", files[i]);
        }
        return 0;
}

static int apply_cpuset(const Cgroup *c, const PlanResources *r, BrigError *err)
{
        int fd = brig_cgroup_dir(c, "cpuset");
        char all[4096];

        if (!wants_cpuset(r))
                return 0;
        const CgroupSetting given[] = {
                { "cpuset", "cpuset.cpus", CGROUP_UNSET, brig_str_empty(r->cpuset_cpus) ? NULL : r->cpuset_cpus, "the CPU set" },
                { "cpuset", "cpuset.mems", CGROUP_UNSET, brig_str_empty(r->cpuset_mems) ? NULL : r->cpuset_mems, "the memory node set" },
        };
        for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(given); i++)
                if (!given[i].text && brig_cgroup_read(fd, i == 0 ? "cpuset.effective_cpus" : "cpuset.effective_mems", all, sizeof(all)) > 0)
                        BRIG_IGNORE(brig_cgroup_write(fd, given[i].file, all)); /* an empty one shows at join, as an error */
        return brig_cgroup_apply_settings(c, given, ARRAY_SIZE(given), "", err);
}

static int apply_devices(const Cgroup *c, const CgroupRequest *r, BrigError *err)
{
        /* mknod itself is harmless and decided by capability; opening is what counts. */
        static const char *const fixed[] = {
                "c *:* m", "b *:* m",
                "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", /* null zero full random urandom */
                "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm",            /* tty console ptmx pts */
        };
        int fd = brig_cgroup_dir(c, "devices");
        if (fd < 0)
                return 0; /* nodev, the fixed /dev and the user namespace stand without it */
        int e = brig_cgroup_write(fd, "devices.deny", "a");
        for (size_t i = 0; e >= 0 && i < ARRAY_SIZE(fixed); i++)
                e = brig_cgroup_write(fd, "devices.allow", fixed[i]);
        for (size_t i = 0; e >= 0 && i < r->n_devices; i++) {
                const PlanDevice *d = &r->devices[i];
                char rule[V1_RULE_MAX];
                snprintf(rule, sizeof(rule), "%c %u:%u %s%s%s", d->type, d->major, d->minor,
                        d->access & 4 ? "r" : "", d->access & 2 ? "w" : "", d->access & 1 ? "m" : "");
                e = brig_cgroup_write(fd, "devices.allow", rule);
        }
        return e < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, e, "cannot set the device rules of the cgroup") : 0;
}

static int64_t or_unset(int64_t v)
{
        return v == 0 ? CGROUP_UNSET : v;
}

static int v1_apply(const Cgroup *c, const CgroupRequest *request, BrigError *err)
{
        const PlanResources *r = request->resources;
        const CgroupSetting settings[] = {
                { "memory", "memory.limit_in_bytes", or_unset(r->memory), NULL, "memory" },
                { "memory", "memory.memsw.limit_in_bytes", or_unset(r->memory_swap), NULL, "memory plus swap" },
                { "memory", "memory.soft_limit_in_bytes", or_unset(r->memory_reservation), NULL, "the memory reservation" },
                { "memory", "memory.swappiness", r->memory_swappiness < 0 ? CGROUP_UNSET : r->memory_swappiness, NULL, "memory swappiness" },
                { "memory", "memory.oom_control", r->oom_kill_disable ? 1 : CGROUP_UNSET, NULL, "the OOM killer" },
                { "pids", "pids.max", or_unset(r->pids), r->pids == -1 ? "max" : NULL, "the number of processes" },
                { "cpu", "cpu.shares", or_unset((int64_t)r->cpu_shares), NULL, "CPU shares" },
                { "cpu", "cpu.cfs_period_us", or_unset((int64_t)r->cpu_period), NULL, "the CPU period" },
                { "cpu", "cpu.cfs_quota_us", or_unset(r->cpu_quota), NULL, "the CPU quota" },
        };
        int e = brig_cgroup_apply_settings(c, settings, ARRAY_SIZE(settings), "-1", err);
        if (e >= 0)
                e = apply_cpuset(c, r, err);
        return e < 0 ? e : apply_devices(c, request, err);
}

static int v1_freeze(const Cgroup *c, bool freeze)
{
        int fd = brig_cgroup_dir(c, "freezer");
        char state[32];

        if (fd < 0)
                return -ENODEV;
        int r = brig_cgroup_write(fd, "freezer.state", freeze ? "FROZEN" : "THAWED");
        if (r < 0)
                return r;
        if (brig_cgroup_read(fd, "freezer.state", state, sizeof(state)) < 0)
                return -EIO;
        return strncmp(state, freeze ? "FROZEN" : "THAWED", 6) == 0;
}

static uint64_t v1_oom_kills(const Cgroup *c)
{
        int fd = brig_cgroup_dir(c, "memory");
        return fd < 0 ? 0 : brig_cgroup_read_key(fd, "memory.oom_control", "oom_kill");
}

static int64_t v1_limit(const Cgroup *c, const char *what)
{
        bool memory = streq(what, "memory");
        int fd = brig_cgroup_dir(c, memory ? "memory" : "pids");
        return fd < 0 ? -1 : brig_cgroup_read_limit(fd, memory ? "memory.limit_in_bytes" : "pids.max");
}

const CgroupDriver brig_cgroup_v1 = {
        .mode = "v1",
        .hierarchies = v1_hierarchies,
        .prepare = v1_prepare,
        .apply = v1_apply,
        .freeze = v1_freeze,
        .oom_kills = v1_oom_kills,
        .limit = v1_limit,
};
