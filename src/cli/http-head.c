#include "cli/http-head.h"
#include "base/strings.h"

static int on_content_length(HttpHead *h, const char *value)
{
        /* Two lengths: whichever is right, the other would desynchronise us. */
        if (h->has_length || brig_parse_u64(value, &h->length) < 0)
                return -EBADMSG;
        h->has_length = true;
        return 0;
}

static int on_transfer_encoding(HttpHead *h, const char *value)
{
        h->chunked = strcasecmp(value, "chunked") == 0;
        return h->chunked ? 0 : -EBADMSG;
}

static int on_connection(HttpHead *h, const char *value)
{
        h->close = h->close || strcasecmp(value, "close") == 0;
        return 0;
}

static int on_content_type(HttpHead *h, const char *value)
{
        (void)snprintf(h->content_type, sizeof(h->content_type), "%s", value);
        return 0;
}

static const struct { const char *name; int (*on)(HttpHead *, const char *value); } headers[] = {
        { "Content-Length", on_content_length },
        { "Transfer-Encoding", on_transfer_encoding },
        { "Connection", on_connection },
        { "Content-Type", on_content_type },
};

static int parse_header(HttpHead *h, char *line)
{
        char *colon = strchr(line, ':');
        char *value, *end;

        if (!colon)
                return -EBADMSG;
        *colon = '\0';
        value = colon + 1 + strspn(colon + 1, " \t");
        for (end = value + strlen(value); end > value && strchr(" \t", end[-1]); end--)
                end[-1] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
                if (strcasecmp(line, headers[i].name) == 0)
                        return headers[i].on(h, value);
        return 0;
}

static int parse_status(HttpHead *h, const char *line)
{
        uint32_t status;
        char code[4] = "";

        if (!brig_str_has_prefix(line, "HTTP/1.") || strlen(line) < strlen("HTTP/1.1 200") || line[8] != ' ')
                return -EBADMSG;
        h->close = line[7] == '0';
        memcpy(code, line + 9, 3);
        if (brig_parse_u32(code, &status) < 0 || status < 100)
                return -EBADMSG;
        h->status = (int)status;
        return 0;
}

int brig_http_head_parse(char *text, HttpHead *ret)
{
        bool first = true;

        *ret = (HttpHead) { 0 };
        for (char *line = text, *next; line; line = next, first = false) {
                int r;

                next = strstr(line, "\r\n");
                if (next) {
                        *next = '\0';
                        next += 2;
                }
                r = first ? parse_status(ret, line) : parse_header(ret, line);
                if (r < 0)
                        return r;
        }
        return 0;
}

HttpBody brig_http_head_body(const HttpHead *h)
{
        if (h->status == 204 || h->status == 304 || h->status < 200)
                return brig_http_body_start(HTTP_FRAMING_NONE, 0);
        if (h->chunked)
                return brig_http_body_start(HTTP_FRAMING_CHUNKED, 0);
        if (h->has_length)
                return brig_http_body_start(HTTP_FRAMING_LENGTH, h->length);
        return brig_http_body_start(HTTP_FRAMING_UNTIL_CLOSE, 0);
}
