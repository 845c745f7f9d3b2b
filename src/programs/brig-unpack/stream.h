#pragma once
/*
 * A blob on its way into libarchive: inflated, and hashed as it flows. The diff
 * ID of a layer is the SHA-256 of the whole uncompressed stream (OCI image-spec,
 * "Layer DiffID"), so what lies behind the tar's end mark is read and hashed too.
 *
 * Open it before the sandbox is entered: libcrypto looks for its providers then.
 */
#include "base/error.h"
#include "image/inflate.h"
#include <openssl/evp.h>

typedef struct BlobStream {
        int fd;                 /* borrowed */
        BrigInflater *inflater;
        EVP_MD_CTX *hash;
        BrigError error;        /* what a failed read said: libarchive passes on a text at most */
} BlobStream;

int brig_blob_stream_open(BlobStream *s, int fd, uint64_t max_bytes, BrigError *err) _must_use_;
void brig_blob_stream_done(BlobStream *s);
#define _cleanup_blob_stream_ _cleanup_(brig_blob_stream_done)
/* Next block, as brig_inflater_next; a failure is also kept in s->error. */
ssize_t brig_blob_stream_next(BlobStream *s, const void **ret_block) _must_use_;
/* Reads the rest and compares with diff_id, 64 hex characters. */
int brig_blob_stream_verify(BlobStream *s, const char *diff_id, BrigError *err) _must_use_;
