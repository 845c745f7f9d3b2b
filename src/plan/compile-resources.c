/* Limits of the cgroup. 0 in the plan means "not said", as in the specification an absent member. */
#include "plan/compile-internal.h"

#include "base/strings.h"

#define CPU_SHARES_MIN 2
#define CPU_SHARES_MAX 262144
/* The kernel's bounds of a CFS period, microseconds. */
#define CPU_PERIOD_MIN 1000
#define CPU_PERIOD_MAX 1000000

static int64_t value_of(const JsonInt *i)
{
        return i->set ? i->value : 0;
}

static int compile_memory(const Compiler *c, const RuntimeResources *res)
{
        const RuntimeMemory *m = res->memory;
        PlanResources *to = &c->plan->resources;

        if (!m)
                return 0;
        if (value_of(&m->kernel) > 0 || value_of(&m->kernel_tcp) > 0)
                return brig_compile_unsupported(c, "linux.resources.memory.kernel", "kernels of today have no such limit");
        to->memory = value_of(&m->limit);
        to->memory_swap = value_of(&m->swap);
        to->memory_reservation = value_of(&m->reservation);
        to->memory_swappiness = m->swappiness.set ? m->swappiness.value : -1;
        to->oom_kill_disable = m->disable_oom_killer;
        if (to->memory > 0 && to->memory_swap > 0 && to->memory_swap < to->memory)
                return brig_compile_invalid(c, "linux.resources.memory.swap", "memory and swap together are less than memory alone");
        return 0;
}

static int compile_cpu(const Compiler *c, const RuntimeResources *res)
{
        const RuntimeCpu *cpu = res->cpu;
        PlanResources *to = &c->plan->resources;
        int64_t shares, period;

        if (!cpu)
                return 0;
        if (value_of(&cpu->burst) || value_of(&cpu->realtime_runtime) || value_of(&cpu->realtime_period) || value_of(&cpu->idle))
                return brig_compile_unsupported(c, "linux.resources.cpu", "burst, realtime and idle are not supported");
        period = value_of(&cpu->period);
        if (period != 0 && (period < CPU_PERIOD_MIN || period > CPU_PERIOD_MAX))
                return brig_compile_invalid(c, "linux.resources.cpu.period", "must lie between 1000 and 1000000 microseconds");
        /* Clamped as the kernel does for cpu.shares; 0 is the default. */
        shares = value_of(&cpu->shares);
        if (shares > 0)
                shares = MIN2(MAX2(shares, CPU_SHARES_MIN), CPU_SHARES_MAX);
        to->cpu_quota = value_of(&cpu->quota);
        to->cpu_period = (uint64_t)period;
        to->cpu_shares = (uint64_t)shares;
        to->cpuset_cpus = cpu->cpus ? cpu->cpus : "";
        to->cpuset_mems = cpu->mems ? cpu->mems : "";
        return 0;
}

/* The text goes into a cgroup file: a list of numbers and ranges, nothing else. */
static int check_cpusets(const Compiler *c, const RuntimeResources *res)
{
        const PlanResources *to = &c->plan->resources;

        if (to->cpuset_cpus[strspn(to->cpuset_cpus, "0123456789,- ")])
                return brig_compile_invalid(c, "linux.resources.cpu.cpus", "not a list of CPUs");
        if (to->cpuset_mems[strspn(to->cpuset_mems, "0123456789,- ")])
                return brig_compile_invalid(c, "linux.resources.cpu.mems", "not a list of memory nodes");
        return 0;
}

static int compile_pids(const Compiler *c, const RuntimeResources *res)
{
        if (res->pids)
                c->plan->resources.pids = value_of(&res->pids->limit);
        return 0;
}

static int refuse_others(const Compiler *c, const RuntimeResources *res)
{
        const struct { bool asked; const char *member; } refusals[] = {
                { res->block_io != NULL, "linux.resources.blockIO" },
                { res->hugepage_limits.count > 0, "linux.resources.hugepageLimits" },
                { res->network != NULL, "linux.resources.network" },
                { res->rdma.count > 0, "linux.resources.rdma" },
                { res->unified.count > 0, "linux.resources.unified" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
                if (refusals[i].asked)
                        return brig_compile_unsupported(c, refusals[i].member, "this limit is not supported");
        return 0;
}

static int (*const parts[])(const Compiler *c, const RuntimeResources *res) = {
        compile_memory, compile_cpu, check_cpusets, compile_pids, refuse_others,
};

int brig_compile_resources(const Compiler *c)
{
        const RuntimeResources *res = c->spec->linux_ ? c->spec->linux_->resources : NULL;
        int r = 0;

        for (size_t i = 0; res && r >= 0 && i < ARRAY_SIZE(parts); i++)
                r = parts[i](c, res);
        return r;
}
