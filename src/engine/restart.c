/*
 * Restart policies as Docker's: no, always, unless-stopped, on-failure[:N]; the
 * delay doubles from 100 ms to a minute and starts again after a run of ten seconds.
 */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"

#define FIRST_DELAY (100 * BRIG_NSEC_PER_MSEC)
#define LONGEST_DELAY (60 * BRIG_NSEC_PER_SEC)
#define LONG_RUN (10 * BRIG_NSEC_PER_SEC)

typedef enum PolicyKind { POLICY_NO, POLICY_ALWAYS, POLICY_UNLESS_STOPPED, POLICY_ON_FAILURE } PolicyKind;

static const struct { const char *name; PolicyKind kind; } policies[] = {
        { "", POLICY_NO }, { "no", POLICY_NO }, { "always", POLICY_ALWAYS }, { "unless-stopped", POLICY_UNLESS_STOPPED }, { "on-failure", POLICY_ON_FAILURE },
};

static int parse_policy(const char *name, PolicyKind *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
                if (streq(policies[i].name, name ? name : "")) {
                        *ret = policies[i].kind;
                        return 0;
                }
        }
        return -EINVAL;
}

int brig_restart_policy_check(const RestartPolicy *p, bool auto_remove, BrigError *err)
{
        PolicyKind kind;

        if (parse_policy(p->name, &kind) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL,
                                      "invalid restart policy: unknown policy '%s'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'", p->name);
        if (kind != POLICY_ON_FAILURE && p->maximum_retry_count != 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid restart policy: maximum retry count can only be used with 'on-failure'");
        if (p->maximum_retry_count < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid restart policy: maximum retry count cannot be negative");
        if (auto_remove && kind != POLICY_NO)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "can't create 'AutoRemove' container with restart policy");
        return 0;
}

static bool policy_applies(const Container *c, const ContainerRun *run)
{
        const RestartPolicy *p = &c->definition.host.restart_policy;
        PolicyKind kind;

        if (parse_policy(p->name, &kind) < 0)
                return false;
        switch (kind) {
        case POLICY_ALWAYS:
        case POLICY_UNLESS_STOPPED:
                return true;
        case POLICY_ON_FAILURE:
                return run->exit_code != 0 && (p->maximum_retry_count == 0 || run->restart_count < p->maximum_retry_count);
        default:
                return false;
        }
}

bool brig_restart_wanted(Container *c, const ContainerRun *ended)
{
        if (ended->manually_stopped || c->hold_removal || !policy_applies(c, ended))
                return false;
        if (ended->finished_at - ended->started_at > LONG_RUN || c->restart_delay == 0)
                c->restart_delay = FIRST_DELAY;
        else
                c->restart_delay = MIN2(c->restart_delay * 2, LONGEST_DELAY);
        return true;
}

/* "always" means also a container that a user stopped, "unless-stopped" does not; one that never ran is left alone. */
bool brig_restart_at_open(const Container *c)
{
        const ContainerRun *run = &c->run;
        PolicyKind kind;

        if (!run->launched || parse_policy(c->definition.host.restart_policy.name, &kind) < 0 || !policy_applies(c, run))
                return false;
        return kind == POLICY_ALWAYS || !run->manually_stopped;
}

typedef struct RestartJob { Container *container; uint64_t generation; } RestartJob;

static void give_up(Container *c, const BrigError *failure)
{
        _cleanup_run_ ContainerRun next = { 0 };

        if (brig_run_copy(&next, &c->run) < 0)
                return;
        next.state = CONTAINER_EXITED;
        if (brig_str_set(&next.error, failure->message) < 0 || brig_container_commit(c, &next, true, NULL) < 0)
                return; /* stays "restarting": the next engine starts it */
        pthread_mutex_lock(&c->engine->lock);
        brig_container_wake(c, false, failure->message);
        pthread_mutex_unlock(&c->engine->lock);
}

static void drop_restart(void *context)
{
        RestartJob *job = context;

        brig_container_unref(job->container);
        free(job);
}

static void run_restart(void *owner, void *context)
{
        RestartJob *job = context;
        Container *c = job->container;
        BrigError err = BRIG_ERROR_INIT;

        brig_container_begin(c);
        if (c->published && c->run.state == CONTAINER_RESTARTING && c->generation == job->generation &&
            brig_container_launch(c, false, &err) < 0 && !brig_link_gone(c->engine->link))
                give_up(c, &err);
        brig_container_end(c);
        drop_restart(job);
}

void brig_restart_schedule(Container *c)
{
        RestartJob *job = calloc(1, sizeof *job);

        if (!job)
                return; /* stays "restarting"; a user or the next engine starts it */
        job->container = brig_container_ref(c);
        job->generation = c->generation;
        BRIG_IGNORE(brig_jobs_post(c->engine->starts, brig_now_monotonic() + c->restart_delay,
                             &(JobCall){ .run = run_restart, .drop = drop_restart, .context = job })); /* likewise */
}
