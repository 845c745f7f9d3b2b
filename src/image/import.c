/*
 * docker import: a tar of a root file system becomes an image of one layer. The
 * stream is stored as it comes and inflated on the side for the diff ID; whether
 * it is a tar at all, brig-unpack finds out.
 */
#include "image/store-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include "image/changes-internal.h"
#include "image/inflate.h"
#include "image/platform-internal.h"
#include "image/reference.h"

#define DEFAULT_MESSAGE "Imported from -"

typedef struct Intake {
        const ImageSource *source;
        BlobWriter writer;
        BrigError error;
} Intake;

/* The inflater pulls; what it gets goes into the blob on the way. */
static ssize_t tee(void *context, void *data, size_t len)
{
        Intake *in = context;
        ssize_t n = in->source->read(in->source->context, data, len);

        if (n > 0 && brig_blob_writer_write(&in->writer, data, (size_t)n, &in->error) < 0)
                return in->error.errnum > 0 ? -in->error.errnum : -EIO;
        return n;
}

static int receive(Intake *in, ImageStore *s, char ret_diff_id[BRIG_DIGEST_SIZE], BrigError *err)
{
        _cleanup_(brig_inflater_freep) BrigInflater *inflater = NULL;
        _cleanup_hasher_ Hasher hasher = { 0 };
        const void *block;
        ssize_t n;
        int r = brig_blob_writer_init(&in->writer, &s->blobs, err);

        if (r == 0)
                r = brig_hasher_init(&hasher, err);
        if (r < 0)
                return r;
        inflater = brig_inflater_new(tee, in, 0);
        if (!inflater)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot import");
        while (r == 0 && (n = brig_inflater_next(inflater, &block, err)) != 0)
                r = n < 0 ? (int)n : brig_hasher_update(&hasher, block, (size_t)n, err);
        /* The writer's own words say more than "cannot read". */
        if (in->error.kind != BRIG_OK && err)
                *err = in->error;
        if (r == 0)
                r = brig_hasher_final(&hasher, ret_diff_id, err);
        return r < 0 ? r : brig_blob_writer_finish(&in->writer, err);
}

static int fill_config(ImageConfig *c, const ImageImport *o, const char *diff_id)
{
        ImageHistory *h = brig_json_array_add(&c->history, sizeof(*h));
        char now[BRIG_TIME_STRING];

        brig_time_format(brig_now_realtime(), now);
        if (!h || brig_str_set(&h->created, now) < 0 || brig_str_set(&h->comment, o->message && *o->message ? o->message : DEFAULT_MESSAGE) < 0)
                return -ENOMEM;
        if (brig_str_set(&c->created, now) < 0 || brig_str_set(&c->os, o->os ? o->os : BRIG_OWN_OS) < 0 ||
            brig_str_set(&c->architecture, o->arch ? o->arch : BRIG_OWN_ARCHITECTURE) < 0 || brig_str_set(&c->comment, h->comment) < 0)
                return -ENOMEM;
        return brig_str_set(&c->rootfs.type, "layers") < 0 ? -ENOMEM : brig_strv_push(&c->rootfs.diff_ids, diff_id);
}

static int make_config(const ImageImport *o, const char *diff_id, char **ret, BrigError *err)
{
        _cleanup_(brig_image_config_clear) ImageConfig c;
        int r;

        brig_json_init(image_config_fields, &c, sizeof(c));
        r = brig_changes_apply(&c.config, o->changes, err);
        if (r < 0)
                return r;
        if (fill_config(&c, o, diff_id) < 0 || !(*ret = brig_image_config_text(&c)))
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot make the image configuration");
        return 0;
}

static int import_layer(ImageStore *s, Intake *in, const char *config, ImageDraft *d, BrigError *err)
{
        char *blobs[] = { in->writer.digest, NULL };
        int r = brig_draft_init(d, s, config, strlen(config), err);

        if (r == 0)
                r = brig_draft_hold_blob(d, in->writer.digest, err);
        if (r == 0)
                r = brig_blob_publish(&s->blobs, in->writer.temp, in->writer.digest, err);
        if (r == 0)
                r = brig_draft_unpack_layer(d, 0, in->writer.digest, err);
        return r < 0 ? r : brig_draft_make_manifest(d, blobs, err);
}

static int import_names(const char *reference, char ***ret, BrigError *err)
{
        Reference r;
        int status;

        if (brig_str_empty(reference))
                return 0;
        status = brig_reference_parse(reference, &r, err);
        if (status < 0)
                return status;
        if (*r.digest)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "cannot import digest reference");
        return brig_strv_consume(ret, brig_reference_text(&r, true)) < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot import") : 0;
}

/* What goes into the configuration as it is must be JSON's kind of text. */
static int check_texts(const ImageImport *o, BrigError *err)
{
        const char *const texts[] = { o->message, o->os, o->arch };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_json_ json_t *text = texts[i] ? json_string(texts[i]) : NULL;

                if (texts[i] && !text)
                        return brig_error_set(err, BRIG_ERR_INVALID, EILSEQ, "message and platform must be UTF-8");
        }
        return 0;
}

static void intake_done(Intake *in)
{
        brig_blob_writer_done(&in->writer);
}

int brig_image_import(ImageStore *s, const ImageSource *source, const ImageImport *options, char ret_id[72], BrigError *err)
{
        _cleanup_(intake_done) Intake in = { .source = source, .writer = BLOB_WRITER_INIT, .error = BRIG_ERROR_INIT };
        _cleanup_draft_ ImageDraft d = { 0 };
        _cleanup_strv_ char **names = NULL;
        _cleanup_free_ char *config = NULL;
        char diff_id[BRIG_DIGEST_SIZE];
        int r = import_names(options->reference, &names, err);

        /* A mistake in the changes is told before gigabytes were sent. */
        if (r == 0)
                r = check_texts(options, err);
        if (r == 0)
                r = brig_changes_check(options->changes, err);
        if (r == 0)
                r = receive(&in, s, diff_id, err);
        if (r == 0)
                r = make_config(options, diff_id, &config, err);
        if (r == 0)
                r = import_layer(s, &in, config, &d, err);
        if (r == 0)
                r = brig_draft_commit(&d, names, NULL, NULL, err);
        if (r == 0)
                memcpy(ret_id, d.image->id, sizeof(d.image->id));
        return r;
}
