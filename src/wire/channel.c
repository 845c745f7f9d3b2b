/*
 * Sending and receiving on one SOCK_SEQPACKET link. Whatever arrives, each
 * descriptor that came with it ends in exactly one place: in the message that
 * was accepted, or closed.
 */
#include "wire/wire-internal.h"
#include "base/strings.h"
#include <sys/socket.h>

/* The kernel never hands over more than SCM_MAX_FD (253) descriptors; the surplus of ours is cut off and closed by it. */
typedef union Control {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * BRIG_WIRE_MAX_FDS)];
} Control;

int brig_wire_channel_init(WireChannel *c, int fd, WireLink in, WireLink out)
{
        *c = (WireChannel){ .fd = fd, .in = in, .out = out, .buffer = malloc(BRIG_WIRE_MAX_BYTES) };
        if (c->buffer)
                return 0;
        c->fd = brig_close(c->fd);
        return -ENOMEM;
}

void brig_wire_channel_done(WireChannel *c)
{
        c->fd = brig_close(c->fd);
        free(c->buffer);
        c->buffer = NULL;
        c->greeted = false;
}

static int send_frame(int fd, const void *frame, size_t len, const WireMessage *m)
{
        struct iovec iov = { .iov_base = (void *)frame, .iov_len = len };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        Control control = { 0 };
        ssize_t n;

        if (m->n_fds > 0) {
                msg.msg_control = &control;
                msg.msg_controllen = CMSG_SPACE(sizeof(int) * m->n_fds);
                control.header = (struct cmsghdr){
                        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * m->n_fds),
                };
                memcpy(CMSG_DATA(&control.header), m->fds, sizeof(int) * m->n_fds);
        }
        do
                n = sendmsg(fd, &msg, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : 0;
}

/*
 * The frame is built on the stack where it is small: most are, and threads of
 * brig-api have small stacks.
 */
int brig_wire_send(WireChannel *c, const WireMessage *m)
{
        _cleanup_free_ void *big = NULL;
        char small[1024];
        ssize_t n;

        if (m->n_fds > BRIG_WIRE_MAX_FDS)
                return -EMSGSIZE;
        n = brig_wire_encode(m, c->out, small, sizeof(small));
        if (n >= 0)
                return send_frame(c->fd, small, (size_t)n, m);
        if (n != -EMSGSIZE)
                return (int)n;
        big = malloc(BRIG_WIRE_MAX_BYTES);
        if (!big)
                return -ENOMEM;
        n = brig_wire_encode(m, c->out, big, BRIG_WIRE_MAX_BYTES);
        return n < 0 ? (int)n : send_frame(c->fd, big, (size_t)n, m);
}

static void close_all(int *fds, size_t n)
{
        for (size_t i = 0; i < n; i++)
                fds[i] = brig_close(fds[i]);
}

/* Collects the descriptors of all control messages; the control buffer has no room for more than `fds` has. */
static size_t take_fds(struct msghdr *msg, int fds[BRIG_WIRE_MAX_FDS])
{
        size_t n = 0;

        for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
                if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                brig_assert(n + count <= BRIG_WIRE_MAX_FDS);
                memcpy(fds + n, CMSG_DATA(h), count * sizeof(int));
                n += count;
        }
        return n;
}

/* HELLO is the first message of a link and only that; a version that we do not speak is no HELLO. */
static bool in_order(WireChannel *c, const WireMessage *m)
{
        if (c->greeted || m->type != WIRE_HELLO)
                return c->greeted && m->type != WIRE_HELLO;
        if (m->hello.version == 0 || m->hello.version + 2 < BRIG_WIRE_VERSION)
                return false;
        c->peer_version = MIN2(m->hello.version, BRIG_WIRE_VERSION);
        c->greeted = true;
        return true;
}

int brig_wire_receive(WireChannel *c, WireMessage *ret)
{
        struct iovec iov = { .iov_base = c->buffer, .iov_len = BRIG_WIRE_MAX_BYTES };
        Control control;
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        int fds[BRIG_WIRE_MAX_FDS];
        WireMessage m;
        ssize_t n;

        do
                n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        size_t n_fds = take_fds(&msg, fds);
        bool whole = !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
        if (n == 0 || !whole || brig_wire_decode(c->buffer, (size_t)n, n_fds, c->in, &m) < 0 || !in_order(c, &m)) {
                close_all(fds, n_fds);
                return n == 0 && whole && n_fds == 0 ? 0 : -EBADMSG;
        }
        memcpy(m.fds, fds, n_fds * sizeof(int));
        *ret = m;
        return 1;
}

void brig_wire_message_done(WireMessage *m)
{
        close_all(m->fds, m->n_fds);
        m->n_fds = 0;
}

int brig_wire_send_ok(WireChannel *c, uint32_t serial)
{
        WireMessage m = { .type = WIRE_OK, .serial = serial };
        return brig_wire_send(c, &m);
}

int brig_wire_send_error(WireChannel *c, uint32_t serial, const BrigError *err)
{
        WireMessage m = { .type = WIRE_ERROR, .serial = serial,
                          .error = { .kind = (uint32_t)err->kind, .errnum = err->errnum, .message = err->message } };
        return brig_wire_send(c, &m);
}

int brig_wire_take_error(const WireMessage *m, BrigError *err)
{
        const WireErrorBody *e = &m->error;
        /* The kind comes from another process: one that we do not know is our own bug, not "no error". */
        bool known = e->kind > BRIG_OK && e->kind < _BRIG_ERR_MAX;
        int errnum = e->errnum > 0 && e->errnum < 4096 ? e->errnum : 0;

        return brig_error_set(err, known ? (BrigErrorKind)e->kind : BRIG_ERR_INTERNAL, errnum, "%s", e->message);
}
