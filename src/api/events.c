/* /events: a stream of JSON documents, one a line, from the engine's ring. */
#include "api/routes.h"
#include "api/shapes.h"

#include "base/clock.h"
#include "base/strings.h"

/* How often a quiet stream looks whether its client is still there. */
#define LOOK_MS 250

json_t *brig_shape_event(const Event *e, unsigned version)
{
        _cleanup_json_ json_t *attributes = json_object();
        bool image = streq(e->type, "image"), container = streq(e->type, "container");
        const char *from = container ? brig_pairs_get(&e->attributes, "image") : NULL;
        _cleanup_json_ json_t *o = json_object();

        for (size_t i = 0; attributes && i < e->attributes.count; i++)
                if (json_object_set_new(attributes, e->attributes.items[i].key, json_string(e->attributes.items[i].value)) < 0)
                        return NULL;
        /* The flat members of the first API versions are still what some clients read. */
        if ((image || container) && (json_object_set_new(o, "status", json_string(e->action)) < 0 ||
                                     json_object_set_new(o, "id", json_string(e->actor_id)) < 0))
                return NULL;
        if (from && json_object_set_new(o, "from", json_string(from)) < 0)
                return NULL;
        if (!attributes || json_object_update_new(o, json_pack("{s:s, s:s, s:{s:s, s:O}, s:s, s:I, s:I}", "Type", e->type, "Action", e->action,
                                                               "Actor", "ID", e->actor_id, "Attributes", attributes, "scope", "local",
                                                               "time", (json_int_t)(e->time / BRIG_NSEC_PER_SEC),
                                                               "timeNano", (json_int_t)e->time)) < 0)
                return NULL;
        return TAKE_PTR(o);
}

static void events_free(void *cursor)
{
        brig_events_close(cursor);
}

static int events_next(void *cursor, BrigBuffer *out)
{
        _cleanup_json_ json_t *shape = NULL;
        _cleanup_free_ char *text = NULL;
        const Event *event;
        int r = brig_events_next(cursor, LOOK_MS, &event);

        if (r <= 0)
                return r == -ETIMEDOUT ? 1 : r;
        shape = brig_shape_event(event, API_VERSION(1, 50));
        text = shape ? brig_json_text(shape) : NULL;
        if (!text || brig_buffer_printf(out, "%s\n", text) < 0)
                return -ENOMEM;
        return 1;
}

static int read_time(const Request *r, const char *name, int64_t *ret, BrigError *err)
{
        const char *s = brig_request_get(r, name);

        *ret = 0;
        if (brig_str_empty(s))
                return 0;
        if (brig_time_parse(s, brig_now_realtime(), ret) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid value for \"%s\": \"%.60s\"", name, s);
        return 0;
}

int brig_handle_events(Request *r, BrigError *err)
{
        _cleanup_json_ json_t *filters = NULL;
        EventCursor *cursor = NULL;
        int64_t since, until;
        int result = read_time(r, "since", &since, err);

        if (result >= 0)
                result = read_time(r, "until", &until, err);
        if (result < 0)
                return result;
        if (since > 0 && until > 0 && until < since)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "`since` time (%s) cannot be after `until` time (%s)",
                                      brig_request_get(r, "since"), brig_request_get(r, "until"));
        result = brig_request_filters(r, &filters, err);
        if (result >= 0)
                result = brig_events_open(r->engine, since, until, filters, &cursor, err);
        if (result < 0)
                return result;
        brig_reply_stream(r, &(ReplyStream){ .content_type = "application/json", .context = cursor, .free_context = events_free }, events_next);
        return 0;
}
