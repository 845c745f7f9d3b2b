/* From the birth of the payload to EXIT_ACK. */
#include "monitor.h"

#include "base/clock.h"
#include "base/log.h"
#include <signal.h>
#include <sys/signalfd.h>

void serve_detached(void *monitor, Session *s)
{
        Monitor *m = monitor;
        const WireMessage detached = { .type = WIRE_DETACHED, .detached = { m->id, s->exec_id, 0 } };

        control_send(m, &detached);
}

static WireMessage exited_message(const Monitor *m)
{
        return (WireMessage){ .type = WIRE_EXITED, .exited = {
                .id = m->id, .exit_code = m->exit_code, .oom = brig_cgroup_oom_kills(&m->container.cgroup) > 0, .finished_at = m->finished_at, .reason = "",
                .started_at = m->started_at,
        } };
}

void serve_tell_exit(Monitor *m)
{
        const WireMessage exited = exited_message(m);

        control_send(m, &exited);
}

/* Everything that pid 1 wrote is in the log; now its end may be known: first on disk, then to brigd. */
static void on_finished(void *context, Session *s)
{
        Monitor *m = context;
        const WireMessage exited = exited_message(m);
        int r = exit_record_write(m->log.dir, &exited, m->plan.flags & PLAN_F_EPHEMERAL);

        if (r < 0)
                log_error("container %.12s: cannot write its exit record: %s", m->id, strerror(-r));
        m->told = true;
        serve_tell_exit(m);
}

static void on_oom(void *context)
{
        Monitor *m = context;
        const WireMessage oom = { .type = WIRE_OOM, .id = { m->id } };

        control_send(m, &oom);
}

static void on_child(Monitor *m, const ProcessEnd *end)
{
        if (end->pid == m->container.init.pid) {
                (void)oom_watch_look(&m->oom); /* its kill is told before its end */
                m->exited = true;
                m->exit_code = end->exit_code;
                m->finished_at = (uint64_t)brig_now_realtime();
                session_ended(m->main_session, end->exit_code);
        } else if (!exec_child_ended(m, end) && end->pid == m->container.waiter.pid && !m->exited) {
                log_error("container %.12s: the process that starts exec sessions was lost", m->id);
        }
}

static void on_signals(void *context, uint32_t events)
{
        struct signalfd_siginfo info;
        Monitor *m = context;
        ProcessEnd end;

        BRIG_IGNORE(read(m->signals, &info, sizeof info)); /* which child is asked of the kernel: signals merge */
        while (brig_process_reap(&end) == 1)
                on_child(m, &end);
}

static int watch_signals(Monitor *m)
{
        sigset_t set;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGCHLD);
        m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        m->signals_source = (LoopSource){ .fd = -EBADF, .handle = on_signals, .context = m };
        return m->signals < 0 ? -errno : loop_add(&m->loop, &m->signals_source, m->signals, EPOLLIN);
}

static int nearer(int a, int b)
{
        return a < 0 ? b : b < 0 ? a : MIN2(a, b);
}

int serve(Monitor *m, BrigError *err)
{
        RuntimeContainer *c = &m->container;
        int r = watch_signals(m);

        if (r >= 0)
                r = control_watch(m);
        if (r >= 0)
                r = oom_watch_start(&m->oom, &m->loop, on_oom, m);
        m->main_session->events = (SessionEvents){ .detached = serve_detached, .finished = on_finished, .context = m };
        m->main_session->pidfd = TAKE_FD(c->init.pidfd);
        if (r >= 0)
                r = session_start(m->main_session, c->init.pid, &c->init.stdio);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot serve the container");
        brig_process_forget_program();
        on_signals(m, 0); /* the payload may have ended before anybody listened */
        while (!(m->acknowledged && m->main_session->n_clients == 0 && !m->execs)) {
                int64_t now = brig_now_monotonic();
                int wait = nearer(nearer(session_check_patience(m->main_session, now), exec_sweep(m, now)), oom_watch_look(&m->oom));

                if (m->acknowledged && m->main_session->n_clients == 0 && !m->execs)
                        break;
                r = loop_once(&m->loop, wait);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot wait for events");
        }
        return 0;
}
