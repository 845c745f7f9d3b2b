/* What handlers ask of a request. */
#include "api/request.h"

#include "base/strings.h"

#include <poll.h>

Request *brig_request_new(Api *api, const char *raw_target)
{
        Request *r = calloc(1, sizeof(Request));

        if (!r)
                return NULL;
        r->api = api;
        r->raw_target = brig_str_dup(raw_target);
        r->client_fd = -EBADF;
        r->body.max = BRIG_REQUEST_MAX_JSON;
        if (!r->raw_target)
                return brig_request_free(r);
        return r;
}

Request *brig_request_free(Request *r)
{
        if (!r)
                return NULL;
        brig_reply_clear(&r->reply);
        brig_conveyor_free(r->upload);
        brig_buffer_done(&r->body);
        brig_target_clear(&r->target);
        free(r->argument);
        free(r->raw_target);
        free(r);
        return NULL;
}

static bool is_json_type(const char *content_type)
{
        static const char json[] = "application/json";
        size_t len = strcspn(content_type, "; \t");

        return len == strlen(json) && strncasecmp(content_type, json, len) == 0;
}

int brig_request_json(Request *r, json_t **ret, BrigError *err)
{
        _cleanup_json_ json_t *body = NULL;
        int ret_code;

        if (brig_str_empty(r->content_type) ? r->has_body : !is_json_type(r->content_type))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL,
                                      "unsupported Content-Type header (%.80s): must be 'application/json'", r->content_type ?: "");
        if (r->body.len == 0) {
                *ret = json_object();
                return *ret ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the request body");
        }
        ret_code = brig_json_parse(r->body.data, r->body.len, &body, err);
        if (ret_code < 0) {
                brig_error_prefix(err, "invalid JSON");
                return ret_code;
        }
        if (!json_is_object(body))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid JSON: the request body must be an object");
        *ret = TAKE_PTR(body);
        return 0;
}

int brig_request_json_required(Request *r, json_t **ret, BrigError *err)
{
        if (r->body.len == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid JSON: got EOF while reading request body");
        return brig_request_json(r, ret, err);
}

int brig_request_filters(const Request *r, json_t **ret, BrigError *err)
{
        return brig_filters_parse(brig_request_get(r, "filters") ?: "", ret, err);
}

static int terminal_edge(const Request *r, const char *name, const char *what, uint32_t *ret, BrigError *err)
{
        const char *s = brig_request_get(r, name) ?: "";

        if (brig_parse_u32(s, ret) < 0 || *ret > UINT16_MAX)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid resize %s \"%.20s\"", what, s);
        return 0;
}

int brig_request_terminal_size(const Request *r, uint32_t *ret_rows, uint32_t *ret_cols, BrigError *err)
{
        int result = terminal_edge(r, "h", "height", ret_rows, err);

        return result < 0 ? result : terminal_edge(r, "w", "width", ret_cols, err);
}

ssize_t brig_request_read_upload(void *request, void *data, size_t len)
{
        return brig_conveyor_get(((Request *)request)->upload, data, len);
}

bool brig_request_client_gone(int client_fd)
{
        struct pollfd p = { .fd = client_fd, .events = POLLRDHUP };

        return client_fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}
