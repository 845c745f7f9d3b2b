#include "engine/events-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <pthread.h>

struct EventRing {
        pthread_mutex_t lock;           /* a leaf: nothing else is locked under it */
        pthread_cond_t changed;         /* monotonic clock */
        Event *events[BRIG_EVENTS_KEPT];
        uint64_t next;                  /* sequence number of the next event; the first is 1 */
        bool cancelled;
};

struct EventCursor {
        EventRing *ring;
        uint64_t next;
        int64_t since, until;
        json_t *filters;
        Event *current;
};

/* --- one event ---------------------------------------------------------- */

static Event *event_free(Event *ev)
{
        if (!ev)
                return NULL;
        free((char *)ev->type);
        free((char *)ev->action);
        free((char *)ev->actor_id);
        brig_pairs_clear(&ev->attributes);
        free(ev);
        return NULL;
}
BRIG_DEFINE_CLEANUP(Event *, event_free)

static void event_unref(Event *ev)
{
        if (ev && --ev->refs == 0)
                event_free(ev);
}

static Event *event_new(const char *type, const char *action, const char *actor_id, const JsonPairs *attributes)
{
        _cleanup_(event_freep) Event *ev = calloc(1, sizeof *ev);

        if (!ev)
                return NULL;
        *ev = (Event){ .time = brig_now_realtime(), .refs = 1, .type = strdup(type), .action = strdup(action), .actor_id = strdup(actor_id) };
        if (!ev->type || !ev->action || !ev->actor_id || (attributes && brig_pairs_copy(&ev->attributes, attributes) < 0))
                return NULL;
        return TAKE_PTR(ev);
}

/* --- the ring ----------------------------------------------------------- */

EventRing *brig_event_ring_new(void)
{
        EventRing *r = calloc(1, sizeof *r);
        pthread_condattr_t monotonic;

        if (!r)
                return NULL;
        (void)pthread_condattr_init(&monotonic); /* glibc: none of these can fail */
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        (void)pthread_mutex_init(&r->lock, NULL);
        (void)pthread_cond_init(&r->changed, &monotonic);
        (void)pthread_condattr_destroy(&monotonic);
        r->next = 1;
        return r;
}

void brig_event_ring_cancel(EventRing *r)
{
        pthread_mutex_lock(&r->lock);
        r->cancelled = true;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
}

EventRing *brig_event_ring_free(EventRing *r)
{
        if (!r)
                return NULL;
        for (size_t i = 0; i < BRIG_EVENTS_KEPT; i++)
                event_unref(r->events[i]);
        (void)pthread_cond_destroy(&r->changed);
        (void)pthread_mutex_destroy(&r->lock);
        free(r);
        return NULL;
}

void brig_event_ring_emit(EventRing *r, const char *type, const char *action, const char *actor_id, const JsonPairs *attributes)
{
        Event *ev = event_new(type, action, actor_id, attributes);
        Event **slot;

        if (!ev)
                return;
        pthread_mutex_lock(&r->lock);
        ev->sequence = r->next++;
        slot = &r->events[ev->sequence % BRIG_EVENTS_KEPT];
        event_unref(*slot);
        *slot = ev;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
}

/* --- filters ------------------------------------------------------------ */

static const char *const allowed_filters[] = {
        "config", "container", "daemon", "event", "image", "label", "label!", "network", "node", "plugin", "scope", "secret", "service", "type", "volume", NULL,
};

/* Filters on an object of one type: by id, or by a prefix of id or name. */
static const char *const object_filters[] = { "config", "container", "network", "node", "plugin", "secret", "service", "volume", "daemon" };

static bool prefix_match(const json_t *filters, const char *name, const char *value)
{
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(filters, name), i, item)
                if (value && brig_str_has_prefix(value, json_string_value(item)))
                        return true;
        return false;
}

static bool match_object(const json_t *filters, const char *type, const Event *ev)
{
        if (!brig_filters_has(filters, type))
                return true;
        return streq(ev->type, type) && (prefix_match(filters, type, ev->actor_id) || prefix_match(filters, type, brig_pairs_get(&ev->attributes, "name")));
}

/* "exec_create: sh -c x" and "health_status: healthy" are found by their first word as well. */
static bool match_action(const json_t *filters, const Event *ev)
{
        const char *colon = strchr(ev->action, ':');
        _cleanup_free_ char *word = colon ? strndup(ev->action, (size_t)(colon - ev->action)) : NULL;

        return brig_filters_match(filters, "event", ev->action) || (word && brig_filters_match(filters, "event", word));
}

static char *without_tag(const char *name)
{
        const char *slash = strrchr(name, '/'), *colon = strrchr(name, ':');

        return colon && (!slash || colon > slash) ? strndup(name, (size_t)(colon - name)) : strdup(name);
}

static bool match_image_name(const json_t *filters, const char *name)
{
        _cleanup_free_ char *bare = name ? without_tag(name) : NULL;

        return name && (brig_filters_match(filters, "image", name) || (bare && brig_filters_match(filters, "image", bare)));
}

/* An image event by its id or name, a container event by the image of the container. */
static bool match_image(const json_t *filters, const Event *ev)
{
        if (!brig_filters_has(filters, "image"))
                return true;
        if (streq(ev->type, "image"))
                return match_image_name(filters, ev->actor_id) || match_image_name(filters, brig_pairs_get(&ev->attributes, "name"));
        return match_image_name(filters, brig_pairs_get(&ev->attributes, "image"));
}

static bool match(const EventCursor *c, const Event *ev)
{
        if (ev->time < c->since || (c->until > 0 && ev->time > c->until))
                return false;
        if (!brig_filters_match(c->filters, "type", ev->type) || !brig_filters_match(c->filters, "scope", "local"))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(object_filters); i++)
                if (!match_object(c->filters, object_filters[i], ev))
                        return false;
        return match_action(c->filters, ev) && match_image(c->filters, ev) && brig_filters_match_labels(c->filters, "label", &ev->attributes) &&
               brig_filters_match_labels(c->filters, "label!", &ev->attributes);
}

/* --- cursors ------------------------------------------------------------ */

int brig_event_ring_open(EventRing *r, const EventQuery *q, EventCursor **ret, BrigError *err)
{
        _cleanup_(brig_events_closep) EventCursor *c = NULL;
        int k = brig_filters_check(q->filters, allowed_filters, err);

        if (k < 0)
                return k;
        c = calloc(1, sizeof *c);
        if (!c)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "open events");
        *c = (EventCursor){ .ring = r, .since = q->since, .until = q->until, .filters = json_incref((json_t *)q->filters) };
        pthread_mutex_lock(&r->lock);
        c->next = q->since > 0 || q->until > 0 ? 1 : r->next;
        pthread_mutex_unlock(&r->lock);
        *ret = TAKE_PTR(c);
        return 0;
}

EventCursor *brig_events_close(EventCursor *c)
{
        if (!c)
                return NULL;
        pthread_mutex_lock(&c->ring->lock);
        event_unref(c->current);
        pthread_mutex_unlock(&c->ring->lock);
        json_decref(c->filters);
        free(c);
        return NULL;
}

/* Under the ring's lock: moves to the next event that the cursor wants. */
static bool advance(EventCursor *c)
{
        EventRing *r = c->ring;
        uint64_t oldest = r->next > BRIG_EVENTS_KEPT ? r->next - BRIG_EVENTS_KEPT : 1;

        for (c->next = MAX2(c->next, oldest); c->next < r->next; c->next++) {
                Event *ev = r->events[c->next % BRIG_EVENTS_KEPT];

                if (match(c, ev)) {
                        ev->refs++;
                        c->current = ev;
                        c->next++;
                        return true;
                }
        }
        return false;
}

int brig_events_next(EventCursor *c, int timeout_ms, const Event **ret)
{
        EventRing *r = c->ring;
        int64_t deadline = brig_now_monotonic() + timeout_ms * BRIG_NSEC_PER_MSEC;
        int result = -EAGAIN;

        pthread_mutex_lock(&r->lock);
        event_unref(TAKE_PTR(c->current));
        while (result == -EAGAIN) {
                int64_t now = brig_now_monotonic(), left = c->until > 0 ? c->until - brig_now_realtime() : INT64_MAX, wake;
                struct timespec ts;

                if (advance(c)) {
                        *ret = c->current;
                        result = 1;
                } else if (r->cancelled) {
                        result = -ECANCELED;
                } else if (left <= 0) {
                        result = 0;
                } else if (now >= deadline) {
                        result = -ETIMEDOUT;
                } else {
                        wake = left < deadline - now ? now + left : deadline;
                        ts = (struct timespec){ .tv_sec = wake / BRIG_NSEC_PER_SEC, .tv_nsec = wake % BRIG_NSEC_PER_SEC };
                        (void)pthread_cond_timedwait(&r->changed, &r->lock, &ts); /* a timeout is looked at above */
                }
        }
        pthread_mutex_unlock(&r->lock);
        return result;
}
