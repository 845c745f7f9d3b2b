#pragma once
/*
 * A growable byte buffer that needs a maximum at birth (as curl's dynbuf):
 * what parses or collects foreign bytes states how much it is ready to hold.
 * Once an append fails the buffer stays failed (sticky), so a chain of
 * appends is checked once, at its end.
 */
#include "base/macros.h"
#include <stdarg.h>

typedef struct BrigBuffer {
        char *data;     /* NUL behind the last byte whenever data != NULL */
        size_t len;
        size_t cap;
        size_t max;     /* most bytes that len may reach */
        int error;      /* 0, -ENOMEM or -E2BIG: sticky */
} BrigBuffer;

#define BRIG_BUFFER_INIT(maximum) { .max = (maximum) }

int brig_buffer_append(BrigBuffer *b, const void *data, size_t len);
int brig_buffer_puts(BrigBuffer *b, const char *s);
int brig_buffer_putc(BrigBuffer *b, char c);
int brig_buffer_printf(BrigBuffer *b, const char *fmt, ...) _printf_(2, 3);
int brig_buffer_vprintf(BrigBuffer *b, const char *fmt, va_list ap) _printf_(2, 0);
/* Room for `len` more bytes; returns where to write, NULL on failure. Then brig_buffer_commit. */
void *brig_buffer_reserve(BrigBuffer *b, size_t len);
void brig_buffer_commit(BrigBuffer *b, size_t len);
/* Drops the first `len` bytes. */
void brig_buffer_consume(BrigBuffer *b, size_t len);
void brig_buffer_reset(BrigBuffer *b);
void brig_buffer_done(BrigBuffer *b);
/* Hands the NUL-terminated bytes to the caller (free(3)); NULL when failed or out of memory. "" when empty. */
char *brig_buffer_take(BrigBuffer *b);
#define _cleanup_buffer_ _cleanup_(brig_buffer_done)
