/* The channel over a real socket pair: order, limits and what happens to descriptors. */
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "wire/wire.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>

#define ID_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct Pair { WireChannel api, brigd; int open_before; } Pair;

static int count_fds(void)
{
        DIR *d = opendir("/proc/self/fd");
        int n = 0;

        assert_non_null(d);
        while (readdir(d))
                n++;
        closedir(d);
        return n;
}

static int setup(void **state)
{
        static Pair p;
        int fds[2];

        p.open_before = count_fds();
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        assert_int_equal(brig_wire_channel_init(&p.api, fds[0], WIRE_BRIGD_TO_API, WIRE_API_TO_BRIGD), 0);
        assert_int_equal(brig_wire_channel_init(&p.brigd, fds[1], WIRE_API_TO_BRIGD, WIRE_BRIGD_TO_API), 0);
        *state = &p;
        return 0;
}

/* Every test also proves that no descriptor is left behind. */
static int teardown(void **state)
{
        Pair *p = *state;

        brig_wire_channel_done(&p->api);
        brig_wire_channel_done(&p->brigd);
        return count_fds() == p->open_before ? 0 : -1;
}

static void greet(Pair *p)
{
        WireMessage hello = { .type = WIRE_HELLO, .hello = { BRIG_WIRE_VERSION, "brig-api", "" } }, m;

        assert_int_equal(brig_wire_send(&p->api, &hello), 0);
        assert_int_equal(brig_wire_receive(&p->brigd, &m), 1);
        assert_int_equal(m.type, WIRE_HELLO);
}

static void send_raw(int fd, const void *data, size_t len, const int *fds, size_t n_fds)
{
        struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
        union { struct cmsghdr h; char space[CMSG_SPACE(sizeof(int) * 64)]; } control = { 0 };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

        if (n_fds > 0) {
                msg.msg_control = &control;
                msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
                control.h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * n_fds) };
                memcpy(CMSG_DATA(&control.h), fds, sizeof(int) * n_fds);
        }
        assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)len);
}

static void test_hello_comes_first(void **state)
{
        Pair *p = *state;
        WireMessage list = { .type = WIRE_LIST, .serial = 1 }, m;

        assert_int_equal(brig_wire_send(&p->api, &list), 0);
        assert_int_equal(brig_wire_receive(&p->brigd, &m), -EBADMSG);
}

static void test_hello_comes_once(void **state)
{
        Pair *p = *state;
        WireMessage hello = { .type = WIRE_HELLO, .hello = { BRIG_WIRE_VERSION, "brig-api", "" } }, m;

        greet(p);
        assert_int_equal(p->brigd.peer_version, BRIG_WIRE_VERSION);
        assert_int_equal(brig_wire_send(&p->api, &hello), 0);
        assert_int_equal(brig_wire_receive(&p->brigd, &m), -EBADMSG);
}

static void test_version_zero(void **state)
{
        Pair *p = *state;
        WireMessage hello = { .type = WIRE_HELLO, .hello = { 0, "brig-api", "" } }, m;

        assert_int_equal(brig_wire_send(&p->api, &hello), 0);
        assert_int_equal(brig_wire_receive(&p->brigd, &m), -EBADMSG);
        assert_false(p->brigd.greeted);
}

static void test_descriptors_travel(void **state)
{
        Pair *p = *state;
        int pipe_fds[2];
        WireMessage attach = { .type = WIRE_ATTACH, .serial = 9, .attach = { ID_A, "", 7, { NULL, 0 } }, .n_fds = 1 };
        char c = 0;

        greet(p);
        assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
        attach.fds[0] = pipe_fds[1];
        assert_int_equal(brig_wire_send(&p->api, &attach), 0);
        close(pipe_fds[1]);
        {
                _cleanup_message_ WireMessage m = { 0 };
                assert_int_equal(brig_wire_receive(&p->brigd, &m), 1);
                assert_int_equal(m.n_fds, 1);
                assert_true(fcntl(m.fds[0], F_GETFD) & FD_CLOEXEC);
                assert_int_equal(write(m.fds[0], "x", 1), 1);
        }
        assert_int_equal(read(pipe_fds[0], &c, 1), 1);
        assert_int_equal(read(pipe_fds[0], &c, 1), 0); /* message_done closed the other end */
        close(pipe_fds[0]);
}

/* More than the table permits, and more than any message may have: all of them are closed. */
static void test_surplus_descriptors_are_closed(void **state)
{
        static const size_t counts[] = { 1, 2, BRIG_WIRE_MAX_FDS, BRIG_WIRE_MAX_FDS + 1, 64 };
        char frame[256];
        WireMessage list = { .type = WIRE_LIST, .serial = 1 }, m;
        ssize_t n = brig_wire_encode(&list, WIRE_API_TO_BRIGD, frame, sizeof(frame));

        for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
                Pair *p = *state;
                int fds[64], before;

                p->brigd.greeted = false;
                greet(p);
                for (size_t k = 0; k < 64; k++)
                        fds[k] = STDIN_FILENO;
                before = count_fds();
                send_raw(p->api.fd, frame, (size_t)n, fds, counts[i]);
                assert_int_equal(brig_wire_receive(&p->brigd, &m), -EBADMSG);
                assert_int_equal(count_fds(), before);
        }
}

static void test_oversized(void **state)
{
        Pair *p = *state;
        _cleanup_free_ char *big = calloc(1, BRIG_WIRE_MAX_BYTES + 1);
        WireMessage m;

        greet(p);
        send_raw(p->api.fd, big, BRIG_WIRE_MAX_BYTES + 1, NULL, 0);
        assert_int_equal(brig_wire_receive(&p->brigd, &m), -EBADMSG);
}

static void test_largest_report(void **state)
{
        Pair *p = *state;
        _cleanup_free_ char *text = calloc(1, BRIG_WIRE_MAX_REPORT + 1);
        WireMessage hello = { .type = WIRE_HELLO, .hello = { BRIG_WIRE_VERSION, "brigd", "" } };
        WireMessage report = { .type = WIRE_READBACK_REPORT, .serial = 3, .report = { text } }, m;

        memset(text, 'r', BRIG_WIRE_MAX_REPORT);
        assert_int_equal(brig_wire_send(&p->brigd, &hello), 0);
        assert_int_equal(brig_wire_send(&p->brigd, &report), 0);
        assert_int_equal(brig_wire_receive(&p->api, &m), 1);
        assert_int_equal(brig_wire_receive(&p->api, &m), 1);
        assert_int_equal(strlen(m.report.text), BRIG_WIRE_MAX_REPORT);
}

static void test_end_and_nothing(void **state)
{
        Pair *p = *state;
        WireMessage m, hello = { .type = WIRE_HELLO, .hello = { BRIG_WIRE_VERSION, "brig-api", "" } };

        assert_int_equal(brig_wire_receive(&p->brigd, &m), -EAGAIN);
        p->api.fd = brig_close(p->api.fd);
        assert_int_equal(brig_wire_receive(&p->brigd, &m), 0);
        assert_int_equal(brig_wire_send(&p->brigd, &hello), -EPIPE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_hello_comes_first),
                TEST(test_hello_comes_once),
                TEST(test_version_zero),
                TEST(test_descriptors_travel),
                TEST(test_surplus_descriptors_are_closed),
                TEST(test_oversized),
                TEST(test_largest_report),
                TEST(test_end_and_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
