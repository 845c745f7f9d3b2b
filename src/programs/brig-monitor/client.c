#include "client.h"

#include "wire/wire.h"
#include <string.h>
#include <sys/socket.h>

#define INPUT_CHUNK 4096u

static void on_event(void *context, uint32_t events);

bool client_wants(const Client *c, unsigned stream)
{
        /* A terminal has one stream of output. */
        if (c->session->terminal)
                return c->streams & (WIRE_STREAM_STDOUT | WIRE_STREAM_STDERR);
        return c->streams & (stream == 0 ? WIRE_STREAM_STDOUT : WIRE_STREAM_STDERR);
}

static bool gives_input(const Client *c)
{
        return (c->streams & WIRE_STREAM_STDIN) && !c->input_ended;
}

static uint32_t wanted_events(const Client *c)
{
        return (gives_input(c) && session_takes_input(c->session) ? EPOLLIN : 0) | (c->left[0] || c->left[1] ? EPOLLOUT : 0);
}

int client_new(Session *s, int fd, const ClientConfig *config, Client **ret)
{
        Client *c = calloc(1, sizeof *c);
        int r = c ? detach_keys_init(&c->keys, config->keys, config->n_keys) : -ENOMEM;

        if (r >= 0) {
                c->session = s;
                c->fd = fd;
                c->source = (LoopSource){ .fd = -EBADF, .handle = on_event, .context = c };
                c->streams = config->streams;
                c->patient = config->patient;
                c->sending = -1;
                r = loop_add(s->loop, &c->source, fd, wanted_events(c));
        }
        if (r < 0) {
                (void)brig_close(fd);
                free(c);
                return r;
        }
        *ret = c;
        return 0;
}

void client_drop(Client *c)
{
        Session *s = c->session;

        for (Client **at = &s->clients; *at; at = &(*at)->next)
                if (*at == c) {
                        *at = c->next;
                        s->n_clients--;
                        break;
                }
        loop_remove(s->loop, &c->source);
        /* Of a session that was never started nothing was said: who sent the client still tells it why. */
        if (s->pid >= 0)
                (void)shutdown(c->fd, SHUT_RDWR); /* fails when the peer was first */
        (void)brig_close(c->fd);
        if (gives_input(c))
                session_input_end(s);
        free(c);
}

/* -EAGAIN: it takes no more now; other errors: it is gone. */
static ssize_t send_some(Client *c, const char *data, size_t len)
{
        ssize_t n = send(c->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0)
                return errno == EINTR ? -EAGAIN : -errno;
        c->stalled_since = 0;
        return n;
}

static void note_stall(Client *c)
{
        if (c->stalled_since == 0)
                c->stalled_since = brig_now_monotonic();
}

void client_offer(Client *c, unsigned stream, const char *data, size_t len)
{
        ssize_t n = -EAGAIN;

        /* While one piece is under way another would end up inside its frame. */
        if (!c->left[0] && !c->left[1])
                n = send_some(c, data, len);
        if (n < 0 && n != -EAGAIN) {
                client_drop(c);
                return;
        }
        c->left[stream] += len - (n > 0 ? (size_t)n : 0);
        if (c->left[stream] > 0) {
                if (n > 0)
                        c->sending = (int)stream;
                note_stall(c);
                loop_want(c->session->loop, &c->source, wanted_events(c));
        }
}

static int next_stream(const Client *c)
{
        if (c->sending >= 0)
                return c->sending;
        for (unsigned i = 0; i < LOG_STREAMS; i++)
                if (c->left[i] > 0)
                        return (int)i;
        return -1;
}

void client_push(Client *c)
{
        Session *s = c->session;

        for (int i; (i = next_stream(c)) >= 0;) {
                const BrigBuffer *pending = &s->outputs[i].pending;
                ssize_t n = send_some(c, pending->data + pending->len - c->left[i], c->left[i]);

                if (n == -EAGAIN) {
                        note_stall(c);
                        break;
                }
                if (n < 0) {
                        client_drop(c);
                        session_client_moved(s);
                        return;
                }
                c->left[i] -= (size_t)n;
                c->sending = c->left[i] > 0 ? i : -1;
        }
        loop_want(s->loop, &c->source, wanted_events(c));
        session_client_moved(s);
}

/*
 * The peer has no more to say. Where that does not end the payload's stdin it ends
 * the attachment, as with Docker; but not at once: what the payload was just saying,
 * its end included, is still on the way.
 */
static void end_input(Client *c)
{
        Session *s = c->session;

        c->input_ended = true;
        session_input_end(s);
        if (c->hung_up) {
                client_drop(c);
                return;
        }
        if (s->terminal || !s->close_input)
                c->leaving_since = brig_now_monotonic();
        loop_want(s->loop, &c->source, wanted_events(c));
}

static void give_input(Client *c, const char *data, size_t len)
{
        Session *s = c->session;
        char filtered[INPUT_CHUNK + DETACH_KEYS_MAX];
        bool detach;

        if (!s->terminal) {
                session_input(s, data, len);
                return;
        }
        len = detach_keys_filter(&c->keys, data, len, filtered, &detach);
        if (len > 0)
                session_input(s, filtered, len);
        if (!detach)
                return;
        c->input_ended = true; /* leaving is not ending: stdin stays open */
        s->events.detached(s->events.context, s);
        client_drop(c);
}

/* Reads once; false when there was nothing or the client is gone. */
static bool read_input(Client *c)
{
        Session *s = c->session;
        size_t before = s->n_clients;
        char data[INPUT_CHUNK];
        ssize_t n = recv(c->fd, data, sizeof data, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return false;
        if (n <= 0) {
                end_input(c);
                return false;
        }
        give_input(c, data, (size_t)n);
        return s->n_clients == before;
}

void client_update(Client *c)
{
        /* Of a peer that is gone everything it sent is still due, as far as the payload takes it. */
        while (c->hung_up && gives_input(c) && session_takes_input(c->session))
                if (!read_input(c))
                        return;
        loop_want(c->session->loop, &c->source, wanted_events(c));
}

static void on_event(void *context, uint32_t events)
{
        Client *c = context;
        Session *s = c->session;

        if (events & (EPOLLHUP | EPOLLERR)) {
                if (!gives_input(c)) {
                        client_drop(c);
                        session_client_moved(s);
                        return;
                }
                c->hung_up = true;
                c->left[0] = c->left[1] = 0;
                loop_remove(s->loop, &c->source); /* a hang-up is reported for ever */
                client_update(c);
                session_client_moved(s);
                return;
        }
        if ((events & EPOLLIN) && gives_input(c) && session_takes_input(s) && !read_input(c))
                return;
        if (events & EPOLLOUT)
                client_push(c);
}
