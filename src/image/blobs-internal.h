#pragma once
/*
 * Files by their digest below <data-root>/blobs, laid out as an OCI image layout
 * has them (blobs/sha256/<hex>). A blob is written under a temporary name in
 * blobs/tmp while it is hashed; it gets its own name when it is complete and on
 * disk. So what stands under a digest has it, whenever the machine stopped.
 *
 * This is storage only: who needs which blob is counted by the store.
 */
#include "base/error.h"
#include "spec/image.h"
#include <openssl/evp.h>
#include <sys/types.h>

#define BRIG_BLOB_TEMP_NAME 40
/* "sha256:" and 64 hex, with the NUL */
#define BRIG_DIGEST_SIZE (BRIG_DIGEST_LEN + 1)

typedef struct BlobStore { int temp_fd, blob_fd; } BlobStore;
#define BLOB_STORE_INIT { .temp_fd = -EBADF, .blob_fd = -EBADF }

/* Opens the two folders, makes them when they are missing. */
int brig_blobs_open(BlobStore *s, const char *data_root, BrigError *err) _must_use_;
void brig_blobs_close(BlobStore *s);

/* A running SHA-256. */
typedef struct Hasher { EVP_MD_CTX *context; } Hasher;
int brig_hasher_init(Hasher *h, BrigError *err) _must_use_;
int brig_hasher_update(Hasher *h, const void *data, size_t len, BrigError *err) _must_use_;
int brig_hasher_final(Hasher *h, char ret_digest[BRIG_DIGEST_SIZE], BrigError *err) _must_use_;
void brig_hasher_done(Hasher *h);
#define _cleanup_hasher_ _cleanup_(brig_hasher_done)

/* A blob that is being written; _done removes what was not published. */
typedef struct BlobWriter {
        const BlobStore *store;
        int fd;
        Hasher hasher;
        uint64_t size;
        char temp[BRIG_BLOB_TEMP_NAME];
        char digest[BRIG_DIGEST_SIZE];          /* "" until finished */
} BlobWriter;
#define BLOB_WRITER_INIT { .fd = -EBADF }
int brig_blob_writer_init(BlobWriter *w, const BlobStore *s, BrigError *err) _must_use_;
int brig_blob_writer_write(BlobWriter *w, const void *data, size_t len, BrigError *err) _must_use_;
/* The content is complete: its digest is known. The file keeps its temporary name. */
int brig_blob_writer_finish(BlobWriter *w, BrigError *err) _must_use_;
void brig_blob_writer_done(BlobWriter *w);
#define _cleanup_blob_writer_ _cleanup_(brig_blob_writer_done)

/* temp → blobs/sha256/<hex>; its content is flushed to disk first. */
int brig_blob_publish(const BlobStore *s, const char *temp, const char *digest, BrigError *err) _must_use_;
int brig_blob_open_temp(const BlobStore *s, const char *temp, BrigError *err) _must_use_;
void brig_blob_remove_temp(const BlobStore *s, const char *temp);
/* A read-only descriptor, or negative: BRIG_ERR_NOT_FOUND. */
int brig_blob_open(const BlobStore *s, const char *digest, BrigError *err) _must_use_;
bool brig_blob_exists(const BlobStore *s, const char *digest);
int64_t brig_blob_size(const BlobStore *s, const char *digest);   /* -1: not there */
/* What cannot be removed now stays until the next repair. */
void brig_blob_remove(const BlobStore *s, const char *digest);
/* A whole small blob, NUL-terminated; free(3). BRIG_ERR_TOO_LARGE over max. */
int brig_blob_read(const BlobStore *s, const char *digest, size_t max, char **ret, size_t *ret_len, BrigError *err) _must_use_;
int brig_blob_read_fd(int fd, size_t max, char **ret, size_t *ret_len, BrigError *err) _must_use_;
/* Publishes a small text as a blob; *ret_digest is its name. */
int brig_blob_write_text(const BlobStore *s, const char *text, size_t len, char ret_digest[BRIG_DIGEST_SIZE], BrigError *err) _must_use_;
/* Renames and removals are on disk when this returns. */
int brig_blobs_sync(const BlobStore *s, BrigError *err) _must_use_;

/* Start-up: empties tmp, and calls unwanted(digest) for each blob, removing those where it says true. Foreign files are left alone. */
typedef bool (*BlobUnwantedFn)(void *context, const char *digest);
int brig_blobs_repair(const BlobStore *s, BlobUnwantedFn unwanted, void *context, BrigError *err) _must_use_;
