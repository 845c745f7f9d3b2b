/* Rows P1 to P4: names, profiles, and Docker's rule for --cap-add and --cap-drop. */
#include "tests/unit/cmocka-all.h"
#include "plan/capability.h"
#include <linux/capability.h>

#define BIT(n) BRIG_CAP_BIT(CAP_##n)

static void test_names(void **state)
{
        int cap;

        for (int i = 0; i <= CAP_LAST_CAP; i++) {
                assert_non_null(brig_cap_name(i));
                assert_int_equal(brig_cap_parse(brig_cap_name(i), &cap), 0);
                assert_int_equal(cap, i);
                assert_int_equal(brig_cap_parse(brig_cap_name(i) + 4, &cap), 0);
                assert_int_equal(cap, i);
        }
        assert_int_equal(brig_cap_parse("cap_net_raw", &cap), 0);
        assert_int_equal(cap, CAP_NET_RAW);
        assert_int_equal(brig_cap_parse("CAP_", &cap), -EINVAL);
        assert_int_equal(brig_cap_parse("EVERYTHING", &cap), -EINVAL);
        assert_null(brig_cap_name(CAP_LAST_CAP + 1));
        assert_null(brig_cap_name(-1));
}

static void test_P1_P2_profiles(void **state)
{
        /* 0xa80425fb is what CapBnd reads in a container that Docker started with its defaults. */
        assert_int_equal(brig_cap_profile("compat"), 0xa80425fb);
        assert_int_equal(brig_cap_profile("standard"), 0xa80425fb & ~(BIT(NET_RAW) | BIT(MKNOD) | BIT(AUDIT_WRITE)));
        assert_int_equal(brig_cap_profile("hardened"), 0);
        assert_int_equal(brig_cap_profile("nonsense"), 0);
}

static uint64_t tweak(uint64_t base, const char *add, const char *also, const char *drop)
{
        char *adds[] = { (char *)add, (char *)also, NULL }, *drops[] = { (char *)drop, NULL };
        uint64_t mask = 1;

        assert_int_equal(brig_cap_tweak(base, adds, drops, &mask, NULL), 0);
        return mask;
}

static void test_P3_add_and_drop(void **state)
{
        uint64_t base = BIT(CHOWN) | BIT(KILL);

        assert_int_equal(tweak(base, NULL, NULL, NULL), base);
        assert_int_equal(tweak(base, NULL, NULL, "kill"), BIT(CHOWN));
        assert_int_equal(tweak(base, NULL, NULL, "ALL"), 0);
        assert_int_equal(tweak(base, "NET_RAW", NULL, "ALL"), BIT(NET_RAW));
        assert_int_equal(tweak(base, "all", NULL, NULL), brig_cap_all());
        assert_int_equal(tweak(base, "ALL", NULL, "CAP_SYS_ADMIN"), brig_cap_all() & ~BIT(SYS_ADMIN));
        assert_int_equal(tweak(base, "NET_RAW", "CAP_MKNOD", "CHOWN"), BIT(KILL) | BIT(NET_RAW) | BIT(MKNOD));
        assert_int_equal(tweak(base, "CHOWN", NULL, "CHOWN"), base);
}

static void test_P3_unknown_is_named(void **state)
{
        char *adds[] = { (char *)"CHOWN", (char *)"FLY", NULL };
        BrigError err = BRIG_ERROR_INIT;
        uint64_t mask = 77;

        assert_true(brig_cap_tweak(0, adds, NULL, &mask, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_INVALID);
        assert_non_null(strstr(err.message, "\"FLY\""));
        assert_int_equal(mask, 77);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_P1_P2_profiles),
                cmocka_unit_test(test_P3_add_and_drop),
                cmocka_unit_test(test_P3_unknown_is_named),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
