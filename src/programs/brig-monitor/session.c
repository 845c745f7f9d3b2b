#include "session.h"

#include "client.h"
#include "sys/fd.h"
#include "sys/tty.h"
#include "wire/wire.h"
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define FRAME_HEADER 8u
#define AFTER_END_MAX (4u << 20)
#define CHUNK_KEPT 8192u

static void on_output(void *context, uint32_t events);
static void on_input(void *context, uint32_t events);

Session *session_new(const SessionConfig *config)
{
        Session *s = calloc(1, sizeof *s);

        if (!s)
                return NULL;
        s->loop = config->loop;
        s->chunk = config->chunk;
        s->close_input = config->close_input;
        s->log = config->log;
        s->events = config->events;
        s->pid = -1;
        s->pidfd = -EBADF;
        s->keeper = -EBADF;
        s->stdio = (RuntimeStdio){ -EBADF, -EBADF, -EBADF, -EBADF };
        (void)snprintf(s->exec_id, sizeof s->exec_id, "%s", config->exec_id);
        s->input = (BrigBuffer)BRIG_BUFFER_INIT(SESSION_INPUT_MAX);
        s->input_source = (LoopSource){ .fd = -EBADF, .handle = on_input, .context = s };
        for (unsigned i = 0; i < LOG_STREAMS; i++)
                s->outputs[i] = (Output){
                        .session = s, .stream = i, .ended = true, .pending = BRIG_BUFFER_INIT(SESSION_PENDING_MAX),
                        .source = { .fd = -EBADF, .handle = on_output, .context = &s->outputs[i] },
                };
        return s;
}

static void close_input(Session *s)
{
        loop_remove(s->loop, &s->input_source);
        s->stdio.input = brig_close(s->stdio.input);
        brig_buffer_reset(&s->input);
}

Session *session_free(Session *s)
{
        if (!s)
                return NULL;
        s->close_input = false;
        while (s->clients)
                client_drop(s->clients);
        for (unsigned i = 0; i < LOG_STREAMS; i++) {
                loop_remove(s->loop, &s->outputs[i].source);
                brig_buffer_done(&s->outputs[i].pending);
        }
        close_input(s);
        brig_buffer_done(&s->input);
        brig_runtime_stdio_close(&s->stdio);
        (void)brig_close(s->keeper);
        (void)brig_close(s->pidfd);
        free(s);
        return NULL;
}

static int watch_output(Session *s, unsigned stream, int fd)
{
        Output *o = &s->outputs[stream];
        int r;

        if (fd < 0)
                return 0;
        r = brig_fd_set_nonblock(fd, true);
        if (r >= 0)
                r = loop_add(s->loop, &o->source, fd, EPOLLIN);
        o->ended = r < 0;
        return r;
}

static int start_terminal(Session *s)
{
        int master = s->stdio.terminal;

        s->keeper = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        s->stdio.input = fcntl(master, F_DUPFD_CLOEXEC, 3);
        if (s->keeper < 0 || s->stdio.input < 0)
                return -errno;
        return watch_output(s, 0, master);
}

int session_start(Session *s, pid_t pid, RuntimeStdio *stdio)
{
        int r;

        s->pid = pid;
        s->stdio = *stdio;
        *stdio = (RuntimeStdio){ -EBADF, -EBADF, -EBADF, -EBADF };
        s->terminal = s->stdio.terminal >= 0;
        if (s->terminal) {
                r = start_terminal(s);
        } else {
                r = watch_output(s, 0, s->stdio.output);
                if (r >= 0)
                        r = watch_output(s, 1, s->stdio.error);
        }
        if (r >= 0 && s->stdio.input >= 0)
                r = brig_fd_set_nonblock(s->stdio.input, true);
        if (r >= 0 && s->stdio.input >= 0)
                r = loop_add(s->loop, &s->input_source, s->stdio.input, 0);
        for (Client *c = s->clients, *next; c; c = next) {
                next = c->next;
                client_update(c);
        }
        return r;
}

int session_attach(Session *s, int fd, const ClientConfig *config)
{
        Client *c;
        int r = client_new(s, fd, config, &c);

        if (r < 0)
                return r;
        c->next = s->clients;
        s->clients = c;
        s->n_clients++;
        return 0;
}

int session_resize(Session *s, unsigned rows, unsigned cols)
{
        return s->terminal && !s->ended ? brig_tty_resize(s->stdio.terminal, rows, cols) : -ENOTTY;
}

/* ---- input ---- */

bool session_takes_input(const Session *s)
{
        /* Before the start nothing is read: it waits in the socket. A closed stdin swallows what comes. */
        return s->pid > 0 && s->input.len == 0 && !s->input_ending;
}

static void update_clients(Session *s)
{
        for (Client *c = s->clients, *next; c; c = next) {
                next = c->next;
                client_update(c);
        }
}

/* Writes what the process takes; what it does not take waits for on_input. */
static void push_input(Session *s)
{
        while (s->input.len > 0 && s->stdio.input >= 0) {
                ssize_t n = write(s->stdio.input, s->input.data, s->input.len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0)
                        close_input(s); /* EPIPE: the process reads no more */
                else
                        brig_buffer_consume(&s->input, (size_t)n);
        }
        if (s->input.len == 0 && s->input_ending)
                close_input(s);
        loop_want(s->loop, &s->input_source, s->input.len > 0 ? EPOLLOUT : 0);
}

void session_input(Session *s, const char *data, size_t len)
{
        if (s->stdio.input < 0)
                return;
        /* Cannot overflow: it is called with an empty buffer and less than its maximum. */
        (void)brig_buffer_append(&s->input, data, len);
        push_input(s);
        if (!session_takes_input(s))
                update_clients(s);
}

void session_input_end(Session *s)
{
        if (!s->close_input || s->terminal)
                return;
        s->input_ending = true;
        push_input(s);
}

static void on_input(void *context, uint32_t events)
{
        Session *s = context;

        if ((events & (EPOLLERR | EPOLLHUP)) && !(events & EPOLLOUT))
                close_input(s);
        else
                push_input(s);
        if (session_takes_input(s))
                update_clients(s);
}

/* ---- output ---- */

static bool anybody_waits(const Session *s, unsigned stream)
{
        for (const Client *c = s->clients; c; c = c->next)
                if (c->left[stream] > 0)
                        return true;
        return false;
}

static void distribute(Output *o, const char *piece, size_t len)
{
        Session *s = o->session;

        for (Client *c = s->clients, *next; c; c = next) {
                next = c->next;
                if (client_wants(c, o->stream))
                        client_offer(c, o->stream, piece, len);
        }
        if (!anybody_waits(s, o->stream))
                return;
        /* Sizes are bounded by AFTER_END_MAX; without memory the clients that wait lose their place, so they go. */
        if (brig_buffer_append(&o->pending, piece, len) < 0)
                for (Client *c = s->clients, *next; c; c = next) {
                        next = c->next;
                        if (c->left[o->stream] > 0)
                                client_drop(c);
                }
        if (!s->ended)
                loop_remove(s->loop, &o->source);
}

static void end_output(Output *o)
{
        Session *s = o->session;

        if (o->ended)
                return;
        o->ended = true;
        loop_remove(s->loop, &o->source);
        if (s->log)
                log_file_end(s->log, o->stream, brig_now_realtime());
}

/* A burst touches the whole chunk; its end, a short read, gives the pages back. */
static void forget_chunk(Session *s, size_t n)
{
        s->touched = MAX2(s->touched, n);
        if (n == SESSION_CHUNK - FRAME_HEADER || s->touched < CHUNK_KEPT)
                return;
        (void)madvise(s->chunk, SESSION_CHUNK, MADV_DONTNEED); /* only memory would be saved */
        s->touched = 0;
}

static int output_fd(const Output *o)
{
        const RuntimeStdio *stdio = &o->session->stdio;

        return o->session->terminal ? stdio->terminal : o->stream == 0 ? stdio->output : stdio->error;
}

/* Reads once: to the log and to everybody who is attached. */
static void read_output(Output *o)
{
        Session *s = o->session;
        char *data = s->chunk + FRAME_HEADER;
        ssize_t n = read(output_fd(o), data, SESSION_CHUNK - FRAME_HEADER);

        if (n < 0 && errno == EINTR)
                return;
        if (n <= 0) {
                if (n == 0 || errno != EAGAIN || s->ended)
                        end_output(o);
                return;
        }
        if (s->log)
                log_file_write(s->log, o->stream, data, (size_t)n, brig_now_realtime());
        if (s->clients && s->terminal) {
                distribute(o, data, (size_t)n);
        } else if (s->clients) {
                const unsigned char header[FRAME_HEADER] = {
                        (unsigned char)(o->stream + 1), 0, 0, 0, (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n,
                };

                memcpy(s->chunk, header, FRAME_HEADER);
                distribute(o, s->chunk, (size_t)n + FRAME_HEADER);
        }
        forget_chunk(s, (size_t)n);
        o->after_end += s->ended ? (size_t)n : 0;
        if (o->after_end > AFTER_END_MAX)
                end_output(o);
}

static void finish_if_done(Session *s)
{
        if (!s->ended || !s->outputs[0].ended || !s->outputs[1].ended)
                return;
        /* First the end is told, then the connections end: who waits for the one to ask for the other finds it. */
        if (!s->finished) {
                s->finished = true;
                s->events.finished(s->events.context, s);
        }
        for (Client *c = s->clients, *next; c; c = next) {
                next = c->next;
                if (!c->left[0] && !c->left[1])
                        client_drop(c);
        }
}

static void on_output(void *context, uint32_t events)
{
        Output *o = context;
        Session *s = o->session;

        read_output(o);
        finish_if_done(s);
}

void session_client_moved(Session *s)
{
        for (unsigned i = 0; i < LOG_STREAMS; i++) {
                Output *o = &s->outputs[i];

                if (o->pending.len == 0 || anybody_waits(s, i))
                        continue;
                brig_buffer_done(&o->pending);
                o->pending.max = SESSION_PENDING_MAX;
                /* Watching a descriptor that was watched before can fail for lack of memory alone; then the stream is over. */
                if (!o->ended && !s->ended && loop_add(s->loop, &o->source, output_fd(o), EPOLLIN) < 0)
                        end_output(o);
        }
        finish_if_done(s);
}

void session_ended(Session *s, int exit_code)
{
        int64_t now = brig_now_monotonic();

        s->ended = true;
        s->exit_code = exit_code;
        close_input(s);
        for (Client *c = s->clients; c; c = c->next)
                if (c->stalled_since)
                        c->stalled_since = now;
        for (unsigned i = 0; i < LOG_STREAMS; i++) {
                Output *o = &s->outputs[i];

                while (!o->ended)
                        read_output(o); /* ends at the end of the stream, when it is empty, or at AFTER_END_MAX */
        }
        finish_if_done(s);
}

/* When the client is to be dropped, by the monotonic clock; 0: never. */
static int64_t deadline(const Session *s, const Client *c)
{
        bool waits = c->left[0] || c->left[1];

        if (c->stalled_since && waits && (!c->patient || s->ended))
                return c->stalled_since + SESSION_PATIENCE;
        return c->leaving_since && !waits ? c->leaving_since + SESSION_LEAVE : 0;
}

int session_check_patience(Session *s, int64_t now)
{
        int64_t nearest = -1;

        for (Client *c = s->clients, *next; c; c = next) {
                int64_t due = deadline(s, c);

                next = c->next;
                if (due == 0)
                        continue;
                if (due <= now)
                        client_drop(c);
                else if (nearest < 0 || due - now < nearest)
                        nearest = due - now;
        }
        session_client_moved(s);
        return nearest < 0 ? -1 : (int)(nearest / BRIG_NSEC_PER_MSEC) + 1;
}
