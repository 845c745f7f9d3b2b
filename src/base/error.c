/*
 * Filling the error object and the one table that maps its kinds to the HTTP
 * statuses of the Docker Engine API and to command line exit codes.
 */
#include "base/error.h"

#include <string.h>

typedef struct KindRow {
        unsigned http_status;
        int exit_code;
} KindRow;

static const KindRow kinds[_BRIG_ERR_MAX] = {
        [BRIG_OK] = { 200, 0 },
        [BRIG_ERR_INTERNAL] = { 500, 1 },
        [BRIG_ERR_INVALID] = { 400, 1 },
        [BRIG_ERR_NOT_FOUND] = { 404, 1 },
        [BRIG_ERR_CONFLICT] = { 409, 1 },
        [BRIG_ERR_NOT_MODIFIED] = { 304, 0 },
        [BRIG_ERR_DENIED] = { 403, 1 },
        [BRIG_ERR_UNAUTHENTICATED] = { 401, 1 },
        [BRIG_ERR_UNSUPPORTED] = { 501, 1 },
        [BRIG_ERR_TOO_LARGE] = { 413, 1 },
        [BRIG_ERR_UNAVAILABLE] = { 503, 1 },
        [BRIG_ERR_NO_SPACE] = { 507, 1 },
        [BRIG_ERR_COMMAND_NOT_FOUND] = { 400, 127 },
        [BRIG_ERR_COMMAND_NOT_EXEC] = { 400, 126 },
};

static const KindRow *kind_row(BrigErrorKind kind)
{
        return (unsigned)kind < _BRIG_ERR_MAX ? &kinds[kind] : &kinds[BRIG_ERR_INTERNAL];
}

unsigned brig_error_http_status(BrigErrorKind kind)
{
        return kind_row(kind)->http_status;
}

int brig_error_exit_code(BrigErrorKind kind)
{
        return kind_row(kind)->exit_code;
}

static _printf_(4, 0) void error_fill(BrigError *err, BrigErrorKind kind, int errnum, const char *fmt, va_list ap)
{
        err->kind = kind;
        err->errnum = errnum;
        if (vsnprintf(err->message, sizeof err->message, fmt, ap) < 0)
                err->message[0] = '\0';
}

int brig_error_set(BrigError *err, BrigErrorKind kind, int errnum, const char *fmt, ...)
{
        va_list ap;

        if (errnum < 0)
                errnum = -errnum;
        if (err) {
                va_start(ap, fmt);
                error_fill(err, kind, errnum, fmt, ap);
                va_end(ap);
        }
        return errnum > 0 ? -errnum : -EIO;
}

int brig_error_errno(BrigError *err, BrigErrorKind kind, int errnum, const char *fmt, ...)
{
        va_list ap;

        if (errnum < 0)
                errnum = -errnum;
        if (errnum == ENOSPC || errnum == EDQUOT)
                kind = BRIG_ERR_NO_SPACE;
        if (err) {
                /* strerrordesc_np: untranslated, thread-safe, and needs no locale in a static program. */
                const char *text = strerrordesc_np(errnum);
                size_t len;

                va_start(ap, fmt);
                error_fill(err, kind, errnum, fmt, ap);
                va_end(ap);
                len = strlen(err->message);
                (void)snprintf(err->message + len, sizeof err->message - len, ": %s", text ? text : "unknown error");
        }
        return errnum > 0 ? -errnum : -EIO;
}

void brig_error_prefix(BrigError *err, const char *fmt, ...)
{
        char text[sizeof err->message];
        size_t len, rest;
        va_list ap;

        if (!err)
                return;
        va_start(ap, fmt);
        if (vsnprintf(text, sizeof text - 2, fmt, ap) < 0)
                text[0] = '\0';
        va_end(ap);
        len = strlen(text);
        text[len++] = ':';
        text[len++] = ' ';

        /* The cause stands at the end; what does not fit is cut there. */
        rest = MIN2(strlen(err->message), sizeof err->message - 1 - len);
        memmove(err->message + len, err->message, rest);
        memcpy(err->message, text, len);
        err->message[len + rest] = '\0';
}

void brig_error_clear(BrigError *err)
{
        if (!err)
                return;
        err->kind = BRIG_OK;
        err->errnum = 0;
        err->message[0] = '\0';
}
