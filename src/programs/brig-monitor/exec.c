/*
 * Exec sessions. One is on its way until its execve has succeeded; in that time
 * only its link is watched, so a slow file system under its program holds up
 * nothing else.
 */
#include "monitor.h"

#include "base/strings.h"

struct Exec {
        Exec *next;
        Monitor *monitor;
        RuntimeSession start;
        LoopSource source;               /* the link of a session on its way */
        Session *session;
        uint32_t serial, link_number;    /* who waits for the answer */
        uint32_t rows, cols;
        bool running, reaped, failed;
        int exit_code;
};

static void exec_free(Exec *e)
{
        Monitor *m = e->monitor;

        for (Exec **at = &m->execs; *at; at = &(*at)->next)
                if (*at == e) {
                        *at = e->next;
                        m->n_execs--;
                        break;
                }
        loop_remove(&m->loop, &e->source);
        brig_runtime_session_done(&e->start);
        session_free(e->session);
        free(e);
}

static void on_finished(void *context, Session *s)
{
        Exec *e = context;
        const WireMessage exited = { .type = WIRE_EXEC_EXITED, .exec_exited = { e->monitor->id, s->exec_id, s->exit_code } };

        control_send(e->monitor, &exited);
}

static void on_detached(void *context, Session *s)
{
        serve_detached(((Exec *)context)->monitor, s);
}

static void fail(Exec *e, const BrigError *err)
{
        control_reply_error(e->monitor, e->link_number, e->serial, err);
        loop_remove(&e->monitor->loop, &e->source);
        e->failed = true; /* freed by the sweep: a handler of its own may be on the stack */
}

static void run(Exec *e)
{
        Monitor *m = e->monitor;
        const WireMessage started = { .type = WIRE_EXEC_STARTED, .serial = e->serial,
                                      .exec_started = { m->id, e->session->exec_id, e->start.process.pid } };
        BrigError err = BRIG_ERROR_INIT;
        int r;

        loop_remove(&m->loop, &e->source);
        e->session->pidfd = TAKE_FD(e->start.process.pidfd);
        r = session_start(e->session, e->start.process.pid, &e->start.process.stdio);
        if (r < 0) {
                (void)brig_error_errno(&err, BRIG_ERR_INTERNAL, r, "cannot serve the session's streams");
                BRIG_IGNORE(brig_pidfd_send_signal(e->session->pidfd, 9)); /* may have ended */
                fail(e, &err);
                return;
        }
        e->running = true;
        if (e->rows || e->cols)
                BRIG_IGNORE(session_resize(e->session, e->rows, e->cols)); /* no terminal: nothing to resize */
        control_reply(m, e->link_number, &started);
        if (e->reaped)
                session_ended(e->session, e->exit_code);
}

static void on_start(void *context, uint32_t events)
{
        BrigError err = BRIG_ERROR_INIT;
        Exec *e = context;
        int r = brig_runtime_session_advance(&e->monitor->container, &e->start, &err);

        if (r < 0)
                fail(e, &err);
        else if (r > 0)
                run(e);
}

static int attach_first(Exec *e, WireMessage *w)
{
        const WireExec *x = &w->exec;
        const ClientConfig config = { .streams = x->streams, .keys = x->detach_keys.data, .n_keys = x->detach_keys.len, .patient = true };

        return w->n_fds > 1 ? session_attach(e->session, TAKE_FD(w->fds[1]), &config) : 0;
}

static int begin(Exec *e, WireMessage *w, BrigError *err)
{
        Monitor *m = e->monitor;
        const SessionConfig config = {
                .loop = &m->loop, .chunk = m->chunk, .exec_id = w->exec.exec_id, .close_input = true,
                .events = { .detached = on_detached, .finished = on_finished, .context = e },
        };
        int r;

        e->session = session_new(&config);
        r = e->session ? attach_first(e, w) : -ENOMEM;
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot make an exec session");
        r = brig_runtime_session_begin(&m->container, w->fds[0], &e->start, err);
        if (r < 0)
                return r;
        r = loop_add(&m->loop, &e->source, e->start.link, EPOLLIN);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot watch the exec session") : 0;
}

int exec_begin(Monitor *m, WireMessage *w, BrigError *err)
{
        Exec *e;
        int r;

        if (m->exited)
                return brig_error_set(err, BRIG_ERR_CONFLICT, ESRCH, "container \"%s\" is not running", m->id);
        if (m->n_execs >= MONITOR_MAX_SESSIONS)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EAGAIN, "%u exec sessions run already", MONITOR_MAX_SESSIONS);
        e = calloc(1, sizeof *e);
        if (!e)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot make an exec session");
        *e = (Exec){
                .next = m->execs, .monitor = m, .serial = w->serial, .link_number = m->link_number, .rows = w->exec.rows, .cols = w->exec.cols,
                .source = { .fd = -EBADF, .handle = on_start, .context = e },
                .start = { .link = -EBADF, .process = { .pid = -1, .pidfd = -EBADF, .stdio = { -EBADF, -EBADF, -EBADF, -EBADF } } },
        };
        m->execs = e;
        m->n_execs++;
        r = begin(e, w, err);
        if (r < 0)
                exec_free(e);
        return r;
}

Session *exec_find(Monitor *m, const char *exec_id)
{
        for (Exec *e = m->execs; e; e = e->next)
                if (e->running && !e->session->ended && streq(e->session->exec_id, exec_id))
                        return e->session;
        return NULL;
}

bool exec_child_ended(Monitor *m, const ProcessEnd *end)
{
        for (Exec *e = m->execs; e; e = e->next) {
                if (e->reaped || (e->start.process.pid != end->pid && e->session->pid != end->pid))
                        continue;
                e->reaped = true;
                e->exit_code = end->exit_code;
                if (e->running)
                        session_ended(e->session, end->exit_code);
                return true;
        }
        return false;
}

int exec_sweep(Monitor *m, int64_t now)
{
        int nearest = -1;

        for (Exec *e = m->execs, *next; e; e = next) {
                int rest = session_check_patience(e->session, now);

                next = e->next;
                if (e->failed || (e->session->finished && e->session->n_clients == 0))
                        exec_free(e);
                else if (rest >= 0 && (nearest < 0 || rest < nearest))
                        nearest = rest;
        }
        return nearest;
}

void exec_free_all(Monitor *m)
{
        while (m->execs)
                exec_free(m->execs);
}
