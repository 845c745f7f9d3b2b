#pragma once
/* Numbers, times and names as docker's tables word them. */
#include "base/buffer.h"
#include <jansson.h>
#include <stdio.h>

#define WORD_SIZE 64

/* "1.23kB": decimal units, `digits` significant (docker: 3 in lists, 4 elsewhere). */
void brig_words_size(int64_t bytes, int digits, char out[WORD_SIZE]);
/* "3.84GiB". */
void brig_words_size_binary(int64_t bytes, char out[WORD_SIZE]);
/* "5 minutes ago" for a time in seconds since the epoch. */
void brig_words_ago(int64_t seconds, char out[WORD_SIZE]);
/* "2026-10-13 00:09:53 +0000 UTC" in local time, as Go prints a Time. */
void brig_words_time(int64_t seconds, char out[WORD_SIZE]);
/* "2026-10-13T00:09:53Z" or with offset, local. */
void brig_words_time_rfc3339(int64_t seconds, char out[WORD_SIZE]);
/* "sha256:d1d1..." or "c0ffee...": the first twelve characters of the hex part. */
void brig_words_short_id(const char *id, char out[WORD_SIZE]);
/* Cut to `width` characters (UTF-8), the last one an ellipsis. */
void brig_words_ellipsis(const char *s, size_t width, BrigBuffer *out);
/* "a=1,b=2", sorted. */
void brig_words_labels(const json_t *labels, BrigBuffer *out);
/*
 * Writes text that someone else may have written (an image's history, a label,
 * a daemon's error). On a terminal its control characters but tab and line feed
 * are shown as \xNN, so that it can't drive the terminal; a pipe gets it as it is.
 */
void brig_words_write(FILE *out, const char *text, size_t len);
/* The same without asking what `out` is. */
void brig_words_write_clean(FILE *out, const char *text, size_t len);
/* How many columns a UTF-8 text takes, one for each character. */
size_t brig_words_width(const char *s, size_t len);
