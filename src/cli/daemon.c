#include "cli/daemon.h"
#include "base/strings.h"
#include "cli/cli.h"
#include <ctype.h>

#define DEFAULT_HOST "unix:///run/brig/brig.sock"
#define UNIX_SCHEME "unix://"
#define ERROR_BODY_MAX (64u << 10)

int brig_daemon_init(Daemon *d, const char *host, BrigError *err)
{
        const char *const candidates[] = { host, getenv("BRIG_HOST"), getenv("DOCKER_HOST"), DEFAULT_HOST };

        *d = (Daemon) { 0 };
        for (size_t i = 0; i < ARRAY_SIZE(candidates) && !d->host; i++)
                if (!brig_str_empty(candidates[i]))
                        d->host = candidates[i];
        if (!brig_str_has_prefix(d->host, UNIX_SCHEME))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL,
                                      "daemon address \"%s\" is not supported: brig speaks to a unix socket (unix:///path)", d->host);
        d->socket_path = d->host + strlen(UNIX_SCHEME);
        return 0;
}

void brig_daemon_release(Daemon *d)
{
        d->conn = brig_http_free(d->conn);
        d->used = false;
}

void brig_daemon_done(Daemon *d)
{
        brig_daemon_release(d);
}

static const struct { int status; BrigErrorKind kind; } kinds[] = {
        { 400, BRIG_ERR_INVALID }, { 401, BRIG_ERR_UNAUTHENTICATED }, { 403, BRIG_ERR_DENIED }, { 404, BRIG_ERR_NOT_FOUND },
        { 409, BRIG_ERR_CONFLICT }, { 413, BRIG_ERR_TOO_LARGE }, { 501, BRIG_ERR_UNSUPPORTED },
        { 503, BRIG_ERR_UNAVAILABLE }, { 507, BRIG_ERR_NO_SPACE },
};

static BrigErrorKind kind_of(int status)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (kinds[i].status == status)
                        return kinds[i].kind;
        return BRIG_ERR_INTERNAL;
}

static int read_body(HttpConn *c, BrigBuffer *out, BrigError *err)
{
        const char *data;
        size_t len;

        do {
                int r = brig_http_next(c, &data, &len, err);

                if (r < 0)
                        return r;
                (void)brig_buffer_append(out, data, len);
        } while (len > 0);
        if (out->error)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, out->error, "reading the answer of the brig daemon");
        return 0;
}

/* Reads the body of a refusal and turns it into *err. Always negative. */
static int refusal(HttpConn *c, const HttpResponse *response, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer body = BRIG_BUFFER_INIT(ERROR_BODY_MAX);
        json_t *json = NULL;
        const char *message = NULL;
        int r = read_body(c, &body, err);

        if (r < 0)
                return r;
        if (body.data)
                json = json_loadb(body.data, body.len, 0, NULL);
        message = json_string_value(json_object_get(json, "message"));
        if (!message && body.data && !json)
                message = body.data;
        if (brig_str_empty(message))
                r = brig_error_set(err, kind_of(response->status), 0, "Error response from daemon: status %d without a message",
                                   response->status);
        else
                r = brig_error_set(err, kind_of(response->status), 0, "Error response from daemon: %s", message);
        json_decref(json);
        return r;
}

static int send_call(HttpConn *c, const DaemonCall *call, bool upgrade, BrigError *err)
{
        _cleanup_free_ char *text = call->body ? json_dumps(call->body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        HttpRequest q = { .method = call->method, .body_fd = call->body_fd, .upgrade = upgrade };

        q.target = brig_url_text(call->url);
        if (call->url->empty_segment)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid name or ID: value is empty");
        if (!q.target || (call->body && !text))
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "writing the request");
        q.body = text;
        q.body_len = text ? strlen(text) : 0;
        q.content_type = text ? "application/json" : call->content_type;
        return brig_http_send(c, &q, err);
}

int brig_daemon_begin(Daemon *d, const DaemonCall *call, bool upgrade, HttpConn **ret, BrigError *err)
{
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        int r = brig_http_connect(d->socket_path, &c, err);

        if (r >= 0)
                r = send_call(c, call, upgrade, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

int brig_daemon_finish(HttpConn *c, HttpResponse *ret, BrigError *err)
{
        int r = brig_http_receive(c, ret, err);

        if (r < 0)
                return r;
        return ret->status >= 400 ? refusal(c, ret, err) : 0;
}

int brig_daemon_open(Daemon *d, const DaemonCall *call, bool upgrade, HttpConn **ret, HttpResponse *ret_response, BrigError *err)
{
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        int r = brig_daemon_begin(d, call, upgrade, &c, err);

        if (r >= 0)
                r = brig_daemon_finish(c, ret_response, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

/* One exchange on the kept connection. -ECONNRESET: it had died before it carried this call. */
static int exchange(Daemon *d, const DaemonCall *call, HttpResponse *ret, BrigError *err)
{
        int r;

        if (d->conn && !brig_http_reusable(d->conn))
                brig_daemon_release(d);
        if (!d->conn) {
                r = brig_http_connect(d->socket_path, &d->conn, err);
                if (r < 0)
                        return r;
        }
        r = send_call(d->conn, call, false, err);
        if (r >= 0)
                r = brig_http_receive(d->conn, ret, err);
        return r;
}

int brig_daemon_fetch(Daemon *d, const DaemonCall *call, BrigBuffer *out, BrigError *err)
{
        HttpResponse response;
        bool kept = d->used;
        int r = exchange(d, call, &response, err);

        /* The daemon closes what has been idle; an upload's source cannot be read twice. */
        if (r == -ECONNRESET && kept && call->body_fd <= 0) {
                brig_daemon_release(d);
                r = exchange(d, call, &response, err);
        }
        if (r < 0)
                return r;
        d->used = true;
        return response.status >= 400 ? refusal(d->conn, &response, err) : read_body(d->conn, out, err);
}

int brig_daemon_call(Daemon *d, const DaemonCall *call, json_t **ret, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer body = BRIG_BUFFER_INIT(DAEMON_ANSWER_MAX);
        json_error_t why;
        int r = brig_daemon_fetch(d, call, &body, err);

        if (r < 0)
                return r;
        if (!ret)
                return 0;
        *ret = NULL;
        if (body.len == 0)
                return 0;
        *ret = json_loadb(body.data, body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, &why);
        if (!*ret)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "reading the answer of the brig daemon: %s", why.text);
        return 0;
}

/* Adds one word; the name is lower-cased and both sides trimmed, as docker does. */
static int add_filter(json_t *filters, const char *word)
{
        const char *equals = strchr(word, '=');
        _cleanup_free_ char *name = equals ? strndup(word, (size_t)(equals - word)) : NULL;
        _cleanup_free_ char *value = equals ? strdup(equals + 1 + strspn(equals + 1, " \t")) : NULL;
        json_t *values;

        if (!equals)
                return -EINVAL;
        if (!name || !value)
                return -ENOMEM;
        for (char *s = name; *s; s++)
                *s = (char)tolower((unsigned char)*s);
        for (size_t n = strlen(value); n > 0 && isspace((unsigned char)value[n - 1]); n--)
                value[n - 1] = '\0';
        values = json_object_get(filters, name);
        if (!values && json_object_set_new(filters, name, values = json_object()) < 0)
                return -ENOMEM;
        return json_object_set_new(values, value, json_true()) < 0 ? -ENOMEM : 0;
}

int brig_daemon_filters(char *const *words, json_t **ret, BrigError *err)
{
        json_t *filters = words ? json_object() : NULL;

        BRIG_STRV_FOREACH(word, words) {
                int r = add_filter(filters, *word);

                if (r >= 0)
                        continue;
                json_decref(filters);
                if (r == -EINVAL)
                        return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION,
                                              "invalid argument \"%s\" for \"-f, --filter\" flag: bad format of filter (expected name=value)", *word);
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "reading filters");
        }
        *ret = filters;
        return 0;
}
