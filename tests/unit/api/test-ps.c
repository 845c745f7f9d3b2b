#include "api/ps.h"
#include "base/clock.h"
#include "base/strings.h"
#include "tests/unit/cmocka-all.h"

#include <time.h>

static char *titles(const char *arguments)
{
        _cleanup_strv_ char **names = NULL;
        PsFormat f;
        BrigError err = BRIG_ERROR_INIT;

        if (brig_ps_format(arguments, &f, &err) < 0)
                return NULL;
        for (size_t i = 0; i < f.n; i++)
                assert_int_equal(brig_strv_push(&names, f.columns[i].title), 0);
        return brig_strv_join(names, " ");
}

static void test_formats(void **state)
{
        static const char full[] = "UID PID PPID C STIME TTY TIME CMD";
        static const char aux[] = "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND";
        static const struct { const char *arguments, *titles; } rows[] = {
                { NULL, full }, { "", full }, { "  ", full }, { "-ef", full }, { "-fe", full }, { "-e -f", full }, { "-f", full },
                { "aux", aux }, { "-aux", aux }, { "axu", aux }, { "u", aux }, { "ax", "PID TTY STAT TIME COMMAND" }, { "-e", "PID TTY TIME CMD" },
                { "-o pid,comm", "PID COMMAND" }, { "-opid,user=WHO", "PID WHO" }, { "-eo pid,args", "PID COMMAND" }, { "o pid", "PID" },
                { "-o pid -o ppid=P", "PID P" }, { "-o pid,,rss", "PID RSS" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *is = titles(rows[i].arguments);

                assert_non_null(is);
                assert_string_equal(is, rows[i].titles);
        }
}

static void test_what_ps_does_not_understand(void **state)
{
        static const char *const bad[] = { "-Z", "-o", "-o nosuch", "--forest", "-o pid=AVERYLONGTITLETHATDOESNOTFITATALL0", "; rm -rf /", "-e5", "-p 1" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_free_ char *is = titles(bad[i]);

                assert_null(is);
        }
}

static void test_stat_with_a_hostile_name(void **state)
{
        PsProcess p = { 0 };

        assert_int_equal(brig_ps_parse_stat("17 (a) R (x ) S 3 17 17 34817 17 4194560 1 2 3 4 150 50 0 0 20 -5 2 0 9000 4096000 250 1 2 3\n", &p), 0);
        assert_string_equal(p.comm, "a) R (x ");
        assert_int_equal(p.pid, 17);
        assert_int_equal(p.state, 'S');
        assert_int_equal(p.ppid, 3);
        assert_int_equal(p.tty, 34817);
        assert_int_equal(p.ticks, 200);
        assert_int_equal(p.nice, -5);
        assert_int_equal(p.threads, 2);
        assert_int_equal(p.start_ticks, 9000);
        assert_int_equal(p.vsize, 4096000);
        assert_int_equal(p.rss, 250);
        assert_int_equal(brig_ps_parse_stat("17 (x", &p), -EBADMSG);
        assert_int_equal(brig_ps_parse_stat("", &p), -EBADMSG);
        assert_int_equal(brig_ps_parse_stat("1 (a) S 1 2", &p), -EBADMSG);
        assert_int_equal(brig_ps_parse_stat(")(", &p), -EBADMSG);
}

static void test_columns(void **state)
{
        const PsHost host = {
                .now = 100000 * BRIG_NSEC_PER_SEC, .uptime = 1000 * BRIG_NSEC_PER_SEC, .memory = 1 << 20, .ticks_per_second = 100,
                .page_size = 4096, .range_base = 1000000,
        };
        const PsProcess p = {
                .pid = 17, .ppid = 3, .pgrp = 17, .session = 17, .tty = 34817, .tty_pgrp = 17, .nice = -5, .priority = 15, .threads = 2,
                .state = 'S', .uid = 1000000, .gid = 1000033, .ticks = 372500, .start_ticks = 0, .vsize = 2048, .rss = 64,
                .comm = "sh", .command = (char *)"sh -c x",
        };
        static const char *const cells[][2] = {
                { "pid", "17" }, { "user", "root" }, { "uid", "0" }, { "group", "33" }, { "tty", "pts/1" }, { "stat", "S<sl+" }, { "time", "01:02:05" },
                { "bsdtime", "62:05" }, { "etime", "16:40" }, { "etimes", "1000" }, { "pcpu", "372.5" }, { "c", "99" }, { "pmem", "25.0" },
                { "vsz", "2" }, { "rss", "256" }, { "pri", "24" }, { "args", "sh -c x" }, { "comm", "sh" }, { "state", "S" }, { "nlwp", "2" },
        };

        assert_int_equal(setenv("TZ", "UTC0", 1), 0);
        tzset();
        for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1024);
                _cleanup_free_ char *arguments = brig_str_printf("-o %s", cells[i][0]);
                PsFormat f;

                assert_int_equal(brig_ps_format(arguments, &f, NULL), 0);
                f.columns[0].print(&p, &host, &out);
                assert_string_equal(out.data, cells[i][1]);
        }
}

static void test_this_process(void **state)
{
        PsProcess p = { 0 };

        assert_int_equal(brig_ps_read(getpid(), &p), 0);
        assert_int_equal(p.pid, getpid());
        assert_int_equal(p.uid, geteuid());
        assert_non_null(strstr(p.command, "ps"));
        brig_ps_done(&p);
        assert_int_equal(brig_ps_read(0x7ffffff0, &p), -ESRCH);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_formats), cmocka_unit_test(test_what_ps_does_not_understand), cmocka_unit_test(test_stat_with_a_hostile_name),
                cmocka_unit_test(test_columns), cmocka_unit_test(test_this_process),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
