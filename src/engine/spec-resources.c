/* Limits: cgroup resources, rlimits, sysctls. */
#include "engine/spec-internal.h"

#include "base/strings.h"
#include "plan/capability.h"
#include <ctype.h>
#include <linux/capability.h>
#include <sys/resource.h>

#define CPU_PERIOD 100000               /* microseconds, the kernel's default */
#define NANO_PER_CPU INT64_C(1000000000)
#define DEFAULT_NOFILE 20000

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "set limits");
}

static void set(JsonInt *to, int64_t value)
{
        *to = (JsonInt){ .set = true, .value = value };
}

static void set_if(JsonInt *to, int64_t value)
{
        if (value != 0)
                set(to, value);
}

static int add_memory(const ContainerDefinition *d, const SpecDefaults *defaults, ContainerSpec *s, BrigError *err)
{
        const HostConfig *h = &d->host;
        int64_t memory = h->memory ? h->memory : defaults->memory;
        RuntimeMemory *m = calloc(1, sizeof *m);

        if (!m)
                return no_memory(err);
        m->use_hierarchy = m->check_before_update = -1;
        s->spec.linux_->resources->memory = m;
        if (memory == 0 && s->security.profile->memory_required)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the security profile \"%s\" demands a memory limit (--memory)", s->security.profile->name);
        set_if(&m->limit, memory);
        set_if(&m->reservation, h->memory_reservation);
        /* Docker's default: as much swap as memory. */
        set_if(&m->swap, h->memory_swap ? h->memory_swap : memory > 0 && memory < INT64_MAX / 2 ? memory * 2 : 0);
        if (h->memory_swappiness.set && h->memory_swappiness.value >= 0)
                m->swappiness = h->memory_swappiness;
        m->disable_oom_killer = h->oom_kill_disable == 1;
        return 0;
}

static int add_cpu(const HostConfig *h, ContainerSpec *s, BrigError *err)
{
        RuntimeCpu *cpu = calloc(1, sizeof *cpu);

        if (!cpu)
                return no_memory(err);
        s->spec.linux_->resources->cpu = cpu;
        set_if(&cpu->shares, h->cpu_shares);
        set_if(&cpu->quota, h->cpu_quota);
        set_if(&cpu->period, h->cpu_period);
        if (h->nano_cpus > 0) {
                set(&cpu->period, CPU_PERIOD);
                set(&cpu->quota, h->nano_cpus / (NANO_PER_CPU / CPU_PERIOD));
        }
        if (brig_str_set(&cpu->cpus, brig_str_empty(h->cpuset_cpus) ? NULL : h->cpuset_cpus) < 0 ||
            brig_str_set(&cpu->mems, brig_str_empty(h->cpuset_mems) ? NULL : h->cpuset_mems) < 0)
                return no_memory(err);
        return 0;
}

/* Without an own number the profile's default stands: a fork bomb must not need a flag to be stopped. */
static int add_pids(const HostConfig *h, const SpecDefaults *defaults, ContainerSpec *s, BrigError *err)
{
        int64_t limit = h->pids_limit.set && h->pids_limit.value != 0 ? h->pids_limit.value : defaults->pids ? defaults->pids : s->security.profile->pids;
        RuntimePids *pids = calloc(1, sizeof *pids);

        if (!pids)
                return no_memory(err);
        set(&pids->limit, limit < 0 ? -1 : limit);
        s->spec.linux_->resources->pids = pids;
        return 0;
}

/* --- rlimits ------------------------------------------------------------ */

static int add_rlimit(ContainerSpec *s, const char *name, uint64_t soft, uint64_t hard)
{
        RuntimeRlimit *limit = brig_json_array_add(&s->spec.process->rlimits, sizeof *limit);

        if (!limit)
                return -ENOMEM;
        limit->soft = soft;
        limit->hard = hard;
        limit->type = brig_str_printf("RLIMIT_%s", name);
        for (char *c = limit->type; c && *c; c++)
                *c = (char)toupper((unsigned char)*c);
        return limit->type ? 0 : -ENOMEM;
}

static bool has_rlimit(const HostConfig *h, const char *name)
{
        for (size_t i = 0; i < h->ulimits.count; i++)
                if (brig_str_equal(BRIG_ULIMIT_AT(h, i)->name, name))
                        return true;
        return false;
}

/* Nobody here may raise a hard limit: what the engine has is the most that a container gets by default. */
static uint64_t default_nofile(const SpecDefaults *defaults)
{
        uint64_t wanted = defaults->nofile > 0 ? (uint64_t)defaults->nofile : DEFAULT_NOFILE;
        struct rlimit own;

        return getrlimit(RLIMIT_NOFILE, &own) == 0 ? MIN2(wanted, (uint64_t)own.rlim_max) : wanted;
}

static int add_rlimits(const HostConfig *h, const SpecDefaults *defaults, ContainerSpec *s, BrigError *err)
{
        uint64_t nofile = default_nofile(defaults);

        if (!has_rlimit(h, "nofile") && add_rlimit(s, "nofile", nofile, nofile) < 0)
                return no_memory(err);
        for (size_t i = 0; i < h->ulimits.count; i++) {
                const UlimitRequest *u = BRIG_ULIMIT_AT(h, i);

                if (add_rlimit(s, u->name, (uint64_t)u->soft, (uint64_t)u->hard) < 0)
                        return no_memory(err);
        }
        return 0;
}

/* --- sysctls ------------------------------------------------------------ */

/*
 * Ping works without CAP_NET_RAW for every group of the container; low ports are open as in
 * Docker, unless the capability that rules them was taken away on purpose.
 */
static int add_sysctls(const HostConfig *h, ContainerSpec *s, BrigError *err)
{
        JsonPairs *to = &s->spec.linux_->sysctl;
        bool own_network = !brig_is_host_mode(h->network_mode);

        if (own_network && brig_pairs_set(to, "net.ipv4.ping_group_range", "0 65535") < 0)
                return no_memory(err);
        if (own_network && (s->security.caps & BRIG_CAP_BIT(CAP_NET_BIND_SERVICE)) && brig_pairs_set(to, "net.ipv4.ip_unprivileged_port_start", "0") < 0)
                return no_memory(err);
        for (size_t i = 0; i < h->sysctls.count; i++)
                if (brig_pairs_set(to, h->sysctls.items[i].key, h->sysctls.items[i].value) < 0)
                        return no_memory(err);
        return 0;
}

int brig_spec_resources(const ContainerDefinition *d, const SpecDefaults *defaults, ContainerSpec *s, BrigError *err)
{
        int r;

        s->spec.linux_->resources = calloc(1, sizeof *s->spec.linux_->resources);
        if (!s->spec.linux_->resources)
                return no_memory(err);
        r = add_memory(d, defaults, s, err);
        if (r == 0)
                r = add_cpu(&d->host, s, err);
        if (r == 0)
                r = add_pids(&d->host, defaults, s, err);
        if (r == 0)
                r = add_rlimits(&d->host, defaults, s, err);
        if (r == 0)
                r = add_sysctls(&d->host, s, err);
        s->spec.process->oom_score_adj = (JsonInt){ .set = d->host.oom_score_adj != 0, .value = d->host.oom_score_adj };
        return r;
}
