#include "../cmocka-all.h"
#include "fixture.h"

#include "base/strings.h"
#include "plan/ceiling.h"
#include "sys/fd.h"
#include "sys/memfd.h"
#include "sys/seccomp.h"
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define PATIENCE_MS 20000
#define LAYER "1111111111111111111111111111111111111111111111111111111111111111"

static void run_script(const char *fmt, ...) _printf_(1, 2);
static void run_script(const char *fmt, ...)
{
        char text[4096];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        assert_int_equal(system(text), 0);
}

int scratch_setup(void **state)
{
        static Scratch s;

        if (geteuid() != 0 || access("/bin/busybox", X_OK) < 0)
                return 0;
        (void)snprintf(s.folder, sizeof s.folder, "/tmp/brig-monitor-XXXXXX");
        assert_non_null(mkdtemp(s.folder));
        assert_int_equal(chmod(s.folder, 0755), 0);
        run_script("set -e; cd %s; mkdir -p containers storage/uppers storage/layers/" LAYER "; cd storage/layers/" LAYER ";"
                   "mkdir -p bin etc tmp root home/app proc sys dev var/data; chmod 1777 tmp; cp /bin/busybox bin/; cp " TEST_PROBE " bin/probe; "
                   "for a in $(/bin/busybox --list); do [ -e bin/$a ] || ln -s busybox bin/$a; done;"
                   "printf 'root:x:0:0:root:/root:/bin/sh\\napp:x:1000:1000::/home/app:/bin/sh\\n' >etc/passwd;"
                   "printf 'root:x:0:\\napp:x:1000:\\nextra:x:2000:app,other\\ntty:x:5:\\n' >etc/group;"
                   "echo content >var/data/file; ln -s file var/data/link; printf 'not a program' >bin/broken; chmod 755 bin/broken;"
                   "echo '#!/bin/nothing' >bin/badscript; chmod 755 bin/badscript; chown -R %u:%u .; chown 1000:1000 home/app;"
                   "cd ../..; chmod 700 layers uppers; cd ..; chmod 700 storage", /* as brigd has them: root's alone */
                   s.folder, TEST_STORAGE_BASE, TEST_STORAGE_BASE);
        char path[128];

        (void)snprintf(path, sizeof path, "%s/storage", s.folder);
        s.storage = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        s.program = open(TEST_MONITOR, O_RDONLY | O_CLOEXEC);
        s.init = open(TEST_INIT, O_RDONLY | O_CLOEXEC);
        assert_true(s.storage >= 0 && s.program >= 0 && s.init >= 0);
        *state = &s;
        return 0;
}

int scratch_teardown(void **state)
{
        Scratch *s = *state;

        if (!s)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(s->monitors); i++)
                if (s->monitors[i] > 0 && kill(s->monitors[i], SIGKILL) == 0)
                        (void)waitpid(s->monitors[i], NULL, 0);
        run_script("rm -rf %s", s->folder);
        run_script("for i in $(seq 500); do rmdir /sys/fs/cgroup/*/" TEST_CGROUP_PARENT "/* /sys/fs/cgroup/*/" TEST_CGROUP_PARENT " /sys/fs/cgroup/" TEST_CGROUP_PARENT
                   " 2>/dev/null; ls -d /sys/fs/cgroup/*/" TEST_CGROUP_PARENT " >/dev/null 2>&1 || exit 0; sleep 0.01; done; exit 1");
        return 0;
}

/* ---- plans ---- */

static const struct { PlanMountType type; const char *target; uint64_t attr; } default_mounts[] = {
        { PLAN_MOUNT_PROC, "/proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV },
        { PLAN_MOUNT_DEV, "/dev", MOUNT_ATTR_NOSUID },
        { PLAN_MOUNT_DEVPTS, "/dev/pts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC },
        { PLAN_MOUNT_SYSFS, "/sys", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY },
        { PLAN_MOUNT_CGROUP, "/sys/fs/cgroup", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY },
        { PLAN_MOUNT_MQUEUE, "/dev/mqueue", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV },
        { PLAN_MOUNT_SHM, "/dev/shm", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV },
};
static const char *const default_masked[] = { "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug",
                                              "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap" };
static const char *const default_readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };
static const PlanSysctl default_sysctls[] = { { "net.ipv4.ping_group_range", "0 65535" }, { "net.ipv4.ip_unprivileged_port_start", "0" } };
/* keyctl, add_key and request_key are refused, the rest passes: the real profile is plan/'s business. */
static const struct sock_filter default_bpf[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_add_key, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_request_key, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
};
/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP */
#define DEFAULT_CAPS (UINT64_C(0x1fb) | UINT64_C(1) << 10 | UINT64_C(1) << 18 | UINT64_C(1) << 31)
static const char *const layers[] = { LAYER };
#define PRIVATE (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP)

static void point_arrays(TestPlan *t)
{
        LaunchPlan *p = &t->plan;

        p->mounts = t->mounts;
        p->files = t->files;
        p->masked = t->masked;
        p->readonly = t->readonly;
        p->sysctls = t->sysctls;
        p->rlimits = t->rlimits;
        p->landlock = t->landlock;
        p->group_add = t->groups;
        p->argv = t->argv;
        p->env = t->env;
}

static void fill_container(TestPlan *t)
{
        LaunchPlan *p = &t->plan;

        for (size_t i = 0; i < ARRAY_SIZE(default_mounts); i++)
                t->mounts[p->n_mounts++] = (PlanMount){ .type = default_mounts[i].type, .target = default_mounts[i].target, .attr = default_mounts[i].attr,
                                                        .source = "", .options = "" };
        for (size_t i = 0; i < ARRAY_SIZE(default_masked); i++)
                t->masked[p->n_masked++] = default_masked[i];
        for (size_t i = 0; i < ARRAY_SIZE(default_readonly); i++)
                t->readonly[p->n_readonly++] = default_readonly[i];
        for (size_t i = 0; i < ARRAY_SIZE(default_sysctls); i++)
                t->sysctls[p->n_sysctls++] = default_sysctls[i];
        t->files[p->n_files++] = (PlanFile){ .mode = 0644, .path = "/etc/hostname", .data = "box\n", .len = 4 };
        p->hostname = "box";
        p->layers = (const char **)(uintptr_t)layers;
        p->n_layers = 1;
        p->namespaces = PRIVATE | CLONE_NEWTIME;
        p->resources.pids = 1024;
        p->shm_size_kib = 65536;
        p->log_max_size = 1 << 20;
        p->log_max_files = 3;
        p->stop_signal = SIGTERM;
}

static void fill_common(TestPlan *t, PlanKind kind)
{
        LaunchPlan *p = &t->plan;

        memset(t, 0, sizeof *t);
        brig_plan_init(p, kind);
        brig_id_random(t->id);
        point_arrays(t);
        p->container_id = t->id;
        p->profile = "standard";
        p->flags = PLAN_F_NO_NEW_PRIVS | PLAN_F_LANDLOCK | PLAN_F_EPHEMERAL;
        p->cwd = "/";
        p->caps = (PlanCaps){ .bounding = DEFAULT_CAPS, .effective = DEFAULT_CAPS, .permitted = DEFAULT_CAPS };
        p->bpf = default_bpf;
        p->n_bpf = ARRAY_SIZE(default_bpf);
        p->seccomp_name = "standard";
        t->rlimits[p->n_rlimits++] = (PlanRlimit){ RLIMIT_NOFILE, 512, 1024 };
        t->env[p->n_env++] = (char *)(uintptr_t)"PATH=/bin";
}

void test_plan_init(TestPlan *t, const char *command, ...)
{
        LaunchPlan *p = &t->plan;
        va_list ap;

        fill_common(t, PLAN_KIND_CONTAINER);
        fill_container(t);
        va_start(ap, command);
        for (const char *word = command; word; word = va_arg(ap, const char *))
                t->argv[p->n_args++] = (char *)(uintptr_t)word;
        va_end(ap);
}

void test_plan_shell(TestPlan *t, const char *script)
{
        test_plan_init(t, "/bin/sh", "-c", script, NULL);
}

void test_plan_exec(TestPlan *t, const char *script)
{
        fill_common(t, PLAN_KIND_EXEC);
        t->plan.exec_id = t->id;
        t->argv[0] = (char *)(uintptr_t)"/bin/sh";
        t->argv[1] = (char *)(uintptr_t)"-c";
        t->argv[2] = (char *)(uintptr_t)script;
        t->plan.n_args = 3;
}

PlanMount *test_plan_mount(TestPlan *t, const char *target)
{
        for (size_t i = 0; i < t->plan.n_mounts; i++)
                if (streq(t->mounts[i].target, target))
                        return &t->mounts[i];
        assert_true(t->plan.n_mounts < ARRAY_SIZE(t->mounts));
        PlanMount *m = &t->mounts[t->plan.n_mounts++];

        *m = (PlanMount){ .type = PLAN_MOUNT_TMPFS, .target = target, .source = "", .options = "", .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
        return m;
}

PlanMount *test_plan_bind(TestPlan *t, const char *source, const char *target, uint64_t attr)
{
        PlanMount *m = test_plan_mount(t, target);

        m->type = PLAN_MOUNT_BIND;
        m->source = source;
        m->attr = attr;
        return m;
}

/* ---- brigd's part ---- */

static uint32_t range_base(const StartOptions *options)
{
        return options->range_base ? options->range_base : TEST_RANGE_BASE;
}

static int make_folders(Container *c, const StartOptions *options)
{
        const char *folder = c->scratch->folder;
        int fd;

        (void)snprintf(c->folder, sizeof c->folder, "%s/containers/%s", folder, c->id);
        run_script("set -e; mkdir -p -m 2750 %s; chown %u %s; u=%s/storage/uppers/%s; mkdir -p $u/work $u/upper; chmod 755 $u $u/upper; chown -R %u:%u $u", c->folder,
                   range_base(options) + TEST_RANGE_SIZE, c->folder, options->storage ? options->storage : folder, c->id, TEST_STORAGE_BASE, TEST_STORAGE_BASE);
        fd = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static int make_listener(Container *c)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        (void)snprintf(c->socket_path, sizeof c->socket_path, "%s/s%u", c->scratch->folder, c->scratch->containers++);
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s", c->socket_path);
        (void)unlink(c->socket_path);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(fd, 8), 0);
        return fd;
}

static void remember_monitor(Scratch *s, pid_t from, pid_t to)
{
        for (size_t i = 0; i < ARRAY_SIZE(s->monitors); i++)
                if (s->monitors[i] == from) {
                        s->monitors[i] = to;
                        return;
                }
}

/* An older kernel, as far as one system call goes. */
static bool pretend_missing(int call)
{
        const struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };

        return call == 0 || brig_seccomp_load(filter, ARRAY_SIZE(filter), 0) == 0;
}

static void spawn_monitor(Container *c, const StartOptions *options)
{
        char *argv[] = { (char *)(uintptr_t)"brig-monitor", c->id, NULL }, *env[] = { NULL };
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        c->monitor = fork();
        assert_true(c->monitor >= 0);
        if (c->monitor == 0) {
                int program = fcntl(c->scratch->program, F_DUPFD_CLOEXEC, 10);

                if (dup2(pair[1], 3) == 3 && fcntl(3, F_SETFD, 0) == 0 && close_range(4, 9, 0) == 0 && pretend_missing(options->enosys))
                        (void)fexecve(program, argv, env);
                _exit(127);
        }
        remember_monitor(c->scratch, 0, c->monitor);
        (void)close(pair[1]);
        assert_int_equal(brig_wire_channel_init(&c->link, pair[0], WIRE_MONITOR_TO_BRIGD, WIRE_BRIGD_TO_MONITOR), 0);
}

static void send_start(Container *c, int plan, const StartOptions *options)
{
        static const char open_ceiling[] = "# nothing is forbidden\n";
        const char *rules = options->ceiling ? options->ceiling : open_ceiling;
        _cleanup_(brig_ceiling_freep) Ceiling *parsed = NULL;
        BrigError err = BRIG_ERROR_INIT;
        _cleanup_free_ char *text = NULL;
        const WireMessage hello = { .type = WIRE_HELLO, .hello = { BRIG_WIRE_VERSION, "brigd", "" } };
        WireMessage m = { .type = WIRE_MONITOR_START, .serial = ++c->serial, .n_fds = BRIG_WIRE_START_FDS + (options->stream >= 0), .monitor_start = {
                .id = c->id, .range_base = range_base(options), .range_size = TEST_RANGE_SIZE, .storage_base = TEST_STORAGE_BASE,
                .cgroup_parent = TEST_CGROUP_PARENT, .disable = options->disable ? options->disable : "",
                .streams = { &options->stream_bits, options->stream >= 0 }, .detach_keys = { NULL, 0 },
        } };
        int ceiling;

        if (brig_ceiling_parse(rules, strlen(rules), "/etc/brig/ceiling.conf", &parsed, &err) < 0)
                fail_msg("ceiling: %s", err.message);
        text = brig_ceiling_text(parsed);
        assert_int_equal(brig_memfd_sealed("ceiling", text, strlen(text), 0, &ceiling), 0);
        m.fds[WIRE_START_PLAN] = plan;
        m.fds[WIRE_START_STORAGE] = c->scratch->storage;
        m.fds[WIRE_START_CONTAINER] = c->folder_fd;
        m.fds[WIRE_START_LISTENER] = c->listener;
        m.fds[WIRE_START_CEILING] = ceiling;
        m.fds[WIRE_START_INIT] = c->scratch->init;
        m.fds[BRIG_WIRE_START_FDS] = options->stream;
        assert_int_equal(brig_wire_send(&c->link, &hello), 0);
        assert_int_equal(brig_wire_send(&c->link, &m), 0);
        (void)close(ceiling);
}

static bool receive(Container *c)
{
        struct pollfd p = { .fd = c->link.fd, .events = POLLIN };

        brig_wire_message_done(&c->last);
        if (poll(&p, 1, PATIENCE_MS) != 1)
                fail_msg("container %.12s: no message in time", c->id);
        return brig_wire_receive(&c->link, &c->last) == 1;
}

void container_expect(Container *c, WireType type)
{
        do
                if (!receive(c))
                        fail_msg("container %.12s: the link ended before %s", c->id, brig_wire_type_name(type));
        while (c->last.type != type);
}

static void receive_answer(Container *c, uint32_t serial)
{
        do
                if (!receive(c))
                        fail_msg("container %.12s: the link ended before an answer", c->id);
        while (c->last.serial != serial);
}

void container_ask(Container *c, WireMessage *m)
{
        m->serial = ++c->serial;
        assert_int_equal(brig_wire_send(&c->link, m), 0);
        receive_answer(c, m->serial);
}

bool container_start(Scratch *s, Container *c, const TestPlan *t, const StartOptions *options)
{
        BrigError err = BRIG_ERROR_INIT;
        int plan;

        *c = (Container){ .scratch = s };
        memcpy(c->id, t->id, sizeof c->id);
        if (brig_plan_to_memfd(&t->plan, &plan, &err) < 0)
                fail_msg("plan: %s", err.message);
        c->folder_fd = make_folders(c, options);
        c->listener = make_listener(c);
        spawn_monitor(c, options);
        send_start(c, plan, options);
        (void)close(plan);
        (void)close(options->stream);
        receive_answer(c, c->serial);
        c->pid = c->last.type == WIRE_LAUNCHED ? c->last.launched.pid : 0;
        return c->last.type == WIRE_LAUNCHED;
}

void container_signal(Container *c, int signo, uint32_t flags)
{
        WireMessage m = { .type = WIRE_SIGNAL, .signal = { c->id, "", signo, flags } };

        container_ask(c, &m);
        assert_int_equal(c->last.type, WIRE_OK);
}

static void remove_cgroup(Container *c)
{
        run_script("for d in /sys/fs/cgroup/*/" TEST_CGROUP_PARENT "/%s /sys/fs/cgroup/" TEST_CGROUP_PARENT "/%s; do [ ! -d $d ] || rmdir $d; done", c->id, c->id);
}

static void close_container(Container *c)
{
        int status;

        assert_int_equal(waitpid(c->monitor, &status, 0), c->monitor);
        remember_monitor(c->scratch, c->monitor, 0);
        brig_wire_message_done(&c->last);
        brig_wire_channel_done(&c->link);
        (void)close(c->folder_fd);
        (void)close(c->listener);
        (void)unlink(c->socket_path);
        remove_cgroup(c);
}

int container_end(Container *c)
{
        WireMessage ack = { .type = WIRE_EXIT_ACK, .id = { c->id } };
        int code;

        container_expect(c, WIRE_EXITED);
        code = c->last.exited.exit_code;
        assert_int_equal(brig_wire_send(&c->link, &ack), 0);
        close_container(c);
        return code;
}

void container_kill(Container *c)
{
        (void)kill(c->monitor, SIGKILL);
        /* The payload dies with its parent; its cgroup empties a moment later. */
        run_script("for i in $(seq 500); do cat /sys/fs/cgroup/*/" TEST_CGROUP_PARENT "/%s/cgroup.procs 2>/dev/null | grep -q . || exit 0; sleep 0.01; done; exit 1", c->id);
        close_container(c);
}

int stream_pair(int *ret_theirs)
{
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        *ret_theirs = pair[1];
        return pair[0];
}

static bool read_exactly(int fd, void *data, size_t len)
{
        char *p = data;

        while (len > 0) {
                struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
                ssize_t n = poll(&poll_fd, 1, PATIENCE_MS) == 1 ? read(fd, p, len) : -1;

                if (n <= 0)
                        return false;
                p += n;
                len -= (size_t)n;
        }
        return true;
}

void stream_collect(int fd, bool raw, BrigBuffer *out, BrigBuffer *err)
{
        unsigned char header[8];
        char data[65536];

        while (raw) {
                ssize_t n = read_exactly(fd, data, 1) ? 1 : 0;

                if (n <= 0)
                        return;
                (void)brig_buffer_append(out, data, (size_t)n);
        }
        while (read_exactly(fd, header, sizeof header)) {
                size_t len = (size_t)header[4] << 24 | (size_t)header[5] << 16 | (size_t)header[6] << 8 | header[7];

                assert_true(len <= sizeof data && read_exactly(fd, data, len));
                (void)brig_buffer_append(header[0] == 1 ? out : err, data, len);
        }
}

int run_with(Scratch *s, TestPlan *t, const StartOptions *given, char *out, size_t size)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(4 << 20), errors = BRIG_BUFFER_INIT(4 << 20);
        StartOptions options = *given;
        _cleanup_close_ int ours = -EBADF;
        Container c;
        int code;

        ours = stream_pair(&options.stream);
        options.stream_bits = WIRE_STREAM_STDOUT | WIRE_STREAM_STDERR;
        if (!container_start(s, &c, t, &options)) {
                (void)snprintf(out, size, "%s", c.last.error.message);
                close_container(&c);
                return -1;
        }
        stream_collect(ours, t->plan.flags & PLAN_F_TTY, &text, &errors);
        code = container_end(&c);
        (void)snprintf(out, size, "%s%s", text.len ? text.data : "", errors.len ? errors.data : "");
        return code;
}

int run_collect(Scratch *s, TestPlan *t, char *out, size_t size)
{
        const StartOptions options = START_OPTIONS_INIT;

        return run_with(s, t, &options, out, size);
}

int exec_collect(Container *c, const TestPlan *t, char *out, size_t size)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(4 << 20), errors = BRIG_BUFFER_INIT(4 << 20);
        WireMessage m = { .type = WIRE_EXEC, .n_fds = 2, .exec = { .id = c->id, .exec_id = t->id, .streams = WIRE_STREAM_STDOUT | WIRE_STREAM_STDERR } };
        BrigError err = BRIG_ERROR_INIT;
        int theirs, ours = stream_pair(&theirs), plan;
        LaunchPlan p = t->plan;

        p.container_id = c->id;
        if (brig_plan_to_memfd(&p, &plan, &err) < 0)
                fail_msg("plan: %s", err.message);
        m.fds[0] = plan;
        m.fds[1] = theirs;
        m.serial = ++c->serial;
        assert_int_equal(brig_wire_send(&c->link, &m), 0);
        (void)close(plan);
        (void)close(theirs);
        receive_answer(c, m.serial);
        if (c->last.type == WIRE_ERROR) {
                (void)snprintf(out, size, "%s", c->last.error.message);
                (void)close(ours);
                return -1;
        }
        stream_collect(ours, t->plan.flags & PLAN_F_TTY, &text, &errors);
        (void)close(ours);
        (void)snprintf(out, size, "%s%s", text.len ? text.data : "", errors.len ? errors.data : "");
        container_expect(c, WIRE_EXEC_EXITED);
        return c->last.exec_exited.exit_code;
}

bool text_has_line(const char *text, const char *line)
{
        size_t len = strlen(line);

        for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
                if (strncmp(p, line, len) == 0 && (p[len] == '\n' || p[len] == '\0'))
                        return true;
        return false;
}
