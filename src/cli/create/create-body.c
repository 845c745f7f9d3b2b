/* Puts the body together: the image's configuration here, the rest by the files that create-internal.h lists. */
#include "cli/create/create-internal.h"
#include "base/strings.h"
#include "cli/cli.h"
#include "cli/json-text.h"

int brig_create_no_memory(BrigError *err)
{
        /* jansson tells both by NULL, and memory is hardly ever short. */
        return brig_error_set(err, BRIG_ERR_INVALID, EILSEQ, "writing the container's configuration: a value is not UTF-8 text (or memory is short)");
}

int brig_create_bad(BrigError *err, const char *value, const char *flag, const char *why)
{
        return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "invalid argument \"%s\" for \"%s\" flag: %s", value, flag, why);
}

int brig_create_set(json_t *object, const char *member, json_t *value, BrigError *err)
{
        return json_object_set_new(object, member, value) < 0 ? brig_create_no_memory(err) : 0;
}

json_t *brig_create_object(json_t *parent, const char *member)
{
        json_t *o = json_object_get(parent, member);

        if (!o && json_object_set_new(parent, member, o = json_object()) < 0)
                return NULL;
        return o;
}

int brig_create_append(json_t *parent, const char *member, json_t *value, BrigError *err)
{
        json_t *a = json_object_get(parent, member);

        if (!a && json_object_set_new(parent, member, a = json_array()) < 0)
                a = NULL;
        return json_array_append_new(a, value) < 0 ? brig_create_no_memory(err) : 0;
}

char *brig_cut_value(char *word)
{
        char *equals = strchr(word, '=');

        if (!equals)
                return NULL;
        *equals = '\0';
        return equals + 1;
}

int brig_create_map(json_t *parent, const char *member, char *const *words, BrigError *err)
{
        BRIG_STRV_FOREACH(word, words) {
                _cleanup_free_ char *name = strdup(*word);
                const char *value = name ? brig_cut_value(name) : NULL;
                int r = name ? brig_create_set(brig_create_object(parent, member), name, json_string(value ?: ""), err)
                             : brig_create_no_memory(err);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* The value that a row copies. False: it was not given. */
static bool row_value(const CopyRow *row, const ContainerOptions *o, json_t **ret)
{
        const void *slot = (const char *)o + row->offset;

        switch (row->kind) {
        case OPT_BOOL:
                *ret = json_true();
                return *(const bool *)slot;
        case OPT_TRISTATE:
                *ret = *(const int *)slot > 0 ? json_true() : json_false();
                return *(const int *)slot >= 0;
        case OPT_STRING:
                if (brig_str_empty(*(const char *const *)slot))
                        return false;
                *ret = json_string(*(const char *const *)slot);
                return true;
        case OPT_LIST:
                if (!*(char **const *)slot)
                        return false;
                *ret = brig_json_strings(*(char **const *)slot);
                return true;
        default:
                if (!((const OptInt *)slot)->set)
                        return false;
                *ret = json_integer(((const OptInt *)slot)->value);
                return true;
        }
}

int brig_create_copy(const CopyRow *rows, size_t n, const ContainerOptions *o, json_t *to, BrigError *err)
{
        for (size_t i = 0; i < n; i++) {
                json_t *value;

                if (row_value(&rows[i], o, &value) && json_object_set_new(to, rows[i].member, value) < 0)
                        return brig_create_no_memory(err);
        }
        return 0;
}

int brig_csv_fields(const char *s, char ***ret)
{
        _cleanup_strv_ char **fields = NULL;

        for (const char *next = s; next;) {
                _cleanup_free_ char *field = malloc(strlen(next) + 1);
                bool quoted = *next == '"';
                size_t n = 0;
                int r;

                if (!field)
                        return -ENOMEM;
                for (s = next + quoted; *s && (quoted || *s != ','); s++) {
                        /* "" inside quotes is one quote; another one ends them. */
                        if (quoted && *s == '"' && *++s != '"')
                                quoted = false;
                        if (!quoted && (*s == ',' || !*s))
                                break;
                        field[n++] = *s;
                }
                if (quoted)
                        return -EINVAL;
                field[n] = '\0';
                next = *s == ',' ? s + 1 : NULL;
                r = brig_strv_push(&fields, field);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(fields);
        return 0;
}

static const CopyRow config_rows[] = {
        COPY("Hostname", STRING, hostname), COPY("Domainname", STRING, domainname), COPY("User", STRING, user),
        COPY("Tty", BOOL, tty), COPY("OpenStdin", BOOL, interactive), COPY("WorkingDir", STRING, workdir),
        COPY("StopSignal", STRING, stop_signal), COPY("StopTimeout", INT, stop_timeout),
};

typedef struct Attached { bool in, out, error; } Attached;

static int read_attach(const ContainerOptions *o, Attached *ret, BrigError *err)
{
        *ret = (Attached) { .in = o->interactive, .out = !o->attach, .error = !o->attach };
        BRIG_STRV_FOREACH(word, o->attach) {
                if (strcasecmp(*word, "stdin") == 0)
                        ret->in = true;
                else if (strcasecmp(*word, "stdout") == 0)
                        ret->out = true;
                else if (strcasecmp(*word, "stderr") == 0)
                        ret->error = true;
                else
                        return brig_create_bad(err, *word, "-a, --attach", "valid streams are STDIN, STDOUT and STDERR");
        }
        if (o->detach)
                *ret = (Attached) { 0 };
        return 0;
}

static int put_streams(const ContainerOptions *o, json_t *config, BrigError *err)
{
        Attached a;
        int r = read_attach(o, &a, err);

        if (r >= 0 && a.in)
                r = brig_create_set(config, "AttachStdin", json_true(), err);
        if (r >= 0)
                r = brig_create_set(config, "AttachStdout", json_boolean(a.out), err);
        if (r >= 0)
                r = brig_create_set(config, "AttachStderr", json_boolean(a.error), err);
        if (r >= 0 && a.in && o->interactive)
                r = brig_create_set(config, "StdinOnce", json_true(), err);
        return r;
}

static int put_command(const ContainerOptions *o, char *const *args, json_t *config, BrigError *err)
{
        int r = brig_create_set(config, "Image", json_string(args[0]), err);

        if (r >= 0 && args[1])
                r = brig_create_set(config, "Cmd", brig_json_strings(args + 1), err);
        /* --entrypoint "" resets the image's: the API has no other way to say it than one empty word. */
        if (r >= 0 && o->entrypoint)
                r = brig_create_append(config, "Entrypoint", json_string(o->entrypoint), err);
        return r;
}

static const CopyRow health_rows[] = {
        COPY("Interval", DURATION, health_interval), COPY("Timeout", DURATION, health_timeout),
        COPY("StartPeriod", DURATION, health_start_period), COPY("StartInterval", DURATION, health_start_interval),
        COPY("Retries", INT, health_retries),
};

static int check_health(const ContainerOptions *o, BrigError *err)
{
        static const char *const names[] = { "health-interval", "health-timeout", "health-start-period", "health-start-interval", "health-retries" };

        for (size_t i = 0; i < ARRAY_SIZE(health_rows); i++)
                if (((const OptInt *)(const void *)((const char *)o + health_rows[i].offset))->value < 0)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "--%s cannot be negative", names[i]);
        return 0;
}

static int put_health(const ContainerOptions *o, json_t *config, BrigError *err)
{
        json_t *health = json_object();
        int r = health ? check_health(o, err) : brig_create_no_memory(err);

        if (r >= 0 && !brig_str_empty(o->health_cmd)) {
                r = brig_create_append(health, "Test", json_string("CMD-SHELL"), err);
                if (r >= 0)
                        r = brig_create_append(health, "Test", json_string(o->health_cmd), err);
        }
        if (r >= 0)
                r = brig_create_copy(health_rows, ARRAY_SIZE(health_rows), o, health, err);
        if (r >= 0 && o->no_healthcheck) {
                r = json_object_size(health) > 0
                        ? brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "--no-healthcheck conflicts with --health-* options")
                        : brig_create_append(health, "Test", json_string("NONE"), err);
        }
        if (r >= 0 && json_object_size(health) > 0)
                return brig_create_set(config, "Healthcheck", health, err);
        json_decref(health);
        return r;
}

static const CopyRow host_rows[] = { COPY("Init", TRISTATE, init) };

static int put_parts(const ContainerOptions *o, json_t *config, json_t *host, BrigError *err)
{
        int r = put_streams(o, config, err);

        if (r >= 0)
                r = brig_create_copy(config_rows, ARRAY_SIZE(config_rows), o, config, err);
        if (r >= 0)
                r = put_health(o, config, err);
        if (r >= 0)
                r = brig_create_environment(o, config, err);
        if (r >= 0)
                r = brig_create_mounts(o, config, host, err);
        if (r >= 0)
                r = brig_create_ports(o, config, host, err);
        if (r >= 0)
                r = brig_create_networks(o, config, host, err);
        if (r >= 0)
                r = brig_create_devices(o, host, err);
        if (r >= 0)
                r = brig_create_copy(host_rows, ARRAY_SIZE(host_rows), o, host, err);
        if (r >= 0)
                r = brig_create_limits(o, host, err);
        if (r >= 0)
                r = brig_create_security(o, host, err);
        return r;
}

int brig_create_body(const ContainerOptions *o, char *const *args, json_t **ret, BrigError *err)
{
        json_t *config = json_object(), *host = json_object();
        int r = config && host ? put_command(o, args, config, err) : brig_create_no_memory(err);

        if (r >= 0)
                r = put_parts(o, config, host, err);
        if (r >= 0)
                r = brig_create_set(config, "HostConfig", json_incref(host), err);
        json_decref(host);
        if (r < 0) {
                json_decref(config);
                return r;
        }
        *ret = config;
        return 0;
}
