/* The eBPF device rules, on a v2 group of their own (a v2 tree beside v1 will do). */
#include "../cmocka-all.h"
#include "runtime/cgroup/device-filter.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>

static const char *v2_root(void)
{
        static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        struct statfs fs;

        for (size_t i = 0; i < 2; i++)
                if (statfs(roots[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
                        return roots[i];
        return NULL;
}

/* In the child: 0 opened, else the errno. The node is made outside of the group, in a folder of our own. */
static int try_open(int group, const char *path, int flags)
{
        int status, procs = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        pid_t pid = fork();

        if (pid == 0) {
                if (write(procs, "0", 1) != 1)
                        _exit(255);
                _exit(open(path, flags | O_CLOEXEC | O_NONBLOCK) < 0 ? errno : 0);
        }
        (void)close(procs);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WEXITSTATUS(status);
}

static void test_only_the_fixed_set_and_what_was_given(void **state)
{
        const PlanDevice given = { .type = 'c', .major = 1, .minor = 11, .access = 4, .path = "/dev/x" };
        char folder[] = "/tmp/brig-devices-XXXXXX", group_path[128], node[64];
        BrigError err = BRIG_ERROR_INIT;
        int group;

        if (geteuid() != 0 || !v2_root())
                skip();
        assert_non_null(mkdtemp(folder));
        (void)snprintf(node, sizeof node, "%s/kmsg", folder);
        assert_int_equal(mknod(node, S_IFCHR | 0666, makedev(1, 11)), 0);
        (void)snprintf(group_path, sizeof group_path, "%s/brig-test-devices-%d", v2_root(), getpid());
        assert_int_equal(mkdir(group_path, 0755), 0);
        group = open(group_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int before = try_open(group, node, O_RDONLY);
        int r = brig_device_filter_attach(group, NULL, 0, &err);
        int null = try_open(group, "/dev/null", O_RDWR), refused = try_open(group, node, O_RDONLY);

        (void)close(group);
        (void)rmdir(group_path);
        assert_int_equal(mkdir(group_path, 0755), 0);
        group = open(group_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r2 = brig_device_filter_attach(group, &given, 1, &err);
        int reading = try_open(group, node, O_RDONLY), writing = try_open(group, node, O_WRONLY);

        (void)close(group);
        (void)rmdir(group_path);
        (void)unlink(node);
        (void)rmdir(folder);
        if (r < 0 && err.errnum == ENOSYS)
                skip();
        if (r < 0 || r2 < 0)
                fail_msg("%s", err.message);
        assert_int_equal(before, 0);
        assert_int_equal(null, 0);
        assert_int_equal(refused, EPERM);
        assert_int_equal(reading, 0);
        assert_int_equal(writing, EPERM);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_only_the_fixed_set_and_what_was_given) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
