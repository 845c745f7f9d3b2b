/* Number parsers that take what they should and nothing else. */
#include "base/strings.h"

#include "tests/unit/cmocka-all.h"

static void unsigned_numbers(void **state)
{
        static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x10", "1e3", "a", "1.0" };
        uint64_t value = 7;
        uint32_t small;

        assert_int_equal(brig_parse_u64("18446744073709551615", &value), 0);
        assert_true(value == UINT64_MAX);
        assert_int_equal(brig_parse_u64("18446744073709551616", &value), -ERANGE);
        assert_int_equal(brig_parse_u64("99999999999999999999999", &value), -ERANGE);
        assert_int_equal(brig_parse_u64("0007", &value), 0);
        assert_int_equal(value, 7);
        assert_int_equal(brig_parse_u32("4294967295", &small), 0);
        assert_int_equal(brig_parse_u32("4294967296", &small), -ERANGE);
        assert_int_equal(brig_parse_u64(NULL, &value), -EINVAL);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                assert_int_equal(brig_parse_u64(bad[i], &value), -EINVAL);
                assert_int_equal(value, 7);
        }
}

static void signed_numbers(void **state)
{
        int64_t value;

        assert_int_equal(brig_parse_i64("-9223372036854775808", &value), 0);
        assert_true(value == INT64_MIN);
        assert_int_equal(brig_parse_i64("9223372036854775807", &value), 0);
        assert_true(value == INT64_MAX);
        assert_int_equal(brig_parse_i64("-9223372036854775809", &value), -ERANGE);
        assert_int_equal(brig_parse_i64("9223372036854775808", &value), -ERANGE);
        assert_int_equal(brig_parse_i64("-", &value), -EINVAL);
        assert_int_equal(brig_parse_i64("--1", &value), -EINVAL);
        assert_int_equal(brig_parse_i64(NULL, &value), -EINVAL);
}

static void truth(void **state)
{
        bool value = false;

        assert_int_equal(brig_parse_bool("TRUE", &value), 0);
        assert_true(value);
        assert_int_equal(brig_parse_bool("off", &value), 0);
        assert_false(value);
        assert_int_equal(brig_parse_bool("2", &value), -EINVAL);
        assert_int_equal(brig_parse_bool("", &value), -EINVAL);
}

static void sizes(void **state)
{
        static const struct { const char *text; uint64_t bytes; } good[] = {
                { "0", 0 }, { "512", 512 }, { "512b", 512 }, { "64k", 65536 }, { "1m", 1 << 20 }, { "2g", UINT64_C(2) << 30 }, { "1.5G", UINT64_C(3) << 29 },
                { "100MB", UINT64_C(100) << 20 }, { "1GiB", 1 << 30 }, { "1 kB", 1024 }, { "3T", UINT64_C(3) << 40 }, { "0.1k", 102 }, { "1p", UINT64_C(1) << 50 },
                { "1.99999999999999999999k", 2047 },
        };
        static const char *const bad[] = { "", "m", "-1m", "1x", "1kk", "1ib", "1ki", "1.", ".5m", "1.m", "1  m", "1m ", "1.2.3m" };
        uint64_t bytes;

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                assert_int_equal(brig_parse_size(good[i].text, &bytes), 0);
                assert_int_equal(bytes, good[i].bytes);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(brig_parse_size(bad[i], &bytes), -EINVAL);
        assert_int_equal(brig_parse_size("18446744073709551615", &bytes), -ERANGE);
        assert_int_equal(brig_parse_size("99999999999p", &bytes), -ERANGE);
        assert_int_equal(brig_parse_size(NULL, &bytes), -EINVAL);
}

static void prefixes_and_equality(void **state)
{
        assert_true(brig_str_equal(NULL, NULL));
        assert_false(brig_str_equal(NULL, ""));
        assert_true(brig_str_has_prefix("sha256:ab", "sha256:"));
        assert_false(brig_str_has_prefix("sha", "sha256:"));
        assert_true(brig_str_has_suffix("a.tar", ".tar"));
        assert_false(brig_str_has_suffix("r", ".tar"));
        assert_true(brig_str_empty(NULL) && brig_str_empty("") && !brig_str_empty("x"));
}

static void set_replaces(void **state)
{
        _cleanup_free_ char *s = NULL;

        assert_int_equal(brig_str_set(&s, "one"), 0);
        assert_int_equal(brig_str_set(&s, "two"), 0);
        assert_string_equal(s, "two");
        assert_int_equal(brig_str_set(&s, s), 0);
        assert_string_equal(s, "two");
        assert_int_equal(brig_str_set(&s, NULL), 0);
        assert_null(s);
        s = brig_str_printf("%s-%d", "a", 1);
        assert_string_equal(s, "a-1");
}

static void hexadecimal(void **state)
{
        char out[9];

        brig_hex_encode("\x00\x7f\xa5\xff", 4, out);
        assert_string_equal(out, "007fa5ff");
        assert_true(brig_is_hex("007fa5ff", 8));
        assert_false(brig_is_hex("007fa5ff", 7));
        assert_false(brig_is_hex("007fa5ff", 9));
        assert_false(brig_is_hex("007FA5FF", 8));
        assert_false(brig_is_hex(NULL, 0));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(unsigned_numbers),
                cmocka_unit_test(signed_numbers),
                cmocka_unit_test(truth),
                cmocka_unit_test(sizes),
                cmocka_unit_test(prefixes_and_equality),
                cmocka_unit_test(set_replaces),
                cmocka_unit_test(hexadecimal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
