/* The ceiling's rules: what they say of a plan, and how they are said to a user. */
#include "plan/ceiling-internal.h"
#include "base/strings.h"
#include "plan/capability.h"
#include <linux/capability.h>
#include <sched.h>

static const struct { const char *word; uint64_t flag; } namespaces[] = {
        { "user", CLONE_NEWUSER }, { "pid", CLONE_NEWPID }, { "ipc", CLONE_NEWIPC },
        { "net", CLONE_NEWNET }, { "uts", CLONE_NEWUTS }, { "cgroup", CLONE_NEWCGROUP },
};

uint64_t ceiling_namespace(const char *word)
{
        for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
                if (streq(namespaces[i].word, word))
                        return namespaces[i].flag;
        return 0;
}

static const char *namespace_word(uint64_t flag)
{
        for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
                if (namespaces[i].flag == flag)
                        return namespaces[i].word;
        return "";
}

static void print_path(BrigBuffer *b, const char *path)
{
        for (; *path; path++)
                if ((unsigned char)*path <= ' ' || *path == '#' || *path == '\\')
                        (void)brig_buffer_printf(b, "\\%03o", (unsigned)(unsigned char)*path); /* the buffer keeps its failure */
                else
                        (void)brig_buffer_putc(b, *path);
}

void ceiling_print_rule(BrigBuffer *b, const CeilingRule *r)
{
        switch (r->type) {
        case CEILING_NAMESPACE:
                (void)brig_buffer_printf(b, "deny namespace %s", namespace_word(r->mask)); /* the buffer keeps its failure */
                break;
        case CEILING_CAPABILITY:
                (void)brig_buffer_printf(b, "deny capability %s", brig_cap_name(__builtin_ctzll(r->mask)) + 4);
                break;
        case CEILING_DEVICE:
                if (r->mask == CEILING_DEVICE_BLOCK)
                        (void)brig_buffer_puts(b, "deny device block");
                else if (r->major == CEILING_ANY_DEVICE)
                        (void)brig_buffer_puts(b, "deny device char all");
                else if (r->minor == CEILING_ANY_DEVICE)
                        (void)brig_buffer_printf(b, "%s device char %u:*", r->allow ? "allow" : "deny", r->major);
                else
                        (void)brig_buffer_printf(b, "%s device char %u:%u", r->allow ? "allow" : "deny", r->major, r->minor);
                break;
        case CEILING_IDMAP:
                (void)brig_buffer_printf(b, "deny idmap %u-%u", r->major, r->minor);
                break;
        case CEILING_BIND:
                (void)brig_buffer_puts(b, r->allow ? "allow bind " : r->tree ? "deny tree " : "deny bind ");
                print_path(b, r->path);
                if (r->readonly)
                        (void)brig_buffer_puts(b, " ro");
                break;
        }
}

int brig_ceiling_deny(const Ceiling *c, const CeilingRule *r, const char *subject, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer rule = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_PATH + 64);

        ceiling_print_rule(&rule, r);
        const char *text = rule.error || !rule.data ? "" : rule.data;
        if (r->line == 0)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "%s: denied by the ceiling (rule \"%s\", built in: these are the engine's own folders)", subject, text);
        return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "%s: denied by the ceiling (rule \"%s\", %s:%u; an administrator may %s that line)",
                              subject, text, c->file, r->line, r->allow ? "change" : "remove");
}

/* Asked for in the initial user namespace alone: held in another one they open nothing (capabilities(7), user_namespaces(7)). */
#define VOID_INSIDE (BRIG_CAP_BIT(CAP_SYS_MODULE) | BRIG_CAP_BIT(CAP_SYS_RAWIO) | BRIG_CAP_BIT(CAP_SYS_TIME) | BRIG_CAP_BIT(CAP_SYS_PACCT) | \
                     BRIG_CAP_BIT(CAP_MAC_ADMIN) | BRIG_CAP_BIT(CAP_MAC_OVERRIDE) | BRIG_CAP_BIT(CAP_SYSLOG) | BRIG_CAP_BIT(CAP_WAKE_ALARM) | \
                     BRIG_CAP_BIT(CAP_BLOCK_SUSPEND) | BRIG_CAP_BIT(CAP_AUDIT_CONTROL) | BRIG_CAP_BIT(CAP_AUDIT_READ) | BRIG_CAP_BIT(CAP_LINUX_IMMUTABLE))

/* An exec plan can say of its container's namespaces what it likes: only the ceiling is believed. */
static bool all_have_user_namespaces(const Ceiling *c)
{
        for (size_t i = 0; i < c->n_rules; i++)
                if (c->rules[i].type == CEILING_NAMESPACE && (c->rules[i].mask & CLONE_NEWUSER))
                        return true;
        return false;
}

/*
 * "Everything" (--privileged, ALL) within the container's user namespace sweeps
 * up capabilities that mean nothing there; by name nobody asks for one without
 * meaning it. A capability that does work inside (SYS_ADMIN, NET_ADMIN) is denied however it is asked for:
 * brig-api sets the flag, and the ceiling does not take its word.
 */
static bool is_swept_up(const Ceiling *c, const LaunchPlan *p, uint64_t cap)
{
        bool inside = p->kind == PLAN_KIND_EXEC ? all_have_user_namespaces(c) : p->namespaces & CLONE_NEWUSER;
        bool everything = (p->flags & PLAN_F_PRIVILEGED) || (p->caps.bounding & brig_cap_all()) == brig_cap_all();

        return inside && (cap & VOID_INSIDE) && everything;
}

static int check_namespace(const Ceiling *c, const CeilingRule *r, const LaunchPlan *p, BrigError *err)
{
        char subject[64];

        if (p->kind != PLAN_KIND_CONTAINER || (p->namespaces & r->mask))
                return 0;
        (void)snprintf(subject, sizeof(subject), "the host's %s namespace", namespace_word(r->mask));
        return brig_ceiling_deny(c, r, subject, err);
}

static int check_capability(const Ceiling *c, const CeilingRule *r, const LaunchPlan *p, BrigError *err)
{
        uint64_t asked = p->caps.bounding | p->caps.effective | p->caps.permitted | p->caps.inheritable | p->caps.ambient;
        char subject[64];

        if (!(asked & r->mask) || is_swept_up(c, p, r->mask))
                return 0;
        (void)snprintf(subject, sizeof(subject), "capability %s", brig_cap_name(__builtin_ctzll(r->mask)));
        return brig_ceiling_deny(c, r, subject, err);
}

static bool device_matches(const CeilingRule *r, const PlanDevice *d)
{
        if (r->mask == CEILING_DEVICE_BLOCK)
                return d->type == 'b';
        return d->type == 'c' && (r->major == CEILING_ANY_DEVICE || (r->major == d->major && (r->minor == CEILING_ANY_DEVICE || r->minor == d->minor)));
}

/* "all" 0, "MAJOR:*" 1, "MAJOR:MINOR" 2 */
static unsigned device_precision(const CeilingRule *r)
{
        return (r->major != CEILING_ANY_DEVICE) + (r->minor != CEILING_ANY_DEVICE);
}

static bool is_excepted(const Ceiling *c, const CeilingRule *deny, const PlanDevice *d)
{
        for (const CeilingRule *r = c->rules; d->type == 'c' && r < c->rules + c->n_rules; r++) {
                if (r->type != CEILING_DEVICE || !r->allow || !device_matches(r, d))
                        continue;
                if (device_precision(r) > device_precision(deny) || (device_precision(r) == device_precision(deny) && r > deny))
                        return true;
        }
        return false;
}

static int check_device(const Ceiling *c, const CeilingRule *r, const LaunchPlan *p, BrigError *err)
{
        for (size_t i = 0; !r->allow && i < p->n_devices; i++) {
                const PlanDevice *d = &p->devices[i];
                char subject[256];

                if (!device_matches(r, d) || is_excepted(c, r, d))
                        continue;
                (void)snprintf(subject, sizeof(subject), "device \"%.200s\" (%s %u:%u)", d->path, d->type == 'c' ? "char" : "block", d->major, d->minor);
                return brig_ceiling_deny(c, r, subject, err);
        }
        return 0;
}

/* Whose files a bind may touch: a container that acts as root on /usr/bin is root of the host. */
static int check_idmap(const Ceiling *c, const CeilingRule *r, const LaunchPlan *p, BrigError *err)
{
        for (size_t i = 0; i < p->n_mounts; i++) {
                const PlanMount *m = &p->mounts[i];
                const uint32_t ids[] = { m->idmap_uid, m->idmap_gid };
                char subject[256];

                for (size_t k = 0; (m->flags & PLAN_MOUNT_F_IDMAP) && k < ARRAY_SIZE(ids); k++) {
                        if (ids[k] < r->major || ids[k] > r->minor)
                                continue;
                        (void)snprintf(subject, sizeof(subject), "bind source \"%.180s\" mapped to %s %u of the host", m->source, k ? "gid" : "uid", ids[k]);
                        return brig_ceiling_deny(c, r, subject, err);
                }
        }
        return 0;
}

int brig_ceiling_check_plan(const Ceiling *c, const LaunchPlan *p, BrigError *err)
{
        static int (*const checks[])(const Ceiling *c, const CeilingRule *r, const LaunchPlan *p, BrigError *err) = {
                [CEILING_NAMESPACE] = check_namespace, [CEILING_DEVICE] = check_device, [CEILING_CAPABILITY] = check_capability,
                [CEILING_IDMAP] = check_idmap,
        };

        for (size_t i = 0; i < c->n_rules; i++) {
                CeilingRuleType type = c->rules[i].type;
                int r = type < ARRAY_SIZE(checks) && checks[type] ? checks[type](c, &c->rules[i], p, err) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}
