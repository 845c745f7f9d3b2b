/*
 * Attach and exec: the client's connection leaves HTTP. Its socket is duplicated and
 * goes through brigd to the container's monitor, so that a session needs no hop
 * here and survives this process.
 */
#include "api/server-internal.h"

#include "base/clock.h"
#include "base/strings.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define BLOCK_BYTES (32u * 1024)
/* How long a client that was told of an error may take to close. */
#define LINGER_MS 500

static void write_all(int fd, const char *data, size_t len)
{
        while (len > 0) {
                ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
                struct pollfd p = { .fd = fd, .events = POLLOUT };

                if (n < 0 && errno == EAGAIN && poll(&p, 1, -1) > 0)
                        continue;
                if (n <= 0)
                        return; /* the client has left; nobody is left to be told */
                data += n;
                len -= (size_t)n;
        }
}

/* Too late for a status: Docker writes such an error into the stream. */
static void write_error(int fd, const BrigError *err, bool framed)
{
        _cleanup_free_ char *text = brig_str_printf("%s\r\n", err->message);
        uint32_t len = text ? (uint32_t)strlen(text) : 0;
        const char head[8] = { 2, 0, 0, 0, (char)(len >> 24), (char)(len >> 16), (char)(len >> 8), (char)len };

        if (!text)
                return;
        if (framed)
                write_all(fd, head, sizeof(head));
        write_all(fd, text, len);
}

/* A socket closed with unread input resets the connection, and the client may lose the error over it. */
static void linger(int fd)
{
        char buffer[4096];
        int64_t until = brig_now_monotonic() + LINGER_MS * BRIG_NSEC_PER_MSEC;

        (void)shutdown(fd, SHUT_WR);
        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                int64_t left = (until - brig_now_monotonic()) / BRIG_NSEC_PER_MSEC;

                if (left <= 0 || poll(&p, 1, (int)left) <= 0 || recv(fd, buffer, sizeof(buffer), 0) <= 0)
                        return;
        }
}

static void hijack_give(const Reply *reply, int fd)
{
        _cleanup_close_ int keep = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        BrigError err = BRIG_ERROR_INIT;

        if (reply->hijack(reply->context, fd, &err) < 0 && keep >= 0) {
                write_error(keep, &err, reply->framed);
                linger(keep);
        }
}

/* One direction of a pump; false at its end. */
static bool pump_once(int from, int to)
{
        char buffer[4096];
        ssize_t n = recv(from, buffer, sizeof(buffer), 0);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        if (n == 0) {
                (void)shutdown(to, SHUT_WR);    /* a peer that is gone needs no half-close */
                return false;
        }
        write_all(to, buffer, (size_t)n);
        return true;
}

static void pump(int client, int engine)
{
        bool open[2] = { true, true };

        /* When the container's side has ended there is nothing left to forward to. */
        while (open[1]) {
                struct pollfd p[2] = { { .fd = open[0] ? client : -1, .events = POLLIN }, { .fd = engine, .events = POLLIN } };

                if (poll(p, 2, -1) < 0 && errno != EINTR)
                        return;
                if (p[0].revents)
                        open[0] = pump_once(client, engine);
                if (p[1].revents)
                        open[1] = pump_once(engine, client);
        }
}

/*
 * Bytes that came on the heels of the request are in the library's buffer, not in
 * the socket: they go first, and the rest follows through a socket pair in this thread.
 */
static void hijack_pump(const Reply *reply, int client, const char *extra, size_t extra_len)
{
        int pair[2];
        _cleanup_close_ int ours = -EBADF;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
                BrigError err = BRIG_ERROR_INIT;

                (void)brig_error_errno(&err, BRIG_ERR_INTERNAL, errno, "cannot connect the stream");
                write_error(client, &err, reply->framed);
                return;
        }
        ours = pair[0];
        hijack_give(reply, pair[1]);
        write_all(ours, extra, extra_len);
        pump(client, ours);
}

/* The exchange, and with it the reply's context, lives until on_completed(); a client that leaves before this is freed there too. */
static void on_upgrade(void *context, struct MHD_Connection *connection, void *exchange, const char *extra, size_t extra_len,
                       MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
        const Reply *reply = &((Exchange *)exchange)->request->reply;

        if (extra_len > 0)
                hijack_pump(reply, fd, extra, extra_len);
        else {
                int client = fcntl(fd, F_DUPFD_CLOEXEC, 3);

                if (client >= 0)
                        hijack_give(reply, client);
        }
        /* Closes the library's descriptor only; the connection lives on in the duplicate (a test holds this). */
        (void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

/* Without an upgrade the output is an ordinary response body; there is no way in. */
static int stream_next(void *context, BrigBuffer *out)
{
        int fd = *(int *)context;
        struct pollfd p = { .fd = fd, .events = POLLIN };
        void *at;
        ssize_t n;

        if (poll(&p, 1, 1000) <= 0)
                return 1;
        at = brig_buffer_reserve(out, BLOCK_BYTES);
        if (!at)
                return -ENOMEM;
        n = recv(fd, at, BLOCK_BYTES, 0);
        if (n > 0)
                brig_buffer_commit(out, (size_t)n);
        return n > 0;
}

static void stream_free(void *context)
{
        brig_closep(context);
        free(context);
}

int brig_server_downgrade(Request *r, BrigError *err)
{
        int pair[2], result;
        int *ours = malloc(sizeof(int));

        if (!ours || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
                free(ours);
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ours ? errno : ENOMEM, "cannot connect the stream");
        }
        *ours = pair[0];
        result = r->reply.hijack(r->reply.context, pair[1], err);
        if (result < 0) {
                stream_free(ours);
                return result;
        }
        if (r->reply.free_context)
                r->reply.free_context(r->reply.context);
        brig_reply_stream(r, &(ReplyStream){ .content_type = r->reply.content_type, .context = ours, .free_context = stream_free }, stream_next);
        return 0;
}

struct MHD_Response *brig_server_upgrade(Request *r)
{
        struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, NULL);

        r->reply.status = MHD_HTTP_SWITCHING_PROTOCOLS;
        if (response)
                (void)MHD_add_response_header(response, MHD_HTTP_HEADER_UPGRADE, "tcp");
        return response;
}
