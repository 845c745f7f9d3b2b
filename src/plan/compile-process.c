/* The member "process": who runs what, with which rights and limits. */
#include "plan/compile-internal.h"

#include "base/strings.h"
#include "plan/capability.h"
#include <sys/resource.h>

static const struct { const char *name; uint32_t resource; } rlimit_rows[] = {
        { "RLIMIT_AS", RLIMIT_AS }, { "RLIMIT_CORE", RLIMIT_CORE }, { "RLIMIT_CPU", RLIMIT_CPU }, { "RLIMIT_DATA", RLIMIT_DATA },
        { "RLIMIT_FSIZE", RLIMIT_FSIZE }, { "RLIMIT_LOCKS", RLIMIT_LOCKS }, { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
        { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE }, { "RLIMIT_NICE", RLIMIT_NICE }, { "RLIMIT_NOFILE", RLIMIT_NOFILE },
        { "RLIMIT_NPROC", RLIMIT_NPROC }, { "RLIMIT_RSS", RLIMIT_RSS }, { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
        { "RLIMIT_RTTIME", RLIMIT_RTTIME }, { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING }, { "RLIMIT_STACK", RLIMIT_STACK },
};

static int compile_rlimits(const Compiler *c, const RuntimeProcess *p)
{
        size_t count = p->rlimits.count;
        int r = count > 0 ? brig_compile_array(c, count, sizeof(PlanRlimit), &c->plan->rlimits) : 0;

        for (size_t i = 0; r >= 0 && i < count; i++) {
                const RuntimeRlimit *from = BRIG_JSON_AT(RuntimeRlimit, &p->rlimits, i);
                size_t row = 0;

                while (row < ARRAY_SIZE(rlimit_rows) && !streq(rlimit_rows[row].name, from->type))
                        row++;
                if (row == ARRAY_SIZE(rlimit_rows))
                        return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "process.rlimits[%zu]: \"%.40s\" is not a limit of Linux", i, from->type);
                c->plan->rlimits[i] = (PlanRlimit){ .resource = rlimit_rows[row].resource, .soft = from->soft, .hard = from->hard };
        }
        c->plan->n_rlimits = r < 0 ? 0 : count;
        return r;
}

static int cap_mask(const Compiler *c, const char *member, char *const *names, uint64_t *ret)
{
        uint64_t mask = 0;

        BRIG_STRV_FOREACH(name, names) {
                int cap;

                if (brig_cap_parse(*name, &cap) < 0)
                        return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "process.capabilities.%s: \"%.40s\" is not a capability", member, *name);
                mask |= BRIG_CAP_BIT(cap);
        }
        *ret = mask;
        return 0;
}

static int compile_capabilities(const Compiler *c, const RuntimeProcess *p)
{
        static const RuntimeCapabilities none = { 0 };
        const RuntimeCapabilities *from = p->capabilities ? p->capabilities : &none;
        PlanCaps *to = &c->plan->caps;
        const struct { const char *member; char *const *names; uint64_t *mask; } sets[] = {
                { "bounding", from->bounding, &to->bounding }, { "effective", from->effective, &to->effective },
                { "permitted", from->permitted, &to->permitted }, { "inheritable", from->inheritable, &to->inheritable },
                { "ambient", from->ambient, &to->ambient },
        };

        for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
                int r = cap_mask(c, sets[i].member, sets[i].names, sets[i].mask);

                if (r < 0)
                        return r;
        }
        /* capset(2) and prctl(2) would refuse these in the middle of a start. */
        if (to->effective & ~to->permitted)
                return brig_compile_invalid(c, "process.capabilities.effective", "more than is permitted");
        if (to->ambient & ~(to->permitted & to->inheritable))
                return brig_compile_invalid(c, "process.capabilities.ambient", "more than is permitted and inheritable");
        return 0;
}

static int compile_user(const Compiler *c, const RuntimeProcess *p)
{
        char text[48];

        if (c->options->user) {
                c->plan->user = c->options->user;
                return 0;
        }
        (void)snprintf(text, sizeof text, "%lld:%lld", (long long)p->user.uid, (long long)p->user.gid);
        c->plan->user = brig_plan_strdup(c->plan, text);
        return c->plan->user ? 0 : brig_error_errno(c->err, BRIG_ERR_INTERNAL, ENOMEM, "launch plan");
}

/* The groups by number of the specification, then those by name of the options. */
static int compile_groups(const Compiler *c, const RuntimeProcess *p)
{
        size_t numbers = p->user.additional_gids.count, names = brig_strv_len(c->options->group_add);
        LaunchPlan *plan = c->plan;
        int r;

        if (numbers + names == 0)
                return 0;
        r = brig_compile_array(c, numbers + names, sizeof *plan->group_add, &plan->group_add);
        if (r < 0)
                return r;
        for (size_t i = 0; i < numbers; i++) {
                char text[24];

                (void)snprintf(text, sizeof text, "%lld", (long long)p->user.additional_gids.items[i]);
                plan->group_add[i] = brig_plan_strdup(plan, text);
                if (!plan->group_add[i])
                        return brig_error_errno(c->err, BRIG_ERR_INTERNAL, ENOMEM, "launch plan");
        }
        for (size_t i = 0; i < names; i++)
                plan->group_add[numbers + i] = c->options->group_add[i];
        plan->n_group_add = numbers + names;
        return 0;
}

static int compile_terminal(const Compiler *c, const RuntimeProcess *p)
{
        if (!p->terminal)
                return 0;
        c->plan->flags |= PLAN_F_TTY;
        if (!p->console_size)
                return 0;
        if (p->console_size->height > UINT16_MAX || p->console_size->width > UINT16_MAX)
                return brig_compile_invalid(c, "process.consoleSize", "larger than a terminal can be");
        c->plan->tty_rows = (uint32_t)p->console_size->height;
        c->plan->tty_cols = (uint32_t)p->console_size->width;
        return 0;
}

static int refuse_scheduling(const Compiler *c, const RuntimeProcess *p)
{
        if (p->scheduler)
                return brig_compile_unsupported(c, "process.scheduler", "a scheduling policy is not supported");
        if (p->io_priority)
                return brig_compile_unsupported(c, "process.ioPriority", "an I/O priority is not supported");
        if (p->exec_cpu_affinity)
                return brig_compile_unsupported(c, "process.execCPUAffinity", "a CPU affinity is not supported");
        return 0;
}

static int (*const parts[])(const Compiler *c, const RuntimeProcess *p) = {
        refuse_scheduling, compile_terminal, compile_user, compile_groups, compile_capabilities, compile_rlimits,
};

int brig_compile_process(const Compiler *c)
{
        const RuntimeProcess *p = c->spec->process;
        LaunchPlan *plan = c->plan;
        int r = 0;

        if (!p)
                return brig_compile_invalid(c, "process", "missing");
        plan->argv = p->args;
        plan->n_args = brig_strv_len(p->args);
        if (plan->n_args == 0)
                return brig_compile_invalid(c, "process.args", "missing or empty");
        plan->env = p->env;
        plan->n_env = brig_strv_len(p->env);
        plan->cwd = p->cwd ? p->cwd : "";
        plan->umask = p->user.umask.set ? (uint32_t)p->user.umask.value : plan->umask;
        plan->oom_score_adj = p->oom_score_adj.set ? (int32_t)p->oom_score_adj.value : 0;
        plan->apparmor_profile = p->apparmor_profile ? p->apparmor_profile : "";
        plan->selinux_label = p->selinux_label ? p->selinux_label : "";
        if (p->no_new_privileges)
                plan->flags |= PLAN_F_NO_NEW_PRIVS;
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(parts); i++)
                r = parts[i](c, p);
        return r;
}
