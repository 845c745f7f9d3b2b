/*
 * After a crash, at start: what no image names is removed, what an image names and
 * is not there is made again from its blob; an image that cannot be completed goes,
 * for a listed image must be whole. Runs before the first request.
 */
#include "image/store-internal.h"

#include "base/strings.h"

/* --- layers -------------------------------------------------------------------- */

/* What the table says and the disk does not have. */
static void mark_missing(ImageStore *s, char *const *present)
{
        void *value;

        for (size_t i = 0; brig_map_next(s->layers, &i, NULL, &value);)
                ((LayerEntry *)value)->state = LAYER_ABSENT;
        BRIG_STRV_FOREACH(layer, present) {
                LayerEntry *e = brig_map_get(s->layers, *layer);

                if (e)
                        e->state = LAYER_READY;
        }
}

/* Counts anew what the images hold: unpacking again has left counts of its own. */
static void recount(ImageStore *s)
{
        void *value;

        for (size_t i = 0; brig_map_next(s->layers, &i, NULL, &value);)
                ((LayerEntry *)value)->holds = 0;
        for (size_t i = 0; brig_map_next(s->images, &i, NULL, &value);)
                BRIG_STRV_FOREACH(layer, ((ImageEntry *)value)->image->layers)
                        ((LayerEntry *)brig_map_get(s->layers, *layer))->holds++;
}

static void remove_strays(ImageStore *s, char *const *present)
{
        BRIG_STRV_FOREACH(layer, present) {
                const LayerEntry *e = brig_map_get(s->layers, *layer);

                /* One that cannot go now wastes room and harms nobody; the next start tries again. */
                if (!e || e->holds == 0)
                        (void)s->ops.remove(s->ops.context, *layer, NULL);
        }
}

static int write_layer_row(ImageStore *s, const char *layer, const LayerEntry *e, BrigError *err)
{
        _cleanup_free_ char *document = brig_store_layer_document(e);

        if (!document)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot repair the image store");
        return brig_state_put(s->db, "layer", layer, document, false, err);
}

/* Rows as the table is now; entries that nobody holds go. */
static int settle_rows(ImageStore *s, BrigError *err)
{
        _cleanup_strv_ char **stale = NULL;
        const char *layer;
        void *value;
        int r = 0;

        for (size_t i = 0; r == 0 && brig_map_next(s->layers, &i, &layer, &value);) {
                const LayerEntry *e = value;

                if (e->holds > 0)
                        r = write_layer_row(s, layer, e, err);
                else if (brig_strv_push(&stale, layer) < 0)
                        r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot repair the image store");
        }
        BRIG_STRV_FOREACH(name, stale) {
                if (r == 0)
                        r = brig_state_delete(s->db, "layer", *name, false, err);
                (void)brig_map_remove(s->layers, *name);
        }
        return r;
}

/* --- images -------------------------------------------------------------------- */

/* The blob of each diff ID is in the image's manifest. */
static int read_manifest(ImageStore *s, const ImageEntry *e, ImageManifest *ret, BrigError *err)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        if (!brig_digest_valid(e->row.manifest))
                return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "the image has no manifest");
        r = brig_blob_read(&s->blobs, e->row.manifest, BRIG_IMAGE_MAX_DOCUMENT, &text, &len, err);
        if (r == 0)
                r = brig_image_manifest_read(text, len, ret, err);
        if (r == 0 && ret->layers.count != brig_strv_len(e->image->config.rootfs.diff_ids)) {
                brig_image_manifest_clear(ret);
                r = brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "the image's manifest has another number of layers");
        }
        return r;
}

static int unpack_again(ImageStore *s, const char *diff_id, const char *blob, BrigError *err)
{
        const LayerEntry *e = brig_map_get(s->layers, diff_id);

        return e && e->state == LAYER_READY ? 0 : brig_store_hold_layer(s, diff_id, blob, err);
}

static int complete(ImageStore *s, const ImageEntry *e, BrigError *err)
{
        _cleanup_(brig_image_manifest_clear) ImageManifest m = { 0 };
        char *const *diff_ids = e->image->config.rootfs.diff_ids;
        int r = read_manifest(s, e, &m, err);

        for (size_t i = 0; r == 0 && diff_ids && diff_ids[i]; i++)
                r = unpack_again(s, brig_digest_hex(diff_ids[i]), BRIG_JSON_AT(ImageDescriptor, &m.layers, i)->digest, err);
        return r;
}

static bool is_whole(ImageStore *s, const ImageEntry *e)
{
        BRIG_STRV_FOREACH(blob, e->row.blobs)
                if (!brig_digest_valid(*blob) || !brig_blob_exists(&s->blobs, *blob))
                        return false;
        BRIG_STRV_FOREACH(layer, e->image->layers) {
                const LayerEntry *l = brig_map_get(s->layers, *layer);

                if (!l || l->state != LAYER_READY)
                        return false;
        }
        return true;
}

static int drop_names(ImageStore *s, const char *id, BrigError *err)
{
        _cleanup_strv_ char **names = NULL;

        if (brig_store_references_of(s, id, &names) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot repair the image store");
        BRIG_STRV_FOREACH(name, names) {
                int r = brig_state_delete(s->db, "reference", *name, false, err);

                if (r < 0)
                        return r;
                (void)brig_map_remove(s->references, *name);
        }
        return 0;
}

static int drop_image(ImageStore *s, const char *id, BrigError *err)
{
        ImageEntry *e;
        int r = drop_names(s, id, err);

        if (r == 0)
                r = brig_state_delete(s->db, "image", id, false, err);
        if (r < 0)
                return r;
        e = brig_map_take(s->images, id);
        BRIG_STRV_FOREACH(blob, e ? e->row.blobs : NULL)
                brig_store_release_blob(s, *blob);
        brig_store_entry_free(e);
        return 0;
}

/* Damage drops the image; what may pass (a full disk, brigd away) only leaves it out until the next start. */
static int mend_image(ImageStore *s, const char *id, BrigError *err)
{
        const ImageEntry *e = brig_store_find(s, id);
        BrigError why = BRIG_ERROR_INIT;

        int r;

        if (is_whole(s, e))
                return 0;
        r = complete(s, e, &why);
        if (r < 0 && why.kind != BRIG_ERR_INVALID && why.kind != BRIG_ERR_NOT_FOUND && why.kind != BRIG_ERR_TOO_LARGE) {
                (void)brig_map_remove(s->images, id);
                return 0;
        }
        if (r < 0 || !is_whole(s, e))
                return drop_image(s, id, err);
        return brig_store_refresh(s, id) < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot repair the image store") : 0;
}

typedef struct Keys { ImageStore *store; char **keys; } Keys;

static int collect_key(void *context, const char *key, const char *document, BrigError *err)
{
        Keys *k = context;

        return brig_strv_push(&k->keys, key) < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot repair the image store") : 0;
}

/* Every row of table "image": those without an entry have lost their config blob. */
static int mend_images(ImageStore *s, char **rows, BrigError *err)
{
        int r = 0;

        BRIG_STRV_FOREACH(id, rows)
                if (r == 0)
                        r = brig_store_find(s, *id) ? mend_image(s, *id, err) : drop_image(s, *id, err);
        return r;
}

static int drop_dangling_names(ImageStore *s, char **rows, BrigError *err)
{
        _cleanup_strv_ char **owners = NULL;
        void *owner;
        int r = 0;

        for (size_t i = 0; brig_map_next(s->references, &i, NULL, &owner);)
                if (!brig_strv_contains(rows, owner) && brig_strv_push(&owners, owner) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot repair the image store");
        BRIG_STRV_FOREACH(id, owners)
                if (r == 0)
                        r = drop_names(s, *id, err);
        return r;
}

/* --- blobs --------------------------------------------------------------------- */

/* By the rows, not by the entries: an image that is only left out keeps its blobs. */
static int collect_blobs(void *context, const char *key, const char *document, BrigError *err)
{
        BrigMap *wanted = context;
        _cleanup_(brig_store_row_clear) StoredImage row;
        int r = brig_store_read_row(document, &row, err);

        if (r < 0)
                return r;
        BRIG_STRV_FOREACH(blob, row.blobs) {
                r = brig_map_set(wanted, *blob, wanted);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot repair the image store");
        }
        return 0;
}

static bool is_unwanted(void *context, const char *digest)
{
        return brig_map_get(context, digest) == NULL;
}

static int sweep_blobs(ImageStore *s, BrigError *err)
{
        _cleanup_(brig_map_freep) BrigMap *wanted = brig_map_new(NULL);
        int r;

        if (!wanted)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot repair the image store");
        r = brig_state_each(s->db, "image", collect_blobs, wanted, err);
        return r < 0 ? r : brig_blobs_repair(&s->blobs, is_unwanted, wanted, err);
}

/* -------------------------------------------------------------------------------- */

static int repair(ImageStore *s, char *const *present, char **rows, BrigError *err)
{
        int r;

        mark_missing(s, present);
        r = mend_images(s, rows, err);
        if (r == 0)
                r = drop_dangling_names(s, rows, err);
        if (r < 0)
                return r;
        recount(s);
        remove_strays(s, present);
        r = settle_rows(s, err);
        return r < 0 ? r : sweep_blobs(s, err);
}

int brig_image_store_repair(ImageStore *s, char *const *layers_present, BrigError *err)
{
        Keys k = { .store = s };
        int r = brig_state_each(s->db, "image", collect_key, &k, err);

        if (r == 0) {
                pthread_mutex_lock(&s->change);
                r = repair(s, layers_present, k.keys, err);
                pthread_mutex_unlock(&s->change);
        }
        brig_strv_free(k.keys);
        return r;
}
