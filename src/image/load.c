/* docker load: what both kinds of archive have in common once their files are staged. */
#include "image/load-internal.h"

#include "base/strings.h"

static void say(const Load *l, const char *fmt, const char *what)
{
        _cleanup_free_ char *line = brig_str_printf("%s%s\n", fmt, what);

        if (line && l->progress && l->progress->line)
                l->progress->line(l->progress->context, line, NULL, NULL);
}

static void say_renamed(void *context, const char *name, const char *old_id)
{
        const Load *l = context;
        _cleanup_free_ char *familiar = brig_reference_familiar(name);
        _cleanup_free_ char *text = brig_str_printf("%s already exists, renaming the old one with ID %s to empty string", familiar ? familiar : name, old_id);

        say(l, "The image ", text ? text : name);
}

static int check_layers(const ImageDraft *d, const LoadImage *image, BrigError *err)
{
        char *const *diff_ids = d->image->config.rootfs.diff_ids;
        size_t expected = brig_strv_len(diff_ids);

        if (image->n_layers != expected)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid manifest, layers length mismatch: expected %zu, got %zu", expected, image->n_layers);
        /* Of a plain layer the digest is the diff ID: a false one is found before it is unpacked. */
        for (size_t i = 0; i < expected; i++) {
                const StagedFile *f = image->layers[i];

                if (f->compression == BRIG_COMPRESSION_NONE && !streq(f->digest, diff_ids[i]))
                        return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "invalid diffID for layer %zu: expected \"%s\", got \"%s\"", i, diff_ids[i], f->digest);
        }
        return 0;
}

/* The blob first, then what it holds: the layer is made from what is kept. */
static int add_file(Load *l, ImageDraft *d, StagedFile *f, BrigError *err)
{
        int r = brig_load_publish(l, f, err);

        return r < 0 ? r : brig_draft_hold_blob(d, f->digest, err);
}

static int add_layers(Load *l, ImageDraft *d, const LoadImage *image, BrigError *err)
{
        for (size_t i = 0; i < image->n_layers; i++) {
                int r = add_file(l, d, image->layers[i], err);

                if (r == 0)
                        r = brig_draft_unpack_layer(d, i, image->layers[i]->digest, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_manifest(Load *l, ImageDraft *d, const LoadImage *image, BrigError *err)
{
        StagedFile *manifest = image->manifest ? image->manifest : brig_load_oci_manifest(l, image, d->image->id);
        _cleanup_free_ char **digests = NULL;
        int r;

        if (manifest) {
                r = add_file(l, d, manifest, err);
                return r < 0 ? r : brig_draft_set_manifest(d, manifest->digest, err);
        }
        digests = calloc(image->n_layers + 1, sizeof(*digests));
        if (!digests)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot load");
        for (size_t i = 0; i < image->n_layers; i++)
                digests[i] = image->layers[i]->digest;
        return brig_draft_make_manifest(d, digests, err);
}

int brig_load_add(Load *l, const LoadImage *image, BrigError *err)
{
        _cleanup_draft_ ImageDraft d = { 0 };
        int r = brig_draft_init(&d, l->store, image->config, image->config_len, err);

        if (r == 0)
                r = check_layers(&d, image, err);
        if (r == 0)
                r = add_layers(l, &d, image, err);
        if (r == 0)
                r = add_manifest(l, &d, image, err);
        if (r == 0)
                r = brig_draft_commit(&d, image->names, say_renamed, l, err);
        if (r < 0)
                return r;
        BRIG_STRV_FOREACH(name, image->names) {
                _cleanup_free_ char *familiar = brig_reference_familiar(*name);

                say(l, "Loaded image: ", familiar ? familiar : *name);
        }
        if (brig_strv_len(image->names) == 0)
                say(l, "Loaded image ID: ", d.image->id);
        return 0;
}

int brig_image_load(ImageStore *s, const ImageSource *source, const ImageProgress *progress, BrigError *err)
{
        _cleanup_load_ Load l = { .store = s, .progress = progress };
        StagedFile *manifest;
        int r = brig_load_stage(&l, source, err);

        if (r < 0)
                return r;
        /* Where there are both, Docker's file names the images, and the manifests of the other are kept. */
        manifest = brig_load_find(&l, "manifest.json");
        if (manifest)
                return brig_load_docker(&l, manifest, err);
        if (brig_load_find(&l, "index.json"))
                return brig_load_oci(&l, err);
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the archive holds no image: it has neither manifest.json nor index.json");
}
