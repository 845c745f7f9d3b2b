/* A new engine over the state of one that was killed: each row of the table in reconcile.c. */
#include "tests/unit/engine/fake-brigd.h"

#include "base/clock.h"
#include "base/strings.h"
#include "state/database.h"
#include "tests/unit/cmocka-all.h"

#define SIMPLE "{'Image':'base','Cmd':['true']}"

/* What the database would hold had the engine died between two writes. */
static void edit_state(Fixture *f, const char *id, const char *run)
{
        _cleanup_free_ char *path = brig_str_printf("%s/state/state.db", f->root);
        _cleanup_json_ json_t *object = json_of(run);
        _cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);
        StateDb *db = NULL;

        assert_int_equal(brig_state_open(path, &db, NULL), 0);
        assert_int_equal(brig_state_put(db, "container_state", id, text, false, NULL), 0);
        brig_state_close(db);
}

static void what_runs_is_taken_over(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        must_create(f, "on", SIMPLE, id);
        must_start(f, id);
        fixture_restart(f);
        v = must_get(f, "on");
        assert_int_equal(v->state, CONTAINER_RUNNING);
        assert_int_equal(v->pid, 4713);
        assert_int_equal(v->range_base, 65536);
        brig_container_view_free(v);
        fake_exit(&f->brigd, id, 5);
        await_state(f, id, CONTAINER_EXITED);
        await_count(&f->brigd, &fake_find(&f->brigd, id)->acks, 1);
}

static void an_exit_that_nobody_heard_is_written_down(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        must_create(f, "quiet", SIMPLE, id);
        must_start(f, id);
        fixture_stop(f);
        fake_find(&f->brigd, id)->state = WIRE_STATE_EXITED;
        fake_find(&f->brigd, id)->exit_code = 9;
        fake_find(&f->brigd, id)->finished_at = brig_now_realtime();
        fixture_start(f);
        v = must_get(f, id);
        assert_int_equal(v->state, CONTAINER_EXITED);
        assert_int_equal(v->exit_code, 9);
        assert_true(v->finished_at == fake_find(&f->brigd, id)->finished_at);
        brig_container_view_free(v);
        await_count(&f->brigd, &fake_find(&f->brigd, id)->acks, 1);
}

static void what_brigd_lost_has_exited(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        must_create(f, "lost", SIMPLE, id);
        must_start(f, id);
        fixture_stop(f);
        fake_find(&f->brigd, id)->state = 0;
        fixture_start(f);
        v = must_get(f, id);
        assert_int_equal(v->state, CONTAINER_EXITED);
        assert_int_equal(v->exit_code, 255);
        assert_true(v->finished_at > 0);
        brig_container_view_free(v);
}

static void a_start_that_reached_brigd_counts(void **state)
{
        Fixture *f = *state;
        BrigId id;

        must_create(f, "half", SIMPLE, id);
        must_start(f, id);
        fixture_stop(f);
        edit_state(f, id, "{'Name':'half','State':'created','Starting':true,'Launched':true}");
        fixture_start(f);
        await_state(f, id, CONTAINER_RUNNING);
        fake_exit(&f->brigd, id, 0);
        await_state(f, id, CONTAINER_EXITED);
}

static void a_start_that_did_not_says_so(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        must_create(f, "short", SIMPLE, id);
        fixture_stop(f);
        edit_state(f, id, "{'Name':'short','State':'created','Starting':true,'Launched':true}");
        fixture_start(f);
        v = must_get(f, id);
        assert_int_equal(v->state, CONTAINER_CREATED);
        assert_int_equal(v->exit_code, 128);
        assert_non_null(v->error);
        brig_container_view_free(v);
        must_start(f, id);
}

/* brigd tells later how a launch ended whose asker is gone: as a status, or as an exit with the reason. */
static void a_launch_in_flight_is_told_later(void **state)
{
        Fixture *f = *state;
        FakeContainer *c;
        ContainerView *v;
        BrigId id;

        must_create(f, "flight", SIMPLE, id);
        must_start(f, id);
        fixture_stop(f);
        edit_state(f, id, "{'Name':'flight','State':'created','Starting':true,'Launched':true}");
        c = fake_find(&f->brigd, id);
        c->state = WIRE_STATE_STARTING;
        fixture_start(f);
        WireMessage m = { .type = WIRE_STATUS, .status = { .id = id, .state = WIRE_STATE_RUNNING, .pid = 99, .started_at = 12345 } };
        fake_send(&f->brigd, &m);
        for (;;) {
                v = must_get(f, id);
                if (v->pid == 99)
                        break;
                brig_container_view_free(v);
        }
        assert_int_equal(v->started_at, 12345);
        brig_container_view_free(v);
        WireMessage end = { .type = WIRE_EXITED, .exited = { .id = id, .exit_code = 127, .finished_at = 23456, .reason = "no such program" } };
        fake_send(&f->brigd, &end);
        await_state(f, id, CONTAINER_EXITED);
        v = must_get(f, id);
        assert_string_equal(v->error, "no such program");
        brig_container_view_free(v);
}

static void a_container_of_nobody_is_ended(void **state)
{
        static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        static const char over[] = "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        Fixture *f = *state;

        fixture_stop(f);
        f->brigd.n = 2;
        (void)snprintf(f->brigd.containers[0].id, sizeof(BrigId), "%s", id);
        f->brigd.containers[0].state = WIRE_STATE_RUNNING;
        (void)snprintf(f->brigd.containers[1].id, sizeof(BrigId), "%s", over);
        f->brigd.containers[1].state = WIRE_STATE_EXITED;
        fixture_start(f);
        await_count(&f->brigd, &f->brigd.containers[0].removes, 1);
        await_count(&f->brigd, &f->brigd.containers[1].removes, 1);
        assert_int_equal(f->brigd.containers[0].signals, 1);
        assert_true(f->brigd.containers[0].acks > 0 && f->brigd.containers[1].acks > 0);
}

static void a_half_done_removal_is_finished(void **state)
{
        Fixture *f = *state;
        BrigId id;

        must_create(f, "leaving", SIMPLE, id);
        f->brigd.exits_at_once = true;
        must_start(f, id);
        await_state(f, id, CONTAINER_EXITED);
        fixture_stop(f);
        edit_state(f, id, "{'Name':'leaving','State':'removing','Launched':true}");
        fixture_start(f);
        await_gone(f, id);
        assert_int_equal(fake_find(&f->brigd, id)->removes, 1);
        must_create(f, "leaving", SIMPLE, id);
}

static void an_auto_removed_one_that_ended_meanwhile_goes(void **state)
{
        Fixture *f = *state;
        BrigId id;

        must_create(f, "rm", "{'Image':'base','HostConfig':{'AutoRemove':true}}", id);
        must_start(f, id);
        fixture_stop(f);
        fake_find(&f->brigd, id)->state = WIRE_STATE_EXITED;
        fake_find(&f->brigd, id)->finished_at = brig_now_realtime();
        fixture_start(f);
        await_gone(f, id);
        assert_true(fake_find(&f->brigd, id)->removes >= 1);
}

static void the_same_exit_twice_is_one(void **state)
{
        Fixture *f = *state;
        FakeContainer *c;
        ContainerView *v;
        BrigId id;

        must_create(f, "echo", SIMPLE, id);
        must_start(f, id);
        fake_exit(&f->brigd, id, 1);
        await_state(f, id, CONTAINER_EXITED);
        c = fake_find(&f->brigd, id);
        await_count(&f->brigd, &c->acks, 1);
        must_start(f, id);
        WireMessage again = { .type = WIRE_EXITED, .exited = { .id = id, .exit_code = 1, .finished_at = (uint64_t)c->finished_at, .reason = "" } };
        fake_send(&f->brigd, &again);
        await_count(&f->brigd, &c->acks, 2);
        v = must_get(f, id);
        assert_int_equal(v->state, CONTAINER_RUNNING);
        brig_container_view_free(v);
}

/* A monitor ends when its exit is acknowledged; a brigd that is new finds its socket and takes it for lost. */
static void an_end_that_is_written_down_stands(void **state)
{
        Fixture *f = *state;
        FakeContainer *c;
        ContainerView *v;
        BrigId id;

        must_create(f, "done", SIMPLE, id);
        must_start(f, id);
        fake_exit(&f->brigd, id, 52);
        await_state(f, id, CONTAINER_EXITED);
        c = fake_find(&f->brigd, id);
        await_count(&f->brigd, &c->acks, 1);
        WireMessage lost = { .type = WIRE_EXITED, .exited = { .id = id, .exit_code = 137, .finished_at = (uint64_t)c->finished_at + 1, .reason = "monitor lost" } };
        fake_send(&f->brigd, &lost);
        await_count(&f->brigd, &c->acks, 2);
        v = must_get(f, id);
        assert_int_equal(v->exit_code, 52);
        assert_null(v->error);
        brig_container_view_free(v);
}

/* A start whose engine died, and whose monitor died with it, has not happened: a client may ask again. */
static void a_launch_that_came_to_nothing_can_be_repeated(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        ContainerView *v;
        BrigId id;

        must_create(f, "nothing", SIMPLE, id);
        must_start(f, id);
        fixture_stop(f);
        edit_state(f, id, "{'Name':'nothing','State':'created','Starting':true,'Launched':true}");
        fake_find(&f->brigd, id)->state = WIRE_STATE_STARTING;
        fixture_start(f);
        assert_true(brig_container_start(f->engine, id, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_UNAVAILABLE);
        WireMessage lost = { .type = WIRE_EXITED, .exited = { .id = id, .exit_code = 137, .finished_at = 99, .reason = "monitor lost" } };
        fake_send(&f->brigd, &lost);
        await_count(&f->brigd, &fake_find(&f->brigd, id)->acks, 1);
        v = must_get(f, id);
        assert_int_equal(v->state, CONTAINER_CREATED);
        assert_int_equal(v->started_at, 0);
        brig_container_view_free(v);
        must_start(f, id);
}

/* --- restart policies --------------------------------------------------- */

#define POLICY(p) "{'Image':'base','Cmd':['true'],'HostConfig':{'RestartPolicy':{'Name':'" p "'}}}"

static void always_starts_again(void **state)
{
        Fixture *f = *state;
        FakeContainer *c;
        ContainerView *v;
        BrigId id;

        must_create(f, "again", POLICY("always"), id);
        must_start(f, id);
        c = fake_find(&f->brigd, id);
        fake_exit(&f->brigd, id, 0);
        await_count(&f->brigd, &c->launches, 2);
        await_state(f, id, CONTAINER_RUNNING);
        fake_exit(&f->brigd, id, 0);
        await_count(&f->brigd, &c->launches, 3);
        await_state(f, id, CONTAINER_RUNNING);
        v = must_get(f, id);
        assert_int_equal(v->restart_count, 2);
        brig_container_view_free(v);
        assert_int_equal(brig_container_stop(f->engine, id, NULL, 5, NULL), 0);
        await_state(f, id, CONTAINER_EXITED);
        assert_int_equal(c->launches, 3);
}

static void on_failure_counts(void **state)
{
        Fixture *f = *state;
        FakeContainer *c;
        BrigId id;

        must_create(f, "tries", "{'Image':'base','HostConfig':{'RestartPolicy':{'Name':'on-failure','MaximumRetryCount':2}}}", id);
        must_start(f, id);
        c = fake_find(&f->brigd, id);
        for (unsigned i = 2; i <= 3; i++) {
                fake_exit(&f->brigd, id, 1);
                await_count(&f->brigd, &c->launches, i);
                await_state(f, id, CONTAINER_RUNNING);
        }
        fake_exit(&f->brigd, id, 1);
        await_state(f, id, CONTAINER_EXITED);
        assert_int_equal(c->launches, 3);
        must_start(f, id);
        fake_exit(&f->brigd, id, 0);
        await_state(f, id, CONTAINER_EXITED);
        assert_int_equal(c->launches, 4);
}

static void a_stop_while_it_waits_for_its_restart(void **state)
{
        Fixture *f = *state;
        ContainerWait *w = NULL;
        FakeContainer *c;
        int code;
        BrigId id;

        must_create(f, "calm", POLICY("always"), id);
        must_start(f, id);
        c = fake_find(&f->brigd, id);
        for (unsigned i = 2; i <= 4; i++) { /* the delay doubles: there is time for the stop */
                fake_exit(&f->brigd, id, 1);
                await_count(&f->brigd, &c->launches, i);
                await_state(f, id, CONTAINER_RUNNING);
        }
        fake_exit(&f->brigd, id, 1);
        await_state(f, id, CONTAINER_RESTARTING);
        assert_int_equal(brig_container_wait_begin(f->engine, id, WAIT_NOT_RUNNING, &w, NULL), 0);
        assert_int_equal(brig_container_stop(f->engine, id, NULL, 5, NULL), 0);
        assert_int_equal(brig_container_wait_finish(w, -1, &code, NULL, NULL), 0);
        await_state(f, id, CONTAINER_EXITED);
        assert_int_equal(c->launches, 4);
}

static void a_new_engine_follows_the_policies(void **state)
{
        static const struct { const char *name, *text; unsigned launches; } rows[] = {
                { "no", POLICY("no"), 1 }, { "always", POLICY("always"), 2 }, { "unless", POLICY("unless-stopped"), 1 },
                { "failure", POLICY("on-failure"), 1 },
        };
        Fixture *f = *state;
        BrigId ids[ARRAY_SIZE(rows)], lost, never;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                must_create(f, rows[i].name, rows[i].text, ids[i]);
                must_start(f, ids[i]);
                assert_int_equal(brig_container_stop(f->engine, ids[i], NULL, 5, NULL), 0);
        }
        must_create(f, "never", POLICY("always"), never);
        must_create(f, "power-loss", POLICY("unless-stopped"), lost);
        must_start(f, lost);
        fixture_stop(f);
        fake_find(&f->brigd, lost)->state = 0;
        fixture_start(f);
        await_state(f, "always", CONTAINER_RUNNING);
        await_state(f, "power-loss", CONTAINER_RUNNING);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_int_equal(fake_find(&f->brigd, ids[i])->launches, rows[i].launches);
        await_state(f, "never", CONTAINER_CREATED);
}

static void a_restart_of_an_auto_removed_one_keeps_it(void **state)
{
        Fixture *f = *state;
        BrigId id;

        must_create(f, "kept", "{'Image':'base','HostConfig':{'AutoRemove':true}}", id);
        must_start(f, id);
        assert_int_equal(brig_container_restart(f->engine, id, NULL, 5, NULL), 0);
        await_state(f, id, CONTAINER_RUNNING);
        assert_int_equal(fake_find(&f->brigd, id)->launches, 2);
        fake_exit(&f->brigd, id, 0);
        await_gone(f, id);
}

static void a_restart_that_fails_gives_up(void **state)
{
        Fixture *f = *state;
        ContainerView *v;
        BrigId id;

        must_create(f, "broken", POLICY("always"), id);
        must_start(f, id);
        f->brigd.launch_error = BRIG_ERR_COMMAND_NOT_FOUND;
        fake_exit(&f->brigd, id, 1);
        await_state(f, id, CONTAINER_EXITED);
        v = must_get(f, id);
        assert_int_equal(v->exit_code, 127);
        assert_non_null(strstr(v->error, "failed to create task"));
        brig_container_view_free(v);
}

#define WITH_ENGINE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_ENGINE(what_runs_is_taken_over), WITH_ENGINE(an_exit_that_nobody_heard_is_written_down), WITH_ENGINE(what_brigd_lost_has_exited),
                WITH_ENGINE(a_start_that_reached_brigd_counts), WITH_ENGINE(a_start_that_did_not_says_so), WITH_ENGINE(a_launch_in_flight_is_told_later),
                WITH_ENGINE(a_container_of_nobody_is_ended), WITH_ENGINE(a_half_done_removal_is_finished),
                WITH_ENGINE(an_auto_removed_one_that_ended_meanwhile_goes), WITH_ENGINE(the_same_exit_twice_is_one), WITH_ENGINE(an_end_that_is_written_down_stands),
                WITH_ENGINE(a_launch_that_came_to_nothing_can_be_repeated), WITH_ENGINE(always_starts_again),
                WITH_ENGINE(on_failure_counts), WITH_ENGINE(a_stop_while_it_waits_for_its_restart), WITH_ENGINE(a_new_engine_follows_the_policies),
                WITH_ENGINE(a_restart_of_an_auto_removed_one_keeps_it), WITH_ENGINE(a_restart_that_fails_gives_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
