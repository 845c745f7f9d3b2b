/* The two small documents that make a tar an image archive: Docker's manifest.json and OCI's oci-layout. */
#include "spec/image.h"

#include "base/strings.h"

/* manifest.json is an array, tables describe objects: it is read as the one member of an object. */
typedef struct Archive {
        JsonArray entries;
} Archive;

static const JsonField archive_fields[] = {
        JSON_SUB("manifest.json", OBJECT_ARRAY, Archive, entries, JSON_F_REQUIRED, docker_archive_entry_fields, DockerArchiveEntry),
        JSON_END,
};

static int archive_check(const Archive *archive, BrigError *err)
{
        if (archive->entries.count > BRIG_IMAGE_MAX_MANIFESTS)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "manifest.json: more than %d images", BRIG_IMAGE_MAX_MANIFESTS);
        for (size_t i = 0; i < archive->entries.count; i++) {
                const DockerArchiveEntry *e = BRIG_JSON_AT(DockerArchiveEntry, &archive->entries, i);

                if (brig_str_empty(e->config))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "manifest.json[%zu].Config: missing", i);
                if (brig_strv_len(e->layers) > BRIG_IMAGE_MAX_LAYERS)
                        return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "manifest.json[%zu].Layers: more than %d layers",
                                              i, BRIG_IMAGE_MAX_LAYERS);
                if (brig_strv_len(e->repo_tags) > BRIG_IMAGE_MAX_LABELS)
                        return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "manifest.json[%zu].RepoTags: more than %u names",
                                              i, BRIG_IMAGE_MAX_LABELS);
        }
        return 0;
}

static int parse_named(const char *text, size_t len, const char *file, json_t **ret, BrigError *err)
{
        int r;

        if (len > BRIG_IMAGE_MAX_DOCUMENT)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "%s: larger than %u bytes", file, BRIG_IMAGE_MAX_DOCUMENT);
        r = brig_json_parse(text, len, ret, err);
        if (r < 0)
                brig_error_prefix(err, "%s", file);
        return r;
}

int brig_docker_archive_read(const char *text, size_t len, JsonArray *ret, BrigError *err)
{
        _cleanup_json_ json_t *array = NULL, *object = NULL;
        Archive archive = { 0 };
        int r = parse_named(text, len, "manifest.json", &array, err);

        if (r < 0)
                return r;
        object = json_pack("{s:O}", "manifest.json", array);
        if (!object)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "manifest.json");
        r = brig_json_read(object, archive_fields, &archive, sizeof archive, 0, err);
        if (r >= 0)
                r = archive_check(&archive, err);
        if (r < 0) {
                brig_json_clear(archive_fields, &archive);
                return r;
        }
        *ret = archive.entries;
        return 0;
}

void brig_docker_archive_clear(JsonArray *entries)
{
        Archive archive = { .entries = *entries };

        brig_json_clear(archive_fields, &archive);
        *entries = (JsonArray){ 0 };
}

char *brig_docker_archive_text(const JsonArray *entries)
{
        const Archive archive = { .entries = *entries };
        _cleanup_json_ json_t *object = brig_json_write(archive_fields, &archive);

        return object ? brig_json_text(json_object_get(object, "manifest.json")) : NULL;
}

int brig_oci_layout_check(const char *text, size_t len, BrigError *err)
{
        _cleanup_json_ json_t *object = NULL;
        const char *version;
        int r = parse_named(text, len, "oci-layout", &object, err);

        if (r < 0)
                return r;
        version = json_string_value(json_object_get(object, "imageLayoutVersion"));
        if (!version)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "oci-layout: imageLayoutVersion: expected a string");
        if (!brig_str_has_prefix(version, "1.0."))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "oci-layout: imageLayoutVersion \"%.40s\" is not supported", version);
        return 0;
}
