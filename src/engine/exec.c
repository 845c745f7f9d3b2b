/*
 * Exec sessions: made, then started once. They live in memory only: a session
 * without its engine has no client, and the monitor ends it with its container.
 */
#include "engine/definition-internal.h"
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <signal.h>
#include <sys/eventfd.h>

/* Sessions that a container remembers; the oldest that do not run go first. */
#define MAX_SESSIONS 128
#define EXIT_WITH_CONTAINER 137
#define START_PATIENCE (10 * BRIG_NSEC_PER_SEC)

struct ExecSession {
        unsigned refs;
        BrigId id;
        Container *container;           /* a reference */
        ExecSession *next;              /* in container->execs */
        ExecConfig config;
        bool internal;                  /* a health probe: no events, not shown */
        bool started, running, ended;
        int exit_code, pid;
        int done_fd;                    /* eventfd of an internal one */
};

/* --- config ------------------------------------------------------------- */

#define CONFIG(n, k, member) JSON_FIELD(n, k, ExecConfig, member, 0)
static const JsonField config_fields[] = {
        CONFIG("AttachStdin", BOOL, attach_stdin),
        CONFIG("AttachStdout", BOOL, attach_stdout),
        CONFIG("AttachStderr", BOOL, attach_stderr),
        CONFIG("Tty", BOOL, tty),
        CONFIG("Privileged", BOOL, privileged),
        CONFIG("User", STRING, user),
        CONFIG("WorkingDir", STRING, working_dir),
        CONFIG("DetachKeys", STRING, detach_keys),
        CONFIG("Env", STRV, env),
        CONFIG("Cmd", STRING_OR_STRV, cmd),
        JSON_END,
};

/* [rows, columns], or nothing. */
static int read_console_size(const json_t *size, int64_t ret[2], BrigError *err)
{
        if (!size || json_is_null(size))
                return 0;
        for (size_t i = 0; i < 2; i++) {
                const json_t *n = json_array_get(size, i);

                if (!json_is_integer(n) || json_integer_value(n) < 0 || json_integer_value(n) > UINT16_MAX || json_array_size(size) != 2)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ConsoleSize: expected two numbers, height and width");
                ret[i] = json_integer_value(n);
        }
        return 0;
}

int brig_exec_read(const json_t *body, ExecConfig *ret, BrigError *err)
{
        ExecConfig c;
        char keys[64];
        size_t n_keys;
        int r;

        brig_json_init(config_fields, &c, sizeof c);
        r = brig_json_read(body, config_fields, &c, sizeof c, 0, err);
        if (r == 0 && brig_strv_len(c.cmd) == 0)
                r = brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "No exec command specified");
        if (r == 0)
                r = brig_definition_check_words("Env", c.env, err);
        if (r == 0)
                r = brig_definition_check_words("Cmd", c.cmd, err);
        if (r == 0 && !brig_str_empty(c.working_dir) && *c.working_dir != '/')
                r = brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the working directory '%s' is invalid, it needs to be an absolute path", c.working_dir);
        if (r == 0)
                r = brig_detach_keys_parse(c.detach_keys, keys, &n_keys, err);
        if (r == 0)
                r = read_console_size(json_object_get(body, "ConsoleSize"), c.console_size, err);
        if (r < 0) {
                brig_exec_config_clear(&c);
                return r;
        }
        *ret = c;
        return 0;
}

void brig_exec_config_clear(ExecConfig *c)
{
        brig_json_clear(config_fields, c);
}

/* --- sessions ----------------------------------------------------------- */

static ExecSession *session_unref(ExecSession *s)
{
        if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;
        brig_exec_config_clear(&s->config);
        brig_close(s->done_fd);
        brig_container_unref(s->container);
        free(s);
        return NULL;
}
BRIG_DEFINE_CLEANUP(ExecSession *, session_unref)

static ExecSession *session_ref(ExecSession *s)
{
        __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
        return s;
}

static ExecSession *session_new(Container *c)
{
        ExecSession *s = calloc(1, sizeof *s);

        if (!s)
                return NULL;
        s->refs = 1;
        s->done_fd = -EBADF;
        s->container = brig_container_ref(c);
        brig_id_random(s->id);
        return s;
}

/* Out of the map and the list; drops the list's reference. Engine.lock is held. */
static void session_forget(ExecSession *s)
{
        for (ExecSession **p = &s->container->execs; *p; p = &(*p)->next) {
                if (*p == s) {
                        *p = s->next;
                        brig_map_take(s->container->engine->execs, s->id);
                        session_unref(s);
                        return;
                }
        }
}

static void forget_oldest(Container *c)
{
        ExecSession *oldest = NULL;
        size_t n = 0;

        for (ExecSession *s = c->execs; s; s = s->next) {
                n++;
                if (!s->running && !s->internal)
                        oldest = s;
        }
        if (n >= MAX_SESSIONS && oldest)
                session_forget(oldest);
}

static int session_publish(ExecSession *s, BrigError *err)
{
        Container *c = s->container;
        int r;

        pthread_mutex_lock(&c->engine->lock);
        forget_oldest(c);
        r = c->published ? brig_map_put(c->engine->execs, s->id, s) : -ENOENT;
        if (r == 0) {
                s->next = c->execs;
                c->execs = session_ref(s);
        }
        pthread_mutex_unlock(&c->engine->lock);
        if (r == -ENOENT)
                return brig_container_unknown(c->id, err);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "make an exec session") : 0;
}

static int session_find(Engine *e, const char *id, ExecSession **ret, BrigError *err)
{
        ExecSession *s;

        pthread_mutex_lock(&e->lock);
        s = brig_map_get(e->execs, id);
        if (s)
                session_ref(s);
        pthread_mutex_unlock(&e->lock);
        if (!s)
                return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "No such exec instance: %s", id);
        *ret = s;
        return 0;
}

/* --- events ------------------------------------------------------------- */

static void emit(ExecSession *s, const char *action, bool with_command)
{
        _cleanup_free_ char *command = with_command ? brig_strv_join(s->config.cmd, " ") : NULL;
        _cleanup_free_ char *text = command ? brig_str_printf("%s: %s", action, command) : strdup(action);
        JsonPairs pairs = { 0 };
        char code[16];

        if (s->internal || !text)
                return;
        BRIG_IGNORE(brig_pairs_set(&pairs, "execID", s->id)); /* an event without its attributes is better than none */
        if (s->ended) {
                (void)snprintf(code, sizeof code, "%d", s->exit_code);
                BRIG_IGNORE(brig_pairs_set(&pairs, "exitCode", code));
        }
        brig_container_emit(s->container, text, &pairs);
        brig_pairs_clear(&pairs);
}

/* --- ends --------------------------------------------------------------- */

/* Engine.lock is held. */
static void session_end(ExecSession *s, int exit_code)
{
        if (s->ended)
                return;
        s->ended = s->started = true;
        s->running = false;
        s->exit_code = exit_code;
        s->pid = 0;
        pthread_cond_broadcast(&s->container->engine->exec_changed);
        if (s->done_fd >= 0)
                (void)eventfd_write(s->done_fd, 1); /* fails only at 2^64 - 1 */
}

void brig_exec_note_exit(Engine *e, const WireExecExited *m)
{
        _cleanup_(session_unrefp) ExecSession *s = NULL;

        if (session_find(e, m->exec_id, &s, NULL) < 0)
                return; /* of an engine before this one */
        pthread_mutex_lock(&e->lock);
        session_end(s, m->exit_code);
        pthread_mutex_unlock(&e->lock);
        emit(s, "exec_die", false);
}

void brig_exec_end_all(Container *c)
{
        for (ExecSession *s = c->execs; s; s = s->next)
                if (s->running)
                        session_end(s, EXIT_WITH_CONTAINER);
}

void brig_exec_forget_all(Container *c)
{
        while (c->execs)
                session_forget(c->execs);
}

char **brig_exec_ids(const Container *c)
{
        char **ids = NULL;

        for (const ExecSession *s = c->execs; s; s = s->next)
                if (!s->internal && s->running && brig_strv_push(&ids, s->id) < 0)
                        break; /* a shorter list: the sessions are there all the same */
        return ids;
}

/* --- create and look ---------------------------------------------------- */

static int refuse_state(const Container *c, BrigError *err)
{
        switch (c->run.state) {
        case CONTAINER_RUNNING:
                return 0;
        case CONTAINER_PAUSED:
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "container %s is paused, unpause the container before exec", c->id);
        case CONTAINER_RESTARTING:
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "container %s is restarting, wait until the container is running", c->id);
        default:
                return brig_error_set(err, BRIG_ERR_CONFLICT, EINVAL, "container %s is not running", c->id);
        }
}

static int check_state(Container *c, BrigError *err)
{
        int r;

        pthread_mutex_lock(&c->engine->lock);
        r = refuse_state(c, err);
        pthread_mutex_unlock(&c->engine->lock);
        return r;
}

int brig_exec_create(Engine *e, const char *ref, ExecConfig *config, BrigId ret_id, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        _cleanup_(session_unrefp) ExecSession *s = NULL;
        int r = brig_container_find(e, ref, &c, err);

        if (r == 0)
                r = check_state(c, err);
        if (r < 0)
                return r;
        s = session_new(c);
        if (!s)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "make an exec session");
        s->config = *config;
        r = session_publish(s, err);
        if (r < 0) {
                s->config = (ExecConfig){ 0 };
                return r;
        }
        *config = (ExecConfig){ 0 };
        memcpy(ret_id, s->id, sizeof s->id);
        emit(s, "exec_create", true);
        return 0;
}

/* Waits for a session that is being started, or is about to be: its client may know more of it than we do yet. Engine.lock is held. */
static bool await_started(ExecSession *s, bool unclaimed_too)
{
        Engine *e = s->container->engine;
        int64_t until = brig_now_monotonic() + START_PATIENCE;
        struct timespec ts = { .tv_sec = until / BRIG_NSEC_PER_SEC, .tv_nsec = until % BRIG_NSEC_PER_SEC };

        while (!s->ended && s->pid == 0 && (s->running || unclaimed_too) && brig_now_monotonic() < until)
                (void)pthread_cond_timedwait(&e->exec_changed, &e->lock, &ts); /* a timeout is looked at above */
        return s->running && s->pid > 0;
}

/*
 * A client asks for the exit code when its stream has ended, which may be before the end of the session has come
 * through brigd. One question to the monitor orders behind what it has said already: signal 0 is such a question.
 */
static void hear_monitor(ExecSession *s)
{
        Engine *e = s->container->engine;
        WireMessage m = { .type = WIRE_SIGNAL, .signal = { .id = s->container->id, .exec_id = s->id } };
        bool running;

        pthread_mutex_lock(&e->lock);
        running = await_started(s, false);
        pthread_mutex_unlock(&e->lock);
        if (running)
                BRIG_IGNORE(brig_link_ask(e->link, &m, NULL, NULL, NULL)); /* what it answers does not matter */
}

int brig_exec_get(Engine *e, const char *id, ExecView **ret, BrigError *err)
{
        _cleanup_(session_unrefp) ExecSession *s = NULL;
        ExecView *v;
        int r = session_find(e, id, &s, err);

        if (r < 0)
                return r;
        hear_monitor(s);
        v = calloc(1, sizeof *v);
        if (!v)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read exec session");
        memcpy(v->id, s->id, sizeof v->id);
        memcpy(v->container_id, s->container->id, sizeof v->container_id);
        pthread_mutex_lock(&e->lock);
        v->running = s->running;
        v->has_exit_code = s->ended;
        v->exit_code = s->exit_code;
        v->pid = s->pid;
        pthread_mutex_unlock(&e->lock);
        v->config = &s->config;
        v->_owner = TAKE_PTR(s);
        *ret = v;
        return 0;
}

ExecView *brig_exec_view_free(ExecView *v)
{
        if (v)
                session_unref(v->_owner);
        free(v);
        return NULL;
}

/* --- start -------------------------------------------------------------- */

static int refuse_started(const ExecSession *s, BrigError *err)
{
        if (s->ended)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EALREADY, "exec command %s has already run", s->id);
        if (s->started)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EALREADY, "exec command %s is already running", s->id);
        return refuse_state(s->container, err);
}

int brig_exec_check(Engine *e, const char *id, BrigError *err)
{
        _cleanup_(session_unrefp) ExecSession *s = NULL;
        int r = session_find(e, id, &s, err);

        if (r < 0)
                return r;
        pthread_mutex_lock(&e->lock);
        r = refuse_started(s, err);
        pthread_mutex_unlock(&e->lock);
        return r;
}

/* From here on nobody else can start it. */
static int claim(ExecSession *s, BrigError *err)
{
        int r;

        pthread_mutex_lock(&s->container->engine->lock);
        r = refuse_started(s, err);
        if (r == 0)
                s->started = s->running = true;
        pthread_mutex_unlock(&s->container->engine->lock);
        return r;
}

static void note_started(void *context, const WireMessage *m)
{
        if (m->type == WIRE_EXEC_STARTED)
                *(int *)context = m->exec_started.pid;
}

static uint32_t stream_bits(const ExecConfig *c)
{
        return (c->attach_stdin ? WIRE_STREAM_STDIN : 0u) | (c->attach_stdout ? WIRE_STREAM_STDOUT : 0u) | (c->attach_stderr ? WIRE_STREAM_STDERR : 0u);
}

static int ask_exec(ExecSession *s, int stream_fd, const int64_t size[2], BrigError *err)
{
        _cleanup_close_ int plan_fd = -EBADF;
        ExecPlan plan = { .exec_id = s->id, .config = &s->config, .rows = size[0], .cols = size[1] };
        WireMessage m = { .type = WIRE_EXEC, .exec = { .id = s->container->id, .exec_id = s->id, .rows = (uint32_t)size[0], .cols = (uint32_t)size[1] } };
        char keys[64];
        size_t n_keys;
        int pid = 0, r = brig_exec_plan(s->container, &plan, &plan_fd, err);

        if (r == 0)
                r = brig_detach_keys_parse(s->config.detach_keys, keys, &n_keys, err);
        if (r < 0)
                return r;
        m.exec.streams = stream_fd >= 0 ? stream_bits(&s->config) : 0;
        m.exec.detach_keys = (WireBytes){ .data = keys, .len = n_keys };
        m.fds[m.n_fds++] = plan_fd;
        if (stream_fd >= 0)
                m.fds[m.n_fds++] = stream_fd;
        r = brig_link_ask(s->container->engine->link, &m, note_started, &pid, err);
        if (r < 0)
                return r;
        pthread_mutex_lock(&s->container->engine->lock);
        /* its end may have been told already */
        if (!s->ended)
                s->pid = pid;
        pthread_cond_broadcast(&s->container->engine->exec_changed);
        pthread_mutex_unlock(&s->container->engine->lock);
        return 0;
}

static const struct { BrigErrorKind kind; int exit_code; const char *words; } failures[] = {
        { BRIG_ERR_COMMAND_NOT_FOUND, 127, "executable file not found in $PATH" },
        { BRIG_ERR_COMMAND_NOT_EXEC, 126, "permission denied" },
};

/* Docker's text and exit codes: the docker command line looks for them. */
static void note_failure(ExecSession *s, BrigError *err)
{
        int exit_code = 126;

        for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
                if (failures[i].kind != err->kind)
                        continue;
                exit_code = failures[i].exit_code;
                if (!strstr(err->message, failures[i].words)) {
                        size_t len = strlen(err->message);

                        (void)snprintf(err->message + len, sizeof err->message - len, ": %s", failures[i].words);
                }
        }
        brig_error_prefix(err, "OCI runtime exec failed");
        pthread_mutex_lock(&s->container->engine->lock);
        session_end(s, exit_code);
        pthread_mutex_unlock(&s->container->engine->lock);
}

int brig_exec_start(Engine *e, const char *id, int stream_fd, const int64_t console_size[2], BrigError *err)
{
        _cleanup_close_ int fd = stream_fd;
        _cleanup_(session_unrefp) ExecSession *s = NULL;
        BrigError own = BRIG_ERROR_INIT, *failure = err ? err : &own;
        int r = session_find(e, id, &s, failure);

        if (r < 0)
                return r;
        r = claim(s, failure);
        if (r == 0) {
                const int64_t *size = console_size && console_size[0] > 0 ? console_size : s->config.console_size;

                emit(s, "exec_start", true);
                r = ask_exec(s, fd, size, failure);
                if (r < 0)
                        note_failure(s, failure);
        }
        return r;
}

int brig_exec_resize(Engine *e, const char *id, uint32_t rows, uint32_t cols, BrigError *err)
{
        _cleanup_(session_unrefp) ExecSession *s = NULL;
        WireMessage m = { .type = WIRE_RESIZE, .resize = { .rows = rows, .cols = cols } };
        int r = session_find(e, id, &s, err);
        bool running;

        if (r < 0)
                return r;
        pthread_mutex_lock(&e->lock);
        running = await_started(s, true);
        pthread_mutex_unlock(&e->lock);
        if (!running)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EINVAL, "exec process is not running");
        m.resize.id = s->container->id;
        m.resize.exec_id = s->id;
        return brig_link_ask(e->link, &m, NULL, NULL, err);
}

/* --- probes ------------------------------------------------------------- */

int brig_exec_begin(Container *c, ExecConfig *config, int stream_fd, ExecSession **ret, BrigError *err)
{
        _cleanup_close_ int fd = stream_fd;
        _cleanup_(session_unrefp) ExecSession *s = session_new(c);
        static const int64_t no_size[2];
        int r;

        if (!s)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "make an exec session");
        s->internal = true;
        s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (s->done_fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "make an exec session");
        s->config = *config;
        *config = (ExecConfig){ 0 };
        r = session_publish(s, err);
        if (r == 0)
                r = claim(s, err);
        if (r == 0)
                r = ask_exec(s, fd, no_size, err);
        if (r < 0) {
                (void)brig_exec_finish(TAKE_PTR(s));
                return r;
        }
        *ret = TAKE_PTR(s);
        return 0;
}

int brig_exec_done_fd(const ExecSession *s)
{
        return s->done_fd;
}

int brig_exec_finish(ExecSession *s)
{
        Engine *e = s->container->engine;
        WireMessage kill = { .type = WIRE_SIGNAL, .signal = { .id = s->container->id, .exec_id = s->id, .signo = SIGKILL } };
        bool running;
        int code;

        pthread_mutex_lock(&e->lock);
        running = s->running && s->pid > 0;
        code = s->ended ? s->exit_code : -1;
        pthread_mutex_unlock(&e->lock);
        if (running)
                BRIG_IGNORE(brig_link_ask(e->link, &kill, NULL, NULL, NULL)); /* it may have ended by itself */
        pthread_mutex_lock(&e->lock);
        session_forget(s);
        pthread_mutex_unlock(&e->lock);
        session_unref(s);
        return code;
}
