/* /containers: everything that is one question and one answer. Streams are in container-streams.c. */
#include "api/image-events.h"
#include "api/routes.h"
#include "api/shapes.h"

#include "base/clock.h"
#include "base/strings.h"

static ContainerDefinition *definition_free(ContainerDefinition *d)
{
        if (d)
                brig_definition_clear(d);
        free(d);
        return NULL;
}
BRIG_DEFINE_CLEANUP(ContainerDefinition *, definition_free)

static int read_definition(Request *r, ContainerDefinition **ret, BrigError *err)
{
        _cleanup_json_ json_t *body = NULL;
        ContainerDefinition *d;
        int result = brig_request_json_required(r, &body, err);

        if (result < 0)
                return result;
        d = calloc(1, sizeof(*d));
        if (!d)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the container's definition");
        result = brig_definition_read(body, d, err);
        if (result < 0) {
                free(d);
                return result;
        }
        *ret = d;
        return 0;
}

int brig_handle_container_create(Request *r, BrigError *err)
{
        _cleanup_(definition_freep) ContainerDefinition *definition = NULL;
        _cleanup_strv_ char **warnings = NULL;
        BrigId id;
        int result = read_definition(r, &definition, err);

        if (result < 0)
                return result;
        result = brig_container_create(r->engine, &(CreateRequest){
                .name = brig_request_get(r, "name"), .platform = brig_request_get(r, "platform"), .definition = definition,
        }, id, &warnings, err);
        if (result < 0)
                return result;
        (void)TAKE_PTR(definition);
        return brig_reply_json(r, 201, json_pack("{s:s, s:o}", "Id", id, "Warnings", brig_shape_strings(warnings)), err);
}

static int find_image(Request *r, const ContainerView *v, Image **ret)
{
        return brig_image_resolve(brig_engine_images(r->engine), v->image_id, ret, NULL);
}

/* What the writable layer holds is known to the monitor's side alone, so only the image's part is counted. */
static int add_sizes(Request *r, const ContainerView *v, json_t *object)
{
        _cleanup_(brig_image_unrefp) Image *image = NULL;
        int64_t size = find_image(r, v, &image) < 0 ? 0 : image->size;

        if (json_object_set_new(object, "SizeRw", json_integer(0)) < 0)
                return -ENOMEM;
        return json_object_set_new(object, "SizeRootFs", json_integer(size)) < 0 ? -ENOMEM : 0;
}

int brig_handle_container_inspect(Request *r, BrigError *err)
{
        _cleanup_(brig_container_view_freep) ContainerView *v = NULL;
        _cleanup_json_ json_t *object = NULL;
        int result = brig_container_get(r->engine, r->argument, &v, err);

        if (result < 0)
                return result;
        object = brig_shape_container_inspect(v, r->version);
        if (object && brig_request_bool(r, "size") && add_sizes(r, v, object) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot count the size of \"%s\"", v->name);
        return brig_reply_json(r, 200, TAKE_PTR(object), err);
}

static void views_freep(ContainerView ***views)
{
        *views = brig_container_views_free(*views);
}

static json_t *shape_rows(Request *r, ContainerView **views, bool size)
{
        _cleanup_json_ json_t *rows = json_array();
        int64_t now = brig_now_realtime();

        for (size_t i = 0; rows && views && views[i]; i++) {
                json_t *row = brig_shape_container_row(views[i], brig_engine_images(r->engine), now);

                if (json_array_append_new(rows, row) < 0 || (size && add_sizes(r, views[i], row) < 0))
                        return NULL;
        }
        return TAKE_PTR(rows);
}

int brig_handle_container_list(Request *r, BrigError *err)
{
        _cleanup_json_ json_t *filters = NULL;
        _cleanup_(views_freep) ContainerView **views = NULL;
        ListRequest list = { .all = brig_request_bool(r, "all"), .size = brig_request_bool(r, "size") };
        int result = brig_target_int(&r->target, "limit", 0, &list.limit, err);

        if (result >= 0)
                result = brig_request_filters(r, &filters, err);
        if (result < 0)
                return result;
        list.filters = filters;
        result = brig_container_list(r->engine, &list, &views, err);
        if (result < 0)
                return result;
        return brig_reply_json(r, 200, shape_rows(r, views, list.size), err);
}

int brig_handle_container_start(Request *r, BrigError *err)
{
        int result;

        /* "null" and "{}" of old clients are no body, as Docker counts. */
        if (r->body.len > 7)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL,
                                      "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24");
        if (!brig_str_empty(brig_request_get(r, "checkpoint")))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "checkpoints are not supported");
        result = brig_container_start(r->engine, r->argument, err);
        return result < 0 ? result : brig_reply_empty(r, 204);
}

typedef int (*StopFn)(Engine *e, const char *ref, const char *signal, int64_t timeout_s, BrigError *err);

static int stop_with(Request *r, StopFn stop, BrigError *err)
{
        const char *signal = brig_request_get(r, "signal");
        int64_t timeout;
        int result = brig_target_int(&r->target, "t", INT64_MIN, &timeout, err);

        if (result < 0)
                return result;
        /* Absent: the container's own. Below zero: Docker waits for ever; the engine counts seconds. */
        if (timeout == INT64_MIN)
                timeout = -1;
        else if (timeout < 0 || timeout > INT32_MAX)
                timeout = INT32_MAX;
        result = stop(r->engine, r->argument, brig_str_empty(signal) ? NULL : signal, timeout, err);
        return result < 0 ? result : brig_reply_empty(r, 204);
}

int brig_handle_container_stop(Request *r, BrigError *err)
{
        return stop_with(r, brig_container_stop, err);
}

int brig_handle_container_restart(Request *r, BrigError *err)
{
        return stop_with(r, brig_container_restart, err);
}

int brig_handle_container_kill(Request *r, BrigError *err)
{
        const char *signal = brig_request_get(r, "signal");
        int result = brig_container_kill(r->engine, r->argument, brig_str_empty(signal) ? NULL : signal, err);

        return result < 0 ? result : brig_reply_empty(r, 204);
}

static int pause_with(Request *r, bool pause, BrigError *err)
{
        int result = brig_container_pause(r->engine, r->argument, pause, err);

        return result < 0 ? result : brig_reply_empty(r, 204);
}

int brig_handle_container_pause(Request *r, BrigError *err)
{
        return pause_with(r, true, err);
}

int brig_handle_container_unpause(Request *r, BrigError *err)
{
        return pause_with(r, false, err);
}

int brig_handle_container_rename(Request *r, BrigError *err)
{
        const char *name = brig_request_get(r, "name");
        int result;

        if (brig_str_empty(name))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Neither old nor new names may be empty");
        result = brig_container_rename(r->engine, r->argument, name, err);
        return result < 0 ? result : brig_reply_empty(r, 204);
}

int brig_handle_container_remove(Request *r, BrigError *err)
{
        int result = brig_container_remove(r->engine, r->argument, &(RemoveRequest){
                .force = brig_request_bool(r, "force"), .volumes = brig_request_bool(r, "v"), .link = brig_request_bool(r, "link"),
        }, err);

        return result < 0 ? result : brig_reply_empty(r, 204);
}

int brig_handle_container_prune(Request *r, BrigError *err)
{
        _cleanup_json_ json_t *filters = NULL;
        _cleanup_strv_ char **ids = NULL;
        int64_t bytes = 0;
        int result = brig_request_filters(r, &filters, err);

        if (result >= 0)
                result = brig_container_prune(r->engine, filters, &ids, &bytes, err);
        if (result < 0)
                return result;
        brig_prune_event(r->engine, "container", bytes);
        return brig_reply_json(r, 200, json_pack("{s:o, s:I}", "ContainersDeleted", ids ? brig_shape_strings(ids) : json_null(),
                                                 "SpaceReclaimed", (json_int_t)bytes), err);
}

/* Brig's own: what the kernel says that the container has, "key<TAB>value" lines as one object. A key that comes twice becomes an array. */
static int add_line(json_t *object, const char *line)
{
        const char *tab = strchr(line, '\t');
        _cleanup_free_ char *key = tab ? strndup(line, (size_t)(tab - line)) : NULL;
        json_t *before, *value;

        if (!tab)
                return 0;
        value = key ? json_string(tab + 1) : NULL;
        before = key ? json_object_get(object, key) : NULL;
        if (!before)
                return json_object_set_new(object, key ?: "", value);
        if (json_is_array(before))
                return json_array_append_new(before, value);
        return json_object_set_new(object, key, json_pack("[O, o]", before, value));
}

int brig_handle_container_security(Request *r, BrigError *err)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_strv_ char **lines = NULL;
        _cleanup_json_ json_t *object = json_object();
        int result = brig_container_readback(r->engine, r->argument, &text, err);

        if (result < 0)
                return result;
        if (!object || brig_strv_split(text, '\n', &lines) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the report of \"%s\"", r->argument);
        BRIG_STRV_FOREACH(line, lines)
                if (add_line(object, *line) < 0)
                        return brig_error_set(err, BRIG_ERR_INTERNAL, EINVAL, "cannot read the report of \"%s\"", r->argument);
        return brig_reply_json(r, 200, TAKE_PTR(object), err);
}
