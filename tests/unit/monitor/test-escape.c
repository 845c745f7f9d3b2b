/*
 * The escape matrix at the monitor: the same attempts with each one of the layers
 * left out. Needs a build with test switches; without them only the column of
 * the complete set runs.
 */
#include "../cmocka-all.h"
#include "fixture.h"

#include "base/strings.h"
#include "sys/fd.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define NEED_SCRATCH(s) \
        Scratch *s = *state; \
        if (!s) \
                skip()

static char output[64 * 1024];

static const char *const layers[] = { "", "seccomp", "caps", "landlock", "userns", "masked" };

/* Each must end with something else than success, whatever layer is missing. */
static const char *const attempts[] = {
        "probe block", "probe module", "probe trace 1000000", "probe setns /proc/1/ns/../../../../proc/1/ns/none",
        "echo x >/proc/sys/kernel/core_pattern", "echo x >/proc/sys/kernel/modprobe", "echo 1 >/proc/sysrq-trigger",
        "ls /proc/1/root/s", "cat /proc/1/root/proc/brig-none", "echo /x >/sys/fs/cgroup/memory/release_agent", "mkdir /sys/fs/cgroup/pids/x",
        "echo 1 >/sys/fs/cgroup/pids/notify_on_release", "echo $$ >/sys/fs/cgroup/pids/../cgroup.procs", "echo x >/proc/1/oom_score_adj.none",
        "probe abstract brig-test-abstract", "probe settime",
};

static void run_all(Scratch *s, const char *disable)
{
        StartOptions options = START_OPTIONS_INIT;
        char script[4096] = "";
        TestPlan t;

        for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
                size_t len = strlen(script);

                (void)snprintf(script + len, sizeof script - len, "(%s) >/dev/null 2>&1 && echo 'BROKEN: %s'\n", attempts[i], strchr(attempts[i], '\'') ? "?" : attempts[i]);
        }
        test_plan_shell(&t, script);
        options.disable = disable;
        if (run_with(s, &t, &options, output, sizeof output) < 0)
                fail_msg("without \"%s\": %s", disable, output);
        if (strstr(output, "BROKEN"))
                fail_msg("without \"%s\": %s", disable, output);
}

static int listen_abstract(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0brig-test-abstract" };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen("brig-test-abstract"))), 0);
        assert_int_equal(listen(fd, 8), 0);
        return fd;
}

static void test_N14_every_attempt_fails_with_each_layer_left_out(void **state)
{
        NEED_SCRATCH(s);
        int fd = listen_abstract();
        size_t n = TEST_SWITCHES ? ARRAY_SIZE(layers) : 1;

        for (size_t i = 0; i < n; i++)
                run_all(s, layers[i]);
        (void)close(fd);
}

static void test_a_release_build_leaves_no_layer_out(void **state)
{
        NEED_SCRATCH(s);
        StartOptions options = START_OPTIONS_INIT;
        TestPlan t;

        if (TEST_SWITCHES)
                skip();
        test_plan_shell(&t, "true");
        options.disable = "seccomp";
        assert_int_equal(run_with(s, &t, &options, output, sizeof output), -1);
        assert_non_null(strstr(output, "leaves no layer out"));
}

static void test_M4_landlock_forbids_what_its_rules_do_not_name(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        TestPlan t;

        test_plan_shell(&t, "echo x >/tmp/f && cat /tmp/f; echo x >/etc/g; cat /etc/passwd | head -1; touch /root/h");
        t.landlock[t.plan.n_landlock++] = (PlanLandlockRule){ .access = 1 | 4 | 8, .path = "/" };       /* execute, read */
        t.landlock[t.plan.n_landlock++] = (PlanLandlockRule){ .access = ~UINT64_C(0) >> 48, .path = "/tmp" };
        t.landlock[t.plan.n_landlock++] = (PlanLandlockRule){ .access = 2 | 4, .path = "/dev" };
        assert_int_not_equal(run_with(s, &t, &options, output, sizeof output), -1);
        assert_true(text_has_line(output, "x"));
        assert_true(text_has_line(output, "root:x:0:0:root:/root:/bin/sh"));
        assert_non_null(strstr(output, "/etc/g: Permission denied"));
        assert_non_null(strstr(output, "/root/h: Permission denied"));
        t.landlock[0].path = "/proc/sys";
        assert_int_equal(run_with(s, &t, &options, output, sizeof output), -1);
        assert_string_equal(output, "a Landlock rule cannot name \"/proc/sys\"");
}

static void test_a_kernel_without_landlock_is_told_not_passed_over(void **state)
{
        NEED_SCRATCH(s);
        StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t;

        options.enosys = SYS_landlock_create_ruleset;
        test_plan_shell(&t, "exit 3");
        if (!container_start(s, &c, &t, &options))
                fail_msg("%s", c.last.error.message);
        assert_non_null(strstr(c.last.launched.warnings, "no Landlock"));
        assert_int_equal(container_end(&c), 3);
        /* Rules that somebody asked for cannot be kept there: no start. */
        t.landlock[t.plan.n_landlock++] = (PlanLandlockRule){ .access = 4, .path = "/" };
        assert_int_equal(run_with(s, &t, &options, output, sizeof output), -1);
        assert_string_equal(output, "Landlock rules were asked for, but this kernel has no Landlock");
}

static void test_without_landlock_but_with_sys_admin_mounts_work(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        test_plan_shell(&t, "probe mount; grep -c tmpfs /proc/mounts >/dev/null && echo fine");
        t.plan.flags &= ~(uint32_t)PLAN_F_LANDLOCK;
        t.plan.caps.bounding = t.plan.caps.effective = t.plan.caps.permitted = (UINT64_C(1) << 41) - 1;
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_true(text_has_line(output, "mount: ok"));
        t.plan.flags |= PLAN_F_LANDLOCK;
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_true(text_has_line(output, "mount: EPERM"));
}

static void test_N10_keys_of_the_host_are_out_of_reach(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        /* No seccomp filter at all: the keyring itself is what is proved. */
        test_plan_shell(&t, "probe keyring; probe key brig-test-key");
        t.plan.n_bpf = 0;
        assert_int_equal(run_collect(s, &t, output, sizeof output), 1);
        assert_non_null(strstr(output, "keyring;0;0;"));
        assert_non_null(strstr(output, "_ses"));
        assert_true(text_has_line(output, "key: ENOKEY"));
}

static void test_CVE_2019_5736_the_engines_own_program_cannot_be_overwritten(void **state)
{
        NEED_SCRATCH(s);
        char path[256];
        TestPlan t, e;
        Container c;
        const StartOptions options = START_OPTIONS_INIT;

        /* A payload that is the engine's program by its own /proc/self/exe, or brig-init: read-only, a copy, or sealed. */
        if (TEST_SANITIZED)
                skip(); /* brig-init needs the sanitizer's libraries then, which the image has not */
        test_plan_shell(&t, "echo x >/proc/1/exe; echo x >/sbin/docker-init; sleep 1000");
        t.plan.flags |= PLAN_F_INIT;
        assert_true(container_start(s, &c, &t, &options));
        test_plan_exec(&e, "probe write /proc/1/exe; probe write /sbin/docker-init; probe write /proc/self/exe");
        assert_int_equal(exec_collect(&c, &e, output, sizeof output), 1);
        assert_null(strstr(output, "ok"));
        container_signal(&c, SIGKILL, 0);
        assert_int_equal(container_end(&c), 137);
        (void)snprintf(path, sizeof path, "cmp -s %s/storage/layers/*/bin/probe " TEST_PROBE, s->folder);
        assert_int_equal(system(path), 0);
}

static void test_two_containers_do_not_reach_each_other(void **state)
{
        NEED_SCRATCH(s);
        StartOptions options = START_OPTIONS_INIT;
        Container a, b;
        TestPlan ta, tb, e;
        char script[256];

        test_plan_shell(&ta, "touch /tmp/mine; sleep 1000");
        assert_true(container_start(s, &a, &ta, &options));
        options.range_base = TEST_RANGE_BASE + 65537;
        test_plan_shell(&tb, "sleep 1000");
        assert_true(container_start(s, &b, &tb, &options));
        (void)snprintf(script, sizeof script, "kill -0 %d; echo kill $?; ls /tmp/mine; echo ls $?; cut -d' ' -f2- /proc/self/uid_map | tr -s ' '", a.pid);
        test_plan_exec(&e, script);
        (void)exec_collect(&b, &e, output, sizeof output);
        assert_true(text_has_line(output, "kill 1"));
        assert_true(text_has_line(output, "ls 1"));
        assert_non_null(strstr(output, "3065537 65536"));
        container_signal(&a, SIGKILL, 0);
        container_signal(&b, SIGKILL, 0);
        assert_int_equal(container_end(&a), 137);
        assert_int_equal(container_end(&b), 137);
}

static void test_the_waiter_is_out_of_sight_and_cannot_be_touched(void **state)
{
        NEED_SCRATCH(s);
        const StartOptions options = START_OPTIONS_INIT;
        Container c;
        TestPlan t, e;

        test_plan_shell(&t, "sleep 1000");
        assert_true(container_start(s, &c, &t, &options));
        /* Parent 0: the session's parent is not in this pid namespace. */
        test_plan_exec(&e, "grep PPid /proc/self/status; echo $(cat /proc/[0-9]*/comm | sort -u)");
        assert_int_equal(exec_collect(&c, &e, output, sizeof output), 0);
        assert_non_null(strstr(output, "PPid:\t"));
        assert_null(strstr(output, "brig-waiter"));
        container_signal(&c, SIGKILL, 0);
        assert_int_equal(container_end(&c), 137);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_N14_every_attempt_fails_with_each_layer_left_out),
                cmocka_unit_test(test_a_release_build_leaves_no_layer_out),
                cmocka_unit_test(test_M4_landlock_forbids_what_its_rules_do_not_name),
                cmocka_unit_test(test_a_kernel_without_landlock_is_told_not_passed_over),
                cmocka_unit_test(test_without_landlock_but_with_sys_admin_mounts_work),
                cmocka_unit_test(test_N10_keys_of_the_host_are_out_of_reach),
                cmocka_unit_test(test_CVE_2019_5736_the_engines_own_program_cannot_be_overwritten),
                cmocka_unit_test(test_two_containers_do_not_reach_each_other),
                cmocka_unit_test(test_the_waiter_is_out_of_sight_and_cannot_be_touched),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
