#include "base/strings.h"
#include "programs/brig-api/config.h"
#include "tests/unit/cmocka-all.h"

static int parse(const char *text, Config *ret, BrigError *err)
{
        return config_parse(text, strlen(text), "/etc/daemon.json", ret, err);
}

static void test_flat_lines(void **state)
{
        static const char text[] = "{\"data-root\": \"/d\", \"hosts\": [\"unix:///a\", \"unix:///b\"], \"debug\": true, \"labels\": [\"x=y\"],"
                "\"log-opts\": {\"max-size\": \"1m\", \"max-file\": \"3\"}, \"shutdown-timeout\": 5, \"live-restore\": true, \"user\": \"u\"}";
        _cleanup_(config_clear) Config c = { 0 };
        _cleanup_free_ char *lines = NULL;

        assert_int_equal(parse(text, &c, NULL), 0);
        assert_int_equal(c.log_max_size, 1 << 20);
        assert_int_equal(c.log_max_files, 3);
        lines = config_flatten(&c);
        assert_string_equal(lines, "log-level\tdebug\ndata-root\t/d\nhost\tunix:///a\nhost\tunix:///b\ndebug\ttrue\nlog-opts.max-size\t1m\n"
                            "log-opts.max-file\t3\nlabels\tx=y\nlive-restore\ttrue\nshutdown-timeout\t5\nuser\tu\n");
}

static void test_numbers(void **state)
{
        _cleanup_(config_clear) Config c = { 0 };

        assert_int_equal(parse("{\"default-ulimits\": {\"nofile\": {\"Name\": \"nofile\", \"Soft\": 9, \"Hard\": 9}}, \"default-memory\": \"64m\","
                               "\"default-pids-limit\": 77, \"init\": true, \"profile\": \"compat\"}", &c, NULL), 0);
        assert_int_equal(c.nofile, 9);
        assert_int_equal(c.memory_bytes, 64 << 20);
        assert_int_equal(c.default_pids.value, 77);
        assert_int_equal(c.init, 1);
}

static void test_what_is_refused(void **state)
{
        static const char *const bad[][2] = {
                { "{\"no-such-key\": 1}", "no-such-key" },
                { "{\"debug\": true, \"debug\": false}", "debug" },
                { "{\"debug\": \"yes\"}", "debug" },
                { "[]", "not an object" },
                { "", "/etc/daemon.json" },
                { "{\"data-root\": \"relative\"}", "absolute" },
                { "{\"live-restore\": false}", "live-restore" },
                { "{\"log-driver\": \"syslog\"}", "log-driver" },
                { "{\"log-level\": \"loud\"}", "log-level" },
                { "{\"log-opts\": {\"labels\": \"x\"}}", "log-opts" },
                { "{\"log-opts\": {\"max-file\": \"0\"}}", "max-file" },
                { "{\"default-ulimits\": {\"core\": {\"Soft\": 0, \"Hard\": 0}}}", "default-ulimits" },
                { "{\"default-memory\": \"1k\"}", "default-memory" },
                { "{\"profile\": \"none\"}", "profile" },
                { "{\"default-pids-limit\": 0}", "default-pids-limit" },
                { "{\"shutdown-timeout\": -1}", "shutdown-timeout" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                Config c = { 0 };
                BrigError err = BRIG_ERROR_INIT;

                if (parse(bad[i][0], &c, &err) >= 0)
                        fail_msg("%s is accepted", bad[i][0]);
                assert_non_null(strstr(err.message, bad[i][1]));
                assert_true(brig_str_has_prefix(err.message, "/etc/daemon.json"));
        }
}

static void test_a_line_break_cannot_forge_a_line(void **state)
{
        _cleanup_(config_clear) Config c = { 0 };

        assert_int_equal(parse("{\"user\": \"a\\nhost\\tunix:///x\"}", &c, NULL), 0);
        assert_null(config_flatten(&c));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_flat_lines), cmocka_unit_test(test_numbers), cmocka_unit_test(test_what_is_refused),
                cmocka_unit_test(test_a_line_break_cannot_forge_a_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
