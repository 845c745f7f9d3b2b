/* A container's life: create, start, exit, stop, restart, remove, and the events and waits that go with them. */
#include "tests/unit/engine/fake-brigd.h"

#include "base/strings.h"
#include "tests/unit/cmocka-all.h"
#include <signal.h>
#include <sys/socket.h>

#define SIMPLE "{'Image':'base','Cmd':['true']}"

static int wait_for(ContainerWait *w)
{
        BrigError err = BRIG_ERROR_INIT;
        int code = -1;

        if (brig_container_wait_finish(w, -1, &code, NULL, &err) < 0)
                fail_msg("wait: %s", err.message);
        return code;
}

static ContainerWait *begin_wait(Fixture *f, const char *ref, WaitCondition condition)
{
        ContainerWait *w = NULL;

        assert_int_equal(brig_container_wait_begin(f->engine, ref, condition, &w, NULL), 0);
        return w;
}

static void assert_error(const BrigError *err, BrigErrorKind kind, const char *part)
{
        if (err->kind != kind || !strstr(err->message, part))
                fail_msg("kind %d, message \"%s\", expected %d and \"%s\"", err->kind, err->message, kind, part);
}

static void run_to_the_end(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        ContainerWait *w;
        BrigId id;

        must_create(f, "one", SIMPLE, id);
        v = must_get(f, "one");
        assert_int_equal(v->state, CONTAINER_CREATED);
        assert_string_equal(v->path, "true");
        assert_string_equal(v->profile, "standard");
        brig_container_view_free(v);
        w = begin_wait(f, "one", WAIT_NEXT_EXIT);
        must_start(f, "one");
        v = must_get(f, id);
        assert_int_equal(v->state, CONTAINER_RUNNING);
        assert_int_equal(v->pid, 4711);
        assert_int_equal(v->range_base, 65536);
        brig_container_view_free(v);
        fake_exit(&f->brigd, id, 42);
        assert_int_equal(wait_for(w), 42);
        v = must_get(f, "/one");
        assert_int_equal(v->state, CONTAINER_EXITED);
        assert_int_equal(v->exit_code, 42);
        assert_int_equal(v->pid, 0);
        assert_true(v->finished_at >= v->started_at && v->started_at >= v->created);
        brig_container_view_free(v);
        await_count(&f->brigd, &fake_find(&f->brigd, id)->acks, 1);
}

static void the_image_is_merged(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        must_create(f, "merged", "{'Image':'base','Env':['A=1','PATH=/own'],'Labels':{'x':'y'}}", id);
        v = must_get(f, id);
        assert_string_equal(v->path, "/bin/sh");
        assert_string_equal(brig_strv_env_get(v->definition->config.env, "PATH"), "/own");
        assert_string_equal(brig_strv_env_get(v->definition->config.env, "IMAGE"), "yes");
        assert_string_equal(brig_pairs_get(&v->definition->config.labels, "from"), "image");
        assert_string_equal(brig_pairs_get(&v->definition->config.labels, "x"), "y");
        assert_int_equal(strlen(v->definition->config.hostname), 12);
        brig_container_view_free(v);
}

static void an_empty_entrypoint_takes_no_command_of_the_image(void **state)
{
        Fixture *f = *state;
        ContainerDefinition d;
        CreateRequest request = { .definition = &d };
        BrigError err = BRIG_ERROR_INIT;
        BrigId id;

        definition_of("{'Image':'base','Entrypoint':['']}", &d);
        assert_true(brig_container_create(f->engine, &request, id, NULL, &err) < 0);
        assert_error(&err, BRIG_ERR_INVALID, "no command specified");
        brig_definition_clear(&d);
}

static void names_are_unique_and_checked(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        ContainerDefinition d;
        CreateRequest request = { .name = "/twice", .definition = &d };
        ContainerView *v;
        BrigId id, other;

        must_create(f, "twice", SIMPLE, id);
        definition_of(SIMPLE, &d);
        assert_true(brig_container_create(f->engine, &request, other, NULL, &err) < 0);
        assert_error(&err, BRIG_ERR_CONFLICT, "Conflict. The container name \"/twice\" is already in use by container \"");
        assert_error(&err, BRIG_ERR_CONFLICT, id);
        request.name = "../etc";
        assert_true(brig_container_create(f->engine, &request, other, NULL, &err) < 0);
        assert_error(&err, BRIG_ERR_INVALID, "Invalid container name (../etc)");
        brig_definition_clear(&d);
        must_create(f, NULL, SIMPLE, other);
        v = must_get(f, other);
        assert_non_null(strchr(v->name, '_'));
        brig_container_view_free(v);

        assert_int_equal(brig_container_rename(f->engine, "twice", "thrice", NULL), 0);
        assert_true(brig_container_rename(f->engine, other, "thrice", &err) < 0);
        assert_error(&err, BRIG_ERR_CONFLICT, "\"/thrice\" is already in use");
        must_create(f, "twice", SIMPLE, other);
        fixture_restart(f);
        brig_container_view_free(must_get(f, "thrice"));
        brig_container_view_free(must_get(f, "twice"));
}

static void references_are_found_as_docker_finds_them(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        ContainerView *v = NULL;
        char prefix[13] = "";
        BrigId id;

        must_create(f, "found", SIMPLE, id);
        memcpy(prefix, id, 12);
        brig_container_view_free(must_get(f, prefix));
        assert_true(brig_container_get(f->engine, "nope", &v, &err) < 0);
        assert_error(&err, BRIG_ERR_NOT_FOUND, "No such container: nope");
        for (int i = 0; i < 17; i++)
                must_create(f, NULL, SIMPLE, id);
        /* with 18 random ids, two share their first character */
        for (const char *c = "0123456789abcdef"; *c; c++) {
                char one[2] = { *c, 0 };

                brig_error_clear(&err);
                if (brig_container_get(f->engine, one, &v, &err) == 0)
                        v = brig_container_view_free(v);
                else if (err.kind == BRIG_ERR_INVALID)
                        break;
        }
        assert_error(&err, BRIG_ERR_INVALID, "multiple IDs found with provided prefix: ");
}

static void a_failed_launch_leaves_the_container_created(void **state)
{
        static const struct { BrigErrorKind kind; int code; const char *message, *words; } rows[] = {
                { BRIG_ERR_COMMAND_NOT_FOUND, 127, "exec: \"x\"", "executable file not found in $PATH" },
                { BRIG_ERR_COMMAND_NOT_EXEC, 126, "exec: \"x\"", "permission denied" },
                { BRIG_ERR_DENIED, 128, "rule \"deny bind /\"", "rule \"deny bind /\"" },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                BrigError err = BRIG_ERROR_INIT;
                ContainerView *v;
                BrigId id;

                must_create(f, NULL, SIMPLE, id);
                f->brigd.launch_error = rows[i].kind;
                f->brigd.launch_message = rows[i].message;
                assert_true(brig_container_start(f->engine, id, &err) < 0);
                assert_error(&err, rows[i].kind, "failed to create task for container: ");
                assert_error(&err, rows[i].kind, rows[i].words);
                v = must_get(f, id);
                assert_int_equal(v->state, CONTAINER_CREATED);
                assert_int_equal(v->exit_code, rows[i].code);
                assert_non_null(v->error);
                brig_container_view_free(v);
                f->brigd.launch_error = BRIG_OK;
                must_start(f, id);
                v = must_get(f, id);
                assert_int_equal(v->state, CONTAINER_RUNNING);
                assert_null(v->error);
                brig_container_view_free(v);
        }
}

static void a_failed_start_of_an_auto_removed_one_removes_it(void **state)
{
        Fixture *f = *state;
        ContainerWait *w;
        BrigId id;

        must_create(f, "gone", "{'Image':'base','HostConfig':{'AutoRemove':true}}", id);
        w = begin_wait(f, "gone", WAIT_REMOVED);
        f->brigd.launch_error = BRIG_ERR_COMMAND_NOT_FOUND;
        assert_true(brig_container_start(f->engine, "gone", NULL) < 0);
        assert_int_equal(wait_for(w), 127);
        await_gone(f, id);
        assert_int_equal(fake_find(&f->brigd, id)->removes, 1);
}

static void auto_remove_after_the_exit(void **state)
{
        Fixture *f = *state;
        ContainerWait *w;
        BrigId id;

        f->brigd.exits_at_once = true;
        must_create(f, "rm", "{'Image':'base','HostConfig':{'AutoRemove':true}}", id);
        w = begin_wait(f, "rm", WAIT_REMOVED);
        must_start(f, "rm");
        assert_int_equal(wait_for(w), 3);
        await_gone(f, id);
        assert_int_equal(fake_find(&f->brigd, id)->acks, 1);
        assert_int_equal(fake_find(&f->brigd, id)->removes, 1);
        must_create(f, "rm", SIMPLE, id);
}

static void start_twice_is_not_modified(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        BrigId id;

        must_create(f, "twice", SIMPLE, id);
        must_start(f, "twice");
        assert_true(brig_container_start(f->engine, "twice", &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_NOT_MODIFIED);
        assert_int_equal(fake_find(&f->brigd, id)->launches, 1);
}

static void stop_sends_the_signal_then_kills(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        ContainerView *v;
        BrigId id;

        must_create(f, "polite", SIMPLE, id);
        must_start(f, id);
        assert_int_equal(brig_container_stop(f->engine, id, NULL, -1, NULL), 0);
        v = must_get(f, id);
        assert_int_equal(v->exit_code, 143);
        brig_container_view_free(v);
        assert_true(brig_container_stop(f->engine, id, NULL, -1, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_NOT_MODIFIED);

        f->brigd.dies_of_term = false;
        must_create(f, "stubborn", "{'Image':'base','StopSignal':'SIGQUIT','StopTimeout':1}", id);
        must_start(f, id);
        assert_int_equal(brig_container_stop(f->engine, id, NULL, -1, NULL), 0);
        assert_int_equal(fake_find(&f->brigd, id)->signals, 2);
        v = must_get(f, id);
        assert_int_equal(v->exit_code, 137);
        brig_container_view_free(v);
}

static void kill_takes_any_signal(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        BrigId id;

        must_create(f, "target", SIMPLE, id);
        assert_true(brig_container_kill(f->engine, "target", NULL, &err) < 0);
        assert_error(&err, BRIG_ERR_CONFLICT, "is not running");
        must_start(f, id);
        assert_true(brig_container_kill(f->engine, "target", "SIGNONSENSE", &err) < 0);
        assert_error(&err, BRIG_ERR_INVALID, "invalid signal: SIGNONSENSE");
        assert_int_equal(brig_container_kill(f->engine, "target", "HUP", NULL), 0);
        assert_int_equal(fake_find(&f->brigd, id)->last_signal, SIGHUP);
        await_state(f, id, CONTAINER_RUNNING);
        assert_int_equal(brig_container_kill(f->engine, "target", "9", NULL), 0);
        await_state(f, id, CONTAINER_EXITED);
}

static void pause_and_unpause(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        BrigId id;

        must_create(f, "cold", SIMPLE, id);
        assert_true(brig_container_pause(f->engine, id, true, &err) < 0);
        assert_error(&err, BRIG_ERR_CONFLICT, "is not running");
        must_start(f, id);
        assert_int_equal(brig_container_pause(f->engine, id, true, NULL), 0);
        assert_true(brig_container_pause(f->engine, id, true, &err) < 0);
        assert_error(&err, BRIG_ERR_CONFLICT, "is already paused");
        fixture_restart(f);
        await_state(f, id, CONTAINER_PAUSED);
        assert_int_equal(brig_container_stop(f->engine, id, NULL, 5, NULL), 0);
        assert_int_equal(fake_find(&f->brigd, id)->paused, 0);
        await_state(f, id, CONTAINER_EXITED);
}

static void remove_refuses_what_runs_unless_forced(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        BrigId id;

        must_create(f, "busy", SIMPLE, id);
        must_start(f, id);
        assert_true(brig_container_remove(f->engine, "busy", &(RemoveRequest){ 0 }, &err) < 0);
        assert_error(&err, BRIG_ERR_CONFLICT, "container is running: stop the container before removing or force remove");
        assert_int_equal(brig_container_remove(f->engine, "busy", &(RemoveRequest){ .force = true }, NULL), 0);
        await_gone(f, id);
        assert_int_equal(fake_find(&f->brigd, id)->removes, 1);
        assert_true(brig_container_remove(f->engine, "busy", &(RemoveRequest){ 0 }, &err) < 0);
        assert_error(&err, BRIG_ERR_NOT_FOUND, "No such container: busy");
}

static void a_removal_that_fails_can_be_repeated(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        ContainerWait *w;
        char *text = NULL;
        int code;
        BrigId id;

        must_create(f, "sticky", SIMPLE, id);
        f->brigd.exits_at_once = true;
        must_start(f, id);
        await_state(f, id, CONTAINER_EXITED);
        w = begin_wait(f, id, WAIT_REMOVED);
        f->brigd.remove_error = BRIG_ERR_INTERNAL;
        assert_true(brig_container_remove(f->engine, id, &(RemoveRequest){ 0 }, &err) < 0);
        assert_error(&err, BRIG_ERR_INTERNAL, "unable to remove container");
        assert_int_equal(brig_container_wait_finish(w, -1, &code, &text, NULL), 0);
        assert_non_null(text);
        free(text);
        await_state(f, id, CONTAINER_DEAD);
        f->brigd.remove_error = BRIG_OK;
        assert_int_equal(brig_container_remove(f->engine, id, &(RemoveRequest){ 0 }, NULL), 0);
        await_gone(f, id);
}

static void waits_can_be_cancelled(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        ContainerWait *w;
        int pair[2], code;
        BrigId id;

        must_create(f, "never", SIMPLE, id);
        must_start(f, id);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        w = begin_wait(f, id, WAIT_NOT_RUNNING);
        close(pair[1]);
        assert_int_equal(brig_container_wait_finish(w, pair[0], &code, NULL, &err), -ECANCELED);
        close(pair[0]);
        w = begin_wait(f, id, WAIT_NOT_RUNNING);
        brig_engine_cancel(f->engine);
        assert_int_equal(brig_container_wait_finish(w, -1, &code, NULL, &err), -ECANCELED);
}

/* docker run attaches before it starts: the stream travels with the launch; a client that went away takes no room. */
static void a_stream_waits_for_the_start(void **state)
{
        Fixture *f = *state;
        FakeContainer *c;
        int pair[2], dead[2];
        bool tty = true;
        BrigId id;

        must_create(f, "att", SIMPLE, id);
        assert_int_equal(brig_container_attach_check(f->engine, id, &tty, NULL), 0);
        assert_false(tty);
        for (int i = 0; i < 12; i++) {
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, dead), 0);
                assert_int_equal(brig_container_attach(f->engine, id, &(AttachRequest){ .fd = dead[0], .stdout_ = true, .stream = true }, NULL), 0);
                close(dead[1]);
        }
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(brig_container_attach(f->engine, id, &(AttachRequest){ .fd = pair[0], .stdin_ = true, .stdout_ = true, .stream = true }, NULL), 0);
        must_start(f, id);
        c = fake_find(&f->brigd, id);
        assert_int_equal(c->n_streams, 1);
        assert_int_equal(c->bits[0], WIRE_STREAM_STDIN | WIRE_STREAM_STDOUT);
        close(pair[1]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(brig_container_attach(f->engine, id, &(AttachRequest){ .fd = pair[0], .stderr_ = true, .stream = true }, NULL), 0);
        assert_int_equal(c->n_streams, 2);
        close(pair[1]);
}

static void events_tell_the_life(void **state)
{
        static const char *const expected[] = { "create", "start", "kill", "die", "stop", "destroy" };
        Fixture *f = *state;
        _cleanup_json_ json_t *filters = json_of("{'container':['told'],'type':['container']}");
        _cleanup_(brig_events_closep) EventCursor *c = NULL;
        const Event *ev;
        BrigId id;

        assert_int_equal(brig_events_open(f->engine, 0, 0, filters, &c, NULL), 0);
        must_create(f, "other", SIMPLE, id);
        must_create(f, "told", "{'Image':'base','Labels':{'a':'b'}}", id);
        must_start(f, id);
        assert_int_equal(brig_container_stop(f->engine, id, NULL, 5, NULL), 0);
        assert_int_equal(brig_container_remove(f->engine, id, &(RemoveRequest){ 0 }, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
                assert_int_equal(brig_events_next(c, 5000, &ev), 1);
                assert_string_equal(ev->action, expected[i]);
                assert_string_equal(ev->actor_id, id);
                assert_string_equal(brig_pairs_get(&ev->attributes, "name"), "told");
                assert_string_equal(brig_pairs_get(&ev->attributes, "image"), "base");
                assert_string_equal(brig_pairs_get(&ev->attributes, "a"), "b");
                if (streq(ev->action, "die"))
                        assert_string_equal(brig_pairs_get(&ev->attributes, "exitCode"), "143");
                if (streq(ev->action, "kill"))
                        assert_string_equal(brig_pairs_get(&ev->attributes, "signal"), "15");
        }
        assert_int_equal(brig_events_next(c, 0, &ev), -ETIMEDOUT);
}

static void processes_and_readback(void **state)
{
        Fixture *f = *state;
        _cleanup_free_ int32_t *pids = NULL;
        _cleanup_free_ char *text = NULL;
        BrigError err = BRIG_ERROR_INIT;
        size_t n = 0;
        BrigId id;

        must_create(f, "seen", SIMPLE, id);
        assert_true(brig_container_pids(f->engine, id, &pids, &n, &err) < 0);
        assert_error(&err, BRIG_ERR_CONFLICT, "is not running");
        must_start(f, id);
        assert_int_equal(brig_container_pids(f->engine, id, &pids, &n, NULL), 0);
        assert_int_equal(n, 2);
        assert_int_equal(pids[1], 4712);
        assert_int_equal(brig_container_readback(f->engine, id, &text, NULL), 0);
        assert_string_equal(text, "seccomp\t2\n");
}

static void an_image_in_use_is_known(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        char who[16] = "";
        BrigId id;

        must_create(f, "user", SIMPLE, id);
        v = must_get(f, id);
        assert_int_equal(brig_engine_image_in_use(f->engine, v->image_id, who), 1);
        must_start(f, id);
        assert_int_equal(brig_engine_image_in_use(f->engine, v->image_id, who), 2);
        assert_int_equal(strlen(who), 12);
        assert_int_equal(brig_engine_image_in_use(f->engine, "sha256:none", who), 0);
        brig_container_view_free(v);
}

#define WITH_ENGINE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_ENGINE(run_to_the_end), WITH_ENGINE(the_image_is_merged), WITH_ENGINE(an_empty_entrypoint_takes_no_command_of_the_image),
                WITH_ENGINE(names_are_unique_and_checked), WITH_ENGINE(references_are_found_as_docker_finds_them),
                WITH_ENGINE(a_failed_launch_leaves_the_container_created), WITH_ENGINE(a_failed_start_of_an_auto_removed_one_removes_it),
                WITH_ENGINE(auto_remove_after_the_exit), WITH_ENGINE(start_twice_is_not_modified), WITH_ENGINE(stop_sends_the_signal_then_kills),
                WITH_ENGINE(kill_takes_any_signal), WITH_ENGINE(pause_and_unpause), WITH_ENGINE(remove_refuses_what_runs_unless_forced),
                WITH_ENGINE(a_removal_that_fails_can_be_repeated), WITH_ENGINE(waits_can_be_cancelled), WITH_ENGINE(a_stream_waits_for_the_start),
                WITH_ENGINE(events_tell_the_life), WITH_ENGINE(processes_and_readback), WITH_ENGINE(an_image_in_use_is_known),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
