/*
 * W, which only waits and gives birth, and the two kinds of process that it gives
 * birth to: I, pid 1 of the container, and E, one per exec session.
 */
#include "runtime/process-internal.h"

#include "sys/credential.h"
#include "sys/fd.h"
#include "sys/process.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

static _noreturn_ void give_up(int link, const BrigError *err)
{
        brig_birth_error(link, err);
        _exit(1);
}

int brig_process_null_stdio(const char *path, BrigError *err)
{
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot open the null device");
        for (int i = 0; i < 3; i++)
                if (fd != i && dup2(fd, i) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot detach from the standard streams");
        if (fd > 2)
                (void)brig_close(fd);
        return 0;
}

/* Sessions join the cgroup namespace of pid 1, which only a process inside can name. */
static int name_cgroup_namespace(Launch *l, BrigError *err)
{
        _cleanup_close_ int namespace = -EBADF;
        int r;

        if (l->proc_fd < 0 || !(l->plan->namespaces & CLONE_NEWCGROUP))
                return 0;
        namespace = openat(l->proc_fd, "self/ns/cgroup", O_RDONLY | O_CLOEXEC);
        r = namespace < 0 ? -errno : brig_birth_send(l->link, BIRTH_NAMESPACE, 0, &namespace, 1);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot name the cgroup namespace") : 0;
}

/* Past the lock only read(2) and write(2) are used: the calls that no filter can do without. */
static int stand_ready(Launch *l, BrigError *err)
{
        static const BirthPacket ready = { .type = BIRTH_READY };
        BirthPacket answer;
        ssize_t n;
        int r = name_cgroup_namespace(l, err);

        if (r >= 0)
                r = brig_stage_run(STAGE_LOCK, l, err);
        if (r < 0)
                return r;
        if (write(l->link, &ready, sizeof ready) != (ssize_t)sizeof ready)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot report to the monitor");
        n = read(l->link, &answer, sizeof answer);
        if (n <= 0 || answer.type != BIRTH_GO)
                _exit(1); /* the monitor is gone or has refused: it knows why */
        return 0;
}

/* In the words of the tools that people search the web for. */
static const struct { int errnum; BrigErrorKind kind; const char *text; } exec_errors[] = {
        { ENOENT, BRIG_ERR_COMMAND_NOT_FOUND, "no such file or directory" },    /* of a script: its interpreter */
        { EACCES, BRIG_ERR_COMMAND_NOT_EXEC, "permission denied" },
        { ENOEXEC, BRIG_ERR_COMMAND_NOT_EXEC, "exec format error" },
        { E2BIG, BRIG_ERR_COMMAND_NOT_EXEC, "argument list too long" },
};

static int exec_error(const Launch *l, int errnum, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(exec_errors); i++)
                if (exec_errors[i].errnum == errnum)
                        return brig_error_set(err, exec_errors[i].kind, errnum, "exec %s: %s", l->program, exec_errors[i].text);
        return brig_error_errno(err, BRIG_ERR_COMMAND_NOT_EXEC, errnum, "exec %s", l->program);
}

static int run(Launch *l, bool first, BrigError *err)
{
        _cleanup_birth_ BirthMessage m = { .n_fds = 0 };
        int r = brig_process_harden(SIGKILL);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot harden the process");
        r = brig_stage_run(STAGE_BORN, l, err);
        if (r >= 0 && first) {
                r = brig_birth_send(l->peer, BIRTH_PROC, 0, &l->proc_fd, 1);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot hand proc over");
                r = brig_birth_expect(l->peer, BIRTH_ENTERED, &m, err);
        }
        if (r >= 0)
                r = brig_stage_run(STAGE_PROCESS, l, err);
        if (r >= 0)
                r = stand_ready(l, err);
        if (r < 0)
                return r;
        (void)execve(l->program, l->argv, l->env);
        return exec_error(l, errno, err);
}

_noreturn_ void brig_process_main(Launch *l, bool first)
{
        BrigError err = BRIG_ERROR_INIT;

        brig_process_reset_signals();
        (void)run(l, first, &err);
        give_up(l->link, &err);
}

/* E: the session's own plan and link take the place of the container's. */
static _noreturn_ void session_main(Launch *l, BirthMessage *m)
{
        BrigError err = BRIG_ERROR_INIT;
        LaunchPlan plan;
        void *map;
        size_t len;

        l->link = m->fds[1];
        if (brig_plan_from_memfd(m->fds[0], &plan, &map, &len, &err) < 0)
                give_up(l->link, &err);
        l->plan = &plan;
        l->proc_fd = -EBADF;
        for (size_t i = 0; i < ARRAY_SIZE(l->stdio); i++)
                l->stdio[i] = -EBADF;
        l->terminal = -EBADF;
        brig_process_main(l, false);
}

static void answer(int link, pid_t pid, int pidfd)
{
        if (pid >= 0) {
                BRIG_IGNORE(brig_birth_send(link, BIRTH_BORN, pid, &pidfd, 1)); /* a dead monitor ends us anyway */
                (void)brig_close(pidfd);
        } else {
                BrigError err = BRIG_ERROR_INIT;

                (void)brig_error_errno(&err, BRIG_ERR_INTERNAL, pid, "cannot make a process in the container");
                brig_birth_error(link, &err);
        }
}

/* W's life after the birth of pid 1: one request, one birth. */
static _noreturn_ void wait_for_requests(Launch *l)
{
        for (;;) {
                _cleanup_birth_ BirthMessage m = { .n_fds = 0 };
                int pidfd = -EBADF;

                brig_process_forget_program();
                if (brig_birth_receive(l->waiter_link, &m) <= 0)
                        _exit(0);
                if (m.packet.type == BIRTH_ADOPT && m.n_fds == 1) {
                        if (setns(m.fds[0], CLONE_NEWCGROUP) < 0)
                                _exit(1);
                } else if (m.packet.type == BIRTH_EXEC && m.n_fds == 2) {
                        pid_t pid = brig_process_clone(CLONE_PARENT, -EBADF, &pidfd);

                        if (pid == 0)
                                session_main(l, &m);
                        answer(l->waiter_link, pid, pidfd);
                }
        }
}

/* W keeps what a birth needs and nothing that could be taken from it. */
static int close_rest(Launch *l)
{
        int keep[4 + BRIG_CGROUP_MAX_DIRS] = { 0, 1, 2, l->waiter_link };
        size_t n = 4;
        int all[ARRAY_SIZE(keep) + 1];

        n += brig_cgroup_self_fds(l->cgroup, keep + n);
        memcpy(all, keep, n * sizeof keep[0]);
        all[n] = l->devpts_fd;
        return brig_fd_close_except(all, n + 1);
}

static int give_birth_to_init(Launch *l, BrigError *err)
{
        _cleanup_close_ int pidfd = -EBADF;
        pid_t pid;
        int r;

        /* From now on every child of W is born into the new pid namespace; the first one is its pid 1. */
        if ((l->plan->namespaces & CLONE_NEWPID) && unshare(CLONE_NEWPID) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make the pid namespace");
        pid = brig_process_clone(CLONE_PARENT, -EBADF, &pidfd);
        if (pid < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, pid, "cannot make pid 1");
        if (pid == 0) {
                l->waiter_link = brig_close(l->waiter_link);
                brig_process_main(l, true);
        }
        r = brig_birth_send(l->link, BIRTH_BORN, pid, &pidfd, 1);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot name pid 1") : 0;
}

_noreturn_ void brig_waiter_main(Launch *l)
{
        BrigError err = BRIG_ERROR_INIT;
        int r = brig_process_harden(SIGKILL);

        (void)prctl(PR_SET_NAME, "brig-waiter"); /* for ps of the host */
        if (r < 0)
                (void)brig_error_errno(&err, BRIG_ERR_INTERNAL, r, "cannot harden the waiting process");
        else
                r = brig_stage_run(STAGE_DOMAIN, l, &err);
        if (r >= 0)
                r = give_birth_to_init(l, &err);
        if (r < 0)
                give_up(l->link, &err);
        r = close_rest(l);
        if (r < 0)
                _exit(1);
        brig_process_forget_program();
        wait_for_requests(l);
}
