/* Exec sessions and health checks. */
#include "tests/unit/engine/fake-brigd.h"

#include "base/strings.h"
#include "tests/unit/cmocka-all.h"
#include <poll.h>
#include <sys/socket.h>

#define SIMPLE "{'Image':'base','Cmd':['true']}"

static void read_config(const char *text, ExecConfig *ret)
{
        _cleanup_json_ json_t *body = json_of(text);

        assert_int_equal(brig_exec_read(body, ret, NULL), 0);
}

static void create_exec(Fixture *f, const char *container, const char *text, BrigId ret)
{
        ExecConfig config;
        BrigError err = BRIG_ERROR_INIT;

        read_config(text, &config);
        if (brig_exec_create(f->engine, container, &config, ret, &err) < 0)
                fail_msg("exec create: %s", err.message);
}

static ExecView *must_see(Fixture *f, const char *id)
{
        ExecView *v = NULL;

        assert_int_equal(brig_exec_get(f->engine, id, &v, NULL), 0);
        return v;
}

static void await_exec_end(Fixture *f, const char *id)
{
        for (;;) {
                ExecView *v = must_see(f, id);
                bool ended = v->has_exit_code;

                brig_exec_view_free(v);
                if (ended)
                        return;
                (void)poll(NULL, 0, 1);
        }
}

static void a_session_runs_once(void **state)
{
        static const int64_t size[2] = { 24, 80 };
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        BrigId id, exec;
        ContainerView *c;
        ExecView *v;
        int pair[2];

        must_create(f, "host", SIMPLE, id);
        must_start(f, id);
        create_exec(f, "host", "{'Cmd':['ls','-l'],'AttachStdout':true,'Env':['A=b'],'User':'nobody'}", exec);
        assert_int_equal(brig_exec_check(f->engine, exec, NULL), 0);
        v = must_see(f, exec);
        assert_false(v->running || v->has_exit_code);
        assert_string_equal(v->config->cmd[1], "-l");
        assert_string_equal(v->container_id, id);
        brig_exec_view_free(v);

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(brig_exec_start(f->engine, exec, pair[0], size, NULL), 0);
        v = must_see(f, exec);
        assert_true(v->running);
        assert_int_equal(v->pid, 4712);
        brig_exec_view_free(v);
        c = must_get(f, id);
        assert_string_equal(c->exec_ids[0], exec);
        brig_container_view_free(c);
        assert_int_equal(brig_exec_resize(f->engine, exec, 25, 81, NULL), 0);
        assert_true(brig_exec_check(f->engine, exec, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_CONFLICT);

        WireMessage ended = { .type = WIRE_EXEC_EXITED, .exec_exited = { .id = id, .exec_id = exec, .exit_code = 7 } };
        fake_send(&f->brigd, &ended);
        await_exec_end(f, exec);
        v = must_see(f, exec);
        assert_false(v->running);
        assert_int_equal(v->exit_code, 7);
        brig_exec_view_free(v);
        assert_true(brig_exec_start(f->engine, exec, pair[1], NULL, &err) < 0);
        assert_non_null(strstr(err.message, "has already run"));
        close(fake_find(&f->brigd, id)->exec_stream);
}

static void states_refuse_sessions(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        ExecConfig config;
        BrigId id, exec;

        must_create(f, "host", SIMPLE, id);
        read_config("{'Cmd':['x']}", &config);
        assert_true(brig_exec_create(f->engine, id, &config, exec, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_CONFLICT);
        assert_non_null(strstr(err.message, "is not running"));
        must_start(f, id);
        assert_int_equal(brig_container_pause(f->engine, id, true, NULL), 0);
        assert_true(brig_exec_create(f->engine, id, &config, exec, &err) < 0);
        assert_non_null(strstr(err.message, "is paused"));
        assert_true(brig_exec_create(f->engine, "nobody", &config, exec, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_NOT_FOUND);
        assert_true(brig_exec_check(f->engine, "nothing", &err) < 0);
        assert_non_null(strstr(err.message, "No such exec instance: nothing"));
        brig_exec_config_clear(&config);
}

/* The text is the server's to tell on the stream; the exit code is for inspect. */
static void a_failed_session_has_dockers_exit_code(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        BrigId id, exec;
        ExecView *v;
        int pair[2];
        char byte;

        must_create(f, "host", SIMPLE, id);
        must_start(f, id);
        create_exec(f, "host", "{'Cmd':['nosuch'],'AttachStdout':true}", exec);
        f->brigd.exec_error = BRIG_ERR_COMMAND_NOT_FOUND;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_true(brig_exec_start(f->engine, exec, pair[0], NULL, &err) < 0);
        assert_non_null(strstr(err.message, "OCI runtime exec failed"));
        assert_non_null(strstr(err.message, "executable file not found in $PATH"));
        assert_int_equal(recv(pair[1], &byte, 1, 0), 0);
        close(pair[1]);
        v = must_see(f, exec);
        assert_int_equal(v->exit_code, 127);
        brig_exec_view_free(v);
}

static void sessions_end_with_their_container(void **state)
{
        Fixture *f = *state;
        BrigId id, exec;
        ExecView *v = NULL;

        must_create(f, "host", SIMPLE, id);
        must_start(f, id);
        create_exec(f, "host", "{'Cmd':['sleep']}", exec);
        assert_int_equal(brig_exec_start(f->engine, exec, -1, NULL, NULL), 0);
        fake_exit(&f->brigd, id, 0);
        await_state(f, id, CONTAINER_EXITED);
        await_exec_end(f, exec);
        assert_int_equal(brig_container_remove(f->engine, id, &(RemoveRequest){ 0 }, NULL), 0);
        assert_true(brig_exec_get(f->engine, exec, &v, NULL) < 0);
}

/* Sessions that nobody starts must not fill the memory. */
static void old_sessions_are_forgotten(void **state)
{
        Fixture *f = *state;
        BrigId id, first, exec;
        ExecView *v = NULL;

        must_create(f, "host", SIMPLE, id);
        must_start(f, id);
        create_exec(f, "host", "{'Cmd':['x']}", first);
        for (int i = 0; i < 200; i++)
                create_exec(f, "host", "{'Cmd':['x']}", exec);
        assert_true(brig_exec_get(f->engine, first, &v, NULL) < 0);
        brig_exec_view_free(must_see(f, exec));
}

static void bad_requests_are_refused(void **state)
{
        static const struct { const char *text, *words; } rows[] = {
                { "{}", "No exec command specified" }, { "{'Cmd':[]}", "No exec command specified" }, { "{'Cmd':['x'],'WorkingDir':'here'}", "absolute" },
                { "{'Cmd':['x'],'DetachKeys':'ctrl-'}", "Invalid detach keys (ctrl-) provided" }, { "{'Cmd':['x'],'ConsoleSize':[1]}", "ConsoleSize" },
                { "{'Cmd':['x'],'Tty':1}", "Tty" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_json_ json_t *body = json_of(rows[i].text);
                BrigError err = BRIG_ERROR_INIT;
                ExecConfig config;

                assert_true(brig_exec_read(body, &config, &err) < 0);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                if (!strstr(err.message, rows[i].words))
                        fail_msg("%s: %s", rows[i].text, err.message);
        }
}

/* --- health ------------------------------------------------------------- */

static ContainerView *await_health(Fixture *f, const char *ref, HealthStatus wanted)
{
        for (;;) {
                ContainerView *v = must_get(f, ref);

                if (v->health == wanted)
                        return v;
                brig_container_view_free(v);
                (void)poll(NULL, 0, 1);
        }
}

#define CHECKED(more) "{'Image':'base','Healthcheck':{'Test':['CMD-SHELL','probe'],'Interval':5000000" more "}}"

static void a_probe_makes_it_healthy(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        f->brigd.exec_output = "all is well";
        must_create(f, "ok", CHECKED(""), id);
        v = must_get(f, id);
        assert_int_equal(v->health, HEALTH_NONE);
        brig_container_view_free(v);
        must_start(f, id);
        v = await_health(f, id, HEALTH_HEALTHY);
        assert_int_equal(v->probes[0].exit_code, 0);
        assert_string_equal(v->probes[0].output, "all is well");
        assert_null(v->exec_ids);
        brig_container_view_free(v);
}

static void failures_in_a_row_make_it_unhealthy(void **state)
{
        Fixture *f = *state;
        _cleanup_json_ json_t *filters = json_of("{'event':['health_status']}");
        _cleanup_(brig_events_closep) EventCursor *c = NULL;
        const Event *ev;
        ContainerView *v;
        BrigId id;

        assert_int_equal(brig_events_open(f->engine, 0, 0, filters, &c, NULL), 0);
        f->brigd.exec_output = "bad";
        f->brigd.exec_code = 1;
        must_create(f, "sick", CHECKED(",'Retries':2"), id);
        must_start(f, id);
        v = await_health(f, id, HEALTH_UNHEALTHY);
        assert_true(v->health_failing >= 2);
        brig_container_view_free(v);
        assert_int_equal(brig_events_next(c, 5000, &ev), 1);
        assert_string_equal(ev->action, "health_status: unhealthy");
        f->brigd.exec_code = 0;
        v = await_health(f, id, HEALTH_HEALTHY);
        assert_int_equal(v->health_failing, 0);
        brig_container_view_free(v);
        for (;;) {
                v = must_get(f, id);
                if (v->n_probes == 5)
                        break;
                brig_container_view_free(v);
        }
        brig_container_view_free(v);
}

static void failures_of_the_start_period_do_not_count(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        f->brigd.exec_output = "";
        f->brigd.exec_code = 1;
        must_create(f, "slow", CHECKED(",'Retries':1,'StartPeriod':60000000000,'StartInterval':2000000"), id);
        must_start(f, id);
        await_count(&f->brigd, &fake_find(&f->brigd, id)->execs, 5);
        v = must_get(f, id);
        assert_int_equal(v->health, HEALTH_STARTING);
        assert_int_equal(v->health_failing, 0);
        brig_container_view_free(v);
}

static void a_probe_that_hangs_is_killed(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        must_create(f, "hung", CHECKED(",'Retries':1,'Timeout':20000000"), id);
        must_start(f, id);
        v = await_health(f, id, HEALTH_UNHEALTHY);
        assert_int_equal(v->probes[0].exit_code, -1);
        assert_string_equal(v->probes[0].output, "Health check exceeded timeout (0.020s)");
        brig_container_view_free(v);
        assert_true(fake_find(&f->brigd, id)->last_signal == 9);
        assert_int_equal(brig_container_stop(f->engine, id, NULL, 5, NULL), 0);
}

static void none_switches_it_off(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        must_create(f, "off", "{'Image':'base','Healthcheck':{'Test':['NONE'],'Interval':5000000}}", id);
        must_start(f, id);
        v = must_get(f, id);
        assert_int_equal(v->health, HEALTH_NONE);
        brig_container_view_free(v);
}

#define WITH_ENGINE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_ENGINE(a_session_runs_once), WITH_ENGINE(states_refuse_sessions), WITH_ENGINE(a_failed_session_has_dockers_exit_code),
                WITH_ENGINE(sessions_end_with_their_container), WITH_ENGINE(old_sessions_are_forgotten), cmocka_unit_test(bad_requests_are_refused),
                WITH_ENGINE(a_probe_makes_it_healthy), WITH_ENGINE(failures_in_a_row_make_it_unhealthy),
                WITH_ENGINE(failures_of_the_start_period_do_not_count), WITH_ENGINE(a_probe_that_hangs_is_killed), WITH_ENGINE(none_switches_it_off),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
