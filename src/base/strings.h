#pragma once
/*
 * Strings and NULL-terminated string vectors (strv, as in systemd).
 * No function here reads locale or environment.
 */
#include "base/macros.h"
#include <string.h>

static inline bool streq(const char *a, const char *b) { return strcmp(a, b) == 0; }
static inline bool brig_str_empty(const char *s) { return !s || !*s; }
/* NULL-safe equality. */
bool brig_str_equal(const char *a, const char *b);
bool brig_str_has_prefix(const char *s, const char *prefix);
bool brig_str_has_suffix(const char *s, const char *suffix);
/* asprintf that returns the string, NULL when out of memory. */
char *brig_str_printf(const char *fmt, ...) _printf_(1, 2);
/* strdup that passes NULL through. */
char *brig_str_dup(const char *s);
/* Replaces *dst by a copy of src (NULL allowed); 0 or -ENOMEM. */
int brig_str_set(char **dst, const char *src) _must_use_;

/* Whole-string decimal parsers: no sign for unsigned, no blanks; 0, -EINVAL or -ERANGE. */
int brig_parse_u64(const char *s, uint64_t *ret) _must_use_;
int brig_parse_i64(const char *s, int64_t *ret) _must_use_;
int brig_parse_u32(const char *s, uint32_t *ret) _must_use_;
/* 1/0, t/f, true/false, yes/no, on/off in any case. */
int brig_parse_bool(const char *s, bool *ret) _must_use_;
/* "512", "64k", "1m", "2g", "1.5G", "100MB", "1GiB": bytes, powers of 1024 as docker has them. */
int brig_parse_size(const char *s, uint64_t *ret) _must_use_;

/* strv: NULL is the empty vector. */
size_t brig_strv_len(char *const *v);
char **brig_strv_free(char **v);
static inline void brig_strv_freep(char ***v) { *v = brig_strv_free(*v); }
#define _cleanup_strv_ _cleanup_(brig_strv_freep)
int brig_strv_push(char ***v, const char *s) _must_use_;      /* copies s */
int brig_strv_consume(char ***v, char *s) _must_use_;         /* takes s, also on failure */
char **brig_strv_copy(char *const *v);                        /* NULL for NULL, and when out of memory */
bool brig_strv_contains(char *const *v, const char *s);
/* Splits at every `sep`; empty parts are kept. *ret is NULL-terminated. 0 or -ENOMEM. */
int brig_strv_split(const char *s, char sep, char ***ret) _must_use_;
char *brig_strv_join(char *const *v, const char *sep);
/* Value behind "NAME=" in an environment vector (last wins), or NULL. */
const char *brig_strv_env_get(char *const *env, const char *name);
/* Sets or replaces "NAME=value"; the entry "NAME" without '=' removes. */
int brig_strv_env_set(char ***env, const char *assignment) _must_use_;
#define BRIG_STRV_FOREACH(s, v) for (char *const *s = (v); s && *s; s++)

/* Lower-case hex; out has 2*len+1 bytes. */
void brig_hex_encode(const void *data, size_t len, char *out);
/* Exactly n lower-case hex characters and nothing behind. */
bool brig_is_hex(const char *s, size_t n);
