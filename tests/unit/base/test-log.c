/* One line per call, levels, and text that tries to forge a line. */
#include "base/log.h"

#include "tests/unit/cmocka-all.h"
#include <string.h>
#include <unistd.h>

BRIG_LOG_STATE;

/* Logs through a pipe in place of stderr and returns what came out. */
static size_t logged(BrigLogLevel level, const char *text, char *out, size_t size)
{
        int fds[2], saved = dup(STDERR_FILENO);
        ssize_t n;

        assert_int_equal(pipe(fds), 0);
        assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
        (void)close(fds[1]);
        brig_log(level, "%s", text);
        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        (void)close(saved);
        n = read(fds[0], out, size - 1);
        assert_true(n >= 0);
        (void)close(fds[0]);
        out[n] = '\0';
        return (size_t)n;
}

static void a_line_has_time_level_and_program(void **state)
{
        char out[8192];
        size_t n;

        brig_log_setup("tester", BRIG_LOG_WARN);
        n = logged(BRIG_LOG_WARN, "disk is nearly full", out, sizeof out);
        assert_string_equal(out + strlen("2026-01-02T03:04:05.123456789Z"), " warn tester: disk is nearly full\n");
        assert_int_equal(out[n - 1], '\n');
        assert_int_equal(logged(BRIG_LOG_INFO, "quiet", out, sizeof out), 0);
}

static void control_characters_cannot_forge_a_line(void **state)
{
        char out[8192];

        brig_log_setup("tester", BRIG_LOG_INFO);
        (void)logged(BRIG_LOG_INFO, "a\nb\r\x1b[2J\x7f\xc3\xa4", out, sizeof out);
        assert_non_null(strstr(out, "a\\x0ab\\x0d\\x1b[2J\\x7f\xc3\xa4\n"));
        assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

static void long_text_is_cut(void **state)
{
        static char text[20000], out[20000];
        size_t n;

        memset(text, '\n', sizeof text - 1);
        n = logged(BRIG_LOG_ERROR, text, out, sizeof out);
        assert_true(n < 4096 + 256);
        assert_ptr_equal(strchr(out, '\n'), out + n - 1);
}

static void levels_by_name(void **state)
{
        BrigLogLevel level;

        assert_int_equal(brig_log_level_parse("debug", &level), 0);
        assert_int_equal(level, BRIG_LOG_DEBUG);
        assert_int_equal(brig_log_level_parse("fatal", &level), 0);
        assert_int_equal(level, BRIG_LOG_ERROR);
        assert_int_equal(brig_log_level_parse("loud", &level), -EINVAL);
        assert_int_equal(brig_log_level_parse(NULL, &level), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_line_has_time_level_and_program),
                cmocka_unit_test(control_characters_cannot_forge_a_line),
                cmocka_unit_test(long_text_is_cut),
                cmocka_unit_test(levels_by_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
