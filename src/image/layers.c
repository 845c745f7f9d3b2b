/*
 * Who holds which layer and blob. A layer is unpacked and removed outside of the
 * lock; while that lasts it is busy, and whoever wants it waits until it has
 * settled: several loads at once unpack a layer that they share a single time.
 */
#include "image/store-internal.h"

#include "base/strings.h"

/* The entry, made when it is missing; the caller holds the lock. */
static LayerEntry *entry_of(ImageStore *s, const char *diff_id)
{
        LayerEntry *e = brig_map_get(s->layers, diff_id);

        if (e)
                return e;
        e = calloc(1, sizeof(*e));
        if (e && brig_map_put(s->layers, diff_id, e) < 0) {
                free(e);
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

static int unpack(ImageStore *s, const char *diff_id, int blob_fd, LayerEntry *e, BrigError *err)
{
        ImageUnpackReport report = { 0 };
        int r;

        e->state = LAYER_BUSY;
        pthread_mutex_unlock(&s->lock);
        r = s->ops.unpack(s->ops.context, blob_fd, diff_id, &report, err);
        pthread_mutex_lock(&s->lock);
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

int brig_store_hold_layer(ImageStore *s, const char *diff_id, int blob_fd, BrigError *err)
{
        LayerEntry *e;
        int r = 0;

        pthread_mutex_lock(&s->lock);
        e = settled_entry(s, diff_id);
        if (!e)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot hold the layer \"%.12s\"", diff_id);
        else if (e->state == LAYER_READY)
                e->holds++;
        else
                r = unpack(s, diff_id, blob_fd, e, err);
        pthread_mutex_unlock(&s->lock);
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
