/* What a payload of profile "standard" sees and can do. Names begin with the requirement row where there is one. */
#include "../cmocka-all.h"
#include "fixture.h"

#include "base/strings.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define NEED_SCRATCH(s) \
        Scratch *s = *state; \
        if (!s) \
                skip()

static char output[256 * 1024];

static const char *run_script(Scratch *s, const char *script)
{
        TestPlan t;

        test_plan_shell(&t, script);
        if (run_collect(s, &t, output, sizeof output) < 0)
                fail_msg("%s", output);
        return output;
}

static void assert_line(const char *text, const char *line)
{
        if (!text_has_line(text, line))
                fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void test_N1_only_its_own_processes_are_seen(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "echo pid $$; echo $(ls -d /proc/[0-9]*); kill -0 12345678; kill -0 -1; echo done");

        assert_line(out, "pid 1");
        /* the shell, and ls in a subshell or without one */
        assert_true(text_has_line(out, "/proc/1 /proc/2") || text_has_line(out, "/proc/1 /proc/2 /proc/3"));
        assert_line(out, "done");
}

static void test_N2_the_host_is_out_of_sight(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "ls /; echo --; cut -d' ' -f5 /proc/self/mountinfo; mount -t tmpfs x /tmp; echo mount $?");

        assert_line(out, "mount 1");
        assert_null(strstr(out, "\n/s\n"));
        assert_null(strstr(out, s->folder));
        assert_line(out, "/proc");
}

static void test_N3_dev_has_the_fixed_set_and_nothing_else(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "echo $(ls /dev); echo $(stat -c %t:%T /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty); stat -c %u:%g:%a /dev/null;"
                                        "mknod /tmp/disk b 254 0; echo mknod $?; echo x >/dev/null && echo null; head -c3 /dev/zero | wc -c");

        assert_line(out, "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero");
        assert_line(out, "1:3 1:5 1:7 1:8 1:9 5:0");
        assert_line(out, "0:0:666");
        assert_line(out, "mknod 1");
        assert_line(out, "null");
        assert_line(out, "3");
}

static void test_N6_the_hostname_is_its_own(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "hostname; cat /etc/hostname; hostname other; echo set $?");

        assert_line(out, "box");
        assert_line(out, "set 1"); /* no CAP_SYS_ADMIN */
}

static void test_N7_uid_0_is_nobody_outside(void **state)
{
        NEED_SCRATCH(s);
        Container c;
        TestPlan t;
        const StartOptions options = START_OPTIONS_INIT;
        char path[64];
        struct stat st;

        assert_line(run_script(s, "tr -s ' ' </proc/self/uid_map; tr -s ' ' </proc/self/gid_map; touch /mark; stat -c %u /mark /bin/busybox"), " 0 3000000 65536");
        test_plan_shell(&t, "sleep 1000");
        assert_true(container_start(s, &c, &t, &options));
        (void)snprintf(path, sizeof path, "/proc/%d", c.pid);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, TEST_RANGE_BASE);
        container_signal(&c, SIGKILL, 0);
        assert_int_equal(container_end(&c), 137);
}

static void test_N8_ids_inside_the_range_can_be_used_and_no_others(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "touch /tmp/f; chown 65535:65535 /tmp/f; stat -c %u:%g /tmp/f; chown 65536 /tmp/f; echo over $?; su app -c 'id -u'");

        assert_line(out, "65535:65535");
        assert_line(out, "over 1");
        assert_line(out, "1000");
}

static void test_N10_the_session_keyring_is_fresh(void **state)
{
        NEED_SCRATCH(s);
        /* Seccomp refuses the calls; what /proc says is masked too. */
        assert_line(run_script(s, "wc -c </proc/keys"), "0");
}

static void test_N12_time_cannot_be_set(void **state)
{
        NEED_SCRATCH(s);
        assert_line(run_script(s, "date -s 2001-01-01 >/dev/null"), "date: can't set date: Operation not permitted");
}

static void test_N15_cgroups_are_its_own_root_and_read_only(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "cut -d: -f3 /proc/self/cgroup | sort -u; for d in $(ls -d /sys/fs/cgroup/*/ /sys/fs/cgroup/); do mkdir $d/x 2>/dev/null && echo made; done; echo done;"
                                        "grep -c cgroup /proc/self/mountinfo; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null");

        assert_null(strstr(out, "made"));
        assert_line(out, "/");
        assert_line(out, "1024");
}

static void test_P1_capabilities_are_those_of_the_plan(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "grep -E 'Cap|NoNewPrivs|Seccomp' /proc/1/status");

        assert_line(out, "CapBnd:\t00000000800405fb");
        assert_line(out, "CapPrm:\t00000000800405fb");
        assert_line(out, "CapEff:\t00000000800405fb");
        assert_line(out, "CapInh:\t0000000000000000");
        assert_line(out, "CapAmb:\t0000000000000000");
        assert_line(out, "NoNewPrivs:\t1");
        assert_line(out, "Seccomp:\t2");
        assert_line(out, "Seccomp_filters:\t1");
}

static void test_P1_without_no_new_privs_the_order_changes_not_the_result(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        test_plan_shell(&t, "grep -E 'Cap|NoNewPrivs|Seccomp' /proc/1/status");
        t.plan.flags &= ~(uint32_t)PLAN_F_NO_NEW_PRIVS;
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_line(output, "CapEff:\t00000000800405fb");
        assert_line(output, "CapBnd:\t00000000800405fb");
        assert_line(output, "NoNewPrivs:\t0");
        assert_line(output, "Seccomp:\t2");
}

static void test_P1_a_payload_with_a_user_namespace_of_its_own_is_no_gain(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        for (int i = 0; i < 5; i++) {
                test_plan_init(&t, "probe", "nested", NULL);
                if (run_collect(s, &t, output, sizeof output) != 0)
                        fail_msg("%s", output);
        }
}

static void test_P3_a_user_has_only_what_is_ambient(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        test_plan_shell(&t, "id; grep Cap /proc/self/status; echo $HOME");
        t.plan.user = "app";
        t.plan.caps.ambient = t.plan.caps.inheritable = UINT64_C(1) << 10;
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_line(output, "uid=1000(app) gid=1000(app) groups=1000(app),2000(extra)");
        assert_line(output, "CapEff:\t0000000000000400");
        assert_line(output, "CapPrm:\t0000000000000400");
        assert_line(output, "CapAmb:\t0000000000000400");
        assert_line(output, "CapBnd:\t00000000800405fb");
        assert_line(output, "/home/app");
}

static void test_P7_users_and_groups_are_resolved_in_the_container(void **state)
{
        NEED_SCRATCH(s);
        static const struct { const char *user, *want; } cases[] = {
                { "", "uid=0(root) gid=0(root) groups=0(root)" },
                { "0", "uid=0(root) gid=0(root) groups=0(root)" },
                { "app:extra", "uid=1000(app) gid=2000(extra) groups=2000(extra)" },
                { "1000", "uid=1000(app) gid=1000(app) groups=1000(app),2000(extra)" },
                { "1234:77", "uid=1234 gid=77 groups=77" },
                { "1234", "uid=1234 gid=0(root) groups=0(root)" },
        };
        TestPlan t;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                test_plan_shell(&t, "id");
                t.plan.user = cases[i].user;
                assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
                assert_line(output, cases[i].want);
        }
        test_plan_shell(&t, "id");
        t.groups[t.plan.n_group_add++] = "extra";
        t.groups[t.plan.n_group_add++] = "44";
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_line(output, "uid=0(root) gid=0(root) groups=0(root),44,2000(extra)");
}

static void test_P7_unknown_users_are_refused(void **state)
{
        NEED_SCRATCH(s);
        static const struct { const char *user, *want; } cases[] = {
                { "nobody-here", "unable to find user nobody-here: no matching entries in passwd file" },
                { "app:nogroup-here", "unable to find group nogroup-here: no matching entries in group file" },
                { "70000", "user 70000:0 is outside of the container's 65536 ids" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                TestPlan t;

                test_plan_shell(&t, "id");
                t.plan.user = cases[i].user;
                assert_int_equal(run_collect(s, &t, output, sizeof output), -1);
                assert_string_equal(output, cases[i].want);
        }
}

static void test_P8_a_set_uid_program_gains_nothing(void **state)
{
        NEED_SCRATCH(s);
        assert_line(run_script(s, "cp /bin/busybox /tmp/id; chmod 4755 /tmp/id; su app -c '/tmp/id -u'; grep ' / / ' /proc/self/mountinfo | grep -c nosuid,nodev"), "1000");
        assert_line(output, "1");
}

static void test_P9_a_read_only_root_file_system_takes_nothing(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        test_plan_shell(&t, "touch /x /etc/y; echo touch $?; echo 1 >/tmp/z && cat /tmp/z; touch /dev/shm/s && echo shm");
        t.plan.flags |= PLAN_F_READONLY_ROOTFS;
        (void)test_plan_mount(&t, "/tmp");
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_non_null(strstr(output, "Read-only file system"));
        assert_line(output, "touch 1");
        assert_line(output, "1");
        assert_line(output, "shm");
}

static void test_masked_and_read_only_paths(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "wc -c </proc/kcore; ls /sys/firmware | wc -l; echo x >/proc/sys/kernel/domainname; echo b >/proc/sysrq-trigger; echo 1 >/proc/irq/default_smp_affinity; echo done");

        assert_line(out, "0");
        assert_non_null(strstr(out, "/proc/sys/kernel/domainname: Read-only file system"));
        if (access("/proc/sysrq-trigger", F_OK) == 0)
                assert_non_null(strstr(out, "/proc/sysrq-trigger: Read-only file system"));
        assert_line(out, "done");
}

static void test_loopback_is_up_and_ping_needs_no_capability(void **state)
{
        NEED_SCRATCH(s);
        const char *out = run_script(s, "probe ping; echo ping $?; ls /sys/class/net; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; echo $(cat /proc/sys/net/ipv4/ping_group_range)");

        assert_line(out, "ping 0");
        assert_line(out, "lo");
        assert_line(out, "0");
        assert_line(out, "0 65535");
}

static void test_CVE_2024_21626_no_descriptor_leaks_into_the_payload(void **state)
{
        NEED_SCRATCH(s);
        /* 3 is ls' own folder */
        assert_line(run_script(s, "echo $(ls /proc/self/fd); readlink /proc/self/cwd"), "0 1 2 3");
        assert_line(output, "/");
}

static void test_signals_and_the_environment_are_clean(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        test_plan_init(&t, "env", NULL);
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_string_equal(output, "PATH=/bin\nHOME=/root\n");
        test_plan_init(&t, "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", NULL);
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_string_equal(output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void test_rlimits_are_lowered_exactly(void **state)
{
        NEED_SCRATCH(s);
        assert_line(run_script(s, "ulimit -Sn; ulimit -Hn"), "512");
        assert_line(output, "1024");
}

static void test_the_working_directory_is_made(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        test_plan_shell(&t, "pwd; stat -c %u .");
        t.plan.cwd = "/srv/new/place";
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_line(output, "/srv/new/place");
        assert_line(output, "0");
        test_plan_shell(&t, "pwd");
        t.plan.cwd = "/etc/passwd";
        assert_int_equal(run_collect(s, &t, output, sizeof output), -1);
        assert_non_null(strstr(output, "not a directory"));
}

static void test_commands_that_cannot_run_say_why(void **state)
{
        NEED_SCRATCH(s);
        static const struct { const char *command, *want; BrigErrorKind kind; } cases[] = {
                { "nothing-here", "exec: \"nothing-here\": executable file not found in $PATH", BRIG_ERR_COMMAND_NOT_FOUND },
                { "/nope", "exec: \"/nope\": stat /nope: no such file or directory", BRIG_ERR_COMMAND_NOT_FOUND },
                { "/etc", "exec: \"/etc\": is a directory", BRIG_ERR_COMMAND_NOT_EXEC },
                { "/etc/passwd", "exec: \"/etc/passwd\": permission denied", BRIG_ERR_COMMAND_NOT_EXEC },
                { "/bin/broken", "exec /bin/broken: exec format error", BRIG_ERR_COMMAND_NOT_EXEC },
                { "/bin/badscript", "exec /bin/badscript: no such file or directory", BRIG_ERR_COMMAND_NOT_FOUND },
                { "", "exec: \"\": executable file not found in $PATH", BRIG_ERR_COMMAND_NOT_FOUND },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const StartOptions options = START_OPTIONS_INIT;
                Container c;
                TestPlan t;

                test_plan_init(&t, cases[i].command, NULL);
                assert_false(container_start(s, &c, &t, &options));
                assert_string_equal(c.last.error.message, cases[i].want);
                assert_int_equal(c.last.error.kind, cases[i].kind);
                container_kill(&c);
        }
}

static void test_tmpfs_options_and_copy_up(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;
        PlanMount *m;

        test_plan_shell(&t, "cat /var/data/file; readlink /var/data/link; stat -c %u:%a /var/data; df /var/data | tail -1 | tr -s ' ' | cut -d' ' -f2; df /scratch | tail -1 | tr -s ' ' | cut -d' ' -f2; stat -c %a /scratch");
        m = test_plan_mount(&t, "/var/data");
        m->options = "size=2m,mode=0750,uid=7";
        m->flags = PLAN_MOUNT_F_COPY_UP;
        m = test_plan_mount(&t, "/scratch");
        m->options = "size=1m";
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_line(output, "content");
        assert_line(output, "file");
        assert_line(output, "7:750");
        assert_line(output, "2048");
        assert_line(output, "1024");
        assert_line(output, "1777");
        test_plan_shell(&t, "true");
        test_plan_mount(&t, "/x")->options = "size=1m,context=evil";
        assert_int_equal(run_collect(s, &t, output, sizeof output), -1);
        assert_string_equal(output, "tmpfs option \"context\" is not supported");
}

static void test_what_is_written_lies_in_the_storage_range_on_disk(void **state)
{
        NEED_SCRATCH(s);
        char path[256];
        struct stat st;
        TestPlan t;

        test_plan_shell(&t, "echo x >/made; chown 5:6 /made; rm /var/data/file; stat -c %u:%g /made");
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_line(output, "5:6");
        (void)snprintf(path, sizeof path, "%s/storage/uppers/%s/upper/made", s->folder, t.id);
        assert_int_equal(lstat(path, &st), 0);
        assert_int_equal(st.st_uid, TEST_STORAGE_BASE + 5);
        assert_int_equal(st.st_gid, TEST_STORAGE_BASE + 6);
        (void)snprintf(path, sizeof path, "%s/storage/uppers/%s/upper/var/data/file", s->folder, t.id);
        assert_int_equal(lstat(path, &st), 0);
        assert_true(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0)); /* overlay's whiteout */
}

static void test_an_ephemeral_container_can_start_again(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        /* "volatile" forbids a second mount unless its mark is taken away. */
        test_plan_shell(&t, "cat /made; echo once >/made");
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_int_equal(run_collect(s, &t, output, sizeof output), 0);
        assert_line(output, "once");
}

static void test_init_reaps_and_forwards(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        if (TEST_SANITIZED)
                skip(); /* brig-init needs the sanitizer's libraries then, which the image has not */
        test_plan_shell(&t, "cat /proc/1/comm; echo pid $$; exit 5");
        t.plan.flags |= PLAN_F_INIT;
        assert_int_equal(run_collect(s, &t, output, sizeof output), 5);
        assert_line(output, "docker-init");
        assert_false(text_has_line(output, "pid 1"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_N1_only_its_own_processes_are_seen),
                cmocka_unit_test(test_N2_the_host_is_out_of_sight),
                cmocka_unit_test(test_N3_dev_has_the_fixed_set_and_nothing_else),
                cmocka_unit_test(test_N6_the_hostname_is_its_own),
                cmocka_unit_test(test_N7_uid_0_is_nobody_outside),
                cmocka_unit_test(test_N8_ids_inside_the_range_can_be_used_and_no_others),
                cmocka_unit_test(test_N10_the_session_keyring_is_fresh),
                cmocka_unit_test(test_N12_time_cannot_be_set),
                cmocka_unit_test(test_N15_cgroups_are_its_own_root_and_read_only),
                cmocka_unit_test(test_P1_capabilities_are_those_of_the_plan),
                cmocka_unit_test(test_P1_without_no_new_privs_the_order_changes_not_the_result),
                cmocka_unit_test(test_P1_a_payload_with_a_user_namespace_of_its_own_is_no_gain),
                cmocka_unit_test(test_P3_a_user_has_only_what_is_ambient),
                cmocka_unit_test(test_P7_users_and_groups_are_resolved_in_the_container),
                cmocka_unit_test(test_P7_unknown_users_are_refused),
                cmocka_unit_test(test_P8_a_set_uid_program_gains_nothing),
                cmocka_unit_test(test_P9_a_read_only_root_file_system_takes_nothing),
                cmocka_unit_test(test_masked_and_read_only_paths),
                cmocka_unit_test(test_loopback_is_up_and_ping_needs_no_capability),
                cmocka_unit_test(test_CVE_2024_21626_no_descriptor_leaks_into_the_payload),
                cmocka_unit_test(test_signals_and_the_environment_are_clean),
                cmocka_unit_test(test_rlimits_are_lowered_exactly),
                cmocka_unit_test(test_the_working_directory_is_made),
                cmocka_unit_test(test_commands_that_cannot_run_say_why),
                cmocka_unit_test(test_tmpfs_options_and_copy_up),
                cmocka_unit_test(test_what_is_written_lies_in_the_storage_range_on_disk),
                cmocka_unit_test(test_an_ephemeral_container_can_start_again),
                cmocka_unit_test(test_init_reaps_and_forwards),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
