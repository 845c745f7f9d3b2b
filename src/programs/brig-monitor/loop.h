#pragma once
/*
 * The one place where a monitor waits. Sources are embedded in what they belong
 * to; one event is handled per round, so a handler may remove and free any source.
 */
#include "base/macros.h"
#include <sys/epoll.h>

typedef struct LoopSource {
        int fd;                  /* borrowed; -EBADF: not watched */
        uint32_t events;
        void (*handle)(void *context, uint32_t events);
        void *context;
} LoopSource;
#define LOOP_SOURCE_INIT { .fd = -EBADF }

typedef struct Loop { int epoll; bool ended; } Loop;

int loop_init(Loop *l) _must_use_;
void loop_done(Loop *l);
/* s->handle and s->context are set by the caller. */
int loop_add(Loop *l, LoopSource *s, int fd, uint32_t events) _must_use_;
/* Changes what is waited for; 0 keeps the source but only errors and hang-ups wake it. */
void loop_want(Loop *l, LoopSource *s, uint32_t events);
void loop_remove(Loop *l, LoopSource *s);
/* Waits at most timeout_ms (-1: for ever) and handles one event. */
int loop_once(Loop *l, int timeout_ms) _must_use_;
