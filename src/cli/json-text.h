#pragma once
/* JSON and quoted strings as Go writes them. */
#include "base/buffer.h"
#include <jansson.h>

/* Compact, keys in the order they have, and < > & as \u003c \u003e \u0026: what encoding/json emits. */
void brig_json_print_go(const json_t *v, BrigBuffer *out);
/*
 * Re-indents JSON text without changing any of its tokens, four blanks deep:
 * what `inspect` prints. The text is expected to be valid; broken text stays broken.
 */
void brig_json_indent(const char *text, size_t len, unsigned depth, BrigBuffer *out);
/* strconv.Quote: "..." with escapes. */
void brig_go_quote(const char *s, BrigBuffer *out);
