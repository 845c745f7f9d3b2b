/*
 * Standard streams: a terminal or pipes, made inside (P for pid 1, E for itself),
 * so that they belong to container root and can be given to the payload's user;
 * the other ends travel to M. What M keeps never has a path.
 */
#include "runtime/process-internal.h"

#include "sys/fd.h"
#include "sys/path.h"
#include "sys/tty.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define HAS_TERMINAL (1u << 3)
#define PIPE_SIZE (1 << 20)

void brig_runtime_stdio_close(RuntimeStdio *s)
{
        s->input = brig_close(s->input);
        s->output = brig_close(s->output);
        s->error = brig_close(s->error);
        s->terminal = brig_close(s->terminal);
}

int brig_process_take_stdio(RuntimeStdio *s, BirthMessage *m, BrigError *err)
{
        int *const slots[] = { &s->input, &s->output, &s->error, &s->terminal };
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
                if (!(m->packet.kind & 1u << i))
                        continue;
                if (n == m->n_fds)
                        return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "a standard stream was named but did not come");
                (void)brig_close(*slots[i]);
                *slots[i] = TAKE_FD(m->fds[n]);
                n++;
        }
        return 0;
}

static int open_terminal(Launch *l, BrigError *err)
{
        _cleanup_close_ int master = -EBADF;
        int r;

        if (l->devpts_fd < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, ENOTTY, "a terminal was asked for, but the container has no /dev/pts");
        r = brig_tty_open(l->devpts_fd, &master, &l->terminal);
        if (r >= 0 && (l->plan->tty_rows || l->plan->tty_cols))
                r = brig_tty_resize(master, l->plan->tty_rows, l->plan->tty_cols);
        if (r >= 0)
                r = brig_birth_send_kind(l->link, BIRTH_STDIO, HAS_TERMINAL, &master, 1);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot open a terminal");
        for (size_t i = 0; i < ARRAY_SIZE(l->stdio); i++)
                l->stdio[i] = l->terminal;
        return 0;
}

/* The real null device of the container's /dev; an image or a volume cannot put another file in its place unnoticed. */
static int open_null(const Launch *l)
{
        int fd = open(l->plan->kind == PLAN_KIND_CONTAINER ? STAGING_DEV "/null" : "/dev/null", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) {
                (void)brig_close(fd);
                return -ENODEV;
        }
        return fd;
}

static int open_pipes(Launch *l, BrigError *err)
{
        int ours[3] = { -EBADF, -EBADF, -EBADF }, r = 0;
        uint32_t kind = 0;
        size_t n = 0;

        for (int i = 0; r >= 0 && i < 3; i++) {
                int ends[2];

                if (i == 0 && !(l->plan->flags & PLAN_F_STDIN_OPEN)) {
                        l->stdio[0] = open_null(l);
                        r = l->stdio[0];
                        continue;
                }
                if (pipe2(ends, O_CLOEXEC) < 0) {
                        r = -errno;
                        continue;
                }
                (void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE); /* a smaller pipe only costs more wake-ups */
                l->stdio[i] = ends[i == 0 ? 0 : 1];
                ours[n++] = ends[i == 0 ? 1 : 0];
                kind |= 1u << i;
        }
        if (r >= 0)
                r = brig_birth_send_kind(l->link, BIRTH_STDIO, kind, ours, n);
        for (size_t i = 0; i < n; i++)
                (void)brig_close(ours[i]);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot make the standard streams") : 0;
}

int brig_step_stdio_open(Launch *l, BrigError *err)
{
        return l->plan->flags & PLAN_F_TTY ? open_terminal(l, err) : open_pipes(l, err);
}

/* /dev/console is the container's own terminal, bound from its descriptor. */
int brig_step_console(Launch *l, BrigError *err)
{
        _cleanup_close_ int fd = -EBADF, target = -EBADF;
        int r;

        if (l->terminal < 0)
                return 0;
        fd = brig_mount_clone(l->terminal, "", false);
        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, fd, "cannot clone the terminal");
        target = brig_path_make_file_in(l->root_fd, "/dev/console", 0620);
        r = target < 0 ? target : brig_mount_attach(fd, target, "");
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot mount /dev/console") : 0;
}

/* The payload may open its own streams again by /proc/self/fd: they must be its user's. */
static int give_stream(const Launch *l, int fd)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISFIFO(st.st_mode) && fd != l->terminal)
                return 0;
        return fchown(fd, l->uid, (gid_t)-1) < 0 ? -errno : 0;
}

/*
 * Before anything of the image or the plan is looked up. Close-on-exec comes too
 * late: working directory, program, its "#!" line and its ELF interpreter are
 * opened by names that may go through /proc/self/fd (CVE-2024-21626).
 */
static int close_rest(Launch *l)
{
        const int keep[] = { 0, 1, 2, l->link, l->proc_fd };
        int r = brig_fd_close_except(keep, ARRAY_SIZE(keep));

        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(l->stdio); i++)
                l->stdio[i] = -EBADF;
        l->terminal = l->peer = l->waiter_link = l->root_fd = l->devpts_fd = -EBADF;
        return 0;
}

int brig_step_session(Launch *l, BrigError *err)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(l->stdio); i++)
                r = give_stream(l, l->stdio[i]);
        if (r >= 0)
                r = l->terminal >= 0 ? brig_tty_control(l->terminal) : setsid() < 0 ? -errno : 0;
        for (int i = 0; r >= 0 && i < 3; i++)
                r = dup2(l->stdio[i], i) < 0 ? -errno : 0;
        if (r >= 0)
                r = close_rest(l);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot set up the standard streams") : 0;
}
