/* The parts of a monitor that need no container: detach keys, the log's escapes, rotation, a full disk. */
#include "../cmocka-all.h"
#include "detach.h"
#include "log-file.h"

#include "sys/fd.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void filter(const char *keys, const char *const *pieces, const char *want, bool want_detach)
{
        char out[256] = "";
        size_t len = 0;
        bool detach = false;
        DetachKeys d;

        assert_int_equal(detach_keys_init(&d, keys, strlen(keys)), 0);
        for (; *pieces && !detach; pieces++)
                len += detach_keys_filter(&d, *pieces, strlen(*pieces), out + len, &detach);
        out[len] = '\0';
        assert_string_equal(out, want);
        assert_int_equal(detach, want_detach);
}

static void test_detach_keys_are_found_across_reads(void **state)
{
        filter("", (const char *const[]){ "ab\x10", "\x11" "cd", NULL }, "ab", true);
        filter("", (const char *const[]){ "ab\x10", "cd", NULL }, "ab\x10" "cd", false);
        filter("", (const char *const[]){ "\x10\x10\x11", NULL }, "\x10", true);
        filter("aab", (const char *const[]){ "aaab", NULL }, "a", true);
        filter("abac", (const char *const[]){ "ab", "abac", NULL }, "ab", true);
        filter("a", (const char *const[]){ "xyz", "a", NULL }, "xyz", true);
}

static void test_too_many_detach_keys(void **state)
{
        static const char many[DETACH_KEYS_MAX + 1];
        DetachKeys d;

        assert_int_equal(detach_keys_init(&d, many, sizeof many), -E2BIG);
}

static void escaped(const char *text, size_t len, const char *want)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1024);

        log_escape(&out, text, len);
        assert_string_equal(out.len ? out.data : "", want);
}

static void test_escapes_are_those_of_go(void **state)
{
        escaped("", 0, "");
        escaped("plain\x7f", 6, "plain\x7f");
        escaped("\0\x01\b\t\n\r", 6, "\\u0000\\u0001\\u0008\\u0009\\n\\r");
        escaped("\xc3\xa4\xf0\x9f\x98\x80", 6, "\xc3\xa4\xf0\x9f\x98\x80");
        escaped("\xc0\xaf", 2, "\\ufffd\\ufffd");           /* overlong */
        escaped("\xed\xa0\x80", 3, "\\ufffd\\ufffd\\ufffd"); /* a surrogate */
        escaped("\xf4\x90\x80\x80", 4, "\\ufffd\\ufffd\\ufffd\\ufffd");
        escaped("\xe2\x82", 2, "\\ufffd\\ufffd");           /* cut off */
        escaped("\xe2\x80\xa9", 3, "\\u2029");
}

typedef struct LogFixture { char folder[64]; LogFile f; } LogFixture;

static void open_log(LogFixture *l, uint64_t max_size, uint32_t max_files)
{
        (void)snprintf(l->folder, sizeof l->folder, "/tmp/brig-log-XXXXXX");
        assert_non_null(mkdtemp(l->folder));
        const LogConfig config = { .dir = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .id = "c", .max_size = max_size, .max_files = max_files, .owner = geteuid() };

        assert_int_equal(log_file_open(&l->f, &config), 0);
}

static void close_log(LogFixture *l)
{
        char command[128];

        log_file_done(&l->f);
        (void)snprintf(command, sizeof command, "rm -rf %s", l->folder);
        assert_int_equal(system(command), 0);
}

static size_t count_records(LogFixture *l, const char *file, const char *what)
{
        static char text[1 << 20];
        size_t n = 0;

        if (brig_file_read(l->f.dir, file, text, sizeof text) < 0)
                return 0;
        for (const char *p = text; (p = strstr(p, what)); p++)
                n++;
        return n;
}

static void test_lines_come_together_from_pieces(void **state)
{
        LogFixture l;

        open_log(&l, 1 << 20, 1);
        log_file_write(&l.f, 0, "he", 2, 1);
        log_file_write(&l.f, 1, "other\n", 6, 2);
        log_file_write(&l.f, 0, "llo\nwor", 7, 3);
        assert_int_equal(count_records(&l, "c-json.log", "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00.000000003Z\"}"), 1);
        log_file_end(&l.f, 0, 4);
        log_file_end(&l.f, 1, 4);
        assert_int_equal(count_records(&l, "c-json.log", "{\"log\":\"wor\",\"stream\":\"stdout\""), 1);
        assert_int_equal(count_records(&l, "c-json.log", "\n"), 3);
        close_log(&l);
}

static void test_a_line_of_exactly_the_maximum(void **state)
{
        static char line[LOG_LINE_MAX];
        LogFixture l;

        open_log(&l, 1 << 20, 1);
        memset(line, 'x', sizeof line);
        log_file_write(&l.f, 0, line, sizeof line, 1);
        log_file_write(&l.f, 0, "\n", 1, 2);
        /* As Docker: the full part, then an empty record that ends it, both with the time of the first. */
        assert_int_equal(count_records(&l, "c-json.log", "00000001Z"), 2);
        assert_int_equal(count_records(&l, "c-json.log", "{\"log\":\"\\n\""), 1);
        close_log(&l);
}

static void test_rotation_keeps_so_many_files(void **state)
{
        LogFixture l;

        open_log(&l, 200, 3);
        for (int i = 0; i < 40; i++)
                log_file_write(&l.f, 0, "0123456789012345678901234567890123456789\n", 41, i);
        assert_true(count_records(&l, "c-json.log.1", "log") > 0);
        assert_true(count_records(&l, "c-json.log.2", "log") > 0);
        assert_int_equal(count_records(&l, "c-json.log.3", "log"), 0);
        close_log(&l);
}

static void test_a_planted_file_is_not_taken(void **state)
{
        char path[128], other[128];
        LogFixture l;
        LogFile again;

        open_log(&l, 1 << 20, 1);
        (void)snprintf(path, sizeof path, "%s/d-json.log", l.folder);
        (void)snprintf(other, sizeof other, "%s/other", l.folder);
        (void)close(open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        const LogConfig config = { .dir = dup(l.f.dir), .id = "d", .max_size = 1 << 20, .max_files = 1, .owner = 12345 };

        assert_int_equal(symlink(other, path), 0);
        assert_int_equal(log_file_open(&again, &config), -ELOOP);
        (void)unlink(path);
        assert_int_equal(link(other, path), 0);
        assert_int_equal(log_file_open(&again, &config), -EPERM);
        log_file_done(&again);
        close_log(&l);
}

static void test_a_full_disk_loses_records_not_the_writer(void **state)
{
        LogFixture l;

        open_log(&l, 1 << 20, 1);
        (void)close(l.f.fd);
        l.f.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        log_file_write(&l.f, 0, "a\n", 2, 1);
        log_file_write(&l.f, 0, "b\n", 2, 1);
        assert_int_equal(l.f.lost, 2);
        close_log(&l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_detach_keys_are_found_across_reads),
                cmocka_unit_test(test_too_many_detach_keys),
                cmocka_unit_test(test_escapes_are_those_of_go),
                cmocka_unit_test(test_lines_come_together_from_pieces),
                cmocka_unit_test(test_a_line_of_exactly_the_maximum),
                cmocka_unit_test(test_rotation_keeps_so_many_files),
                cmocka_unit_test(test_a_planted_file_is_not_taken),
                cmocka_unit_test(test_a_full_disk_loses_records_not_the_writer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
