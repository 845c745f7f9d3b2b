#pragma once
/* The user's terminal: raw mode for the time of a session, its size, and the keys that leave a session. */
#include "base/error.h"
#include <termios.h>

#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"
#define DETACH_KEYS_MAX 16

typedef struct Terminal {
        int fd;                 /* -EBADF: not in raw mode */
        struct termios saved;
} Terminal;
#define TERMINAL_INIT { .fd = -EBADF }

/* Raw mode on fd, which stays the caller's. 0 or -errno. */
int brig_terminal_raw(Terminal *t, int fd) _must_use_;
/* Back to what it was; safe to call twice. */
void brig_terminal_restore(Terminal *t);
/* Rows and columns; false when fd is no terminal or does not know. */
bool brig_terminal_size(int fd, unsigned *ret_rows, unsigned *ret_columns);

/* "ctrl-p,ctrl-q" or single characters, as in docker's --detach-keys. */
typedef struct DetachKeys {
        char keys[DETACH_KEYS_MAX];
        size_t count;           /* 0: no keys */
        size_t matched;         /* how many of them have just been typed */
} DetachKeys;
int brig_detach_keys_parse(const char *text, DetachKeys *ret, BrigError *err) _must_use_;
/*
 * Filters typed bytes: what is to be forwarded goes to out (room for len +
 * DETACH_KEYS_MAX). True: the sequence is complete, the rest of `in` is dropped.
 */
bool brig_detach_keys_filter(DetachKeys *d, const char *in, size_t len, char *out, size_t *ret_len);
