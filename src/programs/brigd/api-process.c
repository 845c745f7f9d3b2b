#include "api-process.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "jobs.h"
#include "listeners.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

/* Most bytes that wait for a brig-api that is slow to read. */
#define QUEUE_MAX (8u << 20)
#define RESTART_FIRST (50 * BRIG_NSEC_PER_MSEC)
#define RESTART_LAST (5 * BRIG_NSEC_PER_SEC)
/* One that ran this long was healthy: the next failure starts the back-off anew. */
#define HEALTHY_AFTER (30 * BRIG_NSEC_PER_SEC)
#define STOP_PATIENCE (5 * BRIG_NSEC_PER_SEC)

struct Outgoing {
        Outgoing *next;
        size_t len;
        char frame[];
};

static void drop_queue(Api *a)
{
        for (Outgoing *o = a->queue, *next; o; o = next) {
                next = o->next;
                free(o);
        }
        a->queue = NULL;
        a->queue_end = &a->queue;
        a->queued = 0;
}

static void close_link(Brigd *d)
{
        Api *a = &d->api;

        loop_remove(&d->loop, &a->link_source);
        brig_wire_channel_done(&a->link);
        drop_queue(a);
        a->generation++;
}

static void kill_it(Brigd *d, const char *why)
{
        log_error("brig-api is ended: %s", why);
        close_link(d);
        child_kill(&d->api.child, SIGKILL);
}

static void flush_queue(Brigd *d)
{
        Api *a = &d->api;

        while (a->queue) {
                Outgoing *o = a->queue;
                if (send(a->link.fd, o->frame, o->len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                        return;
                a->queue = o->next;
                if (!a->queue)
                        a->queue_end = &a->queue;
                a->queued -= o->len;
                free(o);
        }
        BRIG_IGNORE(loop_change(&d->loop, &a->link_source, EPOLLIN)); /* a wake-up too many is harmless */
}

static void enqueue(Brigd *d, const char *frame, size_t len)
{
        Api *a = &d->api;
        Outgoing *o = a->queued + len <= QUEUE_MAX ? malloc(sizeof(*o) + len) : NULL;

        if (!o) {
                kill_it(d, "it does not read what brigd says");
                return;
        }
        o->next = NULL;
        o->len = len;
        memcpy(o->frame, frame, len);
        *a->queue_end = o;
        a->queue_end = &o->next;
        a->queued += len;
        if (loop_change(&d->loop, &a->link_source, EPOLLIN | EPOLLOUT) < 0)
                kill_it(d, "its link can't be watched");
}

void api_send(Brigd *d, const WireMessage *m)
{
        char frame[BRIG_WIRE_MAX_BYTES];
        Api *a = &d->api;

        if (a->link.fd < 0)
                return;
        ssize_t n = brig_wire_encode(m, WIRE_BRIGD_TO_API, frame, sizeof(frame));
        if (n < 0) {
                log_error("a message %s for brig-api is out of bounds", brig_wire_type_name(m->type));
                return;
        }
        if (!a->queue && send(a->link.fd, frame, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
                return;
        if (!a->queue && errno != EAGAIN && errno != ENOBUFS)
                return; /* it has ended: the loop will tell */
        enqueue(d, frame, (size_t)n);
}

void api_reply(Brigd *d, uint32_t generation, uint32_t serial, WireMessage *m)
{
        if (generation != d->api.generation || serial == 0)
                return;
        m->serial = serial;
        api_send(d, m);
}

void api_reply_ok(Brigd *d, uint32_t generation, uint32_t serial)
{
        WireMessage m = { .type = WIRE_OK };

        api_reply(d, generation, serial, &m);
}

void api_reply_error(Brigd *d, uint32_t generation, uint32_t serial, const BrigError *err)
{
        WireMessage m = { .type = WIRE_ERROR,
                          .error = { .kind = (uint32_t)err->kind, .errnum = err->errnum, .message = err->message } };

        api_reply(d, generation, serial, &m);
}

static void start_later(void *context)
{
        api_start(context);
}

static void restart(Brigd *d)
{
        Api *a = &d->api;
        int64_t pause = RESTART_FIRST;

        if (brig_now_monotonic() - a->started_at > HEALTHY_AFTER)
                a->failures = 0;
        for (unsigned i = 0; i < a->failures && pause < RESTART_LAST; i++)
                pause *= 2;
        a->failures++;
        loop_set_timer(&d->loop, &a->restart, MIN2(pause, RESTART_LAST), start_later, d);
}

static void on_child_end(void *context, uint32_t events)
{
        Brigd *d = context;
        Api *a = &d->api;

        loop_remove(&d->loop, &a->child_source);
        int status = child_wait(&a->child);
        close_link(d);
        jobs_forsake(d);
        if (d->stopping)
                return;
        log_error("brig-api ended with status %d, it is started again", status);
        restart(d);
}

static void on_link(void *context, uint32_t events)
{
        Brigd *d = context;
        Api *a = &d->api;
        _cleanup_message_ WireMessage m = { 0 };

        if (events & EPOLLOUT)
                flush_queue(d);
        if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                return;
        int r = brig_wire_receive(&a->link, &m);
        if (r == -EAGAIN)
                return;
        if (r == -EBADMSG)
                kill_it(d, "its message is not in the table");
        else if (r <= 0)
                close_link(d);
        else
                request_handle(d, &m);
}

typedef struct Arguments {
        char channel[16], listen[1024], config[16];
        const char *argv[20];
} Arguments;

static void fill_arguments(const Brigd *d, Arguments *a)
{
        static const char *const levels[] = { "error", "warn", "info", "debug" };
        const Options *o = &d->options;
        size_t used = 0, n = 0;

        (void)snprintf(a->channel, sizeof(a->channel), "3");
        (void)snprintf(a->config, sizeof(a->config), "%zu", 4 + d->n_listeners);
        for (size_t i = 0; i < d->n_listeners; i++)
                used += (size_t)snprintf(a->listen + used, sizeof(a->listen) - used, "%s%zu", i ? "," : "", 4 + i);
        const char *const all[] = {
                "brig-api", "--channel-fd", a->channel, "--listen-fd", a->listen, "--data-root", o->data_root, "--exec-root", o->exec_root,
                "--config-file", o->config_file, "--log-level", levels[o->log_level], d->config >= 0 ? "--config-fd" : NULL, a->config, NULL,
        };
        for (; n < ARRAY_SIZE(all); n++)
                a->argv[n] = all[n];
}

/* Behind what brig-api is told of comes the lock of the data root: it is free when no brig-api is left. */
static int start_child(Brigd *d, int channel)
{
        const char *environment[] = { "PATH=/usr/bin:/bin", NULL, NULL };
        int fds[SPAWN_MAX_FDS] = { channel };
        Arguments arguments;
        size_t n = 1;

#ifdef BRIG_TEST_SWITCHES
        _cleanup_free_ char *disable = brig_str_printf("BRIG_TEST_DISABLE=%s", d->options.disable);
        if (!disable)
                return -ENOMEM;
        environment[1] = disable;
#endif
        for (size_t i = 0; i < d->n_listeners; i++)
                fds[n++] = d->listeners[i].fd;
        if (d->config >= 0)
                fds[n++] = d->config;
        fds[n++] = d->places.lock;
        fill_arguments(d, &arguments);
        const Spawn s = {
                .program = d->programs.api, .argv = arguments.argv, .environment = environment, .flags = SPAWN_DROP | SPAWN_DIES_WITH_US,
                .fds = fds, .n_fds = n, .out = -EBADF, .uid = d->account.uid, .gid = d->account.gid,
        };
        return spawn(&s, &d->api.child);
}

static int try_start(Brigd *d)
{
        WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brigd", .id = "" } };
        _cleanup_close_ int theirs = -EBADF;
        Api *a = &d->api;
        int fds[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        theirs = fds[1];
        r = brig_wire_channel_init(&a->link, fds[0], WIRE_API_TO_BRIGD, WIRE_BRIGD_TO_API);
        if (r >= 0 && fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
                r = -errno;
        if (r >= 0)
                r = loop_add(&d->loop, &a->link_source, a->link.fd, EPOLLIN, on_link, d);
        if (r >= 0)
                r = start_child(d, theirs);
        if (r < 0)
                return r;
        r = loop_add(&d->loop, &a->child_source, a->child.pidfd, EPOLLIN, on_child_end, d);
        if (r < 0) {
                child_kill(&a->child, SIGKILL);
                (void)child_wait(&a->child); /* it was killed */
                return r;
        }
        api_send(d, &hello);
        return 0;
}

void api_start(Brigd *d)
{
        Api *a = &d->api;
        int r;

        a->started_at = brig_now_monotonic();
        a->queue_end = &a->queue;
        a->generation++;
        r = try_start(d);
        if (r >= 0) {
                log_debug("brig-api runs as process %d", (int)a->child.pid);
                return;
        }
        log_error("brig-api can't be started: %s", strerror(-r));
        close_link(d);
        restart(d);
}

static void lose_patience(void *context)
{
        Brigd *d = context;

        kill_it(d, "it does not end by itself");
}

void api_stop(Brigd *d)
{
        Api *a = &d->api;

        loop_clear_timer(&d->loop, &a->restart);
        child_kill(&a->child, SIGTERM);
        if (a->child.pid > 0)
                loop_set_timer(&d->loop, &a->restart, STOP_PATIENCE, lose_patience, d);
}

void api_free(Brigd *d)
{
        close_link(d);
}
