/*
 * The births of a container. M, the caller, makes P (set-up), P makes W (waits
 * for exec sessions), W makes I (pid 1 and, in the end, the payload); W and I are
 * M's children by CLONE_PARENT, so M reaps them. Why there are three:
 *
 *   - a Landlock domain is inherited, never joined: I and every later session must
 *     descend from one process that restricted itself, and it can't be I, whose
 *     children would be seen inside; hence W
 *   - inside a Landlock domain nothing can be mounted, and proc can only be made
 *     by a process of the new pid namespace: I makes it detached and hands it to
 *     P, which stands outside the domain and attaches it
 */
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include "runtime/barrier-internal.h"
#include "runtime/birth-internal.h"
#include "runtime/process-internal.h"
#include "sys/credential.h"
#include "sys/fd.h"
#include "sys/landlock.h"
#include "sys/process.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#define BORN_WITH_P (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

/* Both ends of M's two links; P and W are born with all of them. */
typedef struct Links { int start[2], waiter[2]; } Links;

static void links_close(Links *l)
{
        for (size_t i = 0; i < 2; i++) {
                l->start[i] = brig_close(l->start[i]);
                l->waiter[i] = brig_close(l->waiter[i]);
        }
}

static _noreturn_ void give_up(int link, const BrigError *err)
{
        brig_birth_error(link, err);
        _exit(1);
}

/* P: until the maps are there it has no id of its own; then it is uid 0 of its namespace. */
static int become_root_inside(Launch *l, BrigError *err)
{
        _cleanup_birth_ BirthMessage m = { .n_fds = 0 };
        int r = brig_birth_expect(l->link, BIRTH_MAPPED, &m, err);

        if (r < 0)
                return r;
        if (l->userns) {
                r = brig_credential_switch(0, 0, NULL, 0);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot become root of the user namespace");
        }
        (void)umask(0022);
        r = brig_process_harden(SIGKILL);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot harden the set-up process");
        return brig_process_null_stdio(STAGING_DEV "/null", err);
}

/* P: the other half of proc: I has made it, P attaches it, and with it what lies beneath. */
static int enter_root(Launch *l, BrigError *err)
{
        _cleanup_birth_ BirthMessage m = { .n_fds = 0 };
        int r = brig_birth_expect(l->peer, BIRTH_PROC, &m, err);

        if (r < 0)
                return r;
        if (m.n_fds != 1)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "no proc came from pid 1");
        l->proc_fd = TAKE_FD(m.fds[0]);
        r = brig_stage_run(STAGE_ENTER, l, err);
        if (r < 0)
                return r;
        r = brig_birth_send(l->peer, BIRTH_ENTERED, 0, NULL, 0);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot release pid 1") : 0;
}

static int give_birth_to_waiter(Launch *l, int peers[2], BrigError *err)
{
        _cleanup_close_ int pidfd = -EBADF;
        pid_t pid = brig_process_clone(CLONE_PARENT, -EBADF, &pidfd);
        int r;

        if (pid < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, pid, "cannot make the waiting process");
        if (pid == 0) {
                l->peer = peers[1];
                (void)brig_close(peers[0]);
                brig_waiter_main(l);
        }
        peers[1] = brig_close(peers[1]);
        r = brig_birth_send(l->link, BIRTH_WAITER, pid, &pidfd, 1);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot name the waiting process") : 0;
}

static int set_up(Launch *l, BrigError *err)
{
        int peers[2], r;

        r = become_root_inside(l, err);
        if (r < 0)
                return r;
        r = brig_stage_run(STAGE_SETUP, l, err);
        if (r < 0)
                return r;
        r = brig_birth_pair(peers);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot make a socket pair");
        r = give_birth_to_waiter(l, peers, err);
        if (r < 0)
                return r;
        l->peer = peers[0];
        return enter_root(l, err);
}

static _noreturn_ void set_up_main(Launch *l, Links *links)
{
        BrigError err = BRIG_ERROR_INIT;

        (void)brig_close(links->start[0]);
        (void)brig_close(links->waiter[0]);
        l->link = links->start[1];
        l->waiter_link = links->waiter[1];
        l->warnings = NULL;
        if (set_up(l, &err) < 0)
                give_up(l->link, &err);
        _exit(0);
}

/* M: the owner of a user namespace is the effective uid of its maker; this one owns no file and maps to nothing inside. */
static int give_birth_to_set_up(Launch *l, Links *links, int *ret_pidfd, BrigError *err)
{
        uint64_t flags = CLONE_NEWNS | (l->plan->namespaces & BORN_WITH_P & (l->userns ? ~UINT64_C(0) : ~(uint64_t)CLONE_NEWUSER));
        int r = l->userns ? brig_credential_effective(l->owner_uid, l->owner_uid) : 0;
        pid_t pid;

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot act as the owner %u of the id range", l->owner_uid);
        pid = brig_process_clone(flags, brig_cgroup_clone_fd(l->cgroup), ret_pidfd);
        if (pid == 0)
                set_up_main(l, links);
        r = l->userns ? brig_credential_effective(0, 0) : 0;
        if (pid < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, pid, "cannot make the container's namespaces");
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot become root again") : pid;
}

static int map_ids(Launch *l, pid_t pid, BrigError *err)
{
        IdRange range = { .inside = 0, .outside = l->request->range_base, .count = l->request->range_size };
        int r = l->userns ? brig_idmap_write(pid, &range, NULL, 1) : 0;

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot map ids %u to %u", range.outside, range.outside + range.count - 1);
        return brig_oom_adjust(l, pid, err);
}

static int note_process(StartedProcess *p, BirthMessage *m, BrigError *err)
{
        if (m->n_fds != 1)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "a birth was reported without its descriptor");
        p->pid = m->packet.pid;
        p->pidfd = TAKE_FD(m->fds[0]);
        return 0;
}

static int note_message(RuntimeContainer *c, BirthMessage *m, BrigError *err)
{
        switch ((BirthType)m->packet.type) {
        case BIRTH_WAITER:
                return note_process(&c->waiter, m, err);
        case BIRTH_BORN:
                return note_process(&c->init, m, err);
        case BIRTH_STDIO:
                return brig_process_take_stdio(&c->init.stdio, m, err);
        case BIRTH_WARNING:
                (void)brig_buffer_printf(&c->warnings, "%s\n", m->packet.text);
                return 0;
        case BIRTH_NAMESPACE:
        case BIRTH_READY:
                return 0;
        case BIRTH_ERROR:
                return brig_birth_take_error(m, err);
        default:
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "message %u during a start", m->packet.type);
        }
}

/*
 * M: listens until pid 1 stands before its execve; *ret_namespace is its cgroup
 * namespace. W may be slower to name pid 1 than pid 1 is to get ready.
 */
static int await_ready(RuntimeContainer *c, int link, int *ret_namespace, BrigError *err)
{
        for (bool ready = false; !ready || c->init.pidfd < 0;) {
                _cleanup_birth_ BirthMessage m = { .n_fds = 0 };
                int r = brig_birth_receive(link, &m);

                if (r <= 0)
                        return brig_error_set(err, BRIG_ERR_INTERNAL, r < 0 ? r : EPIPE, "the start ended without a word (killed?)");
                r = note_message(c, &m, err);
                if (r < 0)
                        return r;
                ready |= m.packet.type == BIRTH_READY;
                if (m.packet.type == BIRTH_NAMESPACE && m.n_fds == 1)
                        *ret_namespace = TAKE_FD(m.fds[0]);
        }
        return 0;
}

static int births(Launch *l, RuntimeContainer *c, Links *links, BrigError *err)
{
        _cleanup_close_ int pidfd = -EBADF, namespace = -EBADF;
        ProcessEnd end;
        pid_t pid;
        int r;

        pid = give_birth_to_set_up(l, links, &pidfd, err);
        links->start[1] = brig_close(links->start[1]);
        links->waiter[1] = brig_close(links->waiter[1]);
        if (pid < 0)
                return pid;
        r = map_ids(l, pid, err);
        if (r >= 0) {
                r = brig_birth_send(links->start[0], BIRTH_MAPPED, 0, NULL, 0);
                if (r < 0)
                        (void)brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot release the set-up process");
        }
        if (r >= 0)
                r = brig_staging_leave(l, err);
        if (r >= 0)
                r = await_ready(c, links->start[0], &namespace, err);
        if (r < 0)
                BRIG_IGNORE(brig_pidfd_send_signal(pidfd, SIGKILL)); /* may have ended */
        BRIG_IGNORE(brig_process_wait(pidfd, &end)); /* ends by itself as soon as pid 1 is on its own */
        if (r < 0)
                return r;
        if (namespace >= 0) {
                r = brig_birth_send(links->waiter[0], BIRTH_ADOPT, 0, &namespace, 1);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot reach the waiting process");
        }
        return brig_barrier_check(c, &c->init, l->plan, err);
}

bool brig_runtime_has_userns(const RuntimeRequest *request)
{
        return (request->plan->namespaces & CLONE_NEWUSER) && !(request->disabled & RUNTIME_LAYER_USERNS);
}

static void launch_init(Launch *l, RuntimeContainer *c)
{
        const RuntimeRequest *request = &c->request;

        *l = (Launch){
                .request = request,
                .plan = request->plan,
                .userns = brig_runtime_has_userns(request),
                .owner_uid = request->range_base + request->range_size,
                .cgroup = &c->cgroup,
                .warnings = &c->warnings,
                .storage_fd = -EBADF, .link = -EBADF, .peer = -EBADF, .waiter_link = -EBADF, .root_fd = -EBADF,
                .devpts_fd = -EBADF, .proc_fd = -EBADF, .stdio = { -EBADF, -EBADF, -EBADF }, .terminal = -EBADF,
        };
        l->root_uid = l->userns ? request->range_base : 0;
        if ((request->plan->flags & PLAN_F_LANDLOCK) && brig_launch_layer(l, RUNTIME_LAYER_LANDLOCK))
                l->landlock_abi = brig_landlock_abi();
}

static void launch_done(Launch *l)
{
        for (size_t i = 0; l->binds && i < l->plan->n_mounts; i++)
                (void)brig_close(l->binds[i].fd);
        free(l->binds);
        for (size_t i = 0; l->cgroup_binds && i < BRIG_CGROUP_MAX_DIRS; i++)
                (void)brig_close(l->cgroup_binds[i]);
        free(l->cgroup_binds);
        (void)brig_close(l->storage_fd);
}

static int prepare(Launch *l, RuntimeContainer *c, BrigError *err)
{
        _cleanup_(links_close) Links links = { { -EBADF, -EBADF }, { -EBADF, -EBADF } };
        int r = brig_stage_run(STAGE_HOST, l, err);

        if (r >= 0)
                r = brig_stage_run(STAGE_STAGING, l, err);
        if (r < 0)
                return r;
        c->proc_fd = open(STAGING_PROC, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (c->proc_fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot open proc");
        r = brig_birth_pair(links.start);
        if (r >= 0)
                r = brig_birth_pair(links.waiter);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot make a socket pair");
        r = births(l, c, &links, err);
        if (r < 0)
                return r;
        /* W has its own. */
        brig_cgroup_disarm(&c->cgroup);
        c->landlock_abi = (uint64_t)l->landlock_abi;
        c->init_link = TAKE_FD(links.start[0]);
        c->waiter_link = TAKE_FD(links.waiter[0]);
        return 0;
}

static void process_init(StartedProcess *p)
{
        *p = (StartedProcess){ .pid = -1, .pidfd = -EBADF, .stdio = { -EBADF, -EBADF, -EBADF, -EBADF } };
}

void brig_runtime_init(RuntimeContainer *c)
{
        *c = (RuntimeContainer){ .waiter_link = -EBADF, .init_link = -EBADF, .proc_fd = -EBADF, .warnings = BRIG_BUFFER_INIT(RUNTIME_WARNINGS_MAX) };
        process_init(&c->init);
        process_init(&c->waiter);
        brig_cgroup_init(&c->cgroup);
}

int brig_runtime_prepare(const RuntimeRequest *request, RuntimeContainer *ret, BrigError *err)
{
        RuntimeContainer c;
        Launch l;
        int r;

        brig_runtime_init(&c);
        c.request = *request;
        c.cgroup_parent = brig_str_dup(request->cgroup_parent);
        c.request.cgroup_parent = c.cgroup_parent;
        launch_init(&l, &c);
        (void)umask(0); /* modes of device nodes and folders are meant as they are written */
        r = c.cgroup_parent ? prepare(&l, &c, err) : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot start the container");
        launch_done(&l);
        if (r < 0) {
                brig_runtime_done(&c);
                BRIG_IGNORE(brig_cgroup_remove(request->cgroup_parent, request->plan->container_id)); /* whoever removes the container tries again */
                return r;
        }
        *ret = c;
        return 0;
}

int brig_runtime_confine(RuntimeContainer *c, BrigError *err)
{
        return brig_cgroup_confine(&c->cgroup, err);
}

int brig_runtime_go(RuntimeContainer *c, BrigError *err)
{
        _cleanup_birth_ BirthMessage m = { .n_fds = 0 };
        int r = brig_birth_send(c->init_link, BIRTH_GO, 0, NULL, 0);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot release pid 1");
        /* The link is CLOEXEC: its end says that execve succeeded. */
        r = brig_birth_receive(c->init_link, &m);
        c->init_link = brig_close(c->init_link);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot hear from pid 1");
        if (r > 0)
                return brig_birth_take_error(&m, err);
        return brig_barrier_after_exec(c, &c->init, c->request.plan, err);
}

static void end_process(StartedProcess *p)
{
        ProcessEnd end;

        /* ESRCH: it has been reaped. EPERM: it is not of our user namespace; it ends with its link or with us. */
        if (p->pidfd >= 0 && brig_pidfd_send_signal(p->pidfd, SIGKILL) != -EPERM)
                BRIG_IGNORE(brig_process_wait(p->pidfd, &end)); /* ECHILD: reaped */
        p->pidfd = brig_close(p->pidfd);
        brig_runtime_stdio_close(&p->stdio);
}

void brig_runtime_done(RuntimeContainer *c)
{
        c->waiter_link = brig_close(c->waiter_link);
        c->init_link = brig_close(c->init_link);
        end_process(&c->init);
        end_process(&c->waiter);
        c->proc_fd = brig_close(c->proc_fd);
        brig_cgroup_close(&c->cgroup);
        brig_freep(&c->cgroup_parent);
        brig_buffer_done(&c->warnings);
}
