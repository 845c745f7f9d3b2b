/*
 * The link to one monitor. A monitor speaks for its own container only: any
 * other id, a reply that nobody waits for, or a message that the table refuses
 * ends the monitor and with it the container.
 */
#include "api-process.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "containers.h"
#include <poll.h>
#include <signal.h>

/* Which answers a request may have. OK and ERROR are answers to all. */
static const struct { WireType request, answer; } answers[] = {
        { WIRE_MONITOR_START, WIRE_LAUNCHED },
        { WIRE_EXEC, WIRE_EXEC_STARTED },
        { WIRE_READBACK, WIRE_READBACK_REPORT },
};

static bool is_answer(WireType request, WireType answer)
{
        if (answer == WIRE_ERROR)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
                if (answers[i].request == request)
                        return answers[i].answer == answer;
        return answer == WIRE_OK;
}

static Pending *find_pending(Container *c, uint32_t serial)
{
        for (size_t i = 0; i < CONTAINER_MAX_PENDING; i++)
                if (c->pending[i].serial == serial)
                        return &c->pending[i];
        return NULL;
}

static void answer_all_pending(Container *c, const char *why)
{
        BrigError err = BRIG_ERROR_INIT;

        (void)brig_error_set(&err, BRIG_ERR_UNAVAILABLE, ESRCH, "container \"%s\": %s", c->id, why);
        for (size_t i = 0; i < CONTAINER_MAX_PENDING; i++) {
                Pending p = c->pending[i];
                c->pending[i] = (Pending){ 0 };
                if (p.serial)
                        api_reply_error(c->d, p.asker.generation, p.asker.serial, &err);
        }
}

static void close_link(Container *c)
{
        loop_remove(&c->d->loop, &c->link_source);
        brig_wire_channel_done(&c->link);
}

void container_drop_monitor(Container *c)
{
        close_link(c);
        child_kill(&c->monitor, SIGKILL);
        answer_all_pending(c, "its monitor has ended");
}

static void on_launched(Container *c, WireMessage *m)
{
        c->phase = CONTAINER_RUNNING;
        c->pid = m->launched.pid;
        c->started_at = m->launched.started_at;
        m->launched.range_base = c->range_base;
}

/*
 * A launch that failed leaves no exit: the answer is all there is to say. Only
 * where the brig-api that asked is gone, its successor has seen a container
 * that starts, so it is told an end.
 */
static void on_launch_answer(Container *c, const Asker *asker, const WireMessage *m)
{
        bool awaited = asker->generation == c->d->api.generation;
        BrigErrorKind kind = m->type == WIRE_ERROR && m->error.kind < _BRIG_ERR_MAX ? (BrigErrorKind)m->error.kind : BRIG_ERR_INTERNAL;

        if (m->type == WIRE_LAUNCHED) {
                if (!awaited)
                        container_tell_status(c, 0);
        } else if (awaited) {
                container_end(c);
        } else {
                c->exit_code = brig_error_exit_code(kind);
                c->finished_at = (uint64_t)brig_now_realtime();
                BRIG_IGNORE(brig_str_set(&c->reason, m->error.message)); /* without memory the code alone is told */
                container_exited(c);
        }
}

static void on_answer(Container *c, WireMessage *m)
{
        Pending *found = find_pending(c, m->serial);

        if (!found || !is_answer(found->type, m->type)) {
                log_error("container %.12s: its monitor answers %s to nobody", c->id, brig_wire_type_name(m->type));
                container_drop_monitor(c);
                return;
        }
        Pending p = *found;
        *found = (Pending){ 0 };
        if (m->type == WIRE_LAUNCHED)
                on_launched(c, m);
        api_reply(c->d, p.asker.generation, p.asker.serial, m);
        if (p.type == WIRE_MONITOR_START)
                on_launch_answer(c, &p.asker, m);
}

static void on_status(Container *c, const WireMessage *m)
{
        const WireStatus *s = &m->status;

        bool news = s->state != WIRE_STATE_STARTING && c->phase == CONTAINER_STARTING;

        c->answered = true;
        c->oom = s->oom;
        c->pid = s->pid;
        c->started_at = s->started_at;
        if (!news)
                return;
        c->phase = CONTAINER_RUNNING; /* an exit is told by EXITED, which follows */
        container_tell_status(c, 0);
}

static void on_exited(Container *c, const WireMessage *m)
{
        if (c->phase != CONTAINER_STARTING && c->phase != CONTAINER_RUNNING)
                return; /* told again after a reconnect */
        c->exit_code = m->exited.exit_code;
        c->oom = m->exited.oom;
        c->finished_at = m->exited.finished_at;
        if (m->exited.started_at)
                c->started_at = m->exited.started_at;
        BRIG_IGNORE(brig_str_set(&c->reason, m->exited.reason)); /* without memory the code alone is told */
        container_exited(c);
}

static void pass_up(Container *c, const WireMessage *m)
{
        if (m->type == WIRE_OOM)
                c->oom = true;
        api_send(c->d, m);
}

static void on_unasked(Container *c, WireMessage *m)
{
        static const struct { WireType type; void (*handle)(Container *c, const WireMessage *m); } handlers[] = {
                { WIRE_STATUS, on_status }, { WIRE_EXITED, on_exited }, { WIRE_EXEC_EXITED, pass_up },
                { WIRE_OOM, pass_up }, { WIRE_DETACHED, pass_up },
        };

        /* Each of these starts with the container's id. */
        if (!streq(m->id.id, c->id)) {
                log_error("container %.12s: its monitor speaks for another container", c->id);
                container_drop_monitor(c);
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
                if (handlers[i].type == m->type)
                        handlers[i].handle(c, m);
}

static void on_link(void *context, uint32_t events)
{
        _cleanup_message_ WireMessage m = { 0 };
        Container *c = context;
        int r = brig_wire_receive(&c->link, &m);

        if (r == -EAGAIN)
                return;
        if (r <= 0) {
                if (r == -EBADMSG)
                        log_error("container %.12s: its monitor's message is not in the table", c->id);
                bool watched = c->monitor.pidfd >= 0;
                if (r == 0 && watched && c->phase == CONTAINER_ENDING)
                        close_link(c); /* it was told to end and is doing so */
                else
                        container_drop_monitor(c);
                if (!watched) /* a kernel that could not name the monitor: the link is all we know of it */
                        container_monitor_gone(c);
                return;
        }
        if (m.type == WIRE_HELLO)
                return;
        if (m.serial)
                on_answer(c, &m);
        else
                on_unasked(c, &m);
}

/* The last words first: what the monitor said before it ended is still in the socket. */
static void on_end(void *context, uint32_t events)
{
        Container *c = context;

        loop_remove(&c->d->loop, &c->monitor_source);
        (void)child_wait(&c->monitor); /* how a monitor ends is not how its container ends */
        while (c->link.fd >= 0 && c->phase != CONTAINER_ENDING) {
                WireMessage m = { 0 };
                int r = brig_wire_receive(&c->link, &m);
                if (r <= 0)
                        break;
                if (m.type == WIRE_HELLO)
                        continue;
                if (m.serial)
                        on_answer(c, &m);
                else
                        on_unasked(c, &m);
        }
        container_drop_monitor(c);
        container_monitor_gone(c);
}

void container_await_status(Container *c, int64_t until)
{
        while (c->phase == CONTAINER_STARTING && c->link.fd >= 0 && !c->answered) {
                struct pollfd p = { .fd = c->link.fd, .events = POLLIN };
                int64_t left = (until - brig_now_monotonic()) / BRIG_NSEC_PER_MSEC;
                if (left <= 0 || poll(&p, 1, (int)left) <= 0)
                        return;
                on_link(c, EPOLLIN);
        }
}

int container_watch(Container *c)
{
        int r = loop_add(&c->d->loop, &c->link_source, c->link.fd, EPOLLIN, on_link, c);

        if (r >= 0 && c->monitor.pidfd >= 0)
                r = loop_add(&c->d->loop, &c->monitor_source, c->monitor.pidfd, EPOLLIN, on_end, c);
        return r;
}

static int relay(Container *c, WireMessage *m, BrigError *err)
{
        Pending *slot = find_pending(c, 0);
        uint32_t asked = m->serial;
        int r;

        if (c->link.fd < 0 || (c->phase != CONTAINER_STARTING && c->phase != CONTAINER_RUNNING))
                return brig_error_set(err, BRIG_ERR_CONFLICT, ESRCH, "container \"%s\" is not running", c->id);
        if (!slot)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EAGAIN, "container \"%s\": its monitor has %u requests to answer", c->id, CONTAINER_MAX_PENDING);
        if (++c->last_serial == 0)
                c->last_serial = 1;
        m->serial = c->last_serial;
        r = brig_wire_send(&c->link, m);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, r, "container \"%s\": its monitor", c->id);
        *slot = (Pending){ .serial = m->serial, .type = m->type, .asker = { c->d->api.generation, asked } };
        return 0;
}

void container_relay(Container *c, WireMessage *m)
{
        BrigError err = BRIG_ERROR_INIT;
        uint32_t asked = m->serial;

        if (relay(c, m, &err) < 0)
                api_reply_error(c->d, c->d->api.generation, asked, &err);
}
