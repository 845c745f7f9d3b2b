/*
 * What brig-api may ask for: one row a message. brig-api is not trusted: the
 * wire's table has checked the shape, each row here checks the sense.
 */
#include "api-process.h"
#include "base/clock.h"
#include "base/strings.h"
#include "containers.h"
#include "jobs.h"
#include "runtime/cgroup.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#define LIST_PAUSE (5 * BRIG_NSEC_PER_MSEC)
#define LIST_PATIENCE (5 * BRIG_NSEC_PER_SEC)

static void refuse(Brigd *d, uint32_t serial, BrigErrorKind kind, int errnum, const char *id, const char *text)
{
        BrigError err = BRIG_ERROR_INIT;

        (void)brig_error_set(&err, kind, errnum, "container \"%s\" %s", id, text);
        api_reply_error(d, d->api.generation, serial, &err);
}

static void on_hello(Brigd *d, WireMessage *m)
{
        const char *id;
        void *value;

        for (size_t i = 0; brig_map_next(d->containers, &i, &id, &value);)
                if (((Container *)value)->phase == CONTAINER_EXITED)
                        container_tell_exit(value);
}

static void on_launch(Brigd *d, WireMessage *m)
{
        Launch *l = calloc(1, sizeof(*l));

        if (!l) {
                refuse(d, m->serial, BRIG_ERR_INTERNAL, ENOMEM, m->launch.id, "can't be launched: out of memory");
                return;
        }
        (void)memccpy(l->id, m->launch.id, 0, sizeof(l->id)); /* 64 characters: the wire's table has seen to it */
        l->asker = (Asker){ .generation = d->api.generation, .serial = m->serial };
        l->n_streams = m->launch.streams.len;
        l->n_keys = m->launch.detach_keys.len;
        brig_assert(l->n_streams <= ARRAY_SIZE(l->streams) && l->n_keys <= sizeof(l->keys));
        if (l->n_streams)
                memcpy(l->streams, m->launch.streams.data, l->n_streams);
        if (l->n_keys)
                memcpy(l->keys, m->launch.detach_keys.data, l->n_keys);
        l->plan = TAKE_FD(m->fds[0]);
        for (size_t i = 0; i < l->n_streams; i++)
                l->stream_fds[i] = TAKE_FD(m->fds[1 + i]);
        container_launch(d, l);
}

/* The monitor holds it against the container; the ceiling that counts now, after a reload, is only here. */
static int check_exec(const Brigd *d, const WireMessage *m, BrigError *err)
{
        LaunchPlan plan;
        size_t len;
        void *map;
        int r = brig_plan_from_memfd(m->fds[0], &plan, &map, &len, err);

        if (r < 0)
                return r;
        if (plan.kind != PLAN_KIND_EXEC || !streq(plan.container_id, m->exec.id) || !streq(plan.exec_id, m->exec.exec_id))
                r = brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "exec plan: is not one of session \"%s\"", m->exec.exec_id);
        else
                r = brig_ceiling_check_plan(d->ceiling, &plan, err);
        brig_plan_done(&plan);
        (void)munmap(map, len); /* nothing else can be done about it */
        return r;
}

/* A monitor that hangs in a mount answers nobody: a container that does not run yet is killed by killing it. */
static bool kills_a_launch(const Container *c, const WireMessage *m)
{
        return c->phase == CONTAINER_STARTING && m->type == WIRE_SIGNAL && m->signal.signo == SIGKILL && brig_str_empty(m->signal.exec_id);
}

static void on_relay(Brigd *d, WireMessage *m)
{
        BrigError err = BRIG_ERROR_INIT;
        Container *c = container_get(d, m->id.id);

        if (!c)
                refuse(d, m->serial, BRIG_ERR_CONFLICT, ESRCH, m->id.id, "is not running");
        else if (m->type == WIRE_EXEC && check_exec(d, m, &err) < 0)
                api_reply_error(d, d->api.generation, m->serial, &err);
        else if (kills_a_launch(c, m)) {
                container_drop_monitor(c);
                api_reply_ok(d, d->api.generation, m->serial);
        } else
                container_relay(c, m);
}

/* The kernel answers EINPROGRESS-like on v1: the last processes freeze a moment later. */
static void on_pause(Brigd *d, WireMessage *m)
{
        _cleanup_cgroup_ Cgroup group;
        Container *c = container_get(d, m->pause.id);
        int r;

        brig_cgroup_init(&group);
        if (!c || c->phase != CONTAINER_RUNNING) {
                refuse(d, m->serial, BRIG_ERR_CONFLICT, ESRCH, m->pause.id, "is not running");
                return;
        }
        r = brig_cgroup_open(d->cgroup_parent, c->id, &group);
        if (r >= 0)
                r = brig_cgroup_freeze(&group, m->pause.paused);
        if (r >= 0)
                r = container_mark_paused(c, m->pause.paused);
        if (r < 0) {
                refuse(d, m->serial, BRIG_ERR_INTERNAL, -r, c->id, m->pause.paused ? "can't be frozen by its cgroup" : "can't be thawed by its cgroup");
                return;
        }
        api_reply_ok(d, d->api.generation, m->serial);
}

static void on_pids(Brigd *d, WireMessage *m)
{
        _cleanup_cgroup_ Cgroup group;
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        Container *c = container_get(d, m->id.id);
        int r;

        brig_cgroup_init(&group);
        if (!c || c->phase != CONTAINER_RUNNING) {
                refuse(d, m->serial, BRIG_ERR_CONFLICT, ESRCH, m->id.id, "is not running");
                return;
        }
        r = brig_cgroup_open(d->cgroup_parent, c->id, &group);
        if (r >= 0)
                r = brig_cgroup_pids(&group, &pids, &n);
        if (r < 0) {
                refuse(d, m->serial, BRIG_ERR_INTERNAL, -r, m->id.id, "can't be asked for its processes");
                return;
        }
        n = MIN2(n, BRIG_WIRE_MAX_REPORT / sizeof(*pids));
        WireMessage reply = { .type = WIRE_PID_LIST, .pid_list = { .pids = { pids, n * sizeof(*pids) } } };
        api_reply(d, d->api.generation, m->serial, &reply);
}

static void on_exit_ack(Brigd *d, WireMessage *m)
{
        Container *c = container_get(d, m->id.id);

        if (c)
                container_acknowledge(c);
}

static void on_remove(Brigd *d, WireMessage *m)
{
        BrigError err = BRIG_ERROR_INIT;
        Container *c = container_get(d, m->id.id);

        if (c && (c->phase != CONTAINER_ENDING || c->next)) {
                refuse(d, m->serial, BRIG_ERR_CONFLICT, EBUSY, c->id, "is running");
                return;
        }
        if (jobs_trash_container(d, m->id.id, &err) < 0)
                api_reply_error(d, d->api.generation, m->serial, &err);
        else
                api_reply_ok(d, d->api.generation, m->serial);
}

static bool is_anyone_starting(const Brigd *d)
{
        const char *id;
        void *value;

        for (size_t i = 0; brig_map_next(d->containers, &i, &id, &value);)
                if (((Container *)value)->phase == CONTAINER_STARTING)
                        return true;
        return false;
}

static void answer_list(void *context)
{
        Brigd *d = context;
        Api *a = &d->api;
        const char *id;
        void *value;

        if (is_anyone_starting(d) && brig_now_monotonic() < a->list_until) {
                loop_set_timer(&d->loop, &a->list_timer, LIST_PAUSE, answer_list, d);
                return;
        }
        for (size_t i = 0; a->list_generation == a->generation && brig_map_next(d->containers, &i, &id, &value);)
                if (((Container *)value)->phase != CONTAINER_ENDING)
                        container_tell_status(value, a->list_serial);
        api_reply_ok(d, a->list_generation, a->list_serial);
        a->list_serial = 0;
}

/*
 * A new brig-api asks this first, and takes over what it hears. A launch that
 * its predecessor asked for gets a moment to become a container or a failure.
 */
static void on_list(Brigd *d, WireMessage *m)
{
        Api *a = &d->api;

        if (a->list_serial) { /* it asks twice: the first answer is given as things are */
                a->list_until = 0;
                answer_list(d);
        }
        a->list_serial = m->serial;
        a->list_generation = a->generation;
        a->list_until = brig_now_monotonic() + LIST_PATIENCE;
        answer_list(d);
}

static void on_layer_remove(Brigd *d, WireMessage *m)
{
        BrigError err = BRIG_ERROR_INIT;

        if (jobs_trash_layer(d, m->layer.digest, &err) < 0)
                api_reply_error(d, d->api.generation, m->serial, &err);
        else
                api_reply_ok(d, d->api.generation, m->serial);
}

static void on_layer_list(Brigd *d, WireMessage *m)
{
        int fd = openat(d->places.layers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        while (folder && (entry = readdir(folder))) {
                WireMessage reply = { .type = WIRE_LAYER, .layer = { .digest = entry->d_name } };
                if (brig_id_valid(entry->d_name))
                        api_reply(d, d->api.generation, m->serial, &reply);
        }
        if (folder)
                (void)closedir(folder);
        api_reply_ok(d, d->api.generation, m->serial);
}

static const struct { WireType type; void (*handle)(Brigd *d, WireMessage *m); } handlers[] = {
        { WIRE_HELLO, on_hello },
        { WIRE_LAUNCH, on_launch },
        { WIRE_EXEC, on_relay },
        { WIRE_ATTACH, on_relay },
        { WIRE_SIGNAL, on_relay },
        { WIRE_RESIZE, on_relay },
        { WIRE_READBACK, on_relay },
        { WIRE_PAUSE, on_pause },
        { WIRE_PIDS, on_pids },
        { WIRE_EXIT_ACK, on_exit_ack },
        { WIRE_REMOVE, on_remove },
        { WIRE_LIST, on_list },
        { WIRE_UNPACK, jobs_unpack },
        { WIRE_LAYER_REMOVE, on_layer_remove },
        { WIRE_LAYER_LIST, on_layer_list },
};

void request_handle(Brigd *d, WireMessage *m)
{
        for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
                if (handlers[i].type == m->type)
                        handlers[i].handle(d, m);
}
