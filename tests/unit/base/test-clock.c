/* Times as Docker and Go write them, in every form that docker's since and until take. */
#include "base/clock.h"

#include "tests/unit/cmocka-all.h"
#include <stdlib.h>
#include <time.h>

#define SEC BRIG_NSEC_PER_SEC

static const struct { int64_t ns; const char *shortest; const char *full; } formats[] = {
        { 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000Z" },
        { INT64_C(1767323045123456789), "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z" },
        { INT64_C(1709164800) * SEC + 500000000, "2024-02-29T00:00:00.5Z", "2024-02-29T00:00:00.500000000Z" },
        { -1, "1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z" },
        { INT64_MAX, "2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775807Z" },
        { INT64_MIN + 1, "1677-09-21T00:12:43.145224193Z", "1677-09-21T00:12:43.145224193Z" },
        { BRIG_TIME_ZERO, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z" },
};

static void formats_round_trip(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
                char out[BRIG_TIME_STRING];
                int64_t back;

                brig_time_format(formats[i].ns, out);
                assert_string_equal(out, formats[i].shortest);
                assert_int_equal(brig_time_parse(out, 0, &back), 0);
                assert_true(back == formats[i].ns);
                brig_time_format_full(formats[i].ns, out);
                assert_string_equal(out, formats[i].full);
        }
}

/* Against the C library's calendar, over 400 years. */
static void agrees_with_gmtime(void **state)
{
        for (int64_t day = -70000; day < 80000; day += 37) {
                time_t when = day * 86400 + 12345;
                char ours[BRIG_TIME_STRING], theirs[64];
                struct tm tm;

                assert_non_null(gmtime_r(&when, &tm));
                assert_true(strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
                brig_time_format(when * SEC, ours);
                assert_string_equal(ours, theirs);
        }
}

static const struct { const char *text; int64_t ns; } times[] = {
        { "1700000000", INT64_C(1700000000) * SEC },
        { "1700000000.123456789", INT64_C(1700000000123456789) },
        { "1700000000.5", INT64_C(1700000000500000000) },
        { "1700000000.1234567891234", INT64_C(1700000000123456789) },
        { "0", 0 },
        { "10m", 1000 * SEC - 600 * SEC },
        { "1h30m", 1000 * SEC - 5400 * SEC },
        { "-10s", 1010 * SEC },
        { "2026-01-02", INT64_C(1767312000) * SEC },
        { "2026-01-02T03:04", INT64_C(1767323040) * SEC },
        { "2026-01-02T03:04:05", INT64_C(1767323045) * SEC },
        { "2026-01-02T03:04:05.25", INT64_C(1767323045) * SEC + SEC / 4 },
        { "2026-01-02T03:04:05+02:00", INT64_C(1767315845) * SEC },
        { "2026-01-02t03:04:05.1-00:30", INT64_C(1767324845) * SEC + SEC / 10 },
        { "2016-12-31T23:59:60Z", INT64_C(1483228800) * SEC },
        { "9999-12-31T23:59:59Z", INT64_MAX },
        { "99999999999999", INT64_MAX },
};

static const char *const bad_times[] = {
        "", " ", "x", "2026-13-01", "2026-13-01T", "2026-02-30", "2026-00-10", "2025-02-29", "2026-01-02T24:00:00Z", "2026-01-02T03",
        "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+0200", "2026-01-02 x", "1700000000.", "1.2.3",
        "99999999999999999999", "10q", "1h30", "--1s", ".s", "99999999999h",
};

static void parses_every_form(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                int64_t ns;

                assert_int_equal(brig_time_parse(times[i].text, 1000 * SEC, &ns), 0);
                assert_true(ns == times[i].ns);
        }
}

static void refuses_other_times(void **state)
{
        int64_t ns;

        assert_int_equal(brig_time_parse(NULL, 0, &ns), -EINVAL);
        for (size_t i = 0; i < ARRAY_SIZE(bad_times); i++)
                assert_int_equal(brig_time_parse(bad_times[i], 0, &ns), -EINVAL);
}

static const struct { const char *text; int64_t ns; } durations[] = {
        { "0", 0 }, { "0s", 0 }, { "1ns", 1 }, { "100ms", 100 * BRIG_NSEC_PER_MSEC }, { "1h2m3.5s", 3723 * SEC + SEC / 2 },
        { "1.5h", 5400 * SEC }, { ".5s", SEC / 2 }, { "3.s", 3 * SEC }, { "2us", 2000 }, { "2\xc2\xb5s", 2000 }, { "-1m", -60 * SEC }, { "+1m", 60 * SEC },
};

static void parses_durations(void **state)
{
        static const char *const bad[] = { "", "-", "1", "s", ".s", "1x", "1h ", " 1h", "1hh", "9223372037s1x", "10000000h" };
        int64_t ns;

        for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
                assert_int_equal(brig_duration_parse(durations[i].text, &ns), 0);
                assert_true(ns == durations[i].ns);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_true(brig_duration_parse(bad[i], &ns) < 0);
}

static void human_words(void **state)
{
        static const struct { int64_t sec; const char *words; } rows[] = {
                { -5, "Less than a second" }, { 0, "Less than a second" }, { 1, "1 second" }, { 59, "59 seconds" }, { 60, "About a minute" },
                { 119, "About a minute" }, { 120, "2 minutes" }, { 3599, "59 minutes" }, { 3600, "About an hour" }, { 5399, "About an hour" },
                { 5400, "2 hours" }, { 47 * 3600, "47 hours" }, { 48 * 3600, "2 days" }, { 13 * 86400, "13 days" }, { 14 * 86400, "2 weeks" },
                { 59 * 86400, "8 weeks" }, { 60 * 86400, "2 months" }, { 729 * 86400, "24 months" }, { 730 * 86400, "2 years" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char out[40];

                brig_duration_human(rows[i].sec * SEC, out);
                assert_string_equal(out, rows[i].words);
        }
}

static void time_zone_of_the_environment_is_ignored(void **state)
{
        int64_t ns;

        assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
        tzset();
        assert_int_equal(brig_time_parse("1970-01-01", 0, &ns), 0);
        assert_true(ns == 0);
        assert_int_equal(unsetenv("TZ"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(formats_round_trip),
                cmocka_unit_test(agrees_with_gmtime),
                cmocka_unit_test(parses_every_form),
                cmocka_unit_test(refuses_other_times),
                cmocka_unit_test(parses_durations),
                cmocka_unit_test(human_words),
                cmocka_unit_test(time_zone_of_the_environment_is_ignored),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
