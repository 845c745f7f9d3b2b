/* A container starts, runs and ends: the thin thread through plan, births, barrier, streams and exit. */
#include "../cmocka-all.h"
#include "fixture.h"

#include <stdio.h>

static void test_true_ends_with_0(void **state)
{
        TestPlan t;
        char out[4096];

        if (!*state)
                skip();
        test_plan_init(&t, "/bin/true", NULL);
        if (run_collect(*state, &t, out, sizeof out) != 0)
                fail_msg("%s", out);
        assert_string_equal(out, "");
}

static void test_the_exit_code_and_the_output_arrive(void **state)
{
        TestPlan t;
        char out[4096];

        if (!*state)
                skip();
        test_plan_shell(&t, "echo out; echo err >&2; exit 7");
        assert_int_equal(run_collect(*state, &t, out, sizeof out), 7);
        assert_string_equal(out, "out\nerr\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_true_ends_with_0),
                cmocka_unit_test(test_the_exit_code_and_the_output_arrive),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
