#pragma once
/*
 * One stream out of another: plain, gzip (RFC 1952, any number of members) or
 * zstd (RFC 8878, any number of frames), told apart by its first bytes. Nothing
 * else is inflated. What lies behind the last member is refused: two programs
 * that read such a file could see two different layers.
 *
 * A decompression bomb ends the stream with BRIG_ERR_TOO_LARGE: more than
 * max_out bytes, or, past BRIG_INFLATE_RATIO_FREE bytes, more than
 * BRIG_INFLATE_RATIO times what went in.
 */
#include "base/error.h"
#include <sys/types.h>

#define BRIG_INFLATE_BLOCK (256u * 1024)
#define BRIG_INFLATE_RATIO 400u
#define BRIG_INFLATE_RATIO_FREE (UINT64_C(64) << 20)

typedef enum BrigCompression { BRIG_COMPRESSION_NONE, BRIG_COMPRESSION_GZIP, BRIG_COMPRESSION_ZSTD } BrigCompression;
/* Judges by magic; `len` may be less than four at the end of a short file. */
BrigCompression brig_compression_detect(const void *data, size_t len);

typedef struct BrigInflater BrigInflater;
/* Reads up to len bytes; 0 at the end, negative errno on failure. May return less than asked. */
typedef ssize_t (*BrigInflateReadFn)(void *context, void *data, size_t len);

/* max_out 0: no limit of bytes (the ratio stays). NULL when out of memory. */
BrigInflater *brig_inflater_new(BrigInflateReadFn read, void *context, uint64_t max_out);
BrigInflater *brig_inflater_free(BrigInflater *i);
BRIG_DEFINE_CLEANUP(BrigInflater *, brig_inflater_free)
/*
 * The next block of inflated bytes, good until the next call; its length, 0 at the
 * end of a complete stream, negative on failure (BRIG_ERR_INVALID: damaged or cut
 * short; BRIG_ERR_TOO_LARGE: a bomb; else what the reader said). Failures are sticky.
 */
ssize_t brig_inflater_next(BrigInflater *i, const void **ret_block, BrigError *err) _must_use_;
/* Bytes that were handed out so far. */
uint64_t brig_inflater_total(const BrigInflater *i);
/* Known after the first brig_inflater_next. */
BrigCompression brig_inflater_compression(const BrigInflater *i);
