#include "image/blobs-internal.h"

#include "base/id.h"
#include "base/strings.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define DIGEST_PREFIX "sha256:"

/* --- folders ------------------------------------------------------------ */

static int open_folder(int parent, const char *name, BrigError *err)
{
        int fd;

        if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make the blob folder \"%s\"", name);
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot open the blob folder \"%s\"", name) : fd;
}

int brig_blobs_open(BlobStore *s, const char *data_root, BrigError *err)
{
        _cleanup_close_ int root = open(data_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), blobs = -EBADF;

        *s = (BlobStore)BLOB_STORE_INIT;
        if (root < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot open the data root \"%s\"", data_root);
        blobs = open_folder(root, "blobs", err);
        if (blobs < 0)
                return blobs;
        s->temp_fd = open_folder(blobs, "tmp", err);
        if (s->temp_fd < 0)
                return s->temp_fd;
        s->blob_fd = open_folder(blobs, "sha256", err);
        return s->blob_fd < 0 ? s->blob_fd : 0;
}

void brig_blobs_close(BlobStore *s)
{
        s->temp_fd = brig_close(s->temp_fd);
        s->blob_fd = brig_close(s->blob_fd);
}

int brig_blobs_sync(const BlobStore *s, BrigError *err)
{
        if (fsync(s->blob_fd) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot flush the blob folder");
        return 0;
}

/* --- hashing ------------------------------------------------------------ */

int brig_hasher_init(Hasher *h, BrigError *err)
{
        h->context = EVP_MD_CTX_new();
        if (!h->context || EVP_DigestInit_ex(h->context, EVP_sha256(), NULL) != 1)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot start a hash");
        return 0;
}

int brig_hasher_update(Hasher *h, const void *data, size_t len, BrigError *err)
{
        if (EVP_DigestUpdate(h->context, data, len) != 1)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EIO, "cannot hash");
        return 0;
}

int brig_hasher_final(Hasher *h, char ret_digest[BRIG_DIGEST_SIZE], BrigError *err)
{
        uint8_t sum[EVP_MAX_MD_SIZE];

        if (EVP_DigestFinal_ex(h->context, sum, NULL) != 1)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EIO, "cannot hash");
        memcpy(ret_digest, DIGEST_PREFIX, strlen(DIGEST_PREFIX));
        brig_hex_encode(sum, 32, ret_digest + strlen(DIGEST_PREFIX));
        return 0;
}

void brig_hasher_done(Hasher *h)
{
        EVP_MD_CTX_free(h->context);
        h->context = NULL;
}

/* --- writing ------------------------------------------------------------ */

int brig_blob_writer_init(BlobWriter *w, const BlobStore *s, BrigError *err)
{
        BrigId random;
        int r;

        *w = (BlobWriter){ .store = s, .fd = -EBADF };
        r = brig_hasher_init(&w->hasher, err);
        if (r < 0)
                return r;
        brig_id_random(random);
        (void)snprintf(w->temp, sizeof(w->temp), "%.32s", random);
        w->fd = openat(s->temp_fd, w->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (w->fd < 0) {
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make a file for a blob");
                *w->temp = '\0';
                return r;
        }
        return 0;
}

int brig_blob_writer_write(BlobWriter *w, const void *data, size_t len, BrigError *err)
{
        const char *p = data;

        for (size_t left = len; left > 0;) {
                ssize_t n = write(w->fd, p, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot write a blob");
                p += n;
                left -= (size_t)n;
        }
        w->size += len;
        return brig_hasher_update(&w->hasher, data, len, err);
}

int brig_blob_writer_finish(BlobWriter *w, BrigError *err)
{
        w->fd = brig_close(w->fd);
        return brig_hasher_final(&w->hasher, w->digest, err);
}

void brig_blob_writer_done(BlobWriter *w)
{
        w->fd = brig_close(w->fd);
        brig_hasher_done(&w->hasher);
        if (*w->temp)
                brig_blob_remove_temp(w->store, w->temp);
        *w->temp = '\0';
}

int brig_blob_publish(const BlobStore *s, const char *temp, const char *digest, BrigError *err)
{
        _cleanup_close_ int fd = brig_blob_open_temp(s, temp, err);

        if (fd < 0)
                return fd;
        if (fdatasync(fd) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot flush the blob \"%s\"", digest);
        if (renameat(s->temp_fd, temp, s->blob_fd, brig_digest_hex(digest)) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot store the blob \"%s\"", digest);
        return 0;
}

int brig_blob_open_temp(const BlobStore *s, const char *temp, BrigError *err)
{
        int fd = openat(s->temp_fd, temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot open the temporary blob \"%s\"", temp) : fd;
}

void brig_blob_remove_temp(const BlobStore *s, const char *temp)
{
        /* A file that is gone already was published; any other that stays is removed at the next start. */
        (void)unlinkat(s->temp_fd, temp, 0);
}

int brig_blob_write_text(const BlobStore *s, const char *text, size_t len, char ret_digest[BRIG_DIGEST_SIZE], BrigError *err)
{
        _cleanup_blob_writer_ BlobWriter w = BLOB_WRITER_INIT;
        int r = brig_blob_writer_init(&w, s, err);

        if (r == 0)
                r = brig_blob_writer_write(&w, text, len, err);
        if (r == 0)
                r = brig_blob_writer_finish(&w, err);
        if (r == 0)
                r = brig_blob_publish(s, w.temp, w.digest, err);
        if (r == 0)
                memcpy(ret_digest, w.digest, sizeof(w.digest));
        return r;
}

/* --- reading ------------------------------------------------------------ */

int brig_blob_open(const BlobStore *s, const char *digest, BrigError *err)
{
        int fd = openat(s->blob_fd, brig_digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return brig_error_errno(err, errno == ENOENT ? BRIG_ERR_NOT_FOUND : BRIG_ERR_INTERNAL, errno, "cannot open the blob \"%s\"", digest);
        return fd;
}

int64_t brig_blob_size(const BlobStore *s, const char *digest)
{
        struct stat st;

        return fstatat(s->blob_fd, brig_digest_hex(digest), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

bool brig_blob_exists(const BlobStore *s, const char *digest)
{
        return brig_blob_size(s, digest) >= 0;
}

int brig_blob_read_fd(int fd, size_t max, char **ret, size_t *ret_len, BrigError *err)
{
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t len = 0;

        if (fstat(fd, &st) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot read the file");
        if (st.st_size < 0 || (uint64_t)st.st_size > max)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, EFBIG, "it has more than %zu bytes", max);
        text = malloc((size_t)st.st_size + 1);
        if (!text)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the file");
        while (len < (size_t)st.st_size) {
                ssize_t n = pread(fd, text + len, (size_t)st.st_size - len, (off_t)len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, n < 0 ? errno : EIO, "cannot read the file");
                len += (size_t)n;
        }
        text[len] = '\0';
        *ret = TAKE_PTR(text);
        *ret_len = len;
        return 0;
}

int brig_blob_read(const BlobStore *s, const char *digest, size_t max, char **ret, size_t *ret_len, BrigError *err)
{
        _cleanup_close_ int fd = brig_blob_open(s, digest, err);
        int r;

        if (fd < 0)
                return fd;
        r = brig_blob_read_fd(fd, max, ret, ret_len, err);
        if (r < 0)
                brig_error_prefix(err, "blob \"%s\"", digest);
        return r;
}

/* --- removing ----------------------------------------------------------- */

void brig_blob_remove(const BlobStore *s, const char *digest)
{
        (void)unlinkat(s->blob_fd, brig_digest_hex(digest), 0);
}

typedef struct Sweep {
        const BlobStore *store;
        BlobUnwantedFn unwanted;
        void *context;
} Sweep;

static bool remove_temp(Sweep *s, const char *name)
{
        return true;
}

static bool remove_blob(Sweep *s, const char *name)
{
        char digest[BRIG_DIGEST_SIZE];

        if (!brig_is_hex(name, 64))
                return false;
        (void)snprintf(digest, sizeof(digest), DIGEST_PREFIX "%s", name);
        return s->unwanted(s->context, digest);
}

static int sweep_folder(Sweep *s, int folder, bool (*judge)(Sweep *s, const char *name), BrigError *err)
{
        int list = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *d = list >= 0 ? fdopendir(list) : NULL;
        const struct dirent *entry;

        if (!d) {
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot list the blobs");
                (void)brig_close(list);
                return r;
        }
        while ((entry = readdir(d))) {
                if (*entry->d_name == '.' || !judge(s, entry->d_name))
                        continue;
                if (unlinkat(folder, entry->d_name, 0) < 0 && errno != ENOENT && r == 0)
                        r = brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot remove the stale blob \"%s\"", entry->d_name);
        }
        (void)closedir(d);
        return r;
}

int brig_blobs_repair(const BlobStore *store, BlobUnwantedFn unwanted, void *context, BrigError *err)
{
        Sweep s = { .store = store, .unwanted = unwanted, .context = context };
        int r = sweep_folder(&s, store->temp_fd, remove_temp, err);

        return r < 0 ? r : sweep_folder(&s, store->blob_fd, remove_blob, err);
}
