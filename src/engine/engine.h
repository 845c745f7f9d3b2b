#pragma once
/*
 * The domain: containers, exec sessions, events, and the way to brigd. No HTTP,
 * no root. Every function is thread-safe; those marked (blocks) may wait for
 * long and return early with -ECANCELED when `cancel` turns readable/hung up.
 *
 * Truth: the in-memory tables; each change is written to the state database
 * before it is acknowledged (durable unless the container is auto-removed).
 */
#include "base/buffer.h"
#include "base/id.h"
#include "base/map.h"
#include "engine/definition.h"
#include "image/image.h"
#include "wire/wire.h"

typedef struct Engine Engine;

typedef struct EngineOptions {
        const char *data_root, *exec_root;
        int channel_fd;                /* to brigd; taken */
        const char *default_profile;   /* "standard" */
        const char *disable;           /* test builds only, else "" */
        /* from daemon.json; 0 or NULL: Brig's default */
        int64_t default_pids, default_nofile, default_memory, log_max_size; uint32_t log_max_files; uint32_t shutdown_timeout_s;
        char *const *labels; bool init;
} EngineOptions;

/* Opens state, greets brigd, reconciles what runs with what is stored, applies restart policies. */
int brig_engine_open(const EngineOptions *o, Engine **ret, BrigError *err) _must_use_;
/* Ends every call that blocks, now and from now on, with -ECANCELED: before a server waits for its threads. */
void brig_engine_cancel(Engine *e);
/* No other thread may use e any more. */
Engine *brig_engine_close(Engine *e);
BRIG_DEFINE_CLEANUP(Engine *, brig_engine_close)
ImageStore *brig_engine_images(Engine *e);
const EngineOptions *brig_engine_options(const Engine *e);
/* The descriptor that hangs up when brigd is gone: brig-api ends then. */
int brig_engine_wait_brigd(Engine *e);

/* --- containers ------------------------------------------------------- */

typedef enum ContainerState { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_PAUSED, CONTAINER_RESTARTING, CONTAINER_REMOVING, CONTAINER_EXITED, CONTAINER_DEAD } ContainerState;
const char *brig_container_state_name(ContainerState s);

typedef enum HealthStatus { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY } HealthStatus;
typedef struct HealthProbe { int64_t start, end; int64_t exit_code; char *output; } HealthProbe;

/* A consistent copy of one container for readers (list, inspect): brig_container_view_free. */
typedef struct ContainerView {
        BrigId id;
        char *name;                    /* without slash */
        ContainerState state;
        int pid;
        int exit_code;
        bool oom_killed, dead;
        char *error;                   /* State.Error */
        int64_t created, started_at, finished_at;  /* ns, 0 never */
        int64_t restart_count;
        char *image_id, *image_name;   /* sha256:…, and as the user wrote it */
        char *path; char **args;       /* argv split as Docker's Path and Args */
        char *profile;                 /* standard, compat, hardened */
        uint32_t range_base;
        char *warnings;
        char *log_path, *data_dir;
        const ContainerDefinition *definition;  /* immutable, shared; lives as long as the view */
        char **exec_ids;
        HealthStatus health; int64_t health_failing; HealthProbe *probes; size_t n_probes;
        void *_owner;
} ContainerView;
ContainerView *brig_container_view_free(ContainerView *v);
BRIG_DEFINE_CLEANUP(ContainerView *, brig_container_view_free)

/* name may be NULL (a generated adjective_name). definition is taken on success. ret_warnings: strv, may be NULL vector. */
typedef struct CreateRequest { const char *name; const char *platform; ContainerDefinition *definition; } CreateRequest;
int brig_container_create(Engine *e, const CreateRequest *r, BrigId ret_id, char ***ret_warnings, BrigError *err) _must_use_;
/* ref everywhere: full id, unique id prefix, name with or without slash. Errors as Docker's: "No such container: x", "multiple IDs found with provided prefix: x". */
int brig_container_get(Engine *e, const char *ref, ContainerView **ret, BrigError *err) _must_use_;
int brig_container_start(Engine *e, const char *ref, BrigError *err) _must_use_;            /* NOT_MODIFIED when running */
/* timeout_s: -1 for the container's (else 10 s), 0 kills at once; signal NULL: the container's. (blocks) */
int brig_container_stop(Engine *e, const char *ref, const char *signal, int64_t timeout_s, BrigError *err) _must_use_;
int brig_container_restart(Engine *e, const char *ref, const char *signal, int64_t timeout_s, BrigError *err) _must_use_;
int brig_container_kill(Engine *e, const char *ref, const char *signal, BrigError *err) _must_use_;
int brig_container_pause(Engine *e, const char *ref, bool pause, BrigError *err) _must_use_;
int brig_container_rename(Engine *e, const char *ref, const char *name, BrigError *err) _must_use_;
int brig_container_resize(Engine *e, const char *ref, uint32_t rows, uint32_t cols, BrigError *err) _must_use_;
typedef struct RemoveRequest { bool force, volumes, link; } RemoveRequest;
int brig_container_remove(Engine *e, const char *ref, const RemoveRequest *r, BrigError *err) _must_use_;
typedef enum WaitCondition { WAIT_NOT_RUNNING, WAIT_NEXT_EXIT, WAIT_REMOVED } WaitCondition;
/* Two steps, so that `docker run` can register before it starts the container: begin never blocks, finish does. */
typedef struct ContainerWait ContainerWait;
int brig_container_wait_begin(Engine *e, const char *ref, WaitCondition c, ContainerWait **ret, BrigError *err) _must_use_;
int brig_container_wait_finish(ContainerWait *w, int cancel_fd, int *ret_exit_code, char **ret_error, BrigError *err) _must_use_; /* (blocks); frees w always; cancel_fd -1: none */
int brig_container_wait_poll_fd(ContainerWait *w);   /* readable when finish would not block */
/* Host pids of all its processes (free(3)); NOT running is a CONFLICT "Container x is not running". */
int brig_container_pids(Engine *e, const char *ref, int32_t **ret, size_t *ret_n, BrigError *err) _must_use_;
/* Lines "key<TAB>value" read back from the kernel now. free(3). */
int brig_container_readback(Engine *e, const char *ref, char **ret, BrigError *err) _must_use_;

typedef struct ListRequest { bool all; int64_t limit; bool size; const json_t *filters; /* docker's filters, decoded: {"name": ["x"]} or {"name": {"x": true}} */ } ListRequest;
int brig_container_list(Engine *e, const ListRequest *r, ContainerView ***ret, BrigError *err) _must_use_;  /* newest first, NULL-terminated */
ContainerView **brig_container_views_free(ContainerView **v);
int brig_container_prune(Engine *e, const json_t *filters, char ***ret_ids, int64_t *ret_bytes, BrigError *err) _must_use_;

/* Attach: fd is a stream socket of the client (taken); the monitor serves it from then on. A created container keeps it until start. */
typedef struct AttachRequest { int fd; bool stdin_, stdout_, stderr_, stream, logs; const char *detach_keys; /* NULL: ctrl-p,ctrl-q */ } AttachRequest;
/* Step one checks (so that the HTTP answer can still be an error), step two hands over. */
int brig_container_attach_check(Engine *e, const char *ref, bool *ret_tty, BrigError *err) _must_use_;
int brig_container_attach(Engine *e, const char *ref, const AttachRequest *r, BrigError *err) _must_use_;

/* --- exec sessions ---------------------------------------------------- */

typedef struct ExecConfig {
        bool attach_stdin, attach_stdout, attach_stderr, tty, privileged;
        char *user, *working_dir, *detach_keys; char **env, **cmd;
        int64_t console_size[2];
} ExecConfig;
typedef struct ExecView { BrigId id, container_id; bool running; bool has_exit_code; int exit_code; int pid; const ExecConfig *config; void *_owner; } ExecView;
int brig_exec_read(const json_t *body, ExecConfig *ret, BrigError *err) _must_use_;
void brig_exec_config_clear(ExecConfig *c);
int brig_exec_create(Engine *e, const char *container, ExecConfig *config, BrigId ret_id, BrigError *err) _must_use_; /* takes *config on success */
int brig_exec_get(Engine *e, const char *id, ExecView **ret, BrigError *err) _must_use_;
ExecView *brig_exec_view_free(ExecView *v);
BRIG_DEFINE_CLEANUP(ExecView *, brig_exec_view_free)
int brig_exec_check(Engine *e, const char *id, BrigError *err) _must_use_;   /* startable? 404, 409 as Docker */
int brig_exec_start(Engine *e, const char *id, int stream_fd /* taken; -1 detached */, const int64_t console_size[2], BrigError *err) _must_use_;
int brig_exec_resize(Engine *e, const char *id, uint32_t rows, uint32_t cols, BrigError *err) _must_use_;

/* --- events ----------------------------------------------------------- */

typedef struct Event { uint64_t sequence; int64_t time; const char *type, *action, *actor_id; JsonPairs attributes; unsigned refs; } Event;
void brig_engine_emit(Engine *e, const char *type, const char *action, const char *actor_id, const JsonPairs *attributes);
/*
 * Cursor over events with docker's filters, from `since` to `until` (ns, 0: now on / without end).
 * next: 1 an event (owned by the cursor until the next call), 0 the end, -ETIMEDOUT after timeout_ms, -ECANCELED. (blocks)
 */
typedef struct EventCursor EventCursor;
int brig_events_open(Engine *e, int64_t since, int64_t until, const json_t *filters, EventCursor **ret, BrigError *err) _must_use_;
int brig_events_next(EventCursor *c, int timeout_ms, const Event **ret) _must_use_;
EventCursor *brig_events_close(EventCursor *c);
BRIG_DEFINE_CLEANUP(EventCursor *, brig_events_close)

/* --- logs ------------------------------------------------------------- */

typedef struct LogRequest { bool follow, stdout_, stderr_, timestamps, details; int64_t since, until; int64_t tail; /* -1 all */ } LogRequest;
typedef struct LogReader LogReader;
/* Reads the json-file logs (and rotated ones, oldest first). */
int brig_logs_open(Engine *e, const char *ref, const LogRequest *r, LogReader **ret, bool *ret_tty, BrigError *err) _must_use_;
/* Appends framed (non-tty: 8-byte header per entry) or raw bytes to out (up to about 64 KiB). 1 more, 0 end, -ETIMEDOUT (follow, nothing new), negative error. (blocks up to timeout_ms) */
int brig_logs_next(LogReader *l, int timeout_ms, BrigBuffer *out) _must_use_;
LogReader *brig_logs_close(LogReader *l);
BRIG_DEFINE_CLEANUP(LogReader *, brig_logs_close)

/* An ImageInUseFn: whether a container uses the image; context is the Engine. */
int brig_engine_image_in_use(void *engine, const char *image_id, char ret_container[16]);

typedef struct EngineCounts { unsigned containers, running, paused, stopped, images; } EngineCounts;
void brig_engine_counts(Engine *e, EngineCounts *ret);
/* Filters: decodes docker's query parameter (both forms) and matches. */
int brig_filters_parse(const char *text, json_t **ret, BrigError *err) _must_use_;
bool brig_filters_match(const json_t *filters, const char *name, const char *value);   /* no such filter: true */
bool brig_filters_match_labels(const json_t *filters, const char *name, const JsonPairs *labels);
bool brig_filters_has(const json_t *filters, const char *name);
/* BRIG_ERR_INVALID "invalid filter 'x'" for a name not in the NULL-terminated list. */
int brig_filters_check(const json_t *filters, const char *const *allowed, BrigError *err) _must_use_;
