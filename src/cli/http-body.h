#pragma once
/*
 * The end of an HTTP/1.1 message body (RFC 9112, section 6): by length, by
 * chunks, or by the end of the connection. A pure decoder over bytes that the
 * caller has received: it copies nothing and blocks on nothing.
 */
#include "base/macros.h"

typedef enum HttpFraming {
        HTTP_FRAMING_NONE,         /* no body */
        HTTP_FRAMING_LENGTH,
        HTTP_FRAMING_CHUNKED,
        HTTP_FRAMING_UNTIL_CLOSE,
} HttpFraming;

typedef enum HttpChunkState {
        HTTP_CHUNK_SIZE, HTTP_CHUNK_EXTENSION, HTTP_CHUNK_SIZE_LF, HTTP_CHUNK_DATA, HTTP_CHUNK_DATA_CR,
        HTTP_CHUNK_DATA_LF, HTTP_CHUNK_TRAILER_START, HTTP_CHUNK_TRAILER, HTTP_CHUNK_END_LF,
} HttpChunkState;

typedef struct HttpBody {
        HttpFraming framing;
        HttpChunkState state;
        uint64_t left;       /* of the body (LENGTH) or of the chunk */
        unsigned digits;     /* of the chunk size read so far */
        bool done;
} HttpBody;

#define HTTP_CHUNK_DIGITS_MAX 15   /* 2^60 - 1: no overflow, and more than any body */

HttpBody brig_http_body_start(HttpFraming framing, uint64_t length);
/*
 * Looks at in[0..len): *ret_used bytes are spent, of which ret_data and ret_len
 * (pointing into `in`, possibly empty) are payload. b->done tells the end.
 * One call returns at most one span; call again with what is left.
 * 0, or -EBADMSG on broken chunking.
 */
int brig_http_body_decode(HttpBody *b, const char *in, size_t len, size_t *ret_used, const char **ret_data,
                          size_t *ret_len) _must_use_;
