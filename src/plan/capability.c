/* Names, numbers and profiles of capabilities. linux/capability.h is the source of the numbers. */
#include "plan/capability.h"
#include "base/strings.h"
#include <linux/capability.h>

static const char *const names[] = {
#define CAP(n) [CAP_##n] = "CAP_" #n
        CAP(CHOWN), CAP(DAC_OVERRIDE), CAP(DAC_READ_SEARCH), CAP(FOWNER), CAP(FSETID), CAP(KILL), CAP(SETGID), CAP(SETUID), CAP(SETPCAP),
        CAP(LINUX_IMMUTABLE), CAP(NET_BIND_SERVICE), CAP(NET_BROADCAST), CAP(NET_ADMIN), CAP(NET_RAW), CAP(IPC_LOCK), CAP(IPC_OWNER),
        CAP(SYS_MODULE), CAP(SYS_RAWIO), CAP(SYS_CHROOT), CAP(SYS_PTRACE), CAP(SYS_PACCT), CAP(SYS_ADMIN), CAP(SYS_BOOT), CAP(SYS_NICE),
        CAP(SYS_RESOURCE), CAP(SYS_TIME), CAP(SYS_TTY_CONFIG), CAP(MKNOD), CAP(LEASE), CAP(AUDIT_WRITE), CAP(AUDIT_CONTROL), CAP(SETFCAP),
        CAP(MAC_OVERRIDE), CAP(MAC_ADMIN), CAP(SYSLOG), CAP(WAKE_ALARM), CAP(BLOCK_SUSPEND), CAP(AUDIT_READ), CAP(PERFMON), CAP(BPF),
        CAP(CHECKPOINT_RESTORE),
#undef CAP
};

#define BIT(n) BRIG_CAP_BIT(CAP_##n)
/* What root needs to set up and then leave itself: without these an ordinary image's entry point breaks. */
#define STANDARD (BIT(CHOWN) | BIT(DAC_OVERRIDE) | BIT(FOWNER) | BIT(FSETID) | BIT(KILL) | BIT(SETGID) | BIT(SETUID) | \
                  BIT(SETPCAP) | BIT(NET_BIND_SERVICE) | BIT(SYS_CHROOT) | BIT(SETFCAP))

static const struct { const char *profile; uint64_t mask; } profiles[] = {
        { "standard", STANDARD },
        { "compat", STANDARD | BIT(NET_RAW) | BIT(MKNOD) | BIT(AUDIT_WRITE) },
        { "hardened", 0 },
};

int brig_cap_parse(const char *name, int *ret)
{
        if (strncasecmp(name, "CAP_", 4) == 0)
                name += 4;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcasecmp(name, names[i] + 4) == 0) {
                        *ret = (int)i;
                        return 0;
                }
        return -EINVAL;
}

const char *brig_cap_name(int cap)
{
        return cap >= 0 && (size_t)cap < ARRAY_SIZE(names) ? names[cap] : NULL;
}

uint64_t brig_cap_all(void)
{
        return (UINT64_C(1) << ARRAY_SIZE(names)) - 1;
}

uint64_t brig_cap_profile(const char *profile)
{
        for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
                if (streq(profiles[i].profile, profile))
                        return profiles[i].mask;
        return 0;
}

static bool is_all(const char *name)
{
        return strcasecmp(name, "ALL") == 0 || strcasecmp(name, "CAP_ALL") == 0;
}

/* The single names of a list as a mask, and whether ALL was among them. */
static int collect(char *const *list, uint64_t *ret_mask, bool *ret_all, BrigError *err)
{
        uint64_t mask = 0;
        bool all = false;

        BRIG_STRV_FOREACH(s, list) {
                int cap;
                if (is_all(*s)) {
                        all = true;
                        continue;
                }
                if (brig_cap_parse(*s, &cap) < 0)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid capability: unknown capability \"%s\"", *s);
                mask |= BRIG_CAP_BIT(cap);
        }
        *ret_mask = mask;
        *ret_all = all;
        return 0;
}

int brig_cap_tweak(uint64_t base, char *const *add, char *const *drop, uint64_t *ret, BrigError *err)
{
        uint64_t added, dropped;
        bool add_all, drop_all;
        int r = collect(add, &added, &add_all, err);

        if (r < 0)
                return r;
        r = collect(drop, &dropped, &drop_all, err);
        if (r < 0)
                return r;
        if (add_all)
                *ret = brig_cap_all() & ~dropped;
        else
                *ret = ((drop_all ? 0 : base) & ~dropped) | added;
        return 0;
}
