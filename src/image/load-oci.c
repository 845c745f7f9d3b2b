/*
 * OCI image layouts: index.json leads to manifests, directly or through nested
 * indexes. Of several platforms of one image the machine's own is taken;
 * attestations (SBOM and provenance statements beside an image) are passed over.
 */
#include "image/load-internal.h"

#include "base/strings.h"
#include "image/platform-internal.h"
#include "image/reference.h"

#define ANNOTATION_NAME "io.containerd.image.name"
#define ANNOTATION_REF "org.opencontainers.image.ref.name"
#define ANNOTATION_REFERENCE_TYPE "vnd.docker.reference.type"

/* One manifest that index.json leads to. */
typedef struct Candidate {
        StagedFile *file;
        char *name;                     /* full reference or NULL */
        bool has_platform;
        int score;                      /* of its platform, brig_platform_score */
        bool dropped;                   /* another platform of the same name is better */
} Candidate;

typedef struct Candidates {
        Candidate *items;
        size_t count;
} Candidates;

static void candidates_done(Candidates *c)
{
        for (size_t i = 0; i < c->count; i++)
                free(c->items[i].name);
        free(c->items);
}

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot load");
}

static bool is_index(const char *media_type)
{
        return streq(media_type, BRIG_MEDIA_OCI_INDEX) || streq(media_type, BRIG_MEDIA_DOCKER_INDEX);
}

static bool is_manifest(const char *media_type)
{
        return streq(media_type, BRIG_MEDIA_OCI_MANIFEST) || streq(media_type, BRIG_MEDIA_DOCKER_MANIFEST);
}

/* --- names ------------------------------------------------------------------------ */

/* *ret NULL when the descriptor names no image: a bare tag ("latest") says nothing about the repository. */
static int name_of(const ImageDescriptor *d, char **ret, BrigError *err)
{
        const char *text = brig_pairs_get(&d->annotations, ANNOTATION_NAME);
        Reference r;
        int status;

        if (!text) {
                text = brig_pairs_get(&d->annotations, ANNOTATION_REF);
                if (!text || (!strchr(text, '/') && !strchr(text, ':')))
                        return 0;
        }
        status = brig_reference_parse(text, &r, err);
        if (status < 0)
                return status;
        r.digest[0] = '\0';
        *ret = brig_reference_text(&r, true);
        return *ret ? 0 : no_memory(err);
}

/* --- walking the indexes ------------------------------------------------------------- */

static int add_candidate(Candidates *c, StagedFile *file, const ImageDescriptor *d, const char *name)
{
        Candidate *grown = reallocarray(c->items, c->count + 1, sizeof(*grown));
        Candidate added = { .file = file, .has_platform = d->platform != NULL, .score = brig_platform_score(d->platform) };

        if (!grown)
                return -ENOMEM;
        c->items = grown;
        if (brig_str_set(&added.name, name) < 0)
                return -ENOMEM;
        c->items[c->count++] = added;
        return 0;
}

static bool is_attestation(const ImageDescriptor *d)
{
        const ImagePlatform *p = d->platform;

        return brig_pairs_get(&d->annotations, ANNOTATION_REFERENCE_TYPE) ||
               (p && brig_str_equal(p->os, "unknown") && brig_str_equal(p->architecture, "unknown"));
}

static int walk(const Load *l, StagedFile *file, const char *name, unsigned depth, Candidates *ret, BrigError *err);

/* A descriptor of an index. `inherited` is the name of the index that it stands in. */
static int visit(const Load *l, const ImageDescriptor *d, const char *inherited, unsigned depth, Candidates *ret, BrigError *err)
{
        StagedFile *file = brig_load_find_blob(l, d->digest);
        _cleanup_free_ char *own = NULL;
        const char *name;
        int r;

        /* An archive of some platforms only has an index of all: what is not there is no candidate. */
        if (is_attestation(d) || !file)
                return 0;
        if (file->size != (uint64_t)d->size)
                return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "blob %s has %llu bytes, its descriptor says %lld", d->digest,
                                      (unsigned long long)file->size, (long long)d->size);
        r = name_of(d, &own, err);
        if (r < 0)
                return r;
        name = own ? own : inherited;
        if (is_index(d->media_type))
                return walk(l, file, name, depth + 1, ret, err);
        if (is_manifest(d->media_type) && add_candidate(ret, file, d, name) < 0)
                return no_memory(err);
        return 0;
}

static int walk(const Load *l, StagedFile *file, const char *name, unsigned depth, Candidates *ret, BrigError *err)
{
        _cleanup_(brig_image_index_clear) ImageIndex index = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        if (depth > BRIG_LOAD_MAX_NESTING)
                return brig_error_set(err, BRIG_ERR_INVALID, ELOOP, "the archive's indexes are nested deeper than %u", BRIG_LOAD_MAX_NESTING);
        r = brig_load_read(l, file, &text, &len, err);
        if (r == 0)
                r = brig_image_index_read(text, len, &index, err);
        for (size_t i = 0; r == 0 && i < index.manifests.count; i++)
                r = visit(l, BRIG_JSON_AT(ImageDescriptor, &index.manifests, i), name, depth, ret, err);
        return r;
}

/* --- choosing --------------------------------------------------------------------------- */

/* Two manifests of one name are two platforms of it, if they say so. */
static void drop_other_platforms(Candidates *c)
{
        for (size_t i = 0; i < c->count; i++)
                for (size_t k = 0; k < i; k++) {
                        Candidate *a = &c->items[k], *b = &c->items[i];

                        if (a->dropped || b->dropped || !brig_str_equal(a->name, b->name) || !a->has_platform || !b->has_platform || a->file == b->file)
                                continue;
                        if (b->score > a->score)
                                a->dropped = true;
                        else
                                b->dropped = true;
                }
}

/* --- one manifest --------------------------------------------------------------------------- */

typedef struct Row {
        LoadImage image;
        ImageManifest manifest;
        char *config;
} Row;

static void row_done(Row *r)
{
        brig_image_manifest_clear(&r->manifest);
        free(r->config);
        free(r->image.layers);
        brig_strv_free(r->image.names);
}

static const char *const layer_types[] = {
        BRIG_MEDIA_OCI_LAYER, BRIG_MEDIA_OCI_LAYER_GZIP, BRIG_MEDIA_OCI_LAYER_ZSTD, BRIG_MEDIA_DOCKER_LAYER, BRIG_MEDIA_DOCKER_LAYER_GZIP,
};

static bool is_layer_type(const char *media_type)
{
        for (size_t i = 0; i < ARRAY_SIZE(layer_types); i++)
                if (streq(layer_types[i], media_type))
                        return true;
        return false;
}

static StagedFile *find_described(const Load *l, const ImageDescriptor *d, BrigError *err)
{
        StagedFile *f = brig_load_find_blob(l, d->digest);

        if (!f)
                (void)brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "the archive does not have blob %s", d->digest);
        else if (f->size != (uint64_t)d->size) {
                (void)brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "blob %s has %llu bytes, its descriptor says %lld", d->digest,
                                     (unsigned long long)f->size, (long long)d->size);
                f = NULL;
        }
        return f;
}

static int find_layers(const Load *l, Row *row, BrigError *err)
{
        row->image.n_layers = row->manifest.layers.count;
        row->image.layers = calloc(row->image.n_layers + 1, sizeof(StagedFile *));
        if (!row->image.layers)
                return no_memory(err);
        for (size_t i = 0; i < row->image.n_layers; i++) {
                const ImageDescriptor *d = BRIG_JSON_AT(ImageDescriptor, &row->manifest.layers, i);

                if (!is_layer_type(d->media_type))
                        return brig_error_set(err, BRIG_ERR_INVALID, EOPNOTSUPP, "layer %zu has the media type \"%.100s\", which is no layer that can be unpacked", i, d->media_type);
                row->image.layers[i] = find_described(l, d, err);
                if (!row->image.layers[i])
                        return -ENOENT;
        }
        return 0;
}

static int read_config(const Load *l, Row *row, BrigError *err)
{
        const ImageDescriptor *d = &row->manifest.config;
        const StagedFile *f;

        if (!streq(d->media_type, BRIG_MEDIA_OCI_CONFIG) && !streq(d->media_type, BRIG_MEDIA_DOCKER_CONFIG))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "manifest's config has the media type \"%.100s\": this is no image", d->media_type);
        f = find_described(l, d, err);
        if (!f)
                return -ENOENT;
        if (brig_load_read(l, f, &row->config, &row->image.config_len, err) < 0)
                return -EIO;
        row->image.config = row->config;
        return 0;
}

static int read_manifest(const Load *l, StagedFile *file, Row *row, BrigError *err)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r = brig_load_read(l, file, &text, &len, err);

        row->image.manifest = file;
        return r < 0 ? r : brig_image_manifest_read(text, len, &row->manifest, err);
}

static int load_candidate(Load *l, const Candidates *all, size_t which, BrigError *err)
{
        _cleanup_(row_done) Row row = { 0 };
        int r = read_manifest(l, all->items[which].file, &row, err);

        if (r == 0)
                r = read_config(l, &row, err);
        if (r == 0)
                r = find_layers(l, &row, err);
        /* docker save writes one descriptor per tag: they are one image with several names. */
        for (size_t i = which; r == 0 && i < all->count; i++) {
                Candidate *c = &all->items[i];

                if (c->file != all->items[which].file || c->dropped)
                        continue;
                if (c->name && !brig_strv_contains(row.image.names, c->name) && brig_strv_push(&row.image.names, c->name) < 0)
                        r = no_memory(err);
                c->dropped = i != which;
        }
        return r < 0 ? r : brig_load_add(l, &row.image, err);
}

/* --- the layout -------------------------------------------------------------------------------- */

static int check_layout(const Load *l, BrigError *err)
{
        const StagedFile *f = brig_load_find(l, "oci-layout");
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        if (!f)
                return brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "the archive has an index.json but no oci-layout");
        r = brig_load_read(l, f, &text, &len, err);
        return r < 0 ? r : brig_oci_layout_check(text, len, err);
}

int brig_load_oci(Load *l, BrigError *err)
{
        _cleanup_(candidates_done) Candidates c = { 0 };
        int r = check_layout(l, err);

        if (r == 0)
                r = walk(l, brig_load_find(l, "index.json"), NULL, 1, &c, err);
        if (r < 0)
                return r;
        if (c.count == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the archive's index leads to no image");
        drop_other_platforms(&c);
        for (size_t i = 0; r == 0 && i < c.count; i++)
                if (!c.items[i].dropped)
                        r = load_candidate(l, &c, i, err);
        return r;
}

/* --- mixed archives ------------------------------------------------------------------------------ */

static bool describes(const Row *row, const LoadImage *image, const char *config_digest)
{
        if (!streq(row->manifest.config.digest, config_digest) || row->manifest.layers.count != image->n_layers)
                return false;
        for (size_t i = 0; i < image->n_layers; i++)
                if (!streq(BRIG_JSON_AT(ImageDescriptor, &row->manifest.layers, i)->digest, image->layers[i]->digest))
                        return false;
        return true;
}

StagedFile *brig_load_oci_manifest(const Load *l, const LoadImage *image, const char *config_digest)
{
        _cleanup_(candidates_done) Candidates c = { 0 };
        StagedFile *index = brig_load_find(l, "index.json");

        if (!index || walk(l, index, NULL, 1, &c, NULL) < 0)
                return NULL;
        for (size_t i = 0; i < c.count; i++) {
                _cleanup_(row_done) Row row = { 0 };

                if (read_manifest(l, c.items[i].file, &row, NULL) == 0 && describes(&row, image, config_digest))
                        return c.items[i].file;
        }
        return NULL;
}
