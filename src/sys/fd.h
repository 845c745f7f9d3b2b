#pragma once
/*
 * Descriptors: flags, whole reads and writes, closing all but a few, and passing
 * them over a unix socket. Everything is opened CLOEXEC; nothing here logs.
 */
#include "base/macros.h"
#include <sys/types.h>

int brig_fd_set_cloexec(int fd, bool on) _must_use_;
int brig_fd_set_nonblock(int fd, bool on) _must_use_;
/* Duplicates fd to exactly `to` (without CLOEXEC: it is meant for the next program) and closes fd. */
int brig_fd_move_to(int *fd, int to) _must_use_;
/* Closes every descriptor but those of keep[] (any order; negative ones are skipped). -EINVAL over 64. */
int brig_fd_close_except(const int *keep, size_t n_keep) _must_use_;
/* Marks every descriptor from `first` on CLOEXEC: the last act before execve(2) (CVE-2024-21626). */
int brig_fd_cloexec_from(unsigned first) _must_use_;

/* Writes all of it, EINTR included. */
int brig_fd_write_all(int fd, const void *data, size_t len) _must_use_;
/*
 * Reads a small file whole into buf and ends it with a NUL. Bytes read, or
 * -errno; -EFBIG when it does not fit into size - 1.
 */
ssize_t brig_file_read(int dirfd, const char *path, char *buf, size_t size) _must_use_;
/* Opens an existing file and writes text in one write(2): sysctls, cgroup knobs, id maps. */
int brig_file_write(int dirfd, const char *path, const char *text) _must_use_;

#define BRIG_FD_PASS_MAX 16
/* One SOCK_SEQPACKET packet with descriptors, MSG_NOSIGNAL. */
int brig_fd_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds) _must_use_;
/*
 * One packet; its descriptors (CLOEXEC, the caller's) go to fds[0..*n_fds), where
 * *n_fds says the room before the call. Length, 0 at the end of the peer, or
 * -errno; -EMSGSIZE when packet or descriptors do not fit (all of them closed).
 */
ssize_t brig_fd_receive(int sock, void *data, size_t size, int *fds, size_t *n_fds) _must_use_;
