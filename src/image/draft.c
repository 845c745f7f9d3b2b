/*
 * An image on its way in. A draft collects and holds blobs and layers while nobody
 * can see the image; its commit is one durable transaction. Whatever fails before
 * that, letting go of the draft removes what no other image holds.
 */
#include "image/store-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include "image/inflate.h"

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot add the image");
}

int brig_draft_init(ImageDraft *d, ImageStore *s, const char *config, size_t len, BrigError *err)
{
        char digest[BRIG_DIGEST_SIZE];
        int r;

        *d = (ImageDraft){ .store = s };
        r = brig_image_new(config, len, &d->image, err);
        if (r < 0)
                return r;
        if (!brig_str_empty(d->image->config.os) && !streq(d->image->config.os, "linux"))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "cannot load %s image on linux", d->image->config.os);
        return brig_draft_add_text(d, config, len, digest, err);
}

static void release_all(ImageDraft *d)
{
        /* the uppermost first, as removals are reported */
        for (size_t n = brig_strv_len(d->layers); n > 0; n--)
                (void)brig_store_release_layer(d->store, d->layers[n - 1]);
        BRIG_STRV_FOREACH(blob, d->blobs)
                brig_store_release_blob(d->store, *blob);
        d->layers = brig_strv_free(d->layers);
        d->blobs = brig_strv_free(d->blobs);
}

void brig_draft_done(ImageDraft *d)
{
        if (d->store)
                release_all(d);
        d->image = brig_image_unref(d->image);
        free(d->manifest);
        free(d->parent);
        *d = (ImageDraft){ 0 };
}

int brig_draft_hold_blob(ImageDraft *d, const char *digest, BrigError *err)
{
        if (brig_strv_contains(d->blobs, digest))
                return 0;
        if (brig_store_hold_blob(d->store, digest) < 0)
                return no_memory(err);
        if (brig_strv_push(&d->blobs, digest) < 0) {
                brig_store_release_blob(d->store, digest);
                return no_memory(err);
        }
        return 0;
}

int brig_draft_add_text(ImageDraft *d, const char *text, size_t len, char ret_digest[BRIG_DIGEST_SIZE], BrigError *err)
{
        _cleanup_blob_writer_ BlobWriter w = BLOB_WRITER_INIT;
        int r = brig_blob_writer_init(&w, &d->store->blobs, err);

        if (r == 0)
                r = brig_blob_writer_write(&w, text, len, err);
        if (r == 0)
                r = brig_blob_writer_finish(&w, err);
        /* Held before it gets its name: a removal of the same blob cannot come in between. */
        if (r == 0)
                r = brig_draft_hold_blob(d, w.digest, err);
        if (r == 0)
                r = brig_blob_publish(&d->store->blobs, w.temp, w.digest, err);
        if (r == 0)
                memcpy(ret_digest, w.digest, sizeof(w.digest));
        return r;
}

int brig_draft_unpack_layer(ImageDraft *d, size_t i, const char *blob, BrigError *err)
{
        const char *diff_id = brig_digest_hex(d->image->config.rootfs.diff_ids[i]);
        int r = brig_store_hold_layer(d->store, diff_id, blob, err);

        if (r < 0) {
                brig_error_prefix(err, "layer %zu", i);
                return r;
        }
        /* a layer that the image has twice is held once, but each of its blobs was compared */
        if (brig_strv_contains(d->layers, diff_id)) {
                (void)brig_store_release_layer(d->store, diff_id);
                return 0;
        }
        if (brig_strv_push(&d->layers, diff_id) < 0) {
                (void)brig_store_release_layer(d->store, diff_id);
                return no_memory(err);
        }
        return 0;
}

/* --- the manifest ----------------------------------------------------------- */

static const char *layer_media_type(ImageStore *s, const char *digest)
{
        static const char *const types[] = {
                [BRIG_COMPRESSION_NONE] = BRIG_MEDIA_OCI_LAYER,
                [BRIG_COMPRESSION_GZIP] = BRIG_MEDIA_OCI_LAYER_GZIP,
                [BRIG_COMPRESSION_ZSTD] = BRIG_MEDIA_OCI_LAYER_ZSTD,
        };
        _cleanup_close_ int fd = brig_blob_open(&s->blobs, digest, NULL);
        uint8_t magic[4];
        ssize_t n = fd >= 0 ? pread(fd, magic, sizeof(magic), 0) : 0;

        return types[brig_compression_detect(magic, n > 0 ? (size_t)n : 0)];
}

static int add_descriptor(ImageStore *s, JsonArray *layers, const char *digest)
{
        ImageDescriptor *d = brig_json_array_add(layers, sizeof(*d));

        if (!d || brig_str_set(&d->digest, digest) < 0 || brig_str_set(&d->media_type, layer_media_type(s, digest)) < 0)
                return -ENOMEM;
        d->size = brig_blob_size(&s->blobs, digest);
        return 0;
}

static int fill_manifest(ImageDraft *d, char *const *layer_blobs, ImageManifest *m)
{
        m->schema_version = 2;
        m->config.size = (int64_t)d->image->config_len;
        if (brig_str_set(&m->media_type, BRIG_MEDIA_OCI_MANIFEST) < 0 || brig_str_set(&m->config.media_type, BRIG_MEDIA_OCI_CONFIG) < 0 ||
            brig_str_set(&m->config.digest, d->image->id) < 0)
                return -ENOMEM;
        BRIG_STRV_FOREACH(blob, layer_blobs)
                if (add_descriptor(d->store, &m->layers, *blob) < 0)
                        return -ENOMEM;
        return 0;
}

int brig_draft_make_manifest(ImageDraft *d, char *const *layer_blobs, BrigError *err)
{
        _cleanup_(brig_image_manifest_clear) ImageManifest m = { 0 };
        _cleanup_free_ char *text = NULL;
        char digest[BRIG_DIGEST_SIZE];
        int r = fill_manifest(d, layer_blobs, &m);

        if (r == 0)
                text = brig_image_manifest_text(&m);
        if (!text)
                return no_memory(err);
        r = brig_draft_add_text(d, text, strlen(text), digest, err);
        return r < 0 ? r : brig_draft_set_manifest(d, digest, err);
}

int brig_draft_set_manifest(ImageDraft *d, const char *digest, BrigError *err)
{
        return brig_str_set(&d->manifest, digest) < 0 ? no_memory(err) : 0;
}

/* --- the commit --------------------------------------------------------------- */

typedef struct Commit {
        ImageDraft *draft;
        ImageStore *store;
        char *const *names;
        const char *id;
        ImageEntry *entry;              /* new, or NULL when the image is there */
        char **lost, **losers;          /* names that another image had, and that image's id */
} Commit;

static void commit_done(Commit *c)
{
        c->entry = brig_store_entry_free(c->entry);
        c->lost = brig_strv_free(c->lost);
        c->losers = brig_strv_free(c->losers);
}

static void free_entry(ImageEntry **e)
{
        *e = brig_store_entry_free(*e);
}

static int new_entry(Commit *c)
{
        const ImageDraft *d = c->draft;
        _cleanup_(free_entry) ImageEntry *e = calloc(1, sizeof(*e));

        if (!e)
                return -ENOMEM;
        e->row.blobs = brig_strv_copy(d->blobs);
        if (!e->row.blobs || brig_str_set(&e->row.manifest, d->manifest) < 0 || brig_str_set(&e->row.parent, d->parent) < 0)
                return -ENOMEM;
        e->image = brig_image_ref(d->image);
        c->entry = TAKE_PTR(e);
        return 0;
}

static int note_losers(Commit *c)
{
        BRIG_STRV_FOREACH(name, c->names) {
                const char *owner = brig_map_get(c->store->references, *name);

                if (!owner || streq(owner, c->id))
                        continue;
                if (brig_strv_push(&c->lost, *name) < 0 || brig_strv_push(&c->losers, owner) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Under the lock, before anything is written. */
static int plan_commit(Commit *c)
{
        if (!brig_store_find(c->store, c->id) && new_entry(c) < 0)
                return -ENOMEM;
        return note_losers(c);
}

/* --- its rows ------------------------------------------------------------------ */

static int put_image(const Commit *c, BrigError *err)
{
        /* `change` is held: nobody else writes to the entry */
        StoredImage row = c->entry ? c->entry->row : brig_store_find(c->store, c->id)->row;
        _cleanup_free_ char *document = NULL;

        row.hidden = false;
        if (brig_strv_len(c->names) > 0)
                row.tagged = brig_now_realtime();
        document = brig_store_image_document(&row);
        return document ? brig_state_put(c->store->db, "image", c->id, document, false, err) : no_memory(err);
}

static int put_layers(const Commit *c, BrigError *err)
{
        BRIG_STRV_FOREACH(diff_id, c->draft->layers) {
                _cleanup_free_ char *document = NULL;
                int r;

                pthread_mutex_lock(&c->store->lock);
                document = brig_store_layer_document(brig_map_get(c->store->layers, *diff_id));
                pthread_mutex_unlock(&c->store->lock);
                if (!document)
                        return no_memory(err);
                r = brig_state_put(c->store->db, "layer", *diff_id, document, false, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_names(const Commit *c, BrigError *err)
{
        BRIG_STRV_FOREACH(name, c->names) {
                int r = brig_state_put(c->store->db, "reference", *name, c->id, false, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_rows(const Commit *c, BrigError *err)
{
        int r = brig_state_begin(c->store->db, err);

        if (r == 0)
                r = put_image(c, err);
        if (r == 0 && c->entry)
                r = put_layers(c, err);
        if (r == 0)
                r = put_names(c, err);
        if (r == 0)
                r = brig_state_commit(c->store->db, true, err);
        if (r < 0)
                brig_state_rollback(c->store->db);
        return r;
}

/* --- its tables ---------------------------------------------------------------- */

static int set_name(ImageStore *s, const char *name, const char *id)
{
        char *copy = strdup(id);
        int r = copy ? brig_map_set(s->references, name, copy) : -ENOMEM;

        if (r < 0)
                free(copy);
        return r;
}

/* Under the lock. From here on the rows are written, so this goes through to the end as far as memory lasts. */
static int show(Commit *c)
{
        ImageEntry *e;
        int r = 0;

        if (c->entry) {
                r = brig_map_put(c->store->images, c->id, c->entry);
                if (r < 0)
                        return r;
                (void)TAKE_PTR(c->entry);
                /* what the draft held is the image's now */
                c->draft->layers = brig_strv_free(c->draft->layers);
                c->draft->blobs = brig_strv_free(c->draft->blobs);
        }
        e = brig_store_find(c->store, c->id);
        e->row.hidden = false;
        if (brig_strv_len(c->names) > 0)
                e->row.tagged = brig_now_realtime();
        BRIG_STRV_FOREACH(name, c->names)
                r = MIN2(r, set_name(c->store, *name, c->id));
        r = MIN2(r, brig_store_refresh(c->store, c->id));
        BRIG_STRV_FOREACH(loser, c->losers)
                if (brig_store_find(c->store, *loser))
                        r = MIN2(r, brig_store_refresh(c->store, *loser));
        return r;
}

static int commit(Commit *c, BrigError *err)
{
        int r;

        pthread_mutex_lock(&c->store->lock);
        r = plan_commit(c);
        pthread_mutex_unlock(&c->store->lock);
        if (r < 0)
                return no_memory(err);
        r = brig_blobs_sync(&c->store->blobs, err);
        if (r == 0)
                r = write_rows(c, err);
        if (r < 0)
                return r;
        pthread_mutex_lock(&c->store->lock);
        r = show(c);
        pthread_mutex_unlock(&c->store->lock);
        return r < 0 ? no_memory(err) : 0;
}

int brig_draft_commit(ImageDraft *d, char *const *names, ImageRenamedFn renamed, void *context, BrigError *err)
{
        _cleanup_(commit_done) Commit c = { .draft = d, .store = d->store, .names = names, .id = d->image->id };
        int r;

        pthread_mutex_lock(&d->store->change);
        r = commit(&c, err);
        pthread_mutex_unlock(&d->store->change);
        for (size_t i = 0; r == 0 && renamed && c.lost && c.lost[i]; i++)
                renamed(context, c.lost[i], c.losers[i]);
        return r;
}
