/* One container: its table, its turn, its view for readers. */
#include "engine/engine-internal.h"

#include "base/strings.h"

#define FULL_ID BRIG_ID_LEN

static const char *const state_names[] = {
        [CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running", [CONTAINER_PAUSED] = "paused", [CONTAINER_RESTARTING] = "restarting",
        [CONTAINER_REMOVING] = "removing", [CONTAINER_EXITED] = "exited", [CONTAINER_DEAD] = "dead",
};

const char *brig_container_state_name(ContainerState s)
{
        return state_names[s];
}

/* --- birth and death ---------------------------------------------------- */

static Container *container_free(Container *c)
{
        brig_assert(!c->waits && !c->busy);
        for (size_t i = 0; i < c->n_pending; i++) {
                brig_close(c->pending[i].fd);
                free(c->pending[i].detach_keys);
        }
        brig_definition_clear(&c->definition);
        brig_run_clear(&c->run);
        brig_health_clear(&c->health);
        brig_close(c->plan_fd);
        free(c->image_id);
        free(c->image_name);
        free(c->profile);
        free(c);
        return NULL;
}

Container *brig_container_new(Engine *e, const char *id)
{
        Container *c = calloc(1, sizeof *c);

        if (!c)
                return NULL;
        c->refs = 1;
        c->engine = e;
        c->plan_fd = -EBADF;
        (void)snprintf(c->id, sizeof c->id, "%s", id);
        return c;
}

/* Counted atomically: a reference may be dropped with or without the engine's lock. */
Container *brig_container_ref(Container *c)
{
        __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
        return c;
}

Container *brig_container_unref(Container *c)
{
        if (c && __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) == 0)
                container_free(c);
        return NULL;
}

/* --- finding ------------------------------------------------------------ */

int brig_container_unknown(const char *ref, BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "No such container: %s", ref);
}

static bool is_hex_prefix(const char *s)
{
        size_t len = strlen(s);

        return len > 0 && len <= FULL_ID && brig_is_hex(s, len);
}

static int find_by_prefix(Engine *e, const char *ref, Container **ret, BrigError *err)
{
        Container *found = NULL;
        const char *id;
        void *value;

        for (size_t i = 0; is_hex_prefix(ref) && brig_map_next(e->containers, &i, &id, &value);) {
                if (!brig_str_has_prefix(id, ref))
                        continue;
                if (found)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "multiple IDs found with provided prefix: %s", ref);
                found = value;
        }
        if (!found)
                return brig_container_unknown(ref, err);
        *ret = found;
        return 0;
}

/* Docker's order: full id, name, prefix of an id. */
static int find_locked(Engine *e, const char *ref, Container **ret, BrigError *err)
{
        Container *c = brig_map_get(e->containers, ref);

        if (!c)
                c = brig_map_get(e->names, *ref == '/' ? ref + 1 : ref);
        if (!c || !c->published)
                return find_by_prefix(e, ref, ret, err);
        *ret = c;
        return 0;
}

int brig_container_find(Engine *e, const char *ref, Container **ret, BrigError *err)
{
        Container *c = NULL;
        int r;

        pthread_mutex_lock(&e->lock);
        r = find_locked(e, ref, &c, err);
        if (r == 0)
                *ret = brig_container_ref(c);
        pthread_mutex_unlock(&e->lock);
        return r;
}

/* --- the turn ----------------------------------------------------------- */

void brig_container_begin(Container *c)
{
        Engine *e = c->engine;

        pthread_mutex_lock(&e->lock);
        while (c->busy)
                pthread_cond_wait(&e->turn, &e->lock);
        c->busy = true;
        pthread_mutex_unlock(&e->lock);
}

void brig_container_end(Container *c)
{
        Engine *e = c->engine;

        pthread_mutex_lock(&e->lock);
        brig_assert(c->busy);
        c->busy = false;
        pthread_cond_broadcast(&e->turn);
        pthread_mutex_unlock(&e->lock);
}

Container *brig_container_give_back(Container *c)
{
        if (c)
                brig_container_end(c);
        return brig_container_unref(c);
}

int brig_container_take(Engine *e, const char *ref, Container **ret, BrigError *err)
{
        Container *c = NULL;
        int r = brig_container_find(e, ref, &c, err);

        if (r < 0)
                return r;
        brig_container_begin(c);
        if (!c->published) {
                brig_container_give_back(c);
                return brig_container_unknown(ref, err);
        }
        *ret = c;
        return 0;
}

bool brig_container_is_running(const Container *c)
{
        return c->run.state == CONTAINER_RUNNING || c->run.state == CONTAINER_PAUSED || c->run.state == CONTAINER_RESTARTING;
}

/* --- events ------------------------------------------------------------- */

void brig_container_emit(Container *c, const char *action, const JsonPairs *more)
{
        JsonPairs pairs = { 0 };
        int r = brig_pairs_copy(&pairs, &c->definition.config.labels);

        if (r == 0)
                r = brig_pairs_set(&pairs, "image", c->image_name ? c->image_name : "");
        pthread_mutex_lock(&c->engine->lock);
        if (r == 0)
                r = brig_pairs_set(&pairs, "name", c->run.name);
        pthread_mutex_unlock(&c->engine->lock);
        for (size_t i = 0; r == 0 && more && i < more->count; i++)
                r = brig_pairs_set(&pairs, more->items[i].key, more->items[i].value);
        if (r == 0)
                brig_event_ring_emit(c->engine->events, "container", action, c->id, &pairs);
        brig_pairs_clear(&pairs);
}

/* --- views -------------------------------------------------------------- */

/* A view keeps the container alive: what never changes is shared, what changes is copied. */
static int view_copy_run(ContainerView *v, const Container *c)
{
        const ContainerRun *run = &c->run;

        v->state = run->state;
        v->pid = (int)run->pid;
        v->exit_code = (int)run->exit_code;
        v->oom_killed = run->oom_killed;
        v->dead = run->state == CONTAINER_DEAD;
        v->started_at = run->started_at;
        v->finished_at = run->finished_at;
        v->restart_count = run->restart_count;
        v->range_base = (uint32_t)run->range_base;
        v->name = strdup(run->name);
        v->error = brig_str_dup(run->error);
        v->warnings = brig_str_dup(run->warnings);
        return !v->name || (run->error && !v->error) || (run->warnings && !v->warnings) ? -ENOMEM : 0;
}

static int view_copy_health(ContainerView *v, const HealthState *h)
{
        v->health = h->status;
        v->health_failing = h->failing;
        if (h->n_probes == 0)
                return 0;
        v->probes = calloc(h->n_probes, sizeof *v->probes);
        if (!v->probes)
                return -ENOMEM;
        for (size_t i = 0; i < h->n_probes; i++, v->n_probes++) {
                v->probes[i] = h->probes[i];
                v->probes[i].output = strdup(h->probes[i].output ? h->probes[i].output : "");
                if (!v->probes[i].output)
                        return -ENOMEM;
        }
        return 0;
}

/* Docker's Path and Args: the first word of entrypoint and command, and the rest. */
static int view_split_arguments(ContainerView *v, const ContainerConfig *config)
{
        BRIG_STRV_FOREACH(s, config->entrypoint)
                if (brig_strv_push(&v->args, *s) < 0)
                        return -ENOMEM;
        BRIG_STRV_FOREACH(s, config->cmd)
                if (brig_strv_push(&v->args, *s) < 0)
                        return -ENOMEM;
        if (!v->args)
                return 0;
        v->path = v->args[0];
        memmove(v->args, v->args + 1, brig_strv_len(v->args) * sizeof *v->args);
        return 0;
}

static int view_fill(ContainerView *v, Container *c)
{
        memcpy(v->id, c->id, sizeof v->id);
        v->created = c->created;
        v->image_id = c->image_id;
        v->image_name = c->image_name;
        v->profile = c->profile;
        v->definition = &c->definition;
        v->exec_ids = brig_exec_ids(c);
        v->data_dir = brig_str_printf("%s/containers/%s", c->engine->options.data_root, c->id);
        v->log_path = brig_str_printf("%s/containers/%s/%s-json.log", c->engine->options.data_root, c->id, c->id);
        if (!v->data_dir || !v->log_path || view_copy_run(v, c) < 0 || view_copy_health(v, &c->health) < 0)
                return -ENOMEM;
        return view_split_arguments(v, &c->definition.config);
}

ContainerView *brig_container_view_new(Container *c)
{
        ContainerView *v = calloc(1, sizeof *v);

        if (!v)
                return NULL;
        v->_owner = brig_container_ref(c);
        if (view_fill(v, c) == 0)
                return v;
        return brig_container_view_free(v);
}

ContainerView *brig_container_view_free(ContainerView *v)
{
        if (!v)
                return NULL;
        for (size_t i = 0; i < v->n_probes; i++)
                free(v->probes[i].output);
        free(v->probes);
        brig_strv_free(v->exec_ids);
        brig_strv_free(v->args);
        free(v->path);
        free(v->name);
        free(v->error);
        free(v->warnings);
        free(v->log_path);
        free(v->data_dir);
        brig_container_unref(v->_owner);
        free(v);
        return NULL;
}

int brig_container_get(Engine *e, const char *ref, ContainerView **ret, BrigError *err)
{
        ContainerView *v = NULL;
        Container *c = NULL;
        int r;

        pthread_mutex_lock(&e->lock);
        r = find_locked(e, ref, &c, err);
        if (r == 0) {
                v = brig_container_view_new(c);
                if (!v)
                        r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read container \"%s\"", c->id);
        }
        pthread_mutex_unlock(&e->lock);
        if (r == 0)
                *ret = v;
        return r;
}
