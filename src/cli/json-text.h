#pragma once
/* JSON and quoted strings as Go writes them, and the small accessors that every verb needs. */
#include "base/buffer.h"
#include <jansson.h>

/* Compact, keys in the order they have; with `escape_html` < > & become \u003c \u003e \u0026, encoding/json's default. */
void brig_json_print_go(const json_t *v, bool escape_html, BrigBuffer *out);
/*
 * Re-indents JSON text without changing any of its tokens, four blanks deep:
 * what `inspect` prints. The text is expected to be valid; broken text stays broken.
 */
void brig_json_indent(const char *text, size_t len, unsigned depth, BrigBuffer *out);
/* strconv.Quote: "..." with escapes. */
void brig_go_quote(const char *s, BrigBuffer *out);

/* json[a][b], borrowed, NULL when it is not there. */
json_t *brig_json_path(const json_t *json, const char *a, const char *b);
/* The member's text, "" when it is none. */
const char *brig_json_text_of(const json_t *json, const char *member);
/* The member's integer, 0 when it is none. */
int64_t brig_json_int_of(const json_t *json, const char *member);
/* A vector as an array; NULL when memory is short or a word is not UTF-8. */
json_t *brig_json_strings(char *const *words);

static inline void brig_json_unrefp(json_t **json) { json_decref(*json); }
#define _cleanup_unref_ _cleanup_(brig_json_unrefp)
