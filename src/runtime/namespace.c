/* What is set once in the container's own uts, net, ipc, pid and time namespaces. */
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include "sys/fd.h"
#include "sys/network.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

#define SYSCTL_KEY_MAX 256

int brig_step_time_namespace(Launch *l, BrigError *err)
{
        if (!(l->plan->flags & PLAN_F_TIME_NS) && !(l->plan->namespaces & CLONE_NEWTIME))
                return 0;
        /* Only the children enter it; with the offsets left at 0 the clocks agree with the host's. */
        if (unshare(CLONE_NEWTIME) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make the time namespace");
        return 0;
}

int brig_step_hostname(Launch *l, BrigError *err)
{
        const LaunchPlan *p = l->plan;

        if (!(p->namespaces & CLONE_NEWUTS))
                return 0;
        if (!brig_str_empty(p->hostname) && sethostname(p->hostname, strlen(p->hostname)) < 0)
                return brig_error_errno(err, BRIG_ERR_INVALID, errno, "cannot set hostname \"%s\"", p->hostname);
        if (!brig_str_empty(p->domainname) && setdomainname(p->domainname, strlen(p->domainname)) < 0)
                return brig_error_errno(err, BRIG_ERR_INVALID, errno, "cannot set domain name \"%s\"", p->domainname);
        return 0;
}

int brig_step_loopback(Launch *l, BrigError *err)
{
        int r = l->plan->namespaces & CLONE_NEWNET ? brig_network_loopback_up() : 0;

        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot bring up the loopback interface") : 0;
}

/* Namespaces that a key belongs to: a sysctl of the host is never written. */
static const struct { const char *prefix; uint32_t namespace; } sysctl_owners[] = {
        { "net.", CLONE_NEWNET },
        { "kernel.msg", CLONE_NEWIPC },
        { "kernel.sem", CLONE_NEWIPC },
        { "kernel.shm", CLONE_NEWIPC },
        { "fs.mqueue.", CLONE_NEWIPC },
        { "kernel.hostname", CLONE_NEWUTS },
        { "kernel.domainname", CLONE_NEWUTS },
};

static bool sysctl_is_private(const Launch *l, const char *key)
{
        for (size_t i = 0; i < ARRAY_SIZE(sysctl_owners); i++)
                if (brig_str_has_prefix(key, sysctl_owners[i].prefix))
                        return l->plan->namespaces & sysctl_owners[i].namespace;
        return false;
}

static int write_sysctl(const PlanSysctl *s)
{
        char path[sizeof STAGING_PROC "/sys/" + SYSCTL_KEY_MAX];

        if (strlen(s->key) > SYSCTL_KEY_MAX || strstr(s->key, "..") || strchr(s->key, '/'))
                return -EINVAL;
        (void)snprintf(path, sizeof path, STAGING_PROC "/sys/%s", s->key);
        for (char *dot = path; (dot = strchr(dot, '.'));)
                *dot = '/';
        return brig_file_write(AT_FDCWD, path, s->value);
}

/* proc shows each reader the sysctls of its own namespaces, so M's proc serves, and no mount of the container is needed. */
int brig_step_sysctls(Launch *l, BrigError *err)
{
        for (size_t i = 0; i < l->plan->n_sysctls; i++) {
                const PlanSysctl *s = &l->plan->sysctls[i];
                int r;

                if (!sysctl_is_private(l, s->key))
                        return brig_error_set(err, BRIG_ERR_INVALID, EPERM, "sysctl \"%s\" is not in a namespace of this container", s->key);
                r = write_sysctl(s);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INVALID, r, "cannot set sysctl \"%s\" to \"%s\"", s->key, s->value);
        }
        return 0;
}

/* Detached: W's Landlock domain, which pid 1 is in, forbids attaching. */
int brig_step_proc_make(Launch *l, BrigError *err)
{
        const uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

        if (l->plan->namespaces & CLONE_NEWPID)
                l->proc_fd = brig_mount_new("proc", "proc", NULL, attr);
        else
                l->proc_fd = brig_mount_clone(AT_FDCWD, STAGING_PROC, false);
        return l->proc_fd < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, l->proc_fd, "cannot make the container's proc") : 0;
}
