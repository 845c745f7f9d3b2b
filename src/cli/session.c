/*
 * One poll loop over standard input, the stream, signals and the pending wait
 * call. Output is written blocking: a slow reader of ours slows the container
 * down, as it would in a pipe. Input is kept back while the socket is full, so
 * that a container which does not read cannot stop its own output.
 */
#include "cli/session.h"
#include "base/strings.h"
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define PUMP_SIZE (64u << 10)

/* Signals that --sig-proxy sends on, by the names that the API takes. */
static const struct { int number; const char *name; } proxied[] = {
        { SIGHUP, "HUP" }, { SIGINT, "INT" }, { SIGQUIT, "QUIT" }, { SIGTERM, "TERM" }, { SIGUSR1, "USR1" },
        { SIGUSR2, "USR2" }, { SIGALRM, "ALRM" }, { SIGCONT, "CONT" }, { SIGTSTP, "TSTP" },
};

int brig_session_check_tty(bool input, bool tty, BrigError *err)
{
        if (input && tty && !isatty(STDIN_FILENO))
                return brig_error_set(err, BRIG_ERR_INVALID, ENOTTY, "the input device is not a TTY");
        return 0;
}

static int open_signals(Session *s)
{
        sigset_t set;

        sigemptyset(&set);
        if (s->tty)
                sigaddset(&set, SIGWINCH);
        for (size_t i = 0; s->proxy_signals && i < ARRAY_SIZE(proxied); i++)
                sigaddset(&set, proxied[i].number);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return s->signal_fd < 0 ? -errno : 0;
}

int brig_session_open(Session *s, BrigError *err)
{
        const char *keys = s->detach_keys ?: DETACH_KEYS_DEFAULT;
        int r;

        if (s->tty && s->input && *keys) {
                r = brig_detach_keys_parse(keys, &s->keys, err);
                if (r < 0)
                        return r;
        }
        s->opened = true;
        s->pending = malloc(PUMP_SIZE + DETACH_KEYS_MAX);
        r = s->pending ? open_signals(s) : -ENOMEM;
        if (r >= 0 && s->tty && s->input)
                r = brig_terminal_raw(&s->terminal, STDIN_FILENO);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "preparing the terminal") : 0;
}

void brig_session_close(Session *s)
{
        brig_terminal_restore(&s->terminal);
        s->signal_fd = brig_close(s->signal_fd);
        free(s->pending);
        s->pending = NULL;
}

/* POST <collection>/<id>/<verb> with two optional parameters. A failure here must not end the session. */
static void post(Session *s, const char *verb, const char *const query[4])
{
        _cleanup_url_ Url u = URL("");
        const DaemonCall call = { .method = "POST", .url = &u };
        BrigError err = BRIG_ERROR_INIT;

        brig_url_segment(&u, s->collection);
        brig_url_segment(&u, s->id);
        brig_url_segment(&u, verb);
        for (size_t i = 0; i < 4 && query[i]; i += 2)
                brig_url_query(&u, query[i], query[i + 1]);
        (void)!brig_daemon_call(s->daemon, &call, NULL, &err);
        brig_daemon_release(s->daemon);
}

void brig_session_resize(Session *s)
{
        unsigned rows, columns;
        char h[16], w[16];

        if (!s->tty || !brig_terminal_size(STDOUT_FILENO, &rows, &columns))
                return;
        (void)snprintf(h, sizeof(h), "%u", rows);
        (void)snprintf(w, sizeof(w), "%u", columns);
        post(s, "resize", (const char *const[4]) { "h", h, "w", w });
}

static void on_signal(Session *s)
{
        struct signalfd_siginfo info;

        while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
                if (info.ssi_signo == SIGWINCH)
                        brig_session_resize(s);
                for (size_t i = 0; i < ARRAY_SIZE(proxied); i++)
                        if ((int)info.ssi_signo == proxied[i].number)
                                post(s, "kill", (const char *const[4]) { "signal", proxied[i].name });
        }
}

static int write_output(Session *s, const char *data, size_t len)
{
        int out = s->output ? STDOUT_FILENO : -EBADF, error = s->error ? STDERR_FILENO : -EBADF;

        if (!s->tty)
                return brig_demux_write(&s->demux, data, len, out, error);
        return s->output ? brig_write_all(out, data, len) : 0;
}

static int on_stream(Session *s)
{
        char data[PUMP_SIZE];
        ssize_t n = recv(brig_http_fd(s->stream), data, sizeof(data), MSG_DONTWAIT);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        s->stream_ended = n == 0;
        return write_output(s, data, (size_t)n);
}

static void flush_input(Session *s)
{
        int fd = brig_http_fd(s->stream);

        while (s->pending_len > 0) {
                ssize_t n = send(fd, s->pending + s->pending_start, s->pending_len, MSG_DONTWAIT | MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n < 0) {
                        /* The other side reads no more; its output may still come. */
                        s->input_ended = true;
                        s->pending_len = 0;
                        return;
                }
                s->pending_start += (size_t)n;
                s->pending_len -= (size_t)n;
        }
        if (s->input_ended)
                (void)shutdown(fd, SHUT_WR);   /* EOF for the container; the stream may be gone already */
}

/* Reads standard input. True: the detach keys were typed. */
static bool on_input(Session *s)
{
        char typed[PUMP_SIZE];
        ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
        bool detach;

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return false;
        s->input_ended = n <= 0;
        s->pending_start = 0;
        detach = brig_detach_keys_filter(&s->keys, typed, n > 0 ? (size_t)n : 0, s->pending, &s->pending_len);
        flush_input(s);
        return detach;
}

enum { POLL_STREAM, POLL_INPUT, POLL_SIGNAL, POLL_WAIT, _POLL_MAX };

static void fill_polls(const Session *s, struct pollfd p[_POLL_MAX])
{
        bool read_input = s->input && !s->input_ended && s->pending_len == 0 && !s->stream_ended;

        p[POLL_STREAM] = (struct pollfd) {
                .fd = s->stream_ended ? -1 : brig_http_fd(s->stream),
                .events = (short)(POLLIN | (s->pending_len > 0 ? POLLOUT : 0)),
        };
        p[POLL_INPUT] = (struct pollfd) { .fd = read_input ? STDIN_FILENO : -1, .events = POLLIN };
        p[POLL_SIGNAL] = (struct pollfd) { .fd = s->signal_fd, .events = POLLIN };
        p[POLL_WAIT] = (struct pollfd) { .fd = s->wait && !s->wait_answered ? brig_http_fd(s->wait) : -1, .events = POLLIN };
}

/*
 * The answer has come, or the connection has gone: brig-api was restarted. The
 * container does not notice, so the question is put again while it still can be.
 */
static void on_wait(Session *s)
{
        char byte;

        if (recv(brig_http_fd(s->wait), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0 || !s->renew || s->stream_ended)
                s->wait_answered = true;
        else
                s->renew(s);
}

/* One turn. 1: detached, 0: go on. */
static int turn(Session *s)
{
        struct pollfd p[_POLL_MAX];
        int r;

        fill_polls(s, p);
        if (poll(p, _POLL_MAX, -1) < 0)
                return errno == EINTR ? 0 : -errno;
        if (p[POLL_SIGNAL].revents)
                on_signal(s);
        if (p[POLL_STREAM].revents & POLLOUT)
                flush_input(s);
        if (p[POLL_STREAM].revents & ~POLLOUT) {
                r = on_stream(s);
                if (r < 0)
                        return r;
        }
        if (p[POLL_INPUT].revents && on_input(s))
                return 1;
        if (p[POLL_WAIT].revents)
                on_wait(s);
        return 0;
}

int brig_session_run(Session *s, SessionEnd *ret, BrigError *err)
{
        const char *early;
        size_t len;
        int r;

        brig_http_early(s->stream, &early, &len);
        r = write_output(s, early, len);
        while (r == 0 && !(s->stream_ended && (!s->wait || s->wait_answered)))
                r = turn(s);
        brig_terminal_restore(&s->terminal);
        *ret = r == 1 ? SESSION_DETACHED : SESSION_ENDED;
        if (r == -ECONNRESET)
                r = 0;     /* the daemon let the stream go with our input unread: an end like another */
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "copying the container's streams") : 0;
}
