/*
 * runtime/cgroup on the hierarchies that this host really has: limits are read
 * back from the kernel, a frozen group dies, nothing stays behind. R1, R2, R4.
 */
#include "../cmocka-all.h"
#include "runtime/cgroup.h"
#include "base/strings.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static char parent[64];

static PlanResources limits(void)
{
        return (PlanResources){ .memory = 64 << 20, .memory_swap = 64 << 20, .pids = 100, .cpu_quota = 50000, .cpu_period = 100000,
                .cpu_shares = 512, .memory_swappiness = -1, .cpuset_cpus = "", .cpuset_mems = "" };
}

/* A child that moves itself into c and then sleeps; returns when it is inside. */
static pid_t sleeper(const Cgroup *c)
{
        int ready[2];
        char byte;

        assert_int_equal(pipe(ready), 0);
        pid_t pid = fork();
        if (pid == 0) {
                if (brig_cgroup_join_self(c) == 0 && write(ready[1], "1", 1) == 1)
                        for (;;)
                                pause();
                _exit(1);
        }
        assert_true(pid > 0);
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        return pid;
}

static void skip_without_cgroups(void)
{
        if (geteuid() != 0 || streq(brig_cgroup_mode(), "none")) {
                print_message("skipped: needs root and a cgroup hierarchy\n");
                skip();
        }
}

static void R2_limits_are_read_back_and_removed(void **state)
{
        skip_without_cgroups();
        PlanResources r = limits();
        CgroupRequest request = { .parent = parent, .id = "a", .resources = &r };
        BrigError err = BRIG_ERROR_INIT;
        _cleanup_cgroup_ Cgroup c;
        brig_cgroup_init(&c);

        assert_int_equal(brig_cgroup_create(&request, &c, &err), 0);
        assert_int_equal(brig_cgroup_limit(&c, "pids"), 100);
        assert_int_equal(brig_cgroup_limit(&c, "memory"), 64 << 20);
        assert_int_equal(brig_cgroup_remove(parent, "a"), 0);
        Cgroup gone;
        assert_int_equal(brig_cgroup_open(parent, "a", &gone), -ENOENT);
}

/* A paused container must still be killable: a v1 freezer keeps even SIGKILL waiting. */
static void frozen_processes_die(void **state)
{
        skip_without_cgroups();
        PlanResources r = limits();
        CgroupRequest request = { .parent = parent, .id = "b", .resources = &r };
        BrigError err = BRIG_ERROR_INIT;
        _cleanup_cgroup_ Cgroup c;
        brig_cgroup_init(&c);
        int status;

        assert_int_equal(brig_cgroup_create(&request, &c, &err), 0);
        pid_t pid = sleeper(&c);
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        assert_int_equal(brig_cgroup_pids(&c, &pids, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(pids[0], pid);
        assert_true(brig_cgroup_freeze(&c, true) >= 0);
        assert_int_equal(brig_cgroup_remove(parent, "b"), -EBUSY);
        assert_int_equal(brig_cgroup_signal(&c, SIGKILL), 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(brig_cgroup_remove(parent, "b"), 0);
}

static void a_limit_that_the_kernel_refuses_leaves_nothing(void **state)
{
        skip_without_cgroups();
        PlanResources r = limits();
        r.cpu_period = 1; /* below the kernel's 1 ms */
        CgroupRequest request = { .parent = parent, .id = "c", .resources = &r };
        BrigError err = BRIG_ERROR_INIT;
        Cgroup c;

        assert_true(brig_cgroup_create(&request, &c, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_INVALID);
        assert_non_null(strstr(err.message, "CPU period"));
        assert_int_equal(brig_cgroup_open(parent, "c", &c), -ENOENT);
}

/* 0: moved; as an id that owns nothing, with the descriptors of a monitor. */
static int pull_as_nobody(const Cgroup *c, pid_t victim)
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                char text[16];
                int moved = 0, len = snprintf(text, sizeof(text), "%d", victim);

                if (setgid(65534) < 0 || setuid(65534) < 0)
                        _exit(2);
                for (size_t i = 0; i < c->n_dirs; i++) {
                        int again = openat(c->dirs[i].dir_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
                        moved += write(c->dirs[i].procs_fd, text, (size_t)len) > 0 || write(c->dirs[i].self_fd, text, (size_t)len) > 0 || again >= 0;
                }
                _exit(moved > 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WEXITSTATUS(status);
}

/* A monitor that was taken over must not get a process of the host into the group: brigd would kill it with the rest. */
static void a_disarmed_group_pulls_nobody_in(void **state)
{
        skip_without_cgroups();
        PlanResources r = limits();
        CgroupRequest request = { .parent = parent, .id = "d", .resources = &r };
        BrigError err = BRIG_ERROR_INIT;
        _cleanup_cgroup_ Cgroup c, elsewhere;
        brig_cgroup_init(&c);
        brig_cgroup_init(&elsewhere);
        int status;

        assert_int_equal(brig_cgroup_create(&request, &c, &err), 0);
        request.id = "e";
        assert_int_equal(brig_cgroup_create(&request, &elsewhere, &err), 0);
        pid_t victim = sleeper(&elsewhere);
        assert_int_equal(pull_as_nobody(&elsewhere, victim), 1); /* the danger is real */
        brig_cgroup_disarm(&c);
        assert_int_equal(pull_as_nobody(&c, victim), 0);
        assert_int_equal(brig_cgroup_signal(&c, SIGKILL), 0);
        assert_int_equal(kill(victim, SIGKILL), 0);
        assert_int_equal(waitpid(victim, &status, 0), victim);
        assert_int_equal(brig_cgroup_remove(parent, "d"), 0);
        assert_int_equal(brig_cgroup_remove(parent, "e"), 0);
}

static int remove_parent(void **state)
{
        brig_cgroup_remove_parent(parent);
        return 0;
}

int main(void)
{
        snprintf(parent, sizeof(parent), "brig-unit-%d", getpid());
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(R2_limits_are_read_back_and_removed),
                cmocka_unit_test(frozen_processes_die),
                cmocka_unit_test(a_limit_that_the_kernel_refuses_leaves_nothing),
                cmocka_unit_test(a_disarmed_group_pulls_nobody_in),
        };
        return cmocka_run_group_tests_name("runtime-cgroup", tests, NULL, remove_parent);
}
