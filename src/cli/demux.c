#include "cli/demux.h"
#include "base/strings.h"
#include <poll.h>

int brig_demux_decode(Demux *d, const char *in, size_t len, size_t *ret_used, const char **ret_data, size_t *ret_len)
{
        size_t used = 0;

        if (d->left == 0) {
                used = MIN2(len, DEMUX_HEAD - d->have);
                memcpy(d->head + d->have, in, used);
                d->have += used;
                if (d->have == DEMUX_HEAD) {
                        if (d->head[0] > DEMUX_SYSTEM)
                                return -EBADMSG;
                        d->have = 0;
                        d->left = (uint32_t)d->head[4] << 24 | (uint32_t)d->head[5] << 16 | (uint32_t)d->head[6] << 8 | d->head[7];
                }
        }
        *ret_data = in + used;
        *ret_len = MIN2(len - used, d->left);
        d->left -= (uint32_t)*ret_len;
        *ret_used = used + *ret_len;
        return 0;
}

int brig_write_all(int fd, const char *data, size_t len)
{
        while (len > 0) {
                ssize_t n = write(fd, data, len);

                if (n < 0 && errno == EINTR)
                        continue;
                /* Someone else made the terminal non-blocking: wait as if it were not. */
                if (n < 0 && errno == EAGAIN) {
                        struct pollfd p = { .fd = fd, .events = POLLOUT };

                        (void)poll(&p, 1, -1);
                        continue;
                }
                if (n < 0)
                        return -errno;
                data += n;
                len -= (size_t)n;
        }
        return 0;
}

int brig_demux_write(Demux *d, const char *in, size_t len, int out_fd, int err_fd)
{
        while (len > 0) {
                const char *data;
                size_t used, n;
                int stream, fd, r = brig_demux_decode(d, in, len, &used, &data, &n);

                if (r < 0)
                        return r;
                stream = brig_demux_stream(d);
                fd = stream == DEMUX_STDOUT || stream == DEMUX_STDIN ? out_fd : err_fd;
                if (n > 0 && fd >= 0) {
                        r = brig_write_all(fd, data, n);
                        if (r < 0)
                                return r;
                }
                if (stream == DEMUX_SYSTEM && n > 0 && d->left == 0)
                        return -EIO;
                in += used;
                len -= used;
        }
        return 0;
}
