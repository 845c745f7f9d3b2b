/* Layers, binds and the ceiling, against the real kernel. */
#include "../cmocka-all.h"
#include "fixture.h"

#include "base/strings.h"
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define NEED_SCRATCH(s) \
        Scratch *s = *state; \
        if (!s) \
                skip()
#define ALL_CAPS ((UINT64_C(1) << 41) - 1)

static char output[256 * 1024];

static void sh(const char *fmt, ...) _printf_(1, 2);
static void sh(const char *fmt, ...)
{
        char text[4096];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        assert_int_equal(system(text), 0);
}

static const char *in_folder(const Scratch *s, const char *path)
{
        static char text[4][256];
        static unsigned turn;
        char *out = text[turn++ % 4];

        (void)snprintf(out, sizeof text[0], "%s/%s", s->folder, path);
        return out;
}

static int run_text(Scratch *s, TestPlan *t, const char *ceiling)
{
        StartOptions options = START_OPTIONS_INIT;

        options.ceiling = ceiling;
        return run_with(s, t, &options, output, sizeof output);
}

static void assert_line(const char *line)
{
        if (!text_has_line(output, line))
                fail_msg("no line \"%s\" in:\n%s", line, output);
}

static void test_N7_the_hosts_files_cannot_be_written(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        sh("mkdir -p %s/host; echo secret >%s/host/file; chmod 600 %s/host/file; echo open >%s/host/public", s->folder, s->folder, s->folder, s->folder);
        test_plan_shell(&t, "cat /data/file; echo x >>/data/public; touch /data/new; cat /data/public; stat -c %u /data/public");
        (void)test_plan_bind(&t, in_folder(s, "host"), "/data", 0);
        assert_int_equal(run_text(s, &t, NULL), 0);
        assert_line("open");
        assert_line("65534");
        assert_null(strstr(output, "secret"));
        assert_non_null(strstr(output, "can't create /data/public: Permission denied"));
        assert_int_equal(access(in_folder(s, "host/new"), F_OK), -1);
}

static void test_an_idmapped_bind_acts_as_that_one_id(void **state)
{
        NEED_SCRATCH(s);
        struct stat st;
        PlanMount *m;
        TestPlan t;

        sh("rm -rf %s/own; mkdir -p %s/own; chown 1234:1235 %s/own; touch %s/own/roots", s->folder, s->folder, s->folder, s->folder);
        test_plan_shell(&t, "echo hi >/data/new; stat -c %u:%g /data /data/new /data/roots; su app -c 'touch /data/no'; chown 5 /data/new");
        m = test_plan_bind(&t, in_folder(s, "own"), "/data", 0);
        m->flags = PLAN_MOUNT_F_IDMAP;
        m->idmap_uid = 1234;
        m->idmap_gid = 1235;
        (void)run_text(s, &t, NULL);
        assert_true(brig_str_has_prefix(output, "0:0\n0:0\n65534:65534\n"));
        assert_int_equal(stat(in_folder(s, "own/new"), &st), 0);
        assert_int_equal(st.st_uid, 1234);
        assert_int_equal(st.st_gid, 1235);
        assert_int_equal(access(in_folder(s, "own/no"), F_OK), -1);
}

static void test_read_only_is_locked_even_for_a_privileged_payload(void **state)
{
        NEED_SCRATCH(s);
        PlanMount *m;
        TestPlan t;

        sh("mkdir -p %s/world; chmod 777 %s/world", s->folder, s->folder);
        test_plan_shell(&t, "touch /data/x; probe remount /data; probe umount /proc/keys; probe mount; mount -o remount,dev / ; touch /data/x && echo written");
        t.plan.caps = (PlanCaps){ .bounding = ALL_CAPS, .effective = ALL_CAPS, .permitted = ALL_CAPS };
        t.plan.flags &= ~(uint32_t)PLAN_F_LANDLOCK;
        m = test_plan_bind(&t, in_folder(s, "world"), "/data", MOUNT_ATTR_RDONLY);
        (void)m;
        (void)run_text(s, &t, NULL);
        assert_line("remount: EPERM");
        assert_line("mount: ok"); /* it is root within its namespaces */
        assert_null(strstr(output, "written"));
        assert_non_null(strstr(output, "permission denied"));
}

static void test_a_file_can_be_bound(void **state)
{
        NEED_SCRATCH(s);
        TestPlan t;

        sh("echo configured >%s/conf", s->folder);
        test_plan_shell(&t, "cat /etc/app/conf");
        (void)test_plan_bind(&t, in_folder(s, "conf"), "/etc/app/conf", MOUNT_ATTR_RDONLY);
        assert_int_equal(run_text(s, &t, NULL), 0);
        assert_string_equal(output, "configured\n");
}

static void test_a_missing_source_is_refused_or_made(void **state)
{
        NEED_SCRATCH(s);
        struct stat st;
        TestPlan t;

        test_plan_shell(&t, "ls -d /data");
        (void)test_plan_bind(&t, in_folder(s, "none/at/all"), "/data", 0);
        assert_int_equal(run_text(s, &t, NULL), -1);
        assert_non_null(strstr(output, "invalid mount config for type \"bind\": bind source path does not exist: "));
        t.mounts[t.plan.n_mounts - 1].flags = PLAN_MOUNT_F_CREATE_SOURCE;
        assert_int_equal(run_text(s, &t, NULL), 0);
        assert_int_equal(stat(in_folder(s, "none/at/all"), &st), 0);
        assert_true(S_ISDIR(st.st_mode));
}

static void test_a_recursive_bind_brings_submounts_and_restricts_them(void **state)
{
        NEED_SCRATCH(s);
        PlanMount *m;
        TestPlan t;

        sh("mkdir -p %s/tree/sub; chmod 777 %s/tree; mount -t tmpfs -o mode=777 x %s/tree/sub; touch %s/tree/sub/inner", s->folder, s->folder, s->folder, s->folder);
        test_plan_shell(&t, "ls /data/sub; touch /data/x; touch /data/sub/x; grep -c ' /data/sub .*nodev' /proc/self/mountinfo");
        m = test_plan_bind(&t, in_folder(s, "tree"), "/data", MOUNT_ATTR_RDONLY);
        m->flags = PLAN_MOUNT_F_RECURSIVE | PLAN_MOUNT_F_RO_RECURSIVE;
        (void)run_text(s, &t, NULL);
        assert_line("inner");
        assert_line("1");
        assert_non_null(strstr(output, "/data/x: Read-only file system"));
        assert_non_null(strstr(output, "/data/sub/x: Read-only file system"));
        m->flags = 0;
        (void)run_text(s, &t, NULL);
        assert_null(strstr(output, "inner"));
        sh("umount %s/tree/sub", s->folder);
}

static void test_P12_the_ceiling_judges_what_a_source_is(void **state)
{
        NEED_SCRATCH(s);
        char ceiling[512], link[256], dots[256];
        TestPlan t;

        sh("cd %s; rm -rf forbidden; mkdir -p forbidden/deep allowed other; ln -sfn ../forbidden/deep other/link; mount --bind forbidden/deep other; mkdir forbidden/deep/in", s->folder);
        (void)snprintf(ceiling, sizeof ceiling, "deny tree %s/forbidden\n", s->folder);
        (void)snprintf(dots, sizeof dots, "%s/allowed/../forbidden/deep", s->folder);
        (void)snprintf(link, sizeof link, "%s/link", s->folder);
        sh("ln -sfn %s/forbidden %s/link", s->folder, s->folder);
        const char *const sources[] = { in_folder(s, "forbidden"), in_folder(s, "forbidden/deep"), dots, link, in_folder(s, "other"), in_folder(s, "other/in"), s->folder, "/" };

        for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
                test_plan_shell(&t, "ls /data");
                (void)test_plan_bind(&t, sources[i], "/data", MOUNT_ATTR_RDONLY);
                if (run_text(s, &t, ceiling) != -1)
                        fail_msg("\"%s\" was let through: %s", sources[i], output);
                if (!strstr(output, "deny tree") || !strstr(output, "/etc/brig/ceiling.conf:1"))
                        fail_msg("\"%s\": %s", sources[i], output);
        }
        test_plan_shell(&t, "ls /data");
        (void)test_plan_bind(&t, in_folder(s, "allowed"), "/data", MOUNT_ATTR_RDONLY);
        assert_int_equal(run_text(s, &t, ceiling), 0);
        sh("umount %s/other", s->folder);
}

static void test_targets_stay_inside(void **state)
{
        NEED_SCRATCH(s);
        static const char *const bad[] = { "/", "/.", "//" };
        struct stat st;
        TestPlan t;

        sh("mkdir -p %s/host2", s->folder);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                test_plan_shell(&t, "true");
                (void)test_plan_bind(&t, in_folder(s, "host2"), bad[i], 0);
                assert_int_equal(run_text(s, &t, NULL), -1);
        }
        /* A link of the image that points out of it is followed within it. */
        sh("u=%s/storage/layers/2222222222222222222222222222222222222222222222222222222222222222; mkdir -p $u; ln -sfn /../../../outside $u/escape; ln -sfn /etc $u/loop; chown -hR %u $u",
           s->folder, TEST_STORAGE_BASE);
        static const char *layers[] = { "2222222222222222222222222222222222222222222222222222222222222222", "1111111111111111111111111111111111111111111111111111111111111111" };

        test_plan_shell(&t, "ls -d /outside; ls /etc/x");
        t.plan.layers = layers;
        t.plan.n_layers = 2;
        sh("mkdir -p /tmp/brig-none; rmdir /tmp/brig-none");
        (void)test_plan_bind(&t, in_folder(s, "host2"), "/loop/x", 0);
        assert_int_not_equal(run_text(s, &t, NULL), -1);
        assert_int_equal(stat("/outside", &st), -1);
}

static void test_proc_and_sys_of_an_image_may_not_be_links(void **state)
{
        NEED_SCRATCH(s);
        static const char *layers[] = { "3333333333333333333333333333333333333333333333333333333333333333", "1111111111111111111111111111111111111111111111111111111111111111" };
        TestPlan t;

        sh("u=%s/storage/layers/3333333333333333333333333333333333333333333333333333333333333333; mkdir -p $u/elsewhere; ln -sfn elsewhere $u/proc; chown -hR %u $u", s->folder,
           TEST_STORAGE_BASE);
        test_plan_shell(&t, "true");
        t.plan.layers = layers;
        t.plan.n_layers = 2;
        assert_int_equal(run_text(s, &t, NULL), -1);
        assert_non_null(strstr(output, "/proc"));
}

static void test_a_hundred_and_twenty_seven_layers(void **state)
{
        NEED_SCRATCH(s);
        static char names[127][65];
        static const char *layers[127];
        TestPlan t;

        for (int i = 0; i < 126; i++) {
                (void)snprintf(names[i], sizeof names[i], "%064x", 0x4000 + i);
                layers[i] = names[i];
        }
        layers[126] = "1111111111111111111111111111111111111111111111111111111111111111";
        sh("cd %s/storage/layers; i=0; while [ $i -lt 126 ]; do d=$(printf %%064x $((16384 + i))); mkdir -p $d; echo $i >$d/top; chown -R %u $d; i=$((i + 1)); done", s->folder,
           TEST_STORAGE_BASE);
        test_plan_shell(&t, "cat /top");
        t.plan.layers = layers;
        t.plan.n_layers = 127;
        if (run_text(s, &t, NULL) != 0)
                fail_msg("%s", output);
        assert_string_equal(output, "0\n"); /* topmost first */
}

static void test_a_missing_layer_is_named(void **state)
{
        NEED_SCRATCH(s);
        static const char *layers[] = { "9999999999999999999999999999999999999999999999999999999999999999" };
        TestPlan t;

        test_plan_shell(&t, "true");
        t.plan.layers = layers;
        assert_int_equal(run_text(s, &t, NULL), -1);
        assert_string_equal(output, "layer \"9999999999999999999999999999999999999999999999999999999999999999\" is missing: No such file or directory");
}

static void test_devices_appear_with_mode_and_owner(void **state)
{
        NEED_SCRATCH(s);
        PlanDevice device = { .type = 'c', .major = 1, .minor = 3, .mode = 0660, .uid = 7, .gid = 8, .access = 6, .path = "/dev/sub/thing" };
        TestPlan t;

        test_plan_shell(&t, "stat -c %t:%T:%a:%u:%g /dev/sub/thing; echo x >/dev/sub/thing && echo ok");
        t.plan.devices = &device;
        t.plan.n_devices = 1;
        assert_int_equal(run_text(s, &t, NULL), 0);
        assert_string_equal(output, "1:3:660:7:8\nok\n");
        device.path = "/opt/thing";
        assert_int_equal(run_text(s, &t, NULL), -1);
        assert_string_equal(output, "device \"/opt/thing\" is not below /dev");
}

static void test_a_failed_start_leaves_nothing(void **state)
{
        NEED_SCRATCH(s);
        char path[256];
        TestPlan t;

        test_plan_shell(&t, "true");
        t.plan.user = "nobody-here";
        assert_int_equal(run_text(s, &t, NULL), -1);
        (void)snprintf(path, sizeof path, "ls -d /sys/fs/cgroup/*/" TEST_CGROUP_PARENT "/%s >/dev/null 2>&1", t.id);
        assert_int_not_equal(system(path), 0);
        (void)snprintf(path, sizeof path, "! grep -q %s /proc/self/mountinfo", t.id);
        assert_int_equal(system(path), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_N7_the_hosts_files_cannot_be_written),
                cmocka_unit_test(test_an_idmapped_bind_acts_as_that_one_id),
                cmocka_unit_test(test_read_only_is_locked_even_for_a_privileged_payload),
                cmocka_unit_test(test_a_file_can_be_bound),
                cmocka_unit_test(test_a_missing_source_is_refused_or_made),
                cmocka_unit_test(test_a_recursive_bind_brings_submounts_and_restricts_them),
                cmocka_unit_test(test_P12_the_ceiling_judges_what_a_source_is),
                cmocka_unit_test(test_targets_stay_inside),
                cmocka_unit_test(test_proc_and_sys_of_an_image_may_not_be_links),
                cmocka_unit_test(test_a_hundred_and_twenty_seven_layers),
                cmocka_unit_test(test_a_missing_layer_is_named),
                cmocka_unit_test(test_devices_appear_with_mode_and_owner),
                cmocka_unit_test(test_a_failed_start_leaves_nothing),
        };
        return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
