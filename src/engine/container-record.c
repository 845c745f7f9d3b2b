/*
 * Containers in the state database: what never changes in table "container", the
 * run in table "container_state", so that a start writes a few hundred bytes,
 * whatever the definition holds.
 */
#include "engine/engine-internal.h"

#include "base/strings.h"

typedef struct StoredContainer {
        int64_t created;
        char *image_id, *image_name, *profile;
        json_t *definition;
} StoredContainer;

#define STORED(n, k, member) JSON_FIELD(n, k, StoredContainer, member, 0)
static const JsonField stored_fields[] = {
        STORED("Created", INT64, created),
        STORED("ImageID", STRING, image_id),
        STORED("ImageName", STRING, image_name),
        STORED("Profile", STRING, profile),
        STORED("Definition", RAW, definition),
        JSON_END,
};

#define RUN(n, k, member) JSON_FIELD(n, k, ContainerRun, member, JSON_F_OMIT_EMPTY)
static const JsonField run_fields[] = {
        RUN("Name", STRING, name),
        RUN("Error", STRING, error),
        RUN("Warnings", STRING, warnings),
        RUN("Pid", INT64, pid),
        RUN("ExitCode", INT64, exit_code),
        RUN("StartedAt", INT64, started_at),
        RUN("FinishedAt", INT64, finished_at),
        RUN("RestartCount", INT64, restart_count),
        RUN("RangeBase", INT64, range_base),
        RUN("OOMKilled", BOOL, oom_killed),
        RUN("ManuallyStopped", BOOL, manually_stopped),
        RUN("Starting", BOOL, starting),
        RUN("Launched", BOOL, launched),
        JSON_END,
};

void brig_run_clear(ContainerRun *run)
{
        brig_json_clear(run_fields, run);
}

int brig_run_copy(ContainerRun *dst, const ContainerRun *src)
{
        ContainerRun copy = *src;

        copy.name = brig_str_dup(src->name);
        copy.error = brig_str_dup(src->error);
        copy.warnings = brig_str_dup(src->warnings);
        if ((src->name && !copy.name) || (src->error && !copy.error) || (src->warnings && !copy.warnings)) {
                brig_run_clear(&copy);
                return -ENOMEM;
        }
        *dst = copy;
        return 0;
}

/* --- writing ------------------------------------------------------------ */

static int no_memory(const Container *c, BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "store container \"%s\"", c->id);
}

static char *run_text(const ContainerRun *run)
{
        _cleanup_json_ json_t *object = brig_json_write(run_fields, run);

        if (!object || json_object_set_new(object, "State", json_string(brig_container_state_name(run->state))) < 0)
                return NULL;
        return brig_json_text(object);
}

static char *container_text(const Container *c)
{
        _cleanup_json_ json_t *definition = brig_definition_store(&c->definition), *object = NULL;
        StoredContainer stored = { .created = c->created, .image_id = c->image_id, .image_name = c->image_name, .profile = c->profile, .definition = definition };

        if (definition)
                object = brig_json_write(stored_fields, &stored);
        return object ? brig_json_text(object) : NULL;
}

static bool is_durable(const Container *c)
{
        return !c->definition.host.auto_remove;
}

static int store_rows(Container *c, const char *text, const char *run, BrigError *err)
{
        StateDb *db = c->engine->db;
        int r = brig_state_put(db, "container", c->id, text, false, err);

        return r < 0 ? r : brig_state_put(db, "container_state", c->id, run, false, err);
}

int brig_container_store(Container *c, BrigError *err)
{
        _cleanup_free_ char *text = container_text(c), *run = run_text(&c->run);
        StateDb *db = c->engine->db;
        int r;

        if (!text || !run)
                return no_memory(c, err);
        r = brig_state_begin(db, err);
        if (r < 0)
                return r;
        r = store_rows(c, text, run, err);
        if (r == 0)
                r = brig_state_commit(db, is_durable(c), err);
        if (r < 0)
                brig_state_rollback(db);
        return r;
}

int brig_container_commit(Container *c, ContainerRun *next, bool durable, BrigError *err)
{
        _cleanup_run_ ContainerRun old = { 0 };
        _cleanup_free_ char *text = run_text(next);
        int r;

        if (!text)
                return no_memory(c, err);
        r = brig_state_put(c->engine->db, "container_state", c->id, text, durable && is_durable(c), err);
        if (r < 0) {
                brig_error_prefix(err, "store container \"%.12s\"", c->id);
                return r;
        }
        pthread_mutex_lock(&c->engine->lock);
        old = c->run;
        c->run = *next;
        pthread_mutex_unlock(&c->engine->lock);
        *next = (ContainerRun){ 0 };
        return 0;
}

static int delete_rows(Container *c, BrigError *err)
{
        StateDb *db = c->engine->db;
        int r = brig_state_delete(db, "container", c->id, false, err);

        return r < 0 ? r : brig_state_delete(db, "container_state", c->id, false, err);
}

int brig_container_forget(Container *c, bool durable, BrigError *err)
{
        StateDb *db = c->engine->db;
        int r = brig_state_begin(db, err);

        if (r < 0)
                return r;
        r = delete_rows(c, err);
        if (r == 0)
                r = brig_state_commit(db, durable && is_durable(c), err);
        if (r < 0)
                brig_state_rollback(db);
        return r;
}

/* --- reading ------------------------------------------------------------ */

static int parse_state(const json_t *object, ContainerState *ret)
{
        const char *name = json_string_value(json_object_get(object, "State"));

        for (ContainerState s = CONTAINER_CREATED; name && s <= CONTAINER_DEAD; s++) {
                if (streq(name, brig_container_state_name(s))) {
                        *ret = s;
                        return 0;
                }
        }
        return -EINVAL;
}

static int read_stored(Container *c, const char *text, BrigError *err)
{
        _cleanup_json_ json_t *object = NULL;
        StoredContainer stored;
        int r = brig_json_parse(text, strlen(text), &object, err);

        if (r < 0)
                return r;
        brig_json_init(stored_fields, &stored, sizeof stored);
        r = brig_json_read(object, stored_fields, &stored, sizeof stored, 0, err);
        if (r < 0)
                return r;
        c->created = stored.created;
        c->image_id = TAKE_PTR(stored.image_id);
        c->image_name = TAKE_PTR(stored.image_name);
        c->profile = TAKE_PTR(stored.profile);
        r = brig_definition_restore(stored.definition, &c->definition, err);
        brig_json_clear(stored_fields, &stored);
        return r;
}

static int load_container(void *context, const char *key, const char *document, BrigError *err)
{
        Engine *e = context;
        _cleanup_(brig_container_unrefp) Container *c = brig_container_new(e, key);
        int r;

        if (!c || !brig_id_valid(key))
                return brig_error_set(err, BRIG_ERR_INTERNAL, c ? EUCLEAN : ENOMEM, "read stored container \"%s\"", key);
        r = read_stored(c, document, err);
        if (r < 0) {
                brig_error_prefix(err, "stored container \"%s\"", key);
                return r;
        }
        if (brig_map_put(e->containers, c->id, c) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read stored container \"%s\"", key);
        TAKE_PTR(c);
        return 0;
}

static int read_run(Container *c, const char *text, BrigError *err)
{
        _cleanup_json_ json_t *object = NULL;
        int r = brig_json_parse(text, strlen(text), &object, err);

        if (r == 0)
                r = brig_json_read(object, run_fields, &c->run, sizeof c->run, 0, err);
        if (r == 0 && (parse_state(object, &c->run.state) < 0 || !c->run.name))
                r = brig_error_set(err, BRIG_ERR_INTERNAL, EUCLEAN, "no name or no known state");
        return r;
}

static int load_run(void *context, const char *key, const char *document, BrigError *err)
{
        Engine *e = context;
        Container *c = brig_map_get(e->containers, key);
        int r;

        if (!c)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EUCLEAN, "stored state of container \"%s\" has no container", key);
        r = read_run(c, document, err);
        if (r < 0) {
                brig_error_prefix(err, "stored state of container \"%s\"", key);
                return r;
        }
        if (brig_map_put(e->names, c->run.name, c) < 0)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EUCLEAN, "two stored containers have the name \"%s\"", c->run.name);
        c->published = true;
        return 0;
}

int brig_containers_load(Engine *e, BrigError *err)
{
        const char *id;
        void *value;
        int r = brig_state_each(e->db, "container", load_container, e, err);

        if (r == 0)
                r = brig_state_each(e->db, "container_state", load_run, e, err);
        if (r < 0)
                return r;
        for (size_t i = 0; brig_map_next(e->containers, &i, &id, &value);)
                if (!((Container *)value)->published)
                        return brig_error_set(err, BRIG_ERR_INTERNAL, EUCLEAN, "stored container \"%s\" has no state", id);
        return 0;
}
