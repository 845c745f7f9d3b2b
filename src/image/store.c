/*
 * The store's tables: read from the state database at start, looked up by all.
 * An image whose config blob is missing or damaged is left out with its row in
 * place: repair decides about it (brig_image_store_repair).
 */
#include "image/store-internal.h"

#include "base/clock.h"
#include "base/strings.h"

static const JsonField stored_image_fields[] = {
        JSON_FIELD("Manifest", STRING, StoredImage, manifest, JSON_F_REQUIRED),
        JSON_FIELD("Parent", STRING, StoredImage, parent, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Blobs", STRV, StoredImage, blobs, JSON_F_REQUIRED),
        JSON_FIELD("Tagged", INT64, StoredImage, tagged, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Hidden", BOOL, StoredImage, hidden, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField stored_layer_fields[] = {
        JSON_FIELD("Bytes", INT64, LayerEntry, bytes, 0),
        JSON_FIELD("Entries", INT64, LayerEntry, entries, 0),
        JSON_FIELD("Blob", STRING, LayerEntry, blob, JSON_F_OMIT_EMPTY),
        JSON_END,
};

void brig_store_layer_free(void *layer)
{
        LayerEntry *e = layer;

        if (e)
                free(e->blob);
        free(e);
}

/* --- Image ---------------------------------------------------------------- */

Image *brig_image_ref(Image *i)
{
        (void)__atomic_add_fetch(&i->refs, 1, __ATOMIC_RELAXED);
        return i;
}

Image *brig_image_unref(Image *i)
{
        if (!i || __atomic_sub_fetch(&i->refs, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;
        brig_image_config_clear(&i->config);
        free(i->config_text);
        free(i->manifest_digest);
        brig_strv_free(i->repo_tags);
        brig_strv_free(i->repo_digests);
        brig_strv_free(i->layers);
        free(i->layer_sizes);
        free(i->parent);
        free(i);
        return NULL;
}

static int digest_of(const char *text, size_t len, char ret[BRIG_DIGEST_SIZE], BrigError *err)
{
        _cleanup_hasher_ Hasher h = { 0 };
        int r = brig_hasher_init(&h, err);

        if (r == 0)
                r = brig_hasher_update(&h, text, len, err);
        return r < 0 ? r : brig_hasher_final(&h, ret, err);
}

static int copy_layers(Image *i)
{
        size_t n = brig_strv_len(i->config.rootfs.diff_ids);

        i->layer_sizes = calloc(n + 1, sizeof(*i->layer_sizes));
        if (!i->layer_sizes)
                return -ENOMEM;
        BRIG_STRV_FOREACH(diff_id, i->config.rootfs.diff_ids)
                if (!brig_strv_contains(diff_id + 1, *diff_id) && brig_strv_push(&i->layers, brig_digest_hex(*diff_id)) < 0)
                        return -ENOMEM;
        return 0;
}

int brig_image_new(const char *config, size_t len, Image **ret, BrigError *err)
{
        _cleanup_(brig_image_unrefp) Image *i = calloc(1, sizeof(*i));
        int r;

        if (!i)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the image configuration");
        i->refs = 1;
        r = brig_image_config_read(config, len, &i->config, err);
        if (r == 0)
                r = digest_of(config, len, i->id, err);
        if (r < 0)
                return r;
        i->config_text = strndup(config, len);
        i->config_len = len;
        i->parent = strdup("");
        if (!i->config_text || !i->parent || copy_layers(i) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the image configuration");
        /* An absent or malformed time is Go's zero time, as in Docker. */
        if (!i->config.created || brig_time_parse(i->config.created, 0, &i->created) < 0)
                i->created = BRIG_TIME_ZERO;
        *ret = TAKE_PTR(i);
        return 0;
}

/* --- entries -------------------------------------------------------------- */

void brig_store_row_clear(StoredImage *row)
{
        brig_json_clear(stored_image_fields, row);
}

char *brig_store_image_document(const StoredImage *row)
{
        _cleanup_json_ json_t *object = brig_json_write(stored_image_fields, row);

        return object ? brig_json_text(object) : NULL;
}

char *brig_store_layer_document(const LayerEntry *layer)
{
        _cleanup_json_ json_t *object = brig_json_write(stored_layer_fields, layer);

        return object ? brig_json_text(object) : NULL;
}

ImageEntry *brig_store_entry_free(ImageEntry *e)
{
        if (!e)
                return NULL;
        brig_image_unref(e->image);
        brig_store_row_clear(&e->row);
        free(e);
        return NULL;
}

static void free_entry(void *e)
{
        brig_store_entry_free(e);
}

BRIG_DEFINE_CLEANUP(ImageEntry *, brig_store_entry_free)

ImageEntry *brig_store_find(ImageStore *s, const char *id)
{
        return brig_map_get(s->images, id);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int brig_store_references_of(ImageStore *s, const char *id, char ***ret)
{
        _cleanup_strv_ char **names = NULL;
        const char *name;
        void *owner;

        for (size_t i = 0; brig_map_next(s->references, &i, &name, &owner);)
                if (streq(owner, id) && brig_strv_push(&names, name) < 0)
                        return -ENOMEM;
        if (names)
                qsort(names, brig_strv_len(names), sizeof(*names), compare_names);
        *ret = TAKE_PTR(names);
        return 0;
}

static int set_names(ImageStore *s, Image *i)
{
        _cleanup_strv_ char **names = NULL;
        int r = brig_store_references_of(s, i->id, &names);

        if (r < 0)
                return r;
        BRIG_STRV_FOREACH(name, names) {
                char *familiar = brig_reference_familiar(*name);

                if (!familiar || brig_strv_consume(strchr(*name, '@') ? &i->repo_digests : &i->repo_tags, familiar) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static void set_sizes(ImageStore *s, Image *i)
{
        char *const *diff_ids = i->config.rootfs.diff_ids;

        for (size_t n = 0; diff_ids && diff_ids[n]; n++) {
                const LayerEntry *layer = brig_map_get(s->layers, brig_digest_hex(diff_ids[n]));

                i->layer_sizes[n] = layer ? layer->bytes : 0;
                i->size += i->layer_sizes[n];
        }
}

int brig_store_refresh(ImageStore *s, const char *id)
{
        ImageEntry *e = brig_store_find(s, id);
        _cleanup_(brig_image_unrefp) Image *i = NULL;

        brig_assert(e);
        if (brig_image_new(e->image->config_text, e->image->config_len, &i, NULL) < 0)
                return -ENOMEM;
        set_sizes(s, i);
        i->tagged = e->row.tagged;
        if (set_names(s, i) < 0 || brig_str_set(&i->manifest_digest, e->row.manifest) < 0 ||
            brig_str_set(&i->parent, e->row.parent ? e->row.parent : "") < 0)
                return -ENOMEM;
        brig_image_unref(e->image);
        e->image = TAKE_PTR(i);
        return 0;
}

/* --- reading the database ------------------------------------------------- */

static int read_document(const char *document, const JsonField *table, void *ret, size_t size, BrigError *err)
{
        _cleanup_json_ json_t *object = NULL;
        int r;

        brig_json_init(table, ret, size);
        r = brig_json_parse(document, strlen(document), &object, err);
        return r < 0 ? r : brig_json_read(object, table, ret, size, 0, err);
}

int brig_store_read_row(const char *document, StoredImage *ret, BrigError *err)
{
        return read_document(document, stored_image_fields, ret, sizeof(*ret), err);
}

static void layer_freep(LayerEntry **e)
{
        brig_store_layer_free(*e);
        *e = NULL;
}

static int load_layer(void *context, const char *key, const char *document, BrigError *err)
{
        ImageStore *s = context;
        _cleanup_(layer_freep) LayerEntry *layer = calloc(1, sizeof(*layer));
        int r = layer ? read_document(document, stored_layer_fields, layer, sizeof(*layer), err)
                      : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the layers");

        if (r < 0)
                return r;
        layer->state = LAYER_READY;
        r = brig_map_put(s->layers, key, layer);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot read the layers");
        (void)TAKE_PTR(layer);
        return 0;
}

static int load_reference(void *context, const char *key, const char *document, BrigError *err)
{
        ImageStore *s = context;
        _cleanup_free_ char *id = strdup(document);
        int r = id ? brig_map_put(s->references, key, id) : -ENOMEM;

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot read the references");
        (void)TAKE_PTR(id);
        return 0;
}

static int hold_all(ImageStore *s, const ImageEntry *e, BrigError *err)
{
        BRIG_STRV_FOREACH(blob, e->row.blobs)
                if (brig_store_hold_blob(s, *blob) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the images");
        BRIG_STRV_FOREACH(layer, e->image->layers)
                /* A layer without a row was never complete: repair unpacks it again or drops the image. */
                (void)brig_store_hold_ready_layer(s, *layer);
        return 0;
}

static int load_image(void *context, const char *key, const char *document, BrigError *err)
{
        ImageStore *s = context;
        _cleanup_(brig_store_entry_freep) ImageEntry *e = calloc(1, sizeof(*e));
        _cleanup_free_ char *config = NULL;
        size_t len;
        int r = e ? brig_store_read_row(document, &e->row, err)
                  : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the images");

        if (r < 0)
                return r;
        if (!brig_digest_valid(key) || brig_blob_read(&s->blobs, key, BRIG_IMAGE_MAX_DOCUMENT, &config, &len, NULL) < 0 ||
            brig_image_new(config, len, &e->image, NULL) < 0 || !streq(e->image->id, key))
                return 0;
        r = hold_all(s, e, err);
        if (r < 0)
                return r;
        r = brig_map_put(s->images, key, e);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot read the images");
        (void)TAKE_PTR(e);
        return brig_store_refresh(s, key) < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the images") : 0;
}

static int load_tables(ImageStore *s, BrigError *err)
{
        int r = brig_state_each(s->db, "layer", load_layer, s, err);

        if (r == 0)
                r = brig_state_each(s->db, "reference", load_reference, s, err);
        return r < 0 ? r : brig_state_each(s->db, "image", load_image, s, err);
}

/* --- opening -------------------------------------------------------------- */

static int init_tables(ImageStore *s)
{
        s->images = brig_map_new(free_entry);
        s->references = brig_map_new(free);
        s->layers = brig_map_new(brig_store_layer_free);
        s->blob_holds = brig_map_new(free);
        return s->images && s->references && s->layers && s->blob_holds ? 0 : -ENOMEM;
}

BRIG_DEFINE_CLEANUP(ImageStore *, brig_image_store_close)

int brig_image_store_open(const char *data_root, StateDb *db, const ImageLayerOps *ops, ImageStore **ret, BrigError *err)
{
        _cleanup_(brig_image_store_closep) ImageStore *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot open the image store");
        s->db = db;
        s->ops = *ops;
        s->blobs = (BlobStore)BLOB_STORE_INIT;
        brig_assert(pthread_mutex_init(&s->change, NULL) == 0 && pthread_mutex_init(&s->lock, NULL) == 0 &&
                    pthread_cond_init(&s->layer_settled, NULL) == 0);
        if (init_tables(s) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot open the image store");
        r = brig_blobs_open(&s->blobs, data_root, err);
        if (r == 0)
                r = load_tables(s, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

ImageStore *brig_image_store_close(ImageStore *s)
{
        if (!s)
                return NULL;
        brig_map_free(s->images);
        brig_map_free(s->references);
        brig_map_free(s->layers);
        brig_map_free(s->blob_holds);
        brig_blobs_close(&s->blobs);
        (void)pthread_mutex_destroy(&s->change);
        (void)pthread_mutex_destroy(&s->lock);
        (void)pthread_cond_destroy(&s->layer_settled);
        free(s);
        return NULL;
}

/* --- listing -------------------------------------------------------------- */

static int newest_first(const void *a, const void *b)
{
        const Image *x = *(Image *const *)a, *y = *(Image *const *)b;

        if (x->created != y->created)
                return x->created < y->created ? 1 : -1;
        return strcmp(x->id, y->id);
}

int brig_image_list(ImageStore *s, Image ***ret, BrigError *err)
{
        Image **list;
        size_t n = 0;
        void *value;

        pthread_mutex_lock(&s->lock);
        list = calloc(brig_map_size(s->images) + 1, sizeof(*list));
        for (size_t i = 0; list && brig_map_next(s->images, &i, NULL, &value);)
                if (!((ImageEntry *)value)->row.hidden)
                        list[n++] = brig_image_ref(((ImageEntry *)value)->image);
        pthread_mutex_unlock(&s->lock);
        if (!list)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot list the images");
        qsort(list, n, sizeof(Image *), newest_first);
        *ret = list;
        return 0;
}

Image **brig_image_list_free(Image **list)
{
        for (size_t i = 0; list && list[i]; i++)
                brig_image_unref(list[i]);
        free(list);
        return NULL;
}

int brig_image_by_id(ImageStore *s, const char *id, Image **ret, BrigError *err)
{
        const ImageEntry *e;

        pthread_mutex_lock(&s->lock);
        e = brig_store_find(s, id);
        if (e)
                *ret = brig_image_ref(e->image);
        pthread_mutex_unlock(&s->lock);
        return e ? 0 : brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "No such image: %.100s", id);
}
