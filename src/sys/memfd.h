#pragma once
/*
 * Sealed memfds: how bytes travel between processes of different trust. Once
 * SEAL, SHRINK, GROW and WRITE are set nobody can change them any more, so what
 * a receiver has verified stays what it has verified (memfd_create(2), fcntl(2) F_ADD_SEALS).
 */
#include "base/macros.h"

enum { BRIG_MEMFD_EXECUTABLE = 1 << 0 /* fexecve(3) works on it, also under vm.memfd_noexec=1 */ };

/* A new memfd with these bytes and all four seals; CLOEXEC, the caller's. `name` is seen in /proc only. */
int brig_memfd_sealed(const char *name, const void *data, size_t len, unsigned flags, int *ret_fd) _must_use_;
/* The same with everything that a regular file has to give, from its start. */
int brig_memfd_sealed_copy(const char *name, int file_fd, unsigned flags, int *ret_fd) _must_use_;
/* 0 when fd is a memfd with all four seals and 1..max bytes; -EBADF, -EPERM (not sealed), -EFBIG, -ENODATA. */
int brig_memfd_verify(int fd, size_t max, size_t *ret_len) _must_use_;
/* Verifies, then maps it whole and read-only. munmap(2) it. */
int brig_memfd_map(int fd, size_t max, void **ret_map, size_t *ret_len) _must_use_;
