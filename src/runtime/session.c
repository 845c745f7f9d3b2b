/* Exec sessions, M's side: W gives birth, then the newborn and M talk over a link of their own. */
#include "runtime/barrier-internal.h"
#include "runtime/birth-internal.h"
#include "runtime/process-internal.h"

#include "sys/fd.h"
#include "sys/process.h"
#include <signal.h>
#include <sys/mman.h>

static int ask_for_birth(RuntimeContainer *c, int plan_fd, int child_link, RuntimeSession *s, BrigError *err)
{
        _cleanup_birth_ BirthMessage m = { .n_fds = 0 };
        const int fds[2] = { plan_fd, child_link };
        int r = brig_birth_send(c->waiter_link, BIRTH_EXEC, 0, fds, 2);

        if (r < 0)
                return brig_error_set(err, BRIG_ERR_CONFLICT, -r, "the container is ending");
        r = brig_birth_expect(c->waiter_link, BIRTH_BORN, &m, err);
        if (r < 0)
                return r;
        if (m.n_fds != 1)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "a birth was reported without its descriptor");
        s->process.pid = m.packet.pid;
        s->process.pidfd = TAKE_FD(m.fds[0]);
        return 0;
}

int brig_runtime_session_begin(RuntimeContainer *c, int plan_fd, RuntimeSession *ret, BrigError *err)
{
        RuntimeSession s = {
                .link = -EBADF,
                .process = { .pid = -1, .pidfd = -EBADF, .stdio = { -EBADF, -EBADF, -EBADF, -EBADF } },
        };
        int pair[2], r = brig_plan_from_memfd(plan_fd, &s.plan, &s.map, &s.map_len, err);

        if (r < 0)
                return r;
        r = s.plan.kind == PLAN_KIND_EXEC ? brig_birth_pair(pair) : -EINVAL;
        if (r < 0) {
                (void)brig_error_errno(err, BRIG_ERR_INVALID, r, "cannot use the exec plan");
        } else {
                s.link = pair[0];
                r = ask_for_birth(c, plan_fd, pair[1], &s, err);
                (void)brig_close(pair[1]);
        }
        if (r >= 0) {
                r = brig_fd_set_nonblock(s.link, true);
                if (r < 0)
                        (void)brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot prepare the session");
        }
        if (r < 0) {
                brig_runtime_session_done(&s);
                return r;
        }
        *ret = s;
        return 0;
}

static int release(RuntimeContainer *c, RuntimeSession *s, BrigError *err)
{
        int r = brig_barrier_check(c, &s->process, &s->plan, err);

        if (r >= 0) {
                r = brig_birth_send(s->link, BIRTH_GO, 0, NULL, 0);
                if (r < 0)
                        (void)brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot release the session");
        }
        s->released = r >= 0;
        return r;
}

/* A closed link before GO is a death, after it a successful execve (or a death that the exit status tells). */
static int ended(RuntimeContainer *c, RuntimeSession *s, BrigError *err)
{
        if (!s->released)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EPIPE, "the session ended without a word (killed?)");
        s->link = brig_close(s->link);
        if (brig_barrier_after_exec(c, &s->process, &s->plan, err) < 0)
                return -EPERM;
        return 1;
}

int brig_runtime_session_advance(RuntimeContainer *c, RuntimeSession *s, BrigError *err)
{
        for (;;) {
                _cleanup_birth_ BirthMessage m = { .n_fds = 0 };
                int r = brig_birth_receive(s->link, &m);

                if (r == -EAGAIN)
                        return 0;
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot hear from the session");
                if (r == 0)
                        return ended(c, s, err);
                switch ((BirthType)m.packet.type) {
                case BIRTH_STDIO:
                        r = brig_process_take_stdio(&s->process.stdio, &m, err);
                        break;
                case BIRTH_READY:
                        r = release(c, s, err);
                        break;
                case BIRTH_WARNING:
                        break;
                case BIRTH_ERROR:
                        r = brig_birth_take_error(&m, err);
                        break;
                default:
                        r = brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "message %u during an exec", m.packet.type);
                }
                if (r < 0)
                        return r;
        }
}

/* The process is the caller's child: it is killed here if it has not got as far as running, and reaped there. */
void brig_runtime_session_done(RuntimeSession *s)
{
        if (s->link >= 0 && s->process.pidfd >= 0)
                BRIG_IGNORE(brig_pidfd_send_signal(s->process.pidfd, SIGKILL)); /* ESRCH: it ended */
        s->link = brig_close(s->link);
        s->process.pidfd = brig_close(s->process.pidfd);
        brig_runtime_stdio_close(&s->process.stdio);
        brig_plan_done(&s->plan);
        if (s->map)
                (void)munmap(s->map, s->map_len);
        s->map = NULL;
}
