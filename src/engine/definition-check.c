/* Docker's checks of a definition, with Docker's words where clients may look for them. */
#include "engine/container-internal.h"
#include "engine/definition-internal.h"
#include "engine/signals-internal.h"
#include "engine/spec-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <sched.h>

#define MIN_MEMORY (INT64_C(6) << 20)
#define MAX_HOSTNAME 64
#define MIN_PERIOD 1000
#define MAX_PERIOD 1000000
#define NANO_PER_CPU INT64_C(1000000000)

#define INVALID(err, ...) brig_error_set((err), BRIG_ERR_INVALID, EINVAL, __VA_ARGS__)

/* --- resources ---------------------------------------------------------- */

static int check_memory(const ContainerDefinition *d, BrigError *err)
{
        const HostConfig *h = &d->host;
        const JsonInt *swappiness = &h->memory_swappiness;

        if (h->memory != 0 && h->memory < MIN_MEMORY)
                return INVALID(err, "Minimum memory limit allowed is 6MB");
        if (h->memory > 0 && h->memory_swap > 0 && h->memory_swap < h->memory)
                return INVALID(err, "Minimum memoryswap limit should be larger than memory limit, see usage");
        if (h->memory == 0 && h->memory_swap > 0)
                return INVALID(err, "You should always set the Memory limit when using Memoryswap limit, see usage");
        if (swappiness->set && (swappiness->value < -1 || swappiness->value > 100))
                return INVALID(err, "Invalid value: %lld, valid memory swappiness range is 0-100", (long long)swappiness->value);
        if (h->memory_reservation != 0 && h->memory_reservation < MIN_MEMORY)
                return INVALID(err, "Minimum memory reservation allowed is 6MB");
        if (h->memory > 0 && h->memory_reservation > h->memory)
                return INVALID(err, "Minimum memory limit can not be less than memory reservation limit, see usage");
        if (h->shm_size < 0)
                return INVALID(err, "SHM size can not be less than 0");
        if (h->oom_score_adj < -1000 || h->oom_score_adj > 1000)
                return INVALID(err, "Invalid value %lld, range for oom score adj is [-1000, 1000]", (long long)h->oom_score_adj);
        return 0;
}

static int cpu_count(void)
{
        cpu_set_t set;

        return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static int check_cpu(const ContainerDefinition *d, BrigError *err)
{
        const HostConfig *h = &d->host;
        int cpus = cpu_count();

        if (h->nano_cpus > 0 && h->cpu_period > 0)
                return INVALID(err, "Conflicting options: Nano CPUs and CPU Period cannot both be set.");
        if (h->nano_cpus > 0 && h->cpu_quota > 0)
                return INVALID(err, "Conflicting options: Nano CPUs and CPU Quota cannot both be set.");
        if (h->nano_cpus < 0 || h->nano_cpus > cpus * NANO_PER_CPU || (h->nano_cpus > 0 && h->nano_cpus < NANO_PER_CPU / 100))
                return INVALID(err, "range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", cpus, cpus);
        if (h->cpu_period != 0 && (h->cpu_period < MIN_PERIOD || h->cpu_period > MAX_PERIOD))
                return INVALID(err, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
        if (h->cpu_quota > 0 && h->cpu_quota < MIN_PERIOD)
                return INVALID(err, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
        if (h->cpu_shares < 0)
                return INVALID(err, "invalid CPU shares (%lld): value must be a positive integer", (long long)h->cpu_shares);
        return 0;
}

static bool is_cpuset(const char *text)
{
        return brig_str_empty(text) || !text[strspn(text, "0123456789,-")];
}

static int check_cpusets(const ContainerDefinition *d, BrigError *err)
{
        if (!is_cpuset(d->host.cpuset_cpus))
                return INVALID(err, "Invalid value %s for cpuset cpus", d->host.cpuset_cpus);
        if (!is_cpuset(d->host.cpuset_mems))
                return INVALID(err, "Invalid value %s for cpuset mems", d->host.cpuset_mems);
        return 0;
}

static const char *const ulimit_names[] = {
        "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack", NULL,
};

static int check_ulimits(const ContainerDefinition *d, BrigError *err)
{
        for (size_t i = 0; i < d->host.ulimits.count; i++) {
                const UlimitRequest *u = BRIG_ULIMIT_AT(&d->host, i);
                bool known = false;

                for (const char *const *n = ulimit_names; *n; n++)
                        known = known || brig_str_equal(*n, u->name);
                if (!known)
                        return INVALID(err, "invalid ulimit type: %s", u->name ? u->name : "");
                if (u->soft < -1 || u->hard < -1 || (u->hard != -1 && (u->soft == -1 || u->soft > u->hard)))
                        return INVALID(err, "ulimit %s: soft limit must be less than or equal to hard limit: %lld > %lld", u->name, (long long)u->soft, (long long)u->hard);
                for (size_t j = 0; j < i; j++)
                        if (brig_str_equal(BRIG_ULIMIT_AT(&d->host, j)->name, u->name))
                                return INVALID(err, "ulimit %s is set twice", u->name);
        }
        return 0;
}

/* --- process ------------------------------------------------------------ */

static bool is_hostname(const char *name)
{
        size_t len = strlen(name);

        return len <= MAX_HOSTNAME && *name != '-' && *name != '.' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == len;
}

/* The plan has these limits; refused here, before anything is done with the whole lot. */
int brig_definition_check_words(const char *what, char *const *words, BrigError *err)
{
        size_t n = brig_strv_len(words);

        return n <= BRIG_PLAN_MAX_ARGS ? 0 : INVALID(err, "%s has %zu entries, at most %u are possible", what, n, BRIG_PLAN_MAX_ARGS);
}

static int check_counts(const ContainerDefinition *d, BrigError *err)
{
        const ContainerConfig *c = &d->config;
        int r = brig_definition_check_words("Env", c->env, err);

        if (r == 0)
                r = brig_definition_check_words("Cmd", c->cmd, err);
        return r < 0 ? r : brig_definition_check_words("Entrypoint", c->entrypoint, err);
}

static int check_process(const ContainerDefinition *d, BrigError *err)
{
        const ContainerConfig *c = &d->config;
        int ignored;

        if (!brig_str_empty(c->hostname) && !is_hostname(c->hostname))
                return INVALID(err, "invalid hostname format: %s", c->hostname);
        if (!brig_str_empty(c->domainname) && !is_hostname(c->domainname))
                return INVALID(err, "invalid domainname format: %s", c->domainname);
        if (!brig_str_empty(c->working_dir) && *c->working_dir != '/')
                return INVALID(err, "the working directory '%s' is invalid, it needs to be an absolute path", c->working_dir);
        BRIG_STRV_FOREACH(entry, c->env)
                if (!**entry || **entry == '=')
                        return INVALID(err, "invalid environment variable: %s", *entry);
        if (!brig_str_empty(c->stop_signal))
                return brig_signal_parse(c->stop_signal, &ignored, err);
        return 0;
}

static const struct { const char *what; size_t offset; } durations[] = {
        { "Interval", offsetof(HealthConfig, interval) }, { "Timeout", offsetof(HealthConfig, timeout) },
        { "StartPeriod", offsetof(HealthConfig, start_period) }, { "StartInterval", offsetof(HealthConfig, start_interval) },
};

static int check_health(const ContainerDefinition *d, BrigError *err)
{
        const HealthConfig *h = d->config.healthcheck;

        for (size_t i = 0; h && i < ARRAY_SIZE(durations); i++) {
                int64_t ns = *(const int64_t *)(const void *)((const char *)h + durations[i].offset);

                if (ns != 0 && ns < BRIG_NSEC_PER_MSEC)
                        return INVALID(err, "%s in Healthcheck cannot be less than 1ms", durations[i].what);
        }
        if (h && h->retries < 0)
                return INVALID(err, "Retries in Healthcheck cannot be negative");
        if (h && h->test && h->test[0] && !streq(h->test[0], "NONE") && !streq(h->test[0], "CMD") && !streq(h->test[0], "CMD-SHELL"))
                return INVALID(err, "Unknown type \"%s\" in Healthcheck (try 'CMD')", h->test[0]);
        return 0;
}

/* --- sysctls ------------------------------------------------------------ */

static const char *const own_sysctls[] = { "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
                                           "kernel.shm_rmid_forced", NULL };

static bool is_namespaced(const char *key)
{
        for (const char *const *s = own_sysctls; *s; s++)
                if (streq(*s, key))
                        return true;
        return brig_str_has_prefix(key, "net.") || brig_str_has_prefix(key, "fs.mqueue.");
}

/* One that belongs to the host must not even be tried. */
static int check_sysctls(const ContainerDefinition *d, BrigError *err)
{
        for (size_t i = 0; i < d->host.sysctls.count; i++) {
                const char *key = d->host.sysctls.items[i].key;

                if (!is_namespaced(key))
                        return INVALID(err, "sysctl \"%s\" is not in a separate kernel namespace", key);
                if ((brig_str_has_prefix(key, "net.") && brig_is_host_mode(d->host.network_mode)) ||
                    (!brig_str_has_prefix(key, "net.") && brig_is_host_mode(d->host.ipc_mode)))
                        return INVALID(err, "sysctl \"%s\" not allowed in host namespace", key);
        }
        return 0;
}

/* --- all ---------------------------------------------------------------- */

static int check_restart(const ContainerDefinition *d, BrigError *err)
{
        return brig_restart_policy_check(&d->host.restart_policy, d->host.auto_remove, err);
}

/* Logs that are not written take no limits. */
static int check_log(const ContainerDefinition *d, BrigError *err)
{
        const LogConfig *l = &d->host.log_config;

        if (brig_str_equal(l->type, "none") && l->options.count > 0)
                return INVALID(err, "unknown log opt '%s' for none log driver", l->options.items[0].key);
        return 0;
}

int brig_definition_check(const ContainerDefinition *d, BrigError *err)
{
        static int (*const checks[])(const ContainerDefinition *d, BrigError *err) = {
                check_counts, check_memory, check_cpu, check_cpusets, check_ulimits, check_process, check_health, check_sysctls, check_restart, check_log,
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
                r = checks[i](d, err);
        return r;
}
