/* Passing, keeping and reading. */
#include "../cmocka-all.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void test_descriptors_travel_and_surplus_ones_are_closed(void **state)
{
        int pair[2], fds[BRIG_FD_PASS_MAX], got[2];
        size_t n = 2;
        char text[8];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        for (size_t i = 0; i < BRIG_FD_PASS_MAX; i++)
                fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(brig_fd_send(pair[0], "hi", 2, fds, 2), 0);
        assert_int_equal(brig_fd_receive(pair[1], text, sizeof text, got, &n), 2);
        assert_int_equal(n, 2);
        assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
        (void)close(got[0]);
        (void)close(got[1]);

        int next = dup(pair[0]);

        (void)close(next);
        assert_int_equal(brig_fd_send(pair[0], "hi", 2, fds, BRIG_FD_PASS_MAX), 0);
        n = 2;
        assert_int_equal(brig_fd_receive(pair[1], text, sizeof text, got, &n), -EMSGSIZE);
        assert_int_equal(brig_fd_send(pair[0], "too much text", 13, NULL, 0), 0);
        n = 0;
        assert_int_equal(brig_fd_receive(pair[1], text, sizeof text, NULL, &n), -EMSGSIZE);
        int again = dup(pair[0]);

        assert_int_equal(again, next); /* nothing leaked */
        (void)close(again);
        for (size_t i = 0; i < BRIG_FD_PASS_MAX; i++)
                (void)close(fds[i]);
        (void)close(pair[0]);
        assert_int_equal(brig_fd_receive(pair[1], text, sizeof text, NULL, NULL), 0);
        (void)close(pair[1]);
}

static void test_all_but_some_are_closed(void **state)
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                int a = fcntl(0, F_DUPFD_CLOEXEC, 20), b = fcntl(0, F_DUPFD_CLOEXEC, 21), c = fcntl(0, F_DUPFD_CLOEXEC, 30);
                const int keep[] = { c, 0, -EBADF, a };
                int r = brig_fd_close_except(keep, ARRAY_SIZE(keep));

                _exit(r < 0 || fcntl(a, F_GETFD) < 0 || fcntl(c, F_GETFD) < 0 || fcntl(0, F_GETFD) < 0 || fcntl(b, F_GETFD) >= 0 || fcntl(2, F_GETFD) >= 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_small_files_are_read_whole_or_not_at_all(void **state)
{
        char text[64], tiny[4];

        assert_true(brig_file_read(AT_FDCWD, "/proc/self/comm", text, sizeof text) > 1);
        assert_int_equal(text[strlen(text) - 1], '\n');
        assert_int_equal(brig_file_read(AT_FDCWD, "/proc/self/status", tiny, sizeof tiny), -EFBIG);
        assert_int_equal(brig_file_read(AT_FDCWD, "/nowhere", text, sizeof text), -ENOENT);
        assert_int_equal(brig_file_write(AT_FDCWD, "/dev/full", "x"), -ENOSPC);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_descriptors_travel_and_surplus_ones_are_closed),
                cmocka_unit_test(test_all_but_some_are_closed),
                cmocka_unit_test(test_small_files_are_read_whole_or_not_at_all),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
