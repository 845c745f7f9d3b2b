/*
 * brigd against a hostile brig-api and hostile monitors, and through the deaths
 * of everybody: the test speaks brig-api's half of the channel.
 */
#include "daemon.h"
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "sys/fd.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ID_A "a000000000000000000000000000000000000000000000000000000000000001"
#define ID_B "b000000000000000000000000000000000000000000000000000000000000002"
#define EXEC_ID "e000000000000000000000000000000000000000000000000000000000000003"
#define SOCKET_A "run/c/" ID_A
/* SHA-256 of 1024 zero bytes: an empty archive. */
#define EMPTY_LAYER "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

static void expect_gone(Daemon *d, const char *id)
{
        char socket[128];

        (void)snprintf(socket, sizeof(socket), "run/c/%s", id);
        assert_false(daemon_wait_path(d, socket, false));
        assert_true(daemon_count(d, "ids") <= 1); /* "next" alone */
}

/* Waits for EXITED of id, acknowledges it, and sees every trace go. */
static int32_t take_exit(Daemon *d, const char *id)
{
        WireMessage m;

        do
                m = daemon_receive(d);
        while (m.type != WIRE_EXITED);
        assert_string_equal(m.exited.id, id);
        int32_t code = m.exited.exit_code;
        daemon_ask_id(d, WIRE_EXIT_ACK, 0, id);
        expect_gone(d, id);
        return code;
}

static void expect_error(WireMessage m, BrigErrorKind kind)
{
        assert_int_equal(m.type, WIRE_ERROR);
        assert_int_equal(m.error.kind, kind);
}

static void test_life_of_a_container(void **state)
{
        Daemon *d = *state;
        struct stat st;
        char path[256];

        daemon_start(d);
        WireMessage m = daemon_launch(d, 1, ID_A, "run");
        assert_int_equal(m.type, WIRE_LAUNCHED);
        assert_true(m.launched.range_base >= 0x20000000 && m.launched.range_base < 0x70000000);
        assert_int_equal(m.launched.started_at, 5);

        (void)snprintf(path, sizeof(path), "%s/data/storage/uppers/" ID_A "/upper", d->folder);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 0x70000000);
        (void)snprintf(path, sizeof(path), "%s/data/containers/" ID_A, d->folder);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, m.launched.range_base + 65536);
        assert_int_equal(st.st_mode & 07777, 02750);

        expect_error(daemon_launch(d, 2, ID_A, "run"), BRIG_ERR_CONFLICT);
        expect_error(daemon_ask_id(d, WIRE_REMOVE, 3, ID_A), BRIG_ERR_CONFLICT);
        m = daemon_ask_id(d, WIRE_READBACK, 4, ID_A);
        assert_int_equal(m.type, WIRE_READBACK_REPORT);
        WireMessage kill_it = { .type = WIRE_SIGNAL, .serial = 5, .signal = { .id = ID_A, .exec_id = "", .signo = 15 } };
        daemon_send(d, &kill_it);
        assert_int_equal(daemon_answer(d, 5).type, WIRE_OK);
        assert_int_equal(take_exit(d, ID_A), 143);
        daemon_send(d, &kill_it);
        m = daemon_answer(d, 5);
        expect_error(m, BRIG_ERR_CONFLICT);
        assert_int_equal(m.error.errnum, ESRCH);

        assert_int_equal(daemon_ask_id(d, WIRE_REMOVE, 6, ID_A).type, WIRE_OK);
        assert_false(daemon_wait_path(d, "data/containers/" ID_A, false));
        assert_int_equal(daemon_count(d, "data/storage/uppers"), 0);
        daemon_stop(d);
}

static void test_streams_and_descriptors_reach_the_monitor(void **state)
{
        Daemon *d = *state;
        _cleanup_close_ int plan = daemon_plan(ID_A, "run"), session = daemon_exec_plan(ID_A, EXEC_ID), sealed_not = memfd_create("x", MFD_CLOEXEC);
        char text[16] = "";
        int fds[2];

        daemon_start(d);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        WireMessage m = { .type = WIRE_LAUNCH, .serial = 1, .launch = { .id = ID_A, .streams = { "\x06", 1 } }, .n_fds = 2, .fds = { plan, fds[1] } };
        daemon_send(d, &m);
        assert_int_equal(daemon_answer(d, 1).type, WIRE_LAUNCHED);
        assert_int_equal(read(fds[0], text, sizeof(text)), 6);
        assert_memory_equal(text, "stream", 6);

        WireMessage attach = { .type = WIRE_ATTACH, .serial = 2, .attach = { .id = ID_A, .exec_id = "", .streams = 7 }, .n_fds = 1, .fds = { fds[1] } };
        daemon_send(d, &attach);
        assert_int_equal(daemon_answer(d, 2).type, WIRE_OK);
        assert_int_equal(read(fds[0], text, sizeof(text)), 8);
        assert_memory_equal(text, "attached", 8);

        WireMessage exec = { .type = WIRE_EXEC, .serial = 3, .exec = { .id = ID_A, .exec_id = EXEC_ID }, .n_fds = 1, .fds = { session } };
        daemon_send(d, &exec);
        m = daemon_answer(d, 3);
        assert_int_equal(m.type, WIRE_EXEC_STARTED);
        assert_string_equal(m.exec_started.exec_id, EXEC_ID);
        exec.serial = 4;
        exec.fds[0] = sealed_not;
        daemon_send(d, &exec);
        expect_error(daemon_answer(d, 4), BRIG_ERR_INVALID);
        close(fds[0]);
        close(fds[1]);
}

static void test_plans_that_are_refused(void **state)
{
        Daemon *d = *state;
        char *argv[] = { (char *)"true", NULL };
        _cleanup_close_ int unsealed = memfd_create("x", MFD_CLOEXEC), host_pid = -EBADF;
        WireMessage m = { .type = WIRE_LAUNCH, .serial = 1, .launch = { .id = ID_A }, .n_fds = 1, .fds = { unsealed } };
        LaunchPlan p;

        daemon_start(d);
        assert_int_equal(write(unsealed, "x", 1), 1);
        daemon_send(d, &m);
        expect_error(daemon_answer(d, 1), BRIG_ERR_INVALID);

        /* A plan of another container. */
        _cleanup_close_ int other = daemon_plan(ID_B, "run");
        m.fds[0] = other;
        daemon_send(d, &m);
        expect_error(daemon_answer(d, 1), BRIG_ERR_INVALID);

        /* The ceiling speaks whatever brig-api has let pass. */
        brig_plan_init(&p, PLAN_KIND_CONTAINER);
        p.container_id = ID_A;
        p.argv = argv, p.n_args = 1;
        assert_int_equal(brig_plan_to_memfd(&p, &host_pid, NULL), 0);
        m.fds[0] = host_pid;
        daemon_send(d, &m);
        WireMessage answer = daemon_answer(d, 1);
        expect_error(answer, BRIG_ERR_DENIED);
        assert_non_null(strstr(answer.error.message, "deny namespace user"));
        assert_non_null(strstr(answer.error.message, "/ceiling.conf"));
        assert_int_equal(daemon_count(d, "run/c"), 0);
        assert_int_equal(daemon_count(d, "data/containers"), 0);
}

static void test_monitors_that_fail(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        WireMessage m = daemon_launch(d, 1, ID_A, "refuse");
        expect_error(m, BRIG_ERR_COMMAND_NOT_FOUND);
        assert_string_equal(m.error.message, "no such command");
        expect_gone(d, ID_A);
        expect_error(daemon_launch(d, 2, ID_A, "crash"), BRIG_ERR_UNAVAILABLE);
        expect_gone(d, ID_A);
        assert_int_equal(daemon_launch(d, 3, ID_A, "quick").type, WIRE_LAUNCHED);
        assert_int_equal(take_exit(d, ID_A), 3);
}

/* A monitor that hangs (in a mount of a dead server) answers nobody, and can be killed all the same. */
static void test_a_launch_that_hangs_is_killed(void **state)
{
        Daemon *d = *state;
        _cleanup_close_ int plan = daemon_plan(ID_A, "hang");
        WireMessage launch = { .type = WIRE_LAUNCH, .serial = 1, .launch = { .id = ID_A }, .n_fds = 1, .fds = { plan } };
        WireMessage kill_it = { .type = WIRE_SIGNAL, .serial = 2, .signal = { .id = ID_A, .exec_id = "", .signo = SIGKILL } };

        daemon_start(d);
        daemon_send(d, &launch);
        daemon_send(d, &kill_it);
        expect_error(daemon_answer(d, 1), BRIG_ERR_UNAVAILABLE);
        assert_int_equal(daemon_answer(d, 2).type, WIRE_OK);
        expect_gone(d, ID_A);
}

static void test_monitors_that_lie(void **state)
{
        static const char *const behaviours[] = { "liar", "garbage", "stray" };
        Daemon *d = *state;

        daemon_start(d);
        for (size_t i = 0; i < ARRAY_SIZE(behaviours); i++) {
                assert_int_equal(daemon_launch(d, 1, ID_A, behaviours[i]).type, WIRE_LAUNCHED);
                assert_int_equal(take_exit(d, ID_A), 137);
        }
}

static void test_monitor_killed(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        WireMessage m = daemon_launch(d, 1, ID_A, "run");
        assert_int_equal(kill(m.launched.pid, SIGKILL), 0);
        assert_int_equal(take_exit(d, ID_A), 137);
}

/* A restart policy may be faster than the end of the old monitor. */
static void test_launch_behind_an_ending(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        assert_int_equal(daemon_launch(d, 1, ID_A, "quick").type, WIRE_LAUNCHED);
        assert_int_equal(daemon_receive(d).type, WIRE_EXITED);
        daemon_ask_id(d, WIRE_EXIT_ACK, 0, ID_A);
        assert_int_equal(daemon_launch(d, 2, ID_A, "quick").type, WIRE_LAUNCHED);
        assert_int_equal(take_exit(d, ID_A), 3);
}

static void test_exit_is_kept_for_the_next_api(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        assert_int_equal(daemon_launch(d, 1, ID_A, "quick").type, WIRE_LAUNCHED);
        daemon_leave_api(d);
        daemon_meet_api(d, true);
        assert_int_equal(take_exit(d, ID_A), 3);
}

static void test_R_brigd_killed_container_found_again(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        uint32_t base = daemon_launch(d, 1, ID_A, "run").launched.range_base;
        daemon_kill(d);
        daemon_start(d);
        WireMessage list = { .type = WIRE_LIST, .serial = 2 };
        daemon_send(d, &list);
        WireMessage m = daemon_receive(d);
        assert_int_equal(m.type, WIRE_STATUS);
        assert_string_equal(m.status.id, ID_A);
        assert_int_equal(m.status.state, WIRE_STATE_RUNNING);
        assert_int_equal(m.status.started_at, 5);
        assert_int_equal(daemon_receive(d).type, WIRE_OK);
        /* The range is still taken: the next container gets another. */
        assert_true(daemon_launch(d, 3, ID_B, "quick").launched.range_base != base);
        assert_int_equal(daemon_receive(d).type, WIRE_EXITED);
        daemon_ask_id(d, WIRE_EXIT_ACK, 0, ID_B);
        assert_false(daemon_wait_path(d, "run/c/" ID_B, false));
        WireMessage kill_it = { .type = WIRE_SIGNAL, .serial = 4, .signal = { .id = ID_A, .exec_id = "", .signo = 9 } };
        daemon_send(d, &kill_it);
        assert_int_equal(daemon_answer(d, 4).type, WIRE_OK);
        assert_int_equal(take_exit(d, ID_A), 137);
}

static void test_brigd_and_monitor_killed(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        pid_t monitor = daemon_launch(d, 1, ID_A, "run").launched.pid;
        daemon_kill(d);
        assert_int_equal(kill(monitor, SIGKILL), 0);
        daemon_start(d);
        assert_int_equal(take_exit(d, ID_A), 137);
}

/* The record tells what the monitor could not say any more. */
static void test_exit_record_of_a_dead_monitor(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        pid_t monitor = daemon_launch(d, 1, ID_A, "quick").launched.pid;
        assert_int_equal(daemon_receive(d).type, WIRE_EXITED);
        daemon_kill(d);
        assert_int_equal(kill(monitor, SIGKILL), 0);
        daemon_start(d);
        assert_int_equal(take_exit(d, ID_A), 3);
}

static void test_sigterm_leaves_containers(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        pid_t monitor = daemon_launch(d, 1, ID_A, "run").launched.pid;
        daemon_stop(d);
        assert_int_equal(kill(monitor, 0), 0);
        assert_false(daemon_wait_path(d, "run/brig.sock", false));
        assert_true(daemon_wait_path(d, SOCKET_A, true));
}

/* What is on its way out goes all the way. */
static void test_sigterm_waits_for_ending_containers(void **state)
{
        Daemon *d = *state;

        daemon_start(d);
        assert_int_equal(daemon_launch(d, 1, ID_A, "quick").type, WIRE_LAUNCHED);
        assert_int_equal(daemon_receive(d).type, WIRE_EXITED);
        daemon_ask_id(d, WIRE_EXIT_ACK, 0, ID_A);
        WireMessage list = { .type = WIRE_LIST, .serial = 2 };
        daemon_send(d, &list);
        (void)daemon_answer(d, 2); /* the acknowledgement was before it */
        daemon_stop(d);
        assert_int_equal(daemon_count(d, "run/c"), 0);
        assert_int_equal(daemon_count(d, "ids"), 1);
}

static uid_t owner_of(const Daemon *d, const char *path)
{
        char whole[512];
        struct stat st;

        (void)snprintf(whole, sizeof(whole), "%s/%s", d->folder, path);
        assert_int_equal(lstat(whole, &st), 0);
        return st.st_uid;
}

/* Logs go on in the next run, whose monitor is somebody else; what a hostile monitor has left does not become its own. */
static void test_files_of_a_former_run(void **state)
{
        Daemon *d = *state;
        char path[256], other[256];

        daemon_start(d);
        assert_int_equal(daemon_launch(d, 1, ID_A, "quick").type, WIRE_LAUNCHED);
        (void)snprintf(path, sizeof(path), "%s/data/containers/" ID_A "/log", d->folder);
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
        assert_int_equal(chown(path, 0x20000005, 0), 0);
        (void)snprintf(path, sizeof(path), "%s/secret", d->folder);
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        assert_int_equal(chown(path, 0x20000005, 0), 0);
        (void)snprintf(other, sizeof(other), "%s/data/containers/" ID_A "/linked", d->folder);
        assert_int_equal(link(path, other), 0);
        (void)snprintf(other, sizeof(other), "%s/data/containers/" ID_A "/roots", d->folder);
        close(open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        (void)snprintf(other, sizeof(other), "%s/data/containers/" ID_A "/symbolic", d->folder);
        assert_int_equal(symlink(path, other), 0);
        assert_int_equal(take_exit(d, ID_A), 3);

        uint32_t base = daemon_launch(d, 2, ID_A, "quick").launched.range_base;
        assert_int_equal(owner_of(d, "data/containers/" ID_A "/log"), base + 65536);
        assert_int_equal(owner_of(d, "data/containers/" ID_A "/linked"), 0x20000005);
        assert_int_equal(owner_of(d, "data/containers/" ID_A "/roots"), 0);
        assert_int_equal(take_exit(d, ID_A), 3);
}

/* Each is refused, ends this brig-api, and the next one is served. */
static void test_messages_that_end_the_link(void **state)
{
        Daemon *d = *state;
        char frame[4096], big[BRIG_WIRE_MAX_BYTES + 1] = { 0 };
        WireMessage list = { .type = WIRE_LIST, .serial = 1 };
        WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brig-api", .id = "" } };
        ssize_t n = brig_wire_encode(&list, WIRE_API_TO_BRIGD, frame, sizeof(frame));
        uint16_t unknown = 4711;

        daemon_start(d);
        for (unsigned i = 0; i < 6; i++) {
                bool late_hello = i == 0;
                char bad[4096];
                int fds[] = { STDIN_FILENO };
                memcpy(bad, frame, sizeof(bad));
                if (i > 0) {
                        daemon_kill(d); /* without waiting out the pause before a restart */
                        daemon_start(d);
                }
                if (late_hello)
                        daemon_send(d, &hello);                                       /* out of order */
                if (i == 1)
                        memcpy(bad + 4, &unknown, sizeof(unknown));                   /* unknown */
                if (i == 4)
                        bad[0] ^= 1;                                                  /* not ours at all */
                if (i == 5)
                        assert_int_equal(brig_fd_send(d->link.fd, bad, (size_t)n, fds, 1), 0); /* a descriptor too many */
                else if (i == 2)
                        assert_int_equal(send(d->link.fd, big, sizeof(big), 0), (ssize_t)sizeof(big)); /* oversized */
                else if (!late_hello)
                        assert_true(send(d->link.fd, bad, (size_t)(i == 3 ? n - 1 : n), 0) > 0);       /* 3: truncated */
                daemon_expect_hangup(d);
        }
        /* A request before the greeting. */
        daemon_leave_api(d);
        daemon_meet_api(d, false);
        daemon_send(d, &list);
        daemon_expect_hangup(d);
        daemon_leave_api(d);
        daemon_meet_api(d, true);
        daemon_send(d, &list);
        assert_int_equal(daemon_answer(d, 1).type, WIRE_OK);
}

static int unpack(Daemon *d, uint32_t serial, const char *digest, const char *bytes, size_t len)
{
        _cleanup_close_ int blob = memfd_create("blob", MFD_CLOEXEC);
        int report[2];

        assert_int_equal(write(blob, bytes, len), (ssize_t)len);
        assert_int_equal(lseek(blob, 0, SEEK_SET), 0);
        assert_int_equal(pipe2(report, O_CLOEXEC), 0);
        WireMessage m = { .type = WIRE_UNPACK, .serial = serial, .layer = { .digest = digest, .max_bytes = 1 << 20, .max_entries = 100 },
                          .n_fds = 2, .fds = { blob, report[1] } };
        daemon_send(d, &m);
        close(report[1]);
        WireType type = daemon_answer(d, serial).type;
        close(report[0]);
        return type == WIRE_OK;
}

static void test_layers(void **state)
{
        Daemon *d = *state;
        static const char zeros[1024];
        struct stat st;
        char path[256];

        daemon_start(d);
        assert_true(unpack(d, 1, EMPTY_LAYER, zeros, sizeof(zeros)));
        (void)snprintf(path, sizeof(path), "%s/data/storage/layers/" EMPTY_LAYER, d->folder);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 0x70000000);
        assert_true(unpack(d, 2, EMPTY_LAYER, zeros, sizeof(zeros)));
        assert_false(unpack(d, 3, ID_A, zeros, sizeof(zeros))); /* the digest of something else */
        assert_int_equal(daemon_count(d, "data/storage/staging"), 0);

        WireMessage list = { .type = WIRE_LAYER_LIST, .serial = 4 }, m;
        daemon_send(d, &list);
        m = daemon_receive(d);
        assert_int_equal(m.type, WIRE_LAYER);
        assert_string_equal(m.layer.digest, EMPTY_LAYER);
        assert_int_equal(daemon_receive(d).type, WIRE_OK);
        WireMessage gone = { .type = WIRE_LAYER_REMOVE, .serial = 5, .layer = { .digest = EMPTY_LAYER } };
        daemon_send(d, &gone);
        assert_int_equal(daemon_answer(d, 5).type, WIRE_OK);
        assert_false(daemon_wait_path(d, "data/storage/layers/" EMPTY_LAYER, false));
        daemon_send(d, &gone);
        assert_int_equal(daemon_answer(d, 5).type, WIRE_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_life_of_a_container),
                TEST(test_streams_and_descriptors_reach_the_monitor),
                TEST(test_plans_that_are_refused),
                TEST(test_monitors_that_fail),
                TEST(test_a_launch_that_hangs_is_killed),
                TEST(test_monitors_that_lie),
                TEST(test_monitor_killed),
                TEST(test_launch_behind_an_ending),
                TEST(test_exit_is_kept_for_the_next_api),
                TEST(test_R_brigd_killed_container_found_again),
                TEST(test_brigd_and_monitor_killed),
                TEST(test_exit_record_of_a_dead_monitor),
                TEST(test_sigterm_leaves_containers),
                TEST(test_sigterm_waits_for_ending_containers),
                TEST(test_files_of_a_former_run),
                TEST(test_messages_that_end_the_link),
                TEST(test_layers),
        };

        if (geteuid() != 0) {
                printf("skipped: brigd needs root\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
