#pragma once
/*
 * The containers that brigd looks after: from LAUNCH until the last trace of
 * their run is gone. (A container that is stopped is not here; it lives in
 * brig-api's database, its files below containers/ and uppers/.)
 *
 *   STARTING ──LAUNCHED──▶ RUNNING ──EXITED──▶ EXITED ──EXIT_ACK──▶ ENDING ──monitor gone, cgroup empty──▶ (freed)
 *      │ ERROR                │ monitor died                          ▲
 *      └──────────────────────┼──▶ LOST ──cgroup empty──▶ EXITED      │
 *      └──────────────────────┴───────────────────────────────────────┘
 *
 * Only the end gives the id range back: an id is never used by two. An exit is
 * kept, and told to every brig-api that comes, until one has stored it.
 */
#include "brigd.h"

typedef enum ContainerPhase {
        CONTAINER_STARTING = 1,
        CONTAINER_RUNNING,
        CONTAINER_LOST,          /* its monitor died; the rest is being killed */
        CONTAINER_EXITED,        /* nobody has stored the exit yet */
        CONTAINER_ENDING,        /* waits for the monitor's end and an empty cgroup */
} ContainerPhase;

/* In exec-root/c: an empty file beside the socket says that the container is frozen. */
#define CONTAINER_PAUSED_SUFFIX ".paused"

#define CONTAINERS_MAX 20000u
#define CONTAINER_MAX_PENDING 64
#define LAUNCH_MAX_STREAMS (BRIG_WIRE_MAX_FDS - BRIG_WIRE_START_FDS)

/* Who asked: a reply goes back under this serial, if that brig-api still lives. */
typedef struct Asker { uint32_t generation, serial; } Asker;

/* A request that was passed on to the monitor. */
typedef struct Pending {
        uint32_t serial;         /* on the monitor's link; 0: free */
        WireType type;
        Asker asker;
} Pending;

/* A LAUNCH, copied out of its message. */
typedef struct Launch {
        BrigId id;
        Asker asker;
        int plan;
        int stream_fds[LAUNCH_MAX_STREAMS];
        char streams[LAUNCH_MAX_STREAMS];
        size_t n_streams;
        char keys[64];
        size_t n_keys;
        bool ephemeral;          /* the plan says so */
        bool cleaned;            /* what a former run had left is being ended */
} Launch;

typedef struct Container {
        Brigd *d;
        BrigId id;
        ContainerPhase phase;
        bool paused, oom;
        bool recovered;          /* an earlier brigd started it: nobody waits for the answer to its LAUNCH */
        bool answered;           /* recovered: the monitor has said what it is doing */
        uint32_t range_base;     /* 0: none */
        int32_t pid, exit_code;
        uint64_t started_at, finished_at;
        char *reason;

        Child monitor;
        LoopSource monitor_source;
        WireChannel link;
        LoopSource link_source;
        uint32_t last_serial;
        Pending pending[CONTAINER_MAX_PENDING];

        Launch *next;            /* the next run waits for the end of this one */
        LoopTimer timer;
        unsigned attempts;       /* of the timer's work */
} Container;

Container *container_get(Brigd *d, const char *id);
/* New and in the map; NULL when out of memory. */
Container *container_new(Brigd *d, const char *id);
/* Out of the map and freed; nothing is cleaned up. As a map's free function. */
void container_free(void *container);

/* Path of its socket: what the registry of id ranges knows the container by. free(3). */
char *container_socket_path(const Brigd *d, const char *id);

/* Whether any is on its way out: brigd ends behind these. */
bool containers_ending(const Brigd *d);

/* launch.c: takes *l (freed). The reply goes to its asker. */
void container_launch(Brigd *d, Launch *l);
Launch *launch_free(Launch *l);

/* monitor.c: the monitor's end of things. */
int container_watch(Container *c) _must_use_;   /* puts link and pidfd into the loop */
/* Passes a request of brig-api on; replies itself when that is impossible. */
void container_relay(Container *c, WireMessage *m);
/* A recovered container: handles what its monitor says until it has told its status, `until` (monotonic ns) at most. */
void container_await_status(Container *c, int64_t until);
/* Closes the link; the monitor is killed if it lives. */
void container_drop_monitor(Container *c);

/* ending.c */
void container_lost(Container *c);              /* the monitor is gone without having reported an exit */
void container_exited(Container *c);            /* c's exit fields are set: tell it */
void container_acknowledge(Container *c);       /* brig-api has stored the exit */
void container_end(Container *c);               /* to ENDING: frees everything as soon as possible */
void container_monitor_gone(Container *c);      /* the process has ended */

/* Remembers across brigds whether it is frozen. */
int container_mark_paused(Container *c, bool paused) _must_use_;

/* What brig-api is told. */
void container_tell_status(const Container *c, uint32_t serial);
void container_tell_exit(const Container *c);
