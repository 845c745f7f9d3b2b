/* What a process of a container is given before its program is looked up, and what an exec plan may not leave out. */
#include "../cmocka-all.h"
#include "runtime/process-internal.h"

#include "base/strings.h"
#include "plan/capability.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Open descriptors but the one that looks. */
static unsigned count_descriptors(void)
{
        DIR *d = opendir("/proc/self/fd");
        unsigned n = 0;

        while (d && readdir(d))
                n++;
        if (d)
                (void)closedir(d);
        return n - 3;
}

static int child(void)
{
        LaunchPlan plan;
        BrigError err = BRIG_ERROR_INIT;
        int ends[2], link[2];
        Launch l = { .plan = &plan, .uid = geteuid(), .terminal = -EBADF, .proc_fd = -EBADF, .peer = -EBADF, .devpts_fd = -EBADF };

        brig_plan_init(&plan, PLAN_KIND_CONTAINER);
        if (pipe2(ends, O_CLOEXEC) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0)
                return 10;
        l.link = link[0];
        l.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); /* what a monitor holds: folders of the host */
        if (open("/proc", O_RDONLY | O_DIRECTORY) < 0 || l.root_fd < 0)
                return 11;
        l.stdio[0] = ends[0], l.stdio[1] = l.stdio[2] = ends[1];
        if (brig_step_session(&l, &err) < 0)
                return 12;
        return count_descriptors() == 4 && fcntl(l.link, F_GETFD) >= 0 ? 0 : 13;
}

/* CVE-2024-21626: a name like /proc/self/fd/7/../.. must find nothing when program and working directory are looked up. */
static void no_descriptor_is_left_when_names_are_looked_up(void **state)
{
        int status;
        pid_t pid = fork();

        if (pid == 0)
                _exit(child());
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

typedef struct Pair { LaunchPlan container, session; RuntimeRequest request; } Pair;

static void make_pair(Pair *p)
{
        static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, 0x7fff0000);

        brig_plan_init(&p->container, PLAN_KIND_CONTAINER);
        brig_plan_init(&p->session, PLAN_KIND_EXEC);
        p->container.container_id = p->session.container_id = ID_A;
        p->container.namespaces = CLONE_NEWUSER;
        p->container.flags = p->session.flags = PLAN_F_NO_NEW_PRIVS;
        p->container.bpf = p->session.bpf = &allow;
        p->container.n_bpf = p->session.n_bpf = 1;
        p->container.caps.bounding = p->session.caps.bounding = BRIG_CAP_BIT(CAP_CHOWN);
        p->request = (RuntimeRequest){ .plan = &p->container };
}

static void expect(Pair *p, const char *message)
{
        BrigError err = BRIG_ERROR_INIT;
        int r = brig_session_check_plan(&p->request, &p->session, &err);

        if (message ? r >= 0 || !strstr(err.message, message) : r < 0)
                fail_msg("%d %s", r, r < 0 ? err.message : "");
}

static void a_session_is_no_weaker_than_its_container(void **state)
{
        Pair p;

        make_pair(&p);
        expect(&p, NULL);
        p.session.container_id = ID_B;
        expect(&p, "not one of container");
        make_pair(&p);
        p.session.kind = PLAN_KIND_CONTAINER;
        expect(&p, "not one of container");
        make_pair(&p);
        p.session.flags = 0;
        expect(&p, "no_new_privs");
        make_pair(&p);
        p.session.n_bpf = 0;
        expect(&p, "seccomp");
}

/* docker exec --privileged is everything within the container's user namespace, never more. */
static void capabilities_beyond_the_container_need_a_user_namespace(void **state)
{
        Pair p;

        make_pair(&p);
        p.session.caps.ambient = brig_cap_all();
        expect(&p, NULL);
        p.session.namespaces = CLONE_NEWUSER; /* what the session says of itself counts for nothing */
        p.container.namespaces = 0;
        expect(&p, "the host's user namespace");
        make_pair(&p);
        p.session.caps.inheritable = brig_cap_all();
        p.request.disabled = RUNTIME_LAYER_USERNS;
        expect(&p, "the host's user namespace");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_descriptor_is_left_when_names_are_looked_up),
                cmocka_unit_test(a_session_is_no_weaker_than_its_container),
                cmocka_unit_test(capabilities_beyond_the_container_need_a_user_namespace),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
