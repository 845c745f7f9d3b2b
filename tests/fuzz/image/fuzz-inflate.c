/* Compressed streams: an end, a refusal, never more than the limit and never anything else. */
#include "base/strings.h"
#include "image/inflate.h"

#define OUT_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Source { const uint8_t *data; size_t len; } Source;

static ssize_t read_source(void *context, void *data, size_t len)
{
        Source *s = context;
        size_t n = MIN2(len, s->len);

        memcpy(data, s->data, n);
        s->data += n;
        s->len -= n;
        return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Source s = { data, size };
        _cleanup_(brig_inflater_freep) BrigInflater *i = brig_inflater_new(read_source, &s, OUT_MAX);
        BrigError err = BRIG_ERROR_INIT;
        const void *block;
        ssize_t n;

        brig_assert(i);
        while ((n = brig_inflater_next(i, &block, &err)) > 0)
                brig_assert(brig_inflater_total(i) <= OUT_MAX);
        brig_assert(n == 0 || err.kind == BRIG_ERR_INVALID || err.kind == BRIG_ERR_TOO_LARGE);
        return 0;
}
