/* Each case runs in a child that enters brig-api's sandbox, then tries something: what the program needs works, the rest does not. */
#include "base/strings.h"
#include "programs/brig-api/sandbox.h"
#include "sys/landlock.h"
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char folder[] = "/tmp/brig-sandbox-XXXXXX";

static int setup(void **state)
{
        static const char *const names[] = { "blobs", "state", "containers", "storage" };
        int root;

        assert_non_null(mkdtemp(folder));
        root = open(folder, O_DIRECTORY | O_CLOEXEC);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_int_equal(mkdirat(root, names[i], 0700), 0);
        brig_close(openat(root, "storage/secret", O_CREAT | O_WRONLY, 0600));
        brig_close(openat(root, "containers/log", O_CREAT | O_WRONLY, 0600));
        brig_close(openat(root, "daemon.json", O_CREAT | O_WRONLY, 0600));
        brig_close(root);
        return 0;
}

static int teardown(void **state)
{
        static const char *const names[] = { "storage/secret", "containers/log", "blobs/new", "daemon.json" };
        static const char *const folders[] = { "blobs", "state", "containers", "storage", "" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_free_ char *path = brig_str_printf("%s/%s", folder, names[i]);

                (void)unlink(path);
        }
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
                _cleanup_free_ char *path = brig_str_printf("%s/%s", folder, folders[i]);

                (void)rmdir(path);
        }
        return 0;
}

typedef int (*Attempt)(void);   /* 0 or errno */

/* The child's wait status. */
static int inside(Attempt attempt)
{
        pid_t child = fork();
        int status = 0;

        assert_true(child >= 0);
        if (child == 0) {
                _cleanup_free_ char *config = brig_str_printf("%s/daemon.json", folder);
                BrigError err = BRIG_ERROR_INIT;
                bool landlock;

                (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                if (sandbox_enter(folder, config, &landlock, &err) < 0) {
                        (void)fprintf(stderr, "%s\n", err.message);
                        _exit(200);
                }
                _exit(attempt());
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        return status;
}

static void expect_errno(Attempt attempt, int errnum)
{
        int status = inside(attempt);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), errnum);
}

static void expect_killed(Attempt attempt)
{
        int status = inside(attempt);

        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
}

static int open_below(const char *name, int flags)
{
        _cleanup_free_ char *path = brig_str_printf("%s/%s", folder, name);
        _cleanup_close_ int fd = open(path, flags | O_CLOEXEC, 0600);

        return fd < 0 ? errno : 0;
}

static int open_host(const char *path, int flags)
{
        _cleanup_close_ int fd = open(path, flags | O_CLOEXEC);

        return fd < 0 ? errno : 0;
}

static void *nothing(void *argument) { return argument; }

static int make_thread(void)
{
        pthread_t thread;
        int r = pthread_create(&thread, NULL, nothing, NULL);

        return r ? r : pthread_join(thread, NULL);
}

static int make_blob(void) { return open_below("blobs/new", O_CREAT | O_RDWR); }
static int read_log(void) { return open_below("containers/log", O_RDONLY); }
static int write_log(void) { return open_below("containers/log", O_WRONLY); }
static int read_storage(void) { return open_below("storage/secret", O_RDONLY); }
static int read_config(void) { return open_below("daemon.json", O_RDONLY); }
static int write_config(void) { return open_below("daemon.json", O_WRONLY); }
static int read_passwd(void) { return open_host("/etc/passwd", O_RDONLY); }
static int read_proc(void) { return open_host("/proc/self/status", O_RDONLY); }
static int write_proc(void) { return open_host("/proc/self/oom_score_adj", O_WRONLY); }
static int read_tmp(void) { return open_host("/tmp", O_RDONLY | O_DIRECTORY); }

static int make_pair(void)
{
        int pair[2];

        return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ? errno : 0;
}

static int new_clone(void) { return syscall(SYS_clone3, NULL, 0) < 0 ? errno : 0; }
static int old_fork(void) { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 ? errno : 0; }
static int internet(void) { return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0; }
static int vsock_pair(void) { int pair[2]; return socketpair(AF_VSOCK, SOCK_STREAM, 0, pair) < 0 ? errno : 0; }
static int executable_memory(void) { return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0; }
static int regain_dumps(void) { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? errno : 0; }

static int run_shell(void)
{
        char *const argv[] = { (char *)"sh", NULL };

        (void)execve("/bin/sh", argv, argv + 1);
        return errno;
}

static int trace(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0; }
static int new_namespace(void) { return unshare(CLONE_NEWUSER) < 0 ? errno : 0; }
static int keyring(void) { return syscall(SYS_keyctl, 0, 0, 0, 0, 0) < 0 ? errno : 0; }
static int ring(void) { return syscall(SYS_io_uring_setup, 1, NULL) < 0 ? errno : 0; }

static void test_D3_what_the_program_needs_works(void **state)
{
        static const Attempt needed[] = { make_thread, make_blob, read_log, read_config, read_proc, make_pair };

        for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
                expect_errno(needed[i], 0);
}

static void test_D3_files_of_others_are_out_of_reach(void **state)
{
        static const Attempt denied[] = { write_log, read_storage, write_config, read_passwd, write_proc, read_tmp };

        if (brig_landlock_abi() == 0)
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(denied); i++)
                expect_errno(denied[i], EACCES);
}

static void test_D3_calls_that_do_not_exist_here(void **state)
{
        static const Attempt absent[] = { new_clone, old_fork, internet, vsock_pair, executable_memory, regain_dumps };

        for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
                expect_errno(absent[i], ENOSYS);
}

static void test_D3_calls_that_end_the_process(void **state)
{
        static const Attempt fatal[] = { run_shell, trace, new_namespace, keyring, ring };

        for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
                expect_killed(fatal[i]);
}

static void test_D3_privilege_is_refused(void **state)
{
        BrigError err = BRIG_ERROR_INIT;

        if (geteuid() != 0)
                skip();
        assert_true(sandbox_check_privilege(&err) < 0);
        assert_non_null(strstr(err.message, "root"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_D3_what_the_program_needs_works), cmocka_unit_test(test_D3_files_of_others_are_out_of_reach),
                cmocka_unit_test(test_D3_calls_that_do_not_exist_here), cmocka_unit_test(test_D3_calls_that_end_the_process),
                cmocka_unit_test(test_D3_privilege_is_refused),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
