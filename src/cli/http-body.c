#include "cli/http-body.h"

HttpBody brig_http_body_start(HttpFraming framing, uint64_t length)
{
        HttpBody b = { .framing = framing };

        if (framing == HTTP_FRAMING_LENGTH)
                b.left = length;
        b.done = framing == HTTP_FRAMING_NONE || (framing == HTTP_FRAMING_LENGTH && length == 0);
        return b;
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

static int on_size(HttpBody *b, char c)
{
        int digit = hex_digit(c);

        if (digit >= 0) {
                if (++b->digits > HTTP_CHUNK_DIGITS_MAX)
                        return -EBADMSG;
                b->left = b->left << 4 | (unsigned)digit;
                return 0;
        }
        if (b->digits == 0)
                return -EBADMSG;
        if (c == '\r')
                b->state = HTTP_CHUNK_SIZE_LF;
        else if (c == ';' || c == ' ' || c == '\t')
                b->state = HTTP_CHUNK_EXTENSION;
        else
                return -EBADMSG;
        return 0;
}

static int on_extension(HttpBody *b, char c)
{
        if (c == '\r')
                b->state = HTTP_CHUNK_SIZE_LF;
        return c == '\n' ? -EBADMSG : 0;
}

static int on_size_lf(HttpBody *b, char c)
{
        b->digits = 0;
        b->state = b->left > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER_START;
        return c == '\n' ? 0 : -EBADMSG;
}

static int on_data_cr(HttpBody *b, char c)
{
        b->state = HTTP_CHUNK_DATA_LF;
        return c == '\r' ? 0 : -EBADMSG;
}

static int on_data_lf(HttpBody *b, char c)
{
        b->state = HTTP_CHUNK_SIZE;
        return c == '\n' ? 0 : -EBADMSG;
}

static int on_trailer_start(HttpBody *b, char c)
{
        b->state = c == '\r' ? HTTP_CHUNK_END_LF : HTTP_CHUNK_TRAILER;
        return 0;
}

static int on_trailer(HttpBody *b, char c)
{
        if (c == '\n')
                b->state = HTTP_CHUNK_TRAILER_START;
        return 0;
}

static int on_end_lf(HttpBody *b, char c)
{
        b->done = c == '\n';
        return b->done ? 0 : -EBADMSG;
}

/* One byte outside of chunk data. */
static int (*const on_byte[])(HttpBody *b, char c) = {
        [HTTP_CHUNK_SIZE] = on_size, [HTTP_CHUNK_EXTENSION] = on_extension, [HTTP_CHUNK_SIZE_LF] = on_size_lf,
        [HTTP_CHUNK_DATA_CR] = on_data_cr, [HTTP_CHUNK_DATA_LF] = on_data_lf,
        [HTTP_CHUNK_TRAILER_START] = on_trailer_start, [HTTP_CHUNK_TRAILER] = on_trailer, [HTTP_CHUNK_END_LF] = on_end_lf,
};

int brig_http_body_decode(HttpBody *b, const char *in, size_t len, size_t *ret_used, const char **ret_data,
                          size_t *ret_len)
{
        size_t used = 0, span;

        *ret_len = 0;
        *ret_data = in;
        if (b->framing == HTTP_FRAMING_CHUNKED)
                while (used < len && !b->done && b->state != HTTP_CHUNK_DATA) {
                        int r = on_byte[b->state](b, in[used++]);

                        if (r < 0)
                                return r;
                }
        *ret_used = used;
        if (b->done)
                return 0;

        span = len - used;
        if (b->framing != HTTP_FRAMING_UNTIL_CLOSE) {
                /* Outside of chunk data every byte was spent above, so span is 0 then. */
                span = MIN2(span, b->left);
                b->left -= span;
                if (b->left == 0 && b->framing == HTTP_FRAMING_LENGTH)
                        b->done = true;
                if (b->left == 0 && b->state == HTTP_CHUNK_DATA)
                        b->state = HTTP_CHUNK_DATA_CR;
        }
        *ret_data = in + used;
        *ret_len = span;
        *ret_used = used + span;
        return 0;
}
