/*
 * Starting: STATE write (durable unless auto-removed) ▸ LAUNCH ▸ STATE write.
 * The first write says that brigd was asked; whoever opens the database after a
 * crash in between asks brigd what became of it (reconcile.c).
 */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <signal.h>

/* Docker's exit codes of a container that never ran. */
static const struct { BrigErrorKind kind; int exit_code; } launch_codes[] = {
        { BRIG_ERR_COMMAND_NOT_FOUND, 127 }, { BRIG_ERR_COMMAND_NOT_EXEC, 126 },
};
#define EXIT_LAUNCH_FAILED 128

/* What the docker command line looks for to turn a failure into its own exit code. */
static const struct { BrigErrorKind kind; const char *words; } launch_words[] = {
        { BRIG_ERR_COMMAND_NOT_FOUND, "executable file not found in $PATH" }, { BRIG_ERR_COMMAND_NOT_EXEC, "permission denied" },
};

typedef struct Launch { int32_t pid; uint32_t range_base; int64_t started_at; char *warnings; } Launch;

static void copy_launched(void *context, const WireMessage *m)
{
        Launch *l = context;

        if (m->type != WIRE_LAUNCHED)
                return;
        *l = (Launch){ .pid = m->launched.pid, .range_base = m->launched.range_base, .started_at = (int64_t)m->launched.started_at,
                       .warnings = brig_str_dup(brig_str_empty(m->launched.warnings) ? NULL : m->launched.warnings) };
}

static int refuse_state(const Container *c, BrigError *err)
{
        /* With the turn, only a launch of an engine before this one can be under way. */
        if (c->run.starting)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EAGAIN, "container %s is being started since before the engine's own start, try again", c->id);
        switch (c->run.state) {
        case CONTAINER_RUNNING:
                return brig_error_set(err, BRIG_ERR_NOT_MODIFIED, EALREADY, "container %s is already running", c->id);
        case CONTAINER_PAUSED:
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "cannot start a paused container, try unpause instead");
        case CONTAINER_REMOVING:
        case CONTAINER_DEAD:
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "container is marked for removal and cannot be started");
        default:
                return 0;
        }
}

/* The streams of waiting clients go with the launch, so that no byte of output is missed. */
static size_t take_pending(Container *c, PendingStream *streams)
{
        size_t n;

        pthread_mutex_lock(&c->engine->lock);
        n = c->n_pending;
        memcpy(streams, c->pending, n * sizeof *streams);
        c->n_pending = 0;
        pthread_mutex_unlock(&c->engine->lock);
        return n;
}

static void close_streams(PendingStream *streams, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                brig_close(streams[i].fd);
                free(streams[i].detach_keys);
        }
}

/* One set of detach keys travels: that of the first client that gave one. */
static void set_detach_keys(WireMessage *m, const PendingStream *streams, size_t n, char buffer[64])
{
        for (size_t i = 0; i < n; i++) {
                size_t len;

                if (streams[i].detach_keys && brig_detach_keys_parse(streams[i].detach_keys, buffer, &len, NULL) == 0) {
                        m->launch.detach_keys = (WireBytes){ .data = buffer, .len = len };
                        return;
                }
        }
}

static int ask_launch(Container *c, int plan_fd, Launch *ret, BrigError *err)
{
        PendingStream streams[BRIG_MAX_PENDING_STREAMS];
        size_t n = take_pending(c, streams);
        uint8_t bits[BRIG_MAX_PENDING_STREAMS];
        char keys[64];
        WireMessage m = { .type = WIRE_LAUNCH, .launch = { .id = c->id, .streams = { .data = bits, .len = n } }, .n_fds = 1 + n, .fds = { plan_fd } };
        int r;

        for (size_t i = 0; i < n; i++) {
                bits[i] = streams[i].streams;
                m.fds[1 + i] = streams[i].fd;
        }
        set_detach_keys(&m, streams, n, keys);
        r = brig_link_ask(c->engine->link, &m, copy_launched, ret, err);
        close_streams(streams, n);
        return r;
}

static int exit_code_of(BrigErrorKind kind)
{
        for (size_t i = 0; i < ARRAY_SIZE(launch_codes); i++)
                if (launch_codes[i].kind == kind)
                        return launch_codes[i].exit_code;
        return EXIT_LAUNCH_FAILED;
}

static void describe_failure(BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(launch_words); i++) {
                if (launch_words[i].kind == err->kind && !strstr(err->message, launch_words[i].words)) {
                        size_t len = strlen(err->message);

                        (void)snprintf(err->message + len, sizeof err->message - len, ": %s", launch_words[i].words);
                }
        }
        brig_error_prefix(err, "failed to create task for container");
}

/* The container stays what it was, with the reason and Docker's exit code. */
static void note_failure(Container *c, ContainerState before, const BrigError *failure)
{
        _cleanup_run_ ContainerRun next = { 0 };

        if (brig_run_copy(&next, &c->run) < 0)
                return;
        next.state = before == CONTAINER_CREATED ? CONTAINER_CREATED : CONTAINER_EXITED;
        next.starting = false;
        next.exit_code = exit_code_of(failure->kind);
        if (brig_str_set(&next.error, failure->message) < 0 || brig_container_commit(c, &next, false, NULL) < 0)
                brig_freep(&next.error); /* what is stored says "starting": the next engine finds out the same */
        pthread_mutex_lock(&c->engine->lock);
        c->run.starting = false;
        brig_container_drop_pending(c);
        brig_container_wake(c, false, failure->message);
        pthread_mutex_unlock(&c->engine->lock);
}

static int write_starting(Container *c, bool manual, BrigError *err)
{
        _cleanup_run_ ContainerRun next = { 0 };

        if (brig_run_copy(&next, &c->run) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "start container \"%.12s\"", c->id);
        brig_freep(&next.error);
        brig_freep(&next.warnings);
        next.starting = next.launched = true;
        if (manual) {
                next.manually_stopped = false;
                next.restart_count = 0;
        }
        return brig_container_commit(c, &next, true, err);
}

static int write_running(Container *c, Launch *l, BrigError *err)
{
        _cleanup_run_ ContainerRun next = { 0 };

        if (brig_run_copy(&next, &c->run) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "start container \"%.12s\"", c->id);
        next.state = CONTAINER_RUNNING;
        next.starting = false;
        next.pid = l->pid;
        next.range_base = l->range_base;
        next.started_at = l->started_at ? l->started_at : brig_now_realtime();
        next.exit_code = 0;
        next.oom_killed = false;
        next.warnings = TAKE_PTR(l->warnings);
        return brig_container_commit(c, &next, false, err);
}

/* It runs, but that cannot be written down: an engine that can't keep its word takes the container back. */
static int undo_launch(Container *c, ContainerState before, BrigError *err)
{
        BRIG_IGNORE(brig_container_signal(c, SIGKILL, WIRE_SIGNAL_ALL, NULL)); /* its end comes as EXITED, whose handling tries to write again */
        note_failure(c, before, err);
        return -(err->errnum ? err->errnum : EIO);
}

static int launch(Container *c, bool manual, BrigError *err)
{
        _cleanup_close_ int plan_fd = -EBADF;
        ContainerState before = c->run.state;
        Launch l = { 0 };
        int r = brig_container_plan(c, &plan_fd, err);

        if (r == 0)
                r = write_starting(c, manual, err);
        if (r < 0)
                return r;
        r = ask_launch(c, plan_fd, &l, err);
        if (r < 0) {
                /* without brigd nobody knows whether it runs; the next engine asks */
                describe_failure(err);
                if (!brig_link_gone(c->engine->link))
                        note_failure(c, before, err);
                return r;
        }
        r = write_running(c, &l, err);
        free(l.warnings);
        return r < 0 ? undo_launch(c, before, err) : 0;
}

int brig_container_launch(Container *c, bool manual, BrigError *err)
{
        BrigError own = BRIG_ERROR_INIT;
        int r = refuse_state(c, err);

        if (r < 0)
                return r;
        pthread_mutex_lock(&c->engine->lock);
        c->generation++;
        if (manual)
                c->restart_delay = 0;
        pthread_mutex_unlock(&c->engine->lock);
        r = launch(c, manual, err ? err : &own);
        if (r < 0) {
                /* old clients learn from this event, not from the answer, that there is nothing to wait for */
                if (!brig_link_gone(c->engine->link))
                        brig_container_emit_die(c);
                return r;
        }
        brig_health_begin(c);
        brig_container_emit(c, "start", NULL);
        return 0;
}

int brig_container_start(Engine *e, const char *ref, BrigError *err)
{
        _cleanup_(brig_container_give_backp) Container *c = NULL;
        BrigError own = BRIG_ERROR_INIT;
        BrigError *failure = err ? err : &own;
        int r;

        brig_container_await_attaching(e, ref);
        r = brig_container_take(e, ref, &c, failure);
        if (r < 0)
                return r;
        r = brig_container_launch(c, true, failure);
        if (r < 0 && c->definition.host.auto_remove && !brig_container_is_running(c) && !brig_link_gone(e->link))
                BRIG_IGNORE(brig_container_destroy(c, NULL)); /* the failure of the start is what the user has to hear */
        return r;
}
