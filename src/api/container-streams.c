/* /containers: what lasts. Wait, attach, resize, logs. */
#include "api/routes.h"
#include "api/shapes.h"

#include "base/clock.h"
#include "base/strings.h"

#include <poll.h>
#include <sys/eventfd.h>

#define RAW_STREAM "application/vnd.docker.raw-stream"
#define MULTIPLEXED_STREAM "application/vnd.docker.multiplexed-stream"
/* How often a silent stream looks whether its client is still there. */
#define LOOK_MS 250

static const char *stream_type(const Request *r, bool tty)
{
        return tty || r->version < API_VERSION(1, 42) ? RAW_STREAM : MULTIPLEXED_STREAM;
}

/* --- wait --- */

typedef struct WaitStream { ContainerWait *wait; int client_fd; } WaitStream;

static void wait_free(void *context)
{
        WaitStream *w = context;
        /* A descriptor that is readable at once, so that the engine's wait ends at once. */
        _cleanup_close_ int ended = eventfd(1, EFD_CLOEXEC);
        int code;

        if (w->wait) {
                /* The client has left; nobody asks for the result. */
                int ignored = brig_container_wait_finish(w->wait, ended, &code, NULL, NULL);

                (void)ignored;
        }
        free(w);
}

static int append_result(BrigBuffer *out, int code, const char *error)
{
        _cleanup_json_ json_t *result = json_pack("{s:i}", "StatusCode", code);
        _cleanup_free_ char *text = NULL;

        if (result && !brig_str_empty(error) &&
            json_object_set_new(result, "Error", json_pack("{s:s}", "Message", error)) < 0)
                return -ENOMEM;
        text = result ? brig_json_text(result) : NULL;
        return text ? brig_buffer_printf(out, "%s\n", text) : -ENOMEM;
}

static int wait_next(void *context, BrigBuffer *out)
{
        WaitStream *w = context;
        struct pollfd p[2] = { { .fd = brig_container_wait_poll_fd(w->wait), .events = POLLIN }, { .fd = w->client_fd, .events = POLLRDHUP } };
        _cleanup_free_ char *error = NULL;
        BrigError err = BRIG_ERROR_INIT;
        int code = 0, r;

        if (poll(p, 2, -1) < 0)
                return errno == EINTR ? 1 : -errno;
        if (!p[0].revents)
                return -ECANCELED;
        r = brig_container_wait_finish(TAKE_PTR(w->wait), -1, &code, &error, &err);
        r = append_result(out, code, r < 0 ? err.message : error);
        return r < 0 ? r : 0;
}

static int read_condition(const Request *r, WaitCondition *ret, BrigError *err)
{
        static const struct { const char *name; WaitCondition condition; } conditions[] = {
                { "not-running", WAIT_NOT_RUNNING }, { "next-exit", WAIT_NEXT_EXIT }, { "removed", WAIT_REMOVED },
        };
        const char *name = brig_request_get(r, "condition");

        *ret = WAIT_NOT_RUNNING;
        if (brig_str_empty(name))
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(conditions); i++)
                if (streq(conditions[i].name, name)) {
                        *ret = conditions[i].condition;
                        return 0;
                }
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid condition: \"%.40s\"", name);
}

/* The command line registers its wait before it starts the container and takes the header as the receipt. */
int brig_handle_container_wait(Request *r, BrigError *err)
{
        WaitCondition condition;
        WaitStream *w;
        int result = read_condition(r, &condition, err);

        if (result < 0)
                return result;
        w = calloc(1, sizeof(*w));
        if (!w)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot wait for \"%s\"", r->argument);
        result = brig_container_wait_begin(r->engine, r->argument, condition, &w->wait, err);
        if (result < 0) {
                free(w);
                return result;
        }
        w->client_fd = r->client_fd;
        brig_reply_stream(r, &(ReplyStream){ .content_type = "application/json", .context = w, .free_context = wait_free }, wait_next);
        return 0;
}

/* --- attach --- */

typedef struct AttachStream {
        Engine *engine;
        char *ref, *detach_keys;
        AttachRequest request;
} AttachStream;

static void attach_free(void *context)
{
        AttachStream *a = context;

        free(a->ref);
        free(a->detach_keys);
        free(a);
}

static int attach_take(void *context, int fd, BrigError *err)
{
        AttachStream *a = context;

        a->request.fd = fd;
        return brig_container_attach(a->engine, a->ref, &a->request, err);
}

int brig_handle_container_attach(Request *r, BrigError *err)
{
        const char *keys = brig_request_get(r, "detachKeys");
        AttachStream *a;
        bool tty = false;
        int result = brig_container_attach_check(r->engine, r->argument, &tty, err);

        if (result < 0)
                return result;
        if (brig_request_bool(r, "stdin") && brig_request_bool(r, "stream") && !r->upgrade)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL,
                                      "attaching stdin needs the headers \"Connection: Upgrade\" and \"Upgrade: tcp\"");
        a = calloc(1, sizeof(*a));
        if (!a)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot attach to \"%s\"", r->argument);
        *a = (AttachStream){
                .engine = r->engine, .ref = brig_str_dup(r->argument), .detach_keys = brig_str_dup(brig_str_empty(keys) ? NULL : keys),
                .request = {
                        .stdin_ = brig_request_bool(r, "stdin"), .stdout_ = brig_request_bool(r, "stdout"),
                        .stderr_ = brig_request_bool(r, "stderr"), .stream = brig_request_bool(r, "stream"), .logs = brig_request_bool(r, "logs"),
                },
        };
        a->request.detach_keys = a->detach_keys;
        brig_reply_hijack(r, &(ReplyStream){ .content_type = stream_type(r, tty), .context = a, .free_context = attach_free },
                          attach_take, !tty);
        return 0;
}

int brig_handle_container_resize(Request *r, BrigError *err)
{
        uint32_t rows, cols;
        int result = brig_request_terminal_size(r, &rows, &cols, err);

        if (result >= 0)
                result = brig_container_resize(r->engine, r->argument, rows, cols, err);
        return result < 0 ? result : brig_reply_empty(r, 200);
}

/* --- logs --- */

static void logs_free(void *reader)
{
        brig_logs_close(reader);
}

static int logs_next(void *reader, BrigBuffer *out)
{
        int r = brig_logs_next(reader, LOOK_MS, out);

        return r == -ETIMEDOUT ? 1 : r;
}

static int log_time(const Request *r, const char *name, int64_t *ret, BrigError *err)
{
        const char *s = brig_request_get(r, name);

        *ret = 0;
        if (brig_str_empty(s) || streq(s, "0"))
                return 0;
        if (brig_time_parse(s, brig_now_realtime(), ret) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid value for \"%s\": \"%.60s\"", name, s);
        return 0;
}

static int log_tail(const Request *r, int64_t *ret, BrigError *err)
{
        const char *s = brig_request_get(r, "tail");

        /* Docker's reader takes whatever is not a number as "all". */
        if (brig_str_empty(s) || streq(s, "all") || brig_parse_i64(s, ret) < 0 || *ret < 0)
                *ret = -1;
        return 0;
}

int brig_handle_container_logs(Request *r, BrigError *err)
{
        LogRequest logs = {
                .follow = brig_request_bool(r, "follow"), .stdout_ = brig_request_bool(r, "stdout"), .stderr_ = brig_request_bool(r, "stderr"),
                .timestamps = brig_request_bool(r, "timestamps"), .details = brig_request_bool(r, "details"),
        };
        LogReader *reader = NULL;
        bool tty = false;
        int result;

        if (!logs.stdout_ && !logs.stderr_)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Bad parameters: you must choose at least one stream");
        result = log_time(r, "since", &logs.since, err);
        if (result >= 0)
                result = log_time(r, "until", &logs.until, err);
        if (result >= 0)
                result = log_tail(r, &logs.tail, err);
        if (result >= 0)
                result = brig_logs_open(r->engine, r->argument, &logs, &reader, &tty, err);
        if (result < 0)
                return result;
        brig_reply_stream(r, &(ReplyStream){ .content_type = stream_type(r, tty), .context = reader, .free_context = logs_free }, logs_next);
        return 0;
}
