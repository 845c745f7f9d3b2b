#pragma once
/*
 * brigd's only loop: descriptors by epoll, deadlines by a short list. Sources
 * and timers live inside the objects that own them. One event is taken at a
 * time, so a handler may free any object: no event that was fetched before
 * can still point at it.
 */
#include "base/macros.h"
#include <sys/epoll.h>

typedef void (*LoopHandler)(void *context, uint32_t events);

typedef struct LoopSource {
        int fd;                  /* borrowed; < 0: not in the loop */
        LoopHandler handler;
        void *context;
} LoopSource;
#define LOOP_SOURCE_INIT { .fd = -EBADF }

typedef struct LoopTimer LoopTimer;
struct LoopTimer {
        LoopTimer *next;
        int64_t deadline;        /* monotonic ns; 0: not set */
        void (*handler)(void *context);
        void *context;
};

typedef struct Loop {
        int epoll;
        LoopTimer *timers;
        bool stop;
} Loop;

int loop_init(Loop *l) _must_use_;
void loop_done(Loop *l);
/* Watches fd for `events` (EPOLLIN ...); -errno. */
int loop_add(Loop *l, LoopSource *s, int fd, uint32_t events, LoopHandler handler, void *context) _must_use_;
/* Changes what is watched. */
int loop_change(Loop *l, LoopSource *s, uint32_t events) _must_use_;
/* Before the descriptor is closed. Does nothing when it is not in the loop. */
void loop_remove(Loop *l, LoopSource *s);
/* Calls handler once, `after` ns from now; setting again moves the deadline. */
void loop_set_timer(Loop *l, LoopTimer *t, int64_t after, void (*handler)(void *context), void *context);
void loop_clear_timer(Loop *l, LoopTimer *t);
/* Runs until `stop`. 0 or -errno of epoll. */
int loop_run(Loop *l) _must_use_;
