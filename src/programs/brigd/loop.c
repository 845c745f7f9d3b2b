#include "loop.h"
#include "base/clock.h"

int loop_init(Loop *l)
{
        *l = (Loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
        return l->epoll < 0 ? -errno : 0;
}

void loop_done(Loop *l)
{
        l->epoll = brig_close(l->epoll);
}

int loop_add(Loop *l, LoopSource *s, int fd, uint32_t events, LoopHandler handler, void *context)
{
        struct epoll_event e = { .events = events, .data.ptr = s };

        if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
                return -errno;
        *s = (LoopSource){ .fd = fd, .handler = handler, .context = context };
        return 0;
}

int loop_change(Loop *l, LoopSource *s, uint32_t events)
{
        struct epoll_event e = { .events = events, .data.ptr = s };

        return epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &e) < 0 ? -errno : 0;
}

void loop_remove(Loop *l, LoopSource *s)
{
        if (s->fd < 0)
                return;
        (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, s->fd, NULL); /* fails only when it is not there */
        s->fd = -EBADF;
}

void loop_clear_timer(Loop *l, LoopTimer *t)
{
        for (LoopTimer **at = &l->timers; *at; at = &(*at)->next)
                if (*at == t) {
                        *at = t->next;
                        break;
                }
        t->deadline = 0;
}

void loop_set_timer(Loop *l, LoopTimer *t, int64_t after, void (*handler)(void *context), void *context)
{
        LoopTimer **at = &l->timers;

        loop_clear_timer(l, t);
        *t = (LoopTimer){ .deadline = brig_now_monotonic() + after, .handler = handler, .context = context };
        while (*at && (*at)->deadline <= t->deadline)
                at = &(*at)->next;
        t->next = *at;
        *at = t;
}

/* Milliseconds until the first deadline, rounded up; -1 without one. */
static int next_timeout(const Loop *l)
{
        if (!l->timers)
                return -1;
        int64_t left = l->timers->deadline - brig_now_monotonic();
        int64_t ms = (left + BRIG_NSEC_PER_MSEC - 1) / BRIG_NSEC_PER_MSEC;
        return (int)(ms < 0 ? 0 : MIN2(ms, (int64_t)60000));
}

static void run_due_timers(Loop *l)
{
        while (l->timers && l->timers->deadline <= brig_now_monotonic()) {
                LoopTimer *t = l->timers;
                loop_clear_timer(l, t);
                t->handler(t->context);
        }
}

int loop_run(Loop *l)
{
        while (!l->stop) {
                struct epoll_event e;
                int n = epoll_wait(l->epoll, &e, 1, next_timeout(l));

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        LoopSource *s = e.data.ptr;
                        s->handler(s->context, e.events);
                }
                run_due_timers(l);
        }
        return 0;
}
