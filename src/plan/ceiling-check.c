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

static void print_device(BrigBuffer *b, const CeilingRule *r)
{
        (void)brig_buffer_printf(b, "device %s", r->mask == CEILING_DEVICE_BLOCK ? "block" : "char"); /* the buffer keeps its failure */
        if (r->major == CEILING_ANY_DEVICE)
                (void)brig_buffer_puts(b, r->mask == CEILING_DEVICE_BLOCK ? "" : " all");
        else if (r->minor == CEILING_ANY_DEVICE)
                (void)brig_buffer_printf(b, " %u:*", r->major);
        else
                (void)brig_buffer_printf(b, " %u:%u", r->major, r->minor);
}

void ceiling_print_rule(BrigBuffer *b, const CeilingRule *r)
{
        (void)brig_buffer_puts(b, r->allow ? "allow " : "deny "); /* the buffer keeps its failure */
        switch (r->type) {
        case CEILING_NAMESPACE:
                (void)brig_buffer_printf(b, "namespace %s", namespace_word(r->mask));
                break;
        case CEILING_CAPABILITY:
                (void)brig_buffer_printf(b, "capability %s", brig_cap_name(__builtin_ctzll(r->mask)) + 4);
                break;
        case CEILING_DEVICE:
                print_device(b, r);
                break;
        case CEILING_IDMAP:
                (void)brig_buffer_printf(b, r->major == r->minor ? "idmap %u" : "idmap %u-%u", r->major, r->minor);
                break;
        case CEILING_BIND:
                (void)brig_buffer_puts(b, r->allow || !r->tree ? "bind " : "tree ");
                print_path(b, r->path);
                if (r->readonly)
                        (void)brig_buffer_puts(b, " ro");
                break;
        }
}

/* What lifts rule r: the same without its "ro", or its opposite. A bind's opposite covers what is beneath it too. */
static void print_lift(BrigBuffer *b, const CeilingRule *r)
{
        CeilingRule opposite = *r;

        opposite.allow = true;
        opposite.readonly = false;
        ceiling_print_rule(b, &opposite);
}

static void print_origin(BrigBuffer *b, const Ceiling *c, const CeilingRule *r)
{
        if (r->origin == CEILING_FROM_FILE)
                (void)brig_buffer_printf(b, "%s:%u", c->file, r->line); /* the buffer keeps its failure */
        else
                (void)brig_buffer_puts(b, "built in");
}

int brig_ceiling_deny(const Ceiling *c, const CeilingRule *r, const CeilingSubject *s, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer rule = BRIG_BUFFER_INIT(4 * BRIG_PLAN_MAX_PATH + 64), lift = BRIG_BUFFER_INIT(4 * BRIG_PLAN_MAX_PATH + 64);
        _cleanup_buffer_ BrigBuffer from = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_PATH + 64);

        ceiling_print_rule(&rule, r);
        print_origin(&from, c, r);
        if (s->allow_path) {
                (void)brig_buffer_puts(&lift, "allow bind ");
                print_path(&lift, s->allow_path);
        } else {
                print_lift(&lift, s->lift ? s->lift : r);
        }
        if (rule.error || from.error || lift.error)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "%s: denied by the ceiling \"%s\"", s->name, c->file);
        if (r->origin == CEILING_FROM_FOLDERS)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "%s: denied by the ceiling (rule \"%s\", %s: these are the engine's own folders)",
                                      s->name, rule.data, from.data);
        return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "%s: %s the ceiling (rule \"%s\", %s)%s; an administrator may allow it with the line \"%s\" in %s", s->name,
                              r->readonly ? "may only be read, says" : "denied by", rule.data, from.data, r->readonly ? ": mount it read-only" : "", lift.data, c->file);
}

/* Asked for in the initial user namespace alone: held in another one they open nothing (capabilities(7), user_namespaces(7)). */
#define VOID_INSIDE (BRIG_CAP_BIT(CAP_SYS_MODULE) | BRIG_CAP_BIT(CAP_SYS_RAWIO) | BRIG_CAP_BIT(CAP_SYS_TIME) | BRIG_CAP_BIT(CAP_SYS_PACCT) | \
                     BRIG_CAP_BIT(CAP_MAC_ADMIN) | BRIG_CAP_BIT(CAP_MAC_OVERRIDE) | BRIG_CAP_BIT(CAP_SYSLOG) | BRIG_CAP_BIT(CAP_WAKE_ALARM) | \
                     BRIG_CAP_BIT(CAP_BLOCK_SUSPEND) | BRIG_CAP_BIT(CAP_AUDIT_CONTROL) | BRIG_CAP_BIT(CAP_AUDIT_READ) | BRIG_CAP_BIT(CAP_LINUX_IMMUTABLE))

/* The latest rule for this namespace or capability, NULL without one. */
static const CeilingRule *rule_for(const Ceiling *c, CeilingRuleType type, uint64_t bit)
{
        for (size_t i = c->n_rules; i > 0; i--)
                if (c->rules[i - 1].type == type && (c->rules[i - 1].mask & bit))
                        return &c->rules[i - 1];
        return NULL;
}

/* major, minor: what was asked for; the line that an administrator is told allows that and no more. */
static int deny_number(const Ceiling *c, const CeilingRule *r, const char *name, const uint32_t numbers[2], BrigError *err)
{
        CeilingRule lift = *r;
        const CeilingSubject subject = { .name = name, .lift = &lift };

        lift.major = numbers[0];
        lift.minor = numbers[1];
        return brig_ceiling_deny(c, r, &subject, err);
}

static int deny(const Ceiling *c, const CeilingRule *r, const char *name, BrigError *err)
{
        const CeilingSubject subject = { .name = name };

        return brig_ceiling_deny(c, r, &subject, err);
}

/* An exec plan can say of its container's namespaces what it likes: only the ceiling is believed. */
static bool all_have_user_namespaces(const Ceiling *c)
{
        const CeilingRule *r = rule_for(c, CEILING_NAMESPACE, CLONE_NEWUSER);

        return r && !r->allow;
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

static int check_namespaces(const Ceiling *c, const LaunchPlan *p, BrigError *err)
{
        for (size_t i = 0; p->kind == PLAN_KIND_CONTAINER && i < ARRAY_SIZE(namespaces); i++) {
                const CeilingRule *r = rule_for(c, CEILING_NAMESPACE, namespaces[i].flag);
                char subject[64];

                if (!r || r->allow || (p->namespaces & namespaces[i].flag))
                        continue;
                (void)snprintf(subject, sizeof(subject), "the host's %s namespace", namespaces[i].word);
                return deny(c, r, subject, err);
        }
        return 0;
}

static int check_capabilities(const Ceiling *c, const LaunchPlan *p, BrigError *err)
{
        uint64_t asked = p->caps.bounding | p->caps.effective | p->caps.permitted | p->caps.inheritable | p->caps.ambient;

        for (int cap = 0; brig_cap_name(cap); cap++) {
                uint64_t bit = BRIG_CAP_BIT(cap);
                const CeilingRule *r = asked & bit ? rule_for(c, CEILING_CAPABILITY, bit) : NULL;
                char subject[64];

                if (!r || r->allow || is_swept_up(c, p, bit))
                        continue;
                (void)snprintf(subject, sizeof(subject), "capability %s", brig_cap_name(cap));
                return deny(c, r, subject, err);
        }
        return 0;
}

static bool device_matches(const CeilingRule *r, const PlanDevice *d)
{
        if (r->type != CEILING_DEVICE || (r->mask == CEILING_DEVICE_BLOCK) != (d->type == 'b'))
                return false;
        return r->major == CEILING_ANY_DEVICE || (r->major == d->major && (r->minor == CEILING_ANY_DEVICE || r->minor == d->minor));
}

/* "all" 0, "MAJOR:*" 1, "MAJOR:MINOR" 2 */
static unsigned device_precision(const CeilingRule *r)
{
        return (r->major != CEILING_ANY_DEVICE) + (r->minor != CEILING_ANY_DEVICE);
}

/* The most precise rule, of equal ones the later. */
static const CeilingRule *rule_for_device(const Ceiling *c, const PlanDevice *d)
{
        const CeilingRule *best = NULL;

        for (const CeilingRule *r = c->rules; r && r < c->rules + c->n_rules; r++)
                if (device_matches(r, d) && (!best || device_precision(r) >= device_precision(best)))
                        best = r;
        return best;
}

static int check_devices(const Ceiling *c, const LaunchPlan *p, BrigError *err)
{
        for (size_t i = 0; i < p->n_devices; i++) {
                const PlanDevice *d = &p->devices[i];
                const CeilingRule *r = rule_for_device(c, d);
                char subject[256];

                if (!r || r->allow)
                        continue;
                (void)snprintf(subject, sizeof(subject), "device \"%.200s\" (%s %u:%u)", d->path, d->type == 'c' ? "char" : "block", d->major, d->minor);
                return deny_number(c, r, subject, (const uint32_t[]){ d->major, d->minor }, err);
        }
        return 0;
}

static const CeilingRule *rule_for_id(const Ceiling *c, uint32_t id)
{
        for (size_t i = c->n_rules; i > 0; i--) {
                const CeilingRule *r = &c->rules[i - 1];
                if (r->type == CEILING_IDMAP && id >= r->major && id <= r->minor)
                        return r;
        }
        return NULL;
}

/* Whose files a bind may touch: a container that acts as root on /usr/bin is root of the host. */
static int check_idmaps(const Ceiling *c, const LaunchPlan *p, BrigError *err)
{
        for (size_t i = 0; i < p->n_mounts; i++) {
                const PlanMount *m = &p->mounts[i];
                const uint32_t ids[] = { m->idmap_uid, m->idmap_gid };

                for (size_t k = 0; (m->flags & PLAN_MOUNT_F_IDMAP) && k < ARRAY_SIZE(ids); k++) {
                        const CeilingRule *r = rule_for_id(c, ids[k]);
                        char subject[256];

                        if (!r || r->allow)
                                continue;
                        (void)snprintf(subject, sizeof(subject), "bind source \"%.180s\" mapped to %s %u of the host", m->source, k ? "gid" : "uid", ids[k]);
                        return deny_number(c, r, subject, (const uint32_t[]){ ids[k], ids[k] }, err);
                }
        }
        return 0;
}

int brig_ceiling_check_plan(const Ceiling *c, const LaunchPlan *p, BrigError *err)
{
        static int (*const checks[])(const Ceiling *c, const LaunchPlan *p, BrigError *err) = {
                check_namespaces, check_capabilities, check_devices, check_idmaps,
        };

        for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
                int r = checks[i](c, p, err);
                if (r < 0)
                        return r;
        }
        return 0;
}
