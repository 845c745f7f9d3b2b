/* The bounded byte buffer. One byte behind `len` is always kept for the NUL. */
#include "base/buffer.h"

#include <string.h>

#define BUFFER_MIN_CAP 64

static int buffer_fail(BrigBuffer *b, int error)
{
        if (b->error == 0)
                b->error = error;
        return b->error;
}

void *brig_buffer_reserve(BrigBuffer *b, size_t len)
{
        size_t need, cap;
        char *data;

        if (b->error != 0)
                return NULL;
        if (len > b->max - b->len || b->max - b->len == SIZE_MAX) {
                (void)buffer_fail(b, -E2BIG);
                return NULL;
        }
        need = b->len + len + 1;
        if (need <= b->cap)
                return b->data + b->len;

        /* Doubling keeps appends cheap; the maximum keeps doubling honest. */
        cap = b->cap > SIZE_MAX / 2 ? need : MAX2(need, b->cap * 2);
        cap = MAX2(MIN2(cap, b->max + 1), MIN2((size_t)BUFFER_MIN_CAP, b->max + 1));
        data = realloc(b->data, cap);
        if (!data) {
                (void)buffer_fail(b, -ENOMEM);
                return NULL;
        }
        data[b->len] = '\0';
        b->data = data;
        b->cap = cap;
        return data + b->len;
}

void brig_buffer_commit(BrigBuffer *b, size_t len)
{
        if (len == 0)
                return;
        brig_assert(b->data && len < b->cap - b->len);
        b->len += len;
        b->data[b->len] = '\0';
}

int brig_buffer_append(BrigBuffer *b, const void *data, size_t len)
{
        void *to = brig_buffer_reserve(b, len);

        if (!to)
                return b->error;
        if (len > 0)
                memcpy(to, data, len);
        brig_buffer_commit(b, len);
        return 0;
}

int brig_buffer_puts(BrigBuffer *b, const char *s)
{
        return brig_buffer_append(b, s, strlen(s));
}

int brig_buffer_putc(BrigBuffer *b, char c)
{
        return brig_buffer_append(b, &c, 1);
}

int brig_buffer_vprintf(BrigBuffer *b, const char *fmt, va_list ap)
{
        char stack[512];
        va_list again;
        char *to;
        int n;

        if (b->error != 0)
                return b->error;
        va_copy(again, ap);
        n = vsnprintf(stack, sizeof stack, fmt, ap);
        if (n < 0) {
                va_end(again);
                return buffer_fail(b, -ENOMEM);
        }
        if ((size_t)n < sizeof stack) {
                va_end(again);
                return brig_buffer_append(b, stack, (size_t)n);
        }
        to = brig_buffer_reserve(b, (size_t)n);
        if (to)
                (void)vsnprintf(to, (size_t)n + 1, fmt, again);
        va_end(again);
        if (!to)
                return b->error;
        brig_buffer_commit(b, (size_t)n);
        return 0;
}

int brig_buffer_printf(BrigBuffer *b, const char *fmt, ...)
{
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = brig_buffer_vprintf(b, fmt, ap);
        va_end(ap);
        return r;
}

void brig_buffer_consume(BrigBuffer *b, size_t len)
{
        brig_assert(len <= b->len);
        if (len == 0)
                return;
        b->len -= len;
        memmove(b->data, b->data + len, b->len);
        b->data[b->len] = '\0';
}

void brig_buffer_reset(BrigBuffer *b)
{
        b->len = 0;
        b->error = 0;
        if (b->data)
                b->data[0] = '\0';
}

void brig_buffer_done(BrigBuffer *b)
{
        free(b->data);
        b->data = NULL;
        b->len = 0;
        b->cap = 0;
        b->error = 0;
}

char *brig_buffer_take(BrigBuffer *b)
{
        char *data;

        if (!brig_buffer_reserve(b, 0))
                return NULL;
        data = TAKE_PTR(b->data);
        b->len = 0;
        b->cap = 0;
        return data;
}
