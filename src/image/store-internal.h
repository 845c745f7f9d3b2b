#pragma once
/*
 * What the files of this room share: the store's tables and who may touch them.
 *
 * Two locks. `change` is held from the first look to the last write by whoever
 * adds, names or deletes an image, so that such steps come one after another.
 * `lock` guards the tables in memory and is never held over disk or network:
 * readers only wait for pointers to be swapped. Order: change, then lock.
 * Unpacking holds neither; a layer that is being unpacked is marked as busy and
 * others who need it wait for that.
 *
 * Counting. A layer lives as long as an image or a draft holds it, a blob too.
 * Images hold what their rows name; a draft (a load or import at work) holds what
 * it has collected, and gives it to its image or lets go of it.
 */
#include "base/map.h"
#include "image/blobs-internal.h"
#include "image/image.h"
#include <pthread.h>

#define BRIG_DIFF_ID_SIZE 65            /* 64 hex and NUL */

/* The row of table "image"; the rest of an image is its config blob. */
typedef struct StoredImage {
        char *manifest, *parent;
        char **blobs;                   /* all digests that the image holds: config, manifest, layers */
        int64_t tagged;                 /* ns */
        bool hidden;                    /* deleted by force under a stopped container */
} StoredImage;

typedef struct ImageEntry {
        Image *image;                   /* replaced, never changed */
        StoredImage row;
} ImageEntry;

typedef enum LayerState { LAYER_ABSENT, LAYER_BUSY, LAYER_READY } LayerState;

typedef struct LayerEntry {
        LayerState state;
        unsigned holds;
        int64_t bytes, entries;
        char *blob;                     /* digest of the blob that it was unpacked from */
} LayerEntry;

struct ImageStore {
        StateDb *db;                    /* borrowed */
        ImageLayerOps ops;
        BlobStore blobs;
        pthread_mutex_t change, lock;
        pthread_cond_t layer_settled;
        BrigMap *images;                /* id → ImageEntry */
        BrigMap *references;            /* "docker.io/library/busybox:latest" or …@sha256:… → id (char *) */
        BrigMap *layers;                /* 64 hex → LayerEntry */
        BrigMap *blob_holds;            /* digest → unsigned, boxed */
};

/* --- store.c: tables and their rows; the caller holds `lock` ------------- */
ImageEntry *brig_store_find(ImageStore *s, const char *id);
/* Makes the entry's Image anew from the tables (names and sizes may have changed). -ENOMEM leaves the old one. */
int brig_store_refresh(ImageStore *s, const char *id) _must_use_;
/* The references of an image, sorted; free with brig_strv_free. */
int brig_store_references_of(ImageStore *s, const char *id, char ***ret) _must_use_;
/* Document of a row; free(3), NULL when out of memory. */
char *brig_store_image_document(const StoredImage *row);
char *brig_store_layer_document(const LayerEntry *layer);
void brig_store_layer_free(void *layer);
/* On success the caller clears *ret. */
int brig_store_read_row(const char *document, StoredImage *ret, BrigError *err) _must_use_;
void brig_store_row_clear(StoredImage *row);
ImageEntry *brig_store_entry_free(ImageEntry *e);
/* A new Image out of the text of a config. Names and sizes are empty. */
int brig_image_new(const char *config, size_t len, Image **ret, BrigError *err) _must_use_;

/* --- layers.c: holds on layers and blobs; take the lock themselves -------- */
/*
 * Unpacks the layer from a blob unless it is there, and holds it. Waits for another that unpacks the same. A blob
 * is never taken on trust: where the layer was unpacked from another one, this one is inflated and compared.
 */
int brig_store_hold_layer(ImageStore *s, const char *diff_id, const char *blob, BrigError *err) _must_use_;
/* The same for a layer that must be there already; false when it is not. */
bool brig_store_hold_ready_layer(ImageStore *s, const char *diff_id);
/* Lets go; the last one removes the layer from disk. True when it was the last. */
bool brig_store_release_layer(ImageStore *s, const char *diff_id);
int brig_store_hold_blob(ImageStore *s, const char *digest) _must_use_;
void brig_store_release_blob(ImageStore *s, const char *digest);

/* --- draft.c: an image on its way in ------------------------------------- */
typedef struct ImageDraft {
        ImageStore *store;
        Image *image;                   /* parsed config; id is known */
        char **blobs;                   /* held digests */
        char **layers;                  /* held diff IDs */
        char *manifest;                 /* digest, held among blobs */
        char *parent;
} ImageDraft;

/* The config's text is checked here: an operating system that is not linux is refused. */
int brig_draft_init(ImageDraft *d, ImageStore *s, const char *config, size_t len, BrigError *err) _must_use_;
void brig_draft_done(ImageDraft *d);
#define _cleanup_draft_ _cleanup_(brig_draft_done)
/* Holds a blob that stands under its digest already, or will in a moment. */
int brig_draft_hold_blob(ImageDraft *d, const char *digest, BrigError *err) _must_use_;
/* Writes and holds. */
int brig_draft_add_text(ImageDraft *d, const char *text, size_t len, char ret_digest[BRIG_DIGEST_SIZE], BrigError *err) _must_use_;
/* Layer i of the config, out of a blob that the draft holds. */
int brig_draft_unpack_layer(ImageDraft *d, size_t i, const char *blob, BrigError *err) _must_use_;
/* Makes, writes and holds a manifest over the config and the layer blobs (one per layer, base first). */
int brig_draft_make_manifest(ImageDraft *d, char *const *layer_blobs, BrigError *err) _must_use_;
/* The manifest that the image came with; the draft holds its blob. */
int brig_draft_set_manifest(ImageDraft *d, const char *digest, BrigError *err) _must_use_;
/*
 * One durable transaction: the image (unless it is there), its layers, its names. Names are full references;
 * `renamed` hears of each name that another image loses: (context, name, id of that image). NULL: nobody does.
 */
typedef void (*ImageRenamedFn)(void *context, const char *name, const char *old_id);
int brig_draft_commit(ImageDraft *d, char *const *names, ImageRenamedFn renamed, void *context, BrigError *err) _must_use_;

/* --- resolve.c; the caller holds `lock` ---------------------------------- */
/*
 * What a user's name means. With *ret_reference, the full reference by which it was found (a key of
 * `references`), NULL when an id was meant.
 */
int brig_store_lookup(ImageStore *s, const char *name, ImageEntry **ret, const char **ret_reference, BrigError *err) _must_use_;
