/* A ring buffer, one mutex, two conditions. */
#include "api/conveyor.h"

#include <pthread.h>
#include <string.h>

struct Conveyor {
        pthread_mutex_t lock;
        pthread_cond_t filled, drained;
        size_t start, len;
        bool finished, abandoned;
        int error;
        char ring[BRIG_CONVEYOR_BYTES];
};

Conveyor *brig_conveyor_new(void)
{
        /* malloc, not calloc: the ring's pages are touched only as far as they are used */
        Conveyor *c = malloc(sizeof(Conveyor));

        if (!c)
                return NULL;
        memset(c, 0, offsetof(Conveyor, ring));
        brig_assert(pthread_mutex_init(&c->lock, NULL) == 0);
        brig_assert(pthread_cond_init(&c->filled, NULL) == 0);
        brig_assert(pthread_cond_init(&c->drained, NULL) == 0);
        return c;
}

Conveyor *brig_conveyor_free(Conveyor *c)
{
        if (!c)
                return NULL;
        (void)pthread_cond_destroy(&c->drained);
        (void)pthread_cond_destroy(&c->filled);
        (void)pthread_mutex_destroy(&c->lock);
        free(c);
        return NULL;
}

/* Copies what fits; the lock is held. */
static size_t store(Conveyor *c, const char *data, size_t len)
{
        size_t n = MIN2(len, BRIG_CONVEYOR_BYTES - c->len);
        size_t at = (c->start + c->len) % BRIG_CONVEYOR_BYTES;
        size_t first = MIN2(n, BRIG_CONVEYOR_BYTES - at);

        memcpy(c->ring + at, data, first);
        memcpy(c->ring, data + first, n - first);
        c->len += n;
        return n;
}

static size_t fetch(Conveyor *c, char *data, size_t len)
{
        size_t n = MIN2(len, c->len);
        size_t first = MIN2(n, BRIG_CONVEYOR_BYTES - c->start);

        memcpy(data, c->ring + c->start, first);
        memcpy(data + first, c->ring, n - first);
        c->start = (c->start + n) % BRIG_CONVEYOR_BYTES;
        c->len -= n;
        return n;
}

int brig_conveyor_put(Conveyor *c, const void *data, size_t len)
{
        const char *at = data;
        int r = 0;

        (void)pthread_mutex_lock(&c->lock);
        while (len > 0 && !c->abandoned) {
                size_t n = store(c, at, len);

                at += n;
                len -= n;
                if (n > 0)
                        (void)pthread_cond_signal(&c->filled);
                else
                        (void)pthread_cond_wait(&c->drained, &c->lock);
        }
        if (c->abandoned)
                r = -EPIPE;
        (void)pthread_mutex_unlock(&c->lock);
        return r;
}

void brig_conveyor_finish(Conveyor *c, int error)
{
        (void)pthread_mutex_lock(&c->lock);
        if (!c->finished) {
                c->finished = true;
                c->error = error < 0 ? -error : error;
        }
        (void)pthread_cond_signal(&c->filled);
        (void)pthread_mutex_unlock(&c->lock);
}

/* The lock is held. */
static void wait_filled(Conveyor *c)
{
        while (c->len == 0 && !c->finished)
                (void)pthread_cond_wait(&c->filled, &c->lock);
}

ssize_t brig_conveyor_get(Conveyor *c, void *data, size_t len)
{
        ssize_t r;

        (void)pthread_mutex_lock(&c->lock);
        wait_filled(c);
        if (c->len > 0) {
                r = (ssize_t)fetch(c, data, len);
                (void)pthread_cond_signal(&c->drained);
        } else
                r = -c->error;
        (void)pthread_mutex_unlock(&c->lock);
        return r;
}

bool brig_conveyor_wait(Conveyor *c)
{
        bool filled;

        (void)pthread_mutex_lock(&c->lock);
        wait_filled(c);
        filled = c->len > 0;
        (void)pthread_mutex_unlock(&c->lock);
        return filled;
}

void brig_conveyor_abandon(Conveyor *c)
{
        (void)pthread_mutex_lock(&c->lock);
        c->abandoned = true;
        c->len = 0;
        (void)pthread_cond_signal(&c->drained);
        (void)pthread_mutex_unlock(&c->lock);
}
