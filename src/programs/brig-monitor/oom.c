#include "oom.h"

#include "base/strings.h"
#include "sys/fd.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>

static int memory_dir(const Cgroup *cgroup)
{
        for (size_t i = 0; i < cgroup->n_dirs; i++)
                if (streq(cgroup->dirs[i].controller, "memory"))
                        return cgroup->dirs[i].dir_fd;
        return -EBADF;
}

static void open_v1(OomWatch *w, int dir)
{
        _cleanup_close_ int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        char text[32];

        w->file = openat(dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
        (void)snprintf(text, sizeof text, "%d %d", event, w->file);
        if (event >= 0 && w->file >= 0 && brig_file_write(dir, "cgroup.event_control", text) >= 0)
                w->fd = TAKE_FD(event);
}

void oom_watch_open(OomWatch *w, const Cgroup *cgroup)
{
        int v1 = memory_dir(cgroup), v2 = brig_cgroup_clone_fd(cgroup);

        *w = (OomWatch){ .cgroup = cgroup, .source = LOOP_SOURCE_INIT, .fd = -EBADF, .file = -EBADF };
        if (v1 >= 0)
                open_v1(w, v1);
        else if (v2 >= 0)
                w->fd = openat(v2, "memory.events", O_RDONLY | O_CLOEXEC);
        if (w->fd < 0)
                w->fd = -EBADF;
}

static void drain(int fd)
{
        char text[512];

        (void)lseek(fd, 0, SEEK_SET); /* the kernel notes a new event only after a read from the start; an eventfd has no position */
        BRIG_IGNORE(read(fd, text, sizeof text));
}

#define LOOKS 40u
#define LOOK_EVERY_MS 25

int oom_watch_look(OomWatch *w)
{
        uint64_t kills = w->looks > 0 ? brig_cgroup_oom_kills(w->cgroup) : w->seen;

        if (kills > w->seen) {
                w->seen = kills;
                w->looks = 0;
                w->killed(w->context);
        }
        if (w->looks > 0)
                w->looks--;
        return w->looks > 0 ? LOOK_EVERY_MS : -1;
}

/* The v1 event says that the limit was hit; whether somebody was killed the counter tells, a moment later or never. */
static void on_event(void *context, uint32_t events)
{
        OomWatch *w = context;

        drain(w->fd);
        w->looks = LOOKS;
        (void)oom_watch_look(w); /* the loop asks again */
}

int oom_watch_start(OomWatch *w, Loop *loop, void (*killed)(void *context), void *context)
{
        w->killed = killed;
        w->context = context;
        w->source.handle = on_event;
        w->source.context = w;
        if (w->fd < 0)
                return 0;
        drain(w->fd);
        return loop_add(loop, &w->source, w->fd, w->file >= 0 ? EPOLLIN : EPOLLPRI);
}

void oom_watch_done(OomWatch *w)
{
        w->fd = brig_close(w->fd);
        w->file = brig_close(w->file);
}
