/*
 * Who is granted what: the profile, then --privileged, then --security-opt,
 * then single capabilities. What is granted here the ceiling may still refuse.
 */
#include "engine/spec-internal.h"

#include "base/strings.h"
#include "plan/capability.h"
#include <linux/capability.h>

/* DESIGN, section 5. */
static const SecurityProfile profiles[] = {
        { "standard", .no_new_privs = true, .pids = 1024, .seccomp = "standard" },
        { "compat", .pids = 4096, .seccomp = "compat" },
        { "hardened", .no_new_privs = true, .readonly_rootfs = true, .memory_required = true, .pids = 1024, .seccomp = "hardened" },
};

const char *const brig_masked_paths[] = {
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
        "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware", NULL,
};
const char *const brig_readonly_paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL };

const SecurityProfile *brig_security_profile(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
                if (streq(profiles[i].name, name))
                        return &profiles[i];
        return NULL;
}

void brig_security_clear(SecurityChoice *c)
{
        brig_freep(&c->seccomp);
        brig_freep(&c->apparmor);
}

/* --- --security-opt ----------------------------------------------------- */

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read security options");
}

static int opt_no_new_privileges(SecurityChoice *c, const char *value, BrigError *err)
{
        if (!value) {
                c->no_new_privs = true;
                return 0;
        }
        if (brig_parse_bool(value, &c->no_new_privs) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid --security-opt: \"no-new-privileges=%s\"", value);
        return 0;
}

static int opt_seccomp(SecurityChoice *c, const char *value, BrigError *err)
{
        c->seccomp_unconfined = streq(value, "unconfined");
        if (c->seccomp_unconfined || streq(value, "builtin"))
                return brig_str_set(&c->seccomp, NULL) < 0 ? no_memory(err) : 0;
        return brig_str_set(&c->seccomp, value) < 0 ? no_memory(err) : 0;
}

static int opt_apparmor(SecurityChoice *c, const char *value, BrigError *err)
{
        return brig_str_set(&c->apparmor, streq(value, "unconfined") ? NULL : value) < 0 ? no_memory(err) : 0;
}

static int opt_label(SecurityChoice *c, const char *value, BrigError *err)
{
        if (streq(value, "disable"))
                return 0;
        return brig_error_set(err, BRIG_ERR_UNSUPPORTED, EOPNOTSUPP, "not supported yet: SELinux labels (--security-opt label=%s)", value);
}

static int opt_system_paths(SecurityChoice *c, const char *value, BrigError *err)
{
        if (!streq(value, "unconfined"))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid --security-opt: \"systempaths=%s\"", value);
        c->system_paths = false;
        return 0;
}

/* Read before the others: it sets what they change. */
static int opt_profile(SecurityChoice *c, const char *value, BrigError *err)
{
        return 0;
}

static const struct {
        const char *key;
        int (*apply)(SecurityChoice *c, const char *value, BrigError *err);
        bool value_optional;
} options[] = {
        { "no-new-privileges", opt_no_new_privileges, true },
        { "seccomp", opt_seccomp, false },
        { "apparmor", opt_apparmor, false },
        { "label", opt_label, false },
        { "systempaths", opt_system_paths, false },
        { "profile", opt_profile, false },
};

/* "key=value", the older "key:value", or "key". The first of the two separators counts: a value may hold both. */
static int apply_option(SecurityChoice *c, const char *option, BrigError *err)
{
        size_t len = strcspn(option, "=:");
        const char *value = option[len] ? option + len + 1 : NULL;

        for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
                if (strlen(options[i].key) != len || strncmp(options[i].key, option, len) != 0)
                        continue;
                if (!value && !options[i].value_optional)
                        break;
                return options[i].apply(c, value, err);
        }
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid --security-opt: \"%.200s\"", option);
}

static int choose_profile(const HostConfig *host, const char *name, SecurityChoice *c, BrigError *err)
{
        BRIG_STRV_FOREACH(option, host->security_opt)
                if (brig_str_has_prefix(*option, "profile=") || brig_str_has_prefix(*option, "profile:"))
                        name = *option + strlen("profile=");
        c->profile = brig_security_profile(name);
        if (!c->profile)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unknown security profile \"%s\": there are standard, compat and hardened", name);
        return 0;
}

int brig_security_choose(const HostConfig *host, const char *default_profile, SecurityChoice *ret, BrigError *err)
{
        SecurityChoice c = { .system_paths = !host->privileged, .seccomp_unconfined = host->privileged };
        int r = choose_profile(host, default_profile, &c, err);

        if (r < 0)
                return r;
        c.no_new_privs = c.profile->no_new_privs && !host->privileged;
        BRIG_STRV_FOREACH(option, host->security_opt) {
                r = apply_option(&c, *option, err);
                if (r < 0) {
                        brig_security_clear(&c);
                        return r;
                }
        }
        r = brig_cap_tweak(host->privileged ? brig_cap_all() : brig_cap_profile(c.profile->name), host->cap_add, host->cap_drop, &c.caps, err);
        if (r < 0) {
                brig_security_clear(&c);
                return r;
        }
        *ret = c;
        return 0;
}

/* --- capabilities ------------------------------------------------------- */

static char **cap_names(uint64_t mask)
{
        _cleanup_strv_ char **names = calloc(1, sizeof *names);
        const char *name;

        for (int cap = 0; names && (name = brig_cap_name(cap)); cap++)
                if ((mask & BRIG_CAP_BIT(cap)) && brig_strv_push(&names, name) < 0)
                        return NULL;
        return TAKE_PTR(names);
}

static RuntimeCapabilities *capabilities_free(RuntimeCapabilities *c)
{
        brig_strv_free(c->bounding);
        brig_strv_free(c->effective);
        brig_strv_free(c->permitted);
        brig_strv_free(c->inheritable);
        brig_strv_free(c->ambient);
        free(c);
        return NULL;
}

/* Nothing inheritable, as Docker since CVE-2022-24769; the ambient set wants it, so there it is. */
RuntimeCapabilities *brig_capabilities_of(uint64_t mask, bool ambient)
{
        RuntimeCapabilities *c = calloc(1, sizeof *c);

        if (!c)
                return NULL;
        c->bounding = cap_names(mask);
        c->effective = cap_names(mask);
        c->permitted = cap_names(mask);
        c->inheritable = cap_names(ambient ? mask : 0);
        c->ambient = cap_names(ambient ? mask : 0);
        if (!c->bounding || !c->effective || !c->permitted || !c->inheritable || !c->ambient)
                return capabilities_free(c);
        return c;
}

/* --- warnings ----------------------------------------------------------- */

int brig_security_warnings(const ContainerDefinition *d, const SecurityChoice *c, char ***warnings)
{
        bool sys_admin = c->caps & BRIG_CAP_BIT(CAP_SYS_ADMIN);
        const struct { bool applies; const char *text; } texts[] = {
                { d->host.privileged, "--privileged grants every capability and lifts the system call filter, within the container's own user namespace: "
                                      "no devices and no rights on the host" },
                { sys_admin, "Landlock is off: it forbids every mount, and CAP_SYS_ADMIN was granted" },
                { (c->caps & BRIG_CAP_BIT(CAP_SYS_TIME)) && !d->host.privileged, "CAP_SYS_TIME has no effect: the clock belongs to the host's user namespace" },
                { (c->caps & BRIG_CAP_BIT(CAP_SYS_MODULE)) && !d->host.privileged,
                  "CAP_SYS_MODULE has no effect: modules belong to the host's user namespace" },
                { c->seccomp_unconfined && !d->host.privileged, "system calls are not filtered (seccomp=unconfined)" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (texts[i].applies && brig_strv_push(warnings, texts[i].text) < 0)
                        return -ENOMEM;
        return 0;
}
