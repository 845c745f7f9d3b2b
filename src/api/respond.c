/*
 * From a filled reply to the HTTP library's responses: plain, pulled, or pushed by a
 * thread. Handing the connection itself over is in hijack.c.
 */
#include "api/server-internal.h"

#include "base/strings.h"
#include "brig-config.h"

/* Block size of bodies that are made while they are sent. */
#define BLOCK_BYTES (32u * 1024)

/* --- pulled: the next piece is asked for when the client can take it --- */

typedef struct Pull {
        BrigBuffer pending;
        ReplyNextFn next;
        void *context;
        ReplyFreeFn free_context;
        int client_fd;
        bool ended;
} Pull;

static void pull_free(void *pull)
{
        Pull *p = pull;

        if (p->free_context)
                p->free_context(p->context);
        brig_buffer_done(&p->pending);
        free(p);
}

static ssize_t pull_read(void *pull, uint64_t position, char *out, size_t max)
{
        Pull *p = pull;
        size_t n;

        while (p->pending.len == 0) {
                int r;

                if (p->ended)
                        return MHD_CONTENT_READER_END_OF_STREAM;
                r = p->next(p->context, &p->pending);
                if (r < 0 || p->pending.error)
                        return MHD_CONTENT_READER_END_WITH_ERROR;
                p->ended = r == 0;
                if (p->pending.len == 0 && !p->ended && brig_request_client_gone(p->client_fd))
                        return MHD_CONTENT_READER_END_WITH_ERROR;
        }
        n = MIN2(max, p->pending.len);
        memcpy(out, p->pending.data, n);
        brig_buffer_consume(&p->pending, n);
        return (ssize_t)n;
}

static struct MHD_Response *pull_response(Request *r)
{
        Pull *p = calloc(1, sizeof(Pull));
        struct MHD_Response *response;

        if (!p)
                return NULL;
        *p = (Pull){
                .pending = BRIG_BUFFER_INIT(BRIG_REPLY_MAX_CHUNK), .next = r->reply.next, .context = r->reply.context,
                .free_context = r->reply.free_context, .client_fd = r->client_fd,
        };
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, pull_read, p, pull_free);
        if (!response) {
                free(p);
                return NULL;
        }
        r->reply.free_context = NULL;
        return response;
}

/* --- pushed: a thread writes, the library takes from the conveyor --- */

typedef struct Push {
        Conveyor *conveyor;
        pthread_t thread;
        ReplyProduceFn produce;
        void *context;
        ReplyFreeFn free_context;
        int result;
        BrigError err;
} Push;

static void *push_run(void *push)
{
        Push *p = push;

        p->result = p->produce(p->context, p->conveyor, &p->err);
        brig_conveyor_finish(p->conveyor, p->result < 0 ? EIO : 0);
        return NULL;
}

/* Also stops a producer whose client has left: its next write fails. */
static void push_free(void *push)
{
        Push *p = push;

        brig_conveyor_abandon(p->conveyor);
        (void)pthread_join(p->thread, NULL);
        if (p->free_context)
                p->free_context(p->context);
        brig_conveyor_free(p->conveyor);
        free(p);
}

static ssize_t push_read(void *push, uint64_t position, char *out, size_t max)
{
        Push *p = push;
        ssize_t n = brig_conveyor_get(p->conveyor, out, max);

        if (n > 0)
                return n;
        return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static int push_start(Request *r, Push **ret, BrigError *err)
{
        Push *p = calloc(1, sizeof(Push));
        int started;

        if (!p)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot answer");
        p->produce = r->reply.produce;
        p->context = r->reply.context;
        p->conveyor = brig_conveyor_new();
        started = p->conveyor ? brig_server_thread(&p->thread, push_run, p) : -ENOMEM;
        if (started < 0) {
                brig_conveyor_free(p->conveyor);
                free(p);
                return brig_error_errno(err, BRIG_ERR_UNAVAILABLE, started, "cannot start a thread for the answer");
        }
        p->free_context = r->reply.free_context;
        r->reply.free_context = NULL;
        *ret = p;
        return 0;
}

/* An error before the first byte still becomes an HTTP error; later ones break the stream off. */
static int push_response(Request *r, struct MHD_Response **ret, BrigError *err)
{
        Push *p = NULL;
        int result = push_start(r, &p, err);

        if (result < 0)
                return result;
        if (!brig_conveyor_wait(p->conveyor)) {
                (void)pthread_join(p->thread, NULL);
                result = p->result;
                if (result < 0 && err)
                        *err = p->err;
                if (p->free_context)
                        p->free_context(p->context);
                brig_conveyor_free(p->conveyor);
                free(p);
                *ret = result < 0 ? NULL : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
                return result;
        }
        *ret = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, push_read, p, push_free);
        if (!*ret)
                push_free(p);
        return 0;
}

/* --- all of them --- */

static int make_response(Request *r, struct MHD_Response **ret, BrigError *err)
{
        *ret = NULL;
        if (r->reply.kind == REPLY_HIJACK && !r->upgrade) {
                int result = brig_server_downgrade(r, err);

                if (result < 0)
                        return result;
        }
        switch (r->reply.kind) {
        case REPLY_PRODUCE:
                return push_response(r, ret, err);
        case REPLY_STREAM:
                *ret = pull_response(r);
                return 0;
        case REPLY_HIJACK:
                *ret = brig_server_upgrade(r);
                return 0;
        default:
                *ret = MHD_create_response_from_buffer(r->reply.text_len, r->reply.text, MHD_RESPMEM_MUST_FREE);
                if (*ret)
                        r->reply.text = NULL;
                return 0;
        }
}

/* 304 has no body; without memory for one an error has none either. */
static void make_error_reply(Request *r, const BrigError *err)
{
        unsigned status = brig_error_http_status(err->kind);

        brig_reply_clear(&r->reply);
        if (err->kind == BRIG_ERR_NOT_MODIFIED || brig_reply_json(r, status, json_pack("{s:s}", "message", err->message), NULL) < 0)
                (void)brig_reply_empty(r, status);
}

static void add_headers(const Request *r, struct MHD_Response *response)
{
        static const char *const always[][2] = {
                { "Api-Version", BRIG_API_VERSION }, { "Docker-Experimental", "false" },
                { "Ostype", "linux" }, { "Server", "Brig/" BRIG_VERSION " (linux)" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(always); i++)
                (void)MHD_add_response_header(response, always[i][0], always[i][1]);
        for (size_t i = 0; i < r->reply.headers.count; i++)
                (void)MHD_add_response_header(response, r->reply.headers.items[i].key, r->reply.headers.items[i].value);
        if (r->reply.content_type)
                (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->reply.content_type);
}

enum MHD_Result brig_server_respond(Exchange *x)
{
        Request *r = x->request;
        struct MHD_Response *response = NULL;
        enum MHD_Result result;

        if (!x->failed && make_response(r, &response, &x->err) < 0)
                x->failed = true;
        if (x->failed) {
                make_error_reply(r, &x->err);
                (void)make_response(r, &response, &x->err);
        }
        if (!response)
                return MHD_NO;
        add_headers(r, response);
        result = MHD_queue_response(x->connection, r->reply.status, response);
        MHD_destroy_response(response);
        return result;
}
