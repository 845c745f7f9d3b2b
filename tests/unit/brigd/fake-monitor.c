/*
 * Stands in for brig-monitor: no container, but the monitor's half of the
 * protocol. What it does is the plan's host name:
 *   run      a container that runs until a signal comes
 *   quick    one that has exited (status 3) before anyone looks
 *   refuse   the launch fails
 *   crash    dies before it answers
 *   liar     speaks for another container
 *   garbage  sends what is in no table
 *   stray    answers what nobody asked
 *   hang     never answers
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "plan/plan.h"
#include "wire/wire.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>

BRIG_LOG_STATE;

typedef struct Fake {
        WireChannel link, server;
        int listener, folder;
        char id[BRIG_ID_LEN + 1], behaviour[32];
        bool exited;
        int code;
} Fake;

static void must(int r, const char *what)
{
        if (r >= 0)
                return;
        fprintf(stderr, "fake-monitor: %s: %s\n", what, strerror(-r));
        _exit(1);
}

static void greet(WireChannel *c, const Fake *f)
{
        WireMessage m = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brig-monitor", .id = f->id } };
        must(brig_wire_send(c, &m), "hello");
}

static WireMessage exit_message(const Fake *f)
{
        return (WireMessage){ .type = WIRE_EXITED, .exited = { .id = f->id, .exit_code = f->code, .finished_at = 77, .reason = "" } };
}

static void leave(Fake *f, int code)
{
        char frame[1024];
        WireMessage m;

        f->exited = true;
        f->code = code;
        m = exit_message(f);
        ssize_t n = brig_wire_encode(&m, WIRE_MONITOR_TO_BRIGD, frame, sizeof(frame));
        _cleanup_close_ int fd = openat(f->folder, BRIG_WIRE_EXIT_RECORD, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
        must(fd >= 0 && write(fd, frame, (size_t)n) == n ? 0 : -EIO, "exit record");
        if (f->link.fd >= 0)
                BRIG_IGNORE(brig_wire_send(&f->link, &m)); /* brigd may be away */
}

static void start(Fake *f)
{
        _cleanup_message_ WireMessage m = { 0 };
        LaunchPlan plan;
        size_t len;
        void *map;

        must(brig_wire_receive(&f->link, &m) - 1, "hello of brigd");
        must(brig_wire_receive(&f->link, &m) - 1, "start");
        must(m.type == WIRE_MONITOR_START ? 0 : -EPROTO, "start");
        must(brig_plan_from_memfd(m.fds[WIRE_START_PLAN], &plan, &map, &len, NULL), "plan");
        (void)snprintf(f->behaviour, sizeof(f->behaviour), "%s", plan.hostname);
        (void)snprintf(f->id, sizeof(f->id), "%s", m.monitor_start.id);
        brig_plan_done(&plan);
        f->listener = TAKE_FD(m.fds[WIRE_START_LISTENER]);
        f->folder = TAKE_FD(m.fds[WIRE_START_CONTAINER]);
        (void)listen(f->listener, 8);
        greet(&f->link, f);
        /* The streams get a word, so that the test sees which descriptor came where. */
        for (size_t i = BRIG_WIRE_START_FDS; i < m.n_fds; i++)
                (void)!write(m.fds[i], "stream", 6);

        WireMessage launched = { .type = WIRE_LAUNCHED, .serial = m.serial, .launched = { .id = f->id, .pid = getpid(), .started_at = 5, .warnings = "" } };
        WireMessage refused = { .type = WIRE_ERROR, .serial = m.serial, .error = { BRIG_ERR_COMMAND_NOT_FOUND, ENOENT, "no such command" } };
        WireMessage stray = { .type = WIRE_OK, .serial = m.serial + 1000 };
        WireMessage lie = { .type = WIRE_OOM, .id = { "0000000000000000000000000000000000000000000000000000000000000bad" } };
        if (streq(f->behaviour, "crash") || streq(f->behaviour, "hang"))
                return;
        must(brig_wire_send(&f->link, streq(f->behaviour, "refuse") ? &refused : &launched), "launched");
        if (streq(f->behaviour, "liar"))
                must(brig_wire_send(&f->link, &lie), "lie");
        if (streq(f->behaviour, "stray"))
                must(brig_wire_send(&f->link, &stray), "stray");
        if (streq(f->behaviour, "garbage"))
                (void)!send(f->link.fd, "garbage", 7, 0);
        if (streq(f->behaviour, "quick"))
                leave(f, 3);
}

static void on_message(Fake *f, WireMessage *m)
{
        WireMessage ok = { .type = WIRE_OK, .serial = m->serial };
        WireMessage started = { .type = WIRE_EXEC_STARTED, .serial = m->serial, .exec_started = { .id = f->id, .exec_id = m->exec.exec_id, .pid = 1 } };
        WireMessage report = { .type = WIRE_READBACK_REPORT, .serial = m->serial, .report = { "key\tvalue" } };

        if (m->type == WIRE_EXIT_ACK)
                _exit(0);
        if (m->type == WIRE_ATTACH)
                (void)!write(m->fds[0], "attached", 8);
        if (m->type == WIRE_EXEC)
                must(brig_wire_send(&f->link, &started), "exec");
        else if (m->type == WIRE_READBACK)
                must(brig_wire_send(&f->link, &report), "readback");
        else if (m->type != WIRE_HELLO)
                must(brig_wire_send(&f->link, &ok), "ok");
        if (m->type == WIRE_SIGNAL)
                leave(f, 128 + m->signal.signo);
}

static void on_brigd(Fake *f)
{
        int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
        WireMessage status = { .type = WIRE_STATUS, .status = {
                .id = f->id, .state = f->exited ? WIRE_STATE_EXITED : WIRE_STATE_RUNNING, .pid = getpid(), .exit_code = f->code, .started_at = 5 } };
        WireMessage m = exit_message(f);

        brig_wire_channel_done(&f->link);
        must(brig_wire_channel_init(&f->link, fd, WIRE_BRIGD_TO_MONITOR, WIRE_MONITOR_TO_BRIGD), "new link");
        greet(&f->link, f);
        must(brig_wire_send(&f->link, &status), "status");
        if (f->exited)
                must(brig_wire_send(&f->link, &m), "exit again");
}

static void serve(Fake *f)
{
        for (;;) {
                struct pollfd p[2] = { { .fd = f->listener, .events = POLLIN }, { .fd = f->link.fd, .events = POLLIN } };
                if (poll(p, 2, -1) < 0)
                        continue;
                if (p[0].revents) {
                        on_brigd(f);
                        continue;
                }
                if (!p[1].revents)
                        continue;
                _cleanup_message_ WireMessage m = { 0 };
                if (brig_wire_receive(&f->link, &m) <= 0)
                        brig_wire_channel_done(&f->link);
                else
                        on_message(f, &m);
        }
}

int main(int argc, char **argv)
{
        Fake f = { .listener = -EBADF, .folder = -EBADF };

        must(brig_wire_channel_init(&f.link, 3, WIRE_BRIGD_TO_MONITOR, WIRE_MONITOR_TO_BRIGD), "link");
        start(&f);
        if (streq(f.behaviour, "crash"))
                abort();
        if (streq(f.behaviour, "refuse"))
                return 0;
        serve(&f);
        return 0;
}
