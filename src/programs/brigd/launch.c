/*
 * LAUNCH: from a plan to a running monitor. The plan is judged here by the
 * ceiling, whatever brig-api has judged before; the monitor gets everything
 * as descriptors and judges what needs a look at the file system.
 */
#include "api-process.h"
#include "base/log.h"
#include "base/strings.h"
#include "containers.h"
#include "runtime/cgroup.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

Launch *launch_free(Launch *l)
{
        if (!l)
                return NULL;
        l->plan = brig_close(l->plan);
        for (size_t i = 0; i < l->n_streams; i++)
                l->stream_fds[i] = brig_close(l->stream_fds[i]);
        free(l);
        return NULL;
}
BRIG_DEFINE_CLEANUP(Launch *, launch_free)

/* What the descriptors of a monitor are for the time of the launch. */
typedef struct Setup {
        int folder, listener, theirs;
} Setup;

static void setup_done(Setup *s)
{
        s->folder = brig_close(s->folder);
        s->listener = brig_close(s->listener);
        s->theirs = brig_close(s->theirs);
}

static int check_plan(const Brigd *d, Launch *l, BrigError *err)
{
        LaunchPlan plan;
        size_t len;
        void *map;
        int r = brig_plan_from_memfd(l->plan, &plan, &map, &len, err);

        if (r < 0)
                return r;
        if (plan.kind != PLAN_KIND_CONTAINER || !streq(plan.container_id, l->id))
                r = brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "launch plan: is not one of container \"%s\"", l->id);
        else
                r = brig_ceiling_check_plan(d->ceiling, &plan, err);
        l->ephemeral = plan.flags & PLAN_F_EPHEMERAL;
        brig_plan_done(&plan);
        (void)munmap(map, len); /* nothing else can be done about it */
        return r;
}

/* Through /proc, because a socket's address holds 107 bytes and an id alone has 64. */
static int open_listener(const Brigd *d, const char *id, int *ret_fd)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", d->places.sockets, id);
        if (unlinkat(d->places.sockets, id, 0) < 0 && errno != ENOENT)
                return -errno;
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* The socket first: a range whose owner's socket is missing counts as left behind. */
static int take_range(Container *c, BrigError *err)
{
        _cleanup_free_ char *path = container_socket_path(c->d, c->id);

        if (!path)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "container \"%s\"", c->id);
        return ranges_take(&c->d->ranges, path, &c->range_base, err);
}

static int prepare(Container *c, const Launch *l, Setup *s, BrigError *err)
{
        Brigd *d = c->d;
        int r = open_listener(d, c->id, &s->listener);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "socket of container \"%s\"", c->id);
        r = take_range(c, err);
        const FolderOwner owner = { .uid = c->range_base + BRIG_RANGE_MAPPED, .gid = d->account.gid, .ephemeral = l->ephemeral };
        if (r >= 0)
                r = places_make_upper(&d->places, c->id, BRIGD_STORAGE_BASE, err);
        if (r >= 0)
                r = places_open_container(&d->places, c->id, &owner, &s->folder, err);
        if (r >= 0 && unlinkat(s->folder, BRIG_WIRE_EXIT_RECORD, 0) < 0 && errno != ENOENT)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "container \"%s\": old exit record", c->id);
        return r;
}

static int open_link(Container *c, Setup *s)
{
        int fds[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        s->theirs = fds[1];
        r = brig_wire_channel_init(&c->link, fds[0], WIRE_MONITOR_TO_BRIGD, WIRE_BRIGD_TO_MONITOR);
        if (r >= 0 && fcntl(c->link.fd, F_SETFL, O_NONBLOCK) < 0)
                r = -errno;
        return r;
}

/* The monitor's descriptor 3 is the link; the rest comes with MONITOR_START. */
static int start_monitor(Container *c, Setup *s)
{
        const char *const argv[] = { "brig-monitor", c->id, NULL };
        const int fds[] = { s->theirs };
        const Spawn request = { .program = c->d->programs.monitor, .argv = argv, .flags = SPAWN_SHARED, .fds = fds, .n_fds = 1, .out = -EBADF };
        int r = spawn(&request, &c->monitor);

        return r < 0 ? r : container_watch(c);
}

static int send_start(Container *c, const Setup *s, const Launch *l)
{
        WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brigd", .id = "" } };
        WireMessage m = { .type = WIRE_MONITOR_START, .serial = ++c->last_serial, .n_fds = BRIG_WIRE_START_FDS + l->n_streams,
                .monitor_start = {
                        .id = c->id, .range_base = c->range_base, .range_size = BRIG_RANGE_MAPPED, .storage_base = BRIGD_STORAGE_BASE,
                        .cgroup_parent = c->d->cgroup_parent, .disable = c->d->options.disable,
                        .streams = { l->streams, l->n_streams }, .detach_keys = { l->keys, l->n_keys },
                },
                .fds = { [WIRE_START_PLAN] = l->plan, [WIRE_START_STORAGE] = c->d->places.storage, [WIRE_START_CONTAINER] = s->folder,
                         [WIRE_START_LISTENER] = s->listener, [WIRE_START_CEILING] = c->d->ceiling_text, [WIRE_START_INIT] = c->d->programs.init } };
        int r;

        memcpy(m.fds + BRIG_WIRE_START_FDS, l->stream_fds, sizeof(int) * l->n_streams);
        r = brig_wire_send(&c->link, &hello);
        if (r >= 0)
                r = brig_wire_send(&c->link, &m);
        if (r >= 0)
                c->pending[0] = (Pending){ .serial = m.serial, .type = m.type, .asker = l->asker };
        return r;
}

static int launch(Container *c, const Launch *l, BrigError *err)
{
        _cleanup_(setup_done) Setup s = { -EBADF, -EBADF, -EBADF };
        int r = prepare(c, l, &s, err);

        if (r < 0)
                return r;
        r = open_link(c, &s);
        if (r >= 0)
                r = start_monitor(c, &s);
        if (r >= 0)
                r = send_start(c, &s, l);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "monitor of container \"%s\"", c->id) : 0;
}

static int admit(Brigd *d, Launch *l, BrigError *err)
{
        if (container_get(d, l->id))
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "container \"%s\" is running", l->id);
        if (brig_map_size(d->containers) >= CONTAINERS_MAX)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EAGAIN, "%u containers run already", CONTAINERS_MAX);
        return check_plan(d, l, err);
}

/* Processes of a former run whose socket was deleted under them: they are ended first, as the end of any run. */
static bool has_leftover(const Brigd *d, const Launch *l)
{
        _cleanup_cgroup_ Cgroup group;

        brig_cgroup_init(&group);
        if (l->cleaned || faccessat(d->places.uppers, l->id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return false; /* its first run */
        return brig_cgroup_open(d->cgroup_parent, l->id, &group) >= 0;
}

void container_launch(Brigd *d, Launch *given)
{
        _cleanup_(launch_freep) Launch *l = given;
        BrigError err = BRIG_ERROR_INIT;
        Container *c = container_get(d, l->id);
        int r;

        if (!c && has_leftover(d, l)) {
                c = container_new(d, l->id);
                l->cleaned = true;
                if (c)
                        container_end(c);
                c = container_get(d, l->id);
        }

        /* A restart policy is faster than the end of the run before. */
        if (c && c->phase == CONTAINER_ENDING && !c->next) {
                c->next = TAKE_PTR(l);
                return;
        }
        r = admit(d, l, &err);
        c = r >= 0 ? container_new(d, l->id) : NULL;
        if (r >= 0)
                r = c ? launch(c, l, &err) : brig_error_errno(&err, BRIG_ERR_INTERNAL, ENOMEM, "container \"%s\"", l->id);
        if (r >= 0)
                return;
        api_reply_error(d, l->asker.generation, l->asker.serial, &err);
        if (!c)
                return;
        container_drop_monitor(c);
        container_end(c);
}
