#pragma once
/* The head of an HTTP/1.1 answer (RFC 9112, sections 4 and 5): its status, and the few fields that this client acts on. */
#include "cli/http-body.h"

#define HTTP_CONTENT_TYPE_MAX 64

typedef struct HttpHead {
        int status;
        bool close;              /* the peer takes no further request on this connection */
        bool chunked, has_length;
        uint64_t length;
        char content_type[HTTP_CONTENT_TYPE_MAX];
} HttpHead;

/*
 * Parses the head without its last empty line: NUL-terminated lines apart by
 * CR LF, which is cut up in place. -EBADMSG for what is no HTTP/1.x answer.
 */
int brig_http_head_parse(char *text, HttpHead *ret) _must_use_;
/* How the body behind this head is framed (RFC 9112, section 6.3). */
HttpBody brig_http_head_body(const HttpHead *h);
