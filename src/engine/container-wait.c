/*
 * Waiting for a container to end. A wait is registered before what it waits
 * for can happen, then sleeps on an eventfd of its own: no lost wake-up, and a
 * server may poll it beside its client's connection.
 */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <poll.h>
#include <sys/eventfd.h>

struct ContainerWait {
        Container *container;
        ContainerWait *next;            /* in container->waits while not done */
        WaitCondition condition;
        int fd;
        bool done;
        int exit_code;
        char *error;
};

static ContainerWait *wait_free(ContainerWait *w)
{
        if (!w)
                return NULL;
        brig_close(w->fd);
        free(w->error);
        brig_container_unref(w->container);
        free(w);
        return NULL;
}
BRIG_DEFINE_CLEANUP(ContainerWait *, wait_free)

static void wait_done(ContainerWait *w, const char *error)
{
        w->done = true;
        w->exit_code = (int)w->container->run.exit_code;
        w->error = brig_str_dup(error); /* without memory the code alone is told */
        (void)eventfd_write(w->fd, 1); /* fails only at 2^64 - 1 */
}

void brig_container_wake(Container *c, bool removed, const char *error)
{
        for (ContainerWait **p = &c->waits, *w; (w = *p);) {
                if (w->condition == WAIT_REMOVED && !removed) {
                        p = &w->next;
                        continue;
                }
                *p = w->next;
                wait_done(w, error);
        }
}

static void wait_unlink(ContainerWait *w)
{
        for (ContainerWait **p = &w->container->waits; *p; p = &(*p)->next) {
                if (*p == w) {
                        *p = w->next;
                        return;
                }
        }
}

/* Takes the reference to c. */
static int wait_new(Container *c, WaitCondition condition, ContainerWait **ret, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *container = c;
        _cleanup_(wait_freep) ContainerWait *w = calloc(1, sizeof *w);

        if (!w)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "wait for container \"%.12s\"", c->id);
        w->condition = condition;
        w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (w->fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "wait for container \"%.12s\"", c->id);
        w->container = TAKE_PTR(container);
        pthread_mutex_lock(&c->engine->lock);
        if ((condition == WAIT_NOT_RUNNING && !brig_container_is_running(c)) || !c->published) {
                wait_done(w, NULL);
        } else {
                w->next = c->waits;
                c->waits = w;
        }
        pthread_mutex_unlock(&c->engine->lock);
        *ret = TAKE_PTR(w);
        return 0;
}

int brig_container_wait_begin(Engine *e, const char *ref, WaitCondition condition, ContainerWait **ret, BrigError *err)
{
        Container *c;
        int r = brig_container_find(e, ref, &c, err);

        return r < 0 ? r : wait_new(c, condition, ret, err);
}

int brig_container_wait_poll_fd(ContainerWait *w)
{
        return w->fd;
}

static int timeout_left(int64_t deadline)
{
        int64_t left = (deadline - brig_now_monotonic() + BRIG_NSEC_PER_MSEC - 1) / BRIG_NSEC_PER_MSEC;

        return (int)(left < 0 ? 0 : MIN2(left, INT64_C(3600000)));
}

/* 0: done; -ETIMEDOUT, -ECANCELED (cancel_fd or the engine), -EPIPE (brigd is gone). deadline 0: none. */
static int wait_sleep(ContainerWait *w, int cancel_fd, int64_t deadline)
{
        Engine *e = w->container->engine;
        struct pollfd fds[] = {
                { .fd = w->fd, .events = POLLIN }, { .fd = cancel_fd, .events = POLLIN | POLLRDHUP },
                { .fd = e->cancel_fd, .events = POLLIN }, { .fd = brig_link_hangup_fd(e->link), .events = POLLIN },
        };

        for (;;) {
                int n = poll(fds, ARRAY_SIZE(fds), deadline == 0 ? -1 : timeout_left(deadline));

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0 && fds[0].revents)
                        return 0;
                if (n > 0 && (fds[1].revents || fds[2].revents))
                        return -ECANCELED;
                if (n > 0 && fds[3].revents)
                        return -EPIPE;
                if (n == 0 && deadline != 0 && brig_now_monotonic() >= deadline)
                        return -ETIMEDOUT;
        }
}

static int sleep_error(const ContainerWait *w, int r, BrigError *err)
{
        if (r == -EPIPE)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EPIPE, "the connection to brigd is gone");
        return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, r, "wait for container \"%.12s\"", w->container->id);
}

int brig_container_wait_finish(ContainerWait *given, int cancel_fd, int *ret_exit_code, char **ret_error, BrigError *err)
{
        _cleanup_(wait_freep) ContainerWait *w = given;
        Engine *e = w->container->engine;
        int r = wait_sleep(w, cancel_fd, 0);
        bool done;

        pthread_mutex_lock(&e->lock);
        done = w->done;
        if (!done)
                wait_unlink(w);
        pthread_mutex_unlock(&e->lock);
        if (!done)
                return sleep_error(w, r, err);
        *ret_exit_code = w->exit_code;
        if (ret_error)
                *ret_error = TAKE_PTR(w->error);
        return 0;
}

void brig_container_wait_cancel(ContainerWait *w)
{
        Engine *e = w ? w->container->engine : NULL;

        if (!w)
                return;
        pthread_mutex_lock(&e->lock);
        if (!w->done)
                wait_unlink(w);
        pthread_mutex_unlock(&e->lock);
        wait_free(w);
}

int brig_container_await_stop(Container *c, int64_t timeout_ns, BrigError *err)
{
        _cleanup_(wait_freep) ContainerWait *w = NULL;
        int r = wait_new(brig_container_ref(c), WAIT_NOT_RUNNING, &w, err);

        if (r < 0)
                return r;
        r = wait_sleep(w, -EBADF, timeout_ns < 0 ? 0 : brig_now_monotonic() + timeout_ns);
        pthread_mutex_lock(&c->engine->lock);
        if (w->done)
                r = 0;
        else
                wait_unlink(w);
        pthread_mutex_unlock(&c->engine->lock);
        return r < 0 && r != -ETIMEDOUT ? sleep_error(w, r, err) : r;
}
