/* The order in which a specification is put together, and its process. */
#include "engine/spec-internal.h"

#include "base/strings.h"
#include "engine/env-internal.h"
#include "engine/logs-internal.h"
#include "engine/signals-internal.h"
#include "plan/capability.h"
#include <linux/capability.h>
#include <signal.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SHORT_ID 12
/* Every access right of Landlock up to ABI 7; the executor leaves out what its kernel does not know. */
#define LANDLOCK_ALL UINT64_C(0xffff)
#define DEFAULT_LOG_SIZE (INT64_C(20) << 20)
#define DEFAULT_LOG_FILES 5

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "build the container's specification");
}

/* --- namespaces --------------------------------------------------------- */

static int add_namespaces(const HostConfig *h, ContainerSpec *s, BrigError *err)
{
        const struct { const char *type, *mode; } all[] = {
                { "mount", NULL }, { "time", NULL }, { "network", h->network_mode }, { "pid", h->pid_mode }, { "ipc", h->ipc_mode },
                { "uts", h->uts_mode }, { "user", h->userns_mode }, { "cgroup", h->cgroupns_mode },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                RuntimeNamespace *n = brig_is_host_mode(all[i].mode) ? NULL : brig_runtime_add_namespace(&s->spec);

                if (!n ? !brig_is_host_mode(all[i].mode) : brig_str_set(&n->type, all[i].type) < 0)
                        return no_memory(err);
        }
        return 0;
}

/* --- process ------------------------------------------------------------ */

/* Docker's order: PATH, HOSTNAME, TERM, then the configured ones, each in the place of an equal name before it. HOME is the executor's. */
static int add_env(const ContainerConfig *config, const ContainerSpec *s, char ***env)
{
        _cleanup_(brig_env_clear) EnvTable table = { 0 };
        _cleanup_free_ char *hostname = s->spec.hostname ? brig_str_printf("HOSTNAME=%s", s->spec.hostname) : NULL;

        if (brig_env_set(&table, DEFAULT_PATH, 0) < 0 || (s->spec.hostname && (!hostname || brig_env_set(&table, hostname, 0) < 0)))
                return -ENOMEM;
        if ((config->tty && brig_env_set(&table, "TERM=xterm", 0) < 0) || brig_env_set_all(&table, config->env, 0) < 0)
                return -ENOMEM;
        *env = brig_env_strv(&table);
        return *env ? 0 : -ENOMEM;
}

static int add_arguments(const ContainerConfig *config, char ***args)
{
        BRIG_STRV_FOREACH(word, config->entrypoint)
                if (brig_strv_push(args, *word) < 0)
                        return -ENOMEM;
        BRIG_STRV_FOREACH(word, config->cmd)
                if (brig_strv_push(args, *word) < 0)
                        return -ENOMEM;
        return 0;
}

static int add_terminal(const ContainerDefinition *d, RuntimeProcess *p)
{
        const JsonInts *size = &d->host.console_size;

        p->terminal = d->config.tty;
        if (!d->config.tty || size->count != 2 || size->items[0] <= 0 || size->items[1] <= 0)
                return 0;
        p->console_size = calloc(1, sizeof *p->console_size);
        if (!p->console_size)
                return -ENOMEM;
        *p->console_size = (RuntimeConsoleSize){ .height = size->items[0], .width = size->items[1] };
        return 0;
}

static int add_process(const ContainerDefinition *d, ContainerSpec *s, BrigError *err)
{
        RuntimeProcess *p = calloc(1, sizeof *p);
        const char *cwd = d->config.working_dir;

        if (!p)
                return no_memory(err);
        s->spec.process = p;
        p->no_new_privileges = s->security.no_new_privs;
        p->capabilities = brig_capabilities_of(s->security.caps, false);
        if (!p->capabilities || add_env(&d->config, s, &p->env) < 0 || add_arguments(&d->config, &p->args) < 0 || add_terminal(d, p) < 0 ||
            brig_str_set(&p->cwd, brig_str_empty(cwd) ? "/" : cwd) < 0 || brig_str_set(&p->apparmor_profile, s->security.apparmor) < 0)
                return no_memory(err);
        return 0;
}

/* --- names and paths ---------------------------------------------------- */

static int add_names(const ContainerDefinition *d, const char *id, ContainerSpec *s, BrigError *err)
{
        _cleanup_free_ char *short_id = strndup(id, SHORT_ID);

        s->spec.root = calloc(1, sizeof *s->spec.root);
        if (!s->spec.root || !short_id || brig_str_set(&s->spec.root->path, "rootfs") < 0)
                return no_memory(err);
        s->spec.root->readonly = d->host.readonly_rootfs || s->security.profile->readonly_rootfs;
        if (brig_is_host_mode(d->host.uts_mode))
                return 0;
        if (brig_str_set(&s->spec.hostname, brig_str_empty(d->config.hostname) ? short_id : d->config.hostname) < 0 ||
            brig_str_set(&s->spec.domainname, brig_str_empty(d->config.domainname) ? NULL : d->config.domainname) < 0)
                return no_memory(err);
        return 0;
}

static int push_all(char ***to, const char *const *from)
{
        for (; *from; from++)
                if (brig_strv_push(to, *from) < 0)
                        return -ENOMEM;
        return 0;
}

/* An own list, also an empty one, takes the place of the default. */
static int add_paths(const HostConfig *h, ContainerSpec *s, BrigError *err)
{
        RuntimeLinux *l = s->spec.linux_;

        if (!s->security.system_paths)
                return 0;
        if (push_all(&l->masked_paths, h->masked_paths ? (const char *const *)h->masked_paths : brig_masked_paths) < 0 ||
            push_all(&l->readonly_paths, h->readonly_paths ? (const char *const *)h->readonly_paths : brig_readonly_paths) < 0)
                return no_memory(err);
        return 0;
}

/* --- options of the compiler -------------------------------------------- */

static int set_log(const HostConfig *h, const SpecDefaults *defaults, ContainerSpec *s, BrigError *err)
{
        const char *size = brig_pairs_get(&h->log_config.options, "max-size"), *files = brig_pairs_get(&h->log_config.options, "max-file");
        uint64_t bytes = (uint64_t)(defaults->log_max_size > 0 ? defaults->log_max_size : DEFAULT_LOG_SIZE);
        uint32_t count = defaults->log_max_files > 0 ? defaults->log_max_files : DEFAULT_LOG_FILES;

        if (brig_str_equal(h->log_config.type, "none"))
                return 0;
        if (size && (brig_parse_size(size, &bytes) < 0 || bytes == 0))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid value for max-size: \"%s\"", size);
        if (files && (brig_parse_u32(files, &count) < 0 || count == 0 || count > BRIG_LOG_MAX_FILES))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid value for max-file: \"%s\": expected 1 to %d", files, BRIG_LOG_MAX_FILES);
        s->log_max_size = bytes;
        s->log_max_files = count;
        return 0;
}

static void set_flags(const ContainerDefinition *d, const SpecDefaults *defaults, ContainerSpec *s)
{
        bool init = d->host.init < 0 ? defaults->init : d->host.init;
        bool landlock = !(s->security.caps & BRIG_CAP_BIT(CAP_SYS_ADMIN));
        const struct { bool on; uint32_t flag; } flags[] = {
                { d->config.open_stdin, PLAN_F_STDIN_OPEN }, { d->config.stdin_once, PLAN_F_STDIN_ONCE }, { !s->security.no_new_privs, PLAN_F_ROOTFS_SUID },
                { init, PLAN_F_INIT }, { landlock, PLAN_F_LANDLOCK }, { d->host.auto_remove, PLAN_F_EPHEMERAL }, { d->host.privileged, PLAN_F_PRIVILEGED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
                if (flags[i].on)
                        s->flags |= flags[i].flag;
        s->landlock = (PlanLandlockRule){ .access = LANDLOCK_ALL, .path = "/" };
}

static int set_stop_signal(const ContainerConfig *config, ContainerSpec *s, BrigError *err)
{
        s->stop_signal = SIGTERM;
        return brig_str_empty(config->stop_signal) ? 0 : brig_signal_parse(config->stop_signal, &s->stop_signal, err);
}

/* --- all ---------------------------------------------------------------- */

void brig_container_spec_clear(ContainerSpec *s)
{
        for (size_t i = 0; i < s->n_files; i++)
                free((void *)s->files[i].data);
        s->n_files = 0;
        brig_runtime_spec_clear(&s->spec);
        brig_security_clear(&s->security);
}

static int build(const ContainerDefinition *d, const char *id, const SpecDefaults *defaults, ContainerSpec *s, BrigError *err)
{
        int r = brig_security_choose(&d->host, defaults->profile, &s->security, err);

        if (r == 0)
                r = add_namespaces(&d->host, s, err);
        if (r == 0)
                r = add_names(d, id, s, err);
        if (r == 0)
                r = add_process(d, s, err);
        if (r == 0)
                r = add_paths(&d->host, s, err);
        if (r == 0)
                r = brig_spec_mounts(d, s, err);
        if (r == 0)
                r = brig_spec_resources(d, defaults, s, err);
        if (r == 0)
                r = brig_spec_files(d, s, err);
        if (r == 0)
                r = set_log(&d->host, defaults, s, err);
        if (r == 0)
                r = set_stop_signal(&d->config, s, err);
        if (r == 0)
                set_flags(d, defaults, s);
        return r < 0 ? r : brig_runtime_spec_validate(&s->spec, err);
}

int brig_container_spec_build(const ContainerDefinition *d, const char *id, const SpecDefaults *defaults, ContainerSpec *ret, BrigError *err)
{
        ContainerSpec s = { 0 };
        int r = brig_runtime_spec_init(&s.spec);

        if (r < 0)
                return no_memory(err);
        r = build(d, id, defaults, &s, err);
        if (r < 0) {
                brig_container_spec_clear(&s);
                return r;
        }
        *ret = s;
        return 0;
}
