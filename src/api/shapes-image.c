/* Images as Docker shows them. */
#include "api/shapes.h"

#include "base/clock.h"
#include "base/strings.h"

typedef struct RowShape {
        const char *id, *parent;
        char **tags, **digests;
        int64_t created, size, shared_size, containers;
        JsonInt virtual_size;
        JsonPairs labels;
} RowShape;

static const JsonField row_fields[] = {
        JSON_FIELD("Containers", INT64, RowShape, containers, 0),
        JSON_FIELD("Created", INT64, RowShape, created, 0),
        JSON_FIELD("Id", STRING, RowShape, id, 0),
        JSON_FIELD("Labels", STRMAP, RowShape, labels, JSON_F_NULL_EMPTY),
        JSON_FIELD("ParentId", STRING, RowShape, parent, 0),
        JSON_FIELD("RepoDigests", STRV, RowShape, digests, 0),
        JSON_FIELD("RepoTags", STRV, RowShape, tags, 0),
        JSON_FIELD("SharedSize", INT64, RowShape, shared_size, 0),
        JSON_FIELD("Size", INT64, RowShape, size, 0),
        JSON_FIELD("VirtualSize", OPT_INT64, RowShape, virtual_size, JSON_F_OMIT_EMPTY),
        JSON_END,
};

typedef struct InspectShape {
        const char *id, *parent, *comment, *created, *docker_version, *author, *arch, *variant, *os, *os_version;
        char **tags, **digests;
        int64_t size;
        JsonInt virtual_size;
        json_t *config, *container_config, *graph, *rootfs, *metadata;
} InspectShape;

static const JsonField inspect_fields[] = {
        JSON_FIELD("Id", STRING, InspectShape, id, 0),
        JSON_FIELD("RepoTags", STRV, InspectShape, tags, 0),
        JSON_FIELD("RepoDigests", STRV, InspectShape, digests, 0),
        JSON_FIELD("Parent", STRING, InspectShape, parent, 0),
        JSON_FIELD("Comment", STRING, InspectShape, comment, 0),
        JSON_FIELD("Created", STRING, InspectShape, created, JSON_F_OMIT_EMPTY),
        JSON_FIELD("DockerVersion", STRING, InspectShape, docker_version, 0),
        JSON_FIELD("Author", STRING, InspectShape, author, 0),
        JSON_FIELD("Config", RAW, InspectShape, config, 0),
        JSON_FIELD("Architecture", STRING, InspectShape, arch, 0),
        JSON_FIELD("Variant", STRING, InspectShape, variant, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Os", STRING, InspectShape, os, 0),
        JSON_FIELD("OsVersion", STRING, InspectShape, os_version, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Size", INT64, InspectShape, size, 0),
        JSON_FIELD("VirtualSize", OPT_INT64, InspectShape, virtual_size, JSON_F_OMIT_EMPTY),
        JSON_FIELD("GraphDriver", RAW, InspectShape, graph, 0),
        JSON_FIELD("RootFS", RAW, InspectShape, rootfs, 0),
        JSON_FIELD("Metadata", RAW, InspectShape, metadata, 0),
        JSON_END,
};

typedef struct ConfigShape {
        const ImageContainerConfig *c;
        const char *hostname, *domainname, *user, *image, *working_dir, *stop_signal;
        bool no, args_escaped;
        char **env, **cmd, **entrypoint, **on_build, **shell;
        JsonPairs labels;
        json_t *exposed_ports, *volumes, *healthcheck;
} ConfigShape;

/* Docker's whole container.Config: older clients read members that an image cannot have. */
static const JsonField config_fields[] = {
        JSON_FIELD("Hostname", STRING, ConfigShape, hostname, 0),
        JSON_FIELD("Domainname", STRING, ConfigShape, domainname, 0),
        JSON_FIELD("User", STRING, ConfigShape, user, 0),
        JSON_FIELD("AttachStdin", BOOL, ConfigShape, no, 0),
        JSON_FIELD("AttachStdout", BOOL, ConfigShape, no, 0),
        JSON_FIELD("AttachStderr", BOOL, ConfigShape, no, 0),
        JSON_FIELD("ExposedPorts", RAW, ConfigShape, exposed_ports, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Tty", BOOL, ConfigShape, no, 0),
        JSON_FIELD("OpenStdin", BOOL, ConfigShape, no, 0),
        JSON_FIELD("StdinOnce", BOOL, ConfigShape, no, 0),
        JSON_FIELD("Env", STRV, ConfigShape, env, JSON_F_NULL_EMPTY),
        JSON_FIELD("Cmd", STRV, ConfigShape, cmd, JSON_F_NULL_EMPTY),
        JSON_FIELD("Healthcheck", RAW, ConfigShape, healthcheck, JSON_F_OMIT_EMPTY),
        JSON_FIELD("ArgsEscaped", BOOL, ConfigShape, args_escaped, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Image", STRING, ConfigShape, image, 0),
        JSON_FIELD("Volumes", RAW, ConfigShape, volumes, 0),
        JSON_FIELD("WorkingDir", STRING, ConfigShape, working_dir, 0),
        JSON_FIELD("Entrypoint", STRV, ConfigShape, entrypoint, JSON_F_NULL_EMPTY),
        JSON_FIELD("OnBuild", STRV, ConfigShape, on_build, JSON_F_NULL_EMPTY),
        JSON_FIELD("Labels", STRMAP, ConfigShape, labels, JSON_F_NULL_EMPTY),
        JSON_FIELD("StopSignal", STRING, ConfigShape, stop_signal, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Shell", STRV, ConfigShape, shell, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static json_t *shape_healthcheck(const ImageHealthcheck *h)
{
        return h ? brig_json_write(image_healthcheck_fields, h) : NULL;
}

static json_t *shape_config(const ImageContainerConfig *c)
{
        _cleanup_json_ json_t *healthcheck = shape_healthcheck(c->healthcheck);

        return brig_json_write(config_fields, &(ConfigShape){
                .hostname = c->hostname ?: "", .domainname = c->domainname ?: "", .user = c->user ?: "", .image = "",
                .working_dir = c->working_dir ?: "", .stop_signal = c->stop_signal, .args_escaped = c->args_escaped,
                .env = c->env, .cmd = c->cmd, .entrypoint = c->entrypoint, .on_build = c->on_build, .shell = c->shell,
                .labels = c->labels, .exposed_ports = c->exposed_ports, .volumes = c->volumes, .healthcheck = healthcheck,
        });
}

static json_t *shape_rootfs(const Image *i)
{
        _cleanup_json_ json_t *layers = brig_shape_strings(i->config.rootfs.diff_ids);

        return layers ? json_pack("{s:s, s:O}", "Type", "layers", "Layers", layers) : NULL;
}

/* The sum that clients before 1.44 read under another name. */
static JsonInt virtual_size(const Image *i, unsigned version)
{
        return (JsonInt){ .set = version < API_VERSION(1, 44), .value = i->size };
}

json_t *brig_shape_image_inspect(const Image *i, unsigned version)
{
        const ImageConfig *c = &i->config;
        _cleanup_json_ json_t *config = shape_config(&c->config), *rootfs = shape_rootfs(i), *metadata = NULL,
                *graph = json_pack("{s:s, s:n}", "Name", SHAPE_STORAGE_DRIVER, "Data");
        char tagged[40];

        brig_shape_time(i->tagged, tagged);
        metadata = json_pack("{s:s}", "LastTagTime", tagged);
        if (!config || !rootfs || !metadata || !graph)
                return NULL;
        return brig_json_write(inspect_fields, &(InspectShape){
                .id = i->id, .tags = i->repo_tags, .digests = i->repo_digests, .parent = i->parent ?: "", .comment = c->comment ?: "",
                .created = c->created, .docker_version = c->docker_version ?: "", .author = c->author ?: "", .config = config,
                .arch = c->architecture ?: "", .variant = c->variant, .os = c->os ?: "", .os_version = c->os_version, .size = i->size,
                .virtual_size = virtual_size(i, version), .graph = graph, .rootfs = rootfs, .metadata = metadata,
        });
}

json_t *brig_shape_image_row(const ImageRow *row, unsigned version)
{
        const Image *i = row->image;
        static char *const untagged[] = { (char *)"<none>:<none>", NULL };
        /* Before 1.43 an image without a name was listed under this one. */
        char *const *tags = brig_strv_len(row->tags) == 0 && version < API_VERSION(1, 43) ? untagged : row->tags;

        return brig_json_write(row_fields, &(RowShape){
                .id = i->id, .parent = i->parent ?: "", .tags = (char **)tags, .digests = (char **)row->digests,
                .created = i->created / BRIG_NSEC_PER_SEC, .size = i->size, .shared_size = row->shared_size, .containers = row->containers,
                .virtual_size = virtual_size(i, version), .labels = i->config.config.labels,
        });
}

static int64_t history_time(const ImageHistory *h)
{
        int64_t t;

        return h->created && brig_time_parse(h->created, 0, &t) == 0 && t != BRIG_TIME_ZERO ? t / BRIG_NSEC_PER_SEC : 0;
}

/* Newest first. Only the uppermost row has an id: the others were never images here. */
json_t *brig_shape_image_history(const Image *i)
{
        _cleanup_json_ json_t *rows = json_array();
        const ImageHistory *history = i->config.history.items;
        /* Rows that made a layer and layers go together, from the top down as far as there are both. */
        size_t layer = brig_strv_len(i->config.rootfs.diff_ids);

        for (size_t n = i->config.history.count; rows && n > 0; n--) {
                const ImageHistory *h = &history[n - 1];
                bool top = n == i->config.history.count;
                int64_t size = h->empty_layer || layer == 0 || !i->layer_sizes ? 0 : i->layer_sizes[--layer];
                json_t *row = json_pack("{s:s, s:I, s:s, s:o, s:I, s:s}", "Id", top ? i->id : "<missing>", "Created",
                                        (json_int_t)history_time(h), "CreatedBy", h->created_by ?: "", "Tags",
                                        top && brig_strv_len(i->repo_tags) ? brig_shape_strings(i->repo_tags) : json_null(), "Size",
                                        (json_int_t)size, "Comment", h->comment ?: "");

                if (json_array_append_new(rows, row) < 0)
                        return NULL;
        }
        return TAKE_PTR(rows);
}

json_t *brig_shape_image_deletions(char *const *lines)
{
        _cleanup_json_ json_t *rows = json_array();

        BRIG_STRV_FOREACH(line, lines) {
                const char *colon = strstr(*line, ": ");
                _cleanup_free_ char *verb = colon ? strndup(*line, (size_t)(colon - *line)) : NULL;

                if (!rows || !verb || json_array_append_new(rows, json_pack("{s:s}", verb, colon + 2)) < 0)
                        return NULL;
        }
        return TAKE_PTR(rows);
}
