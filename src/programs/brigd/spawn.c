#include "spawn.h"
#include "base/strings.h"
#include "sys/idmap.h"
#include "sys/process.h"
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define STACK_BYTES (64u * 1024)
#define STORAGE_IDS 65536u
#define NOT_EXECUTED 127

typedef struct Start {
        const Spawn *spawn;
        pid_t parent;
        int go, go_out;          /* SPAWN_STORAGE: one byte comes when the id maps are written */
        int error;               /* SPAWN_SHARED: why there was no exec */
} Start;

/* The last set: what is not in it comes back by no exec. Ends at the first number that the kernel does not know. */
static int drop_bounding_set(void)
{
        for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
                if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
                        return -errno;
        return 0;
}

static int become(const Spawn *s)
{
        int r = drop_bounding_set();

        if (r < 0)
                return r;
        if (setgroups(0, NULL) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 || setresuid(s->uid, s->uid, s->uid) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

static int become_storage_root(const Start *start)
{
        char c;

        /* Without our own copy of the writing end, the end of brigd ends the wait. */
        (void)close(start->go_out);
        if (read(start->go, &c, 1) != 1)
                return -ECANCELED;
        if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

/* After the change of credentials, which clears the setting; a parent that was faster is noticed. */
static int die_with(pid_t parent)
{
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                return -errno;
        return getppid() == parent ? 0 : -ESRCH;
}

/* First everything above the targets, so that no source is overwritten before its turn; then down to its place. */
static int place_fds(const Spawn *s, int *ret_program)
{
        int first = 3 + (int)s->n_fds + 1, high[SPAWN_MAX_FDS];
        int out = fcntl(s->out >= 0 ? s->out : STDERR_FILENO, F_DUPFD_CLOEXEC, first);
        int program = fcntl(s->program, F_DUPFD_CLOEXEC, first);
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (out < 0 || program < 0 || null < 0)
                return -errno;
        for (size_t i = 0; i < s->n_fds; i++) {
                high[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, first);
                if (high[i] < 0)
                        return -errno;
        }
        if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
                return -errno;
        for (size_t i = 0; i < s->n_fds; i++)
                if (dup2(high[i], 3 + (int)i) < 0)
                        return -errno;
        *ret_program = dup3(program, first - 1, O_CLOEXEC);
        if (*ret_program < 0)
                return -errno;
        return close_range((unsigned)first, ~0u, 0) < 0 ? -errno : 0;
}

static int child_steps(Start *start)
{
        static const char *const bare[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
        const Spawn *s = start->spawn;
        const char *const *environment = s->environment ? s->environment : bare;
        sigset_t none;
        int program = -EBADF, r = 0;

        if (s->flags & SPAWN_STORAGE)
                r = become_storage_root(start);
        if (r < 0)
                return r;
        (void)setsid(); /* fails only for a process group leader, which a new child is not */
        r = place_fds(s, &program);
        if (r < 0)
                return r;
        if (s->flags & SPAWN_DROP)
                r = become(s);
        if (r < 0)
                return r;
        if (s->flags & SPAWN_DIES_WITH_US)
                r = die_with(start->parent);
        if (r < 0)
                return r;
        (void)signal(SIGPIPE, SIG_DFL); /* cannot fail for this signal */
        sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                return -errno;
        execveat(program, "", (char *const *)s->argv, (char *const *)environment, AT_EMPTY_PATH);
        return -errno;
}

static int child_main(void *context)
{
        Start *start = context;

        start->error = child_steps(start);
        if (!(start->spawn->flags & SPAWN_SHARED))
                dprintf(STDERR_FILENO, "brigd: cannot start \"%s\": %s\n", start->spawn->argv[0], strerror(-start->error));
        _exit(NOT_EXECUTED);
}

static int clone_flags(const Spawn *s)
{
        int flags = CLONE_PIDFD | SIGCHLD;

        if (s->flags & SPAWN_SHARED)
                flags |= CLONE_VM | CLONE_VFORK;
        if (s->flags & SPAWN_STORAGE)
                flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
        return flags;
}

static int write_maps_and_go(const Spawn *s, pid_t pid, int go)
{
        const IdRange range = { .inside = 0, .outside = s->storage_base, .count = STORAGE_IDS };
        int r = brig_idmap_write(pid, &range, NULL, 1);

        if (r >= 0 && write(go, "", 1) != 1)
                r = -errno;
        return r;
}

int spawn(const Spawn *s, Child *ret)
{
        _cleanup_close_ int go_in = -EBADF, go_out = -EBADF;
        Start start = { .spawn = s, .parent = getpid(), .go = -EBADF, .go_out = -EBADF };
        Child child = CHILD_NONE;
        int pipe_fds[2], r = 0;

        brig_assert(s->n_fds <= SPAWN_MAX_FDS);
        if (s->flags & SPAWN_STORAGE) {
                if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                        return -errno;
                start.go = go_in = pipe_fds[0];
                start.go_out = go_out = pipe_fds[1];
        }
        char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (stack == MAP_FAILED)
                return -errno;
        child.pid = clone(child_main, stack + STACK_BYTES, clone_flags(s), &start, &child.pidfd);
        r = child.pid < 0 ? -errno : start.error;
        (void)munmap(stack, STACK_BYTES); /* our own copy, or the child has left it by exec */
        if (child.pid < 0)
                return r;
        if (r >= 0 && (s->flags & SPAWN_STORAGE))
                r = write_maps_and_go(s, child.pid, go_out);
        if (r < 0) {
                child_kill(&child, SIGKILL);
                (void)child_wait(&child);
                return r;
        }
        *ret = child;
        return 0;
}

void child_kill(const Child *c, int signo)
{
        if (c->pidfd >= 0)
                BRIG_IGNORE(brig_pidfd_send_signal(c->pidfd, signo)); /* ESRCH: it has ended already */
}

int child_wait(Child *c)
{
        ProcessEnd end = { .exit_code = -ECHILD };
        int r = c->pid > 0 ? brig_process_wait(c->pidfd, &end) : 0;

        *c = (Child){ .pidfd = brig_close(c->pidfd) };
        return r < 0 ? r : end.exit_code;
}
