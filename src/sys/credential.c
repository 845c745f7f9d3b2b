#include "sys/credential.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int brig_capability_get(CapabilitySets *ret)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = { 0 };

        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        *ret = (CapabilitySets){
                .effective = data[0].effective | (uint64_t)data[1].effective << 32,
                .permitted = data[0].permitted | (uint64_t)data[1].permitted << 32,
                .inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32,
        };
        return 0;
}

int brig_capability_set(const CapabilitySets *sets)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = {
                { (uint32_t)sets->effective, (uint32_t)sets->permitted, (uint32_t)sets->inheritable },
                { (uint32_t)(sets->effective >> 32), (uint32_t)(sets->permitted >> 32), (uint32_t)(sets->inheritable >> 32) },
        };

        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int brig_capability_last(void)
{
        int cap = CAP_LAST_CAP;

        /* Headers may be older or newer than the kernel. */
        while (cap > 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
                cap--;
        while (cap < 63 && prctl(PR_CAPBSET_READ, cap + 1, 0, 0, 0) >= 0)
                cap++;
        return cap;
}

int brig_capability_bound(uint64_t keep)
{
        for (int cap = 0; cap < 64; cap++) {
                int there = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

                if (there < 0)
                        break;
                if (there && !(keep & UINT64_C(1) << cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
                        return -errno;
        }
        return 0;
}

int brig_capability_ambient(uint64_t raise)
{
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        for (unsigned cap = 0; cap < 64; cap++)
                if ((raise & UINT64_C(1) << cap) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
                        return -errno;
        return 0;
}

int brig_no_new_privs(void)
{
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int brig_credential_switch(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups)
{
        if (setgroups(n_groups, groups) < 0)
                return -errno;
        if (setresgid(gid, gid, gid) < 0)
                return -errno;
        return setresuid(uid, uid, uid) < 0 ? -errno : 0;
}

int brig_credential_drop(uid_t uid, gid_t gid, uint64_t keep)
{
        const CapabilitySets kept = { .effective = keep, .permitted = keep };
        int r;

        r = brig_capability_bound(keep);
        if (r < 0)
                return r;
        if (prctl(PR_SET_KEEPCAPS, keep != 0, 0, 0, 0) < 0)
                return -errno;
        r = brig_credential_switch(uid, gid, NULL, 0);
        if (r < 0)
                return r;
        r = brig_capability_set(&kept);
        if (r < 0)
                return r;
        r = brig_no_new_privs();
        if (r < 0)
                return r;
        return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int brig_credential_effective(uid_t uid, gid_t gid)
{
        CapabilitySets sets;
        int r = brig_capability_get(&sets);

        if (r < 0)
                return r;
        if (setresgid((gid_t)-1, gid, (gid_t)-1) < 0 || setresuid((uid_t)-1, uid, (uid_t)-1) < 0)
                return -errno;
        /* Leaving effective uid 0 clears the effective set; the permitted one stays because the real uid is still 0. */
        return brig_capability_set(&sets);
}
