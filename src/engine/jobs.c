#include "engine/jobs-internal.h"

#include "base/clock.h"
#include <pthread.h>
#include <time.h>

/* A job may compile a seccomp profile or write to SQLite; only touched pages count. */
#define WORKER_STACK (512u << 10)
#define IDLE_NS (10 * BRIG_NSEC_PER_SEC)

typedef struct Job { int64_t due; uint64_t order; JobCall call; } Job;

struct Jobs {
        JobsOptions options;
        pthread_mutex_t lock;
        pthread_cond_t changed;         /* monotonic clock */
        pthread_cond_t ended;
        Job *heap;                      /* earliest first; equal times in the order they came */
        size_t n_heap, cap_heap;
        uint64_t order;
        unsigned threads, idle;
        bool going, closing;
};

static bool before(const Job *a, const Job *b)
{
        return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void swap(Job *a, Job *b)
{
        Job t = *a;

        *a = *b;
        *b = t;
}

static void sift_up(Jobs *j, size_t i)
{
        for (; i > 0 && before(&j->heap[i], &j->heap[(i - 1) / 2]); i = (i - 1) / 2)
                swap(&j->heap[i], &j->heap[(i - 1) / 2]);
}

static void sift_down(Jobs *j, size_t i)
{
        for (;;) {
                size_t least = i, left = 2 * i + 1, right = left + 1;

                if (left < j->n_heap && before(&j->heap[left], &j->heap[least]))
                        least = left;
                if (right < j->n_heap && before(&j->heap[right], &j->heap[least]))
                        least = right;
                if (least == i)
                        return;
                swap(&j->heap[i], &j->heap[least]);
                i = least;
        }
}

static Job pop(Jobs *j)
{
        Job first = j->heap[0];

        j->heap[0] = j->heap[--j->n_heap];
        sift_down(j, 0);
        return first;
}

static void *work(void *context);

/* A thread that cannot be had is no failure as long as there is one. */
static int add_thread(Jobs *j)
{
        pthread_attr_t attr;
        pthread_t thread;
        int r = pthread_attr_init(&attr);

        if (r == 0)
                r = pthread_attr_setstacksize(&attr, WORKER_STACK);
        if (r == 0)
                r = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        if (r == 0)
                r = pthread_create(&thread, &attr, work, j);
        (void)pthread_attr_destroy(&attr); /* glibc: cannot fail */
        if (r == 0)
                j->threads++;
        return r == 0 || j->threads > 0 ? 0 : -ENOMEM;
}

static struct timespec timespec_of(int64_t ns)
{
        return (struct timespec){ .tv_sec = ns / BRIG_NSEC_PER_SEC, .tv_nsec = ns % BRIG_NSEC_PER_SEC };
}

/* Waits for a due job; false when the thread is to end: closing, or idle for long while others are there. */
static bool next_job(Jobs *j, Job *ret)
{
        int64_t idle_until = brig_now_monotonic() + IDLE_NS;

        for (;;) {
                int64_t now = brig_now_monotonic(), until;
                struct timespec ts;

                if (j->closing)
                        return false;
                if (j->n_heap > 0 && j->heap[0].due <= now) {
                        *ret = pop(j);
                        /* Somebody must wait for the next one, however long this one takes. */
                        if (j->n_heap > 0 && j->idle == 0 && j->threads < j->options.max_threads)
                                (void)add_thread(j); /* one thread is there: this */
                        return true;
                }
                if (now >= idle_until && j->idle > 0)
                        return false;
                until = now + IDLE_NS;
                if (j->n_heap > 0)
                        until = MIN2(until, j->heap[0].due);
                ts = timespec_of(until);
                j->idle++;
                (void)pthread_cond_timedwait(&j->changed, &j->lock, &ts); /* a timeout is an answer as well */
                j->idle--;
        }
}

static void *work(void *context)
{
        Jobs *j = context;
        Job job;

        pthread_mutex_lock(&j->lock);
        while (next_job(j, &job)) {
                pthread_mutex_unlock(&j->lock);
                job.call.run(j->options.owner, job.call.context);
                pthread_mutex_lock(&j->lock);
        }
        j->threads--;
        pthread_cond_broadcast(&j->ended);
        pthread_mutex_unlock(&j->lock);
        return NULL;
}

static void drop(const JobCall *call)
{
        if (call->drop)
                call->drop(call->context);
}

Jobs *brig_jobs_new(const JobsOptions *o)
{
        Jobs *j = calloc(1, sizeof *j);
        pthread_condattr_t monotonic;

        if (!j)
                return NULL;
        j->options = *o;
        (void)pthread_condattr_init(&monotonic); /* glibc: none of these can fail */
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        (void)pthread_mutex_init(&j->lock, NULL);
        (void)pthread_cond_init(&j->changed, &monotonic);
        (void)pthread_cond_init(&j->ended, NULL);
        (void)pthread_condattr_destroy(&monotonic);
        return j;
}

void brig_jobs_go(Jobs *j)
{
        pthread_mutex_lock(&j->lock);
        j->going = true;
        if (j->n_heap > 0 && j->threads == 0)
                (void)add_thread(j); /* the next post tries again */
        pthread_mutex_unlock(&j->lock);
}

Jobs *brig_jobs_close(Jobs *j)
{
        if (!j)
                return NULL;
        pthread_mutex_lock(&j->lock);
        j->closing = true;
        pthread_cond_broadcast(&j->changed);
        while (j->threads > 0)
                pthread_cond_wait(&j->ended, &j->lock);
        pthread_mutex_unlock(&j->lock);
        for (size_t i = 0; i < j->n_heap; i++)
                drop(&j->heap[i].call);
        (void)pthread_cond_destroy(&j->changed);
        (void)pthread_cond_destroy(&j->ended);
        (void)pthread_mutex_destroy(&j->lock);
        free(j->heap);
        free(j);
        return NULL;
}

static int push(Jobs *j, const Job *job)
{
        if (j->n_heap == j->cap_heap) {
                size_t cap = j->cap_heap ? j->cap_heap * 2 : 16;
                Job *heap = reallocarray(j->heap, cap, sizeof *heap);

                if (!heap)
                        return -ENOMEM;
                j->heap = heap;
                j->cap_heap = cap;
        }
        j->heap[j->n_heap++] = *job;
        sift_up(j, j->n_heap - 1);
        return 0;
}

int brig_jobs_post(Jobs *j, int64_t due, const JobCall *call)
{
        int r = 0;

        pthread_mutex_lock(&j->lock);
        if (j->closing)
                r = -ESHUTDOWN;
        else if (j->going && j->idle == 0 && j->threads < j->options.max_threads)
                r = add_thread(j);
        if (r == 0)
                r = push(j, &(Job){ .due = due, .order = j->order++, .call = *call });
        if (r == 0)
                pthread_cond_signal(&j->changed);
        pthread_mutex_unlock(&j->lock);
        if (r < 0)
                drop(call);
        return r;
}
