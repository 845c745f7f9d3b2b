#pragma once
/*
 * Docker's multiplexed stream: frames of an 8-byte head (stream number, three
 * zero bytes, big-endian length) and that many bytes (Engine API, "Attach to a
 * container: stream format"). A pure decoder: copies nothing, blocks on nothing.
 */
#include "base/macros.h"

#define DEMUX_HEAD 8

enum { DEMUX_STDIN = 0, DEMUX_STDOUT = 1, DEMUX_STDERR = 2, DEMUX_SYSTEM = 3 /* an error of the daemon itself */ };

typedef struct Demux {
        unsigned char head[DEMUX_HEAD];
        size_t have;          /* bytes of the head */
        uint32_t left;        /* payload bytes to come */
} Demux;

/*
 * Looks at in[0..len): *ret_used bytes are spent, of which the span
 * *ret_data, *ret_len (perhaps empty) is payload of brig_demux_stream().
 * -EBADMSG for a stream number that does not exist.
 */
int brig_demux_decode(Demux *d, const char *in, size_t len, size_t *ret_used, const char **ret_data, size_t *ret_len) _must_use_;
static inline int brig_demux_stream(const Demux *d) { return d->head[0]; }
/* Is the stream between two frames (so that its end is no truncation)? */
static inline bool brig_demux_idle(const Demux *d) { return d->have == 0 && d->left == 0; }

/*
 * Decodes in[0..len) and writes stdout and stderr frames to `out_fd` and
 * `err_fd` (negative: drop). -EIO behind a frame of DEMUX_SYSTEM, whose text
 * goes to err_fd; other -errno from write(2).
 */
int brig_demux_write(Demux *d, const char *in, size_t len, int out_fd, int err_fd) _must_use_;
/* All of data to fd; 0 or -errno. */
int brig_write_all(int fd, const char *data, size_t len) _must_use_;
