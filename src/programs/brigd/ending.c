/*
 * The end of a run. Everything here can be interrupted by a kill -9 of brigd at
 * any line: what is still there afterwards (socket, range, cgroup, exit record)
 * tells the next brigd where to go on, so the socket goes last.
 */
#include "api-process.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "containers.h"
#include "runtime/cgroup.h"
#include "sys/fd.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

/* How long a monitor may take for its own end once it was told to. */
#define MONITOR_PATIENCE (10 * BRIG_NSEC_PER_SEC)
#define RETRY_FIRST BRIG_NSEC_PER_MSEC
#define RETRY_LAST (2 * BRIG_NSEC_PER_SEC)
#define RETRIES_BEFORE_COMPLAINT 12u

static void try_to_finish(void *context);
static void try_to_report_lost(void *context);

static void retry(Container *c, void (*work)(void *context))
{
        int64_t pause = RETRY_FIRST;

        for (unsigned i = 0; i < c->attempts && pause < RETRY_LAST; i++)
                pause *= 2;
        if (++c->attempts == RETRIES_BEFORE_COMPLAINT)
                log_warn("container %.12s: its processes do not end, brigd goes on trying", c->id);
        loop_set_timer(&c->d->loop, &c->timer, MIN2(pause, RETRY_LAST), work, c);
}

/* Kills what is left; true when nothing is. What can't be looked at (no descriptor is free) is not empty: the id range goes with it. */
static bool emptied(const Container *c)
{
        _cleanup_cgroup_ Cgroup group;
        int r;

        brig_cgroup_init(&group);
        r = brig_cgroup_open(c->d->cgroup_parent, c->id, &group);
        if (r < 0)
                return r == -ENOENT;
        BRIG_IGNORE(brig_cgroup_freeze(&group, false)); /* a frozen process does not die on v1; a refusal shows as "not empty" */
        return brig_cgroup_signal(&group, SIGKILL) == 0;
}

void container_exited(Container *c)
{
        c->phase = CONTAINER_EXITED;
        BRIG_IGNORE(container_mark_paused(c, false)); /* a marker that stays is ignored: it goes with the socket */
        c->pid = 0;
        container_tell_exit(c);
}

/* What the monitor wrote when it could not tell; only a record of this very container counts. */
static bool read_exit_record(Container *c)
{
        char path[BRIG_ID_LEN + 16], frame[8192];
        WireMessage m;

        (void)snprintf(path, sizeof(path), "%s/" BRIG_WIRE_EXIT_RECORD, c->id);
        _cleanup_close_ int fd = openat(c->d->places.containers, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        ssize_t n = fd >= 0 ? read(fd, frame, sizeof(frame)) : -1;
        if (n <= 0 || brig_wire_decode(frame, (size_t)n, 0, WIRE_MONITOR_TO_BRIGD, &m) < 0)
                return false;
        if (m.type != WIRE_EXITED || !streq(m.exited.id, c->id))
                return false;
        c->exit_code = m.exited.exit_code;
        c->oom = m.exited.oom;
        c->finished_at = m.exited.finished_at;
        if (m.exited.started_at)
                c->started_at = m.exited.started_at;
        BRIG_IGNORE(brig_str_set(&c->reason, m.exited.reason)); /* without memory the code alone is told */
        return true;
}

/*
 * So that a brigd that dies now and its successor tell the same end, with the
 * same time, and brig-api knows it for one. Lost with the machine, which is no loss.
 */
static void write_exit_record(const Container *c)
{
        WireMessage m = { .type = WIRE_EXITED, .exited = {
                .id = c->id, .exit_code = c->exit_code, .oom = c->oom, .finished_at = c->finished_at, .reason = c->reason,
                .started_at = c->started_at,
        } };
        char path[BRIG_ID_LEN + 16], frame[8192];
        ssize_t n = brig_wire_encode(&m, WIRE_MONITOR_TO_BRIGD, frame, sizeof(frame));

        (void)snprintf(path, sizeof(path), "%s/" BRIG_WIRE_EXIT_RECORD, c->id);
        /* The folder was the monitor's: a pipe or another file's hard link may lie in the record's place. Only a new file is written. */
        (void)unlinkat(c->d->places.containers, path, 0);
        _cleanup_close_ int fd = openat(c->d->places.containers, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (n < 0 || fd < 0 || write(fd, frame, (size_t)n) != n)
                log_warn("container %.12s: its end can't be noted: %s", c->id, strerror(errno));
}

static void try_to_report_lost(void *context)
{
        Container *c = context;

        if (!emptied(c)) {
                retry(c, try_to_report_lost);
                return;
        }
        c->attempts = 0;
        if (!read_exit_record(c)) {
                c->exit_code = 128 + SIGKILL;
                c->finished_at = (uint64_t)brig_now_realtime();
                BRIG_IGNORE(brig_str_set(&c->reason, "monitor lost")); /* without memory the code alone is told */
                write_exit_record(c);
                log_error("container %.12s: its monitor was lost, it was killed", c->id);
        }
        container_exited(c);
}

void container_lost(Container *c)
{
        c->phase = CONTAINER_LOST;
        try_to_report_lost(c);
}

void container_monitor_gone(Container *c)
{
        switch (c->phase) {
        case CONTAINER_STARTING:
                /* An answer to the LAUNCH went out when the link broke, unless another brigd was asked. */
                if (c->recovered)
                        container_lost(c);
                else
                        container_end(c);
                break;
        case CONTAINER_RUNNING:
                container_lost(c);
                break;
        case CONTAINER_ENDING:
                try_to_finish(c);
                break;
        case CONTAINER_LOST:
        case CONTAINER_EXITED:
                break;
        }
}

void container_acknowledge(Container *c)
{
        WireMessage m = { .type = WIRE_EXIT_ACK, .id = { c->id } };

        if (c->phase != CONTAINER_EXITED)
                return;
        /* A monitor that can't be told is ended by container_end's patience. */
        if (c->link.fd >= 0)
                BRIG_IGNORE(brig_wire_send(&c->link, &m));
        container_end(c);
}

static void lose_patience(void *context)
{
        Container *c = context;

        log_warn("container %.12s: its monitor does not end, it is killed", c->id);
        container_drop_monitor(c);
        if (c->monitor.pidfd < 0)
                try_to_finish(c);
}

void container_end(Container *c)
{
        c->phase = CONTAINER_ENDING;
        c->attempts = 0;
        /* A monitor that nobody watches would never be seen to end. */
        if (c->monitor.pidfd >= 0 && c->monitor_source.fd < 0) {
                container_drop_monitor(c);
                (void)child_wait(&c->monitor); /* it was killed */
        }
        if (c->monitor.pidfd >= 0 || c->link.fd >= 0)
                loop_set_timer(&c->d->loop, &c->timer, MONITOR_PATIENCE, lose_patience, c);
        else
                try_to_finish(c);
}

/*
 * The socket first: a brigd that starts while this one dies here takes a container without a
 * socket for gone, and gives its range back. The record last: as long as there is a socket, the
 * successor must find how the container ended, or it would tell a made-up end over the true one.
 */
static void remove_traces(Container *c)
{
        _cleanup_free_ char *socket = container_socket_path(c->d, c->id);
        char path[BRIG_ID_LEN + 16];

        (void)unlinkat(c->d->places.sockets, c->id, 0);
        if (c->range_base && socket)
                ranges_give_back(&c->d->ranges, c->range_base, socket);
        /* The range's owner has no more business in the folder; it may be in the trash already. */
        BRIG_IGNORE(fchownat(c->d->places.containers, c->id, 0, c->d->account.gid, AT_SYMLINK_NOFOLLOW));
        (void)snprintf(path, sizeof(path), "%s/" BRIG_WIRE_EXIT_RECORD, c->id);
        (void)unlinkat(c->d->places.containers, path, 0); /* mostly there is none */
}

static void try_to_finish(void *context)
{
        Container *c = context;
        Brigd *d = c->d;
        int r = emptied(c) ? brig_cgroup_remove(d->cgroup_parent, c->id) : -EBUSY;

        if (r == -EBUSY) {
                retry(c, try_to_finish);
                return;
        }
        if (r < 0)
                log_warn("container %.12s: its cgroup stays behind: %s", c->id, strerror(-r));
        remove_traces(c);
        Launch *next = TAKE_PTR(c->next);
        brig_map_remove(d->containers, c->id);
        /* A brig-api that has gone does not wait for it, and the new one asks for itself. */
        if (next && next->asker.generation == d->api.generation)
                container_launch(d, next);
        else
                launch_free(next);
}
