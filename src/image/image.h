#pragma once
/*
 * The image store of one engine: blobs by digest under <data-root>/blobs/sha256 (OCI
 * layout compatible), images and references in the state database, layers unpacked once by brig-unpack
 * (which this room reaches only through ImageLayerOps, because brig-api starts no process).
 * Thread-safe. An image that is listed is complete and was verified.
 *
 * Image ID: "sha256:<hex>" of its config, as Docker's classic store. A layer's folder is named by its diff ID.
 */
#include "base/buffer.h"
#include "base/error.h"
#include "spec/image.h"
#include "state/database.h"

typedef struct ImageStore ImageStore;

typedef struct ImageUnpackReport { char message[512]; uint64_t bytes, entries; } ImageUnpackReport;
typedef struct ImageLayerOps {
        /* Unpacks blob_fd (plain, gzip or zstd tar; borrowed) as layer diff_id (64 hex); returns when it is in place. Idempotent. */
        int (*unpack)(void *context, int blob_fd, const char *diff_id, ImageUnpackReport *report, BrigError *err);
        int (*remove)(void *context, const char *diff_id, BrigError *err);
        void *context;
} ImageLayerOps;

/* One image, immutable, reference-counted (readers keep it while it is being deleted). */
typedef struct Image {
        unsigned refs;                  /* private */
        char id[72];                    /* sha256:<64 hex> */
        ImageConfig config;
        char *config_text;              /* the exact bytes of the config blob */
        size_t config_len;
        char *manifest_digest;          /* of the manifest it came with, or of the one made here */
        char **repo_tags, **repo_digests;
        int64_t size;                   /* sum of unpacked layers, bytes */
        int64_t *layer_sizes;           /* one per config.rootfs.diff_ids, bytes unpacked (as history needs them) */
        int64_t created;                /* ns */
        int64_t tagged;                 /* ns, last tag time */
        char **layers;                  /* folders to stack, base first: diff IDs, 64 hex, each once (overlayfs refuses one folder
                                         * twice; of a layer that an image has several times the uppermost decides) */
        char *parent;                   /* "" */
} Image;
Image *brig_image_ref(Image *i);
Image *brig_image_unref(Image *i);
BRIG_DEFINE_CLEANUP(Image *, brig_image_unref)

int brig_image_store_open(const char *data_root, StateDb *db, const ImageLayerOps *ops, ImageStore **ret, BrigError *err) _must_use_;
ImageStore *brig_image_store_close(ImageStore *s);

/* A byte source (an HTTP body): reads up to len, 0 at the end, negative errno. */
typedef ssize_t (*ImageReadFn)(void *context, void *data, size_t len);
/* A byte sink (an HTTP response); 0 or negative errno (client went away: stop). */
typedef int (*ImageWriteFn)(void *context, const void *data, size_t len);
/* Progress and result lines in Docker's JSON stream form: {"stream":"Loaded image: x\n"}; status/id/progress may be NULL. */
typedef struct ImageProgress { void (*line)(void *context, const char *stream, const char *status, const char *id); void *context; } ImageProgress;
typedef struct ImageSource { ImageReadFn read; void *context; } ImageSource;

/* docker-archive or OCI layout (directory form in a tar), each plain, gzip or zstd, with plain, gzip or zstd layers. All or nothing per image. */
int brig_image_load(ImageStore *s, const ImageSource *source, const ImageProgress *progress, BrigError *err) _must_use_;
/* A root file system tar becomes a one-layer image. changes: Dockerfile instructions (CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR, STOPSIGNAL ...). reference may be NULL. */
typedef struct ImageImport { const char *reference, *message, *os, *arch; char *const *changes; } ImageImport;
int brig_image_import(ImageStore *s, const ImageSource *source, const ImageImport *options, char ret_id[72], BrigError *err) _must_use_;
/* docker save: OCI layout plus manifest.json and repositories in one tar; names may be ids, tags or digests. */
int brig_image_save(ImageStore *s, char *const *names, ImageWriteFn write, void *context, BrigError *err) _must_use_;

/* Name → image: full or short id (unique prefix, with or without sha256:), name[:tag][@digest], docker.io normalisation. BRIG_ERR_NOT_FOUND "No such image: x". */
int brig_image_resolve(ImageStore *s, const char *name, Image **ret, BrigError *err) _must_use_;
/* By full ID alone, and also an image that "rmi -f" took from under a stopped container: its layers stay until that is gone. */
int brig_image_by_id(ImageStore *s, const char *id, Image **ret, BrigError *err) _must_use_;
/* All images, newest first; array of references, NULL-terminated: brig_image_list_free. */
int brig_image_list(ImageStore *s, Image ***ret, BrigError *err) _must_use_;
Image **brig_image_list_free(Image **list);
/* repo:tag on an image; replaces what had it. */
int brig_image_tag(ImageStore *s, const char *name, const char *repo, const char *tag, BrigError *err) _must_use_;
/*
 * docker rmi. in_use(id) tells how a container uses the image: 0 no, 1 a stopped one, 2 a running one, and its short id.
 * ret: lines "Untagged: …" / "Deleted: sha256:…" as strv. Conflict texts as Docker's.
 */
typedef int (*ImageInUseFn)(void *context, const char *image_id, char ret_container[16]);
typedef struct ImageDelete {
        const char *name;
        bool force, no_prune;
        ImageInUseFn in_use;
        void *context;
        /* prune: may this image go? (filters); NULL: every one may */
        bool (*wanted)(void *context, const Image *image);
        void *wanted_context;
} ImageDelete;
int brig_image_delete(ImageStore *s, const ImageDelete *request, char ***ret_lines, BrigError *err) _must_use_;
/* Dangling (or with all: every unused) images that are wanted; lines as delete; freed bytes. */
int brig_image_prune(ImageStore *s, const ImageDelete *in_use, bool all, char ***ret_lines, int64_t *ret_bytes, BrigError *err) _must_use_;
/* Lets go of images that only a stopped container kept (rmi -f), when none does any more: after a container was removed. */
int brig_image_sweep(ImageStore *s, ImageInUseFn in_use, void *context, BrigError *err) _must_use_;
/* "busybox" → "docker.io/library/busybox:latest"; BRIG_ERR_INVALID "invalid reference format" (distribution reference grammar). free(3). */
int brig_reference_normalise(const char *name, char **ret, BrigError *err) _must_use_;
/* The familiar form: "docker.io/library/busybox:latest" → "busybox:latest". free(3) */
char *brig_reference_familiar(const char *full);
/* After a crash: blobs and layers that no image names are removed; called at start by the engine. */
int brig_image_store_repair(ImageStore *s, char *const *layers_present, BrigError *err) _must_use_;
