#include "api/image-events.h"

#include "base/strings.h"

static void pairs_clearp(JsonPairs *p)
{
        brig_pairs_clear(p);
}

void brig_image_event(Engine *e, const char *action, const Image *image, const char *name)
{
        _cleanup_(pairs_clearp) JsonPairs attributes = { 0 };

        /* An event that memory does not suffice for is lost; what it tells of has happened all the same. */
        if (brig_pairs_copy(&attributes, &image->config.config.labels) < 0 || brig_pairs_set(&attributes, "name", name ?: image->id) < 0)
                return;
        brig_engine_emit(e, "image", action, image->id, &attributes);
}

void brig_image_event_by_name(Engine *e, const char *action, const char *reference)
{
        _cleanup_(brig_image_unrefp) Image *image = NULL;

        if (brig_image_resolve(brig_engine_images(e), reference, &image, NULL) >= 0)
                brig_image_event(e, action, image, NULL);
}

void brig_prune_event(Engine *e, const char *type, int64_t bytes)
{
        _cleanup_(pairs_clearp) JsonPairs attributes = { 0 };
        _cleanup_free_ char *reclaimed = brig_str_printf("%lld", (long long)bytes);

        if (reclaimed && brig_pairs_set(&attributes, "reclaimed", reclaimed) >= 0)
                brig_engine_emit(e, type, "prune", "", &attributes);
}

static const Image *image_with_tag(Image *const *images, const char *tag)
{
        for (; images && *images; images++)
                if (brig_strv_contains((*images)->repo_tags, tag) || brig_strv_contains((*images)->repo_digests, tag))
                        return *images;
        return NULL;
}

static const Image *image_with_id(Image *const *images, const char *id)
{
        for (; images && *images; images++)
                if (streq((*images)->id, id))
                        return *images;
        return NULL;
}

void brig_image_events_of_deletion(Engine *e, char *const *lines, Image *const *images)
{
        static const struct { const char *prefix, *action; const Image *(*find)(Image *const *, const char *); } verbs[] = {
                { "Untagged: ", "untag", image_with_tag }, { "Deleted: ", "delete", image_with_id },
        };

        BRIG_STRV_FOREACH(line, lines)
                for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                        const char *subject = brig_str_has_prefix(*line, verbs[i].prefix) ? *line + strlen(verbs[i].prefix) : NULL;
                        const Image *image = subject ? verbs[i].find(images, subject) : NULL;

                        if (image)
                                brig_image_event(e, verbs[i].action, image, NULL);
                }
}
