/* The ceiling: grammar, the shipped text, what it says of plans, and its way to a monitor. */
#include "plan/ceiling.h"
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "plan/capability.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

#define ALL_NS (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP)

static Ceiling *parse(const char *text)
{
        BrigError err = BRIG_ERROR_INIT;
        Ceiling *c = NULL;

        if (brig_ceiling_parse(text, strlen(text), "/etc/brig/ceiling.conf", &c, &err) < 0)
                fail_msg("%s", err.message);
        return c;
}

static LaunchPlan plan(void)
{
        LaunchPlan p;

        brig_plan_init(&p, PLAN_KIND_CONTAINER);
        p.namespaces = ALL_NS;
        return p;
}

static void expect_denied(const Ceiling *c, const LaunchPlan *p, const char *rule)
{
        BrigError err = BRIG_ERROR_INIT;

        assert_true(brig_ceiling_check_plan(c, p, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_DENIED);
        if (!strstr(err.message, rule))
                fail_msg("\"%s\" does not name \"%s\"", err.message, rule);
}

static void test_grammar(void **state)
{
        static const char *const bad[] = {
                "deny", "allow", "allow namespace", "deny namespace mount", "deny namespace", "deny namespace pid ipc", "deny device", "deny device char",
                "deny device char 1", "deny device char 1:x", "deny device block 8", "deny capability FLY", "deny bind", "deny bind relative",
                "deny bind /a/../b", "deny bind /a/./b", "deny bind /a//b", "deny tree /a ro", "allow bind /a rw", "allow tree /a", "forbid bind /a",
                "deny bind /a b c d", "@own", "@builtin", "@file x", "no-defaults now", "deny device char *:1", "deny idmap", "deny idmap 9-1", "deny idmap 0 1",
                "deny device char 4294967295:1",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_free_ char *text = brig_str_printf("# one\n\n%s\n", bad[i]);
                BrigError err = BRIG_ERROR_INIT;
                Ceiling *c = NULL;
                if (brig_ceiling_parse(text, strlen(text), "FILE", &c, &err) >= 0)
                        fail_msg("\"%s\" was accepted", bad[i]);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                assert_non_null(strstr(err.message, "FILE:3"));
        }
        _cleanup_(brig_ceiling_freep) Ceiling *c = parse("deny bind /a/ # why\n\tallow  bind /a\\040b ro\r\ndeny tree /");
        assert_int_equal(c->n_rules, 3);
        assert_string_equal(c->rules[0].path, "/a");
        assert_string_equal(c->rules[1].path, "/a b");
        assert_true(c->rules[1].allow && c->rules[1].readonly && c->rules[1].tree);
        assert_string_equal(c->rules[2].path, "/");
}

static void test_default_lets_an_ordinary_plan_pass(void **state)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = parse(brig_ceiling_default());
        PlanDevice null_device = { .type = 'c', .major = 1, .minor = 3, .path = "/dev/null2" };
        LaunchPlan p = plan();

        p.devices = &null_device, p.n_devices = 1;
        p.caps.bounding = brig_cap_profile("compat");
        p.namespaces &= ~(unsigned)CLONE_NEWNET; /* the host's network is for a role to forbid */
        assert_int_equal(brig_ceiling_check_plan(c, &p, NULL), 0);
}

static void test_N9_host_namespaces(void **state)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = parse(brig_ceiling_default());
        LaunchPlan p = plan();

        p.namespaces = ALL_NS & ~CLONE_NEWUSER;
        expect_denied(c, &p, "(rule \"deny namespace user\", /etc/brig/ceiling.conf:");
        p.namespaces = ALL_NS & ~CLONE_NEWPID;
        expect_denied(c, &p, "deny namespace pid");
        p.namespaces = ALL_NS & ~CLONE_NEWIPC;
        expect_denied(c, &p, "an administrator may allow it with the line \"allow namespace ipc\" in /etc/brig/ceiling.conf");
        /* An exec session has the namespaces of its container. */
        p.kind = PLAN_KIND_EXEC;
        p.namespaces = 0;
        assert_int_equal(brig_ceiling_check_plan(c, &p, NULL), 0);
}

static void test_N3_devices(void **state)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = parse(brig_ceiling_default());
        _cleanup_(brig_ceiling_freep) Ceiling *none = parse("deny device char all");
        PlanDevice disk = { .type = 'b', .major = 8, .path = "/dev/sda" }, memory = { .type = 'c', .major = 1, .minor = 1, .path = "/dev/mem" };
        LaunchPlan p = plan();

        p.devices = &disk, p.n_devices = 1;
        expect_denied(c, &p, "deny device block");
        assert_int_equal(brig_ceiling_check_plan(none, &p, NULL), 0);
        p.devices = &memory;
        expect_denied(c, &p, "deny device char all");
        expect_denied(none, &p, "deny device char all");
}

/* Disks have character devices too, under numbers that nobody can list: what is not named is not handed out. */
static void test_N3_character_devices_are_allowed_by_name(void **state)
{
        static const struct { uint32_t major, minor; const char *path; } disks[] = {
                { 21, 0, "/dev/sg0" }, { 250, 0, "/dev/nvme0" }, { 10, 223, "/dev/uinput" }, { 4, 1, "/dev/tty1" }, { 10, 236, "/dev/mapper/control" },
        };
        _cleanup_(brig_ceiling_freep) Ceiling *shipped = parse(brig_ceiling_default());
        _cleanup_(brig_ceiling_freep) Ceiling *c = parse("allow device char 10:*\ndeny device char all\ndeny device char 10:223\nallow device char 7:1\ndeny device char 7:1");
        PlanDevice d = { .type = 'c' };
        LaunchPlan p = plan();

        p.devices = &d, p.n_devices = 1;
        for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
                d.major = disks[i].major, d.minor = disks[i].minor, d.path = disks[i].path;
                expect_denied(shipped, &p, "deny device char all");
        }
        d.major = 10, d.minor = 229, d.path = "/dev/fuse";
        assert_int_equal(brig_ceiling_check_plan(c, &p, NULL), 0);
        d.minor = 223;
        expect_denied(c, &p, "deny device char 10:223"); /* the more precise line */
        d.major = 7, d.minor = 1;
        expect_denied(c, &p, "deny device char 7:1"); /* the later one */
        d.type = 'b', d.major = 10, d.minor = 229;
        expect_denied(shipped, &p, "deny device block");
}

/* N7: a bind that acts as root of the host on /usr/bin, or as crontab on the crontabs, is root of the host. */
static void test_N7_binds_never_act_as_the_system(void **state)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = parse(brig_ceiling_default());
        PlanMount m = { .type = PLAN_MOUNT_BIND, .flags = PLAN_MOUNT_F_IDMAP, .source = "/usr/bin", .target = "/x", .idmap_uid = 1000, .idmap_gid = 1000 };
        LaunchPlan p = plan();

        p.mounts = &m, p.n_mounts = 1;
        assert_int_equal(brig_ceiling_check_plan(c, &p, NULL), 0);
        m.idmap_uid = 0;
        expect_denied(c, &p, "deny idmap 0-999");
        m.idmap_uid = 1000, m.idmap_gid = 105;
        expect_denied(c, &p, "gid 105");
        m.flags = 0; /* unmapped: what is root's stays root's */
        assert_int_equal(brig_ceiling_check_plan(c, &p, NULL), 0);
}

/* The flag comes from brig-api, and the ceiling does not take its word for a capability that works inside. */
static void test_N11_privileged_lifts_no_capability_that_works_inside(void **state)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = parse("deny capability NET_ADMIN\ndeny capability SYS_MODULE");
        LaunchPlan p = plan();

        p.flags = PLAN_F_PRIVILEGED;
        p.caps.bounding = BRIG_CAP_BIT(CAP_SYS_MODULE);
        assert_int_equal(brig_ceiling_check_plan(c, &p, NULL), 0);
        p.caps.bounding = BRIG_CAP_BIT(CAP_NET_ADMIN);
        expect_denied(c, &p, "deny capability NET_ADMIN");
        p.caps.bounding = brig_cap_all();
        expect_denied(c, &p, "deny capability NET_ADMIN");
        /* docker exec --privileged: inside, where the ceiling sees to it that all containers have an inside. */
        p.kind = PLAN_KIND_EXEC;
        p.caps.bounding = BRIG_CAP_BIT(CAP_SYS_MODULE);
        expect_denied(c, &p, "deny capability SYS_MODULE");
        _cleanup_(brig_ceiling_freep) Ceiling *shipped = parse(brig_ceiling_default());
        p.caps.bounding = brig_cap_all();
        assert_int_equal(brig_ceiling_check_plan(shipped, &p, NULL), 0);
}

static void test_N11_module_capability(void **state)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = parse(brig_ceiling_default());
        LaunchPlan p = plan();

        p.caps.ambient = BRIG_CAP_BIT(CAP_SYS_MODULE);
        expect_denied(c, &p, "deny capability SYS_MODULE");
        p.caps = (PlanCaps){ .effective = BRIG_CAP_BIT(CAP_SYS_MODULE) };
        expect_denied(c, &p, "deny capability SYS_MODULE");
        /* Everything, within its own user namespace, names nothing of the kernel's. */
        p.caps = (PlanCaps){ .bounding = brig_cap_all() };
        assert_int_equal(brig_ceiling_check_plan(c, &p, NULL), 0);
        p.namespaces &= ~(unsigned)CLONE_NEWUSER;
        _cleanup_(brig_ceiling_freep) Ceiling *open_ns = parse("deny capability SYS_MODULE");
        expect_denied(open_ns, &p, "deny capability SYS_MODULE");
}

/* The later line decides, or the more precise one: so a file that comes behind the built-in rules can lift each of them. */
static void test_lines_lift_rules(void **state)
{
        PlanDevice disk = { .type = 'b', .major = 8, .minor = 1, .path = "/dev/sda1" };
        PlanMount m = { .type = PLAN_MOUNT_BIND, .flags = PLAN_MOUNT_F_IDMAP, .source = "/srv", .target = "/x", .idmap_uid = 33, .idmap_gid = 33 };
        LaunchPlan p = plan();

        p.namespaces &= ~(unsigned)(CLONE_NEWPID | CLONE_NEWUSER);
        p.caps.bounding = BRIG_CAP_BIT(CAP_SYS_MODULE);
        p.devices = &disk, p.n_devices = 1;
        p.mounts = &m, p.n_mounts = 1;
        static const char *const lines[] = { "allow namespace pid", "allow namespace user", "allow capability SYS_MODULE", "allow device block 8:*", "allow idmap 33" };
        for (size_t left_out = 0; left_out <= ARRAY_SIZE(lines); left_out++) {
                _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(65536);
                brig_buffer_puts(&text, brig_ceiling_default());
                for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                        brig_buffer_printf(&text, "%s\n", i == left_out ? "" : lines[i]);
                _cleanup_(brig_ceiling_freep) Ceiling *c = parse(text.data);
                if (left_out == ARRAY_SIZE(lines))
                        assert_int_equal(brig_ceiling_check_plan(c, &p, NULL), 0);
                else
                        expect_denied(c, &p, "denied by the ceiling");
        }
        _cleanup_(brig_ceiling_freep) Ceiling *again = parse("deny namespace pid\nallow namespace pid\ndeny namespace pid\n");
        expect_denied(again, &p, "ceiling.conf:3");
}

static void write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        assert_int_equal(close(fd), 0);
}

/* An administrator who writes one line must not lose the built-in ones. */
static void test_a_file_adds_to_the_built_in_rules(void **state)
{
        char folder[] = "/tmp/ceiling-test-XXXXXX", path[64];
        _cleanup_(brig_ceiling_freep) Ceiling *added = NULL, *alone = NULL, *late = NULL;
        BrigError err = BRIG_ERROR_INIT;
        LaunchPlan p = plan();

        if (geteuid() != 0)
                skip();
        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/ceiling.conf", folder);
        write_file(path, "# mine\nallow namespace pid\n");
        assert_int_equal(brig_ceiling_load(path, NULL, &added, NULL), 0);
        p.namespaces = ALL_NS & ~CLONE_NEWPID;
        assert_int_equal(brig_ceiling_check_plan(added, &p, NULL), 0);
        p.namespaces = ALL_NS & ~CLONE_NEWIPC;
        _cleanup_free_ char *message = brig_str_printf("(rule \"deny namespace ipc\", built in); an administrator may allow it with the line \"allow namespace ipc\" in %s", path);
        expect_denied(added, &p, message);
        p.namespaces = ALL_NS & ~CLONE_NEWUSER;
        expect_denied(added, &p, "built in");

        write_file(path, "# mine\n\n no-defaults # I mean it\ndeny namespace uts\n");
        assert_int_equal(brig_ceiling_load(path, NULL, &alone, NULL), 0);
        assert_int_equal(alone->n_rules, 1);
        assert_int_equal(brig_ceiling_check_plan(alone, &p, NULL), 0);
        p.namespaces = ALL_NS & ~CLONE_NEWUTS;
        expect_denied(alone, &p, "ceiling.conf:4");

        write_file(path, "deny namespace uts\nno-defaults\n");
        assert_true(brig_ceiling_load(path, NULL, &late, &err) < 0);
        assert_non_null(strstr(err.message, "ceiling.conf:2"));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(folder), 0);
}

static void test_handed_text_keeps_lines(void **state)
{
        const char *const own[] = { "/own folder", NULL };
        _cleanup_(brig_ceiling_freep) Ceiling *loaded = NULL, *handed = NULL;
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(brig_ceiling_load("/nonexistent/ceiling.conf", own, &loaded, NULL), 0);
        _cleanup_free_ char *text = brig_ceiling_text(loaded);
        assert_int_equal(brig_ceiling_parse(text, strlen(text), NULL, &handed, NULL), 0);
        assert_string_equal(handed->file, "/nonexistent/ceiling.conf");
        assert_int_equal(handed->n_rules, loaded->n_rules);
        for (size_t i = 0; i < loaded->n_rules; i++) {
                assert_int_equal(handed->rules[i].line, loaded->rules[i].line);
                assert_int_equal(handed->rules[i].origin, loaded->rules[i].origin);
                assert_true(brig_str_equal(handed->rules[i].path, loaded->rules[i].path));
        }
        const CeilingRule *last = &handed->rules[handed->n_rules - 1];
        assert_string_equal(last->path, "/own folder");
        assert_int_equal(last->line, 0);
        const CeilingSubject subject = { .name = "bind mount of \"/own folder/x\"" };
        assert_int_equal(brig_ceiling_deny(handed, last, &subject, &err), -EPERM);
        assert_non_null(strstr(err.message, "built in"));
        brig_error_clear(&err);
        assert_int_equal(brig_ceiling_parse("deny bind /\n", 12, NULL, &handed, &err), -EINVAL);
}

/* Who may write the file decides; so it must be root's. */
static void test_file_must_be_roots(void **state)
{
        char path[] = "/tmp/ceiling-test-XXXXXX";
        _cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);
        _cleanup_(brig_ceiling_freep) Ceiling *c = NULL;
        BrigError err = BRIG_ERROR_INIT;

        assert_true(fd >= 0);
        if (geteuid() == 0) {
                assert_int_equal(fchmod(fd, 0644), 0);
                assert_int_equal(brig_ceiling_load(path, NULL, &c, NULL), 0);
        }
        assert_int_equal(fchmod(fd, 0666), 0);
        Ceiling *other = NULL;
        assert_true(brig_ceiling_load(path, NULL, &other, &err) < 0);
        assert_non_null(strstr(err.message, "root alone"));
        brig_error_clear(&err);
        assert_true(brig_ceiling_load("/tmp", NULL, &other, &err) < 0);
        assert_int_equal(unlink(path), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_grammar),
                cmocka_unit_test(test_default_lets_an_ordinary_plan_pass),
                cmocka_unit_test(test_N9_host_namespaces),
                cmocka_unit_test(test_N3_devices),
                cmocka_unit_test(test_N3_character_devices_are_allowed_by_name),
                cmocka_unit_test(test_N7_binds_never_act_as_the_system),
                cmocka_unit_test(test_N11_module_capability),
                cmocka_unit_test(test_N11_privileged_lifts_no_capability_that_works_inside),
                cmocka_unit_test(test_lines_lift_rules),
                cmocka_unit_test(test_a_file_adds_to_the_built_in_rules),
                cmocka_unit_test(test_handed_text_keeps_lines),
                cmocka_unit_test(test_file_must_be_roots),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
