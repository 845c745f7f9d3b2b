/*
 * The link to brigd: a table of requests, and the ways in which a link comes and
 * goes. brigd is root and trusted; the wire decoder has checked every message.
 */
#include "monitor.h"

#include "base/log.h"
#include "base/strings.h"
#include "sys/fd.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#define START_FD 3

static int say_hello(Monitor *m)
{
        const WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brig-monitor", .id = m->id } };

        return brig_wire_send(&m->link, &hello);
}

int control_receive_start(Monitor *m, WireMessage *ret)
{
        int r = brig_fd_set_cloexec(START_FD, true);

        if (r >= 0)
                r = brig_wire_channel_init(&m->link, START_FD, WIRE_BRIGD_TO_MONITOR, WIRE_MONITOR_TO_BRIGD);
        if (r >= 0)
                r = say_hello(m);
        do
                r = r >= 0 ? brig_wire_receive(&m->link, ret) : r;
        while (r > 0 && ret->type == WIRE_HELLO);
        if (r <= 0)
                return r < 0 ? r : -EPIPE;
        if (ret->type == WIRE_MONITOR_START)
                return 0;
        brig_wire_message_done(ret);
        return -EPROTO;
}

void control_close(Monitor *m)
{
        loop_remove(&m->loop, &m->link_source);
        brig_wire_channel_done(&m->link);
        m->link.fd = -EBADF;
        brig_buffer_reset(&m->outbox);
}

/* ---- sending ---- */

static void want_link(Monitor *m)
{
        loop_want(&m->loop, &m->link_source, EPOLLIN | (m->outbox.len > 0 ? EPOLLOUT : 0));
}

static void queue(Monitor *m, const WireMessage *message)
{
        _cleanup_free_ char *frame = malloc(BRIG_WIRE_MAX_BYTES);
        ssize_t n = frame ? brig_wire_encode(message, m->link.out, frame, BRIG_WIRE_MAX_BYTES) : -ENOMEM;
        uint32_t len = (uint32_t)n;

        if (n >= 0) {
                (void)brig_buffer_append(&m->outbox, &len, sizeof len);
                n = brig_buffer_append(&m->outbox, frame, len);
        }
        if (n < 0) {
                log_error("brigd does not read its messages, the link is closed");
                control_close(m);
                return;
        }
        want_link(m);
}

void control_send(Monitor *m, const WireMessage *message)
{
        int r;

        if (m->link.fd < 0)
                return;
        r = m->outbox.len > 0 ? -EAGAIN : brig_wire_send(&m->link, message);
        if (r == -EAGAIN)
                queue(m, message);
        else if (r == -EPIPE || r == -ECONNRESET)
                control_close(m);
        else if (r < 0)
                log_error("cannot send %s: %s", brig_wire_type_name(message->type), strerror(-r));
}

static void push_outbox(Monitor *m)
{
        while (m->outbox.len > 0) {
                uint32_t len;
                ssize_t n;

                memcpy(&len, m->outbox.data, sizeof len);
                n = send(m->link.fd, m->outbox.data + sizeof len, len, MSG_NOSIGNAL);
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0) {
                        control_close(m);
                        return;
                }
                brig_buffer_consume(&m->outbox, sizeof len + len);
        }
        want_link(m);
}

void control_reply(Monitor *m, uint32_t number, const WireMessage *message)
{
        if (number == m->link_number)
                control_send(m, message);
}

void control_reply_error(Monitor *m, uint32_t number, uint32_t serial, const BrigError *err)
{
        const WireMessage reply = { .type = WIRE_ERROR, .serial = serial, .error = { err->kind, err->errnum, err->message } };

        control_reply(m, number, &reply);
}

/* ---- requests ---- */

static Session *find_session(Monitor *m, const char *exec_id, BrigError *err)
{
        Session *s = *exec_id ? exec_find(m, exec_id) : m->exited ? NULL : m->main_session;

        if (!s)
                (void)brig_error_set(err, BRIG_ERR_CONFLICT, ESRCH, *exec_id ? "exec session \"%s\" is not running" : "container \"%s\" is not running",
                                     *exec_id ? exec_id : m->id);
        return s;
}

static int on_attach(Monitor *m, WireMessage *w, BrigError *err)
{
        const WireAttach *a = &w->attach;
        const ClientConfig config = { .streams = a->streams, .keys = a->detach_keys.data, .n_keys = a->detach_keys.len };
        Session *s = find_session(m, a->exec_id, err);
        int r;

        if (!s)
                return -ESRCH;
        if (s->n_clients >= MONITOR_MAX_CLIENTS)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EAGAIN, "%u clients are attached already", MONITOR_MAX_CLIENTS);
        r = session_attach(s, TAKE_FD(w->fds[0]), &config);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot attach") : 1;
}

static int on_signal(Monitor *m, WireMessage *w, BrigError *err)
{
        const WireSignal *request = &w->signal;
        Session *s = find_session(m, request->exec_id, err);
        int r;

        if (!s)
                return -ESRCH;
        if (request->flags & WIRE_SIGNAL_ALL)
                r = brig_cgroup_signal(&m->container.cgroup, request->signo);
        else
                r = brig_pidfd_send_signal(s->pidfd, request->signo);
        return r < 0 ? brig_error_errno(err, r == -ESRCH ? BRIG_ERR_CONFLICT : BRIG_ERR_INTERNAL, r, "cannot send signal %d", request->signo) : 1;
}

static int on_resize(Monitor *m, WireMessage *w, BrigError *err)
{
        Session *s = find_session(m, w->resize.exec_id, err);
        int r = s ? session_resize(s, w->resize.rows, w->resize.cols) : -ESRCH;

        if (s && r < 0)
                return brig_error_errno(err, r == -ENOTTY ? BRIG_ERR_INVALID : BRIG_ERR_INTERNAL, r, "cannot resize");
        return s ? 1 : r;
}

static int on_readback(Monitor *m, WireMessage *w, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(RUNTIME_REPORT_MAX - 1);
        WireMessage reply = { .type = WIRE_READBACK_REPORT, .serial = w->serial };
        int r = m->exited ? brig_error_set(err, BRIG_ERR_CONFLICT, ESRCH, "container \"%s\" is not running", m->id)
                          : brig_runtime_readback(&m->container, &text, err);

        if (r < 0)
                return r;
        reply.report.text = text.data;
        control_send(m, &reply);
        return 0;
}

static int on_exit_ack(Monitor *m, WireMessage *w, BrigError *err)
{
        m->acknowledged = m->told;
        return 0;
}

/* 1: answered with OK; 0: it answers by itself, or not at all; negative: answered with the error. */
static const struct { WireType type; int (*handle)(Monitor *m, WireMessage *w, BrigError *err); } requests[] = {
        { WIRE_ATTACH, on_attach }, { WIRE_EXEC, exec_begin }, { WIRE_SIGNAL, on_signal },
        { WIRE_RESIZE, on_resize }, { WIRE_READBACK, on_readback }, { WIRE_EXIT_ACK, on_exit_ack },
};

static void handle(Monitor *m, WireMessage *w)
{
        BrigError err = BRIG_ERROR_INIT;
        int r = brig_error_set(&err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "a monitor does not answer %s", brig_wire_type_name(w->type));

        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                if (requests[i].type == w->type)
                        r = requests[i].handle(m, w, &err);
        if (w->serial == 0 || r == 0)
                return;
        if (r < 0) {
                control_reply_error(m, m->link_number, w->serial, &err);
        } else {
                const WireMessage ok = { .type = WIRE_OK, .serial = w->serial };

                control_send(m, &ok);
        }
}

/* To a brigd that was started anew: where the container stands, and its end if it has one. */
static void tell_state(Monitor *m)
{
        const WireMessage status = { .type = WIRE_STATUS, .status = {
                .id = m->id, .state = m->told ? WIRE_STATE_EXITED : WIRE_STATE_RUNNING, .pid = m->exited ? 0 : m->container.init.pid, .exit_code = m->exit_code,
                .oom = brig_cgroup_oom_kills(&m->container.cgroup) > 0, .started_at = m->started_at, .finished_at = m->finished_at,
        } };

        control_send(m, &status);
        if (m->told)
                serve_tell_exit(m);
}

static void on_link(void *context, uint32_t events)
{
        _cleanup_message_ WireMessage w = { 0 };
        Monitor *m = context;
        int r;

        if (events & EPOLLOUT)
                push_outbox(m);
        if (m->link.fd < 0 || !(events & ~(uint32_t)EPOLLOUT))
                return;
        r = brig_wire_receive(&m->link, &w);
        if (r == -EAGAIN)
                return;
        if (r <= 0) {
                control_close(m);
                return;
        }
        if (w.type == WIRE_HELLO)
                tell_state(m);
        else
                handle(m, &w);
}

static int watch_link(Monitor *m)
{
        int r = brig_fd_set_nonblock(m->link.fd, true);

        m->link_number++;
        m->link_source.handle = on_link;
        m->link_source.context = m;
        return r < 0 ? r : loop_add(&m->loop, &m->link_source, m->link.fd, EPOLLIN);
}

/* A new brigd. The one before it is dead, whether or not we have read the end of its link yet. */
static void on_listener(void *context, uint32_t events)
{
        Monitor *m = context;
        _cleanup_close_ int fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
        struct ucred peer = { 0 };
        socklen_t len = sizeof peer;
        int r;

        if (fd < 0)
                return;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.uid != 0) {
                log_warn("uid %u may not speak to this monitor", peer.uid);
                return;
        }
        control_close(m);
        r = brig_wire_channel_init(&m->link, TAKE_FD(fd), WIRE_BRIGD_TO_MONITOR, WIRE_MONITOR_TO_BRIGD);
        if (r >= 0)
                r = watch_link(m);
        if (r >= 0)
                r = say_hello(m);
        if (r < 0)
                control_close(m);
}

int control_watch(Monitor *m)
{
        int r = m->link.fd >= 0 ? watch_link(m) : 0;

        m->listener_source = (LoopSource){ .fd = -EBADF, .handle = on_listener, .context = m };
        return r < 0 ? r : loop_add(&m->loop, &m->listener_source, m->listener, EPOLLIN);
}
