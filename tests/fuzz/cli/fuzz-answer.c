/* What a daemon may send: a head, a body in any framing, in it a multiplexed stream. The first byte is how much is seen at once. */
#include "base/strings.h"
#include "cli/demux.h"
#include "cli/http-head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demux(Demux *d, const char *in, size_t len)
{
        while (len > 0) {
                const char *span;
                size_t used, n;

                if (brig_demux_decode(d, in, len, &used, &span, &n) < 0)
                        return;
                brig_assert(used > 0 && used <= len && n <= used && (n == 0 || (span >= in && span + n <= in + len)));
                in += used;
                len -= used;
        }
}

static void decode(HttpBody b, const char *in, size_t len, size_t step)
{
        Demux d = { .have = 0 };

        while (len > 0 && !b.done) {
                const char *span;
                size_t used, n, seen = MIN2(step, len);

                if (brig_http_body_decode(&b, in, seen, &used, &span, &n) < 0)
                        return;
                brig_assert(used <= seen && n <= used && (used > 0 || b.done));
                demux(&d, span, n);
                in += used;
                len -= used;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t step = size > 0 ? data[0] + 1u : 1;
        const char *text = (const char *)data + 1, *end;
        _cleanup_free_ char *head = NULL;
        HttpHead h;

        if (size < 1)
                return 0;
        size--;
        end = memmem(text, size, "\r\n\r\n", 4);
        if (!end)
                return 0;
        head = strndup(text, (size_t)(end - text));
        if (head && brig_http_head_parse(head, &h) >= 0)
                decode(brig_http_head_body(&h), end + 4, size - (size_t)(end + 4 - text), step);
        return 0;
}
