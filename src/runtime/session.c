/* Exec sessions, M's side: W gives birth, then the newborn and M talk over a link of their own. */
#include "runtime/barrier-internal.h"
#include "runtime/birth-internal.h"
#include "runtime/process-internal.h"

#include "base/strings.h"
#include "sys/fd.h"
#include "sys/process.h"
#include <sched.h>
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

static uint64_t all_caps(const PlanCaps *c)
{
        return c->bounding | c->effective | c->permitted | c->inheritable | c->ambient;
}

/*
 * A session is a guest of its container: it brings no weaker lock with it. W holds
 * every capability of its user namespace; where that is the host's, a session that
 * may ask for more than the container has would be root of the host.
 */
int brig_session_check_plan(const RuntimeRequest *request, const LaunchPlan *p, BrigError *err)
{
        const LaunchPlan *container = request->plan;
        bool userns = (container->namespaces & CLONE_NEWUSER) && !(request->disabled & RUNTIME_LAYER_USERNS);
        uint64_t beyond = all_caps(&p->caps) & ~all_caps(&container->caps);

        if (p->kind != PLAN_KIND_EXEC || !streq(p->container_id, container->container_id))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the exec plan is not one of container \"%s\"", container->container_id);
        if (beyond && !userns)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "the session asks for capabilities %#llx that its container, which is in the host's user namespace, does not have",
                                      (unsigned long long)beyond);
        if ((container->flags & PLAN_F_NO_NEW_PRIVS) && !(p->flags & PLAN_F_NO_NEW_PRIVS))
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "the session leaves out no_new_privs, which its container has");
        if (container->n_bpf > 0 && p->n_bpf == 0)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "the session leaves out the seccomp filter, which its container has");
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
        r = brig_session_check_plan(&c->request, &s.plan, err);
        if (r >= 0) {
                r = brig_birth_pair(pair);
                if (r < 0)
                        (void)brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot make a socket pair");
        }
        if (r >= 0) {
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
