/*
 * Create: definition ▸ image ▸ merge and defaults ▸ checks ▸ name ▸ plan ▸
 * state. Nothing is told to brigd: a container that never started exists here alone.
 */
#include "engine/create-internal.h"
#include "engine/engine-internal.h"
#include "engine/names-internal.h"
#include "engine/spec-internal.h"

#include "base/clock.h"
#include "base/strings.h"

#define NAME_ATTEMPTS 16
#define SHORT_ID 12
#define DEFAULT_SHM_SIZE (INT64_C(64) << 20)

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "create container");
}

/* --- defaults ----------------------------------------------------------- */

static int default_string(char **to, const char *value)
{
        return brig_str_empty(*to) ? brig_str_set(to, value) : 0;
}

static int default_list(char ***to, const char *const *values)
{
        if (*to)
                return 0;
        *to = calloc(1, sizeof **to);
        if (!*to)
                return -ENOMEM;
        for (; *values; values++)
                if (brig_strv_push(to, *values) < 0)
                        return -ENOMEM;
        return 0;
}

/* Written into the definition, so that inspect shows what holds. */
static int set_defaults(Container *c, const SecurityChoice *security, BrigError *err)
{
        ContainerConfig *config = &c->definition.config;
        HostConfig *h = &c->definition.host;
        _cleanup_free_ char *short_id = strndup(c->id, SHORT_ID);
        static const char *const nothing[] = { NULL };

        if (!short_id || (!brig_is_host_mode(h->uts_mode) && default_string(&config->hostname, short_id) < 0))
                return no_memory(err);
        if (h->shm_size == 0)
                h->shm_size = DEFAULT_SHM_SIZE;
        if (h->memory > 0 && h->memory_swap == 0 && h->memory < INT64_MAX / 2)
                h->memory_swap = h->memory * 2;
        if (default_string(&h->network_mode, "default") < 0 || default_string(&h->ipc_mode, "private") < 0 || default_string(&h->cgroupns_mode, "private") < 0 ||
            default_string(&h->runtime, "brig") < 0 || default_string(&h->log_config.type, "json-file") < 0 || default_string(&h->restart_policy.name, "no") < 0 ||
            default_list(&h->masked_paths, security->system_paths ? brig_masked_paths : nothing) < 0 ||
            default_list(&h->readonly_paths, security->system_paths ? brig_readonly_paths : nothing) < 0)
                return no_memory(err);
        return 0;
}

/* --- image -------------------------------------------------------------- */

static int check_platform(const CreateRequest *r, const Image *image, BrigError *err)
{
        _cleanup_free_ char *full = NULL, *short_form = NULL;

        if (brig_str_empty(r->platform))
                return 0;
        full = brig_str_printf("%s/%s%s%s", image->config.os, image->config.architecture, brig_str_empty(image->config.variant) ? "" : "/",
                               image->config.variant ? image->config.variant : "");
        short_form = brig_str_printf("%s/%s", image->config.os, image->config.architecture);
        if (!full || !short_form)
                return no_memory(err);
        if (streq(r->platform, full) || streq(r->platform, short_form) || streq(r->platform, image->config.os) || streq(r->platform, image->config.architecture))
                return 0;
        return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "image with reference %s was found but its platform (%s) does not match the specified platform (%s)",
                              r->definition->config.image, full, r->platform);
}

static int use_image(Container *c, const CreateRequest *r, BrigError *err)
{
        _cleanup_(brig_image_unrefp) Image *image = NULL;
        int k;

        if (brig_str_empty(r->definition->config.image))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "no image specified");
        k = brig_image_resolve(c->engine->images, r->definition->config.image, &image, err);
        if (k == 0)
                k = check_platform(r, image, err);
        if (k < 0)
                return k;
        c->image_id = strdup(image->id);
        c->image_name = strdup(r->definition->config.image);
        if (!c->image_id || !c->image_name)
                return no_memory(err);
        return brig_definition_merge(&c->definition, &image->config.config, err);
}

/* The image may have been deleted between its resolution and the moment from which the container counts as its user. */
static int recheck_image(Container *c, BrigError *err)
{
        _cleanup_(brig_image_unrefp) Image *image = NULL;

        return brig_image_resolve(c->engine->images, c->image_id, &image, err);
}

/* --- names -------------------------------------------------------------- */

static int conflict(Engine *e, const char *name, BrigError *err)
{
        const Container *other = brig_map_get(e->names, name);

        return brig_error_set(err, BRIG_ERR_CONFLICT, EEXIST,
                              "Conflict. The container name \"/%s\" is already in use by container \"%s\". "
                              "You have to remove (or rename) that container to be able to reuse that name.",
                              name, other->id);
}

/* Takes a name for a container that is not published yet: from then on nobody else gets it. */
static int reserve_name(Container *c, const char *name, BrigError *err)
{
        Engine *e = c->engine;
        int r;

        pthread_mutex_lock(&e->lock);
        r = brig_map_put(e->names, name, c);
        if (r == -EEXIST)
                r = conflict(e, name, err);
        else if (r < 0)
                r = no_memory(err);
        pthread_mutex_unlock(&e->lock);
        return r;
}

static int generate_name(Container *c, BrigError *err)
{
        int r = -EEXIST;

        for (unsigned attempt = 0; r == -EEXIST && attempt < NAME_ATTEMPTS; attempt++) {
                _cleanup_free_ char *name = brig_name_generate(attempt);

                if (!name)
                        return no_memory(err);
                r = reserve_name(c, name, err);
                if (r == 0)
                        c->run.name = TAKE_PTR(name);
        }
        return r;
}

static int take_name(Container *c, const char *given, BrigError *err)
{
        const char *name;
        int r;

        if (brig_str_empty(given))
                return generate_name(c, err);
        r = brig_name_check(given, &name, err);
        if (r == 0)
                r = reserve_name(c, name, err);
        if (r < 0)
                return r;
        c->run.name = strdup(name);
        if (c->run.name)
                return 0;
        pthread_mutex_lock(&c->engine->lock);
        brig_map_take(c->engine->names, name);
        pthread_mutex_unlock(&c->engine->lock);
        return no_memory(err);
}

static void give_name_back(Container *c)
{
        pthread_mutex_lock(&c->engine->lock);
        if (c->run.name && !c->published)
                brig_map_take(c->engine->names, c->run.name);
        pthread_mutex_unlock(&c->engine->lock);
}

int brig_container_rename(Engine *e, const char *ref, const char *name, BrigError *err)
{
        _cleanup_(brig_container_give_backp) Container *c = NULL;
        _cleanup_run_ ContainerRun next = { 0 };
        _cleanup_free_ char *old = NULL;
        const char *bare;
        JsonPairs pairs = { 0 };
        int r = brig_container_take(e, ref, &c, err);

        if (r < 0)
                return r;
        if (brig_str_empty(name))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Neither old nor new names may be empty");
        r = brig_name_check(name, &bare, err);
        if (r < 0)
                return r;
        if (streq(bare, c->run.name))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Renaming a container with the same name as its current name");
        old = strdup(c->run.name);
        if (!old || brig_run_copy(&next, &c->run) < 0 || brig_str_set(&next.name, bare) < 0)
                return no_memory(err);
        r = reserve_name(c, bare, err);
        if (r < 0)
                return r;
        r = brig_container_commit(c, &next, true, err);
        pthread_mutex_lock(&e->lock);
        brig_map_take(e->names, r < 0 ? bare : old);
        pthread_mutex_unlock(&e->lock);
        if (r < 0)
                return r;
        BRIG_IGNORE(brig_pairs_set(&pairs, "oldName", old)); /* an event without its attribute is better than none */
        brig_container_emit(c, "rename", &pairs);
        brig_pairs_clear(&pairs);
        return 0;
}

/* --- create ------------------------------------------------------------- */

static int publish(Container *c, BrigError *err)
{
        Engine *e = c->engine;
        int r;

        pthread_mutex_lock(&e->lock);
        r = brig_map_put(e->containers, c->id, c);
        if (r == 0) {
                brig_container_ref(c);
                c->published = true;
        }
        pthread_mutex_unlock(&e->lock);
        return r < 0 ? no_memory(err) : 0;
}

static int finish(Container *c, BrigError *err)
{
        int r = brig_container_prepare(c, err);

        if (r == 0)
                r = brig_container_store(c, err);
        if (r < 0)
                return r;
        r = publish(c, err);
        if (r < 0)
                BRIG_IGNORE(brig_container_forget(c, false, NULL)); /* rows without a container: the next engine lists it as created */
        return r;
}

static int fill(Container *c, const CreateRequest *r, char ***warnings, BrigError *err)
{
        SecurityChoice security;
        int k = brig_definition_check(&c->definition, err);

        if (k == 0)
                k = use_image(c, r, err);
        if (k == 0)
                k = brig_security_choose(&c->definition.host, c->engine->options.default_profile, &security, err);
        if (k < 0)
                return k;
        c->profile = strdup(security.profile->name);
        k = c->profile ? set_defaults(c, &security, err) : no_memory(err);
        if (k == 0 && brig_security_warnings(&c->definition, &security, warnings) < 0)
                k = no_memory(err);
        brig_security_clear(&security);
        return k;
}

int brig_container_create(Engine *e, const CreateRequest *request, BrigId ret_id, char ***ret_warnings, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        _cleanup_strv_ char **warnings = NULL;
        BrigId id;
        int r;

        brig_id_random(id);
        c = brig_container_new(e, id);
        if (!c)
                return no_memory(err);
        c->created = brig_now_realtime();
        c->definition = *request->definition;
        r = fill(c, request, &warnings, err);
        if (r == 0)
                r = take_name(c, request->name, err);
        if (r == 0)
                r = finish(c, err);
        if (r < 0) {
                /* nobody else has seen it: the definition goes back to the caller */
                give_name_back(c);
                *request->definition = c->definition;
                c->definition = (ContainerDefinition){ 0 };
                return r;
        }
        *request->definition = (ContainerDefinition){ 0 };
        r = recheck_image(c, err);
        if (r < 0) {
                BRIG_IGNORE(brig_container_remove(e, c->id, &(RemoveRequest){ .force = true }, NULL)); /* the missing image is what the user has to hear */
                return r;
        }
        brig_container_emit(c, "create", NULL);
        memcpy(ret_id, id, sizeof id);
        if (ret_warnings)
                *ret_warnings = TAKE_PTR(warnings);
        return 0;
}
