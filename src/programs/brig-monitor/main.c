/* brig-monitor CONTAINER-ID: started by brigd with the link as descriptor 3 (monitor.h). */
#include "lockdown.h"
#include "monitor.h"

#include "base/clock.h"
#include "base/log.h"
#include "brig-config.h"
#include "plan/capability.h"
#include "sys/credential.h"
#include "sys/memfd.h"
#include "sys/mountfd.h"
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>



BRIG_LOG_STATE;

#define CEILING_MAX (1u << 20)
#define LISTEN_BACKLOG 8

static int check_disabled(const char *text, unsigned *ret, BrigError *err)
{
#ifdef BRIG_TEST_SWITCHES
        return brig_runtime_parse_layers(text, ret, err);
#else
        *ret = 0;
        if (*text)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "this build leaves no layer out (\"%s\")", text);
        return 0;
#endif
}

static int read_ceiling(int fd, Ceiling **ret, BrigError *err)
{
        size_t len;
        void *map;
        int r = brig_memfd_map(fd, CEILING_MAX, &map, &len);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot read the ceiling");
        r = brig_ceiling_parse(map, len, NULL, ret, err);
        (void)munmap(map, len); /* the rules are copies */
        return r;
}

/* The clients that came with the start are attached first, so that nothing the payload says is missed. */
static int attach_streams(Monitor *m, WireMessage *start, BrigError *err)
{
        const WireMonitorStart *s = &start->monitor_start;
        const unsigned char *bits = s->streams.data;
        const SessionConfig config = {
                .loop = &m->loop, .chunk = m->chunk, .exec_id = "", .close_input = m->plan.flags & PLAN_F_STDIN_ONCE, .log = &m->log,
                .events = { .detached = serve_detached, .context = m },
        };

        m->main_session = session_new(&config);
        if (!m->main_session || s->streams.len != start->n_fds - BRIG_WIRE_START_FDS)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "the streams do not match their descriptors");
        for (size_t i = 0; i < s->streams.len; i++) {
                const ClientConfig client = { .streams = bits[i], .keys = s->detach_keys.data, .n_keys = s->detach_keys.len, .patient = true };
                int r = session_attach(m->main_session, TAKE_FD(start->fds[BRIG_WIRE_START_FDS + i]), &client);

                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot attach");
        }
        return 0;
}

/*
 * The folder as the root of a mount of its own: a descriptor of the host's mount
 * would lead up and out of it. While the host's mounts are in sight.
 */
static int confine_folder(WireMessage *start, BrigError *err)
{
        int *fd = &start->fds[WIRE_START_CONTAINER], clone = brig_mount_clone(*fd, "", false);

        if (clone < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, clone, "cannot clone the container's folder");
        (void)brig_close(*fd);
        *fd = clone;
        return 0;
}

/* After this no root stands beside the payload; what is kept are descriptors. */
static int drop_root(Monitor *m, WireMessage *start, BrigError *err)
{
        uid_t owner = m->container.request.range_base + m->container.request.range_size;
        const LogConfig log = {
                .dir = TAKE_FD(start->fds[WIRE_START_CONTAINER]), .id = m->id, .max_size = m->plan.log_max_size, .max_files = m->plan.log_max_files, .owner = owner,
        };
        int r = log_file_open(&m->log, &log);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot open the container's log");
        oom_watch_open(&m->oom, &m->container.cgroup);
        r = brig_runtime_confine(&m->container, err);
        if (r < 0)
                return r;
        start->fds[WIRE_START_STORAGE] = brig_close(start->fds[WIRE_START_STORAGE]);
        /* Owning the user namespace is the right to signal what is in it. Where there is none, this one right is kept. */
        r = brig_credential_drop(owner, owner, brig_runtime_has_userns(&m->container.request) ? 0 : BRIG_CAP_BIT(CAP_KILL));
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot become the owner %u of the id range", owner);
        r = lockdown();
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot load the monitor's own seccomp filter") : 0;
}

static int start_container(Monitor *m, WireMessage *start, const Ceiling *ceiling, BrigError *err)
{
        const WireMonitorStart *s = &start->monitor_start;
        RuntimeRequest request = {
                .plan = &m->plan, .ceiling = ceiling, .range_base = s->range_base, .range_size = s->range_size, .storage_base = s->storage_base,
                .cgroup_parent = s->cgroup_parent, .storage_fd = start->fds[WIRE_START_STORAGE], .init_fd = start->fds[WIRE_START_INIT],
        };
        int r = check_disabled(s->disable, &request.disabled, err);

        if (r >= 0)
                r = confine_folder(start, err);
        if (r >= 0)
                r = brig_runtime_prepare(&request, &m->container, err);
        if (r < 0)
                return r;
        m->container.request.ceiling = NULL;
        r = drop_root(m, start, err);
        if (r >= 0)
                r = attach_streams(m, start, err);
        return r < 0 ? r : brig_runtime_go(&m->container, err);
}

static int report_launch(Monitor *m, uint32_t serial)
{
        const char *warnings = m->container.warnings.len > 0 ? m->container.warnings.data : "";
        const WireMessage launched = { .type = WIRE_LAUNCHED, .serial = serial, .launched = {
                .id = m->id, .pid = m->container.init.pid, .range_base = m->container.request.range_base, .started_at = m->started_at, .warnings = warnings,
        } };

        return brig_wire_send(&m->link, &launched);
}

static int prepare_self(Monitor *m)
{
        sigset_t set;
        int r;

        (void)signal(SIGPIPE, SIG_IGN); /* cannot fail for this signal */
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        (void)prctl(PR_SET_NAME, "brig-monitor"); /* for ps: a memfd has no better name */
        r = brig_process_harden(0);
        if (r < 0)
                return r;
        /* Of its own mapping, so that the pages of a burst can be given back. */
        m->chunk = mmap(NULL, SESSION_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return m->chunk == MAP_FAILED ? -errno : loop_init(&m->loop);
}

static int run(Monitor *m, WireMessage *start, BrigError *err)
{
        _cleanup_(brig_ceiling_freep) Ceiling *ceiling = NULL;
        uint32_t serial = start->serial;
        size_t len;
        void *map;
        int r = brig_plan_from_memfd(start->fds[WIRE_START_PLAN], &m->plan, &map, &len, err);

        if (r < 0)
                return r;
        m->id = m->plan.container_id;
        m->listener = TAKE_FD(start->fds[WIRE_START_LISTENER]);
        /* Again, by us: who connects finds this process behind the socket (SO_PEERPIDFD), not brigd. */
        if (listen(m->listener, LISTEN_BACKLOG) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot listen");
        r = read_ceiling(start->fds[WIRE_START_CEILING], &ceiling, err);
        if (r >= 0)
                r = start_container(m, start, ceiling, err);
        brig_wire_message_done(start);
        if (r < 0)
                return r;
        m->started_at = (uint64_t)brig_now_realtime();
        r = report_launch(m, serial);
        if (r < 0)
                log_warn("brigd is gone, the container runs");
        return serve(m, err);
}

#if defined(__SANITIZE_ADDRESS__)
/* The leak checker traces its process, which this one forbids to everybody. */
__attribute__((visibility("default"))) const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
        return "detect_leaks=0";
}
#endif

static void monitor_done(Monitor *m)
{
        exec_free_all(m);
        session_free(m->main_session);
        control_close(m);
        oom_watch_done(&m->oom);
        log_file_done(&m->log);
        brig_runtime_done(&m->container);
        brig_plan_done(&m->plan);
        loop_done(&m->loop);
}

int main(int argc, char *argv[])
{
        Monitor m = { .link = { .fd = -EBADF }, .link_source = LOOP_SOURCE_INIT, .outbox = BRIG_BUFFER_INIT(MONITOR_OUTBOX_MAX), .listener = -EBADF,
                      .listener_source = LOOP_SOURCE_INIT, .signals = -EBADF, .signals_source = LOOP_SOURCE_INIT, .loop = { .epoll = -EBADF },
                      .log = { .dir = -EBADF, .fd = -EBADF }, .oom = { .source = LOOP_SOURCE_INIT, .fd = -EBADF, .file = -EBADF } };
        BrigError err = BRIG_ERROR_INIT;
        WireMessage start;
        uint32_t serial;
        int r;

        brig_runtime_init(&m.container);
        brig_log_setup("brig-monitor", BRIG_LOG_INFO);
        if (argc == 2 && strcmp(argv[1], "--version") == 0) {
                (void)puts("brig-monitor " BRIG_VERSION);
                return 0;
        }
        if (argc != 2) {
                log_error("usage: brig-monitor CONTAINER-ID, with the link to brigd as descriptor 3");
                return 2;
        }
        m.id = argv[1];
        r = prepare_self(&m);
        if (r >= 0)
                r = control_receive_start(&m, &start);
        if (r < 0) {
                log_error("no MONITOR_START came: %s", strerror(-r));
                return 1;
        }
        serial = start.serial;
        r = run(&m, &start, &err);
        if (r < 0) {
                /* What the request got wrong is told to whoever made it. */
                if (m.started_at || err.kind == BRIG_ERR_INTERNAL)
                        log_error("container %.12s: %s", m.id, err.message);
                if (!m.started_at)
                        BRIG_IGNORE(brig_wire_send_error(&m.link, serial, &err)); /* a brigd that is gone has no use for it */
        }
        monitor_done(&m);
        return r < 0;
}
