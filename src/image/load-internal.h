#pragma once
/*
 * One load at work. First the whole outer tar is staged: each file becomes a
 * temporary blob with its digest known, for manifest.json may come behind the
 * layers that it names. Then the images are read out of it, Docker's way
 * (load-docker.c) or OCI's (load-oci.c), and added one by one (load.c): an image is
 * there completely or not at all.
 */
#include "image/inflate.h"
#include "image/store-internal.h"

/* Limits of an archive. Files are bounded by the disk, documents by BRIG_IMAGE_MAX_DOCUMENT. */
#define BRIG_LOAD_MAX_ENTRIES 100000u
#define BRIG_LOAD_MAX_LINKS 8u
#define BRIG_LOAD_MAX_NESTING 4u

typedef struct StagedFile {
        char digest[BRIG_DIGEST_SIZE];
        char temp[BRIG_BLOB_TEMP_NAME];         /* "" once it is published */
        uint64_t size;
        BrigCompression compression;
} StagedFile;

typedef struct Load {
        ImageStore *store;
        const ImageProgress *progress;
        BrigMap *files;                 /* clean path → StagedFile */
        BrigMap *links;                 /* clean path → clean path of the target */
        char **published;               /* digests held until the load ends */
} Load;

/* --- staging.c ------------------------------------------------------------ */
/* Reads the outer tar to its end. A file below blobs/sha256/ must have the digest that is its name. */
int brig_load_stage(Load *l, const ImageSource *source, BrigError *err) _must_use_;
/* Follows links; NULL when there is no such file. */
StagedFile *brig_load_find(const Load *l, const char *path);
/* blobs/sha256/<hex> */
StagedFile *brig_load_find_blob(const Load *l, const char *digest);
/* The text of a document: BRIG_ERR_TOO_LARGE over BRIG_IMAGE_MAX_DOCUMENT. free(3) */
int brig_load_read(const Load *l, const StagedFile *f, char **ret, size_t *ret_len, BrigError *err) _must_use_;
/* Gives the file its place among the blobs, held until the load ends. */
int brig_load_publish(Load *l, StagedFile *f, BrigError *err) _must_use_;
void brig_load_done(Load *l);
#define _cleanup_load_ _cleanup_(brig_load_done)

/* --- load.c ---------------------------------------------------------------- */
typedef struct LoadImage {
        const char *config;             /* its text */
        size_t config_len;
        StagedFile *manifest;           /* NULL: one is made */
        StagedFile **layers;            /* base first */
        size_t n_layers;
        char **names;                   /* full references */
} LoadImage;
int brig_load_add(Load *l, const LoadImage *image, BrigError *err) _must_use_;

/* --- load-docker.c, load-oci.c ---------------------------------------------- */
int brig_load_docker(Load *l, StagedFile *manifest, BrigError *err) _must_use_;
int brig_load_oci(Load *l, BrigError *err) _must_use_;
/* In a mixed archive: the manifest of its index that has this config and these layers; NULL when there is none. */
StagedFile *brig_load_oci_manifest(const Load *l, const LoadImage *image, const char *config_digest);
