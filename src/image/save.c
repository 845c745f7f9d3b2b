/*
 * docker save: an OCI image layout and Docker's manifest.json and repositories in
 * one tar, blobs as they are stored. The same images give the same bytes, and what
 * was loaded comes out under the same digests.
 */
#include "image/store-internal.h"

#include "base/strings.h"
#include "image/reference.h"
#include "image/tar-write.h"

#define CHUNK (256u * 1024)
#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define ANNOTATION_NAME "io.containerd.image.name"
#define ANNOTATION_REF "org.opencontainers.image.ref.name"

/* One image of the archive and the names that it goes under. */
typedef struct Selected {
        Image *image;
        ImageManifest manifest;
        int64_t manifest_size;
        char **names;                   /* full references, as asked for */
} Selected;

typedef struct Save {
        ImageStore *store;
        Selected *items;
        size_t count;
        char **blobs;                   /* held, sorted, each once */
        BrigTarWriter tar;
        BrigError *err;
} Save;

static int no_memory(const Save *s)
{
        return brig_error_errno(s->err, BRIG_ERR_INTERNAL, ENOMEM, "cannot save");
}

static void save_done(Save *s)
{
        for (size_t i = 0; i < s->count; i++) {
                brig_image_unref(s->items[i].image);
                brig_image_manifest_clear(&s->items[i].manifest);
                brig_strv_free(s->items[i].names);
        }
        free(s->items);
        BRIG_STRV_FOREACH(blob, s->blobs)
                brig_store_release_blob(s->store, *blob);
        brig_strv_free(s->blobs);
}

/* --- what was asked for ---------------------------------------------------------- */

static Selected *select_image(Save *s, Image *image)
{
        Selected *grown;

        for (size_t i = 0; i < s->count; i++)
                if (streq(s->items[i].image->id, image->id))
                        return &s->items[i];
        grown = reallocarray(s->items, s->count + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        s->items = grown;
        s->items[s->count] = (Selected){ .image = brig_image_ref(image) };
        return &s->items[s->count++];
}

static int hold(Save *s, const char *digest)
{
        if (brig_strv_contains(s->blobs, digest))
                return 0;
        if (brig_store_hold_blob(s->store, digest) < 0)
                return no_memory(s);
        if (brig_strv_push(&s->blobs, digest) < 0) {
                brig_store_release_blob(s->store, digest);
                return no_memory(s);
        }
        return 0;
}

/* An image that is deleted between its selection and this is told as a missing blob, before the first byte is sent. */
static int hold_image(Save *s, Selected *item)
{
        _cleanup_free_ char *text = NULL;
        const char *manifest = item->image->manifest_digest;
        size_t len;
        int r = hold(s, item->image->id);

        if (r == 0)
                r = hold(s, manifest);
        if (r == 0)
                r = brig_blob_read(&s->store->blobs, manifest, BRIG_IMAGE_MAX_DOCUMENT, &text, &len, s->err);
        if (r == 0)
                r = brig_image_manifest_read(text, len, &item->manifest, s->err);
        if (r < 0)
                return r;
        item->manifest_size = (int64_t)len;
        for (size_t i = 0; r == 0 && i < item->manifest.layers.count; i++)
                r = hold(s, BRIG_JSON_AT(ImageDescriptor, &item->manifest.layers, i)->digest);
        return r;
}

/* "busybox" without a tag means all tags of the repository. */
static int repository_names(Save *s, const char *name, char ***ret)
{
        Reference r;
        const char *reference;
        size_t len;
        int status = 0;

        if (brig_reference_parse(name, &r, NULL) < 0 || *r.tag || *r.digest)
                return 0;
        len = strlen(r.name);
        pthread_mutex_lock(&s->store->lock);
        for (size_t i = 0; status == 0 && brig_map_next(s->store->references, &i, &reference, NULL);)
                if (strncmp(reference, r.name, len) == 0 && reference[len] == ':')
                        status = brig_strv_push(ret, reference);
        pthread_mutex_unlock(&s->store->lock);
        return status < 0 ? no_memory(s) : 0;
}

/* One name: an image, and the reference by which it was found. */
static int select_name(Save *s, const char *name)
{
        _cleanup_(brig_image_unrefp) Image *image = NULL;
        _cleanup_free_ char *reference = NULL;
        const char *found = NULL;
        ImageEntry *e;
        Selected *item;
        int r;

        pthread_mutex_lock(&s->store->lock);
        r = brig_store_lookup(s->store, name, &e, &found, s->err);
        if (r == 0) {
                image = brig_image_ref(e->image);
                reference = found ? strdup(found) : NULL;
        }
        pthread_mutex_unlock(&s->store->lock);
        if (r < 0)
                return r;
        item = select_image(s, image);
        if (!item || (found && !reference))
                return no_memory(s);
        if (reference && !strchr(reference, '@') && !brig_strv_contains(item->names, reference) && brig_strv_push(&item->names, reference) < 0)
                return no_memory(s);
        return 0;
}

static int compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static int select_all(Save *s, char *const *names)
{
        int r = 0;

        BRIG_STRV_FOREACH(name, names) {
                _cleanup_strv_ char **tags = NULL;

                if (r == 0)
                        r = repository_names(s, *name, &tags);
                if (r == 0 && !tags)
                        r = select_name(s, *name);
                BRIG_STRV_FOREACH(tag, tags)
                        if (r == 0)
                                r = select_name(s, *tag);
        }
        for (size_t i = 0; r == 0 && i < s->count; i++)
                r = hold_image(s, &s->items[i]);
        if (s->blobs)
                qsort(s->blobs, brig_strv_len(s->blobs), sizeof(*s->blobs), compare);
        return r;
}

/* --- documents -------------------------------------------------------------------- */

static char *blob_path(const char *digest)
{
        return brig_str_printf("blobs/sha256/%s", brig_digest_hex(digest));
}

static const char *tag_of(const char *reference)
{
        const char *slash = strrchr(reference, '/'), *colon = strchr(slash ? slash : reference, ':');

        return colon ? colon + 1 : "latest";
}

static int add_manifest(JsonArray *manifests, const Selected *item, const char *name)
{
        ImageDescriptor *d = brig_json_array_add(manifests, sizeof(*d));
        const ImageConfig *c = &item->image->config;

        if (!d || brig_str_set(&d->digest, item->image->manifest_digest) < 0 ||
            brig_str_set(&d->media_type, item->manifest.media_type ? item->manifest.media_type : BRIG_MEDIA_OCI_MANIFEST) < 0)
                return -ENOMEM;
        d->size = item->manifest_size;
        d->platform = calloc(1, sizeof(*d->platform));
        if (!d->platform || brig_str_set(&d->platform->architecture, c->architecture) < 0 || brig_str_set(&d->platform->os, c->os) < 0 ||
            brig_str_set(&d->platform->variant, c->variant) < 0)
                return -ENOMEM;
        if (!name)
                return 0;
        return brig_pairs_set(&d->annotations, ANNOTATION_NAME, name) < 0 || brig_pairs_set(&d->annotations, ANNOTATION_REF, tag_of(name)) < 0 ? -ENOMEM : 0;
}

static char *index_text(const Save *s)
{
        _cleanup_(brig_image_index_clear) ImageIndex index;
        int r;

        brig_json_init(image_index_fields, &index, sizeof(index));
        index.schema_version = 2;
        r = brig_str_set(&index.media_type, BRIG_MEDIA_OCI_INDEX);
        for (size_t i = 0; r == 0 && i < s->count; i++) {
                if (!s->items[i].names)
                        r = add_manifest(&index.manifests, &s->items[i], NULL);
                BRIG_STRV_FOREACH(name, s->items[i].names)
                        if (r == 0)
                                r = add_manifest(&index.manifests, &s->items[i], *name);
        }
        return r == 0 ? brig_image_index_text(&index) : NULL;
}

static int add_archive_entry(JsonArray *entries, const Selected *item)
{
        DockerArchiveEntry *e = brig_json_array_add(entries, sizeof(*e));

        if (!e || !(e->config = blob_path(item->image->id)))
                return -ENOMEM;
        BRIG_STRV_FOREACH(name, item->names)
                if (brig_strv_consume(&e->repo_tags, brig_reference_familiar(*name)) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < item->manifest.layers.count; i++)
                if (brig_strv_consume(&e->layers, blob_path(BRIG_JSON_AT(ImageDescriptor, &item->manifest.layers, i)->digest)) < 0)
                        return -ENOMEM;
        return 0;
}

static char *archive_text(const Save *s)
{
        _cleanup_(brig_docker_archive_clear) JsonArray entries = { 0 };

        for (size_t i = 0; i < s->count; i++)
                if (add_archive_entry(&entries, &s->items[i]) < 0)
                        return NULL;
        return brig_docker_archive_text(&entries);
}

/* {"busybox":{"latest":"<hex of the uppermost layer>"}}, which Docker still writes for the tools of its first years. */
static char *repositories_text(const Save *s)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < s->count; i++) {
                const Selected *item = &s->items[i];
                size_t n = item->manifest.layers.count;
                const char *top = n ? BRIG_JSON_AT(ImageDescriptor, &item->manifest.layers, n - 1)->digest : item->image->id;

                BRIG_STRV_FOREACH(name, item->names) {
                        const char *familiar = brig_reference_familiar_name(*name);
                        _cleanup_free_ char *repository = strndup(familiar, (size_t)(tag_of(familiar) - familiar) - 1);
                        json_t *tags = repository ? json_object_get(object, repository) : NULL;

                        if (!repository || (!tags && json_object_set_new(object, repository, tags = json_object()) < 0) ||
                            json_object_set_new(tags, tag_of(*name), json_string(brig_digest_hex(top))) < 0)
                                return NULL;
                }
        }
        return json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
}

/* --- the tar ----------------------------------------------------------------------- */

static int check(const Save *s, int r)
{
        return r < 0 ? brig_error_errno(s->err, BRIG_ERR_INTERNAL, r, "cannot send the archive") : 0;
}

static int write_text(Save *s, const char *name, char *text)
{
        _cleanup_free_ char *owned = text;
        size_t len;
        int r;

        if (!text)
                return no_memory(s);
        len = strlen(text);
        r = brig_tar_file(&s->tar, name, len);
        return check(s, r == 0 ? brig_tar_data(&s->tar, owned, len) : r);
}

static int write_content(Save *s, int fd, uint64_t size)
{
        _cleanup_free_ char *chunk = malloc(CHUNK);

        if (!chunk)
                return no_memory(s);
        while (size > 0) {
                ssize_t n = read(fd, chunk, (size_t)MIN2(size, (uint64_t)CHUNK));
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return brig_error_errno(s->err, BRIG_ERR_INTERNAL, n < 0 ? errno : EIO, "cannot read a blob");
                r = check(s, brig_tar_data(&s->tar, chunk, (size_t)n));
                if (r < 0)
                        return r;
                size -= (uint64_t)n;
        }
        return 0;
}

static int write_blob(Save *s, const char *digest)
{
        _cleanup_free_ char *path = blob_path(digest);
        _cleanup_close_ int fd = brig_blob_open(&s->store->blobs, digest, s->err);
        int64_t size = brig_blob_size(&s->store->blobs, digest);
        int r;

        if (fd < 0)
                return fd;
        if (!path || size < 0)
                return no_memory(s);
        r = check(s, brig_tar_file(&s->tar, path, (uint64_t)size));
        return r < 0 ? r : write_content(s, fd, (uint64_t)size);
}

static bool has_names(const Save *s)
{
        bool found = false;

        for (size_t i = 0; i < s->count; i++)
                found |= brig_strv_len(s->items[i].names) > 0;
        return found;
}

static int write_archive(Save *s)
{
        int r = check(s, brig_tar_folder(&s->tar, "blobs/"));

        if (r == 0)
                r = check(s, brig_tar_folder(&s->tar, "blobs/sha256/"));
        BRIG_STRV_FOREACH(blob, s->blobs)
                if (r == 0)
                        r = write_blob(s, *blob);
        if (r == 0)
                r = write_text(s, "index.json", index_text(s));
        if (r == 0)
                r = write_text(s, "manifest.json", archive_text(s));
        if (r == 0)
                r = write_text(s, "oci-layout", strdup(LAYOUT_TEXT));
        if (r == 0 && has_names(s))
                r = write_text(s, "repositories", repositories_text(s));
        return r == 0 ? check(s, brig_tar_end(&s->tar)) : r;
}

int brig_image_save(ImageStore *store, char *const *names, ImageWriteFn write, void *context, BrigError *err)
{
        _cleanup_(save_done) Save s = { .store = store, .tar = { .write = write, .context = context }, .err = err };
        int r;

        if (brig_strv_len(names) == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "no image is named");
        r = select_all(&s, names);
        return r < 0 ? r : write_archive(&s);
}
