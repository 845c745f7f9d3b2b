#include "tests/unit/engine/fake-brigd.h"

#include "base/clock.h"
#include "base/strings.h"
#include "tests/unit/cmocka-all.h"
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define PATIENCE (10 * BRIG_NSEC_PER_SEC)

/* --- answers ------------------------------------------------------------ */

void fake_send(FakeBrigd *b, WireMessage *m)
{
        pthread_mutex_lock(&b->lock);
        BRIG_IGNORE(brig_wire_send(&b->channel, m)); /* an engine that was closed hears nothing */
        pthread_mutex_unlock(&b->lock);
}

static void reply(FakeBrigd *b, const WireMessage *request, BrigErrorKind kind, const char *text)
{
        BrigError err = BRIG_ERROR_INIT;

        if (kind == BRIG_OK) {
                BRIG_IGNORE(brig_wire_send_ok(&b->channel, request->serial));
                return;
        }
        (void)brig_error_set(&err, kind, EIO, "%s", text ? text : "the test says so");
        BRIG_IGNORE(brig_wire_send_error(&b->channel, request->serial, &err));
}

/* Under the lock. */
static FakeContainer *row(FakeBrigd *b, const char *id, bool make)
{
        for (size_t i = 0; i < b->n; i++)
                if (streq(b->containers[i].id, id))
                        return &b->containers[i];
        if (!make)
                return NULL;
        assert_true(b->n < FAKE_MAX);
        (void)snprintf(b->containers[b->n].id, sizeof(BrigId), "%s", id);
        return &b->containers[b->n++];
}

static void tell_exit(FakeBrigd *b, FakeContainer *c)
{
        WireMessage m = { .type = WIRE_EXITED, .exited = { .id = c->id, .exit_code = c->exit_code, .finished_at = (uint64_t)c->finished_at, .reason = "" } };

        fake_send(b, &m);
}

static void end_container(FakeBrigd *b, FakeContainer *c, int exit_code)
{
        if (c->state != WIRE_STATE_RUNNING && c->state != WIRE_STATE_PAUSED)
                return;
        c->state = WIRE_STATE_EXITED;
        c->exit_code = exit_code;
        c->finished_at = brig_now_realtime();
        tell_exit(b, c);
}

static void on_launch(FakeBrigd *b, WireMessage *m)
{
        FakeContainer *c = row(b, m->launch.id, true);
        WireMessage launched = { .type = WIRE_LAUNCHED, .serial = m->serial, .launched = { .id = c->id, .pid = 4711, .range_base = 65536,
                                 .started_at = (uint64_t)brig_now_realtime(), .warnings = "" } };

        c->launches++;
        if (b->launch_error != BRIG_OK) {
                reply(b, m, b->launch_error, b->launch_message);
                return;
        }
        for (size_t i = 1; i < m->n_fds; i++) {
                c->bits[c->n_streams] = ((const uint8_t *)m->launch.streams.data)[i - 1];
                c->streams[c->n_streams++] = TAKE_FD(m->fds[i]);
        }
        c->state = WIRE_STATE_RUNNING;
        fake_send(b, &launched);
        if (b->exits_at_once)
                end_container(b, c, 3);
}

static void on_signal(FakeBrigd *b, WireMessage *m)
{
        FakeContainer *c = row(b, m->signal.id, false);

        if (!c || (c->state != WIRE_STATE_RUNNING && c->state != WIRE_STATE_PAUSED)) {
                reply(b, m, BRIG_ERR_CONFLICT, "is not running");
                return;
        }
        if (m->signal.signo == 0) {
                reply(b, m, BRIG_OK, NULL);
                return;
        }
        c->signals++;
        c->last_signal = m->signal.signo;
        reply(b, m, BRIG_OK, NULL);
        if (*m->signal.exec_id) {
                WireMessage ended = { .type = WIRE_EXEC_EXITED, .exec_exited = { .id = c->id, .exec_id = m->signal.exec_id, .exit_code = 128 + m->signal.signo } };

                fake_send(b, &ended);
        } else if (m->signal.signo == SIGKILL || (m->signal.signo == SIGTERM && b->dies_of_term)) {
                end_container(b, c, 128 + m->signal.signo);
        }
}

static void on_exec(FakeBrigd *b, WireMessage *m)
{
        FakeContainer *c = row(b, m->exec.id, true);
        WireMessage started = { .type = WIRE_EXEC_STARTED, .serial = m->serial, .exec_started = { .id = c->id, .exec_id = c->exec_id, .pid = 4712 } };
        WireMessage ended = { .type = WIRE_EXEC_EXITED, .exec_exited = { .id = c->id, .exec_id = c->exec_id, .exit_code = b->exec_code } };

        (void)snprintf(c->exec_id, sizeof c->exec_id, "%s", m->exec.exec_id);
        if (b->exec_error != BRIG_OK) {
                reply(b, m, b->exec_error, NULL);
                return;
        }
        c->execs++;
        c->exec_stream = m->n_fds > 1 ? TAKE_FD(m->fds[1]) : -EBADF;
        fake_send(b, &started);
        if (!b->exec_output)
                return;
        if (c->exec_stream >= 0) {
                unsigned char header[8] = { 1, 0, 0, 0, 0, 0, (unsigned char)(strlen(b->exec_output) >> 8), (unsigned char)strlen(b->exec_output) };

                (void)send(c->exec_stream, header, sizeof header, MSG_NOSIGNAL);
                (void)send(c->exec_stream, b->exec_output, strlen(b->exec_output), MSG_NOSIGNAL);
        }
        fake_send(b, &ended);
        c->exec_stream = brig_close(c->exec_stream);
}

static void on_attach(FakeBrigd *b, WireMessage *m)
{
        FakeContainer *c = row(b, m->attach.id, true);

        c->bits[c->n_streams] = (uint8_t)m->attach.streams;
        c->streams[c->n_streams++] = TAKE_FD(m->fds[0]);
        reply(b, m, BRIG_OK, NULL);
}

static void on_pause(FakeBrigd *b, WireMessage *m)
{
        FakeContainer *c = row(b, m->pause.id, true);

        c->paused = m->pause.paused;
        c->state = m->pause.paused ? WIRE_STATE_PAUSED : WIRE_STATE_RUNNING;
        reply(b, m, BRIG_OK, NULL);
}

static void on_pids(FakeBrigd *b, WireMessage *m)
{
        int32_t pids[] = { 4711, 4712 };
        WireMessage list = { .type = WIRE_PID_LIST, .serial = m->serial, .pid_list = { .pids = { pids, sizeof pids } } };

        fake_send(b, &list);
}

static void on_readback(FakeBrigd *b, WireMessage *m)
{
        WireMessage report = { .type = WIRE_READBACK_REPORT, .serial = m->serial, .report = { .text = "seccomp\t2\n" } };

        fake_send(b, &report);
}

static void on_exit_ack(FakeBrigd *b, WireMessage *m)
{
        FakeContainer *c = row(b, m->id.id, true);

        c->acks++;
        c->state = 0;
}

static void on_remove(FakeBrigd *b, WireMessage *m)
{
        row(b, m->id.id, true)->removes++;
        reply(b, m, b->remove_error, NULL);
}

static void on_list(FakeBrigd *b, WireMessage *m)
{
        for (size_t i = 0; i < b->n; i++) {
                FakeContainer *c = &b->containers[i];
                WireMessage status = { .type = WIRE_STATUS, .serial = m->serial, .status = { .id = c->id, .state = c->state, .pid = 4713,
                                       .exit_code = c->exit_code, .started_at = 1, .finished_at = (uint64_t)c->finished_at } };

                if (c->state != 0)
                        fake_send(b, &status);
        }
        reply(b, m, BRIG_OK, NULL);
}

static void on_unpack(FakeBrigd *b, WireMessage *m)
{
        static const char line[] = "ok 5 1 0\n";

        b->unpacked++;
        assert_int_equal(write(m->fds[1], line, sizeof line - 1), sizeof line - 1);
        reply(b, m, BRIG_OK, NULL);
}

static void on_ok(FakeBrigd *b, WireMessage *m)
{
        b->layers_removed += m->type == WIRE_LAYER_REMOVE;
        reply(b, m, BRIG_OK, NULL);
}

static void on_hello(FakeBrigd *b, WireMessage *m)
{
        WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brigd", .id = "" } };

        fake_send(b, &hello);
        for (size_t i = 0; i < b->n; i++)
                if (b->containers[i].state == WIRE_STATE_EXITED)
                        tell_exit(b, &b->containers[i]);
}

static const struct { WireType type; void (*handle)(FakeBrigd *b, WireMessage *m); } handlers[] = {
        { WIRE_HELLO, on_hello }, { WIRE_LAUNCH, on_launch }, { WIRE_SIGNAL, on_signal }, { WIRE_EXEC, on_exec }, { WIRE_ATTACH, on_attach },
        { WIRE_PAUSE, on_pause }, { WIRE_PIDS, on_pids }, { WIRE_READBACK, on_readback }, { WIRE_EXIT_ACK, on_exit_ack }, { WIRE_REMOVE, on_remove },
        { WIRE_LIST, on_list }, { WIRE_UNPACK, on_unpack }, { WIRE_RESIZE, on_ok }, { WIRE_LAYER_LIST, on_ok }, { WIRE_LAYER_REMOVE, on_ok },
};

static void *serve(void *context)
{
        FakeBrigd *b = context;

        for (;;) {
                _cleanup_message_ WireMessage m = { 0 };

                if (brig_wire_receive(&b->channel, &m) <= 0)
                        return NULL;
                pthread_mutex_lock(&b->lock);
                for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
                        if (handlers[i].type == m.type)
                                handlers[i].handle(b, &m);
                pthread_cond_broadcast(&b->changed);
                pthread_mutex_unlock(&b->lock);
        }
}

/* --- the fixture -------------------------------------------------------- */

void fixture_start(Fixture *f)
{
        EngineOptions o = { .data_root = f->root, .exec_root = f->root };
        BrigError err = BRIG_ERROR_INIT;
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(brig_wire_channel_init(&f->brigd.channel, pair[0], WIRE_API_TO_BRIGD, WIRE_BRIGD_TO_API), 0);
        assert_int_equal(pthread_create(&f->brigd.thread, NULL, serve, &f->brigd), 0);
        o.channel_fd = pair[1];
        if (brig_engine_open(&o, &f->engine, &err) < 0)
                fail_msg("open: %s", err.message);
}

/* Every in-memory state of the engine is lost; closing writes nothing, so this is as good as kill -9. */
void fixture_stop(Fixture *f)
{
        f->engine = brig_engine_close(f->engine);
        (void)shutdown(f->brigd.channel.fd, SHUT_RDWR);
        assert_int_equal(pthread_join(f->brigd.thread, NULL), 0);
        brig_wire_channel_done(&f->brigd.channel);
}

void fixture_restart(Fixture *f)
{
        fixture_stop(f);
        fixture_start(f);
}

typedef struct Zeros { size_t left; } Zeros;

static ssize_t read_zeros(void *context, void *data, size_t len)
{
        Zeros *z = context;
        size_t n = MIN2(len, z->left);

        memset(data, 0, n);
        z->left -= n;
        return (ssize_t)n;
}

static void import_base(Fixture *f)
{
        char *changes[] = { (char *)"CMD [\"/bin/sh\"]", (char *)"ENV PATH=/bin IMAGE=yes", (char *)"LABEL from=image", NULL };
        Zeros zeros = { 10240 };
        ImageImport import = { .reference = "base:latest", .changes = changes };
        BrigError err = BRIG_ERROR_INIT;
        char id[72];

        if (brig_image_import(brig_engine_images(f->engine), &(ImageSource){ .read = read_zeros, .context = &zeros }, &import, id, &err) < 0)
                fail_msg("import: %s", err.message);
}

int fixture_setup(void **state)
{
        static const char *const folders[] = { "state", "blobs", "containers" };
        Fixture *f = calloc(1, sizeof *f);
        pthread_mutexattr_t recursive;
        char path[128];

        *state = f;
        (void)pthread_mutexattr_init(&recursive);
        (void)pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
        (void)pthread_mutex_init(&f->brigd.lock, &recursive);
        (void)pthread_cond_init(&f->brigd.changed, NULL);
        f->brigd.dies_of_term = true;
        (void)snprintf(f->root, sizeof f->root, "/tmp/brig-engine-XXXXXX");
        assert_non_null(mkdtemp(f->root));
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
                (void)snprintf(path, sizeof path, "%s/%s", f->root, folders[i]);
                assert_int_equal(mkdir(path, 0755), 0);
        }
        fixture_start(f);
        import_base(f);
        return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

int fixture_teardown(void **state)
{
        Fixture *f = *state;

        if (f->engine)
                fixture_stop(f);
        for (size_t i = 0; i < f->brigd.n; i++)
                for (size_t k = 0; k < f->brigd.containers[i].n_streams; k++)
                        brig_close(f->brigd.containers[i].streams[k]);
        (void)nftw(f->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        (void)pthread_cond_destroy(&f->brigd.changed);
        (void)pthread_mutex_destroy(&f->brigd.lock);
        free(f);
        return 0;
}

/* --- shorthands --------------------------------------------------------- */

json_t *json_of(const char *text)
{
        _cleanup_free_ char *copy = strdup(text);
        json_t *parsed;

        for (char *c = copy; *c; c++)
                *c = *c == '\'' ? '"' : *c;
        parsed = json_loads(copy, 0, NULL);
        if (!parsed)
                fail_msg("not JSON: %s", copy);
        return parsed;
}

void definition_of(const char *text, ContainerDefinition *ret)
{
        _cleanup_json_ json_t *body = json_of(text);
        BrigError err = BRIG_ERROR_INIT;

        if (brig_definition_read(body, ret, &err) < 0)
                fail_msg("%s: %s", text, err.message);
}

void must_create(Fixture *f, const char *name, const char *text, BrigId ret)
{
        ContainerDefinition d;
        CreateRequest request = { .name = name, .definition = &d };
        BrigError err = BRIG_ERROR_INIT;
        char **warnings = NULL;

        definition_of(text, &d);
        if (brig_container_create(f->engine, &request, ret, &warnings, &err) < 0)
                fail_msg("create %s: %s", text, err.message);
        brig_strv_free(warnings);
}

void must_start(Fixture *f, const char *ref)
{
        BrigError err = BRIG_ERROR_INIT;

        if (brig_container_start(f->engine, ref, &err) < 0)
                fail_msg("start %s: %s", ref, err.message);
}

FakeContainer *fake_find(FakeBrigd *b, const char *id)
{
        FakeContainer *c;

        pthread_mutex_lock(&b->lock);
        while (!(c = row(b, id, false)))
                pthread_cond_wait(&b->changed, &b->lock);
        pthread_mutex_unlock(&b->lock);
        return c;
}

void await_count(FakeBrigd *b, const unsigned *counter, unsigned n)
{
        pthread_mutex_lock(&b->lock);
        while (*counter < n)
                pthread_cond_wait(&b->changed, &b->lock);
        pthread_mutex_unlock(&b->lock);
}

void fake_exit(FakeBrigd *b, const char *id, int exit_code)
{
        FakeContainer *c = fake_find(b, id);

        pthread_mutex_lock(&b->lock);
        end_container(b, c, exit_code);
        pthread_mutex_unlock(&b->lock);
}

ContainerView *must_get(Fixture *f, const char *ref)
{
        ContainerView *v = NULL;
        BrigError err = BRIG_ERROR_INIT;

        if (brig_container_get(f->engine, ref, &v, &err) < 0)
                fail_msg("get %s: %s", ref, err.message);
        return v;
}

/* The engine has no wish to tell everybody of each state: looked at often, with an end. */
static void look_again(int64_t since, const char *what)
{
        if (brig_now_monotonic() - since > PATIENCE)
                fail_msg("waited too long for %s", what);
        (void)poll(NULL, 0, 1);
}

void await_state(Fixture *f, const char *ref, ContainerState s)
{
        int64_t since = brig_now_monotonic();

        for (;;) {
                _cleanup_(brig_container_view_freep) ContainerView *v = must_get(f, ref);

                if (v->state == s)
                        return;
                look_again(since, brig_container_state_name(s));
        }
}

void await_gone(Fixture *f, const char *ref)
{
        int64_t since = brig_now_monotonic();

        for (;;) {
                _cleanup_(brig_container_view_freep) ContainerView *v = NULL;

                if (brig_container_get(f->engine, ref, &v, NULL) < 0)
                        return;
                look_again(since, "the end of a container");
        }
}
