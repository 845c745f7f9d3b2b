/*
 * Who holds which layer and blob. A layer is unpacked and removed outside of the
 * lock; while that lasts it is busy, and whoever wants it waits until it has
 * settled: several loads at once unpack a layer that they share a single time.
 */
#include "image/store-internal.h"

#include "base/strings.h"
#include "image/inflate.h"

/* No layer inflates to more, as the unpacker's own limit has it. */
#define VERIFY_MAX_BYTES (UINT64_C(256) << 30)

/* The entry, made when it is missing; the caller holds the lock. */
static LayerEntry *entry_of(ImageStore *s, const char *diff_id)
{
        LayerEntry *e = brig_map_get(s->layers, diff_id);

        if (e)
                return e;
        e = calloc(1, sizeof(*e));
        if (e && brig_map_put(s->layers, diff_id, e) < 0) {
                brig_store_layer_free(e);
                return NULL;
        }
        return e;
}

/* Waits until nobody works on the layer. The entry may have been dropped meanwhile: it is looked up anew. */
static LayerEntry *settled_entry(ImageStore *s, const char *diff_id)
{
        LayerEntry *e;

        while ((e = entry_of(s, diff_id)) && e->state == LAYER_BUSY)
                (void)pthread_cond_wait(&s->layer_settled, &s->lock);
        return e;
}

/* Ends the busy time; an entry that nobody holds and that has no layer goes. */
static void settle(ImageStore *s, const char *diff_id, LayerEntry *e, LayerState state)
{
        e->state = state;
        if (state == LAYER_ABSENT && e->holds == 0)
                (void)brig_map_remove(s->layers, diff_id);
        (void)pthread_cond_broadcast(&s->layer_settled);
}

static int unpack_blob(ImageStore *s, const char *diff_id, const char *blob, ImageUnpackReport *report, BrigError *err)
{
        _cleanup_close_ int fd = brig_blob_open(&s->blobs, blob, err);

        return fd < 0 ? fd : s->ops.unpack(s->ops.context, fd, diff_id, report, err);
}

static int unpack(ImageStore *s, const char *diff_id, const char *blob, LayerEntry *e, BrigError *err)
{
        ImageUnpackReport report = { 0 };
        int r;

        e->state = LAYER_BUSY;
        pthread_mutex_unlock(&s->lock);
        r = unpack_blob(s, diff_id, blob, &report, err);
        pthread_mutex_lock(&s->lock);
        if (r == 0 && brig_str_set(&e->blob, blob) < 0)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot hold the layer \"%.12s\"", diff_id);
        if (r < 0) {
                settle(s, diff_id, e, LAYER_ABSENT);
                return r;
        }
        e->bytes = (int64_t)report.bytes;
        e->entries = (int64_t)report.entries;
        e->holds++;
        settle(s, diff_id, e, LAYER_READY);
        return 0;
}

static ssize_t read_blob(void *context, void *data, size_t len)
{
        ssize_t n = read(*(const int *)context, data, len);

        return n < 0 ? -errno : n;
}

/* Does the blob inflate to the layer? */
static int verify_blob(ImageStore *s, const char *diff_id, const char *blob, BrigError *err)
{
        _cleanup_close_ int fd = brig_blob_open(&s->blobs, blob, err);
        _cleanup_(brig_inflater_freep) BrigInflater *inflater = brig_inflater_new(read_blob, &fd, VERIFY_MAX_BYTES);
        _cleanup_hasher_ Hasher hasher = { 0 };
        char digest[BRIG_DIGEST_SIZE];
        const void *block;
        ssize_t n;
        int r = fd < 0 ? fd : brig_hasher_init(&hasher, err);

        if (r == 0 && !inflater)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot verify the layer");
        while (r == 0 && (n = brig_inflater_next(inflater, &block, err)) != 0)
                r = n < 0 ? (int)n : brig_hasher_update(&hasher, block, (size_t)n, err);
        if (r == 0)
                r = brig_hasher_final(&hasher, digest, err);
        if (r == 0 && !streq(brig_digest_hex(digest), diff_id))
                r = brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "the layer's content is %s, not the diff ID sha256:%s", digest, diff_id);
        return r;
}

/* Of a plain blob the digest is the diff ID; the blob that the layer came from was verified then. */
static bool is_known(const LayerEntry *e, const char *diff_id, const char *blob)
{
        return streq(brig_digest_hex(blob), diff_id) || brig_str_equal(e->blob, blob);
}

int brig_store_hold_layer(ImageStore *s, const char *diff_id, const char *blob, BrigError *err)
{
        LayerEntry *e;
        bool known = true;
        int r = 0;

        pthread_mutex_lock(&s->lock);
        e = settled_entry(s, diff_id);
        if (!e)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot hold the layer \"%.12s\"", diff_id);
        else if (e->state == LAYER_READY) {
                e->holds++;
                known = is_known(e, diff_id, blob);
        } else
                r = unpack(s, diff_id, blob, e, err);
        pthread_mutex_unlock(&s->lock);
        if (r < 0 || known)
                return r;
        r = verify_blob(s, diff_id, blob, err);
        if (r < 0)
                (void)brig_store_release_layer(s, diff_id);
        return r;
}

bool brig_store_hold_ready_layer(ImageStore *s, const char *diff_id)
{
        LayerEntry *e;
        bool held = false;

        pthread_mutex_lock(&s->lock);
        while ((e = brig_map_get(s->layers, diff_id)) && e->state == LAYER_BUSY)
                (void)pthread_cond_wait(&s->layer_settled, &s->lock);
        if (e && e->state == LAYER_READY) {
                e->holds++;
                held = true;
        }
        pthread_mutex_unlock(&s->lock);
        return held;
}

bool brig_store_release_layer(ImageStore *s, const char *diff_id)
{
        LayerEntry *e;
        bool last;

        pthread_mutex_lock(&s->lock);
        e = brig_map_get(s->layers, diff_id);
        if (!e || e->holds == 0) {
                pthread_mutex_unlock(&s->lock);
                return false;
        }
        last = --e->holds == 0 && e->state == LAYER_READY;
        if (last) {
                e->state = LAYER_BUSY;
                pthread_mutex_unlock(&s->lock);
                /* What cannot be removed now has no row any more: repair takes it away at the next start. */
                (void)s->ops.remove(s->ops.context, diff_id, NULL);
                pthread_mutex_lock(&s->lock);
                settle(s, diff_id, e, LAYER_ABSENT);
        }
        pthread_mutex_unlock(&s->lock);
        return last;
}

/* --- blobs ------------------------------------------------------------------ */

int brig_store_hold_blob(ImageStore *s, const char *digest)
{
        unsigned *holds;
        int r = 0;

        pthread_mutex_lock(&s->lock);
        holds = brig_map_get(s->blob_holds, digest);
        if (holds)
                (*holds)++;
        else if ((holds = calloc(1, sizeof(*holds)))) {
                *holds = 1;
                r = brig_map_put(s->blob_holds, digest, holds);
                if (r < 0)
                        free(holds);
        } else
                r = -ENOMEM;
        pthread_mutex_unlock(&s->lock);
        return r;
}

void brig_store_release_blob(ImageStore *s, const char *digest)
{
        unsigned *holds;

        /* The file goes under the lock: who holds it anew afterwards writes it anew. */
        pthread_mutex_lock(&s->lock);
        holds = brig_map_get(s->blob_holds, digest);
        if (holds && --*holds == 0) {
                (void)brig_map_remove(s->blob_holds, digest);
                brig_blob_remove(&s->blobs, digest);
        }
        pthread_mutex_unlock(&s->lock);
}
