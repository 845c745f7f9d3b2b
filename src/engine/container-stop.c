/*
 * Signals to a running container, and the verbs made of them: stop, kill,
 * restart, pause. They do not keep the container's turn while they wait for its end, which needs the turn itself.
 */
#include "engine/engine-internal.h"
#include "engine/signals-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <signal.h>

#define DEFAULT_STOP_SECONDS 10
/* How long a killed container may take to end: a process that sleeps in the kernel does not die before it wakes. */
#define KILL_PATIENCE (10 * BRIG_NSEC_PER_SEC)

int brig_container_signal(Container *c, int signo, unsigned flags, BrigError *err)
{
        WireMessage m = { .type = WIRE_SIGNAL, .signal = { .id = c->id, .exec_id = "", .signo = signo, .flags = flags } };

        return brig_link_ask(c->engine->link, &m, NULL, NULL, err);
}

int brig_container_stop_signal(const Container *c)
{
        int signo;

        if (brig_str_empty(c->definition.config.stop_signal) || brig_signal_parse(c->definition.config.stop_signal, &signo, NULL) < 0)
                return SIGTERM;
        return signo;
}

static int not_running(const Container *c, BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_CONFLICT, EINVAL, "container %s is not running", c->id);
}

/* With the turn: a payload may run, and its client send a signal, before the start has been written down. */
static ContainerState state_now(Container *c)
{
        ContainerState s;

        brig_container_begin(c);
        s = c->run.state;
        brig_container_end(c);
        return s;
}

static void emit_number(Container *c, const char *action, const char *key, int value)
{
        JsonPairs pairs = { 0 };
        char text[16];

        (void)snprintf(text, sizeof text, "%d", value);
        BRIG_IGNORE(brig_pairs_set(&pairs, key, text)); /* an event without its attribute is better than none */
        brig_container_emit(c, action, &pairs);
        brig_pairs_clear(&pairs);
}

static int set_paused(Container *c, bool pause, BrigError *err)
{
        WireMessage m = { .type = WIRE_PAUSE, .pause = { .id = c->id, .paused = pause } };
        _cleanup_run_ ContainerRun next = { 0 };
        int r = brig_link_ask(c->engine->link, &m, NULL, NULL, err);

        if (r < 0)
                return r;
        if (brig_run_copy(&next, &c->run) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "pause container \"%.12s\"", c->id);
        next.state = pause ? CONTAINER_PAUSED : CONTAINER_RUNNING;
        return brig_container_commit(c, &next, false, err);
}

/*
 * No restart by policy after this: the wish of the user is written down before
 * the signal, so that it holds whoever dies in between. A container that waits for its restart is exited at once.
 */
static int note_manual_stop(Container *c, BrigError *err)
{
        _cleanup_run_ ContainerRun next = { 0 };
        bool waiting = c->run.state == CONTAINER_RESTARTING;
        int r;

        if (c->run.manually_stopped && !waiting)
                return 0;
        if (brig_run_copy(&next, &c->run) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "stop container \"%.12s\"", c->id);
        next.manually_stopped = true;
        if (waiting)
                next.state = CONTAINER_EXITED;
        r = brig_container_commit(c, &next, true, err);
        if (r < 0 || !waiting)
                return r;
        pthread_mutex_lock(&c->engine->lock);
        c->generation++;
        brig_container_drop_pending(c);
        brig_container_wake(c, false, NULL);
        pthread_mutex_unlock(&c->engine->lock);
        return 0;
}

/* Sends a signal that is meant to end the container: 1 when there is nothing left to wait for. */
static int send_ending(Container *c, int signo, BrigError *err)
{
        int r;

        brig_container_begin(c);
        r = brig_container_is_running(c) ? note_manual_stop(c, err) : 0;
        if (r == 0 && !brig_container_is_running(c))
                r = 1;
        if (r == 0) {
                r = brig_container_signal(c, signo, 0, err);
                if (r == -ESRCH)
                        r = 0; /* it has ended: the exit is on its way */
                if (r == 0)
                        emit_number(c, "kill", "signal", signo);
                /* a frozen process takes no signal but with the thaw */
                if (r == 0 && c->run.state == CONTAINER_PAUSED)
                        r = set_paused(c, false, err);
        }
        brig_container_end(c);
        return r;
}

int brig_container_kill_and_wait(Container *c, BrigError *err)
{
        int r = send_ending(c, SIGKILL, err);

        if (r != 0)
                return r < 0 ? r : 0;
        r = brig_container_await_stop(c, KILL_PATIENCE, err);
        if (r == -ETIMEDOUT)
                return brig_error_set(err, BRIG_ERR_INTERNAL, ETIMEDOUT, "container %s was killed but has not ended: a process of it waits in the kernel", c->id);
        return r;
}

typedef struct StopRequest { int signo; int64_t timeout_s; } StopRequest;

static int read_request(const Container *c, const char *signal, int64_t timeout_s, StopRequest *ret, BrigError *err)
{
        const JsonInt *own = &c->definition.config.stop_timeout;

        ret->signo = brig_container_stop_signal(c);
        ret->timeout_s = timeout_s >= 0 ? timeout_s : own->set ? own->value : DEFAULT_STOP_SECONDS;
        return brig_str_empty(signal) ? 0 : brig_signal_parse(signal, &ret->signo, err);
}

static int stop_container(Container *c, const StopRequest *request, BrigError *err)
{
        int r;

        if (request->timeout_s == 0)
                r = brig_container_kill_and_wait(c, err);
        else
                r = send_ending(c, request->signo, err);
        if (r == 0 && request->timeout_s != 0) {
                r = brig_container_await_stop(c, request->timeout_s < 0 ? -1 : MIN2(request->timeout_s, INT64_C(1000000000)) * BRIG_NSEC_PER_SEC, err);
                if (r == -ETIMEDOUT)
                        r = brig_container_kill_and_wait(c, err);
        }
        if (r < 0) {
                brig_error_prefix(err, "cannot stop container: %s", c->id);
                return r;
        }
        brig_container_emit(c, "stop", NULL);
        return 0;
}

int brig_container_stop(Engine *e, const char *ref, const char *signal, int64_t timeout_s, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        StopRequest request;
        ContainerState s;
        int r = brig_container_find(e, ref, &c, err);

        if (r == 0)
                r = read_request(c, signal, timeout_s, &request, err);
        if (r < 0)
                return r;
        s = state_now(c);
        if (s != CONTAINER_RUNNING && s != CONTAINER_PAUSED && s != CONTAINER_RESTARTING)
                return brig_error_set(err, BRIG_ERR_NOT_MODIFIED, EALREADY, "container %s is already stopped", c->id);
        return stop_container(c, &request, err);
}

static void hold_removal(Container *c, bool hold)
{
        pthread_mutex_lock(&c->engine->lock);
        c->hold_removal = hold;
        pthread_mutex_unlock(&c->engine->lock);
}

/* The stop of a restart must not remove a container that was started with --rm; a failed start does. */
static int restart_container(Engine *e, Container *c, const StopRequest *request, BrigError *err)
{
        ContainerState s = state_now(c);
        int r = 0;

        hold_removal(c, true);
        if (s == CONTAINER_RUNNING || s == CONTAINER_PAUSED || s == CONTAINER_RESTARTING)
                r = stop_container(c, request, err);
        hold_removal(c, false);
        if (r == 0)
                r = brig_container_start(e, c->id, err);
        if (r < 0)
                return r;
        brig_container_emit(c, "restart", NULL);
        return 0;
}

int brig_container_restart(Engine *e, const char *ref, const char *signal, int64_t timeout_s, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        StopRequest request;
        int r = brig_container_find(e, ref, &c, err);

        if (r == 0)
                r = read_request(c, signal, timeout_s, &request, err);
        if (r == 0)
                r = restart_container(e, c, &request, err);
        if (r < 0 && c)
                brig_error_prefix(err, "Cannot restart container %s", ref);
        return r;
}

/* A signal that is not meant to end the container leaves its restart policy alone. */
static int pass_signal(Container *c, int signo, BrigError *err)
{
        int r;

        brig_container_begin(c);
        if (c->run.state != CONTAINER_RUNNING && c->run.state != CONTAINER_PAUSED)
                r = not_running(c, err);
        else
                r = brig_container_signal(c, signo, 0, err);
        if (r == 0)
                emit_number(c, "kill", "signal", signo);
        brig_container_end(c);
        return r;
}

static int kill_container(Container *c, int signo, BrigError *err)
{
        ContainerState s = state_now(c);

        if (s != CONTAINER_RUNNING && s != CONTAINER_PAUSED && s != CONTAINER_RESTARTING)
                return not_running(c, err);
        if (signo == SIGKILL)
                return brig_container_kill_and_wait(c, err);
        if (signo == brig_container_stop_signal(c)) {
                int r = send_ending(c, signo, err);

                return r < 0 ? r : 0;
        }
        return pass_signal(c, signo, err);
}

int brig_container_kill(Engine *e, const char *ref, const char *signal, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        int signo = SIGKILL, r = 0;

        if (!brig_str_empty(signal))
                r = brig_signal_parse(signal, &signo, err);
        if (r == 0)
                r = brig_container_find(e, ref, &c, err);
        if (r < 0)
                return r;
        r = kill_container(c, signo, err);
        if (r < 0)
                brig_error_prefix(err, "cannot kill container: %s", ref);
        return r;
}

static int pause_container(Container *c, bool pause, BrigError *err)
{
        ContainerState s = c->run.state;

        if (pause && s == CONTAINER_PAUSED)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EALREADY, "container %s is already paused", c->id);
        if (!pause && s != CONTAINER_PAUSED)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EINVAL, "Container %s is not paused", c->id);
        if (s == CONTAINER_RESTARTING)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "container %s is restarting, wait until the container is running", c->id);
        if (!brig_container_is_running(c))
                return not_running(c, err);
        return set_paused(c, pause, err);
}

int brig_container_pause(Engine *e, const char *ref, bool pause, BrigError *err)
{
        _cleanup_(brig_container_give_backp) Container *c = NULL;
        int r = brig_container_take(e, ref, &c, err);

        if (r == 0)
                r = pause_container(c, pause, err);
        if (r == 0)
                brig_container_emit(c, pause ? "pause" : "unpause", NULL);
        return r;
}
