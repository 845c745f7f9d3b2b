#pragma once
/* Detach keys in a terminal's input: a sequence of bytes that never reaches the payload. */
#include "base/macros.h"

#define DETACH_KEYS_MAX 32

typedef struct DetachKeys { unsigned char keys[DETACH_KEYS_MAX]; size_t n, matched; } DetachKeys;

/* len 0: docker's default, ctrl-p ctrl-q. -E2BIG over the maximum. */
int detach_keys_init(DetachKeys *d, const void *keys, size_t len) _must_use_;
/*
 * Copies what the payload shall get to out (len + DETACH_KEYS_MAX bytes): a beginning of the
 * sequence is held back until it is complete or turns out to be something else.
 * Returns the bytes in out; *ret_detach when the sequence is complete (what follows is dropped).
 */
size_t detach_keys_filter(DetachKeys *d, const void *data, size_t len, char *out, bool *ret_detach);
