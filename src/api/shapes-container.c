/* Containers and exec sessions as Docker shows them. */
#include "api/shapes.h"

#include "base/clock.h"
#include "base/strings.h"

typedef struct StateShape {
        const char *status, *error, *started, *finished;
        bool running, paused, restarting, oom_killed, dead;
        int64_t pid, exit_code;
        json_t *health;
} StateShape;

static const JsonField state_fields[] = {
        JSON_FIELD("Status", STRING, StateShape, status, 0),
        JSON_FIELD("Running", BOOL, StateShape, running, 0),
        JSON_FIELD("Paused", BOOL, StateShape, paused, 0),
        JSON_FIELD("Restarting", BOOL, StateShape, restarting, 0),
        JSON_FIELD("OOMKilled", BOOL, StateShape, oom_killed, 0),
        JSON_FIELD("Dead", BOOL, StateShape, dead, 0),
        JSON_FIELD("Pid", INT64, StateShape, pid, 0),
        JSON_FIELD("ExitCode", INT64, StateShape, exit_code, 0),
        JSON_FIELD("Error", STRING, StateShape, error, 0),
        JSON_FIELD("StartedAt", STRING, StateShape, started, 0),
        JSON_FIELD("FinishedAt", STRING, StateShape, finished, 0),
        JSON_FIELD("Health", RAW, StateShape, health, JSON_F_OMIT_EMPTY),
        JSON_END,
};

typedef struct InspectShape {
        const char *id, *created, *path, *image, *resolv_conf, *hostname, *hosts, *log, *name, *driver, *platform, *empty;
        char **args, **exec_ids;
        int64_t restart_count;
        json_t *state, *host_config, *graph_driver, *mounts, *config, *network;
} InspectShape;

static const JsonField inspect_fields[] = {
        JSON_FIELD("Id", STRING, InspectShape, id, 0),
        JSON_FIELD("Created", STRING, InspectShape, created, 0),
        JSON_FIELD("Path", STRING, InspectShape, path, 0),
        JSON_FIELD("Args", STRV, InspectShape, args, 0),
        JSON_FIELD("State", RAW, InspectShape, state, 0),
        JSON_FIELD("Image", STRING, InspectShape, image, 0),
        JSON_FIELD("ResolvConfPath", STRING, InspectShape, resolv_conf, 0),
        JSON_FIELD("HostnamePath", STRING, InspectShape, hostname, 0),
        JSON_FIELD("HostsPath", STRING, InspectShape, hosts, 0),
        JSON_FIELD("LogPath", STRING, InspectShape, log, 0),
        JSON_FIELD("Name", STRING, InspectShape, name, 0),
        JSON_FIELD("RestartCount", INT64, InspectShape, restart_count, 0),
        JSON_FIELD("Driver", STRING, InspectShape, driver, 0),
        JSON_FIELD("Platform", STRING, InspectShape, platform, 0),
        JSON_FIELD("MountLabel", STRING, InspectShape, empty, 0),
        JSON_FIELD("ProcessLabel", STRING, InspectShape, empty, 0),
        JSON_FIELD("AppArmorProfile", STRING, InspectShape, empty, 0),
        JSON_FIELD("ExecIDs", STRV, InspectShape, exec_ids, JSON_F_NULL_EMPTY),
        JSON_FIELD("HostConfig", RAW, InspectShape, host_config, 0),
        JSON_FIELD("GraphDriver", RAW, InspectShape, graph_driver, 0),
        JSON_FIELD("Mounts", RAW, InspectShape, mounts, 0),
        JSON_FIELD("Config", RAW, InspectShape, config, 0),
        JSON_FIELD("NetworkSettings", RAW, InspectShape, network, 0),
        JSON_END,
};

typedef struct RowShape {
        const char *id, *image, *image_id, *state, *status, *command;
        char **names;
        int64_t created;
        JsonPairs labels;
        json_t *ports, *host_config, *network, *mounts;
} RowShape;

static const JsonField row_fields[] = {
        JSON_FIELD("Id", STRING, RowShape, id, 0),
        JSON_FIELD("Names", STRV, RowShape, names, 0),
        JSON_FIELD("Image", STRING, RowShape, image, 0),
        JSON_FIELD("ImageID", STRING, RowShape, image_id, 0),
        JSON_FIELD("Command", STRING, RowShape, command, 0),
        JSON_FIELD("Created", INT64, RowShape, created, 0),
        JSON_FIELD("Ports", RAW, RowShape, ports, 0),
        JSON_FIELD("Labels", STRMAP, RowShape, labels, 0),
        JSON_FIELD("State", STRING, RowShape, state, 0),
        JSON_FIELD("Status", STRING, RowShape, status, 0),
        JSON_FIELD("HostConfig", RAW, RowShape, host_config, 0),
        JSON_FIELD("NetworkSettings", RAW, RowShape, network, 0),
        JSON_FIELD("Mounts", RAW, RowShape, mounts, 0),
        JSON_END,
};

static const char *const health_names[] = {
        [HEALTH_NONE] = "none", [HEALTH_STARTING] = "starting", [HEALTH_HEALTHY] = "healthy", [HEALTH_UNHEALTHY] = "unhealthy",
};

void brig_shape_time(int64_t ns, char out[40])
{
        brig_time_format(ns ? ns : BRIG_TIME_ZERO, out);
}

json_t *brig_shape_strings(char *const *v)
{
        _cleanup_json_ json_t *array = json_array();

        BRIG_STRV_FOREACH(s, v)
                if (!array || json_array_append_new(array, json_string(*s)) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

/* Docker counts a container between two attempts of its restart policy as running. */
static bool counts_as_running(const ContainerView *v)
{
        return v->state == CONTAINER_RUNNING || v->state == CONTAINER_PAUSED || v->state == CONTAINER_RESTARTING;
}

static json_t *shape_probes(const ContainerView *v)
{
        _cleanup_json_ json_t *log = json_array();

        for (size_t i = 0; log && i < v->n_probes; i++) {
                const HealthProbe *p = &v->probes[i];
                char start[40], end[40];

                brig_shape_time(p->start, start);
                brig_shape_time(p->end, end);
                if (json_array_append_new(log, json_pack("{s:s, s:s, s:I, s:s}", "Start", start, "End", end, "ExitCode",
                                                         (json_int_t)p->exit_code, "Output", p->output ?: "")) < 0)
                        return NULL;
        }
        return TAKE_PTR(log);
}

static json_t *shape_health(const ContainerView *v)
{
        if (v->health == HEALTH_NONE)
                return NULL;
        return json_pack("{s:s, s:I, s:o}", "Status", health_names[v->health], "FailingStreak", (json_int_t)v->health_failing,
                         "Log", shape_probes(v));
}

static json_t *shape_state(const ContainerView *v)
{
        _cleanup_json_ json_t *health = shape_health(v);
        char started[40], finished[40];

        brig_shape_time(v->started_at, started);
        brig_shape_time(v->finished_at, finished);
        return brig_json_write(state_fields, &(StateShape){
                .status = brig_container_state_name(v->state), .running = counts_as_running(v),
                .paused = v->state == CONTAINER_PAUSED, .restarting = v->state == CONTAINER_RESTARTING,
                .oom_killed = v->oom_killed, .dead = v->dead, .pid = v->pid, .exit_code = v->exit_code,
                .error = v->error ?: "", .started = started, .finished = finished, .health = health,
        });
}

json_t *brig_shape_container_inspect(const ContainerView *v, unsigned version)
{
        _cleanup_json_ json_t *state = shape_state(v), *host = brig_definition_host_json(v->definition),
                *config = brig_definition_config_json(v->definition), *mounts = brig_shape_mounts(v->definition),
                *network = brig_shape_network_settings(v->definition),
                *graph = json_pack("{s:s, s:n}", "Name", SHAPE_STORAGE_DRIVER, "Data");
        _cleanup_free_ char *name = brig_str_printf("/%s", v->name), *resolv = brig_str_printf("%s/resolv.conf", v->data_dir),
                *hostname = brig_str_printf("%s/hostname", v->data_dir), *hosts = brig_str_printf("%s/hosts", v->data_dir);
        char created[40];

        if (!state || !host || !config || !mounts || !network || !graph || !name || !resolv || !hostname || !hosts)
                return NULL;
        brig_shape_time(v->created, created);
        return brig_json_write(inspect_fields, &(InspectShape){
                .id = v->id, .created = created, .path = v->path ?: "", .args = v->args, .state = state, .image = v->image_id,
                .resolv_conf = resolv, .hostname = hostname, .hosts = hosts, .log = v->log_path ?: "", .name = name,
                .restart_count = v->restart_count, .driver = SHAPE_STORAGE_DRIVER, .platform = "linux", .empty = "",
                .exec_ids = v->exec_ids, .host_config = host, .graph_driver = graph, .mounts = mounts, .config = config,
                .network = network,
        });
}

static void ago(int64_t since, int64_t now, char out[40])
{
        brig_duration_human(now > since ? now - since : 0, out);
}

void brig_shape_container_status(const ContainerView *v, int64_t now, char out[80])
{
        char up[40], since[40];

        ago(v->started_at, now, up);
        ago(v->finished_at, now, since);
        if (v->state == CONTAINER_PAUSED)
                (void)snprintf(out, 80, "Up %s (Paused)", up);
        else if (v->state == CONTAINER_RESTARTING)
                (void)snprintf(out, 80, "Restarting (%d) %s ago", v->exit_code, since);
        else if (v->state == CONTAINER_RUNNING && v->health != HEALTH_NONE)
                (void)snprintf(out, 80, "Up %s (%s%s)", up, v->health == HEALTH_STARTING ? "health: " : "", health_names[v->health]);
        else if (v->state == CONTAINER_RUNNING)
                (void)snprintf(out, 80, "Up %s", up);
        else if (v->state == CONTAINER_REMOVING)
                (void)snprintf(out, 80, "Removal In Progress");
        else if (v->state == CONTAINER_DEAD)
                (void)snprintf(out, 80, "Dead");
        else if (v->started_at == 0)
                (void)snprintf(out, 80, "Created");
        else
                (void)snprintf(out, 80, "Exited (%d) %s ago", v->exit_code, since);
}

char *brig_shape_command(const char *path, char *const *args)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_JSON_MAX_BYTES);

        (void)brig_buffer_puts(&b, path ?: "");
        BRIG_STRV_FOREACH(arg, args) {
                const char *quote = strchr(*arg, ' ') ? "'" : "";

                (void)brig_buffer_putc(&b, ' ');
                (void)brig_buffer_puts(&b, quote);
                (void)brig_buffer_puts(&b, *arg);
                (void)brig_buffer_puts(&b, quote);
        }
        return brig_buffer_take(&b);
}

/* The name the user wrote, as long as it still names the same image. */
static const char *shown_image(const ContainerView *v, ImageStore *images)
{
        Image *image = NULL;
        bool same;

        if (!images || !v->image_name || streq(v->image_name, v->image_id))
                return v->image_name ?: v->image_id;
        if (brig_image_resolve(images, v->image_name, &image, NULL) < 0)
                return v->image_id;
        same = streq(image->id, v->image_id);
        brig_image_unref(image);
        return same ? v->image_name : v->image_id;
}

json_t *brig_shape_container_row(const ContainerView *v, ImageStore *images, int64_t now)
{
        const HostConfig *host = &v->definition->host;
        _cleanup_json_ json_t *mounts = brig_shape_mounts(v->definition), *ports = json_array(),
                *network = json_pack("{s:o}", "Networks", brig_shape_networks(v->definition)),
                *host_config = json_pack("{s:s}", "NetworkMode", brig_str_empty(host->network_mode) ? "default" : host->network_mode);
        _cleanup_free_ char *command = brig_shape_command(v->path, v->args), *name = brig_str_printf("/%s", v->name);
        char status[80];

        if (!mounts || !ports || !network || !host_config || !command || !name)
                return NULL;
        brig_shape_container_status(v, now, status);
        return brig_json_write(row_fields, &(RowShape){
                .id = v->id, .names = (char *[]){ name, NULL }, .image = shown_image(v, images), .image_id = v->image_id,
                .command = command, .created = v->created / BRIG_NSEC_PER_SEC, .ports = ports, .labels = v->definition->config.labels,
                .state = brig_container_state_name(v->state), .status = status, .host_config = host_config, .network = network,
                .mounts = mounts,
        });
}

typedef struct ExecShape {
        const char *id, *container_id, *detach_keys;
        bool running, open_stdin, open_stdout, open_stderr, can_remove;
        int64_t pid;
        JsonInt exit_code;
        json_t *process;
} ExecShape;

static const JsonField exec_fields[] = {
        JSON_FIELD("ID", STRING, ExecShape, id, 0),
        JSON_FIELD("Running", BOOL, ExecShape, running, 0),
        JSON_FIELD("ExitCode", OPT_INT64, ExecShape, exit_code, 0),
        JSON_FIELD("ProcessConfig", RAW, ExecShape, process, 0),
        JSON_FIELD("OpenStdin", BOOL, ExecShape, open_stdin, 0),
        JSON_FIELD("OpenStderr", BOOL, ExecShape, open_stderr, 0),
        JSON_FIELD("OpenStdout", BOOL, ExecShape, open_stdout, 0),
        JSON_FIELD("CanRemove", BOOL, ExecShape, can_remove, 0),
        JSON_FIELD("ContainerID", STRING, ExecShape, container_id, 0),
        JSON_FIELD("DetachKeys", STRING, ExecShape, detach_keys, 0),
        JSON_FIELD("Pid", INT64, ExecShape, pid, 0),
        JSON_END,
};

json_t *brig_shape_exec(const ExecView *v)
{
        const ExecConfig *c = v->config;
        _cleanup_json_ json_t *process = json_pack("{s:b, s:s, s:o, s:b, s:s}", "tty", c->tty, "entrypoint", c->cmd && c->cmd[0] ? c->cmd[0] : "",
                                                   "arguments", brig_shape_strings(c->cmd && c->cmd[0] ? c->cmd + 1 : NULL),
                                                   "privileged", c->privileged, "user", c->user ?: "");

        if (!process)
                return NULL;
        return brig_json_write(exec_fields, &(ExecShape){
                .id = v->id, .running = v->running, .exit_code = { v->has_exit_code, v->exit_code }, .process = process,
                .open_stdin = c->attach_stdin, .open_stderr = c->attach_stderr, .open_stdout = c->attach_stdout,
                .can_remove = false, .container_id = v->container_id, .detach_keys = c->detach_keys ?: "", .pid = v->pid,
        });
}
