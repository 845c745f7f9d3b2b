#include "programs/brig-unpack/stream.h"

#include "base/strings.h"
#include <openssl/crypto.h>

static ssize_t read_fd(void *context, void *data, size_t len)
{
        BlobStream *s = context;
        ssize_t n = read(s->fd, data, len);

        return n < 0 ? -errno : n;
}

int brig_blob_stream_open(BlobStream *s, int fd, uint64_t max_bytes, BrigError *err)
{
        *s = (BlobStream){ .fd = fd, .error = BRIG_ERROR_INIT };
        /* Neither the configuration file nor its engines have a say in a hash. */
        if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EIO, "cannot start libcrypto");
        s->hash = EVP_MD_CTX_new();
        s->inflater = brig_inflater_new(read_fd, s, max_bytes);
        if (!s->hash || !s->inflater || EVP_DigestInit_ex(s->hash, EVP_sha256(), NULL) != 1)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot prepare the hash");
        return 0;
}

void brig_blob_stream_done(BlobStream *s)
{
        s->inflater = brig_inflater_free(s->inflater);
        EVP_MD_CTX_free(s->hash);
        s->hash = NULL;
}

ssize_t brig_blob_stream_next(BlobStream *s, const void **ret_block)
{
        ssize_t n = brig_inflater_next(s->inflater, ret_block, &s->error);

        if (n > 0 && EVP_DigestUpdate(s->hash, *ret_block, (size_t)n) != 1)
                return brig_error_set(&s->error, BRIG_ERR_INTERNAL, EIO, "cannot hash the layer");
        return n;
}

int brig_blob_stream_verify(BlobStream *s, const char *diff_id, BrigError *err)
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        char hex[2 * EVP_MAX_MD_SIZE + 1];
        unsigned len = 0;
        const void *block;
        ssize_t n;

        while ((n = brig_blob_stream_next(s, &block)) > 0)
                ;
        if (n < 0) {
                *err = s->error;
                return (int)n;
        }
        if (EVP_DigestFinal_ex(s->hash, digest, &len) != 1)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EIO, "cannot hash the layer");
        brig_hex_encode(digest, len, hex);
        if (!streq(hex, diff_id))
                return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "the layer's content is sha256:%s, not the diff ID sha256:%s",
                                      hex, diff_id);
        return 0;
}
