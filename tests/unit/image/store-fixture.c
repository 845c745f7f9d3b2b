#include "tests/unit/image/store-fixture.h"

#include "image/inflate.h"
#include <dirent.h>
#include <ftw.h>
#include <openssl/evp.h>

/* --- layers --------------------------------------------------------------------- */

static ssize_t read_fd(void *context, void *data, size_t len)
{
        ssize_t n = read(*(int *)context, data, len);

        return n < 0 ? -errno : n;
}

static int hash_blob(int fd, char hex[65], uint64_t *bytes, BrigError *err)
{
        _cleanup_(brig_inflater_freep) BrigInflater *i = brig_inflater_new(read_fd, &fd, 0);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        unsigned char sum[EVP_MAX_MD_SIZE];
        const void *block;
        ssize_t n;

        brig_assert(EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
        while ((n = brig_inflater_next(i, &block, err)) > 0)
                brig_assert(EVP_DigestUpdate(context, block, (size_t)n) == 1);
        brig_assert(EVP_DigestFinal_ex(context, sum, NULL) == 1);
        EVP_MD_CTX_free(context);
        brig_hex_encode(sum, 32, hex);
        *bytes = brig_inflater_total(i);
        return n < 0 ? (int)n : 0;
}

static int fake_unpack(void *context, int fd, const char *diff_id, ImageUnpackReport *report, BrigError *err)
{
        FakeLayers *l = context;
        char hex[65];
        int r = hash_blob(fd, hex, &report->bytes, err);

        pthread_mutex_lock(&l->lock);
        l->waiting++;
        (void)pthread_cond_broadcast(&l->changed);
        while (l->hold_back)
                (void)pthread_cond_wait(&l->changed, &l->lock);
        l->waiting--;
        if (r == 0 && l->fail) {
                r = brig_error_set(err, (BrigErrorKind)l->fail, ENOSPC, "made to fail");
                l->fail = 0;
        }
        if (r == 0 && !streq(hex, diff_id))
                r = brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "the layer's content is not the diff ID");
        if (r == 0) {
                brig_assert(!brig_map_get(l->present, diff_id));
                brig_assert(brig_map_put(l->present, diff_id, l) == 0);
                l->unpacked++;
        }
        pthread_mutex_unlock(&l->lock);
        return r;
}

static int fake_remove(void *context, const char *diff_id, BrigError *err)
{
        FakeLayers *l = context;

        pthread_mutex_lock(&l->lock);
        l->removed += brig_map_remove(l->present, diff_id);
        pthread_mutex_unlock(&l->lock);
        return 0;
}

/* --- the store -------------------------------------------------------------------- */

static void open_store(StoreFixture *f)
{
        _cleanup_strv_ char **present = NULL;
        ImageLayerOps ops = { .unpack = fake_unpack, .remove = fake_remove, .context = &f->fake };
        char path[96];
        const char *layer;

        (void)snprintf(path, sizeof(path), "%s/state.db", f->folder);
        expect_success(f, brig_state_open(path, &f->db, &f->err));
        expect_success(f, brig_image_store_open(f->folder, f->db, &ops, &f->store, &f->err));
        for (size_t i = 0; brig_map_next(f->fake.present, &i, &layer, NULL);)
                assert_int_equal(brig_strv_push(&present, layer), 0);
        expect_success(f, brig_image_store_repair(f->store, present, &f->err));
}

static void close_store(StoreFixture *f)
{
        f->store = brig_image_store_close(f->store);
        f->db = brig_state_close(f->db);
}

int store_setup(void **state)
{
        StoreFixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        (void)snprintf(f->folder, sizeof(f->folder), "/tmp/brig-image-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        assert_int_equal(pthread_mutex_init(&f->fake.lock, NULL) | pthread_cond_init(&f->fake.changed, NULL), 0);
        f->fake.present = brig_map_new(NULL);
        f->said = (BrigBuffer)BRIG_BUFFER_INIT(1 << 20);
        f->saved = (BrigBuffer)BRIG_BUFFER_INIT(64 << 20);
        open_store(f);
        *state = f;
        return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

int store_teardown(void **state)
{
        StoreFixture *f = *state;

        close_store(f);
        brig_map_free(f->fake.present);
        brig_buffer_done(&f->said);
        brig_buffer_done(&f->saved);
        (void)nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

void store_reopen(StoreFixture *f)
{
        close_store(f);
        open_store(f);
}

/* --- looking at it ------------------------------------------------------------------ */

static size_t count_files(const StoreFixture *f, const char *name)
{
        char path[96];
        DIR *d;
        size_t n = 0;

        (void)snprintf(path, sizeof(path), "%s/blobs/%s", f->folder, name);
        d = opendir(path);
        assert_non_null(d);
        for (const struct dirent *e; (e = readdir(d));)
                n += e->d_name[0] != '.';
        (void)closedir(d);
        return n;
}

size_t count_blobs(const StoreFixture *f)
{
        return count_files(f, "sha256");
}

size_t count_temporary(const StoreFixture *f)
{
        return count_files(f, "tmp");
}

size_t count_layers(StoreFixture *f)
{
        return brig_map_size(f->fake.present);
}

size_t count_images(StoreFixture *f)
{
        Image **list;
        size_t n = 0;

        expect_success(f, brig_image_list(f->store, &list, &f->err));
        while (list[n])
                n++;
        brig_image_list_free(list);
        return n;
}

void expect_empty(StoreFixture *f)
{
        assert_int_equal(count_images(f), 0);
        assert_int_equal(count_layers(f), 0);
        assert_int_equal(count_blobs(f), 0);
        assert_int_equal(count_temporary(f), 0);
}

void expect_success(const StoreFixture *f, int result)
{
        if (result < 0)
                fail_msg("failed: %s", f->err.message);
}

void expect_error(const StoreFixture *f, int result, BrigErrorKind kind, const char *words)
{
        if (result >= 0)
                fail_msg("succeeded, but should fail with \"%s\"", words);
        if (!strstr(f->err.message, words))
                fail_msg("failed with \"%s\", not \"%s\"", f->err.message, words);
        assert_int_equal(f->err.kind, kind);
}

/* --- doing something with it ---------------------------------------------------------- */

void make_layer(MadeLayer *l, const char *name, const char *content)
{
        *l = (MadeLayer){ .tar = BRIG_BUFFER_INIT(8 << 20), .diff_id = "sha256:" };
        tar_add(&l->tar, &(TarEntry){ .name = name, .data = content });
        tar_end(&l->tar);
        tar_sha256(l->tar.data, l->tar.len, l->diff_id + 7);
}

void done_layer(MadeLayer *l)
{
        brig_buffer_done(&l->tar);
}

typedef struct Bytes { const char *data; size_t len; } Bytes;

/* In pieces of odd length, as a network has them. */
static ssize_t read_bytes(void *context, void *data, size_t len)
{
        Bytes *b = context;
        size_t n = MIN2(MIN2(len, b->len), (size_t)7777);

        memcpy(data, b->data, n);
        b->data += n;
        b->len -= n;
        return (ssize_t)n;
}

static void hear(void *context, const char *stream, const char *status, const char *id)
{
        (void)brig_buffer_puts(context, stream);
}

int load_bytes(StoreFixture *f, const void *data, size_t len)
{
        Bytes b = { data, len };
        ImageProgress progress = { .line = hear, .context = &f->said };

        brig_buffer_reset(&f->said);
        brig_error_clear(&f->err);
        return brig_image_load(f->store, &(ImageSource){ .read = read_bytes, .context = &b }, &progress, &f->err);
}

int load_tar(StoreFixture *f, BrigBuffer *tar)
{
        tar_end(tar);
        return load_bytes(f, tar->data, tar->len);
}

int import_bytes(StoreFixture *f, const void *data, size_t len, const ImageImport *options, char id[72])
{
        Bytes b = { data, len };

        brig_error_clear(&f->err);
        return brig_image_import(f->store, &(ImageSource){ .read = read_bytes, .context = &b }, options, id, &f->err);
}

static int write_saved(void *context, const void *data, size_t len)
{
        return brig_buffer_append(context, data, len);
}

int save_names(StoreFixture *f, char *const *names)
{
        brig_buffer_reset(&f->saved);
        brig_error_clear(&f->err);
        return brig_image_save(f->store, names, write_saved, &f->saved, &f->err);
}

int in_use(void *context, const char *id, char container[16])
{
        (void)snprintf(container, 16, "0123456789ab");
        return ((StoreFixture *)context)->use;
}

int delete_image(StoreFixture *f, const char *name, bool force, char ***lines)
{
        brig_error_clear(&f->err);
        return brig_image_delete(f->store, &(ImageDelete){ .name = name, .force = force, .in_use = in_use, .context = f }, lines, &f->err);
}

Image *must_resolve(StoreFixture *f, const char *name)
{
        Image *i = NULL;

        expect_success(f, brig_image_resolve(f->store, name, &i, &f->err));
        return i;
}
