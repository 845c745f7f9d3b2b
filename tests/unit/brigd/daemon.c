#include "daemon.h"
#include "tests/unit/cmocka-all.h"
#include "base/clock.h"
#include "base/strings.h"
#include "sys/fd.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define PATIENCE_MS 10000

static void copy_program(const Daemon *d, const char *from, const char *name)
{
        char path[512], buffer[65536];
        ssize_t n;

        (void)snprintf(path, sizeof(path), "%s/bin/%s", d->folder, name);
        _cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC), out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        assert_true(in >= 0 && out >= 0);
        while ((n = read(in, buffer, sizeof(buffer))) > 0)
                assert_int_equal(brig_fd_write_all(out, buffer, (size_t)n), 0);
}

static void open_meeting(Daemon *d)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/test.sock", d->folder);
        d->meeting = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(d->meeting, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(chmod(address.sun_path, 0666), 0);
        assert_int_equal(listen(d->meeting, 8), 0);
}

int daemon_setup(void **state)
{
        static const char *const folders[] = { "bin", "data", "run", "ids" };
        Daemon *d = calloc(1, sizeof(*d));
        char path[128];

        *d = (Daemon){ .meeting = -EBADF, .api_link = -EBADF, .link.fd = -EBADF };
        (void)snprintf(d->folder, sizeof(d->folder), "/tmp/brigd-test-XXXXXX");
        if (!mkdtemp(d->folder) || chmod(d->folder, 0755) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
                (void)snprintf(path, sizeof(path), "%s/%s", d->folder, folders[i]);
                if (mkdir(path, 0755) < 0)
                        return -1;
        }
        copy_program(d, TEST_BRIGD, "brigd");
        copy_program(d, TEST_FAKE_API, "brig-api");
        copy_program(d, TEST_FAKE_MONITOR, "brig-monitor");
        copy_program(d, TEST_UNPACK, "brig-unpack");
        copy_program(d, TEST_FAKE_API, "brig-init");
        open_meeting(d);
        *state = d;
        return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *f)
{
        return remove(path);
}

/* To close a socket with something unread in it would reset the link, and the monitor would miss what it was told. */
static void wait_for_end(WireChannel *c)
{
        struct pollfd p = { .fd = c->fd, .events = POLLIN };
        WireMessage m;

        while (poll(&p, 1, PATIENCE_MS) > 0 && brig_wire_receive(c, &m) > 0)
                continue;
}

/* Monitors outlive brigd on purpose: the test ends those of its own scratch folder, found by their sockets. */
static void end_monitors(Daemon *d)
{
        char path[128];
        struct dirent *entry;

        (void)snprintf(path, sizeof(path), "%s/run/c", d->folder);
        DIR *dir = opendir(path);
        while (dir && (entry = readdir(dir))) {
                struct sockaddr_un address = { .sun_family = AF_UNIX };
                WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "test", .id = "" } };
                WireMessage ack = { .type = WIRE_EXIT_ACK, .id = { entry->d_name } };
                WireChannel c;
                if (!brig_id_valid(entry->d_name))
                        continue;
                (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%.64s", dirfd(dir), entry->d_name);
                int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
                if (brig_wire_channel_init(&c, fd, WIRE_MONITOR_TO_BRIGD, WIRE_BRIGD_TO_MONITOR) < 0)
                        continue;
                if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && brig_wire_send(&c, &hello) == 0 && brig_wire_send(&c, &ack) == 0)
                        wait_for_end(&c);
                brig_wire_channel_done(&c);
        }
        if (dir)
                (void)closedir(dir);
}

int daemon_teardown(void **state)
{
        Daemon *d = *state;

        daemon_kill(d);
        end_monitors(d);
        d->meeting = brig_close(d->meeting);
        (void)nftw(d->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(d);
        return 0;
}

static void exec_brigd(const Daemon *d)
{
        char program[128], data[128], run[128], ids[128], config[128], ceiling[128];

        (void)snprintf(program, sizeof(program), "%s/bin/brigd", d->folder);
        (void)snprintf(data, sizeof(data), "%s/data", d->folder);
        (void)snprintf(run, sizeof(run), "%s/run", d->folder);
        (void)snprintf(ids, sizeof(ids), "%s/ids", d->folder);
        (void)snprintf(config, sizeof(config), "%s/config", d->folder);
        (void)snprintf(ceiling, sizeof(ceiling), "%s/ceiling.conf", d->folder);
        int fd = open(config, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        (void)close(fd);
        execl(program, "brigd", "--data-root", data, "--exec-root", run, "--id-registry", ids, "--config-file", config,
              "--ceiling", ceiling, "--log-level", getenv("BRIG_TEST_LOG") ? getenv("BRIG_TEST_LOG") : "error", (char *)NULL);
        _exit(126);
}

void daemon_meet_api(Daemon *d, bool greet)
{
        struct pollfd p = { .fd = d->meeting, .events = POLLIN };
        WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brig-api", .id = "" } };
        size_t n = 1;
        char text[64];
        int fd;

        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        d->api_link = accept4(d->meeting, NULL, NULL, SOCK_CLOEXEC);
        assert_true(d->api_link >= 0);
        assert_true(brig_fd_receive(d->api_link, text, sizeof(text), &fd, &n) > 0);
        assert_int_equal(n, 1);
        assert_int_equal(brig_wire_channel_init(&d->link, fd, WIRE_BRIGD_TO_API, WIRE_API_TO_BRIGD), 0);
        if (!greet)
                return;
        assert_int_equal(daemon_receive(d).type, WIRE_HELLO);
        daemon_send(d, &hello);
}

void daemon_leave_api(Daemon *d)
{
        brig_wire_channel_done(&d->link);
        d->api_link = brig_close(d->api_link);
}

void daemon_start(Daemon *d)
{
        d->pid = fork();
        assert_true(d->pid >= 0);
        if (d->pid == 0)
                exec_brigd(d);
        daemon_meet_api(d, true);
}

static int end(Daemon *d, int signo)
{
        int status = 0;

        daemon_leave_api(d);
        if (d->pid <= 0)
                return 0;
        (void)kill(d->pid, signo);
        (void)waitpid(d->pid, &status, 0);
        d->pid = 0;
        return status;
}

void daemon_kill(Daemon *d)
{
        (void)end(d, SIGKILL);
}

void daemon_stop(Daemon *d)
{
        assert_int_equal(end(d, SIGTERM), 0);
}

void daemon_send(Daemon *d, const WireMessage *m)
{
        assert_int_equal(brig_wire_send(&d->link, m), 0);
}

WireMessage daemon_receive(Daemon *d)
{
        struct pollfd p = { .fd = d->link.fd, .events = POLLIN };
        WireMessage m;

        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        assert_int_equal(brig_wire_receive(&d->link, &m), 1);
        return m;
}

WireMessage daemon_answer(Daemon *d, uint32_t serial)
{
        for (;;) {
                WireMessage m = daemon_receive(d);
                if (m.serial == serial)
                        return m;
        }
}

void daemon_expect_hangup(Daemon *d)
{
        struct pollfd p = { .fd = d->link.fd, .events = POLLIN };
        WireMessage m;
        int r;

        do {
                assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
                r = brig_wire_receive(&d->link, &m);
        } while (r == 1 && m.type == WIRE_HELLO);
        assert_true(r == 0 || r == -ECONNRESET);
}

WireMessage daemon_ask_id(Daemon *d, WireType type, uint32_t serial, const char *id)
{
        WireMessage m = { .type = type, .serial = serial, .id = { id } };

        daemon_send(d, &m);
        return serial ? daemon_answer(d, serial) : m;
}

int daemon_plan(const char *id, const char *behaviour)
{
        char *argv[] = { (char *)"true", NULL };
        LaunchPlan p;
        int fd;

        brig_plan_init(&p, PLAN_KIND_CONTAINER);
        p.container_id = id;
        p.hostname = behaviour;
        p.namespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS;
        p.argv = argv, p.n_args = 1;
        assert_int_equal(brig_plan_to_memfd(&p, &fd, NULL), 0);
        return fd;
}

int daemon_exec_plan(const char *id, const char *exec_id)
{
        char *argv[] = { (char *)"true", NULL };
        LaunchPlan p;
        int fd;

        brig_plan_init(&p, PLAN_KIND_EXEC);
        p.container_id = id;
        p.exec_id = exec_id;
        p.argv = argv, p.n_args = 1;
        assert_int_equal(brig_plan_to_memfd(&p, &fd, NULL), 0);
        return fd;
}

WireMessage daemon_launch(Daemon *d, uint32_t serial, const char *id, const char *behaviour)
{
        _cleanup_close_ int plan = daemon_plan(id, behaviour);
        WireMessage m = { .type = WIRE_LAUNCH, .serial = serial, .launch = { .id = id }, .n_fds = 1, .fds = { plan } };

        daemon_send(d, &m);
        return daemon_answer(d, serial);
}

bool daemon_wait_path(const Daemon *d, const char *path, bool wanted)
{
        int64_t until = brig_now_monotonic() + PATIENCE_MS * BRIG_NSEC_PER_MSEC;
        char whole[512];
        struct stat st;

        (void)snprintf(whole, sizeof(whole), "%s/%s", d->folder, path);
        while ((lstat(whole, &st) == 0) != wanted) {
                if (brig_now_monotonic() > until)
                        return !wanted;
                (void)nanosleep(&(struct timespec){ .tv_nsec = BRIG_NSEC_PER_MSEC }, NULL); /* polling a condition, not guessing a time */
        }
        return wanted;
}

int daemon_count(const Daemon *d, const char *path)
{
        char whole[512];
        struct dirent *entry;
        int n = 0;

        (void)snprintf(whole, sizeof(whole), "%s/%s", d->folder, path);
        DIR *dir = opendir(whole);
        assert_non_null(dir);
        while ((entry = readdir(dir)))
                n += entry->d_name[0] != '.';
        (void)closedir(dir);
        return n;
}
