#include "engine/brigd-link-internal.h"

#include "brig-config.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#define READER_STACK (256u << 10)

/* A thread that waits for its answer; lives on that thread's stack. */
typedef struct Asker {
        struct Asker *next;
        uint32_t serial;
        WireType request;
        LinkAnswerFn answer;
        void *context;
        BrigError *err;
        bool done;
        int result;
        pthread_cond_t woken;
} Asker;

struct BrigdLink {
        WireChannel channel;            /* received from by the reader alone, sent to under send_lock */
        LinkUnaskedFn unasked;
        void *context;
        pthread_t reader;
        bool reading;
        int hangup[2];                  /* the reader closes [1] when it ends */

        pthread_mutex_t send_lock;      /* taken without `lock` */
        pthread_mutex_t lock;
        Asker *askers;                  /* under lock, as the two below */
        uint32_t serial;
        bool gone;
};

static int gone_error(BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EPIPE, "the connection to brigd is gone");
}

static void finish(Asker *a, int result)
{
        a->result = result;
        a->done = true;
        pthread_cond_signal(&a->woken);
}

static bool many_answers(WireType request)
{
        return request == WIRE_LIST || request == WIRE_LAYER_LIST;
}

static void deliver(Asker *a, const WireMessage *m)
{
        if (m->type == WIRE_ERROR) {
                finish(a, brig_wire_take_error(m, a->err));
        } else if (m->type == WIRE_OK) {
                finish(a, 0);
        } else if (!a->answer) {
                finish(a, brig_error_set(a->err, BRIG_ERR_INTERNAL, EPROTO, "brigd answered %s with %s", brig_wire_type_name(a->request), brig_wire_type_name(m->type)));
        } else {
                a->answer(a->context, m);
                if (!many_answers(a->request))
                        finish(a, 0);
        }
}

static void dispatch(BrigdLink *l, const WireMessage *m)
{
        if (m->serial == 0) {
                l->unasked(l->context, m);
                return;
        }
        pthread_mutex_lock(&l->lock);
        for (Asker *a = l->askers; a; a = a->next)
                if (a->serial == m->serial && !a->done)
                        deliver(a, m);
        pthread_mutex_unlock(&l->lock);
}

static void hang_up(BrigdLink *l)
{
        pthread_mutex_lock(&l->lock);
        l->gone = true;
        for (Asker *a = l->askers; a; a = a->next)
                if (!a->done)
                        finish(a, gone_error(a->err));
        pthread_mutex_unlock(&l->lock);
        l->hangup[1] = brig_close(l->hangup[1]);
}

static void *read_messages(void *context)
{
        BrigdLink *l = context;

        for (;;) {
                _cleanup_message_ WireMessage m = { 0 };

                if (brig_wire_receive(&l->channel, &m) <= 0)
                        break;
                dispatch(l, &m);
        }
        hang_up(l);
        return NULL;
}

static int greet(BrigdLink *l, BrigError *err)
{
        WireMessage hello = { .type = WIRE_HELLO, .hello = { .version = BRIG_WIRE_VERSION, .program = "brig-api", .id = "" } };
        _cleanup_message_ WireMessage m = { 0 };
        int r = brig_wire_send(&l->channel, &hello);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, r, "greet brigd");
        r = brig_wire_receive(&l->channel, &m);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, r, "receive brigd's greeting");
        return r == 0 ? gone_error(err) : 0;
}

static int start_reader(BrigdLink *l, BrigError *err)
{
        pthread_attr_t attr;
        int r = pthread_attr_init(&attr);

        if (r == 0)
                r = pthread_attr_setstacksize(&attr, READER_STACK);
        if (r == 0)
                r = pthread_create(&l->reader, &attr, read_messages, l);
        (void)pthread_attr_destroy(&attr); /* glibc: cannot fail */
        if (r != 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "start the reader of brigd's messages");
        l->reading = true;
        return 0;
}

int brig_link_open(const LinkOptions *o, BrigdLink **ret, BrigError *err)
{
        _cleanup_close_ int fd = o->fd;
        _cleanup_(brig_link_closep) BrigdLink *l = calloc(1, sizeof *l);
        int r;

        if (!l)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "open the connection to brigd");
        l->unasked = o->unasked;
        l->context = o->context;
        l->channel.fd = l->hangup[0] = l->hangup[1] = -EBADF;
        (void)pthread_mutex_init(&l->send_lock, NULL); /* the default kind cannot fail */
        (void)pthread_mutex_init(&l->lock, NULL);
        r = brig_wire_channel_init(&l->channel, TAKE_FD(fd), WIRE_BRIGD_TO_API, WIRE_API_TO_BRIGD);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "open the connection to brigd");
        if (pipe2(l->hangup, O_CLOEXEC) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "open the connection to brigd");
        r = greet(l, err);
        if (r == 0)
                r = start_reader(l, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

void brig_link_stop(BrigdLink *l)
{
        if (!l->reading)
                return;
        (void)shutdown(l->channel.fd, SHUT_RDWR); /* wakes the reader; fails only when it has ended */
        (void)pthread_join(l->reader, NULL);
        l->reading = false;
}

BrigdLink *brig_link_close(BrigdLink *l)
{
        if (!l)
                return NULL;
        brig_link_stop(l);
        brig_assert(!l->askers);
        brig_wire_channel_done(&l->channel);
        l->hangup[0] = brig_close(l->hangup[0]);
        l->hangup[1] = brig_close(l->hangup[1]);
        (void)pthread_mutex_destroy(&l->lock);
        (void)pthread_mutex_destroy(&l->send_lock);
        free(l);
        return NULL;
}

static int enlist(BrigdLink *l, Asker *a)
{
        bool gone;

        pthread_mutex_lock(&l->lock);
        gone = l->gone;
        if (!gone) {
                a->serial = ++l->serial;
                if (a->serial == 0)
                        a->serial = ++l->serial;
                a->next = l->askers;
                l->askers = a;
        }
        pthread_mutex_unlock(&l->lock);
        return gone ? -EPIPE : 0;
}

static int wait_for_answer(BrigdLink *l, Asker *a)
{
        pthread_mutex_lock(&l->lock);
        while (!a->done)
                pthread_cond_wait(&a->woken, &l->lock);
        for (Asker **p = &l->askers; *p; p = &(*p)->next) {
                if (*p == a) {
                        *p = a->next;
                        break;
                }
        }
        pthread_mutex_unlock(&l->lock);
        return a->result;
}

static int send_message(BrigdLink *l, const WireMessage *m)
{
        int r;

        pthread_mutex_lock(&l->send_lock);
        r = brig_wire_send(&l->channel, m);
        pthread_mutex_unlock(&l->send_lock);
        return r;
}

int brig_link_ask(BrigdLink *l, WireMessage *request, LinkAnswerFn answer, void *context, BrigError *err)
{
        Asker a = { .request = request->type, .answer = answer, .context = context, .err = err };
        int r;

        (void)pthread_cond_init(&a.woken, NULL); /* the default kind cannot fail */
        if (enlist(l, &a) < 0) {
                (void)pthread_cond_destroy(&a.woken);
                return gone_error(err);
        }
        request->serial = a.serial;
        r = send_message(l, request);
        if (r < 0) {
                pthread_mutex_lock(&l->lock);
                /* hang_up may have been first */
                if (!a.done)
                        finish(&a, r == -EPIPE || r == -ECONNRESET ? gone_error(err) : brig_error_errno(err, BRIG_ERR_INTERNAL, r, "send %s to brigd", brig_wire_type_name(a.request)));
                pthread_mutex_unlock(&l->lock);
        }
        r = wait_for_answer(l, &a);
        (void)pthread_cond_destroy(&a.woken);
        return r;
}

void brig_link_tell(BrigdLink *l, WireMessage *m)
{
        m->serial = 0;
        (void)send_message(l, m); /* see the header */
}

bool brig_link_gone(BrigdLink *l)
{
        bool gone;

        pthread_mutex_lock(&l->lock);
        gone = l->gone;
        pthread_mutex_unlock(&l->lock);
        return gone;
}

int brig_link_hangup_fd(const BrigdLink *l)
{
        return l->hangup[0];
}
