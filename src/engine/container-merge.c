/*
 * The image's configuration under the user's: what the user did not say comes
 * from the image, maps and the environment are merged by key (Docker's rules).
 */
#include "engine/create-internal.h"
#include "engine/env-internal.h"

#include "base/strings.h"

static int take_string(char **own, const char *image)
{
        return brig_str_empty(*own) && !brig_str_empty(image) ? brig_str_set(own, image) : 0;
}

static int take_strv(char ***own, char *const *image)
{
        if (*own || !image)
                return 0;
        *own = brig_strv_copy(image);
        return *own ? 0 : -ENOMEM;
}

/* The user's entries first, then those of the image that the user did not set. An entry without value of the user's removes the image's. */
static int merge_env(char ***env, char *const *image)
{
        _cleanup_(brig_env_clear) EnvTable table = { 0 };
        char **merged;

        if (!image)
                return 0;
        if (brig_env_set_all(&table, *env, 0) < 0 || brig_env_set_all(&table, image, BRIG_ENV_KEEP) < 0)
                return -ENOMEM;
        merged = brig_env_strv(&table);
        if (!merged)
                return -ENOMEM;
        brig_strv_free(*env);
        *env = merged;
        return 0;
}

static int merge_labels(JsonPairs *labels, const JsonPairs *image)
{
        for (size_t i = 0; i < image->count; i++)
                if (!brig_pairs_get(labels, image->items[i].key) && brig_pairs_set(labels, image->items[i].key, image->items[i].value) < 0)
                        return -ENOMEM;
        return 0;
}

/* Objects of which only the names count: exposed ports, volumes. */
static int merge_names(json_t **own, const json_t *image)
{
        if (json_object_size(image) == 0)
                return 0;
        if (!json_is_object(*own)) {
                json_decref(*own);
                *own = json_deep_copy(image);
                return *own ? 0 : -ENOMEM;
        }
        return json_object_update_missing(*own, (json_t *)image) < 0 ? -ENOMEM : 0;
}

static int merge_command(ContainerConfig *own, const ImageContainerConfig *image)
{
        if (brig_strv_len(own->entrypoint) > 0)
                return 0;
        /* an empty Cmd is none */
        if (brig_strv_len(own->cmd) == 0) {
                own->cmd = brig_strv_free(own->cmd);
                if (take_strv(&own->cmd, image->cmd) < 0)
                        return -ENOMEM;
                own->args_escaped = image->args_escaped;
        }
        return take_strv(&own->entrypoint, image->entrypoint);
}

static int copy_health(ContainerConfig *own, const ImageHealthcheck *image)
{
        HealthConfig *h = own->healthcheck;

        if (!h)
                h = own->healthcheck = calloc(1, sizeof *h);
        if (!h)
                return -ENOMEM;
        if (brig_strv_len(h->test) == 0) {
                h->test = brig_strv_free(h->test);
                if (take_strv(&h->test, image->test) < 0)
                        return -ENOMEM;
        }
        h->interval = h->interval ? h->interval : image->interval;
        h->timeout = h->timeout ? h->timeout : image->timeout;
        h->start_period = h->start_period ? h->start_period : image->start_period;
        h->start_interval = h->start_interval ? h->start_interval : image->start_interval;
        h->retries = h->retries ? h->retries : image->retries;
        return 0;
}

static int merge_all(ContainerConfig *own, const ImageContainerConfig *image)
{
        if (take_string(&own->user, image->user) < 0 || take_string(&own->working_dir, image->working_dir) < 0 ||
            take_string(&own->stop_signal, image->stop_signal) < 0 || take_strv(&own->on_build, image->on_build) < 0 || take_strv(&own->shell, image->shell) < 0)
                return -ENOMEM;
        if (!own->stop_timeout.set)
                own->stop_timeout = image->stop_timeout;
        if (merge_env(&own->env, image->env) < 0 || merge_labels(&own->labels, &image->labels) < 0 || merge_names(&own->exposed_ports, image->exposed_ports) < 0 ||
            merge_names(&own->volumes, image->volumes) < 0 || merge_command(own, image) < 0)
                return -ENOMEM;
        return image->healthcheck ? copy_health(own, image->healthcheck) : 0;
}

/* Docker's rule for an entrypoint of one empty word: it was given to reset the image's. */
static void reset_entrypoint(ContainerConfig *own)
{
        if (brig_strv_len(own->entrypoint) == 1 && !*own->entrypoint[0])
                own->entrypoint = brig_strv_free(own->entrypoint);
}

int brig_definition_merge(ContainerDefinition *d, const ImageContainerConfig *image, BrigError *err)
{
        if (merge_all(&d->config, image) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "merge the image's configuration");
        reset_entrypoint(&d->config);
        if (brig_strv_len(d->config.entrypoint) + brig_strv_len(d->config.cmd) == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "no command specified");
        return 0;
}
