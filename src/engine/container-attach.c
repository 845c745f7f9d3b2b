/*
 * A client's stream goes to the monitor, which serves it from then on. A client
 * that comes before the start (docker run) waits here, and travels with the launch.
 */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

/* How long a start waits for a client that was told 101 and whose stream is still on its way through the HTTP library. */
#define ATTACH_PROMISE BRIG_NSEC_PER_SEC

static uint8_t stream_bits(const AttachRequest *r)
{
        return (uint8_t)((r->stdin_ ? WIRE_STREAM_STDIN : 0) | (r->stdout_ ? WIRE_STREAM_STDOUT : 0) | (r->stderr_ ? WIRE_STREAM_STDERR : 0));
}

/* --- detach keys -------------------------------------------------------- */

/* "a" .. "z", any printable character, or "ctrl-" and one of a-z @ [ \ ] ^ _ */
static int parse_key(const char *text, char *ret)
{
        static const char controls[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
        const char *at;
        char low;

        if (strlen(text) == 1) {
                *ret = *text;
                return 0;
        }
        if (strncasecmp(text, "ctrl-", 5) != 0 || strlen(text) != 6)
                return -EINVAL;
        low = text[5] >= 'A' && text[5] <= 'Z' ? (char)(text[5] + 'a' - 'A') : text[5];
        at = strchr(controls, low);
        if (!at)
                return -EINVAL;
        *ret = (char)(at - controls);
        return 0;
}

int brig_detach_keys_parse(const char *text, char ret[64], size_t *ret_len, BrigError *err)
{
        _cleanup_strv_ char **keys = NULL;
        size_t n = 0;

        *ret_len = 0;
        if (brig_str_empty(text))
                return 0;
        if (brig_strv_split(text, ',', &keys) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read detach keys");
        BRIG_STRV_FOREACH(key, keys)
                if (n >= 64 || parse_key(*key, &ret[n++]) < 0)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Invalid detach keys (%s) provided", text);
        *ret_len = n;
        return 0;
}

/* --- waiting clients ---------------------------------------------------- */

void brig_container_drop_pending(Container *c)
{
        for (; c->n_pending > 0; c->n_pending--) {
                PendingStream *p = &c->pending[c->n_pending - 1];

                p->fd = brig_close(p->fd);
                brig_freep(&p->detach_keys);
        }
}

/* Clients that went away make room; Engine.lock is held. */
static void drop_gone(Container *c)
{
        size_t kept = 0;

        for (size_t i = 0; i < c->n_pending; i++) {
                struct pollfd p = { .fd = c->pending[i].fd };

                if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL))) {
                        brig_close(c->pending[i].fd);
                        free(c->pending[i].detach_keys);
                } else {
                        c->pending[kept++] = c->pending[i];
                }
        }
        c->n_pending = kept;
}

static int keep_pending(Container *c, int *fd, const AttachRequest *r, BrigError *err)
{
        _cleanup_free_ char *keys = brig_str_dup(r->detach_keys);
        int result = 0;

        pthread_mutex_lock(&c->engine->lock);
        drop_gone(c);
        if (c->n_pending == BRIG_MAX_PENDING_STREAMS)
                result = brig_error_set(err, BRIG_ERR_CONFLICT, EUSERS, "container %s: %u clients wait for its start already", c->id, BRIG_MAX_PENDING_STREAMS);
        else
                c->pending[c->n_pending++] = (PendingStream){ .fd = TAKE_FD(*fd), .streams = stream_bits(r), .detach_keys = TAKE_PTR(keys) };
        pthread_mutex_unlock(&c->engine->lock);
        return result;
}

/* --- logs=1: what was written before ------------------------------------ */

static int write_all(int fd, const char *data, size_t len)
{
        while (len > 0) {
                ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                len -= (size_t)n;
        }
        return 0;
}

static int replay_logs(Engine *e, const char *ref, const AttachRequest *r, BrigError *err)
{
        LogRequest request = { .stdout_ = r->stdout_, .stderr_ = r->stderr_, .tail = -1 };
        _cleanup_(brig_logs_closep) LogReader *logs = NULL;
        bool tty;
        int k = brig_logs_open(e, ref, &request, &logs, &tty, err);

        while (k >= 0) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1u << 20);
                int more = brig_logs_next(logs, 0, &out);

                if (out.len > 0 && write_all(r->fd, out.data, out.len) < 0)
                        return 0; /* the client went away */
                if (more < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, more, "read the logs of container \"%s\"", ref);
                if (more == 0)
                        return 0;
        }
        return k;
}

/* --- attach ------------------------------------------------------------- */

static int refuse_state(const Container *c, BrigError *err)
{
        if (c->run.state == CONTAINER_PAUSED)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "container %s is paused, unpause the container before attach", c->id);
        if (c->run.state == CONTAINER_RESTARTING)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "container %s is restarting, wait until the container is running", c->id);
        if (c->run.state == CONTAINER_REMOVING || c->run.state == CONTAINER_DEAD)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "container %s is marked for removal", c->id);
        return 0;
}

int brig_container_attach_check(Engine *e, const char *ref, bool *ret_tty, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        int r = brig_container_find(e, ref, &c, err);

        if (r < 0)
                return r;
        pthread_mutex_lock(&e->lock);
        r = refuse_state(c, err);
        if (r == 0) {
                c->attaching++;
                c->attach_until = brig_now_monotonic() + ATTACH_PROMISE;
        }
        pthread_mutex_unlock(&e->lock);
        if (r == 0)
                *ret_tty = c->definition.config.tty;
        return r;
}

static int send_stream(Container *c, int fd, const AttachRequest *r, BrigError *err)
{
        char keys[64];
        size_t len;
        WireMessage m = { .type = WIRE_ATTACH, .attach = { .id = c->id, .exec_id = "", .streams = stream_bits(r) }, .n_fds = 1, .fds = { fd } };
        int k = brig_detach_keys_parse(r->detach_keys, keys, &len, err);

        if (k < 0)
                return k;
        m.attach.detach_keys = (WireBytes){ .data = keys, .len = len };
        return brig_link_ask(c->engine->link, &m, NULL, NULL, err);
}

void brig_container_await_attaching(Engine *e, const char *ref)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        BrigError none = BRIG_ERROR_INIT;

        if (brig_container_find(e, ref, &c, &none) < 0)
                return; /* the start tells why */
        pthread_mutex_lock(&e->lock);
        while (c->attaching > 0 && brig_now_monotonic() < c->attach_until) {
                struct timespec until = { .tv_sec = c->attach_until / BRIG_NSEC_PER_SEC, .tv_nsec = c->attach_until % BRIG_NSEC_PER_SEC };

                (void)pthread_cond_timedwait(&e->exec_changed, &e->lock, &until);
        }
        c->attaching = 0;
        pthread_mutex_unlock(&e->lock);
}

static void attach_is_done(Engine *e, const char *ref)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        BrigError none = BRIG_ERROR_INIT;

        if (brig_container_find(e, ref, &c, &none) < 0)
                return; /* gone: nobody waits */
        pthread_mutex_lock(&e->lock);
        c->attaching -= c->attaching > 0;
        (void)pthread_cond_broadcast(&e->exec_changed);
        pthread_mutex_unlock(&e->lock);
}

static int attach(Engine *e, const char *ref, const AttachRequest *request, BrigError *err)
{
        _cleanup_close_ int fd = request->fd;
        _cleanup_(brig_container_give_backp) Container *c = NULL;
        int r = request->logs ? replay_logs(e, ref, request, err) : 0;

        if (r < 0 || !request->stream)
                return r;
        /* with the turn: no start can slip between the look at the state and the hand-over */
        r = brig_container_take(e, ref, &c, err);
        if (r == 0)
                r = refuse_state(c, err);
        if (r == 0)
                r = c->run.state == CONTAINER_RUNNING ? send_stream(c, fd, request, err) : keep_pending(c, &fd, request, err);
        if (r == 0)
                brig_container_emit(c, "attach", NULL);
        return r;
}

int brig_container_attach(Engine *e, const char *ref, const AttachRequest *request, BrigError *err)
{
        int r = attach(e, ref, request, err);

        attach_is_done(e, ref);
        return r;
}

int brig_container_resize(Engine *e, const char *ref, uint32_t rows, uint32_t cols, BrigError *err)
{
        _cleanup_(brig_container_give_backp) Container *c = NULL;
        WireMessage m = { .type = WIRE_RESIZE, .resize = { .exec_id = "", .rows = rows, .cols = cols } };
        int r = brig_container_take(e, ref, &c, err);

        if (r < 0)
                return r;
        if (c->run.state != CONTAINER_RUNNING && c->run.state != CONTAINER_PAUSED)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EINVAL, "cannot resize a stopped container");
        m.resize.id = c->id;
        r = brig_link_ask(e->link, &m, NULL, NULL, err);
        if (r == 0) {
                JsonPairs pairs = { 0 };
                char height[16], width[16];

                (void)snprintf(height, sizeof height, "%u", rows);
                (void)snprintf(width, sizeof width, "%u", cols);
                BRIG_IGNORE(brig_pairs_set(&pairs, "height", height)); /* an event without its attributes is better than none */
                BRIG_IGNORE(brig_pairs_set(&pairs, "width", width));
                brig_container_emit(c, "resize", &pairs);
                brig_pairs_clear(&pairs);
        }
        return r;
}
