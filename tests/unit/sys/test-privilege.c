/* Giving privilege up, and what /proc then says. */
#include "../cmocka-all.h"
#include "sys/credential.h"
#include "sys/landlock.h"
#include "sys/procinfo.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void in_child(int (*body)(void))
{
        int status;
        pid_t pid = fork();

        if (pid == 0)
                _exit(body());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static int drop_all(void)
{
        int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ProcessStatus s;

        if (brig_credential_drop(12345, 12346, 0) < 0 || brig_procinfo_status(proc, getpid(), &s) < 0)
                return 1;
        return s.uid != 12345 || s.gid != 12346 || s.permitted || s.effective || s.bounding || s.ambient || !s.no_new_privs || setuid(0) == 0;
}

static int drop_but_one(void)
{
        CapabilitySets sets;

        return brig_credential_drop(12345, 12346, UINT64_C(1) << 5) < 0 || brig_capability_get(&sets) < 0 || sets.effective != UINT64_C(1) << 5 ||
                sets.permitted != UINT64_C(1) << 5;
}

static int act_as_and_back(void)
{
        CapabilitySets before, as, after;

        return brig_capability_get(&before) < 0 || brig_credential_effective(12345, 12345) < 0 || geteuid() != 12345 || brig_capability_get(&as) < 0 ||
                as.effective != before.effective || brig_credential_effective(0, 0) < 0 || geteuid() != 0 || brig_capability_get(&after) < 0 ||
                after.effective != before.effective;
}

static void test_dropping(void **state)
{
        if (geteuid() != 0)
                skip();
        in_child(drop_all);
        in_child(drop_but_one);
        in_child(act_as_and_back);
}

static void test_limits_are_read_from_proc(void **state)
{
        int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ProcessLimit limit;
        struct rlimit want;

        for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
                assert_int_equal(brig_procinfo_limit(proc, 0, resource, &limit), 0);
                assert_int_equal(getrlimit((int)resource, &want), 0);
                assert_true(limit.soft == want.rlim_cur && limit.hard == want.rlim_max);
        }
        assert_int_equal(brig_procinfo_limit(proc, 0, 999, &limit), -EINVAL);
        (void)close(proc);
}

static void test_landlock_knows_its_abis(void **state)
{
        assert_int_equal(brig_landlock_fs_all(0), 0);
        assert_int_equal(brig_landlock_fs_all(2), 0x3fff);      /* Debian 12's kernel: no TRUNCATE, no IOCTL_DEV */
        assert_int_equal(brig_landlock_fs_all(5), 0xffff);
        assert_int_equal(brig_landlock_fs_all(99), 0xffff);
        assert_int_equal(brig_landlock_scopes(5), 0);
        assert_int_equal(brig_landlock_scopes(6), 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_dropping),
                cmocka_unit_test(test_limits_are_read_from_proc),
                cmocka_unit_test(test_landlock_knows_its_abis),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
