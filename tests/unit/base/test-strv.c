/* String vectors and environments. */
#include "base/strings.h"

#include "tests/unit/cmocka-all.h"

static void push_copy_contains(void **state)
{
        _cleanup_strv_ char **v = NULL, **copy = NULL;

        assert_int_equal(brig_strv_len(NULL), 0);
        assert_int_equal(brig_strv_push(&v, "a"), 0);
        assert_int_equal(brig_strv_consume(&v, strdup("b")), 0);
        assert_int_equal(brig_strv_consume(&v, NULL), -ENOMEM);
        assert_int_equal(brig_strv_len(v), 2);
        copy = brig_strv_copy(v);
        assert_string_equal(copy[1], "b");
        assert_true(brig_strv_contains(copy, "a"));
        assert_false(brig_strv_contains(copy, "c"));
        assert_false(brig_strv_contains(NULL, "c"));
        assert_null(brig_strv_copy(NULL));
}

static void split_keeps_empty_parts(void **state)
{
        static const struct { const char *text; size_t parts; } rows[] = { { "", 1 }, { "a", 1 }, { ":", 2 }, { "a::b", 3 }, { ":a:", 3 } };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_strv_ char **v = NULL;
                _cleanup_free_ char *back = NULL;

                assert_int_equal(brig_strv_split(rows[i].text, ':', &v), 0);
                assert_int_equal(brig_strv_len(v), rows[i].parts);
                back = brig_strv_join(v, ":");
                assert_string_equal(back, rows[i].text);
        }
}

static void join_of_nothing(void **state)
{
        _cleanup_free_ char *s = brig_strv_join(NULL, ", ");

        assert_string_equal(s, "");
}

static void environment(void **state)
{
        _cleanup_strv_ char **env = NULL;

        assert_null(brig_strv_env_get(env, "A"));
        assert_int_equal(brig_strv_env_set(&env, "A"), 0);
        assert_int_equal(brig_strv_env_set(&env, "A=1"), 0);
        assert_int_equal(brig_strv_env_set(&env, "AB=2"), 0);
        assert_int_equal(brig_strv_push(&env, "A=3"), 0);
        assert_string_equal(brig_strv_env_get(env, "A"), "3");
        assert_string_equal(brig_strv_env_get(env, "AB"), "2");
        assert_int_equal(brig_strv_env_set(&env, "A=x=y"), 0);
        assert_int_equal(brig_strv_len(env), 2);
        assert_string_equal(env[0], "A=x=y");
        assert_string_equal(brig_strv_env_get(env, "A"), "x=y");
        assert_int_equal(brig_strv_env_set(&env, "A"), 0);
        assert_null(brig_strv_env_get(env, "A"));
        assert_int_equal(brig_strv_len(env), 1);
        assert_int_equal(brig_strv_env_set(&env, "C="), 0);
        assert_string_equal(brig_strv_env_get(env, "C"), "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(push_copy_contains),
                cmocka_unit_test(split_keeps_empty_parts),
                cmocka_unit_test(join_of_nothing),
                cmocka_unit_test(environment),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
