#include "listeners.h"
#include "base/strings.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 512

static int make_parents(const char *path)
{
        _cleanup_free_ char *copy = brig_str_dup(path);

        if (!copy)
                return -ENOMEM;
        for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = 0;
                if (mkdir(copy, 0755) < 0 && errno != EEXIST)
                        return -errno;
                *slash = '/';
        }
        return 0;
}

/* 1: somebody answers. 0: nobody. */
static int is_answered(const struct sockaddr_un *address)
{
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        /* EAGAIN: the queue of a living listener is full. */
        return connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN;
}

/* Only a socket is ever removed, and only a dead one. */
static int remove_stale(const struct sockaddr_un *address)
{
        struct stat st;
        int r;

        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;
        r = is_answered(address);
        if (r != 0)
                return r < 0 ? r : -EADDRINUSE;
        return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int open_socket(const struct sockaddr_un *address, Listener *l)
{
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct stat st;
        mode_t mask;
        int r;

        if (fd < 0)
                return -errno;
        /* The mode is right from the first instant on: bind makes the file. */
        mask = umask(0177);
        r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
        (void)umask(mask);
        if (r < 0)
                return r;
        if (listen(fd, BACKLOG) < 0 || lstat(address->sun_path, &st) < 0)
                return -errno;
        l->inode = st.st_ino;
        l->fd = TAKE_FD(fd);
        return 0;
}

static int open_one(Listener *l, BrigError *err)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r;

        if (!memccpy(address.sun_path, l->path, 0, sizeof(address.sun_path)))
                return brig_error_set(err, BRIG_ERR_INVALID, ENAMETOOLONG, "listen on \"%s\": path too long", l->path);
        r = make_parents(l->path);
        if (r >= 0)
                r = remove_stale(&address);
        if (r == -EADDRINUSE)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EADDRINUSE, "listen on \"%s\": another daemon answers there", l->path);
        if (r >= 0)
                r = open_socket(&address, l);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "listen on \"%s\"", l->path) : 0;
}

int listeners_open(Brigd *d, BrigError *err)
{
        size_t n = brig_strv_len(d->options.hosts);

        d->listeners = calloc(n, sizeof(*d->listeners));
        if (!d->listeners)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "listeners");
        BRIG_STRV_FOREACH(host, d->options.hosts) {
                Listener *l = &d->listeners[d->n_listeners++];
                *l = (Listener){ .fd = -EBADF, .path = brig_str_dup(*host + strlen("unix://")) };
                if (!l->path)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "listeners");
                int r = open_one(l, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

void listeners_close(Brigd *d)
{
        for (size_t i = 0; i < d->n_listeners; i++) {
                Listener *l = &d->listeners[i];
                struct stat st;
                if (l->fd >= 0 && lstat(l->path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == l->inode)
                        (void)unlink(l->path); /* a leftover is replaced by the next start */
                l->fd = brig_close(l->fd);
                free(l->path);
        }
        free(d->listeners);
        d->listeners = NULL;
        d->n_listeners = 0;
}
