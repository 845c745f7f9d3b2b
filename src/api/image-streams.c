/* Image archives on their way in (load, import) and out (save). */
#include "api/image-events.h"
#include "api/routes.h"
#include "api/shapes.h"

#include "base/strings.h"

/* Progress lines of one load; a client shows a handful. */
#define MAX_PROGRESS (1u << 20)

/* --- in --- */

typedef struct Progress { BrigBuffer text; bool quiet; char **loaded; } Progress;

/* "Loaded image: busybox:latest" and "Loaded image ID: sha256:…" name what came in. */
static void note_loaded(Progress *p, const char *stream)
{
        static const char *const prefixes[] = { "Loaded image: ", "Loaded image ID: " };

        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
                if (stream && brig_str_has_prefix(stream, prefixes[i])) {
                        const char *name = stream + strlen(prefixes[i]);
                        char *copy = strndup(name, strcspn(name, "\n"));

                        if (!copy || brig_strv_consume(&p->loaded, copy) < 0)
                                return; /* an event less, nothing else */
                }
}

/* One line of Docker's progress stream, as far as its members are there. */
static void progress_line(void *context, const char *stream, const char *status, const char *id)
{
        Progress *p = context;
        const char *const members[][2] = { { "stream", stream }, { "status", status }, { "id", id } };
        _cleanup_json_ json_t *line = json_object();
        _cleanup_free_ char *text = NULL;

        note_loaded(p, stream);
        /* Quiet leaves the result, which is the stream member. */
        if (!line || (p->quiet && !stream))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (members[i][1])
                        (void)json_object_set_new(line, members[i][0], json_string(members[i][1]));
        text = brig_json_text(line);
        if (text)
                (void)brig_buffer_printf(&p->text, "%s\r\n", text);
}

static void progress_done(Progress *p)
{
        brig_buffer_done(&p->text);
        p->loaded = brig_strv_free(p->loaded);
}

static int reply_progress(Request *r, Progress *p, BrigError *err)
{
        _cleanup_free_ char *text = brig_buffer_take(&p->text);

        if (!text)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot report what was loaded");
        return brig_reply_text(r, 200, "application/json", text, err);
}

static ImageSource upload_of(Request *r)
{
        return (ImageSource){ .read = brig_request_read_upload, .context = r };
}

/*
 * The answer is made when the body has ended (the HTTP library does not answer earlier), so
 * an archive that is refused gets a real status and not an error inside of a 200.
 */
int brig_handle_image_load(Request *r, BrigError *err)
{
        _cleanup_(progress_done) Progress p = { .text = BRIG_BUFFER_INIT(MAX_PROGRESS), .quiet = brig_target_bool_or(&r->target, "quiet", false) };
        const ImageSource source = upload_of(r);
        const ImageProgress progress = { .line = progress_line, .context = &p };
        int result;

        if (!brig_str_empty(brig_request_get(r, "platform")) && r->version >= API_VERSION(1, 48))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "loading one platform of an archive is not supported");
        result = brig_image_load(brig_engine_images(r->engine), &source, &progress, err);
        BRIG_STRV_FOREACH(name, p.loaded)
                brig_image_event_by_name(r->engine, "load", *name);
        return result < 0 ? result : reply_progress(r, &p, err);
}

static int import_reference(Request *r, char **ret, BrigError *err)
{
        const char *repo = brig_request_get(r, "repo"), *tag = brig_request_get(r, "tag");

        if (brig_str_empty(repo))
                return 0;
        if (brig_str_empty(tag))
                *ret = brig_str_dup(repo);
        else
                *ret = brig_str_printf("%s%c%s", repo, brig_str_has_prefix(tag, "sha256:") ? '@' : ':', tag);
        return *ret ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot name the image");
}

/* "linux/arm64/v8" */
static int import_platform(Request *r, char ***ret, BrigError *err)
{
        const char *platform = brig_request_get(r, "platform");

        if (brig_str_empty(platform))
                return 0;
        if (brig_strv_split(platform, '/', ret) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the platform");
        if (!streq((*ret)[0], "linux"))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unsupported platform \"%.60s\": this engine runs linux images", platform);
        return 0;
}

static int import(Request *r, const ImageImport *options, BrigError *err)
{
        _cleanup_(progress_done) Progress p = { .text = BRIG_BUFFER_INIT(MAX_PROGRESS) };
        const ImageSource source = upload_of(r);
        char id[72];
        int result = brig_image_import(brig_engine_images(r->engine), &source, options, id, err);

        if (result < 0)
                return result;
        brig_image_event_by_name(r->engine, "import", id);
        progress_line(&p, NULL, id, NULL);
        return reply_progress(r, &p, err);
}

int brig_handle_image_create(Request *r, BrigError *err)
{
        const char *source = brig_request_get(r, "fromSrc"), *from = brig_request_get(r, "fromImage");
        _cleanup_free_ char *reference = NULL;
        _cleanup_strv_ char **changes = NULL, **platform = NULL;
        int result;

        if (!brig_str_empty(from))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "pull access to registries is not built yet: "
                                      "cannot pull \"%.200s\"; bring the image in with \"docker load\" or \"docker import\"", from);
        if (brig_str_empty(source))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "either fromImage or fromSrc must be given");
        if (!streq(source, "-"))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "importing from the address \"%.200s\" is not built yet: "
                                      "send the archive itself (fromSrc=-)", source);
        result = import_reference(r, &reference, err);
        if (result >= 0)
                result = import_platform(r, &platform, err);
        if (result < 0)
                return result;
        if (brig_target_get_all(&r->target, "changes", &changes) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the changes");
        return import(r, &(ImageImport){
                .reference = reference, .message = brig_request_get(r, "message"), .changes = changes,
                .os = platform ? platform[0] : NULL, .arch = platform ? platform[1] : NULL,
        }, err);
}

/* --- out --- */

typedef struct Save { Engine *engine; char **names; } Save;

static void save_free(void *context)
{
        Save *s = context;

        brig_strv_free(s->names);
        free(s);
}

static int save_produce(void *context, Conveyor *out, BrigError *err)
{
        Save *s = context;
        int result = brig_image_save(brig_engine_images(s->engine), s->names, brig_reply_write, out, err);

        if (result < 0)
                return result;
        BRIG_STRV_FOREACH(name, s->names)
                brig_image_event_by_name(s->engine, "save", *name);
        return 0;
}

/* One name stands in the path, several in the query. */
int brig_handle_image_save(Request *r, BrigError *err)
{
        Save *s = calloc(1, sizeof(*s));
        int result = s ? 0 : -ENOMEM;

        if (s && r->argument)
                result = brig_strv_push(&s->names, r->argument);
        else if (s)
                result = brig_target_get_all(&r->target, "names", &s->names);
        if (result < 0) {
                if (s)
                        save_free(s);
                return brig_error_errno(err, BRIG_ERR_INTERNAL, result, "cannot save images");
        }
        if (!s->names) {
                save_free(s);
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "no images to save: the parameter \"names\" is missing");
        }
        s->engine = r->engine;
        brig_reply_produce(r, &(ReplyStream){ .content_type = "application/x-tar", .context = s, .free_context = save_free }, save_produce);
        return 0;
}
