#pragma once
/*
 * The one error object. Rooms above `sys` take `BrigError *err` as last
 * parameter, fill it exactly once on failure and return a negative number;
 * `base` and `sys` return plain -errno and know nothing of it.
 *
 * Messages: lower case, what failed first, the subject quoted, then the cause,
 * no full stop. A user must be able to act on them.
 */
#include "base/macros.h"
#include <stdarg.h>

typedef enum BrigErrorKind {
        BRIG_OK = 0,
        BRIG_ERR_INTERNAL,       /* 500: a bug or an I/O error of ours */
        BRIG_ERR_INVALID,        /* 400: the request makes no sense */
        BRIG_ERR_NOT_FOUND,      /* 404 */
        BRIG_ERR_CONFLICT,       /* 409: name taken, wrong state */
        BRIG_ERR_NOT_MODIFIED,   /* 304: already started or stopped */
        BRIG_ERR_DENIED,         /* 403: ceiling, policy or role says no */
        BRIG_ERR_UNAUTHENTICATED,/* 401 */
        BRIG_ERR_UNSUPPORTED,    /* 501: known, but not built yet */
        BRIG_ERR_TOO_LARGE,      /* 413: a limit of ours */
        BRIG_ERR_UNAVAILABLE,    /* 503: a part is down or starting */
        BRIG_ERR_NO_SPACE,       /* 507: disk or quota full */
        BRIG_ERR_COMMAND_NOT_FOUND,  /* 400 + exit 127 */
        BRIG_ERR_COMMAND_NOT_EXEC,   /* 400 + exit 126 */
        _BRIG_ERR_MAX,
} BrigErrorKind;

typedef struct BrigError {
        BrigErrorKind kind;
        int errnum;              /* positive errno, or 0 when there is none */
        char message[1024];
} BrigError;

#define BRIG_ERROR_INIT { .kind = BRIG_OK }

/*
 * Fills *err (may be NULL) and returns -errnum, or -EIO when errnum is 0.
 * The text of errnum is NOT appended; use brig_error_errno for that.
 */
int brig_error_set(BrigError *err, BrigErrorKind kind, int errnum, const char *fmt, ...) _printf_(4, 5);
/* As brig_error_set, with ": <strerror>" behind the message; ENOSPC and EDQUOT become BRIG_ERR_NO_SPACE. errnum may be negative. */
int brig_error_errno(BrigError *err, BrigErrorKind kind, int errnum, const char *fmt, ...) _printf_(4, 5);
/* Puts "<text>: " before the message that is there. */
void brig_error_prefix(BrigError *err, const char *fmt, ...) _printf_(2, 3);
void brig_error_clear(BrigError *err);
/* HTTP status (Docker Engine API) and command line exit code of a kind. */
unsigned brig_error_http_status(BrigErrorKind kind);
int brig_error_exit_code(BrigErrorKind kind);
