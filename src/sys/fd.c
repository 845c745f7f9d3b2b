#include "sys/fd.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define KEEP_MAX 64

static int fd_flag(int fd, int get, int set, int flag, bool on)
{
        int flags = fcntl(fd, get);

        if (flags < 0)
                return -errno;
        return fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0 ? -errno : 0;
}

int brig_fd_set_cloexec(int fd, bool on)
{
        return fd_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int brig_fd_set_nonblock(int fd, bool on)
{
        return fd_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int brig_fd_move_to(int *fd, int to)
{
        if (*fd == to) {
                *fd = -EBADF;
                return brig_fd_set_cloexec(to, false);
        }
        if (dup2(*fd, to) < 0)
                return -errno;
        *fd = brig_close(*fd);
        return 0;
}

static int compare_fds(const void *a, const void *b)
{
        int x = *(const int *)a, y = *(const int *)b;

        return (x > y) - (x < y);
}

int brig_fd_close_except(const int *keep, size_t n_keep)
{
        int sorted[KEEP_MAX];
        unsigned next = 0;

        if (n_keep > KEEP_MAX)
                return -EINVAL;
        memcpy(sorted, keep, n_keep * sizeof keep[0]);
        qsort(sorted, n_keep, sizeof sorted[0], compare_fds);
        for (size_t i = 0; i < n_keep; i++) {
                if (sorted[i] < 0)
                        continue;
                if ((unsigned)sorted[i] > next && close_range(next, (unsigned)sorted[i] - 1, 0) < 0)
                        return -errno;
                next = MAX2(next, (unsigned)sorted[i] + 1);
        }
        return close_range(next, ~0U, 0) < 0 ? -errno : 0;
}

int brig_fd_cloexec_from(unsigned first)
{
        return close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

int brig_fd_write_all(int fd, const void *data, size_t len)
{
        const char *p = data;

        while (len > 0) {
                ssize_t n = write(fd, p, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                p += n;
                len -= (size_t)n;
        }
        return 0;
}

ssize_t brig_file_read(int dirfd, const char *path, char *buf, size_t size)
{
        _cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        size_t len = 0;

        if (fd < 0)
                return -errno;
        for (;;) {
                ssize_t n = read(fd, buf + len, size - len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                len += (size_t)n;
                if (len == size)
                        return -EFBIG;
        }
        buf[len] = '\0';
        return (ssize_t)len;
}

int brig_file_write(int dirfd, const char *path, const char *text)
{
        _cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        ssize_t n;

        if (fd < 0)
                return -errno;
        do
                n = write(fd, text, strlen(text));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t)n == strlen(text) ? 0 : -EIO;
}

int brig_fd_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * BRIG_FD_PASS_MAX)];
        } control = { 0 };
        struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        if (n_fds > BRIG_FD_PASS_MAX)
                return -EINVAL;
        if (n_fds > 0) {
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
                memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n_fds);
                msg.msg_control = &control;
                msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
        }
        do
                n = sendmsg(sock, &msg, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : 0;
}

/* Takes what came with the packet, so that nothing leaks whatever the verdict is. */
static size_t collect_fds(struct msghdr *msg, int *fds, size_t room, bool *overflow)
{
        size_t n = 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                for (size_t i = 0; i < count; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
                        if (n < room) {
                                fds[n++] = fd;
                        } else {
                                (void)brig_close(fd);
                                *overflow = true;
                        }
                }
        }
        return n;
}

ssize_t brig_fd_receive(int sock, void *data, size_t size, int *fds, size_t *n_fds)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * BRIG_FD_PASS_MAX)];
        } control;
        struct iovec iov = { .iov_base = data, .iov_len = size };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
        bool overflow = false;
        ssize_t n;

        do
                n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        size_t got = collect_fds(&msg, fds, n_fds ? *n_fds : 0, &overflow);

        if (overflow || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
                for (size_t i = 0; i < got; i++)
                        fds[i] = brig_close(fds[i]);
                return -EMSGSIZE;
        }
        if (n_fds)
                *n_fds = got;
        return n;
}
