#include "api/shapes.h"
#include "base/clock.h"
#include "base/strings.h"
#include "fake-engine.h"
#include "tests/unit/cmocka-all.h"

static const char *text_at(const json_t *o, const char *name)
{
        const char *s = json_string_value(json_object_get(o, name));

        assert_non_null(s);
        return s;
}

static void test_inspect(void **state)
{
        _cleanup_(brig_container_view_freep) ContainerView *v = fake_view();
        _cleanup_json_ json_t *o = brig_shape_container_inspect(v, API_VERSION(1, 50));
        static const char *const names[] = {
                "Id", "Created", "Path", "Args", "State", "Image", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "Name", "RestartCount",
                "Driver", "Platform", "MountLabel", "ProcessLabel", "AppArmorProfile", "ExecIDs", "HostConfig", "GraphDriver", "Mounts", "Config",
                "NetworkSettings",
        };
        json_t *s = json_object_get(o, "State");

        assert_non_null(o);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_non_null(json_object_get(o, names[i]));
        assert_int_equal(json_object_size(o), ARRAY_SIZE(names));
        assert_string_equal(text_at(o, "Name"), "/web");
        assert_string_equal(text_at(o, "Created"), "2023-11-14T22:13:20.123456789Z");
        assert_string_equal(text_at(o, "HostsPath"), "/data/containers/1/hosts");
        assert_true(json_is_null(json_object_get(o, "ExecIDs")));
        assert_string_equal(text_at(s, "Status"), "running");
        assert_true(json_is_true(json_object_get(s, "Running")));
        assert_string_equal(text_at(s, "FinishedAt"), "0001-01-01T00:00:00Z");
        assert_null(json_object_get(s, "Health"));
}

static void test_health(void **state)
{
        _cleanup_(brig_container_view_freep) ContainerView *v = fake_view();
        _cleanup_json_ json_t *o = NULL;
        HealthProbe probe = { .start = BRIG_NSEC_PER_SEC, .end = 2 * BRIG_NSEC_PER_SEC, .exit_code = 1, .output = (char *)"no" };
        json_t *health;

        v->health = HEALTH_UNHEALTHY;
        v->health_failing = 3;
        v->probes = &probe;
        v->n_probes = 1;
        o = brig_shape_container_inspect(v, API_VERSION(1, 50));
        health = json_object_get(json_object_get(o, "State"), "Health");
        assert_string_equal(text_at(health, "Status"), "unhealthy");
        assert_int_equal(json_integer_value(json_object_get(health, "FailingStreak")), 3);
        assert_string_equal(text_at(json_array_get(json_object_get(health, "Log"), 0), "Output"), "no");
}

static void test_status_words(void **state)
{
        _cleanup_(brig_container_view_freep) ContainerView *v = fake_view();
        const int64_t now = v->started_at + 300 * BRIG_NSEC_PER_SEC;
        static const struct { ContainerState state; HealthStatus health; bool never; const char *words; } rows[] = {
                { CONTAINER_RUNNING, HEALTH_NONE, false, "Up 5 minutes" },
                { CONTAINER_RUNNING, HEALTH_STARTING, false, "Up 5 minutes (health: starting)" },
                { CONTAINER_RUNNING, HEALTH_HEALTHY, false, "Up 5 minutes (healthy)" },
                { CONTAINER_PAUSED, HEALTH_NONE, false, "Up 5 minutes (Paused)" },
                { CONTAINER_RESTARTING, HEALTH_NONE, false, "Restarting (7) 2 minutes ago" },
                { CONTAINER_EXITED, HEALTH_NONE, false, "Exited (7) 2 minutes ago" },
                { CONTAINER_CREATED, HEALTH_NONE, true, "Created" },
                { CONTAINER_REMOVING, HEALTH_NONE, false, "Removal In Progress" },
                { CONTAINER_DEAD, HEALTH_NONE, false, "Dead" },
        };

        v->exit_code = 7;
        v->finished_at = now - 120 * BRIG_NSEC_PER_SEC;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char words[80];

                v->state = rows[i].state;
                v->health = rows[i].health;
                v->started_at = rows[i].never ? 0 : now - 300 * BRIG_NSEC_PER_SEC;
                brig_shape_container_status(v, now, words);
                assert_string_equal(words, rows[i].words);
        }
}

static void test_list_row(void **state)
{
        _cleanup_(brig_container_view_freep) ContainerView *v = fake_view();
        _cleanup_json_ json_t *o = brig_shape_container_row(v, NULL, v->started_at);
        const json_t *mount = json_array_get(json_object_get(o, "Mounts"), 0);

        assert_string_equal(text_at(o, "Command"), "sh -c 'sleep 9'");
        assert_string_equal(text_at(o, "Image"), "busybox");
        assert_string_equal(text_at(o, "State"), "running");
        assert_int_equal(json_integer_value(json_object_get(o, "Created")), 1700000000);
        assert_string_equal(json_string_value(json_array_get(json_object_get(o, "Names"), 0)), "/web");
        assert_string_equal(text_at(json_object_get(o, "Labels"), "a"), "b");
        assert_string_equal(text_at(mount, "Source"), "/src");
        assert_string_equal(text_at(mount, "Destination"), "/dst");
        assert_string_equal(text_at(mount, "Mode"), "ro,rslave");
        assert_string_equal(text_at(mount, "Propagation"), "rslave");
        assert_true(json_is_false(json_object_get(mount, "RW")));
        assert_true(json_is_array(json_object_get(o, "Ports")));
}

static void test_images_by_version(void **state)
{
        Image *i = fake_image();
        _cleanup_json_ json_t *now = brig_shape_image_inspect(i, API_VERSION(1, 50)), *before = brig_shape_image_inspect(i, API_VERSION(1, 43)),
                *untagged = brig_shape_image_row(&(ImageRow){ .image = i, .containers = -1, .shared_size = -1 }, API_VERSION(1, 41));

        assert_null(json_object_get(now, "VirtualSize"));
        assert_int_equal(json_integer_value(json_object_get(before, "VirtualSize")), 4096);
        assert_string_equal(text_at(now, "Id"), FAKE_IMAGE);
        assert_string_equal(text_at(now, "Os"), "linux");
        assert_string_equal(json_string_value(json_array_get(json_object_get(now, "RepoTags"), 0)), "busybox:latest");
        assert_string_equal(json_string_value(json_array_get(json_object_get(untagged, "RepoTags"), 0)), "<none>:<none>");
        brig_image_unref(i);
}

static void test_history(void **state)
{
        Image *i = fake_image();
        ImageHistory rows[] = {
                { .created = (char *)"2020-01-01T00:00:00Z", .created_by = (char *)"ADD" }, { .created_by = (char *)"CMD", .empty_layer = true },
        };
        _cleanup_json_ json_t *o = NULL;

        i->config.history = (JsonArray){ rows, 2 };
        o = brig_shape_image_history(i);
        assert_int_equal(json_array_size(o), 2);
        assert_string_equal(text_at(json_array_get(o, 0), "CreatedBy"), "CMD");
        assert_string_equal(text_at(json_array_get(o, 0), "Id"), FAKE_IMAGE);
        assert_string_equal(text_at(json_array_get(o, 1), "Id"), "<missing>");
        assert_int_equal(json_integer_value(json_object_get(json_array_get(o, 1), "Created")), 1577836800);
        brig_image_unref(i);
}

static void test_deletions(void **state)
{
        char *lines[] = { (char *)"Untagged: a:b", (char *)"Deleted: sha256:00", NULL };
        _cleanup_json_ json_t *o = brig_shape_image_deletions(lines);
        _cleanup_free_ char *text = brig_json_text(o);

        assert_string_equal(text, "[{\"Untagged\":\"a:b\"},{\"Deleted\":\"sha256:00\"}]");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_inspect), cmocka_unit_test(test_health), cmocka_unit_test(test_status_words), cmocka_unit_test(test_list_row),
                cmocka_unit_test(test_images_by_version), cmocka_unit_test(test_history), cmocka_unit_test(test_deletions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
