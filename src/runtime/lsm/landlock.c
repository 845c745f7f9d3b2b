/*
 * The Landlock domain of a container: W puts itself under it, and with it every
 * process that W gives birth to. By default all of the container's own tree is
 * allowed; what the domain takes away even so is mounting, reaching abstract
 * sockets and signalling processes outside, and tracing out of it.
 */
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include "sys/landlock.h"
#include "sys/path.h"
#include <fcntl.h>

static int allow_path(const Launch *l, int ruleset, const PlanLandlockRule *rule, BrigError *err)
{
        /* proc does not exist yet where the domain is made: a rule on it would name the folder underneath. */
        if (brig_str_has_prefix(rule->path, "/proc"))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "a Landlock rule cannot name \"%s\"", rule->path);
        _cleanup_close_ int fd = brig_path_open_in(l->root_fd, rule->path, O_PATH, 0);
        int r = fd < 0 ? fd : brig_landlock_allow(ruleset, l->landlock_abi, rule->access, fd);

        return r < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, r, "cannot make a Landlock rule for \"%s\"", rule->path) : 0;
}

int brig_step_landlock(Launch *l, BrigError *err)
{
        _cleanup_close_ int ruleset = -EBADF;
        int r = 0;

        if (!(l->plan->flags & PLAN_F_LANDLOCK) || !brig_launch_layer(l, RUNTIME_LAYER_LANDLOCK))
                return 0;
        if (l->landlock_abi == 0) {
                if (l->plan->n_landlock > 0)
                        return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "Landlock rules were asked for, but this kernel has no Landlock");
                brig_launch_warn(l, "this kernel has no Landlock: the container runs without that layer");
                return 0;
        }
        ruleset = brig_landlock_new(l->landlock_abi);
        if (ruleset < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ruleset, "cannot make a Landlock domain");
        for (size_t i = 0; i < l->plan->n_landlock; i++) {
                r = allow_path(l, ruleset, &l->plan->landlock[i], err);
                if (r < 0)
                        return r;
        }
        if (l->plan->n_landlock == 0)
                r = brig_landlock_allow(ruleset, l->landlock_abi, ~UINT64_C(0), l->root_fd);
        if (r >= 0)
                r = brig_landlock_restrict(ruleset);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot enter the Landlock domain") : 0;
}
