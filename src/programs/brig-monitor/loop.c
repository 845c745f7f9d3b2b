#include "loop.h"

int loop_init(Loop *l)
{
        *l = (Loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
        return l->epoll < 0 ? -errno : 0;
}

void loop_done(Loop *l)
{
        l->epoll = brig_close(l->epoll);
}

int loop_add(Loop *l, LoopSource *s, int fd, uint32_t events)
{
        struct epoll_event event = { .events = events, .data.ptr = s };

        if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
                return -errno;
        s->fd = fd;
        s->events = events;
        return 0;
}

void loop_want(Loop *l, LoopSource *s, uint32_t events)
{
        struct epoll_event event = { .events = events, .data.ptr = s };

        if (s->fd < 0 || s->events == events)
                return;
        /* Cannot fail for a descriptor that is watched. */
        brig_assert(epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &event) == 0);
        s->events = events;
}

void loop_remove(Loop *l, LoopSource *s)
{
        if (s->fd >= 0)
                (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, s->fd, NULL); /* fails only if it was closed before, which removed it */
        s->fd = -EBADF;
}

int loop_once(Loop *l, int timeout_ms)
{
        struct epoll_event event;
        int n = epoll_wait(l->epoll, &event, 1, timeout_ms);

        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        if (n == 1) {
                LoopSource *s = event.data.ptr;

                s->handle(s->context, event.events);
        }
        return 0;
}
