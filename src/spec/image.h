#pragma once
/*
 * OCI image-spec 1.1 models (manifest, index, descriptor, image configuration,
 * layout) and Docker's archive form ("docker save": manifest.json), with the
 * tables that read and write them. Docker's schema 2 manifests and lists have
 * the same shape and read into the same structs.
 *
 * The brig_..._read functions parse text that a stranger wrote: they bound and
 * validate everything that later code relies on (digest syntax, layer counts,
 * sizes). What they accept may be used without another look; whether a blob
 * matches its digest is the image room's business.
 */
#include "spec/json-table.h"

#define BRIG_DIGEST_LEN 71                    /* "sha256:" and 64 hex */
#define BRIG_IMAGE_MAX_LAYERS 508             /* 4 * 127: more than the executor takes, room for merging */
#define BRIG_IMAGE_MAX_MANIFESTS 1024         /* entries of an index, rows of a manifest.json */
#define BRIG_IMAGE_MAX_HISTORY 4096
#define BRIG_IMAGE_MAX_ENV (32u * 1024)       /* Env, Cmd, Entrypoint each */
#define BRIG_IMAGE_MAX_LABELS (16u * 1024)
#define BRIG_IMAGE_MAX_DOCUMENT (4u << 20)    /* bytes of a manifest, an index or a config; as the registries' limit */

#define BRIG_MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define BRIG_MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define BRIG_MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define BRIG_MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define BRIG_MEDIA_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define BRIG_MEDIA_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define BRIG_MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define BRIG_MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define BRIG_MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define BRIG_MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define BRIG_MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"

/* Exactly "sha256:" and 64 lower-case hex characters: the one algorithm that Brig stores by. NULL is not valid. */
bool brig_digest_valid(const char *digest);
/* The 64 hex characters of a valid digest. */
const char *brig_digest_hex(const char *digest);

typedef struct ImagePlatform {
        char *architecture, *os, *os_version, *variant;
        char **os_features;
} ImagePlatform;

typedef struct ImageDescriptor {
        char *media_type, *digest, *artifact_type;
        char *data;                        /* base64, as it came */
        int64_t size;                      /* bytes, >= 0 */
        char **urls;
        JsonPairs annotations;
        ImagePlatform *platform;           /* in an index; may be NULL */
} ImageDescriptor;

typedef struct ImageManifest {
        int64_t schema_version;            /* 2 */
        char *media_type, *artifact_type;
        ImageDescriptor config;
        JsonArray layers;                  /* ImageDescriptor, base first */
        ImageDescriptor *subject;
        JsonPairs annotations;
} ImageManifest;

typedef struct ImageIndex {
        int64_t schema_version;            /* 2 */
        char *media_type, *artifact_type;
        JsonArray manifests;               /* ImageDescriptor */
        ImageDescriptor *subject;
        JsonPairs annotations;
} ImageIndex;

typedef struct ImageHealthcheck {
        char **test;                       /* {"NONE"}, {"CMD", ...} or {"CMD-SHELL", one} */
        int64_t interval, timeout, start_period, start_interval;   /* ns, 0: the default */
        int64_t retries;
} ImageHealthcheck;

/* Docker's container configuration as images carry it: the member "config". */
typedef struct ImageContainerConfig {
        char *user, *working_dir, *stop_signal, *hostname, *domainname;
        char **env, **entrypoint, **cmd, **on_build, **shell;
        JsonPairs labels;
        json_t *exposed_ports, *volumes;   /* objects whose names count ("80/tcp", "/data"), or NULL */
        JsonInt stop_timeout;              /* seconds */
        ImageHealthcheck *healthcheck;
        bool args_escaped;
} ImageContainerConfig;

typedef struct ImageHistory {
        char *created, *created_by, *author, *comment;
        bool empty_layer;
} ImageHistory;

typedef struct ImageRootfs {
        char *type;                        /* "layers" */
        char **diff_ids;                   /* sha256 digests of the uncompressed layers, base first */
} ImageRootfs;

/* architecture and os may be NULL: archives of old tools lack them. */
typedef struct ImageConfig {
        char *architecture, *os, *variant, *os_version, *created, *author, *comment, *docker_version;
        char **os_features;
        ImageContainerConfig config;
        ImageRootfs rootfs;
        JsonArray history;                 /* ImageHistory, oldest first; may be empty */
} ImageConfig;

/* One row of manifest.json in a "docker save" archive. Paths are as they came: the reader of the archive judges them. */
typedef struct DockerArchiveEntry {
        char *config;
        char **repo_tags;
        char **layers;                     /* base first */
} DockerArchiveEntry;

extern const JsonField image_platform_fields[], image_descriptor_fields[], image_manifest_fields[], image_index_fields[],
        image_healthcheck_fields[], image_container_config_fields[], image_history_fields[], image_config_fields[],
        docker_archive_entry_fields[];

/*
 * Parse and validate `len` bytes. On success the caller clears *ret with the matching _clear; on failure
 * *ret is empty. BRIG_ERR_INVALID or BRIG_ERR_TOO_LARGE name the document and the member at fault.
 */
int brig_image_manifest_read(const char *text, size_t len, ImageManifest *ret, BrigError *err) _must_use_;
int brig_image_index_read(const char *text, size_t len, ImageIndex *ret, BrigError *err) _must_use_;
int brig_image_config_read(const char *text, size_t len, ImageConfig *ret, BrigError *err) _must_use_;
/* *ret is an array of DockerArchiveEntry. */
int brig_docker_archive_read(const char *text, size_t len, JsonArray *ret, BrigError *err) _must_use_;
/* The file "oci-layout": accepts imageLayoutVersion 1.0.x. */
int brig_oci_layout_check(const char *text, size_t len, BrigError *err) _must_use_;

void brig_image_manifest_clear(ImageManifest *m);
void brig_image_index_clear(ImageIndex *i);
void brig_image_config_clear(ImageConfig *c);
void brig_docker_archive_clear(JsonArray *entries);

/* Compact JSON text, free(3); NULL when out of memory. */
char *brig_image_manifest_text(const ImageManifest *m);
char *brig_image_index_text(const ImageIndex *i);
char *brig_image_config_text(const ImageConfig *c);
char *brig_docker_archive_text(const JsonArray *entries);
