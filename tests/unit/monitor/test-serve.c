/* What a monitor does while its container runs: streams, log, terminals, exec sessions, signals, the end. */
#include "../cmocka-all.h"
#include "fixture.h"

#include "base/strings.h"
#include "sys/fd.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define NEED_SCRATCH(s) \
        Scratch *s = *state; \
        if (!s) \
                skip()
#define OUTPUTS (WIRE_STREAM_STDOUT | WIRE_STREAM_STDERR)
#define ALL_STREAMS (WIRE_STREAM_STDIN | OUTPUTS)

static char output[1 << 20];

static int start_attached(Scratch *s, Container *c, TestPlan *t, uint8_t bits)
{
        StartOptions options = START_OPTIONS_INIT;
        int ours = stream_pair(&options.stream);

        options.stream_bits = bits;
        if (!container_start(s, c, t, &options))
                fail_msg("%s", c->last.error.message);
        return ours;
}

static int attach(Container *c, const char *exec_id, uint32_t bits)
{
        int theirs, ours = stream_pair(&theirs);
        WireMessage m = { .type = WIRE_ATTACH, .n_fds = 1, .fds = { theirs }, .attach = { .id = c->id, .exec_id = exec_id, .streams = bits } };

        container_ask(c, &m);
        if (c->last.type != WIRE_OK)
                fail_msg("attach: %s", c->last.type == WIRE_ERROR ? c->last.error.message : "?");
        (void)close(theirs);
        return ours;
}

/* Reads until text has been seen. */
static void await_text(int fd, const char *text, char *seen, size_t size)
{
        size_t len = 0;

        seen[0] = '\0';
        while (!strstr(seen, text)) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                ssize_t n = poll(&p, 1, 10000) == 1 && len + 1 < size ? read(fd, seen + len, size - 1 - len) : -1;

                if (n <= 0)
                        fail_msg("\"%s\" did not come, but \"%s\"", text, seen);
                for (ssize_t i = 0; i < n; i++)
                        if (!seen[len + (size_t)i])
                                seen[len + (size_t)i] = '.'; /* frame headers */
                len += (size_t)n;
                seen[len] = '\0';
        }
}

static void write_text(int fd, const char *text)
{
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void read_log(const Container *c, const char *suffix, char *out, size_t size)
{
        char path[400];

        (void)snprintf(path, sizeof path, "%s/%s-json.log%s", c->folder, c->id, suffix);
        ssize_t n = brig_file_read(AT_FDCWD, path, out, size);

        if (n < 0)
                fail_msg("%s: %s", path, strerror((int)-n));
}

static void test_stdin_flows_and_ends(void **state)
{
        NEED_SCRATCH(s);
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1 << 20), err = BRIG_BUFFER_INIT(1 << 20);
        Container c;
        TestPlan t;
        int fd;

        test_plan_shell(&t, "cat; echo end");
        t.plan.flags |= PLAN_F_STDIN_OPEN | PLAN_F_STDIN_ONCE;
        fd = start_attached(s, &c, &t, ALL_STREAMS);
        write_text(fd, "one\ntwo");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        stream_collect(fd, false, &out, &err);
        (void)close(fd);
        assert_int_equal(container_end(&c), 0);
        assert_string_equal(out.data, "one\ntwoend\n");
}

static void test_much_stdin_arrives_whole(void **state)
{
        NEED_SCRATCH(s);
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1 << 20), err = BRIG_BUFFER_INIT(1 << 20);
        static char block[65536];
        Container c;
        TestPlan t;
        int fd;

        test_plan_shell(&t, "probe ppid >/dev/null; wc -c");
        t.plan.flags |= PLAN_F_STDIN_OPEN | PLAN_F_STDIN_ONCE;
        fd = start_attached(s, &c, &t, ALL_STREAMS);
        memset(block, 'x', sizeof block);
        for (int i = 0; i < 64; i++)
                assert_int_equal(write(fd, block, sizeof block), sizeof block);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        stream_collect(fd, false, &out, &err);
        (void)close(fd);
        assert_int_equal(container_end(&c), 0);
        assert_string_equal(out.data, "4194304\n");
}

static void test_output_of_megabytes_arrives_whole_and_in_order(void **state)
{
        NEED_SCRATCH(s);
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(64 << 20), err = BRIG_BUFFER_INIT(1 << 20);
        Container c;
        TestPlan t;
        int fd;

        test_plan_shell(&t, "seq 1000000; echo last >&2");
        t.plan.log_max_size = 0;
        fd = start_attached(s, &c, &t, OUTPUTS);
        stream_collect(fd, false, &out, &err);
        (void)close(fd);
        assert_int_equal(container_end(&c), 0);
        assert_int_equal(out.len, 6888896);
        assert_true(brig_str_has_suffix(out.data, "\n999999\n1000000\n"));
        assert_string_equal(err.data, "last\n");
}

static void test_a_stopped_start_client_loses_nothing_and_does_not_hold_the_exit(void **state)
{
        NEED_SCRATCH(s);
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(64 << 20), err = BRIG_BUFFER_INIT(1 << 20);
        Container c;
        TestPlan t;
        int fd;

        /* More than the socket takes, less than socket and pipe together: the payload ends while its client has read nothing. */
        test_plan_shell(&t, "head -c 1000000 /dev/zero; exit 3");
        fd = start_attached(s, &c, &t, OUTPUTS);
        container_expect(&c, WIRE_EXITED);
        assert_int_equal(c.last.exited.exit_code, 3);
        stream_collect(fd, false, &out, &err);
        (void)close(fd);
        assert_int_equal(out.len, 1000000);
        container_kill(&c);
}

static void test_a_later_client_that_stalls_is_dropped(void **state)
{
        NEED_SCRATCH(s);
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(64 << 20), err = BRIG_BUFFER_INIT(1 << 20);
        Container c;
        TestPlan t;
        int fd, later;

        test_plan_shell(&t, "read x; head -c 4000000 /dev/zero; echo done >&2");
        t.plan.flags |= PLAN_F_STDIN_OPEN | PLAN_F_STDIN_ONCE;
        t.plan.log_max_size = 0;
        fd = start_attached(s, &c, &t, ALL_STREAMS);
        later = attach(&c, "", OUTPUTS);
        write_text(fd, "go\n");
        /* The stalled one is never read; the other still gets everything. */
        stream_collect(fd, false, &out, &err);
        assert_int_equal(out.len, 4000000);
        assert_string_equal(err.data, "done\n");
        assert_int_equal(container_end(&c), 0);
        (void)close(fd);
        (void)close(later);
}

static void test_the_log_has_dockers_format(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        char mode[8];
        struct stat st;
        Container c;
        TestPlan t;

        test_plan_shell(&t, "printf 'a\\tb\"<&>\\\\\\r\\n'; printf '\\377x\\342\\202\\254\\342\\200\\250\\n' ; sleep 0.1; echo err >&2; sleep 0.1; printf tail");
        assert_true(container_start(s, &c, &t, &options));
        assert_int_equal(container_end(&c), 0);
        read_log(&c, "", output, sizeof output);
        assert_non_null(strstr(output, "{\"log\":\"a\\u0009b\\\"\\u003c\\u0026\\u003e\\\\\\r\\n\",\"stream\":\"stdout\",\"time\":\"20"));
        assert_non_null(strstr(output, "{\"log\":\"\\ufffdx\xe2\x82\xac\\u2028\\n\",\"stream\":\"stdout\""));
        assert_non_null(strstr(output, "{\"log\":\"err\\n\",\"stream\":\"stderr\""));
        assert_non_null(strstr(output, "{\"log\":\"tail\",\"stream\":\"stdout\""));
        char path[400];

        (void)snprintf(path, sizeof path, "%s/%s-json.log", c.folder, c.id);
        assert_int_equal(stat(path, &st), 0);
        (void)snprintf(mode, sizeof mode, "%o", st.st_mode & 07777);
        assert_string_equal(mode, "640");
        assert_int_equal(st.st_uid, TEST_RANGE_BASE + TEST_RANGE_SIZE);
}

static void test_a_second_run_in_another_range_goes_on_with_the_log(void **state)
{
        NEED_SCRATCH(s);
        StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t;

        test_plan_shell(&t, "echo run $RANDOM");
        for (int i = 0; i < 2; i++) {
                if (!container_start(s, &c, &t, &options))
                        fail_msg("%s", c.last.error.message);
                assert_int_equal(container_end(&c), 0);
                options.range_base = TEST_RANGE_BASE + 65537;
        }
        read_log(&c, "", output, sizeof output);
        assert_non_null(strstr(strstr(output, "run ") + 1, "run "));
}

static void test_long_lines_are_split_and_files_rotate(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t;
        char *first, *second, *third;

        test_plan_shell(&t, "head -c 40000 /dev/zero | tr '\\0' x; echo");
        assert_true(container_start(s, &c, &t, &options));
        assert_int_equal(container_end(&c), 0);
        read_log(&c, "", output, sizeof output);
        first = strstr(output, "x\",\"stream\"");
        second = first ? strstr(first + 1, "x\",\"stream\"") : NULL;
        third = second ? strstr(second + 1, "x\\n\",\"stream\"") : NULL;
        assert_non_null(third);
        assert_int_equal(first - output, strlen("{\"log\":\"") + 16384 - 1);

        test_plan_shell(&t, "seq 2000");
        t.plan.log_max_size = 16384;
        t.plan.log_max_files = 3;
        assert_true(container_start(s, &c, &t, &options));
        assert_int_equal(container_end(&c), 0);
        read_log(&c, "", output, sizeof output);
        assert_non_null(strstr(output, "{\"log\":\"2000\\n\""));
        read_log(&c, ".2", output, sizeof output);
        assert_true(strlen(output) < 20000);
        char path[400];

        (void)snprintf(path, sizeof path, "%s/%s-json.log.3", c.folder, c.id);
        assert_int_equal(access(path, F_OK), -1);
}

static void test_a_terminal_with_resize_and_console(void **state)
{
        NEED_SCRATCH(s);
        WireMessage resize = { .type = WIRE_RESIZE };
        char seen[4096];
        Container c;
        TestPlan t;
        int fd;

        test_plan_shell(&t, "tty; stat -c %t /dev/console; stty size; read x; stty size; echo to console >/dev/console; read y; exit 4");
        t.plan.flags |= PLAN_F_TTY | PLAN_F_STDIN_OPEN;
        t.plan.tty_rows = 30;
        t.plan.tty_cols = 100;
        fd = start_attached(s, &c, &t, ALL_STREAMS);
        await_text(fd, "30 100", seen, sizeof seen);
        assert_non_null(strstr(seen, "/dev/pts/0\r\n88\r\n"));
        resize.resize = (WireResize){ c.id, "", 50, 120 };
        container_ask(&c, &resize);
        assert_int_equal(c.last.type, WIRE_OK);
        write_text(fd, "\n");
        await_text(fd, "to console", seen, sizeof seen);
        assert_non_null(strstr(seen, "50 120"));
        write_text(fd, "\n");
        assert_int_equal(container_end(&c), 4);
        (void)close(fd);
}

static void test_detach_keys_leave_the_container_running(void **state)
{
        NEED_SCRATCH(s);
        char seen[4096];
        Container c;
        TestPlan t;
        int fd;

        test_plan_shell(&t, "echo ready; read x; echo got $x; read y");
        t.plan.flags |= PLAN_F_TTY | PLAN_F_STDIN_OPEN;
        fd = start_attached(s, &c, &t, ALL_STREAMS);
        await_text(fd, "ready", seen, sizeof seen);
        write_text(fd, "\x10\x11");
        container_expect(&c, WIRE_DETACHED);
        assert_string_equal(c.last.detached.exec_id, "");
        while (read(fd, seen, sizeof seen) > 0)
                ;
        (void)close(fd);
        fd = attach(&c, "", ALL_STREAMS);
        /* ctrl-p alone is no leaving: it is passed on with what follows. */
        write_text(fd, "\x10x\n");
        await_text(fd, "got ", seen, sizeof seen);
        container_signal(&c, SIGKILL, 0);
        assert_int_equal(container_end(&c), 137);
        (void)close(fd);
}

static void test_several_clients_see_the_same(void **state)
{
        NEED_SCRATCH(s);
        char seen[4096];
        Container c;
        TestPlan t;
        int fd, second, third;

        test_plan_shell(&t, "read x; echo both $x; echo error >&2; read y");
        t.plan.flags |= PLAN_F_STDIN_OPEN;
        fd = start_attached(s, &c, &t, ALL_STREAMS);
        second = attach(&c, "", OUTPUTS);
        third = attach(&c, "", WIRE_STREAM_STDERR);
        write_text(fd, "see\n");
        await_text(fd, "both see", seen, sizeof seen);
        await_text(second, "both see", seen, sizeof seen);
        await_text(third, "error", seen, sizeof seen);
        assert_null(strstr(seen, "both"));
        (void)close(fd); /* not STDIN_ONCE: the payload does not notice */
        container_signal(&c, SIGKILL, 0);
        assert_int_equal(container_end(&c), 137);
        /* The monitor shut the connection down: the end is seen although a copy could be held elsewhere. */
        while (read(second, seen, sizeof seen) > 0)
                ;
        (void)close(second);
        (void)close(third);
}

static void test_a_client_that_ends_its_input_still_gets_the_end(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t;

        for (int i = 0; i < 2; i++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1 << 20), err = BRIG_BUFFER_INIT(1 << 20);
                int fd;

                /* Not STDIN_ONCE: the payload's stdin stays open, so the end of one client's input ends its attachment. */
                test_plan_shell(&t, i == 0 ? "read x; sleep 0.2; echo bye; exit 4" : "read x; sleep 1000");
                t.plan.flags |= PLAN_F_STDIN_OPEN;
                assert_true(container_start(s, &c, &t, &options));
                fd = attach(&c, "", ALL_STREAMS);
                write_text(fd, "x\n");
                assert_int_equal(shutdown(fd, SHUT_WR), 0);
                stream_collect(fd, false, &out, &err);
                (void)close(fd);
                if (i == 0)
                        assert_string_equal(out.data, "bye\n");
                else
                        container_signal(&c, SIGKILL, 0);
                assert_int_equal(container_end(&c), i == 0 ? 4 : 137);
        }
}

static void test_exec_sessions(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t, e;

        test_plan_shell(&t, "echo $$ >/tmp/first; sleep 1000");
        assert_true(container_start(s, &c, &t, &options));
        test_plan_exec(&e, "echo $(ls -d /proc/[0-9]*); cat /proc/1/comm; ls -l /proc/1/root >/dev/null; echo root $?; cut -d: -f3 /proc/self/cgroup | sort -u;"
                           "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; [ \"$(readlink /proc/self/ns/cgroup)\" = \"$(readlink /proc/1/ns/cgroup)\" ] && echo same;"
                           "echo $(ls /proc/self/fd); exit 9");
        if (exec_collect(&c, &e, output, sizeof output) != 9)
                fail_msg("%s", output);
        assert_true(strstr(output, "/proc/1 /proc/") == output);
        assert_true(text_has_line(output, "root 0"));   /* the same Landlock domain */
        assert_true(text_has_line(output, "/"));
        assert_true(text_has_line(output, "CapEff:\t00000000800405fb"));
        assert_true(text_has_line(output, "NoNewPrivs:\t1"));
        assert_true(text_has_line(output, "Seccomp:\t2"));
        assert_true(text_has_line(output, "same"));
        assert_true(text_has_line(output, "0 1 2 3"));

        test_plan_exec(&e, "pwd; id -u; echo $FOO");
        e.plan.user = "app";
        e.plan.cwd = "/var/data";
        e.env[e.plan.n_env++] = (char *)(uintptr_t)"FOO=bar";
        assert_int_equal(exec_collect(&c, &e, output, sizeof output), 0);
        assert_string_equal(output, "/var/data\n1000\nbar\n");

        test_plan_exec(&e, "x");
        e.argv[0] = (char *)(uintptr_t)"not-here";
        assert_int_equal(exec_collect(&c, &e, output, sizeof output), -1);
        assert_string_equal(output, "exec: \"not-here\": executable file not found in $PATH");
        test_plan_exec(&e, "true");
        e.plan.cwd = "/not/there";
        assert_int_equal(exec_collect(&c, &e, output, sizeof output), -1);
        assert_non_null(strstr(output, "/not/there"));

        test_plan_exec(&e, "tty; exit 2");
        e.plan.flags |= PLAN_F_TTY | PLAN_F_STDIN_OPEN;
        assert_int_equal(exec_collect(&c, &e, output, sizeof output), 2);
        assert_string_equal(output, "/dev/pts/0\r\n");
        container_signal(&c, SIGKILL, 0);
        assert_int_equal(container_end(&c), 137);
}

static void test_exec_sessions_die_with_pid_1(void **state)
{
        NEED_SCRATCH(s);
        WireMessage m = { .type = WIRE_EXEC, .n_fds = 1 };
        const StartOptions options = START_OPTIONS_INIT;
        BrigError err = BRIG_ERROR_INIT;
        Container c;
        TestPlan t, e;
        int plan;

        test_plan_shell(&t, "sleep 1000");
        assert_true(container_start(s, &c, &t, &options));
        test_plan_exec(&e, "sleep 1000");
        e.plan.container_id = c.id;
        assert_int_equal(brig_plan_to_memfd(&e.plan, &plan, &err), 0);
        m.exec = (WireExec){ .id = c.id, .exec_id = e.id };
        m.fds[0] = plan;
        container_ask(&c, &m);
        (void)close(plan);
        if (c.last.type != WIRE_EXEC_STARTED)
                fail_msg("%s", c.last.type == WIRE_ERROR ? c.last.error.message : "?");
        assert_true(kill(c.last.exec_started.pid, 0) == 0);
        container_signal(&c, SIGKILL, 0);
        container_expect(&c, WIRE_EXEC_EXITED);
        assert_int_equal(c.last.exec_exited.exit_code, 137);
        container_kill(&c);
}

static void test_signals_by_number_and_to_all(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        char seen[4096];
        Container c;
        TestPlan t;
        int fd;

        test_plan_shell(&t, "trap 'echo usr1; exit 11' USR1; echo ready; while :; do sleep 0.1; done");
        fd = start_attached(s, &c, &t, OUTPUTS);
        await_text(fd, "ready", seen, sizeof seen);
        container_signal(&c, SIGUSR1, 0);
        await_text(fd, "usr1", seen, sizeof seen);
        assert_int_equal(container_end(&c), 11);
        (void)close(fd);

        test_plan_shell(&t, "sleep 1000 & wait");
        assert_true(container_start(s, &c, &t, &options));
        container_signal(&c, SIGKILL, WIRE_SIGNAL_ALL);
        assert_int_equal(container_end(&c), 137);
}

static int connect_anew(Container *c)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        const WireMessage hello = { .type = WIRE_HELLO, .hello = { BRIG_WIRE_VERSION, "brigd", "" } };

        brig_wire_channel_done(&c->link);
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s", c->socket_path);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(brig_wire_channel_init(&c->link, fd, WIRE_MONITOR_TO_BRIGD, WIRE_BRIGD_TO_MONITOR), 0);
        return brig_wire_send(&c->link, &hello);
}

static void test_a_new_brigd_finds_the_container_and_its_exit(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        WireMessage ack = { .type = WIRE_EXIT_ACK };
        Container c;
        TestPlan t;

        test_plan_shell(&t, "while ! [ -e /tmp/end ]; do sleep 0.05; done; exit 6");
        assert_true(container_start(s, &c, &t, &options));
        assert_int_equal(connect_anew(&c), 0);
        container_expect(&c, WIRE_HELLO);
        assert_string_equal(c.last.hello.id, c.id);
        container_expect(&c, WIRE_STATUS);
        assert_int_equal(c.last.status.state, WIRE_STATE_RUNNING);
        assert_int_equal(c.last.status.pid, c.pid);

        /* It ends while there is no brigd at all. */
        container_signal(&c, SIGKILL, 0);
        brig_wire_channel_done(&c.link);
        char path[400], frame[4096];
        WireMessage record;
        ssize_t n = -1;

        (void)snprintf(path, sizeof path, "%s/" BRIG_WIRE_EXIT_RECORD, c.folder);
        for (int i = 0; i < 500 && n < 0; i++, usleep(10000))
                n = brig_file_read(AT_FDCWD, path, frame, sizeof frame);
        assert_true(n > 0);
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 0, WIRE_MONITOR_TO_BRIGD, &record), 0);
        assert_int_equal(record.exited.exit_code, 137);

        for (int i = 0; i < 2; i++) { /* told to everyone, until one acknowledges */
                assert_int_equal(connect_anew(&c), 0);
                container_expect(&c, WIRE_EXITED);
                assert_int_equal(c.last.exited.exit_code, 137);
        }
        ack.id.id = c.id;
        assert_int_equal(brig_wire_send(&c.link, &ack), 0);
        assert_int_equal(waitpid(c.monitor, NULL, 0), c.monitor);
        c.monitor = fork();
        if (c.monitor == 0)
                _exit(0);
        container_kill(&c);
}

static void test_nobody_but_root_may_speak_to_a_monitor(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t;
        int status;
        pid_t pid;

        test_plan_shell(&t, "sleep 1000");
        assert_true(container_start(s, &c, &t, &options));
        assert_int_equal(chmod(c.socket_path, 0777), 0);
        pid = fork();
        if (pid == 0) {
                char byte;

                _exit(setresuid(65534, 65534, 65534) < 0 || (connect_anew(&c) >= 0 && read(c.link.fd, &byte, 1) > 0));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        container_signal(&c, SIGKILL, 0); /* the link of the real one is untouched */
        assert_int_equal(container_end(&c), 137);
}

static void test_the_payload_dies_with_its_monitor(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t;

        test_plan_shell(&t, "sleep 1000 & sleep 1000");
        assert_true(container_start(s, &c, &t, &options));
        container_kill(&c); /* waits for an empty cgroup */
}

static void test_R2_memory_is_bounded_and_the_kill_is_told(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t;

        test_plan_init(&t, "probe", "memory", "64", NULL);
        t.plan.resources.memory = 32 << 20;
        t.plan.resources.memory_swap = 32 << 20;
        assert_true(container_start(s, &c, &t, &options));
        container_expect(&c, WIRE_OOM);
        container_expect(&c, WIRE_EXITED);
        assert_int_equal(c.last.exited.exit_code, 137);
        assert_int_equal(c.last.exited.oom, 1);
        container_kill(&c);
}

static void test_R4_processes_are_bounded(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        test_plan_shell(&t, "for i in $(seq 30); do sleep 10 & done; echo all");
        t.plan.resources.pids = 10;
        assert_int_not_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_non_null(strstr(output, "can't fork"));
}

static void test_the_monitor_beside_a_payload_is_nobody(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        char path[64], text[8192];
        Container c;
        TestPlan t;

        test_plan_shell(&t, "sleep 1000");
        assert_true(container_start(s, &c, &t, &options));
        (void)snprintf(path, sizeof path, "/proc/%d/status", c.monitor);
        assert_true(brig_file_read(AT_FDCWD, path, text, sizeof text) > 0);
        assert_true(text_has_line(text, "Uid:\t3065536\t3065536\t3065536\t3065536"));
        assert_true(text_has_line(text, "Gid:\t3065536\t3065536\t3065536\t3065536"));
        assert_true(text_has_line(text, "CapPrm:\t0000000000000000"));
        assert_true(text_has_line(text, "CapEff:\t0000000000000000"));
        assert_true(text_has_line(text, "NoNewPrivs:\t1"));
        assert_true(text_has_line(text, "CapBnd:\t0000000000000000"));
        assert_true(text_has_line(text, "Seccomp:\t2"));
        (void)snprintf(path, sizeof path, "/proc/%d/mountinfo", c.monitor);
        assert_true(brig_file_read(AT_FDCWD, path, text, sizeof text) > 0);
        assert_null(strstr(text, "storage")); /* no way to other containers' layers */
        container_signal(&c, SIGKILL, 0);
        assert_int_equal(container_end(&c), 137);
}

static void test_readback_tells_the_kernels_view(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        WireMessage ask = { .type = WIRE_READBACK };
        static const char *const lines[] = {
                "idmap.uid\t0 3000000 65536", "no_new_privs\tyes", "seccomp.mode\tfilter", "seccomp.filters\t1", "profile\tstandard",
                "limits.pids\t1024", "limits.memory\tnone", "rlimit.nofile\t512:1024", "masked\t/sys/firmware", "oom_score_adj\t0", "lsm.apparmor\tnone",
        };
        Container c;
        TestPlan t;

        test_plan_shell(&t, "sleep 1000");
        assert_true(container_start(s, &c, &t, &options));
        ask.id.id = c.id;
        container_ask(&c, &ask);
        assert_int_equal(c.last.type, WIRE_READBACK_REPORT);
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                if (!text_has_line(c.last.report.text, lines[i]))
                        fail_msg("no \"%s\" in:\n%s", lines[i], c.last.report.text);
        assert_null(strstr(c.last.report.text, "unreadable"));
        assert_null(strstr(c.last.report.text, "\thost\n"));
        assert_non_null(strstr(c.last.report.text, "capabilities.effective\t00000000800405fb CAP_CHOWN CAP_DAC_OVERRIDE"));
        container_signal(&c, SIGKILL, 0);
        assert_int_equal(container_end(&c), 137);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stdin_flows_and_ends),
                cmocka_unit_test(test_much_stdin_arrives_whole),
                cmocka_unit_test(test_output_of_megabytes_arrives_whole_and_in_order),
                cmocka_unit_test(test_a_stopped_start_client_loses_nothing_and_does_not_hold_the_exit),
                cmocka_unit_test(test_a_later_client_that_stalls_is_dropped),
                cmocka_unit_test(test_the_log_has_dockers_format),
                cmocka_unit_test(test_a_second_run_in_another_range_goes_on_with_the_log),
                cmocka_unit_test(test_long_lines_are_split_and_files_rotate),
                cmocka_unit_test(test_a_terminal_with_resize_and_console),
                cmocka_unit_test(test_detach_keys_leave_the_container_running),
                cmocka_unit_test(test_several_clients_see_the_same),
                cmocka_unit_test(test_a_client_that_ends_its_input_still_gets_the_end),
                cmocka_unit_test(test_exec_sessions),
                cmocka_unit_test(test_exec_sessions_die_with_pid_1),
                cmocka_unit_test(test_signals_by_number_and_to_all),
                cmocka_unit_test(test_a_new_brigd_finds_the_container_and_its_exit),
                cmocka_unit_test(test_nobody_but_root_may_speak_to_a_monitor),
                cmocka_unit_test(test_the_payload_dies_with_its_monitor),
                cmocka_unit_test(test_R2_memory_is_bounded_and_the_kill_is_told),
                cmocka_unit_test(test_R4_processes_are_bounded),
                cmocka_unit_test(test_the_monitor_beside_a_payload_is_nobody),
                cmocka_unit_test(test_readback_tells_the_kernels_view),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
