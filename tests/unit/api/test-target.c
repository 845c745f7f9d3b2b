#include "api/target.h"
#include "base/strings.h"

#include "tests/unit/cmocka-all.h"

static void test_path_and_query_are_decoded(void **state)
{
        _cleanup_target_ Target t = { 0 };
        _cleanup_strv_ char **all = NULL;

        assert_int_equal(brig_target_parse("/images/a%2Fb/json?x=1&y=%41+b&x=2&flag&=v&&z=%0A", &t, NULL), 0);
        assert_string_equal(t.path, "/images/a/b/json");
        assert_string_equal(brig_target_get(&t, "x"), "1");
        assert_string_equal(brig_target_get(&t, "y"), "A b");
        assert_string_equal(brig_target_get(&t, "flag"), "");
        assert_string_equal(brig_target_get(&t, ""), "v");
        assert_string_equal(brig_target_get(&t, "z"), "\n");
        assert_null(brig_target_get(&t, "absent"));
        assert_int_equal(brig_target_get_all(&t, "x", &all), 0);
        assert_int_equal(brig_strv_len(all), 2);
}

static void test_a_plus_in_the_path_stays(void **state)
{
        _cleanup_target_ Target t = { 0 };

        assert_int_equal(brig_target_parse("/a+b#fragment?no=1", &t, NULL), 0);
        assert_string_equal(t.path, "/a+b");
        assert_int_equal(t.query.count, 0);
}

static void test_what_is_refused(void **state)
{
        static const char *const bad[] = {
                "", "a", "*", "http://x/y", "/a%00b", "/a%0ab", "/a\x7f", "/a%", "/a%4", "/a%zz", "/a?b=%00", "/a?b=%1b", "/a?b=%", "/a%ff",
                "/a?b=%c0%80", "/a?%01=x",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_target_ Target t = { 0 };
                BrigError err = BRIG_ERROR_INIT;

                assert_true(brig_target_parse(bad[i], &t, &err) < 0);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                assert_null(t.path);
        }
}

static void test_limits(void **state)
{
        _cleanup_target_ Target t = { 0 };
        _cleanup_free_ char *many = malloc(4 * BRIG_TARGET_MAX_PARAMETERS + 16), *huge = malloc(BRIG_TARGET_MAX_BYTES + 2);
        size_t n = 0;

        many[n++] = '/';
        many[n++] = '?';
        for (int i = 0; i <= BRIG_TARGET_MAX_PARAMETERS; i++) {
                many[n++] = 'a';
                many[n++] = '&';
        }
        many[n] = '\0';
        assert_true(brig_target_parse(many, &t, NULL) < 0);
        memset(huge, '/', BRIG_TARGET_MAX_BYTES + 1);
        huge[BRIG_TARGET_MAX_BYTES + 1] = '\0';
        assert_true(brig_target_parse(huge, &t, NULL) < 0);
}

static void test_truth_as_docker_has_it(void **state)
{
        static const struct { const char *query; bool is; } rows[] = {
                { "/?a=1", true }, { "/?a=true", true }, { "/?a=yes", true }, { "/?a=x", true }, { "/?a=0", false }, { "/?a=False", false },
                { "/?a=no", false }, { "/?a=%20none%20", false }, { "/?a=", false }, { "/?a", false }, { "/", false }, { "/?a=%20", false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_target_ Target t = { 0 };

                assert_int_equal(brig_target_parse(rows[i].query, &t, NULL), 0);
                assert_int_equal(brig_target_bool(&t, "a"), rows[i].is);
        }
}

static void test_integers(void **state)
{
        _cleanup_target_ Target t = { 0 };
        BrigError err = BRIG_ERROR_INIT;
        int64_t n = 0;

        assert_int_equal(brig_target_parse("/?a=-5&b=x&c=", &t, NULL), 0);
        assert_int_equal(brig_target_int(&t, "a", 7, &n, NULL), 0);
        assert_int_equal(n, -5);
        assert_int_equal(brig_target_int(&t, "c", 7, &n, NULL), 0);
        assert_int_equal(n, 7);
        assert_true(brig_target_int(&t, "b", 7, &n, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_INVALID);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_path_and_query_are_decoded), cmocka_unit_test(test_a_plus_in_the_path_stays),
                cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_limits), cmocka_unit_test(test_truth_as_docker_has_it),
                cmocka_unit_test(test_integers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
