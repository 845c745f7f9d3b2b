/*
 * Reading the image documents: the tables check shapes, the functions here
 * what tables cannot say. The order is always bound, parse, read, validate.
 */
#include "spec/image.h"

#include "base/strings.h"

#define DIGEST_PREFIX "sha256:"
#define MEDIA_TYPE_MAX 255

bool brig_digest_valid(const char *digest)
{
        return digest && brig_str_has_prefix(digest, DIGEST_PREFIX) && brig_is_hex(digest + strlen(DIGEST_PREFIX), 64);
}

const char *brig_digest_hex(const char *digest)
{
        brig_assert(brig_digest_valid(digest));
        return digest + strlen(DIGEST_PREFIX);
}

static int invalid(BrigError *err, const char *member, const char *what)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%s: %s", member, what);
}

static int check_count(size_t count, size_t max, const char *member, BrigError *err)
{
        if (count <= max)
                return 0;
        return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "%s: %zu entries, at most %zu are allowed", member, count, max);
}

static int check_digest(const char *digest, const char *member, BrigError *err)
{
        if (brig_digest_valid(digest))
                return 0;
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%s: \"%.80s\" is not a sha256 digest", member, digest);
}

/* RFC 6838 names: visible ASCII with one slash. They end up in messages and in the database. */
static bool media_type_valid(const char *type)
{
        size_t len = strlen(type), slashes = 0;

        for (size_t i = 0; i < len; i++) {
                if (type[i] <= ' ' || type[i] >= 0x7f)
                        return false;
                slashes += type[i] == '/';
        }
        return len >= 3 && len <= MEDIA_TYPE_MAX && slashes == 1;
}

static int descriptor_check(const ImageDescriptor *d, const char *member, BrigError *err)
{
        if (!media_type_valid(d->media_type))
                return invalid(err, member, "malformed media type");
        return check_digest(d->digest, member, err);
}

static int descriptors_check(const JsonArray *a, size_t max, const char *member, BrigError *err)
{
        int r = check_count(a->count, max, member, err);

        for (size_t i = 0; r >= 0 && i < a->count; i++) {
                r = descriptor_check(BRIG_JSON_AT(ImageDescriptor, a, i), member, err);
                if (r < 0)
                        brig_error_prefix(err, "entry %zu", i);
        }
        return r;
}

static int bounded_parse(const char *text, size_t len, json_t **ret, BrigError *err)
{
        if (len > BRIG_IMAGE_MAX_DOCUMENT)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "%zu bytes are more than the %u that are allowed",
                                      len, BRIG_IMAGE_MAX_DOCUMENT);
        return brig_json_parse(text, len, ret, err);
}

/* A document of one table, without what only its kind knows. */
typedef struct DocumentKind {
        const char *what;
        const JsonField *table;
        size_t size;
        int (*check)(const json_t *document, const void *model, BrigError *err);
} DocumentKind;

static int document_read(const DocumentKind *kind, const char *text, size_t len, void *ret, BrigError *err)
{
        _cleanup_json_ json_t *document = NULL;
        int r;

        brig_json_init(kind->table, ret, kind->size);
        r = bounded_parse(text, len, &document, err);
        if (r >= 0)
                r = brig_json_read(document, kind->table, ret, kind->size, 0, err);
        if (r >= 0)
                r = kind->check(document, ret, err);
        if (r < 0) {
                brig_json_clear(kind->table, ret);
                brig_error_prefix(err, "%s", kind->what);
        }
        return r;
}

static char *document_text(const JsonField *table, const void *model)
{
        _cleanup_json_ json_t *document = brig_json_write(table, model);

        return brig_json_text(document);
}

static int media_type_among(const char *type, const char *oci, const char *docker, BrigError *err)
{
        if (brig_str_empty(type) || streq(type, oci) || streq(type, docker))
                return 0;
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "mediaType: \"%.80s\" is something else", type);
}

/*
 * One text that reads as a manifest here and as an index there makes a signature worthless
 * (CVE-2021-41190): what carries members of the other kind is refused.
 */
static int refuse_member(const json_t *document, const char *name, BrigError *err)
{
        return json_object_get(document, name) ? invalid(err, name, "this member belongs to another kind of document") : 0;
}

static int manifest_check(const json_t *document, const void *model, BrigError *err)
{
        const ImageManifest *m = model;
        int r = refuse_member(document, "manifests", err);

        if (r >= 0)
                r = refuse_member(document, "fsLayers", err);
        if (r >= 0)
                r = media_type_among(m->media_type, BRIG_MEDIA_OCI_MANIFEST, BRIG_MEDIA_DOCKER_MANIFEST, err);
        if (r >= 0)
                r = descriptor_check(&m->config, "config", err);
        if (r >= 0)
                r = descriptors_check(&m->layers, BRIG_IMAGE_MAX_LAYERS, "layers", err);
        if (r >= 0 && m->subject)
                r = descriptor_check(m->subject, "subject", err);
        return r;
}

static int index_check(const json_t *document, const void *model, BrigError *err)
{
        const ImageIndex *i = model;
        int r = refuse_member(document, "layers", err);

        if (r >= 0)
                r = refuse_member(document, "config", err);
        if (r >= 0)
                r = media_type_among(i->media_type, BRIG_MEDIA_OCI_INDEX, BRIG_MEDIA_DOCKER_INDEX, err);
        if (r >= 0)
                r = descriptors_check(&i->manifests, BRIG_IMAGE_MAX_MANIFESTS, "manifests", err);
        if (r >= 0 && i->subject)
                r = descriptor_check(i->subject, "subject", err);
        return r;
}

/* Docker's sets: an object whose values say nothing. */
static int name_set_check(const json_t *set, const char *member, BrigError *err)
{
        if (!set)
                return 0;
        if (!json_is_object(set))
                return invalid(err, member, "expected an object");
        for (void *i = json_object_iter((json_t *)set); i; i = json_object_iter_next((json_t *)set, i))
                if (!json_is_object(json_object_iter_value(i)) && !json_is_null(json_object_iter_value(i)))
                        return invalid(err, member, "expected an object of empty objects");
        return check_count(json_object_size(set), BRIG_IMAGE_MAX_LABELS, member, err);
}

static int container_config_check(const ImageContainerConfig *c, BrigError *err)
{
        const struct { const char *member; size_t count, max; } counts[] = {
                { "config.Env", brig_strv_len(c->env), BRIG_IMAGE_MAX_ENV },
                { "config.Cmd", brig_strv_len(c->cmd), BRIG_IMAGE_MAX_ENV },
                { "config.Entrypoint", brig_strv_len(c->entrypoint), BRIG_IMAGE_MAX_ENV },
                { "config.Shell", brig_strv_len(c->shell), BRIG_IMAGE_MAX_ENV },
                { "config.OnBuild", brig_strv_len(c->on_build), BRIG_IMAGE_MAX_ENV },
                { "config.Labels", c->labels.count, BRIG_IMAGE_MAX_LABELS },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(counts); i++)
                r = check_count(counts[i].count, counts[i].max, counts[i].member, err);
        if (r >= 0)
                r = name_set_check(c->exposed_ports, "config.ExposedPorts", err);
        if (r >= 0)
                r = name_set_check(c->volumes, "config.Volumes", err);
        return r;
}

static int config_check(const json_t *document, const void *model, BrigError *err)
{
        const ImageConfig *c = model;
        int r = check_count(brig_strv_len(c->rootfs.diff_ids), BRIG_IMAGE_MAX_LAYERS, "rootfs.diff_ids", err);

        BRIG_STRV_FOREACH(id, c->rootfs.diff_ids)
                if (r >= 0)
                        r = check_digest(*id, "rootfs.diff_ids", err);
        if (r >= 0)
                r = check_count(c->history.count, BRIG_IMAGE_MAX_HISTORY, "history", err);
        return r < 0 ? r : container_config_check(&c->config, err);
}

static const DocumentKind manifest_kind = { "image manifest", image_manifest_fields, sizeof(ImageManifest), manifest_check };
static const DocumentKind index_kind = { "image index", image_index_fields, sizeof(ImageIndex), index_check };
static const DocumentKind config_kind = { "image configuration", image_config_fields, sizeof(ImageConfig), config_check };

int brig_image_manifest_read(const char *text, size_t len, ImageManifest *ret, BrigError *err)
{
        return document_read(&manifest_kind, text, len, ret, err);
}

int brig_image_index_read(const char *text, size_t len, ImageIndex *ret, BrigError *err)
{
        return document_read(&index_kind, text, len, ret, err);
}

int brig_image_config_read(const char *text, size_t len, ImageConfig *ret, BrigError *err)
{
        return document_read(&config_kind, text, len, ret, err);
}

void brig_image_manifest_clear(ImageManifest *m)
{
        brig_json_clear(image_manifest_fields, m);
}

void brig_image_index_clear(ImageIndex *i)
{
        brig_json_clear(image_index_fields, i);
}

void brig_image_config_clear(ImageConfig *c)
{
        brig_json_clear(image_config_fields, c);
}

char *brig_image_manifest_text(const ImageManifest *m)
{
        return document_text(image_manifest_fields, m);
}

char *brig_image_index_text(const ImageIndex *i)
{
        return document_text(image_index_fields, i);
}

char *brig_image_config_text(const ImageConfig *c)
{
        return document_text(image_config_fields, c);
}
