/*
 * Limits that are not cgroups: rlimits and the OOM score. The host's user
 * namespace alone may raise (CAP_SYS_RESOURCE, which root itself may lack), so M
 * raises before the births and every process lowers itself to the exact values.
 */
#include "runtime/process-internal.h"

#include "sys/fd.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

static const struct { unsigned resource; const char *name; } names[] = {
        { RLIMIT_AS, "as" }, { RLIMIT_CORE, "core" }, { RLIMIT_CPU, "cpu" }, { RLIMIT_DATA, "data" }, { RLIMIT_FSIZE, "fsize" },
        { RLIMIT_LOCKS, "locks" }, { RLIMIT_MEMLOCK, "memlock" }, { RLIMIT_MSGQUEUE, "msgqueue" }, { RLIMIT_NICE, "nice" },
        { RLIMIT_NOFILE, "nofile" }, { RLIMIT_NPROC, "nproc" }, { RLIMIT_RSS, "rss" }, { RLIMIT_RTPRIO, "rtprio" },
        { RLIMIT_RTTIME, "rttime" }, { RLIMIT_SIGPENDING, "sigpending" }, { RLIMIT_STACK, "stack" },
};

const char *brig_rlimit_name(unsigned resource)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (names[i].resource == resource)
                        return names[i].name;
        return "unknown";
}

int brig_step_limits_raise(Launch *l, BrigError *err)
{
        for (size_t i = 0; i < l->plan->n_rlimits; i++) {
                const PlanRlimit *want = &l->plan->rlimits[i];
                struct rlimit now;

                if (getrlimit((int)want->resource, &now) < 0)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "resource limit %u does not exist", want->resource);
                if (want->hard <= now.rlim_max)
                        continue;
                struct rlimit raised = { .rlim_cur = now.rlim_cur, .rlim_max = want->hard };

                /* A lower limit than asked takes nothing from the host's protection: say so and go on. */
                if (setrlimit((int)want->resource, &raised) < 0)
                        brig_launch_warn(l, "ulimit %s: the hard limit stays at %llu: this host does not let root raise it", brig_rlimit_name(want->resource),
                                         (unsigned long long)now.rlim_max);
        }
        return 0;
}

int brig_step_rlimits(Launch *l, BrigError *err)
{
        for (size_t i = 0; i < l->plan->n_rlimits; i++) {
                const PlanRlimit *want = &l->plan->rlimits[i];
                struct rlimit now, limit;

                if (getrlimit((int)want->resource, &now) < 0)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "resource limit %u does not exist", want->resource);
                limit.rlim_max = MIN2(want->hard, now.rlim_max);
                limit.rlim_cur = MIN2(want->soft, limit.rlim_max);
                if (setrlimit((int)want->resource, &limit) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set ulimit %s", brig_rlimit_name(want->resource));
        }
        return 0;
}

int brig_oom_adjust(Launch *l, pid_t pid, BrigError *err)
{
        char path[64], text[16];
        int r;

        (void)snprintf(path, sizeof path, STAGING_PROC "/%d/oom_score_adj", pid);
        (void)snprintf(text, sizeof text, "%d", l->plan->oom_score_adj);
        r = brig_file_write(AT_FDCWD, path, text);
        if (r == -EACCES && l->plan->oom_score_adj < 0) {
                brig_launch_warn(l, "oom-score-adj %d: this host does not let root lower it", l->plan->oom_score_adj);
                return 0;
        }
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot set oom-score-adj %d", l->plan->oom_score_adj) : 0;
}
