/* Reading logs: entries, tails, rotation, follow, and files that a crash left half written. */
#include "tests/unit/engine/fake-brigd.h"

#include "base/strings.h"
#include "engine/logs-internal.h"
#include "tests/unit/cmocka-all.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#define T0 "2026-01-02T03:04:05.000000001Z"
#define T1 "2026-01-02T03:04:06.000000001Z"
#define T2 "2026-01-02T03:04:07.000000001Z"
#define LINE(text, stream, time) "{\"log\":\"" text "\\n\",\"stream\":\"" stream "\",\"time\":\"" time "\"}\n"

static void entries(void **state)
{
        static const struct { const char *line, *text; int stream; } rows[] = {
                { "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"" T0 "\"}", "a\n", 1 },
                { "{ \"time\" : \"" T0 "\" , \"stream\":\"stderr\", \"log\":\"\" }", "", 2 },
                { "{\"log\":\"\\u0041\\t\\\"\\\\\\/\\u00e9\\ud83d\\ude00\",\"stream\":\"stdout\",\"time\":\"" T0 "\"}", "A\t\"\\/\xc3\xa9\xf0\x9f\x98\x80", 1 },
                { "{\"log\":\"\\ud800x\",\"stream\":\"stdout\",\"time\":\"" T0 "\"}", "\xef\xbf\xbdx", 1 },
                { "{\"log\":\"x\",\"attrs\":{\"a\":[1,{\"b\":\"}\"}]},\"stream\":\"stdout\",\"n\":-1.5e3,\"time\":\"" T0 "\"}", "x", 1 },
                { "", NULL, 0 }, { "{", NULL, 0 }, { "{}", NULL, 0 }, { "{\"log\":\"a", NULL, 0 }, { "{\"log\":\"a\\", NULL, 0 }, { "{\"log\":\"a\\u00", NULL, 0 },
                { "{\"log\":\"a\",\"stream\":\"stdout\"}", NULL, 0 }, { "{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"then\"}", NULL, 0 },
                { "{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"" T0 "\"}x", NULL, 0 }, { "{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"" T0 "\"", NULL, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *line = strdup(rows[i].line);
                LogEntry e;
                int r = brig_log_entry_parse(line, strlen(line), &e);

                if ((r == 0) != (rows[i].text != NULL))
                        fail_msg("%s: %d", rows[i].line, r);
                if (r < 0)
                        continue;
                assert_int_equal(e.stream, rows[i].stream);
                assert_int_equal(e.len, strlen(rows[i].text));
                assert_memory_equal(e.text, rows[i].text, e.len);
                assert_true(e.time == INT64_C(1767323045000000001));
        }
}

/* --- files -------------------------------------------------------------- */

static char *log_path(Fixture *f, const char *id, const char *suffix)
{
        char *path = brig_str_printf("%s/containers/%s/%s-json.log%s", f->root, id, id, suffix);

        assert_non_null(path);
        return path;
}

static void write_log(Fixture *f, const char *id, const char *suffix, const char *text)
{
        _cleanup_free_ char *path = log_path(f, id, suffix), *folder = brig_str_printf("%s/containers/%s", f->root, id);
        int fd;

        (void)mkdir(folder, 0755);
        fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
}

/* All that the reader gives, with frame headers as "<1>" and "<2>". */
static void deframe(const BrigBuffer *out, BrigBuffer *text)
{
        for (size_t at = 0; at < out->len;) {
                const unsigned char *h = (const unsigned char *)out->data + at;
                size_t len = (size_t)h[4] << 24 | (size_t)h[5] << 16 | (size_t)h[6] << 8 | h[7];

                (void)brig_buffer_printf(text, "<%u>", h[0]);
                (void)brig_buffer_append(text, h + 8, len);
                at += 8 + len;
        }
}

static char *read_all(Fixture *f, const char *id, const LogRequest *request)
{
        _cleanup_(brig_logs_closep) LogReader *l = NULL;
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1u << 24);
        BrigBuffer text = BRIG_BUFFER_INIT(1u << 24);
        bool tty;
        int r;

        assert_int_equal(brig_logs_open(f->engine, id, request, &l, &tty, NULL), 0);
        while ((r = brig_logs_next(l, 0, &out)) > 0)
                ;
        assert_int_equal(r, 0);
        deframe(&out, &text);
        return brig_buffer_take(&text);
}

static void assert_log(Fixture *f, const char *id, LogRequest request, const char *expected)
{
        _cleanup_free_ char *text = read_all(f, id, &request);

        assert_string_equal(text, expected);
}

#define BOTH .stdout_ = true, .stderr_ = true

static void streams_times_and_tails(void **state)
{
        Fixture *f = *state;
        BrigId id;

        must_create(f, "lg", "{'Image':'base'}", id);
        assert_log(f, id, (LogRequest){ BOTH, .tail = -1 }, "");
        write_log(f, id, "", LINE("one", "stdout", T0) LINE("two", "stderr", T1) LINE("three", "stdout", T2));
        assert_log(f, id, (LogRequest){ BOTH, .tail = -1 }, "<1>one\n<2>two\n<1>three\n");
        assert_log(f, id, (LogRequest){ .stderr_ = true, .tail = -1 }, "<2>two\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 2 }, "<2>two\n<1>three\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 0 }, "");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 99 }, "<1>one\n<2>two\n<1>three\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 1, .timestamps = true }, "<1>" T2 " three\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 1, .details = true }, "<1> three\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = -1, .since = INT64_C(1767323046000000001) }, "<2>two\n<1>three\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = -1, .until = INT64_C(1767323046000000001) }, "<1>one\n<2>two\n");
}

static void rotated_files_come_first(void **state)
{
        Fixture *f = *state;
        BrigId id;

        must_create(f, "lg", "{'Image':'base'}", id);
        write_log(f, id, ".2", LINE("one", "stdout", T0));
        write_log(f, id, ".1", LINE("two", "stdout", T0) LINE("three", "stdout", T0));
        write_log(f, id, "", LINE("four", "stdout", T0));
        assert_log(f, id, (LogRequest){ BOTH, .tail = -1 }, "<1>one\n<1>two\n<1>three\n<1>four\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 1 }, "<1>four\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 2 }, "<1>three\n<1>four\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 4 }, "<1>one\n<1>two\n<1>three\n<1>four\n");
}

static void what_a_crash_left_is_survived(void **state)
{
        Fixture *f = *state;
        BrigId id;

        must_create(f, "lg", "{'Image':'base'}", id);
        write_log(f, id, ".1", LINE("one", "stdout", T0) "{\"log\":\"half");
        write_log(f, id, "", "garbage\n" LINE("two", "stdout", T0) "\n" LINE("three", "stdout", T0) "{\"log\":\"ha");
        assert_log(f, id, (LogRequest){ BOTH, .tail = -1 }, "<1>one\n<1>two\n<1>three\n");
        assert_log(f, id, (LogRequest){ BOTH, .tail = 2 }, "<1>three\n");
}

static void long_logs_are_read_in_pieces(void **state)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(1u << 24);
        Fixture *f = *state;
        _cleanup_free_ char *all = NULL, *tail = NULL;
        size_t lines = 0;
        BrigId id;

        must_create(f, "lg", "{'Image':'base'}", id);
        for (int i = 0; i < 20000; i++)
                (void)brig_buffer_printf(&text, "{\"log\":\"line %d\\n\",\"stream\":\"stdout\",\"time\":\"" T0 "\"}\n", i);
        write_log(f, id, "", text.data);
        all = read_all(f, id, &(LogRequest){ BOTH, .tail = -1 });
        for (char *c = all; *c; c++)
                lines += *c == '\n';
        assert_int_equal(lines, 20000);
        tail = read_all(f, id, &(LogRequest){ BOTH, .tail = 3000 });
        assert_true(brig_str_has_prefix(tail, "<1>line 17000\n"));
}

static void a_line_over_the_limit_is_skipped(void **state)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(1u << 24);
        Fixture *f = *state;
        BrigId id;

        must_create(f, "lg", "{'Image':'base'}", id);
        (void)brig_buffer_puts(&text, LINE("one", "stdout", T0) "{\"log\":\"");
        for (int i = 0; i < 3 << 20; i++)
                (void)brig_buffer_putc(&text, 'x');
        (void)brig_buffer_puts(&text, "\",\"stream\":\"stdout\",\"time\":\"" T0 "\"}\n" LINE("two", "stdout", T0));
        write_log(f, id, "", text.data);
        assert_log(f, id, (LogRequest){ BOTH, .tail = -1 }, "<1>one\n<1>two\n");
}

/* --- follow ------------------------------------------------------------- */

static void assert_next(LogReader *l, const char *expected)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(1u << 20);

        while (text.len < strlen(expected)) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1u << 20);
                int r = brig_logs_next(l, 5000, &out);

                if (r < 0 || (r == 0 && out.len == 0))
                        fail_msg("%d instead of \"%s\"", r, expected);
                deframe(&out, &text);
        }
        assert_string_equal(text.data, expected);
}

static void follow_sees_what_comes_and_the_end(void **state)
{
        Fixture *f = *state;
        _cleanup_(brig_logs_closep) LogReader *l = NULL;
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1u << 20);
        _cleanup_free_ char *path = NULL, *rotated = NULL;
        bool tty;
        BrigId id;

        must_create(f, "lg", "{'Image':'base'}", id);
        must_start(f, id);
        write_log(f, id, "", LINE("old", "stdout", T0));
        assert_int_equal(brig_logs_open(f->engine, id, &(LogRequest){ BOTH, .follow = true, .tail = 0 }, &l, &tty, NULL), 0);
        assert_int_equal(brig_logs_next(l, 10, &out), -ETIMEDOUT);
        write_log(f, id, "", LINE("new", "stdout", T0) "{\"log\":\"in two ");
        assert_next(l, "<1>new\n");
        write_log(f, id, "", "pieces\",\"stream\":\"stdout\",\"time\":\"" T0 "\"}\n");
        assert_next(l, "<1>in two pieces");
        /* rotation: what is still in the old file comes before the new one */
        write_log(f, id, "", LINE("last of the old", "stdout", T0));
        path = log_path(f, id, "");
        rotated = log_path(f, id, ".1");
        assert_int_equal(rename(path, rotated), 0);
        write_log(f, id, "", LINE("first of the new", "stdout", T0));
        assert_next(l, "<1>last of the old\n<1>first of the new\n");
        write_log(f, id, "", LINE("goodbye", "stdout", T0));
        fake_exit(&f->brigd, id, 0);
        await_state(f, id, CONTAINER_EXITED);
        assert_next(l, "<1>goodbye\n");
        assert_int_equal(brig_logs_next(l, 5000, &out), 0);
}

static void follow_of_what_does_not_run_ends(void **state)
{
        Fixture *f = *state;
        BrigId id;

        must_create(f, "lg", "{'Image':'base'}", id);
        write_log(f, id, "", LINE("old", "stdout", T0));
        assert_log(f, id, (LogRequest){ BOTH, .follow = true, .tail = -1 }, "<1>old\n");
}

static void bad_requests_are_refused(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        LogReader *l = NULL;
        bool tty;
        BrigId id;

        must_create(f, "lg", "{'Image':'base','HostConfig':{'LogConfig':{'Type':'none'}}}", id);
        assert_true(brig_logs_open(f->engine, id, &(LogRequest){ .tail = -1 }, &l, &tty, &err) < 0);
        assert_non_null(strstr(err.message, "you must choose at least one stream"));
        assert_true(brig_logs_open(f->engine, id, &(LogRequest){ BOTH, .tail = -1 }, &l, &tty, &err) < 0);
        assert_non_null(strstr(err.message, "does not support reading"));
        assert_true(brig_logs_open(f->engine, "nobody", &(LogRequest){ BOTH, .tail = -1 }, &l, &tty, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_NOT_FOUND);
}

#define WITH_ENGINE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(entries), WITH_ENGINE(streams_times_and_tails), WITH_ENGINE(rotated_files_come_first),
                WITH_ENGINE(what_a_crash_left_is_survived), WITH_ENGINE(long_logs_are_read_in_pieces), WITH_ENGINE(a_line_over_the_limit_is_skipped),
                WITH_ENGINE(follow_sees_what_comes_and_the_end), WITH_ENGINE(follow_of_what_does_not_run_ends), WITH_ENGINE(bad_requests_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
