#pragma once
/*
 * A small HTTP/1.1 client for one unix socket: what the Engine API needs and
 * no more. One HttpConn carries one request after the other (keep-alive);
 * order of calls for each:
 *
 *   brig_http_send -> brig_http_receive -> brig_http_next until it gives 0 bytes
 *
 * or, when the answer is an upgrade ("hijacked" by attach and exec), after
 * brig_http_receive: brig_http_early for the bytes that came along with the
 * head, then brig_http_fd is a plain two-way stream of its own.
 *
 * Blocking; no threads; SIGPIPE is never raised. What the daemon answers is
 * checked like any foreign input: a head larger than HTTP_BUFFER_SIZE, or
 * broken framing, is an error.
 */
#include "base/error.h"
#include "cli/http-head.h"

#define HTTP_BUFFER_SIZE (64u << 10)

typedef struct HttpConn HttpConn;

typedef struct HttpRequest {
        const char *method;
        const char *target;         /* origin form: "/v1.50/info?x=y" */
        const char *content_type;   /* NULL: none */
        const void *body;           /* NULL: none */
        size_t body_len;
        int body_fd;                /* > 0: the body is what can be read there, to its end */
        bool upgrade;               /* ask for the raw stream */
} HttpRequest;

typedef struct HttpResponse {
        int status;
        bool upgraded;              /* from here on: brig_http_early, brig_http_fd */
        char content_type[HTTP_CONTENT_TYPE_MAX];
} HttpResponse;

/* -errno with BRIG_ERR_UNAVAILABLE when nobody listens. */
int brig_http_connect(const char *socket_path, HttpConn **ret, BrigError *err) _must_use_;
HttpConn *brig_http_free(HttpConn *c);
BRIG_DEFINE_CLEANUP(HttpConn *, brig_http_free)

int brig_http_send(HttpConn *c, const HttpRequest *request, BrigError *err) _must_use_;
/* -ECONNRESET when the peer closed before the first byte: a kept connection had timed out. */
int brig_http_receive(HttpConn *c, HttpResponse *ret, BrigError *err) _must_use_;
/* The next span of the body, valid until the next call on c; *ret_len 0: the end. */
int brig_http_next(HttpConn *c, const char **ret_data, size_t *ret_len, BrigError *err) _must_use_;
/* May the connection carry another request: the last body was read to its end and the peer keeps it open. */
bool brig_http_reusable(const HttpConn *c);
int brig_http_fd(const HttpConn *c);
/* Bytes that arrived behind the head of an upgrade; they are handed out once. */
void brig_http_early(HttpConn *c, const char **ret_data, size_t *ret_len);
