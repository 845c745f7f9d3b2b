#include "cli/http-client.h"
#include "base/buffer.h"
#include "base/strings.h"
#include "brig-config.h"
#include "cli/http-head.h"
#include <inttypes.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#define SENDFILE_STEP (1u << 20)

struct HttpConn {
        int fd;
        size_t start, end;      /* received and unspent: buffer[start..end) */
        HttpBody body;          /* of the answer being read */
        bool close_after;       /* the peer will not take another request */
        char buffer[HTTP_BUFFER_SIZE];
};

int brig_http_connect(const char *socket_path, HttpConn **ret, BrigError *err)
{
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        size_t len = strlen(socket_path);

        if (len == 0 || len >= sizeof(sa.sun_path))
                return brig_error_set(err, BRIG_ERR_INVALID, ENAMETOOLONG,
                                      "socket path \"%s\" has %zu bytes, a unix socket takes 1 to %zu",
                                      socket_path, len, sizeof(sa.sun_path) - 1);
        memcpy(sa.sun_path, socket_path, len);

        c = malloc(sizeof(*c));
        if (!c)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "connecting to the daemon");
        c->start = c->end = 0;
        c->close_after = false;
        c->body = brig_http_body_start(HTTP_FRAMING_NONE, 0);
        c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
                return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, errno,
                                        "cannot connect to the brig daemon at unix://%s (is brigd running?)", socket_path);
        *ret = TAKE_PTR(c);
        return 0;
}

HttpConn *brig_http_free(HttpConn *c)
{
        if (!c)
                return NULL;
        c->fd = brig_close(c->fd);
        free(c);
        return NULL;
}

int brig_http_fd(const HttpConn *c)
{
        return c->fd;
}

bool brig_http_reusable(const HttpConn *c)
{
        return c->body.done && !c->close_after;
}

void brig_http_early(HttpConn *c, const char **ret_data, size_t *ret_len)
{
        *ret_data = c->buffer + c->start;
        *ret_len = c->end - c->start;
        c->start = c->end = 0;
}

/* ---- sending ---- */

static int send_vector(HttpConn *c, struct iovec *iov, size_t count)
{
        struct msghdr mh = { .msg_iov = iov, .msg_iovlen = count };

        while (mh.msg_iovlen > 0) {
                ssize_t n = sendmsg(c->fd, &mh, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                while (mh.msg_iovlen > 0 && (size_t)n >= mh.msg_iov->iov_len) {
                        n -= (ssize_t)mh.msg_iov->iov_len;
                        mh.msg_iov++;
                        mh.msg_iovlen--;
                }
                if (mh.msg_iovlen > 0) {
                        mh.msg_iov->iov_base = (char *)mh.msg_iov->iov_base + n;
                        mh.msg_iov->iov_len -= (size_t)n;
                }
        }
        return 0;
}

static int send_file(HttpConn *c, int fd, uint64_t size)
{
        while (size > 0) {
                ssize_t n = sendfile(c->fd, fd, NULL, MIN2(size, SENDFILE_STEP));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -ENODATA;        /* the file shrank while it was sent */
                size -= (uint64_t)n;
        }
        return 0;
}

static int send_chunks(HttpConn *c, int fd)
{
        _cleanup_free_ char *data = malloc(HTTP_BUFFER_SIZE);

        if (!data)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(fd, data, HTTP_BUFFER_SIZE);
                char head[24];
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                (void)snprintf(head, sizeof(head), "%zx\r\n", (size_t)n);
                r = send_vector(c, (struct iovec[]) { { head, strlen(head) }, { data, (size_t)n }, { (char *)"\r\n", 2 } }, 3);
                if (r < 0 || n == 0)
                        return r;
        }
}

/* A regular file is announced by its size and sent without a copy; everything else goes in chunks. */
static bool known_size(int fd, uint64_t *ret)
{
        struct stat st;
        off_t at;

        if (fd <= 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return false;
        at = lseek(fd, 0, SEEK_CUR);
        if (at < 0 || at > st.st_size)
                return false;
        *ret = (uint64_t)(st.st_size - at);
        return true;
}

static void put_framing(BrigBuffer *b, const HttpRequest *q, bool sized, uint64_t size)
{
        if (q->content_type)
                (void)brig_buffer_printf(b, "Content-Type: %s\r\n", q->content_type);
        if (q->body_fd > 0 && !sized)
                (void)brig_buffer_puts(b, "Transfer-Encoding: chunked\r\n");
        else if (q->body_fd > 0)
                (void)brig_buffer_printf(b, "Content-Length: %" PRIu64 "\r\n", size);
        else if (q->body || streq(q->method, "POST") || streq(q->method, "PUT"))
                (void)brig_buffer_printf(b, "Content-Length: %zu\r\n", q->body_len);
}

int brig_http_send(HttpConn *c, const HttpRequest *q, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer head = BRIG_BUFFER_INIT(HTTP_BUFFER_SIZE);
        uint64_t size = 0;
        bool sized = known_size(q->body_fd, &size);
        int r;

        (void)brig_buffer_printf(&head, "%s %s HTTP/1.1\r\nHost: brig\r\nUser-Agent: brig/" BRIG_VERSION "\r\n", q->method, q->target);
        put_framing(&head, q, sized, size);
        (void)brig_buffer_puts(&head, q->upgrade ? "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n" : "\r\n");
        if (head.error)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, head.error, "writing request %s", q->method);

        r = send_vector(c, (struct iovec[]) { { head.data, head.len }, { (void *)q->body, q->body_len } }, q->body_len ? 2 : 1);
        if (r >= 0 && q->body_fd > 0)
                r = sized ? send_file(c, q->body_fd, size) : send_chunks(c, q->body_fd);
        /* A daemon that refuses an upload answers and closes early: its answer says more than our broken pipe. */
        if (r == -EPIPE || r == -ECONNRESET)
                r = 0;
        c->body = brig_http_body_start(HTTP_FRAMING_NONE, 0);
        c->body.done = false;
        return r < 0 ? brig_error_errno(err, BRIG_ERR_UNAVAILABLE, r, "sending to the brig daemon") : 0;
}

/* ---- receiving ---- */

/* More bytes behind `end`. Their number; 0 at the end of the connection; -errno. */
static ssize_t fill(HttpConn *c)
{
        ssize_t n;

        if (c->start == c->end)
                c->start = c->end = 0;
        if (c->end == sizeof(c->buffer) && c->start > 0) {
                memmove(c->buffer, c->buffer + c->start, c->end - c->start);
                c->end -= c->start;
                c->start = 0;
        }
        if (c->end == sizeof(c->buffer))
                return -EMSGSIZE;
        do
                n = recv(c->fd, c->buffer + c->end, sizeof(c->buffer) - c->end, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        c->end += (size_t)n;
        return n;
}

/* Receives until the empty line; *ret_text is the head without it. -ECONNRESET: not one byte came. */
static int receive_head(HttpConn *c, char **ret_text)
{
        for (;;) {
                char *end = memmem(c->buffer + c->start, c->end - c->start, "\r\n\r\n", 4);
                ssize_t n;

                if (end) {
                        *end = '\0';
                        *ret_text = c->buffer + c->start;
                        c->start = (size_t)(end + 4 - c->buffer);
                        return memchr(*ret_text, '\0', (size_t)(end - *ret_text)) ? -EBADMSG : 0;
                }
                n = fill(c);
                if (n == 0)
                        return c->start == c->end ? -ECONNRESET : -EBADMSG;
                if (n < 0)
                        return (int)n;
        }
}

static void accept_head(HttpConn *c, const HttpHead *h, HttpResponse *ret)
{
        *ret = (HttpResponse) { .status = h->status, .upgraded = h->status == 101 };
        (void)snprintf(ret->content_type, sizeof(ret->content_type), "%s", h->content_type);
        c->body = brig_http_head_body(h);
        c->close_after = h->close || ret->upgraded || c->body.framing == HTTP_FRAMING_UNTIL_CLOSE;
}

int brig_http_receive(HttpConn *c, HttpResponse *ret, BrigError *err)
{
        HttpHead h = { 0 };

        do {
                char *text = NULL;
                int r = receive_head(c, &text);

                if (r >= 0)
                        r = brig_http_head_parse(text, &h);
                if (r == -ECONNRESET)
                        return brig_error_set(err, BRIG_ERR_UNAVAILABLE, ECONNRESET, "the brig daemon closed the connection");
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, r, "reading the answer of the brig daemon");
        } while (h.status == 100);       /* an interim answer: the real one follows */
        accept_head(c, &h, ret);
        return 0;
}

int brig_http_next(HttpConn *c, const char **ret_data, size_t *ret_len, BrigError *err)
{
        *ret_len = 0;
        while (!c->body.done) {
                size_t used;
                ssize_t n;
                int r = brig_http_body_decode(&c->body, c->buffer + c->start, c->end - c->start, &used, ret_data, ret_len);

                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, r, "reading the answer of the brig daemon");
                c->start += used;
                if (*ret_len > 0)
                        return 0;
                if (c->body.done)
                        return 0;
                n = fill(c);
                if (n > 0)
                        continue;
                if (n == 0 && c->body.framing == HTTP_FRAMING_UNTIL_CLOSE) {
                        c->body.done = true;
                        return 0;
                }
                return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, n == 0 ? ECONNRESET : (int)n,
                                        "reading the answer of the brig daemon");
        }
        return 0;
}
