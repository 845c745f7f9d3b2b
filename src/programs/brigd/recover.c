#include "recover.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "containers.h"
#include "jobs.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* For all answers together; a monitor that is slower reports when it is ready. */
#define PATIENCE (3 * BRIG_NSEC_PER_SEC)

/* 0, or -ECONNREFUSED when no monitor is left. */
static int connect_to(const Brigd *d, const char *id, int *ret_fd)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", d->places.sockets, id);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/*
 * The process that called listen(2) last: the monitor repeats brigd's call for
 * that reason. Kernels before 6.5 can't tell; there the link alone says whether it lives.
 */
static int peer_pidfd(int fd)
{
        int pidfd = -EBADF;
        socklen_t len = sizeof(pidfd);

        return getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) < 0 ? -EBADF : pidfd;
}

static int reconnect(Container *c)
{
        WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brigd", .id = "" } };
        int fd = -EBADF, r = connect_to(c->d, c->id, &fd);

        if (r < 0)
                return r;
        c->monitor.pidfd = peer_pidfd(fd);
        r = brig_wire_channel_init(&c->link, fd, WIRE_MONITOR_TO_BRIGD, WIRE_BRIGD_TO_MONITOR);
        if (r >= 0)
                r = brig_wire_send(&c->link, &hello);
        return r < 0 ? r : container_watch(c);
}

static int recover_one(Brigd *d, const char *id)
{
        char marker[BRIG_ID_LEN + 16];
        Container *c = container_new(d, id);

        if (!c)
                return -ENOMEM;
        c->recovered = true;
        (void)snprintf(marker, sizeof(marker), "%.64s" CONTAINER_PAUSED_SUFFIX, id);
        c->paused = faccessat(d->places.sockets, marker, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        return 0;
}

static void set_range(void *context, const char *owner, uint32_t base)
{
        const char *slash = strrchr(owner, '/');
        Container *c = slash ? container_get(context, slash + 1) : NULL;

        if (c)
                c->range_base = base;
}

static int find_all(Brigd *d)
{
        _cleanup_free_ char *prefix = container_socket_path(d, "");
        int fd = openat(d->places.sockets, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!dir || !prefix)
                return -errno;
        while (r >= 0 && (entry = readdir(dir)))
                if (brig_id_valid(entry->d_name))
                        r = recover_one(d, entry->d_name);
        (void)closedir(dir); /* only read */
        if (r < 0)
                return r;
        ranges_sweep(&d->ranges, ""); /* also what other instances of this host have left for good */
        ranges_each(&d->ranges, prefix, set_range, d);
        return 0;
}

/* Freed containers leave the map while it is walked, which it permits. */
static void each(Brigd *d, void (*visit)(Container *c, int64_t until), int64_t until)
{
        const char *id;
        void *value;

        for (size_t i = 0; brig_map_next(d->containers, &i, &id, &value);)
                visit(value, until);
}

static void greet(Container *c, int64_t until)
{
        int r = reconnect(c);

        if (r >= 0)
                return;
        if (r != -ECONNREFUSED)
                log_warn("container %.12s: its monitor can't be reached: %s", c->id, strerror(-r));
        container_drop_monitor(c);
        c->monitor.pidfd = brig_close(c->monitor.pidfd);
        container_lost(c);
}

/* Folders of ephemeral containers that do not run: brig-api has forgotten them, or removes them again. */
static void trash_ephemeral(Brigd *d)
{
        int fd = openat(d->places.containers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;
        BrigError err = BRIG_ERROR_INIT;
        struct stat st;

        while (dir && (entry = readdir(dir))) {
                if (!brig_id_valid(entry->d_name) || container_get(d, entry->d_name))
                        continue;
                if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !(st.st_mode & S_ISVTX))
                        continue;
                if (jobs_trash_container(d, entry->d_name, &err) < 0)
                        log_warn("%s", err.message);
        }
        if (dir)
                (void)closedir(dir); /* only read */
}

int recover_containers(Brigd *d, BrigError *err)
{
        int64_t until = brig_now_monotonic() + PATIENCE;
        int r = find_all(d);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "containers of an earlier brigd");
        trash_ephemeral(d);
        if (brig_map_size(d->containers) == 0)
                return 0;
        each(d, greet, 0);
        each(d, container_await_status, until);
        log_info("%zu containers found", brig_map_size(d->containers));
        return 0;
}
