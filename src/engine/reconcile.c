/*
 * After a start of brig-api: what brigd and the monitors know, and what the
 * database says, are made to agree. Either side may have died at any point, so each combination has its row here:
 *
 *   stored               brigd knows            then
 *   running, starting    running                running again, pid and time taken over
 *   running, starting    exited                 the exit is written down and acknowledged
 *   running              nothing                exited with 255: the machine went down, or the monitor was killed
 *   starting             starting               left alone until brigd tells what became of it
 *   starting             nothing                not started; the reason says so
 *   not running          running                running again: a start whose end nobody saw was asked for all the same
 *   not running          exited                 acknowledged: its end is written down
 *   removing             anything or nothing    killed or acknowledged, and removed again
 *   nothing              anything               killed, acknowledged, removed
 */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <signal.h>

#define EXIT_LOST 255

typedef struct Known { BrigId id; uint32_t state; int pid, exit_code; bool oom; int64_t started_at, finished_at; } Known;
typedef struct KnownList { BrigMap *by_id; bool failed; } KnownList;

static void note_status(void *context, const WireMessage *m)
{
        KnownList *list = context;
        Known *k = m->type == WIRE_STATUS ? calloc(1, sizeof *k) : NULL;

        if (k) {
                *k = (Known){ .state = m->status.state, .pid = m->status.pid, .exit_code = m->status.exit_code, .oom = m->status.oom != 0,
                              .started_at = (int64_t)m->status.started_at, .finished_at = (int64_t)m->status.finished_at };
                (void)snprintf(k->id, sizeof k->id, "%s", m->status.id);
        }
        if (!k || brig_map_set(list->by_id, k->id, k) < 0) {
                free(k);
                list->failed = true;
        }
}

static int ask_known(Engine *e, BrigMap *known, BrigError *err)
{
        WireMessage m = { .type = WIRE_LIST };
        KnownList list = { .by_id = known };
        int r = brig_link_ask(e->link, &m, note_status, &list, err);

        if (r == 0 && list.failed)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "list containers of brigd");
        return r;
}

/* --- containers that only brigd knows ----------------------------------- */

/* Ends what runs: its exit is told, and then its folder goes (container-exit.c). */
static void remove_unknown(Engine *e, const Known *k)
{
        WireMessage kill = { .type = WIRE_SIGNAL, .signal = { .id = k->id, .exec_id = "", .signo = SIGKILL, .flags = WIRE_SIGNAL_ALL } };
        ExitRecord record = { .exit_code = k->exit_code, .finished_at = k->finished_at };

        memcpy(record.id, k->id, sizeof record.id);
        if (k->state == WIRE_STATE_EXITED)
                brig_container_exited(e, &record);
        else
                BRIG_IGNORE(brig_link_ask(e->link, &kill, NULL, NULL, NULL)); /* it may have ended by itself */
}

/* --- containers that both know ------------------------------------------ */

static int adopt(Container *c, const Known *k, BrigError *err)
{
        _cleanup_run_ ContainerRun next = { 0 };

        if (brig_run_copy(&next, &c->run) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "take over container \"%.12s\"", c->id);
        next.state = k->state == WIRE_STATE_PAUSED ? CONTAINER_PAUSED : CONTAINER_RUNNING;
        next.starting = false;
        next.pid = k->pid;
        if (k->started_at > 0)
                next.started_at = k->started_at;
        return brig_container_commit(c, &next, false, err);
}

static void take_exit(Container *c, const Known *k)
{
        ExitRecord record = { .exit_code = k->exit_code, .oom = k->oom, .started_at = k->started_at, .finished_at = k->finished_at ? k->finished_at : brig_now_realtime() };

        memcpy(record.id, c->id, sizeof record.id);
        brig_container_exited(c->engine, &record);
}

static int meet(Container *c, const Known *k, BrigError *err)
{
        if (k->state == WIRE_STATE_EXITED) {
                take_exit(c, k);
                return 0;
        }
        /* a launch in flight: brigd tells later what became of it */
        if (k->state == WIRE_STATE_STARTING && c->run.starting)
                return 0;
        if (c->run.state != CONTAINER_REMOVING && c->run.state != CONTAINER_DEAD)
                return adopt(c, k, err);
        BRIG_IGNORE(brig_container_signal(c, SIGKILL, WIRE_SIGNAL_ALL, NULL)); /* its end is reported and acknowledged as old news */
        return 0;
}

/* --- containers that brigd does not know -------------------------------- */

static int lose(Container *c, BrigError *err)
{
        ExitRecord record = { .exit_code = EXIT_LOST, .finished_at = brig_now_realtime() };
        _cleanup_run_ ContainerRun next = { 0 };

        if (c->run.state == CONTAINER_RUNNING || c->run.state == CONTAINER_PAUSED) {
                memcpy(record.id, c->id, sizeof record.id);
                brig_container_exited(c->engine, &record);
                return 0;
        }
        if (!c->run.starting)
                return 0;
        if (brig_run_copy(&next, &c->run) < 0 || brig_str_set(&next.error, "the engine was stopped while it started the container") < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read container \"%.12s\"", c->id);
        next.starting = false;
        next.exit_code = 128;
        return brig_container_commit(c, &next, false, err);
}

/* --- all ---------------------------------------------------------------- */

static bool is_to_be_removed(const Container *c)
{
        return c->run.state == CONTAINER_REMOVING || c->run.state == CONTAINER_DEAD || (c->definition.host.auto_remove && c->run.launched && !c->run.starting && !brig_container_is_running(c));
}

static void settle(Engine *e, Container *c)
{
        brig_container_begin(c);
        if (c->published && is_to_be_removed(c))
                BRIG_IGNORE(brig_container_destroy(c, NULL)); /* it says so itself: state "dead" */
        else if (c->published && !c->run.starting && c->run.state == CONTAINER_RESTARTING)
                brig_restart_schedule(c);
        else if (c->published && !c->run.starting && !brig_container_is_running(c) && brig_restart_at_open(c))
                BRIG_IGNORE(brig_container_launch(c, false, NULL)); /* the reason is in its state */
        else if (c->published && c->run.state == CONTAINER_RUNNING)
                brig_health_begin(c);
        brig_container_end(c);
}

/* A stable list: what follows changes the maps. */
static Container **list_containers(Engine *e, size_t *ret_n)
{
        Container **list = calloc(brig_map_size(e->containers) + 1, sizeof *list);
        const char *id;
        void *value;

        *ret_n = 0;
        for (size_t i = 0; list && brig_map_next(e->containers, &i, &id, &value);)
                list[(*ret_n)++] = brig_container_ref(value);
        return list;
}

static int compare(Engine *e, BrigMap *known, Container **list, size_t n, BrigError *err)
{
        const char *id;
        void *value;

        for (size_t i = 0; i < n; i++) {
                const Known *k = brig_map_get(known, list[i]->id);
                int r = k ? meet(list[i], k, err) : lose(list[i], err);

                if (r < 0)
                        return r;
        }
        for (size_t i = 0; brig_map_next(known, &i, &id, &value);)
                if (!brig_map_get(e->containers, id))
                        remove_unknown(e, value);
        return 0;
}

static void drop_settle(void *context)
{
        brig_container_unref(context);
}

static void run_settle(void *owner, void *context)
{
        settle(owner, context);
        drop_settle(context);
}

/* What takes long, or may hang in a mount, does not hold up the engine's start. */
static void post_settle(Engine *e, Container *c)
{
        BRIG_IGNORE(brig_jobs_post(e->starts, 0, &(JobCall){ .run = run_settle, .drop = drop_settle, .context = c })); /* the next engine settles it */
}

int brig_engine_reconcile(Engine *e, BrigError *err)
{
        _cleanup_(brig_map_freep) BrigMap *known = brig_map_new(free);
        Container **list;
        size_t n;
        int r;

        list = list_containers(e, &n);
        if (!known || !list) {
                free(list);
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "list containers");
        }
        r = ask_known(e, known, err);
        if (r == 0)
                r = compare(e, known, list, n, err);
        for (size_t i = 0; i < n; i++) {
                if (r == 0)
                        post_settle(e, list[i]);
                else
                        brig_container_unref(list[i]);
        }
        free(list);
        return r;
}

/* --- unasked messages --------------------------------------------------- */

static void note_oom(Engine *e, const char *id)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;

        if (brig_container_find(e, id, &c, NULL) < 0)
                return;
        pthread_mutex_lock(&e->lock);
        c->run.oom_killed = true; /* written down with the exit */
        pthread_mutex_unlock(&e->lock);
        brig_container_emit(c, "oom", NULL);
}

static void note_detached(Engine *e, const WireExecExited *m)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        JsonPairs pairs = { 0 };

        if (brig_container_find(e, m->id, &c, NULL) < 0)
                return;
        if (!brig_str_empty(m->exec_id))
                BRIG_IGNORE(brig_pairs_set(&pairs, "execID", m->exec_id)); /* an event without its attribute is better than none */
        brig_container_emit(c, brig_str_empty(m->exec_id) ? "detach" : "exec_detach", &pairs);
        brig_pairs_clear(&pairs);
}

void brig_engine_unasked(void *context, const WireMessage *m)
{
        Engine *e = context;

        switch (m->type) {
        case WIRE_EXITED:
                brig_container_note_exit(e, &m->exited);
                break;
        case WIRE_EXEC_EXITED:
                brig_exec_note_exit(e, &m->exec_exited);
                break;
        case WIRE_OOM:
                note_oom(e, m->id.id);
                break;
        case WIRE_DETACHED:
                note_detached(e, &m->detached);
                break;
        case WIRE_STATUS:
                brig_container_note_status(e, &m->status);
                break;
        default:
                break;
        }
}
