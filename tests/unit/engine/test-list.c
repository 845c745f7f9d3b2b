/* docker's filters: their two forms, and what each finds; lists, prune, events. */
#include "tests/unit/engine/fake-brigd.h"

#include "base/strings.h"
#include "engine/names-internal.h"
#include "tests/unit/cmocka-all.h"
#include <poll.h>

static void both_forms_are_read(void **state)
{
        static const struct { const char *text, *normal; } rows[] = {
                { "", "{}" }, { "{}", "{}" }, { "null", "{}" }, { "{\"name\":[\"a\",\"b\"]}", "{\"name\":[\"a\",\"b\"]}" },
                { "{\"name\":{\"a\":true,\"b\":false}}", "{\"name\":[\"a\"]}" }, { "{\"name\":[]}", "{\"name\":[]}" },
                { "[]", NULL }, { "{", NULL }, { "{\"name\":\"a\"}", NULL }, { "{\"name\":[1]}", NULL }, { "{\"name\":{\"a\":1}}", NULL }, { "7", NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_json_ json_t *filters = NULL;
                BrigError err = BRIG_ERROR_INIT;
                int r = brig_filters_parse(rows[i].text, &filters, &err);

                if ((r == 0) != (rows[i].normal != NULL))
                        fail_msg("%s: %d", rows[i].text, r);
                if (r < 0) {
                        assert_int_equal(err.kind, BRIG_ERR_INVALID);
                        assert_non_null(strstr(err.message, "invalid filter"));
                } else {
                        _cleanup_free_ char *text = json_dumps(filters, JSON_COMPACT);

                        assert_string_equal(text, rows[i].normal);
                }
        }
}

static void labels_match_by_key_or_value(void **state)
{
        _cleanup_json_ json_t *filters = json_of("{'label':['a','b=1'],'label!':['c']}");
        JsonPairs labels = { 0 };

        assert_false(brig_filters_match_labels(filters, "label", &labels));
        assert_true(brig_filters_match_labels(filters, "label!", &labels));
        assert_int_equal(brig_pairs_set(&labels, "a", "x"), 0);
        assert_int_equal(brig_pairs_set(&labels, "b", "2"), 0);
        assert_false(brig_filters_match_labels(filters, "label", &labels));
        assert_int_equal(brig_pairs_set(&labels, "b", "1"), 0);
        assert_true(brig_filters_match_labels(filters, "label", &labels));
        assert_int_equal(brig_pairs_set(&labels, "c", ""), 0);
        assert_false(brig_filters_match_labels(filters, "label!", &labels));
        brig_pairs_clear(&labels);
}

/* The names of the containers that a filter finds, newest first. */
static void assert_list(Fixture *f, ListRequest request, const char *filters_text, const char *expected)
{
        _cleanup_json_ json_t *filters = json_of(filters_text);
        _cleanup_buffer_ BrigBuffer names = BRIG_BUFFER_INIT(4096);
        ContainerView **views = NULL;
        BrigError err = BRIG_ERROR_INIT;

        request.filters = filters;
        if (brig_container_list(f->engine, &request, &views, &err) < 0)
                fail_msg("%s: %s", filters_text, err.message);
        for (ContainerView **v = views; *v; v++)
                (void)brig_buffer_printf(&names, "%s%s", names.len ? " " : "", (*v)->name);
        brig_container_views_free(views);
        if (!streq(names.len ? names.data : "", expected))
                fail_msg("%s: \"%s\", expected \"%s\"", filters_text, names.len ? names.data : "", expected);
}

static void assert_refused(Fixture *f, const char *filters_text, const char *words)
{
        _cleanup_json_ json_t *filters = json_of(filters_text);
        ContainerView **views = NULL;
        BrigError err = BRIG_ERROR_INIT;

        assert_true(brig_container_list(f->engine, &(ListRequest){ .all = true, .filters = filters }, &views, &err) < 0);
        if (!strstr(err.message, words))
                fail_msg("%s: %s", filters_text, err.message);
}

static void make_population(Fixture *f)
{
        BrigId id;

        must_create(f, "created", "{'Image':'base','Labels':{'tier':'1'},'ExposedPorts':{'80/tcp':{}}}", id);
        must_create(f, "running", "{'Image':'base:latest','Labels':{'tier':'2'},'HostConfig':{'Binds':['/srv:/data'],'NetworkMode':'none'}}", id);
        must_start(f, id);
        must_create(f, "failed", "{'Image':'base'}", id);
        must_start(f, id);
        fake_exit(&f->brigd, id, 7);
        await_state(f, id, CONTAINER_EXITED);
        must_create(f, "paused", "{'Image':'base','Healthcheck':{'Test':['CMD','x']}}", id);
        must_start(f, id);
        assert_int_equal(brig_container_pause(f->engine, id, true, NULL), 0);
}

static void every_filter_finds(void **state)
{
        static const struct { const char *filters, *expected; } rows[] = {
                { "{}", "paused failed running created" }, { "{'name':['run']}", "running" }, { "{'name':['^/?(created|failed)$']}", "failed created" },
                { "{'name':['nothing']}", "" }, { "{'status':['exited','paused']}", "paused failed" }, { "{'exited':['7']}", "failed" }, { "{'exited':['0']}", "" },
                { "{'label':['tier']}", "running created" }, { "{'label':['tier=1']}", "created" }, { "{'label!':['tier']}", "paused failed" },
                { "{'ancestor':['base']}", "paused failed running created" }, { "{'ancestor':['nosuch']}", "" }, { "{'before':['failed']}", "running created" },
                { "{'since':['running']}", "paused failed" }, { "{'volume':['/srv']}", "running" }, { "{'volume':['/data']}", "running" }, { "{'network':['none']}", "running" },
                { "{'network':['bridge']}", "paused failed created" }, { "{'expose':['80']}", "created" }, { "{'expose':['79-81/tcp']}", "created" }, { "{'expose':['80/udp']}", "" },
                { "{'publish':['80']}", "" }, { "{'health':['starting']}", "paused" }, { "{'health':['none']}", "failed running created" },
                { "{'is-task':['false']}", "paused failed running created" }, { "{'is-task':['true']}", "" }, { "{'status':['running'],'label':['tier=1']}", "" },
        };
        Fixture *f = *state;
        ContainerView *v;
        char filters[64];

        make_population(f);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_list(f, (ListRequest){ .all = true }, rows[i].filters, rows[i].expected);
        assert_list(f, (ListRequest){ 0 }, "{}", "paused running");
        assert_list(f, (ListRequest){ 0 }, "{'status':['exited']}", "failed");
        assert_list(f, (ListRequest){ .limit = 2 }, "{}", "paused failed");
        v = must_get(f, "failed");
        (void)snprintf(filters, sizeof filters, "{'id':['%.12s']}", v->id);
        assert_list(f, (ListRequest){ .all = true }, filters, "failed");
        brig_container_view_free(v);
        assert_refused(f, "{'colour':['red']}", "invalid filter 'colour'");
        assert_refused(f, "{'status':['sleepy']}", "invalid filter 'status=sleepy'");
        assert_refused(f, "{'before':['nobody']}", "No such container: nobody");
}

static void counts_and_prune(void **state)
{
        Fixture *f = *state;
        _cleanup_json_ json_t *filters = json_of("{'label!':['tier']}"), *bad = json_of("{'name':['x']}"), *until = json_of("{'until':['1']}");
        BrigError err = BRIG_ERROR_INIT;
        EngineCounts counts;
        char **ids = NULL;
        int64_t bytes;

        make_population(f);
        brig_engine_counts(f->engine, &counts);
        assert_int_equal(counts.containers, 4);
        assert_int_equal(counts.running, 1);
        assert_int_equal(counts.paused, 1);
        assert_int_equal(counts.stopped, 2);
        assert_int_equal(counts.images, 1);
        assert_true(brig_container_prune(f->engine, bad, &ids, &bytes, &err) < 0);
        assert_non_null(strstr(err.message, "invalid filter 'name'"));
        assert_int_equal(brig_container_prune(f->engine, until, &ids, &bytes, NULL), 0);
        assert_null(ids);
        assert_int_equal(brig_container_prune(f->engine, filters, &ids, &bytes, NULL), 0);
        assert_int_equal(brig_strv_len(ids), 1);
        brig_strv_free(ids);
        ids = NULL;
        assert_list(f, (ListRequest){ .all = true }, "{}", "paused running created");
        assert_int_equal(brig_container_prune(f->engine, NULL, &ids, &bytes, NULL), 0);
        brig_strv_free(ids);
        assert_list(f, (ListRequest){ .all = true }, "{}", "paused running");
}

/* --- events ------------------------------------------------------------- */

static unsigned count_events(Fixture *f, int64_t since, int64_t until, const char *filters_text)
{
        _cleanup_json_ json_t *filters = json_of(filters_text);
        _cleanup_(brig_events_closep) EventCursor *c = NULL;
        const Event *ev;
        unsigned n = 0;

        assert_int_equal(brig_events_open(f->engine, since, until, filters, &c, NULL), 0);
        while (brig_events_next(c, 0, &ev) == 1)
                n++;
        return n;
}

static void events_are_kept_and_filtered(void **state)
{
        Fixture *f = *state;
        _cleanup_json_ json_t *bad = json_of("{'shape':['x']}");
        EventCursor *none = NULL;
        JsonPairs pairs = { 0 };

        assert_int_equal(brig_pairs_set(&pairs, "name", "web"), 0);
        assert_int_equal(brig_pairs_set(&pairs, "image", "repo/app:1.0"), 0);
        assert_int_equal(brig_pairs_set(&pairs, "colour", "red"), 0);
        for (int i = 0; i < 1024; i++)
                brig_engine_emit(f->engine, "container", i % 2 ? "exec_create: ls" : "start", "abcdef", &pairs);
        brig_engine_emit(f->engine, "image", "tag", "sha256:1", &pairs);
        assert_int_equal(count_events(f, 1, 0, "{'type':['container']}"), 1024);
        assert_int_equal(count_events(f, 0, 0, "{}"), 0);
        assert_int_equal(count_events(f, 0, 1, "{}"), 0);
        assert_int_equal(count_events(f, 1, 0, "{'event':['exec_create']}"), 512);
        assert_int_equal(count_events(f, 1, 0, "{'container':['abc']}"), 1024);
        assert_int_equal(count_events(f, 1, 0, "{'container':['we']}"), 1024);
        assert_int_equal(count_events(f, 1, 0, "{'container':['xyz']}"), 0);
        assert_int_equal(count_events(f, 1, 0, "{'image':['repo/app'],'type':['container']}"), 1024);
        assert_int_equal(count_events(f, 1, 0, "{'image':['sha256:1'],'type':['image']}"), 1);
        assert_int_equal(count_events(f, 1, 0, "{'label':['colour=red'],'event':['start']}"), 512);
        assert_int_equal(count_events(f, 1, 0, "{'scope':['swarm']}"), 0);
        assert_true(brig_events_open(f->engine, 0, 0, bad, &none, NULL) < 0);
        brig_pairs_clear(&pairs);
}

static void a_slow_reader_loses_the_oldest(void **state)
{
        Fixture *f = *state;
        _cleanup_json_ json_t *filters = json_of("{'type':['daemon']}");
        _cleanup_(brig_events_closep) EventCursor *c = NULL;
        const Event *ev = NULL;
        unsigned n = 0;

        assert_int_equal(brig_events_open(f->engine, 0, 0, filters, &c, NULL), 0);
        for (int i = 0; i < 5000; i++) {
                char action[16];

                (void)snprintf(action, sizeof action, "%d", i);
                brig_engine_emit(f->engine, "daemon", action, "x", NULL);
        }
        while (brig_events_next(c, 0, &ev) == 1)
                n++;
        assert_true(n >= 1024 && n < 5000);
        brig_engine_cancel(f->engine);
        assert_int_equal(brig_events_next(c, 10000, &ev), -ECANCELED);
}

static void names_are_words(void **state)
{
        const char *bare;

        for (unsigned i = 0; i < 50; i++) {
                _cleanup_free_ char *name = brig_name_generate(i);

                assert_non_null(name);
                assert_int_equal(brig_name_check(name, &bare, NULL), 0);
        }
        assert_int_equal(brig_name_check("/ab", &bare, NULL), 0);
        assert_string_equal(bare, "ab");
        assert_true(brig_name_check("a", &bare, NULL) < 0);
        assert_true(brig_name_check("//ab", &bare, NULL) < 0);
        assert_true(brig_name_check("a\nb", &bare, NULL) < 0);
        assert_true(brig_name_check("-ab", &bare, NULL) < 0);
        assert_true(brig_name_check("", &bare, NULL) < 0);
}

#define WITH_ENGINE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(both_forms_are_read), cmocka_unit_test(labels_match_by_key_or_value), WITH_ENGINE(every_filter_finds), WITH_ENGINE(counts_and_prune),
                WITH_ENGINE(events_are_kept_and_filtered), WITH_ENGINE(a_slow_reader_loses_the_oldest), cmocka_unit_test(names_are_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
