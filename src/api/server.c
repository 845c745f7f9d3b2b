/*
 * Between the HTTP library and the handlers: the life of a request.
 *
 * The library calls log_target() with the raw target, on_request() once for the header,
 * again for every piece of the body and a last time at its end, then on_completed().
 * All of it in the connection's own thread, so a handler may block.
 */
#include "api/server-internal.h"

#include "base/clock.h"
#include "base/strings.h"

#include <poll.h>
#include <sys/socket.h>

/* How long requests that were cancelled have for saying so. */
#define CANCEL_MS 200

int brig_server_thread(pthread_t *ret, void *(*run)(void *), void *argument)
{
        pthread_attr_t attributes;
        int r = pthread_attr_init(&attributes);

        if (r != 0)
                return -r;
        r = pthread_attr_setstacksize(&attributes, SERVER_STACK_BYTES);
        if (r == 0)
                r = pthread_create(ret, &attributes, run, argument);
        (void)pthread_attr_destroy(&attributes);
        return -r;
}

static void *log_target(void *api, const char *target, struct MHD_Connection *connection)
{
        Exchange *x = calloc(1, sizeof(Exchange));

        if (!x)
                return NULL;
        x->connection = connection;
        x->request = brig_request_new(api, target);
        if (!x->request) {
                free(x);
                return NULL;
        }
        return x;
}

static void *run_worker(void *exchange)
{
        Exchange *x = exchange;

        x->handler_result = x->request->route->handler(x->request, &x->err);
        /* Whatever the handler left unread has no reader any more. */
        brig_conveyor_abandon(x->request->upload);
        return NULL;
}

static int start_worker(Exchange *x)
{
        int r;

        x->request->upload = brig_conveyor_new();
        if (!x->request->upload)
                return brig_error_errno(&x->err, BRIG_ERR_INTERNAL, ENOMEM, "cannot receive the body");
        r = brig_server_thread(&x->worker, run_worker, x);
        if (r < 0)
                return brig_error_errno(&x->err, BRIG_ERR_UNAVAILABLE, r, "cannot start a thread for the body");
        x->joinable = true;
        return 0;
}

static void join_worker(Exchange *x, int error)
{
        if (!x->joinable)
                return;
        brig_conveyor_finish(x->request->upload, error);
        (void)pthread_join(x->worker, NULL);
        x->joinable = false;
}

typedef struct HeaderCount { const char *name; unsigned count; } HeaderCount;

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
        HeaderCount *c = context;

        c->count += strcasecmp(name, c->name) == 0;
        return MHD_YES;
}

static unsigned header_count(const Exchange *x, const char *name)
{
        HeaderCount c = { .name = name };

        (void)MHD_get_connection_values(x->connection, MHD_HEADER_KIND, count_header, &c);
        return c.count;
}

static const char *header(const Exchange *x, const char *name)
{
        return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

/*
 * Two lengths, or a length and a chunked body, are read differently by different
 * servers: behind a proxy that is request smuggling. The library takes the first one in silence.
 */
static int check_framing(Exchange *x)
{
        unsigned lengths = header_count(x, MHD_HTTP_HEADER_CONTENT_LENGTH), encodings = header_count(x, MHD_HTTP_HEADER_TRANSFER_ENCODING);

        if (lengths + encodings > 1)
                return brig_error_set(&x->err, BRIG_ERR_INVALID, EINVAL, "the request says more than once how long its body is");
        if (encodings && strcasecmp(header(x, MHD_HTTP_HEADER_TRANSFER_ENCODING), "chunked") != 0)
                return brig_error_set(&x->err, BRIG_ERR_INVALID, EINVAL, "unsupported transfer encoding");
        x->request->has_body = encodings || (lengths && !streq(header(x, MHD_HTTP_HEADER_CONTENT_LENGTH), "0"));
        return 0;
}

static bool wants_upgrade(const Exchange *x, const char *version)
{
        const char *connection = header(x, MHD_HTTP_HEADER_CONNECTION), *upgrade = header(x, MHD_HTTP_HEADER_UPGRADE);

        return streq(version, MHD_HTTP_VERSION_1_1) && connection && upgrade && strcasestr(connection, "upgrade") &&
               strcasecmp(upgrade, "tcp") == 0;
}

static int64_t declared_length(const Exchange *x)
{
        const char *s = header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
        int64_t n;

        return s && brig_parse_i64(s, &n) == 0 ? n : 0;
}

static int begin(Exchange *x, const char *method, const char *version)
{
        Request *r = x->request;
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        int ret;

        r->engine = r->api->options.engine;
        r->method = method;
        r->client_fd = info ? info->connect_fd : -EBADF;
        r->content_type = header(x, MHD_HTTP_HEADER_CONTENT_TYPE);
        r->upgrade = wants_upgrade(x, version);
        ret = check_framing(x);
        if (ret >= 0)
                ret = brig_target_parse(r->raw_target, &r->target, &x->err);
        if (ret >= 0)
                ret = brig_route_find(r, &x->err);
        if (ret < 0)
                return ret;
        if (r->route->flags & ROUTE_STREAM_BODY)
                return start_worker(x);
        if (!(r->route->flags & ROUTE_ANY_BODY) && declared_length(x) > (int64_t)r->body.max)
                return brig_error_set(&x->err, BRIG_ERR_TOO_LARGE, E2BIG, "the request body is larger than %zu bytes", r->body.max);
        return 0;
}

static void take_body(Exchange *x, const char *data, size_t len)
{
        Request *r = x->request;

        if (x->failed)
                return;
        if (x->joinable) {
                if (x->received > SERVER_MAX_UPLOAD)
                        brig_conveyor_finish(r->upload, EFBIG);
                else if (brig_conveyor_put(r->upload, data, len) < 0)
                        return; /* the handler has ended; its answer is sent when the body has ended too */
                return;
        }
        if (r->route->flags & ROUTE_ANY_BODY && r->body.len + len > r->body.max)
                return;
        if (brig_buffer_append(&r->body, data, len) < 0)
                x->failed = brig_error_set(&x->err, BRIG_ERR_TOO_LARGE, E2BIG, "the request body is larger than %zu bytes", r->body.max) < 0;
}

static void finish(Exchange *x)
{
        Request *r = x->request;

        if (x->failed)
                return;
        if (x->joinable)
                join_worker(x, 0);
        else
                x->handler_result = r->route->handler(r, &x->err);
        x->failed = x->handler_result < 0;
        /* A handler that says neither is a bug of ours; the client shall not wait for ever because of it. */
        if (!x->failed && r->reply.kind == REPLY_NONE)
                x->failed = brig_error_set(&x->err, BRIG_ERR_INTERNAL, EPROTO, "no answer was made for %s", r->route->pattern) < 0;
}

static void note_access(Exchange *x)
{
        Request *r = x->request;
        ApiAccess access = {
                .method = r->method, .target = r->raw_target,
                .status = x->failed ? brig_error_http_status(x->err.kind) : r->reply.status,
                .message = x->failed ? x->err.message : NULL,
                .nanoseconds = brig_now_monotonic() - x->started,
        };

        if (r->api->options.on_access)
                r->api->options.on_access(&access);
}

static void leave(Exchange *x)
{
        if (x->busy)
                atomic_fetch_sub(&x->request->api->busy, 1);
        x->busy = false;
}

static enum MHD_Result answer(Exchange *x)
{
        enum MHD_Result result;

        finish(x);
        result = brig_server_respond(x);
        note_access(x);
        leave(x);
        return result;
}

static enum MHD_Result on_request(void *api, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *len, void **exchange)
{
        Exchange *x = *exchange;

        if (!x)
                return MHD_NO;  /* out of memory at the first line */
        if (!x->begun) {
                x->begun = x->busy = true;
                x->started = brig_now_monotonic();
                atomic_fetch_add(&x->request->api->busy, 1);
                x->failed = begin(x, method, version) < 0;
                /* Said before the body comes: a client that waits for "100 Continue" never sends it. */
                if (x->failed && (declared_length(x) > SERVER_MAX_DISCARD || header_count(x, MHD_HTTP_HEADER_TRANSFER_ENCODING) > 0))
                        return answer(x);
                return MHD_YES;
        }
        if (*len == 0)
                return answer(x);
        x->received += (int64_t)*len;
        if (x->failed && x->received > SERVER_MAX_DISCARD)
                return MHD_NO;
        take_body(x, data, *len);
        *len = 0;
        return MHD_YES;
}

static void on_completed(void *api, struct MHD_Connection *connection, void **exchange, enum MHD_RequestTerminationCode why)
{
        Exchange *x = *exchange;

        if (!x)
                return;
        join_worker(x, ECONNRESET);
        leave(x);
        brig_request_free(x->request);
        free(x);
        *exchange = NULL;
}

/* The library's own complaints are about clients that break the protocol: not worth a line each. */
static void discard_log(void *context, const char *format, va_list arguments)
{
}

static struct MHD_Daemon *start_daemon(Api *api, int fd)
{
        const struct MHD_OptionItem options[] = {
                { MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)discard_log, NULL },
                { MHD_OPTION_LISTEN_SOCKET, fd, NULL },
                { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)log_target, api },
                { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, api },
                { MHD_OPTION_THREAD_STACK_SIZE, SERVER_STACK_BYTES, NULL },
                { MHD_OPTION_CONNECTION_MEMORY_LIMIT, SERVER_CONNECTION_MEMORY, NULL },
                { MHD_OPTION_CONNECTION_LIMIT, api->options.max_connections ?: SERVER_MAX_CONNECTIONS, NULL },
                { MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
                { MHD_OPTION_END, 0, NULL },
        };

        return MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                                MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, api,
                                MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

int brig_api_start(const ApiOptions *o, Api **ret, BrigError *err)
{
        Api *api = calloc(1, sizeof(Api));

        if (!api)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot start the server");
        api->options = *o;
        api->daemons = calloc(o->n_listen_fds + 1, sizeof(*api->daemons));
        for (size_t i = 0; api->daemons && i < o->n_listen_fds; i++) {
                api->daemons[i] = start_daemon(api, o->listen_fds[i]);
                if (!api->daemons[i])
                        break;
                api->n_daemons++;
        }
        if (api->n_daemons == 0 || api->n_daemons < o->n_listen_fds) {
                int r = brig_error_set(err, BRIG_ERR_INTERNAL, errno, "cannot serve the socket given as descriptor %d",
                                       api->daemons && o->n_listen_fds ? o->listen_fds[api->n_daemons] : -1);

                brig_api_stop(api, 0);
                return r;
        }
        *ret = api;
        return 0;
}

bool brig_api_debug(const Api *api)
{
        return api->options.debug;
}

static void wait_for_quiet(const Api *api, int ms)
{
        int64_t deadline = brig_now_monotonic() + ms * BRIG_NSEC_PER_MSEC;

        /* The threads say nothing when they are done; this is the end of the process, where 5 ms are nobody's latency. */
        while (atomic_load(&api->busy) > 0 && brig_now_monotonic() < deadline)
                (void)poll(NULL, 0, 5);
}

void brig_api_stop(Api *api, int grace_ms)
{
        for (size_t i = 0; i < api->n_daemons; i++)
                (void)MHD_quiesce_daemon(api->daemons[i]);
        wait_for_quiet(api, grace_ms);
        /* Whoever still waits for a container gets an answer that says why there is no other. */
        if (atomic_load(&api->busy) > 0) {
                brig_engine_cancel(api->options.engine);
                wait_for_quiet(api, CANCEL_MS);
        }
}
