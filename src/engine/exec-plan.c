/* The plan of one more process in a container: the container's own specification with another process in it. */
#include "engine/engine-internal.h"
#include "engine/env-internal.h"

#include "base/strings.h"
#include "plan/capability.h"

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "compile the exec plan");
}

static int replace_strv(char ***to, char *const *from)
{
        char **copy = brig_strv_copy(from);

        if (!copy)
                return -ENOMEM;
        brig_strv_free(*to);
        *to = copy;
        return 0;
}

/* The container's environment with TERM as this session has a terminal or not, and its own entries over it. */
static int set_env(RuntimeProcess *p, const Container *c, const ExecConfig *config)
{
        _cleanup_(brig_env_clear) EnvTable table = { 0 };
        bool term_given = brig_strv_env_get(c->definition.config.env, "TERM") != NULL;
        char **env;

        if (brig_env_set_all(&table, p->env, 0) < 0 || (!term_given && brig_env_set(&table, config->tty ? "TERM=xterm" : "TERM", 0) < 0) ||
            brig_env_set_all(&table, config->env, 0) < 0)
                return -ENOMEM;
        env = brig_env_strv(&table);
        if (!env)
                return -ENOMEM;
        brig_strv_free(p->env);
        p->env = env;
        return 0;
}

static void clear_capabilities(RuntimeCapabilities *c)
{
        char ***sets[] = { &c->bounding, &c->effective, &c->permitted, &c->inheritable, &c->ambient };

        for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
                *sets[i] = brig_strv_free(*sets[i]);
}

/* --privileged: everything within the container's user namespace. */
static int set_capabilities(ContainerSpec *s, const ExecConfig *config)
{
        RuntimeCapabilities *all;

        if (!config->privileged)
                return 0;
        s->security.caps = brig_cap_all();
        all = brig_capabilities_of(s->security.caps, false);
        if (!all)
                return -ENOMEM;
        clear_capabilities(s->spec.process->capabilities);
        *s->spec.process->capabilities = *all;
        free(all);
        return 0;
}

static int set_process(ContainerSpec *s, const Container *c, const ExecPlan *plan, BrigError *err)
{
        RuntimeProcess *p = s->spec.process;
        const ExecConfig *config = plan->config;

        p->terminal = config->tty;
        brig_freep(&p->console_size);
        if (config->tty && plan->rows > 0 && plan->cols > 0) {
                p->console_size = calloc(1, sizeof *p->console_size);
                if (!p->console_size)
                        return no_memory(err);
                *p->console_size = (RuntimeConsoleSize){ .height = plan->rows, .width = plan->cols };
        }
        if (replace_strv(&p->args, config->cmd) < 0 || set_env(p, c, config) < 0 || set_capabilities(s, config) < 0 ||
            (!brig_str_empty(config->working_dir) && brig_str_set(&p->cwd, config->working_dir) < 0))
                return no_memory(err);
        return 0;
}

int brig_exec_plan(Container *c, const ExecPlan *plan, int *ret_fd, BrigError *err)
{
        SpecDefaults defaults = brig_spec_defaults(&c->engine->options, c->profile);
        const char *user = brig_str_empty(plan->config->user) ? c->definition.config.user : plan->config->user;
        ContainerSpec s;
        int r = brig_container_spec_build(&c->definition, c->id, &defaults, &s, err);

        if (r < 0)
                return r;
        r = set_process(&s, c, plan, err);
        if (r == 0) {
                s.flags &= (uint32_t)~(PLAN_F_STDIN_OPEN | PLAN_F_STDIN_ONCE | PLAN_F_INIT);
                s.flags |= plan->config->attach_stdin ? PLAN_F_STDIN_OPEN : 0;
                r = brig_plan_seal(c, &s, &(PlanTarget){ .exec_id = plan->exec_id, .user = user ? user : "" }, ret_fd, err);
        }
        brig_container_spec_clear(&s);
        return r;
}
