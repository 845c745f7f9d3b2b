#pragma once
/*
 * What the files of a container share.
 *
 * A container has two parts: what never changes after create (definition, image,
 * profile; table "container") and its run (name, state, exit code ...; table "container_state").
 *
 * Locks, in the order in which they are taken:
 *   1. the container's turn (brig_container_begin .. _end): held over a whole operation that changes
 *      the run, with its questions to brigd and its writes to disk. Only the holder changes `run`.
 *   2. Engine.lock: guards every member here and the engine's maps. Held for moments:
 *      never while asking brigd, writing to the database or compiling.
 *   3. leaves: the database's, the link's, the event ring's, the job queues' own locks.
 */
#include "engine/engine.h"
#include "engine/jobs-internal.h"

#define BRIG_MAX_PENDING_STREAMS 10   /* clients attached to a container that has not started */
#define BRIG_HEALTH_PROBES 5

typedef struct Container Container;
typedef struct ExecSession ExecSession;

/* What changes in a container's life. Strings may be NULL. */
typedef struct ContainerRun {
        char *name, *error, *warnings;
        ContainerState state;
        int64_t pid, exit_code, started_at, finished_at, restart_count, range_base;
        bool oom_killed;
        bool manually_stopped;          /* by stop or kill: no restart by policy, and none of "unless-stopped" at engine start */
        bool starting;                  /* brigd was asked to launch, its answer is not written down yet */
        bool launched;                  /* brigd has something of it: a folder, an id range */
} ContainerRun;

typedef struct PendingStream { int fd; uint8_t streams; char *detach_keys; } PendingStream;

typedef struct HealthState {
        HealthStatus status;
        int64_t failing;
        HealthProbe probes[BRIG_HEALTH_PROBES];
        size_t n_probes;
        uint64_t generation;            /* of the run that is probed; 0: none */
        int64_t started;                /* monotonic */
} HealthState;

struct Container {
        unsigned refs;
        Engine *engine;
        BrigId id;
        int64_t created;
        char *image_id, *image_name, *profile;
        ContainerDefinition definition; /* merged with the image's */

        ContainerRun run;
        bool published;                 /* written to the database; until then only its name is taken */
        bool busy;                      /* somebody has its turn */
        bool hold_removal;              /* a restart is under way: the stop must not auto-remove */
        int plan_fd;                    /* compiled at create, used at the first start */
        int64_t plan_order;             /* age among kept plans */
        PendingStream pending[BRIG_MAX_PENDING_STREAMS];
        size_t n_pending;
        unsigned attaching;             /* clients whose attach was promised and is not done: a start waits for them */
        int64_t attach_until;           /* ... until then (ns, monotonic): a client may go away in between */
        ContainerWait *waits;
        int64_t restart_delay;          /* ns; 0: no restart so far, or a long run since */
        uint64_t generation;            /* counts starts and stops: tells timers that they are too late */
        HealthState health;
        ExecSession *execs;             /* newest first, one reference each */
};

/* --- container.c -------------------------------------------------------- */

Container *brig_container_ref(Container *c);
Container *brig_container_unref(Container *c);
BRIG_DEFINE_CLEANUP(Container *, brig_container_unref)
Container *brig_container_new(Engine *e, const char *id);
/* A new reference, by id, unique prefix of an id, or name. */
int brig_container_find(Engine *e, const char *ref, Container **ret, BrigError *err) _must_use_;
/* find, and begin; who was removed before the turn came is unknown. Give it back. */
int brig_container_take(Engine *e, const char *ref, Container **ret, BrigError *err) _must_use_;
/* Waits for the container's turn. */
void brig_container_begin(Container *c);
void brig_container_end(Container *c);
/* Ends the turn and drops the reference: the cleanup of brig_container_take. */
Container *brig_container_give_back(Container *c);
BRIG_DEFINE_CLEANUP(Container *, brig_container_give_back)
bool brig_container_is_running(const Container *c);     /* running, paused or restarting; Engine.lock or the turn */
/* The view of c; Engine.lock is held. NULL when out of memory. */
ContainerView *brig_container_view_new(Container *c);
/* "No such container: ref" */
int brig_container_unknown(const char *ref, BrigError *err);
/* Emits a container event with Docker's attributes (image, name, labels) and up to one more pair list. */
void brig_container_emit(Container *c, const char *action, const JsonPairs *more);

/* --- container-record.c ------------------------------------------------- */

int brig_run_copy(ContainerRun *dst, const ContainerRun *src) _must_use_;
void brig_run_clear(ContainerRun *run);
#define _cleanup_run_ _cleanup_(brig_run_clear)
/* Writes a new container (both tables, one transaction); durable unless it is auto-removed. */
int brig_container_store(Container *c, BrigError *err) _must_use_;
/* Writes next, then makes it c->run (next is cleared). The caller has the turn. */
int brig_container_commit(Container *c, ContainerRun *next, bool durable, BrigError *err) _must_use_;
/* Removes both rows. */
int brig_container_forget(Container *c, bool durable, BrigError *err) _must_use_;
/* Reads all containers of the database into the engine's maps. */
int brig_containers_load(Engine *e, BrigError *err) _must_use_;

/* --- container-plan.c --------------------------------------------------- */

/* The sealed plan of the container: the one that create made, else a new one. *ret_fd is the caller's. */
int brig_container_plan(Container *c, int *ret_fd, BrigError *err) _must_use_;
/* Compiles and keeps the plan. Create does it, so that what can't be carried out is refused there. */
int brig_container_prepare(Container *c, BrigError *err) _must_use_;
/* Closes a kept plan; Engine.lock is held. */
void brig_container_drop_plan(Container *c);

/* --- container-start.c -------------------------------------------------- */

/* Starts a container whose turn the caller has. manual: asked for by a user. */
int brig_container_launch(Container *c, bool manual, BrigError *err) _must_use_;

/* --- container-exit.c --------------------------------------------------- */

typedef struct ExitRecord { BrigId id; int exit_code; bool oom; int64_t started_at, finished_at; char *reason; } ExitRecord;
/* The event "die", with Docker's attributes. */
void brig_container_emit_die(Container *c);
/* Queues the end of a container; called on the reader thread. */
void brig_container_note_exit(Engine *e, const WireExited *m);
/* Queues what a monitor says of a run that an engine before this one asked for; called on the reader thread. */
void brig_container_note_status(Engine *e, const WireStatus *m);
/* Writes the end down, acknowledges it, wakes who waits, restarts or removes. Takes the turn. */
void brig_container_exited(Engine *e, const ExitRecord *record);

/* --- container-stop.c --------------------------------------------------- */

/* Sends one signal to the container's init (or all its processes). */
int brig_container_signal(Container *c, int signo, unsigned flags, BrigError *err) _must_use_;
int brig_container_stop_signal(const Container *c);
/* Kills it and waits until it is not running; without the turn. */
int brig_container_kill_and_wait(Container *c, BrigError *err) _must_use_;

/* --- container-remove.c ------------------------------------------------- */

/* Removes a container that is not running and whose turn the caller has. */
int brig_container_destroy(Container *c, BrigError *err) _must_use_;

/* --- container-wait.c --------------------------------------------------- */

/* Wakes those who wait for an exit, or (removed) everybody. Engine.lock is held. */
void brig_container_wake(Container *c, bool removed, const char *error);
/* Ends a wait that nobody finishes. */
void brig_container_wait_cancel(ContainerWait *w);
/* Waits at most timeout_ns (negative: for ever) until the container is not running. -ETIMEDOUT, or an error. */
int brig_container_await_stop(Container *c, int64_t timeout_ns, BrigError *err) _must_use_;

/* --- container-attach.c ------------------------------------------------- */

/* Closes what clients left with a container that will not start. Engine.lock is held. */
void brig_container_drop_pending(Container *c);
/* Waits until no promised attach is under way (a second at most): its client was answered and counts on seeing all. */
void brig_container_await_attaching(Engine *e, const char *ref);
/* "ctrl-p,ctrl-q" → bytes; NULL: the default. */
int brig_detach_keys_parse(const char *text, char ret[64], size_t *ret_len, BrigError *err) _must_use_;

/* --- restart.c ---------------------------------------------------------- */

int brig_restart_policy_check(const RestartPolicy *p, bool auto_remove, BrigError *err) _must_use_;
/* Whether the run that just ended is to be followed by another; sets c->restart_delay. Engine.lock is held. */
bool brig_restart_wanted(Container *c, const ContainerRun *ended);
/* Whether the engine starts it when it starts itself. */
bool brig_restart_at_open(const Container *c);
/* Queues the start after c->restart_delay. */
void brig_restart_schedule(Container *c);

/* --- health.c ----------------------------------------------------------- */

bool brig_health_configured(const ContainerDefinition *d);
/* Starts probing a run that began; Engine.lock is not held. */
void brig_health_begin(Container *c);
/* The run ended: probes of it come too late. Engine.lock is held. */
void brig_health_end(Container *c);
void brig_health_clear(HealthState *h);

/* --- exec.c ------------------------------------------------------------- */

void brig_exec_note_exit(Engine *e, const WireExecExited *m);
/* The container ended, and all its sessions with it. Engine.lock is held. */
void brig_exec_end_all(Container *c);
/* Forgets the sessions of a removed container. Engine.lock is held. */
void brig_exec_forget_all(Container *c);
/* Ids of its sessions; Engine.lock is held. NULL when there is none. */
char **brig_exec_ids(const Container *c);
/* Runs a command that no client asked for, its output into stream_fd. Takes both, also on failure. To be ended with brig_exec_finish. */
int brig_exec_begin(Container *c, ExecConfig *config, int stream_fd, ExecSession **ret, BrigError *err) _must_use_;
/* Readable when the session has ended. */
int brig_exec_done_fd(const ExecSession *s);
/* Kills what still runs, forgets the session; its exit code, or -1 when there is none. */
int brig_exec_finish(ExecSession *s);

/* --- exec-plan.c -------------------------------------------------------- */

typedef struct ExecPlan { const char *exec_id; const ExecConfig *config; int64_t rows, cols; } ExecPlan;
int brig_exec_plan(Container *c, const ExecPlan *p, int *ret_fd, BrigError *err) _must_use_;
