/*
 * The archives of docker save: manifest.json names configs, layers and tags. Its
 * oldest form has <id>/layer.tar with links between equal layers, the newest points
 * into an OCI layout in the same tar.
 */
#include "image/load-internal.h"

#include "base/strings.h"
#include "image/reference.h"

typedef struct Row {
        LoadImage image;
        char *config;
} Row;

static void row_done(Row *r)
{
        free(r->config);
        free(r->image.layers);
        brig_strv_free(r->image.names);
}

static StagedFile *find(Load *l, const char *path, const char *what, BrigError *err)
{
        StagedFile *f = brig_load_find(l, path);

        if (!f)
                (void)brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "manifest.json names the %s \"%.200s\", which the archive does not have", what, path);
        return f;
}

/* "<hex>.json", "sha256:<hex>", "blobs/sha256/<hex>": a name that claims a digest must have it. */
static int check_config_name(const char *path, const char *digest, BrigError *err)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        char hex[65];

        if (brig_str_has_prefix(name, "sha256:"))
                name += strlen("sha256:");
        if (strlen(name) < 64 || (name[64] && !streq(name + 64, ".json")))
                return 0;
        memcpy(hex, name, 64);
        hex[64] = '\0';
        if (!brig_is_hex(hex, 64) || streq(hex, brig_digest_hex(digest)))
                return 0;
        return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "the image configuration \"%.200s\" does not have its digest: the content is %s", path, digest);
}

static int read_config(Load *l, const DockerArchiveEntry *e, Row *row, BrigError *err)
{
        const StagedFile *f = find(l, e->config, "configuration", err);
        int r;

        if (!f)
                return -ENOENT;
        r = check_config_name(e->config, f->digest, err);
        if (r < 0)
                return r;
        r = brig_load_read(l, f, &row->config, &row->image.config_len, err);
        if (r < 0 && err)
                brig_error_prefix(err, "image configuration");
        row->image.config = row->config;
        return r;
}

static int find_layers(Load *l, const DockerArchiveEntry *e, Row *row, BrigError *err)
{
        size_t n = brig_strv_len(e->layers);

        row->image.layers = calloc(n + 1, sizeof(StagedFile *));
        if (!row->image.layers)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot load");
        for (size_t i = 0; i < n; i++) {
                row->image.layers[i] = find(l, e->layers[i], "layer", err);
                if (!row->image.layers[i])
                        return -ENOENT;
        }
        row->image.n_layers = n;
        return 0;
}

static int read_names(const DockerArchiveEntry *e, Row *row, BrigError *err)
{
        BRIG_STRV_FOREACH(tag, e->repo_tags) {
                Reference ref;
                int r = brig_reference_parse(*tag, &ref, err);

                if (r < 0)
                        return r;
                if (!*ref.tag || *ref.digest)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid tag \"%.200s\"", *tag);
                if (brig_strv_consume(&row->image.names, brig_reference_text(&ref, false)) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot load");
        }
        return 0;
}

static int load_row(Load *l, const DockerArchiveEntry *e, BrigError *err)
{
        _cleanup_(row_done) Row row = { 0 };
        int r = read_config(l, e, &row, err);

        if (r == 0)
                r = find_layers(l, e, &row, err);
        if (r == 0)
                r = read_names(e, &row, err);
        return r < 0 ? r : brig_load_add(l, &row.image, err);
}

int brig_load_docker(Load *l, StagedFile *manifest, BrigError *err)
{
        _cleanup_(brig_docker_archive_clear) JsonArray rows = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r = brig_load_read(l, manifest, &text, &len, err);

        if (r < 0 && err)
                brig_error_prefix(err, "manifest.json");
        if (r == 0)
                r = brig_docker_archive_read(text, len, &rows, err);
        if (r == 0 && rows.count == 0)
                r = brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "manifest.json names no image");
        for (size_t i = 0; r == 0 && i < rows.count; i++)
                r = load_row(l, BRIG_JSON_AT(DockerArchiveEntry, &rows, i), err);
        return r;
}
