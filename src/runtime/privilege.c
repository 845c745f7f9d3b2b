/*
 * The last acts before execve: who, with which capabilities, under which filter.
 * Two orders (DESIGN: "Order"): with no_new_privs the filter comes last and may
 * forbid everything; without it loading a filter needs CAP_SYS_ADMIN, so it comes
 * first and has to let the rest through.
 */
#include "runtime/launch-internal.h"

#include "sys/credential.h"
#include "sys/fd.h"
#include "sys/keyring.h"
#include "sys/process.h"
#include "sys/seccomp.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

int brig_step_keyring(Launch *l, BrigError *err)
{
        int r = brig_keyring_fresh();

        (void)l;
        /* ENOSYS: a kernel without keyrings leaks none. */
        if (r == -ENOSYS)
                return 0;
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot make a fresh session keyring") : 0;
}

static int load_filter(const Launch *l, BrigError *err)
{
        int r;

        if (l->plan->n_bpf == 0 || !brig_launch_layer(l, RUNTIME_LAYER_SECCOMP))
                return 0;
        r = brig_seccomp_load(l->plan->bpf, l->plan->n_bpf, l->plan->seccomp_flags);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot load the seccomp filter") : 0;
}

/* A user other than root has what is ambient and nothing else; the bounding set limits what its programs can gain. */
static CapabilitySets sets_for(const Launch *l)
{
        const PlanCaps *c = &l->plan->caps;

        if (l->uid == 0)
                return (CapabilitySets){ c->effective, c->permitted, c->inheritable };
        return (CapabilitySets){ c->ambient, c->ambient, c->inheritable | c->ambient };
}

static int become_user(const Launch *l, BrigError *err)
{
        const LaunchPlan *p = l->plan;
        CapabilitySets sets = sets_for(l);
        bool caps = brig_launch_layer(l, RUNTIME_LAYER_CAPS);
        int r = caps ? brig_capability_bound(p->caps.bounding) : 0;

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot limit the capability bounding set");
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot keep capabilities over the change of user");
        r = brig_credential_switch(l->uid, l->gid, l->groups, l->n_groups);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot become user %u:%u", l->uid, l->gid);
        r = caps ? brig_capability_set(&sets) : 0;
        if (r >= 0 && caps)
                r = brig_capability_ambient(p->caps.ambient);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot set the capabilities") : 0;
}

static int forbid_gains(const Launch *l, BrigError *err)
{
        int r = l->plan->flags & PLAN_F_NO_NEW_PRIVS ? brig_no_new_privs() : 0;

        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot set no_new_privs") : 0;
}

int brig_step_privilege(Launch *l, BrigError *err)
{
        bool nnp = l->plan->flags & PLAN_F_NO_NEW_PRIVS;
        int r = brig_fd_cloexec_from(3);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot close the descriptors");
        (void)umask(l->plan->umask);
        r = nnp ? 0 : load_filter(l, err);
        if (r >= 0)
                r = become_user(l, err);
        if (r < 0)
                return r;
        /* A change of ids clears the parent-death signal and makes the process dumpable by its new ids. */
        r = brig_process_harden(SIGKILL);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot harden the process");
        r = forbid_gains(l, err);
        return r < 0 || !nnp ? r : load_filter(l, err);
}
