/* /images: what fits into one answer. Archives that stream in or out are in image-streams.c. */
#include "api/image-events.h"
#include "api/routes.h"
#include "api/shapes.h"

#include "base/clock.h"
#include "base/strings.h"

#include <fnmatch.h>

static int out_of_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot list the images");
}

static int resolve(Request *r, Image **ret, BrigError *err)
{
        return brig_image_resolve(brig_engine_images(r->engine), r->argument, ret, err);
}

int brig_handle_image_inspect(Request *r, BrigError *err)
{
        _cleanup_(brig_image_unrefp) Image *image = NULL;
        int result = resolve(r, &image, err);

        return result < 0 ? result : brig_reply_json(r, 200, brig_shape_image_inspect(image, r->version), err);
}

int brig_handle_image_history(Request *r, BrigError *err)
{
        _cleanup_(brig_image_unrefp) Image *image = NULL;
        int result = resolve(r, &image, err);

        return result < 0 ? result : brig_reply_json(r, 200, brig_shape_image_history(image), err);
}

int brig_handle_image_tag(Request *r, BrigError *err)
{
        const char *repo = brig_request_get(r, "repo"), *tag = brig_request_get(r, "tag");
        _cleanup_(brig_image_unrefp) Image *image = NULL;
        _cleanup_free_ char *name = NULL;
        int result;

        if (brig_str_empty(repo))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid reference format");
        result = resolve(r, &image, err);
        if (result >= 0)
                result = brig_image_tag(brig_engine_images(r->engine), r->argument, repo, brig_str_empty(tag) ? NULL : tag, err);
        if (result < 0)
                return result;
        name = brig_str_printf("%s:%s", repo, brig_str_empty(tag) ? "latest" : tag);
        brig_image_event(r->engine, "tag", image, name);
        return brig_reply_empty(r, 201);
}

static void images_freep(Image ***images)
{
        *images = brig_image_list_free(*images);
}

int brig_handle_image_delete(Request *r, BrigError *err)
{
        _cleanup_(images_freep) Image **before = NULL;
        _cleanup_strv_ char **lines = NULL;
        int result = brig_image_list(brig_engine_images(r->engine), &before, err);

        if (result >= 0)
                result = brig_image_delete(brig_engine_images(r->engine), &(ImageDelete){
                        .name = r->argument, .force = brig_request_bool(r, "force"), .no_prune = brig_request_bool(r, "noprune"),
                        .in_use = brig_engine_image_in_use, .context = r->engine,
                }, &lines, err);
        if (result < 0)
                return result;
        brig_image_events_of_deletion(r->engine, lines, before);
        return brig_reply_json(r, 200, brig_shape_image_deletions(lines), err);
}

/* --- list --- */

typedef struct Listing {
        Request *request;
        const json_t *filters;
        Image **images;
        int64_t before, since;          /* creation times that bound the list; 0: none */
        bool all, digests, shared_size;
} Listing;

static bool dangling(const Image *i)
{
        return brig_strv_len(i->repo_tags) == 0;
}

static bool matches_dangling(const json_t *filters, const Image *i)
{
        bool wanted = brig_filters_match(filters, "dangling", "true") || brig_filters_match(filters, "dangling", "1");

        return !brig_filters_has(filters, "dangling") || wanted == dangling(i);
}

/* An image another one was built upon is hidden unless asked for: only what has a tag or no child counts. */
static bool is_intermediate(const Listing *l, const Image *image)
{
        if (!dangling(image))
                return false;
        for (size_t i = 0; l->images[i]; i++)
                if (brig_str_equal(l->images[i]->parent, image->id))
                        return true;
        return false;
}

static bool listed(const Listing *l, const Image *i)
{
        return matches_dangling(l->filters, i) && brig_filters_match_labels(l->filters, "label", &i->config.config.labels) &&
               brig_filters_match_labels(l->filters, "label!", &i->config.config.labels) && (!l->before || i->created < l->before) &&
               (!l->since || i->created > l->since) && (l->all || !is_intermediate(l, i));
}

/* A pattern as "busybox" or "busybox:1*": against the whole reference, and against its name alone. As in Go, '*' stops at slashes. */
static bool reference_matches(const char *pattern, const char *reference)
{
        const char *slash = strrchr(reference, '/'), *end = strpbrk(slash ?: reference, ":@");
        _cleanup_free_ char *name = end ? strndup(reference, (size_t)(end - reference)) : NULL;

        return fnmatch(pattern, reference, FNM_PATHNAME) == 0 || (name && fnmatch(pattern, name, FNM_PATHNAME) == 0);
}

/* References of the image that match the "reference" filters; false when there are filters and none matches. */
static bool pick_references(const Listing *l, char *const *references, char ***ret)
{
        const json_t *patterns = json_object_get(l->filters, "reference"), *pattern;
        size_t i;

        BRIG_STRV_FOREACH(reference, references)
                json_array_foreach(patterns, i, pattern)
                        if (reference_matches(json_string_value(pattern), *reference)) {
                                if (brig_strv_push(ret, *reference) < 0)
                                        return false;
                                break;
                        }
        return *ret != NULL;
}

static bool is_shared(const Listing *l, const Image *image, const char *diff_id)
{
        for (size_t i = 0; l->images[i]; i++)
                if (l->images[i] != image && brig_strv_contains(l->images[i]->config.rootfs.diff_ids, diff_id))
                        return true;
        return false;
}

/* Bytes of layers that another image has too. */
static int64_t shared_size(const Listing *l, const Image *image)
{
        char *const *diff_ids = image->config.rootfs.diff_ids;
        int64_t bytes = 0;

        for (size_t i = 0; image->layer_sizes && diff_ids && diff_ids[i]; i++)
                bytes += is_shared(l, image, diff_ids[i]) ? image->layer_sizes[i] : 0;
        return bytes;
}

static json_t *shape_row(const Listing *l, const Image *i, char *const *tags, char *const *digests)
{
        return brig_shape_image_row(&(ImageRow){
                .image = i, .tags = tags, .digests = digests,
                .containers = -1, .shared_size = l->shared_size ? shared_size(l, i) : -1,
        }, l->request->version);
}

static int add_row(const Listing *l, const Image *i, json_t *rows)
{
        _cleanup_strv_ char **tags = NULL, **digests = NULL;

        if (!listed(l, i))
                return 0;
        if (!brig_filters_has(l->filters, "reference"))
                return json_array_append_new(rows, shape_row(l, i, i->repo_tags, i->repo_digests));
        if (!pick_references(l, i->repo_tags, &tags) && !pick_references(l, i->repo_digests, &digests))
                return 0;
        return json_array_append_new(rows, shape_row(l, i, tags, digests));
}

static int bound(Request *r, const json_t *filters, const char *name, int64_t *ret, BrigError *err)
{
        const char *image_name = json_string_value(json_array_get(json_object_get(filters, name), 0));
        _cleanup_(brig_image_unrefp) Image *image = NULL;
        int result;

        if (!image_name)
                return 0;
        result = brig_image_resolve(brig_engine_images(r->engine), image_name, &image, err);
        if (result >= 0)
                *ret = image->created;
        return result;
}

static int age(const json_t *filters, int64_t *before, BrigError *err)
{
        const char *until = json_string_value(json_array_get(json_object_get(filters, "until"), 0));
        int64_t t;

        if (!until)
                return 0;
        if (brig_time_parse(until, brig_now_realtime(), &t) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid filter 'until=%.60s'", until);
        *before = *before ? MIN2(*before, t) : t;
        return 0;
}

int brig_handle_image_list(Request *r, BrigError *err)
{
        static const char *const allowed[] = { "before", "dangling", "label", "label!", "reference", "since", "until", NULL };
        _cleanup_json_ json_t *filters = NULL, *rows = json_array();
        _cleanup_(images_freep) Image **images = NULL;
        Listing l = { .request = r, .all = brig_request_bool(r, "all"), .shared_size = brig_request_bool(r, "shared-size") };
        int result = brig_request_filters(r, &filters, err);

        if (result >= 0)
                result = brig_filters_check(filters, allowed, err);
        if (result >= 0)
                result = bound(r, filters, "before", &l.before, err);
        if (result >= 0)
                result = bound(r, filters, "since", &l.since, err);
        if (result >= 0)
                result = age(filters, &l.before, err);
        if (result >= 0)
                result = brig_image_list(brig_engine_images(r->engine), &images, err);
        if (result < 0)
                return result;
        l.filters = filters;
        l.images = images;
        for (size_t i = 0; rows && images && images[i]; i++)
                if (add_row(&l, images[i], rows) < 0)
                        return out_of_memory(err);
        return rows ? brig_reply_json(r, 200, TAKE_PTR(rows), err) : out_of_memory(err);
}

/* --- prune --- */

typedef struct Pruning { const json_t *filters; int64_t before; } Pruning;

static bool prune_wants(void *context, const Image *i)
{
        const Pruning *p = context;

        return brig_filters_match_labels(p->filters, "label", &i->config.config.labels) &&
               brig_filters_match_labels(p->filters, "label!", &i->config.config.labels) && (!p->before || i->created < p->before);
}

int brig_handle_image_prune(Request *r, BrigError *err)
{
        static const char *const allowed[] = { "dangling", "label", "label!", "until", NULL };
        Pruning p = { 0 };
        const ImageDelete request = { .in_use = brig_engine_image_in_use, .context = r->engine, .wanted = prune_wants, .wanted_context = &p };
        _cleanup_(images_freep) Image **before = NULL;
        _cleanup_json_ json_t *filters = NULL;
        _cleanup_strv_ char **lines = NULL;
        int64_t bytes = 0;
        bool all;
        int result = brig_request_filters(r, &filters, err);

        if (result >= 0)
                result = brig_filters_check(filters, allowed, err);
        if (result >= 0)
                result = age(filters, &p.before, err);
        if (result >= 0)
                result = brig_image_list(brig_engine_images(r->engine), &before, err);
        if (result < 0)
                return result;
        p.filters = filters;
        all = brig_filters_has(filters, "dangling") && (brig_filters_match(filters, "dangling", "false") || brig_filters_match(filters, "dangling", "0"));
        result = brig_image_prune(brig_engine_images(r->engine), &request, all, &lines, &bytes, err);
        if (result < 0)
                return result;
        brig_image_events_of_deletion(r->engine, lines, before);
        brig_prune_event(r->engine, "image", bytes);
        return brig_reply_json(r, 200, json_pack("{s:o, s:I}", "ImagesDeleted", lines ? brig_shape_image_deletions(lines) : json_null(),
                                                 "SpaceReclaimed", (json_int_t)bytes), err);
}
