/*
 * The barrier against processes that are weaker than their plan says: this very
 * process, which is root of the host, with no lock at all.
 */
#include "../cmocka-all.h"
#include "runtime/barrier-internal.h"

#include "base/strings.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ALL_CAPS (~UINT64_C(0))

typedef struct Fixture {
        LaunchPlan plan;
        RuntimeContainer c;
        StartedProcess p;
        BrigError err;
} Fixture;

/* A plan that the process fulfils. */
static void init(Fixture *f)
{
        memset(f, 0, sizeof *f);
        brig_plan_init(&f->plan, PLAN_KIND_CONTAINER);
        f->plan.container_id = "c";
        f->plan.caps = (PlanCaps){ ALL_CAPS, ALL_CAPS, ALL_CAPS, ALL_CAPS, ALL_CAPS };
        f->plan.flags = PLAN_F_ROOTFS_SUID;
        brig_cgroup_init(&f->c.cgroup);
        f->c.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        f->c.request = (RuntimeRequest){ .plan = &f->plan, .range_base = 100000, .range_size = 65536, .cgroup_parent = "brig-test" };
        f->p = (StartedProcess){ .pid = getpid(), .pidfd = -EBADF, .stdio = { -EBADF, -EBADF, -EBADF, -EBADF } };
}

static void expect(Fixture *f, const char *word)
{
        int r = brig_barrier_check(&f->c, &f->p, &f->plan, &f->err);

        assert_true(r < 0);
        if (!strstr(f->err.message, word) || !brig_str_has_prefix(f->err.message, "refused to start: "))
                fail_msg("\"%s\" does not name \"%s\"", f->err.message, word);
        (void)close(f->c.proc_fd);
}

static void test_capabilities(void **state)
{
        static const struct { size_t offset; const char *word; } sets[] = {
                { offsetof(PlanCaps, bounding), "bounding capabilities" },
                { offsetof(PlanCaps, permitted), "permitted capabilities" },
                { offsetof(PlanCaps, effective), "effective capabilities" },
        };

        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
                Fixture f;

                init(&f);
                f.plan.caps.ambient = 0; /* what may be ambient may be permitted */
                *(uint64_t *)((char *)&f.plan.caps + sets[i].offset) = 1;
                expect(&f, sets[i].word);
        }
}

static void test_no_new_privs_and_seccomp(void **state)
{
        static const struct sock_filter filter[1];
        Fixture f;

        init(&f);
        f.plan.flags |= PLAN_F_NO_NEW_PRIVS;
        expect(&f, "no_new_privs");
        init(&f);
        f.plan.bpf = filter;
        f.plan.n_bpf = 1;
        expect(&f, "seccomp");
}

static void test_each_namespace(void **state)
{
        static const struct { uint32_t flag; const char *word; } namespaces[] = {
                { CLONE_NEWUSER, "user namespace is the host's" }, { CLONE_NEWPID, "pid namespace" }, { CLONE_NEWNS, "mnt namespace" },
                { CLONE_NEWIPC, "ipc namespace" }, { CLONE_NEWUTS, "uts namespace" }, { CLONE_NEWNET, "net namespace" },
                { CLONE_NEWCGROUP, "cgroup namespace" }, { CLONE_NEWTIME, "time namespace" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
                Fixture f;

                init(&f);
                f.plan.namespaces = namespaces[i].flag;
                expect(&f, namespaces[i].word);
        }
}

/* A root of its own that is nosuid and nodev, with a folder, a file and an empty folder for masks. In a child: it can't go back. */
static bool enter_small_root(void)
{
        return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, NULL) == 0 && chdir("/tmp") == 0 && mkdir("folder", 0755) == 0 &&
                mkdir("e", 0755) == 0 && mknod("file", S_IFREG | 0644, 0) == 0 && chroot(".") == 0;
}

static void check_mounts(const char *word, void (*change)(LaunchPlan *p))
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                Fixture f;

                init(&f);
                if (!enter_small_root())
                        _exit(2);
                f.plan.flags = 0;
                change(&f.plan);
                _exit(brig_barrier_check(&f.c, &f.p, &f.plan, &f.err) < 0 && strstr(f.err.message, word) ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void want_readonly_root(LaunchPlan *p)
{
        p->flags = PLAN_F_READONLY_ROOTFS;
}

static void want_noexec_mount(LaunchPlan *p)
{
        static PlanMount m = { .type = PLAN_MOUNT_BIND, .target = "/folder", .attr = MOUNT_ATTR_NOEXEC, .source = "", .options = "" };

        p->mounts = &m;
        p->n_mounts = 1;
}

static const char *paths[1];

static void want_masked_folder(LaunchPlan *p)
{
        paths[0] = "/folder";
        p->masked = paths;
        p->n_masked = 1;
}

static void want_masked_file(LaunchPlan *p)
{
        paths[0] = "/file";
        p->masked = paths;
        p->n_masked = 1;
}

static void want_readonly_path(LaunchPlan *p)
{
        paths[0] = "/folder";
        p->readonly = paths;
        p->n_readonly = 1;
}

static void test_mounts_and_masks(void **state)
{
        if (geteuid() != 0)
                skip();
        check_mounts("\"/\" is not read-only", want_readonly_root);
        check_mounts("\"/folder\" is not noexec", want_noexec_mount);
        check_mounts("path \"/folder\" is not masked", want_masked_folder);
        check_mounts("path \"/file\" is not masked", want_masked_file);
        check_mounts("\"/folder\" is not read-only", want_readonly_path);
}

static void test_rlimits(void **state)
{
        PlanRlimit limit = { RLIMIT_NOFILE, 1, 1 };
        Fixture f;

        init(&f);
        f.plan.kind = PLAN_KIND_EXEC; /* of a session only privileges, limits and groups are looked at */
        f.plan.rlimits = &limit;
        f.plan.n_rlimits = 1;
        expect(&f, "ulimit nofile");
}

static void test_cgroup_membership(void **state)
{
        Fixture f;

        if (access("/sys/fs/cgroup", F_OK) < 0)
                skip();
        init(&f);
        f.plan.kind = PLAN_KIND_EXEC;
        f.c.cgroup.n_dirs = 1;
        f.c.cgroup.dirs[0] = (CgroupDir){ .controller = "pids", .dir_fd = open("/sys/fs/cgroup", O_RDONLY | O_CLOEXEC), .procs_fd = -EBADF, .self_fd = -EBADF };
        expect(&f, "0 of 1 cgroups");
        (void)close(f.c.cgroup.dirs[0].dir_fd);
}

static void test_after_exec_capabilities_stay_in_bounds(void **state)
{
        Fixture f;

        if (geteuid() != 0)
                skip();
        init(&f);
        f.plan.caps.bounding = 1;
        assert_true(brig_barrier_after_exec(&f.c, &f.p, &f.plan, &f.err) < 0);
        assert_non_null(strstr(f.err.message, "the program has capabilities"));
        f.plan.caps.bounding = ALL_CAPS;
        assert_int_equal(brig_barrier_after_exec(&f.c, &f.p, &f.plan, &f.err), 0);
        f.plan.apparmor_profile = "brig-none";
        assert_true(brig_barrier_after_exec(&f.c, &f.p, &f.plan, &f.err) < 0);
        assert_non_null(strstr(f.err.message, "apparmor label \"brig-none\" is not in force"));
        (void)close(f.c.proc_fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_capabilities),
                cmocka_unit_test(test_no_new_privs_and_seccomp),
                cmocka_unit_test(test_each_namespace),
                cmocka_unit_test(test_mounts_and_masks),
                cmocka_unit_test(test_rlimits),
                cmocka_unit_test(test_cgroup_membership),
                cmocka_unit_test(test_after_exec_capabilities_stay_in_bounds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
