#pragma once
/* Hears when the kernel kills for memory in the container: an eventfd on v1, the file memory.events on v2. */
#include "loop.h"
#include "runtime/cgroup.h"

typedef struct OomWatch {
        const Cgroup *cgroup;
        LoopSource source;
        int fd, file;            /* owned */
        uint64_t seen;
        unsigned looks;          /* still to take: the v1 event comes before the counter moves */
        void (*killed)(void *context);
        void *context;
} OomWatch;

/* While still root. A host that cannot tell leaves the watch empty; the count at the end still tells what it can. */
void oom_watch_open(OomWatch *w, const Cgroup *cgroup);
int oom_watch_start(OomWatch *w, Loop *loop, void (*killed)(void *context), void *context) _must_use_;
/* Looks at the counter; ms until the next look is due, -1 when nothing is expected. */
int oom_watch_look(OomWatch *w);
void oom_watch_done(OomWatch *w);
