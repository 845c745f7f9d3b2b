/* Lists of containers, with docker's filters; what a prune removes. */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <regex.h>

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "list containers");
}

static const char *const health_names[] = { [HEALTH_NONE] = "none", [HEALTH_STARTING] = "starting", [HEALTH_HEALTHY] = "healthy", [HEALTH_UNHEALTHY] = "unhealthy" };

/* What the filters need beside the container itself, made once for a list. */
typedef struct ListContext {
        Engine *engine;
        const json_t *filters;
        char **ancestors;               /* image ids of the filter "ancestor" */
        int64_t before, since;          /* create times of the named containers; 0: none */
        regex_t *names;
        size_t n_names;
} ListContext;

/* --- one filter each ---------------------------------------------------- */

static bool any_value(const ListContext *x, const char *filter, bool (*match)(const char *value, const Container *c), const Container *c)
{
        const json_t *values = json_object_get(x->filters, filter), *item;
        size_t i;

        json_array_foreach(values, i, item)
                if (match(json_string_value(item), c))
                        return true;
        return json_array_size(values) == 0;
}

static bool id_matches(const char *value, const Container *c)
{
        return brig_str_has_prefix(c->id, value);
}

static bool exited_matches(const char *value, const Container *c)
{
        int64_t code;

        return brig_parse_i64(value, &code) == 0 && c->run.exit_code == code && c->run.started_at > 0 && !brig_container_is_running(c);
}

/* A name or place of a folder of the container: what it mounts, and where. */
static bool volume_matches(const char *value, const Container *c)
{
        for (size_t i = 0; i < c->definition.host.mounts.count; i++) {
                const MountRequest *m = BRIG_MOUNT_AT(&c->definition.host, i);

                if (brig_str_equal(m->source, value) || brig_str_equal(m->target, value))
                        return true;
        }
        BRIG_STRV_FOREACH(bind, c->definition.host.binds) {
                size_t source = strcspn(*bind, ":"), target = (*bind)[source] ? strcspn(*bind + source + 1, ":") : 0;

                if ((strlen(value) == source && strncmp(*bind, value, source) == 0) ||
                    (target > 0 && strlen(value) == target && strncmp(*bind + source + 1, value, target) == 0))
                        return true;
        }
        return json_object_get(c->definition.config.volumes, value) != NULL;
}

/* "bridge" is the name that the default has in Docker. */
static bool network_matches(const char *value, const Container *c)
{
        const char *mode = c->definition.host.network_mode;

        return brig_str_equal(mode, value) || (brig_str_equal(mode, "default") && streq(value, "bridge"));
}

/* "80", "80/tcp", "8000-8010/udp" against one port of the container. */
static bool port_in(const char *range, const char *port)
{
        uint32_t first, last, number;
        size_t slash = strcspn(range, "/"), own_slash = strcspn(port, "/");
        const char *protocol = range[slash] ? range + slash + 1 : "tcp", *own = port[own_slash] ? port + own_slash + 1 : "tcp";
        _cleanup_free_ char *numbers = strndup(range, slash), *own_number = strndup(port, own_slash);
        char *dash = numbers ? strchr(numbers, '-') : NULL;

        if (!numbers || !own_number || !streq(protocol, own))
                return false;
        if (dash)
                *dash = '\0';
        if (brig_parse_u32(numbers, &first) < 0 || brig_parse_u32(dash ? dash + 1 : numbers, &last) < 0 || brig_parse_u32(own_number, &number) < 0)
                return false;
        return number >= first && number <= last;
}

static bool expose_matches(const char *value, const Container *c)
{
        json_t *ports = c->definition.config.exposed_ports;

        for (void *i = json_object_iter(ports); i; i = json_object_iter_next(ports, i))
                if (port_in(value, json_object_iter_key(i)))
                        return true;
        return false;
}

/* Ports are not published yet, so none is. */
static bool publish_matches(const char *value, const Container *c)
{
        return false;
}

static bool task_matches(const char *value, const Container *c)
{
        bool wanted;

        return brig_parse_bool(value, &wanted) == 0 && !wanted; /* there are no swarm tasks */
}

static bool status_matches(const char *value, const Container *c)
{
        return streq(value, brig_container_state_name(c->run.state));
}

static bool health_matches(const char *value, const Container *c)
{
        return streq(value, health_names[c->health.status]);
}

/* The isolation technology is a matter of Windows; Docker takes the filter everywhere and finds all. */
static bool isolation_matches(const char *value, const Container *c)
{
        return true;
}

static const struct { const char *filter; bool (*match)(const char *value, const Container *c); } value_filters[] = {
        { "id", id_matches }, { "status", status_matches }, { "exited", exited_matches }, { "health", health_matches }, { "volume", volume_matches },
        { "network", network_matches }, { "expose", expose_matches }, { "publish", publish_matches }, { "is-task", task_matches }, { "isolation", isolation_matches },
};

/* Docker's names are searched as regular expressions, with and without the slash before them. */
static bool name_matches(const ListContext *x, const Container *c)
{
        _cleanup_free_ char *slashed = brig_str_printf("/%s", c->run.name);

        for (size_t i = 0; i < x->n_names; i++)
                if (regexec(&x->names[i], c->run.name, 0, NULL, 0) == 0 || (slashed && regexec(&x->names[i], slashed, 0, NULL, 0) == 0))
                        return true;
        return !brig_filters_has(x->filters, "name");
}

static bool matches(const ListContext *x, const Container *c)
{
        for (size_t i = 0; i < ARRAY_SIZE(value_filters); i++)
                if (!any_value(x, value_filters[i].filter, value_filters[i].match, c))
                        return false;
        if (brig_filters_has(x->filters, "ancestor") && !brig_strv_contains(x->ancestors, c->image_id) &&
            !brig_filters_match(x->filters, "ancestor", c->image_name))
                return false;
        if ((x->before > 0 && c->created >= x->before) || (x->since > 0 && c->created <= x->since))
                return false;
        return name_matches(x, c) && brig_filters_match_labels(x->filters, "label", &c->definition.config.labels) &&
               brig_filters_match_labels(x->filters, "label!", &c->definition.config.labels);
}

/* --- preparing the filters ---------------------------------------------- */

static const char *const allowed[] = {
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "label!", "name", "network", "publish", "since", "status", "volume", NULL,
};

static void context_done(ListContext *x)
{
        for (size_t i = 0; i < x->n_names; i++)
                regfree(&x->names[i]);
        free(x->names);
        brig_strv_free(x->ancestors);
}

/* A pattern that is none is searched as it stands, which finds nothing: as Docker. */
static int prepare_names(ListContext *x, BrigError *err)
{
        const json_t *values = json_object_get(x->filters, "name"), *item;
        size_t i;

        x->names = calloc(json_array_size(values) + 1, sizeof *x->names);
        if (!x->names)
                return no_memory(err);
        json_array_foreach(values, i, item)
                if (strlen(json_string_value(item)) < 256 && regcomp(&x->names[x->n_names], json_string_value(item), REG_EXTENDED | REG_NOSUB) == 0)
                        x->n_names++;
        return 0;
}

/* An unknown image has no containers. */
static int prepare_ancestors(ListContext *x, BrigError *err)
{
        const json_t *values = json_object_get(x->filters, "ancestor"), *item;
        size_t i;

        json_array_foreach(values, i, item) {
                _cleanup_(brig_image_unrefp) Image *image = NULL;

                if (brig_image_resolve(x->engine->images, json_string_value(item), &image, NULL) == 0 && brig_strv_push(&x->ancestors, image->id) < 0)
                        return no_memory(err);
        }
        return 0;
}

/* The first value of before= and since= counts, as in Docker. */
static int prepare_time(ListContext *x, const char *filter, int64_t *ret, BrigError *err)
{
        const char *ref = json_string_value(json_array_get(json_object_get(x->filters, filter), 0));
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        int r;

        if (!ref)
                return 0;
        r = brig_container_find(x->engine, ref, &c, err);
        if (r == 0)
                *ret = c->created;
        return r;
}

static int check_words(const ListContext *x, BrigError *err)
{
        static const char *const states[] = { "created", "running", "paused", "restarting", "removing", "exited", "dead", NULL };
        static const char *const health[] = { "none", "starting", "healthy", "unhealthy", NULL };
        const struct { const char *filter, *const *words; } lists[] = { { "status", states }, { "health", health } };

        for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
                const json_t *values = json_object_get(x->filters, lists[l].filter), *item;
                size_t i;

                json_array_foreach(values, i, item) {
                        const char *const *w = lists[l].words;

                        while (*w && !streq(*w, json_string_value(item)))
                                w++;
                        if (!*w)
                                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid filter '%s=%s'", lists[l].filter, json_string_value(item));
                }
        }
        return 0;
}

static int prepare(ListContext *x, BrigError *err)
{
        int r = brig_filters_check(x->filters, allowed, err);

        if (r == 0)
                r = check_words(x, err);
        if (r == 0)
                r = prepare_names(x, err);
        if (r == 0)
                r = prepare_ancestors(x, err);
        if (r == 0)
                r = prepare_time(x, "before", &x->before, err);
        return r < 0 ? r : prepare_time(x, "since", &x->since, err);
}

/* --- the list ----------------------------------------------------------- */

static int newest_first(const void *a, const void *b)
{
        const Container *x = *(Container *const *)a, *y = *(Container *const *)b;

        return x->created != y->created ? (x->created < y->created ? 1 : -1) : strcmp(x->id, y->id);
}

/* Without "all" only what runs, unless a filter speaks of what does not. */
static bool shows_all(const ListRequest *r)
{
        return r->all || r->limit > 0 || brig_filters_has(r->filters, "status") || brig_filters_has(r->filters, "exited") ||
               brig_filters_has(r->filters, "before") || brig_filters_has(r->filters, "since");
}

/* Engine.lock is held; no references are taken. */
static size_t select_containers(const ListContext *x, const ListRequest *request, Container **list)
{
        bool all = shows_all(request);
        const char *id;
        void *value;
        size_t n = 0;

        for (size_t i = 0; brig_map_next(x->engine->containers, &i, &id, &value);) {
                Container *c = value;

                if ((all || brig_container_is_running(c)) && matches(x, c))
                        list[n++] = c;
        }
        qsort(list, n, sizeof(Container *), newest_first);
        return request->limit > 0 ? MIN2(n, (size_t)request->limit) : n;
}

static ContainerView **make_views(const ListContext *x, const ListRequest *request)
{
        Engine *e = x->engine;
        size_t total = brig_map_size(e->containers);
        _cleanup_free_ Container **list = calloc(total + 1, sizeof *list);
        size_t n = list ? select_containers(x, request, list) : 0;
        ContainerView **views = list ? calloc(n + 1, sizeof *views) : NULL;

        for (size_t i = 0; views && i < n; i++) {
                views[i] = brig_container_view_new(list[i]);
                if (!views[i])
                        return brig_container_views_free(views);
        }
        return views;
}

int brig_container_list(Engine *e, const ListRequest *request, ContainerView ***ret, BrigError *err)
{
        _cleanup_(context_done) ListContext x = { .engine = e, .filters = request->filters };
        ContainerView **views;
        int r = prepare(&x, err);

        if (r < 0)
                return r;
        pthread_mutex_lock(&e->lock);
        views = make_views(&x, request);
        pthread_mutex_unlock(&e->lock);
        if (!views)
                return no_memory(err);
        *ret = views;
        return 0;
}

ContainerView **brig_container_views_free(ContainerView **v)
{
        for (ContainerView **p = v; p && *p; p++)
                brig_container_view_free(*p);
        free(v);
        return NULL;
}

/* --- prune -------------------------------------------------------------- */

static int parse_until(const json_t *filters, int64_t *ret, BrigError *err)
{
        const json_t *values = json_object_get(filters, "until");
        const char *text = json_string_value(json_array_get(values, 0));

        *ret = INT64_MAX;
        if (json_array_size(values) > 1)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "more than one until filter specified");
        if (text && brig_time_parse(text, brig_now_realtime(), ret) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid filter 'until=%s'", text);
        return 0;
}

static bool is_prunable(const ContainerView *v, int64_t until, const json_t *filters)
{
        bool stopped = v->state == CONTAINER_CREATED || v->state == CONTAINER_EXITED || v->state == CONTAINER_DEAD;

        return stopped && v->created < until && brig_filters_match_labels(filters, "label", &v->definition->config.labels) &&
               brig_filters_match_labels(filters, "label!", &v->definition->config.labels);
}

int brig_container_prune(Engine *e, const json_t *filters, char ***ret_ids, int64_t *ret_bytes, BrigError *err)
{
        static const char *const words[] = { "label", "label!", "until", NULL };
        _cleanup_strv_ char **ids = NULL;
        ContainerView **views = NULL;
        int64_t until;
        int r = brig_filters_check(filters, words, err);

        if (r == 0)
                r = parse_until(filters, &until, err);
        if (r == 0)
                r = brig_container_list(e, &(ListRequest){ .all = true }, &views, err);
        for (ContainerView **v = views; r == 0 && v && *v; v++) {
                if (!is_prunable(*v, until, filters))
                        continue;
                /* one that was started or removed meanwhile is left out */
                if (brig_container_remove(e, (*v)->id, &(RemoveRequest){ 0 }, NULL) == 0 && brig_strv_push(&ids, (*v)->id) < 0)
                        r = no_memory(err);
        }
        brig_container_views_free(views);
        if (r < 0)
                return r;
        *ret_ids = TAKE_PTR(ids);
        *ret_bytes = 0; /* the folders are thrown away in the background: nobody has counted them */
        return 0;
}

/* --- counts ------------------------------------------------------------- */

void brig_engine_counts(Engine *e, EngineCounts *ret)
{
        EngineCounts n = { 0 };
        Image **images = NULL;
        const char *id;
        void *value;

        pthread_mutex_lock(&e->lock);
        for (size_t i = 0; brig_map_next(e->containers, &i, &id, &value);) {
                ContainerState s = ((Container *)value)->run.state;

                n.containers++;
                n.paused += s == CONTAINER_PAUSED;
                n.running += s == CONTAINER_RUNNING || s == CONTAINER_RESTARTING;
        }
        pthread_mutex_unlock(&e->lock);
        n.stopped = n.containers - n.running - n.paused;
        if (brig_image_list(e->images, &images, NULL) == 0) {
                while (images[n.images])
                        n.images++;
                brig_image_list_free(images);
        }
        *ret = n;
}

int brig_engine_image_in_use(void *engine, const char *image_id, char ret_container[16])
{
        Engine *e = engine;
        const char *id;
        void *value;
        int use = 0;

        pthread_mutex_lock(&e->lock);
        for (size_t i = 0; use < 2 && brig_map_next(e->containers, &i, &id, &value);) {
                const Container *c = value;
                int how = brig_container_is_running(c) ? 2 : 1;

                if (!streq(c->image_id, image_id) || how <= use)
                        continue;
                use = how;
                (void)snprintf(ret_container, 16, "%.12s", c->id);
        }
        pthread_mutex_unlock(&e->lock);
        return use;
}
