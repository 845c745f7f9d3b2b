/* Ownership of file descriptors and the assertion that ends a process. */
#include "base/macros.h"

#include "tests/unit/cmocka-all.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void close_keeps_errno(void **state)
{
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), number = fd;

        assert_true(fd >= 0);
        errno = ENOTTY;
        fd = brig_close(fd);
        assert_int_equal(errno, ENOTTY);
        assert_int_equal(fd, -EBADF);
        assert_int_equal(fcntl(number, F_GETFD), -1);
        assert_int_equal(brig_close(-1), -EBADF);
}

static void cleanup_closes_what_was_not_taken(void **state)
{
        int number, taken;

        {
                _cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                _cleanup_close_ int other = open("/dev/null", O_RDONLY | O_CLOEXEC);

                number = fd;
                taken = TAKE_FD(other);
                assert_int_equal(other, -EBADF);
        }
        assert_int_equal(fcntl(number, F_GETFD), -1);
        assert_true(fcntl(taken, F_GETFD) >= 0);
        (void)close(taken);
}

static void take_ptr_leaves_null(void **state)
{
        char *p = malloc(1), *q = TAKE_PTR(p);

        assert_null(p);
        assert_non_null(q);
        free(q);
}

static void a_failed_assertion_aborts(void **state)
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                struct rlimit none = { 0, 0 };

                (void)setrlimit(RLIMIT_CORE, &none);
                (void)close(STDERR_FILENO);
                brig_assert(1 + 1 == 3);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(close_keeps_errno),
                cmocka_unit_test(cleanup_closes_what_was_not_taken),
                cmocka_unit_test(take_ptr_leaves_null),
                cmocka_unit_test(a_failed_assertion_aborts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
