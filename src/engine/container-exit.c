/*
 * The end of a run. brigd repeats EXITED until EXIT_ACK, which is sent only
 * after the exit is written down: no exit code is lost whoever dies, and one that comes twice is seen.
 */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"

#define RETRY_DELAY (100 * BRIG_NSEC_PER_MSEC)

static void record_free(void *context)
{
        ExitRecord *r = context;

        free(r->reason);
        free(r);
}

static void acknowledge(Engine *e, const char *id)
{
        brig_link_tell(e->link, &(WireMessage){ .type = WIRE_EXIT_ACK, .id = { .id = id } });
}

static void exit_attributes(JsonPairs *pairs, const ContainerRun *run)
{
        char code[24], duration[24];
        int64_t ran = run->started_at > 0 ? (run->finished_at - run->started_at) / BRIG_NSEC_PER_SEC : 0;

        (void)snprintf(code, sizeof code, "%d", (int)run->exit_code);
        (void)snprintf(duration, sizeof duration, "%lld", (long long)MAX2(ran, 0));
        /* an event without its attributes is better than none */
        BRIG_IGNORE(brig_pairs_set(pairs, "exitCode", code));
        BRIG_IGNORE(brig_pairs_set(pairs, "execDuration", duration));
}

void brig_container_emit_die(Container *c)
{
        JsonPairs pairs = { 0 };

        exit_attributes(&pairs, &c->run);
        brig_container_emit(c, "die", &pairs);
        brig_pairs_clear(&pairs);
}

/* Not one that is going, nor one that waits for another run. */
static bool may_run(const Container *c)
{
        return c->run.launched && (c->run.starting || c->run.state != CONTAINER_RESTARTING) && c->run.state != CONTAINER_REMOVING && c->run.state != CONTAINER_DEAD;
}

/* A launch that came to nothing while its engine died: the container is what it was before. */
static bool never_ran(const Container *c, const ExitRecord *record)
{
        return record->started_at == 0 && (c->run.starting || c->run.state == CONTAINER_CREATED) && c->run.state != CONTAINER_RUNNING &&
               c->run.state != CONTAINER_PAUSED;
}

/*
 * Whether the record is of a run whose end is not written down. That may be one that we hold to be over or never
 * begun: an engine that asked for a launch and died has a successor that hears of the run last of all.
 */
static bool is_news(const Container *c, const ExitRecord *record)
{
        /* An end stands: brigd may tell it twice, the second time as that of a monitor which is no longer there. Only a later run has another. */
        if (c->run.state == CONTAINER_EXITED && !c->run.starting && record->started_at <= c->run.finished_at)
                return false;
        return c->published && c->run.finished_at != record->finished_at && may_run(c) && (c->run.starting || !never_ran(c, record));
}

/* What follows an exit: decided before anybody hears of it, because who waited may change the wish at once. */
typedef struct Sequel { bool restart, remove; } Sequel;

static int write_end(Container *c, const ExitRecord *record, Sequel *ret, BrigError *err)
{
        _cleanup_run_ ContainerRun next = { 0 };
        int r = brig_run_copy(&next, &c->run);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "store the end of container \"%.12s\"", c->id);
        next.exit_code = record->exit_code;
        next.finished_at = record->finished_at;
        /* A run whose LAUNCHED never came: brig-api was away. */
        if (record->started_at > 0)
                next.started_at = record->started_at;
        next.oom_killed = next.oom_killed || record->oom;
        next.pid = 0;
        next.starting = false;
        if (!brig_str_empty(record->reason) && brig_str_set(&next.error, record->reason) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "store the end of container \"%.12s\"", c->id);
        pthread_mutex_lock(&c->engine->lock);
        ret->restart = brig_restart_wanted(c, &next);
        ret->remove = !ret->restart && c->definition.host.auto_remove && !c->hold_removal;
        pthread_mutex_unlock(&c->engine->lock);
        next.state = ret->restart ? CONTAINER_RESTARTING : never_ran(c, record) && c->run.state == CONTAINER_CREATED ? CONTAINER_CREATED : CONTAINER_EXITED;
        next.restart_count += ret->restart;
        return brig_container_commit(c, &next, true, err);
}

/* Sessions and probes of the run are over; who waits for the exit is woken last, so that the event "die" stands before his "stop". */
static void conclude(Container *c)
{
        brig_container_emit_die(c);
        pthread_mutex_lock(&c->engine->lock);
        c->generation++;
        brig_health_end(c);
        brig_exec_end_all(c);
        brig_container_wake(c, false, c->run.error);
        pthread_mutex_unlock(&c->engine->lock);
}

static int end_run(Container *c, const ExitRecord *record, Sequel *ret)
{
        BrigError err = BRIG_ERROR_INIT;
        int r = write_end(c, record, ret, &err);

        if (r < 0)
                return r; /* no acknowledgement: brigd tells it again */
        acknowledge(c->engine, c->id);
        conclude(c);
        return 0;
}

/* The end of a container that is not stored (any more): brigd may forget it, and its folder goes. */
static void end_stranger(Engine *e, const char *id)
{
        WireMessage m = { .type = WIRE_REMOVE, .id = { .id = id } };

        acknowledge(e, id);
        BRIG_IGNORE(brig_link_ask(e->link, &m, NULL, NULL, NULL)); /* what stays is found by the next engine */
}

static void run_exit_job(void *owner, void *context);

/* A full disk or no memory: the exit is tried again, because brigd repeats only after a new connection. */
static void try_again(Engine *e, const ExitRecord *record)
{
        ExitRecord *copy = calloc(1, sizeof *copy);

        if (!copy)
                return;
        *copy = *record;
        copy->reason = brig_str_dup(record->reason);
        BRIG_IGNORE(brig_jobs_post(e->exits, brig_now_monotonic() + RETRY_DELAY, &(JobCall){ .run = run_exit_job, .drop = record_free, .context = copy })); /* see below */
}

void brig_container_exited(Engine *e, const ExitRecord *record)
{
        _cleanup_(brig_container_give_backp) Container *c = NULL;
        Sequel sequel = { 0 };

        if (brig_container_take(e, record->id, &c, NULL) < 0) {
                end_stranger(e, record->id);
                return;
        }
        if (!is_news(c, record)) {
                acknowledge(e, record->id);
                return;
        }
        if (end_run(c, record, &sequel) < 0) {
                try_again(e, record);
                return;
        }
        if (sequel.restart)
                brig_restart_schedule(c);
        else if (sequel.remove)
                BRIG_IGNORE(brig_container_destroy(c, NULL)); /* it says so itself: state "dead", and who waits is told */
}

static void run_exit_job(void *owner, void *context)
{
        brig_container_exited(owner, context);
        record_free(context);
}

void brig_container_note_exit(Engine *e, const WireExited *m)
{
        ExitRecord *record = calloc(1, sizeof *record);

        if (!record)
                return; /* not acknowledged: told again after the next connection */
        *record = (ExitRecord){ .exit_code = m->exit_code, .oom = m->oom != 0, .started_at = (int64_t)m->started_at, .finished_at = (int64_t)m->finished_at,
                                .reason = brig_str_dup(brig_str_empty(m->reason) ? NULL : m->reason) };
        (void)snprintf(record->id, sizeof record->id, "%s", m->id);
        if (record->finished_at == 0)
                record->finished_at = brig_now_realtime();
        /* what is dropped was not acknowledged either */
        BRIG_IGNORE(brig_jobs_post(e->exits, 0, &(JobCall){ .run = run_exit_job, .drop = record_free, .context = record }));
}

/* --- a launch that outlived the engine that asked for it ------------------ */

typedef struct StatusRecord { BrigId id; int pid; int64_t started_at; } StatusRecord;

static void run_status_job(void *owner, void *context)
{
        _cleanup_free_ StatusRecord *record = context;
        _cleanup_(brig_container_give_backp) Container *c = NULL;
        _cleanup_run_ ContainerRun next = { 0 };

        if (brig_container_take(owner, record->id, &c, NULL) < 0 || !may_run(c) || brig_run_copy(&next, &c->run) < 0)
                return;
        if (next.state != CONTAINER_PAUSED)
                next.state = CONTAINER_RUNNING;
        next.starting = false;
        next.pid = record->pid;
        if (record->started_at > 0)
                next.started_at = record->started_at;
        BRIG_IGNORE(brig_container_commit(c, &next, false, NULL)); /* the next engine is told the same */
}

void brig_container_note_status(Engine *e, const WireStatus *m)
{
        StatusRecord *record = m->state == WIRE_STATE_EXITED ? NULL : calloc(1, sizeof *record);

        if (!record)
                return; /* an exit is told by EXITED */
        *record = (StatusRecord){ .pid = m->pid, .started_at = (int64_t)m->started_at };
        (void)snprintf(record->id, sizeof record->id, "%s", m->id);
        BRIG_IGNORE(brig_jobs_post(e->exits, 0, &(JobCall){ .run = run_status_job, .drop = free, .context = record })); /* likewise */
}
