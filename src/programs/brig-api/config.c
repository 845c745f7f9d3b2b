#include "programs/brig-api/config.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/strings.h"

#include <fcntl.h>

#define MAX_FLAT (1u << 20)

static const char *const log_levels[] = { "debug", "info", "warn", "error", "fatal", NULL };
static const char *const log_drivers[] = { "json-file", NULL };
static const char *const storage_drivers[] = { "overlay2", NULL };
static const char *const profiles[] = { "standard", "compat", "hardened", NULL };

static const JsonField ulimit_fields[] = {
        JSON_FIELD("Name", STRING, ConfigUlimit, name, 0),
        JSON_RANGE("Soft", INT64, ConfigUlimit, soft, 0, -1, INT64_MAX),
        JSON_RANGE("Hard", INT64, ConfigUlimit, hard, 0, -1, INT64_MAX),
        JSON_END,
};

static const JsonField config_fields[] = {
        JSON_FIELD("data-root", STRING, Config, data_root, JSON_F_OMIT_EMPTY),
        JSON_FIELD("exec-root", STRING, Config, exec_root, JSON_F_OMIT_EMPTY),
        JSON_FIELD("hosts", STRV, Config, hosts, JSON_F_OMIT_EMPTY),
        JSON_FIELD("pidfile", STRING, Config, pidfile, JSON_F_OMIT_EMPTY),
        JSON_WORD("log-level", Config, log_level, JSON_F_OMIT_EMPTY, log_levels),
        JSON_FIELD("debug", BOOL, Config, debug, JSON_F_OMIT_EMPTY),
        JSON_SUB("default-ulimits", OBJECT_MAP, Config, ulimits, JSON_F_NO_WRITE, ulimit_fields, ConfigUlimit),
        JSON_WORD("log-driver", Config, log_driver, JSON_F_OMIT_EMPTY, log_drivers),
        JSON_FIELD("log-opts", STRMAP, Config, log_options, JSON_F_OMIT_EMPTY),
        JSON_FIELD("labels", STRV, Config, labels, JSON_F_OMIT_EMPTY),
        JSON_FIELD("init", TRISTATE, Config, init, JSON_F_OMIT_EMPTY),
        JSON_FIELD("live-restore", TRISTATE, Config, live_restore, JSON_F_OMIT_EMPTY),
        JSON_RANGE("shutdown-timeout", OPT_INT64, Config, shutdown_timeout, JSON_F_OMIT_EMPTY, 0, 86400),
        JSON_WORD("storage-driver", Config, storage_driver, JSON_F_OMIT_EMPTY, storage_drivers),
        JSON_FIELD("ceiling", STRING, Config, ceiling, JSON_F_OMIT_EMPTY),
        JSON_FIELD("user", STRING, Config, user, JSON_F_OMIT_EMPTY),
        JSON_WORD("profile", Config, profile, JSON_F_OMIT_EMPTY, profiles),
        JSON_RANGE("default-pids-limit", OPT_INT64, Config, default_pids, JSON_F_OMIT_EMPTY, 1, 4194304),
        JSON_FIELD("default-memory", STRING, Config, default_memory, JSON_F_OMIT_EMPTY),
        JSON_FIELD("id-registry", STRING, Config, id_registry, JSON_F_OMIT_EMPTY),
        JSON_END,
};

void config_clear(Config *c)
{
        brig_json_clear(config_fields, c);
}

static int refuse(const char *path, BrigError *err, const char *key, const char *why)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%s: \"%s\": %s", path, key, why);
}

static int check_ulimits(Config *c, const char *path, BrigError *err)
{
        const ConfigUlimit *u = c->ulimits.items;

        for (size_t i = 0; i < c->ulimits.count; i++) {
                if (!streq(u[i].key, "nofile"))
                        return refuse(path, err, "default-ulimits", "only \"nofile\" can have a default of the daemon");
                if (u[i].hard != u[i].soft || u[i].hard < 1)
                        return refuse(path, err, "default-ulimits", "nofile needs equal Soft and Hard values above 0");
                c->nofile = u[i].hard;
        }
        return 0;
}

static int check_log_options(Config *c, const char *path, BrigError *err)
{
        for (size_t i = 0; i < c->log_options.count; i++) {
                const JsonPair *o = &c->log_options.items[i];
                uint64_t size = 0;

                if (streq(o->key, "max-size")) {
                        if (brig_parse_size(o->value, &size) < 0 || size < 4096 || size > INT64_MAX)
                                return refuse(path, err, "log-opts", "max-size is not a size of 4 KiB or more");
                        c->log_max_size = (int64_t)size;
                } else if (streq(o->key, "max-file")) {
                        if (brig_parse_u32(o->value, &c->log_max_files) < 0 || c->log_max_files < 1 || c->log_max_files > 1000)
                                return refuse(path, err, "log-opts", "max-file is not a number from 1 to 1000");
                } else
                        return refuse(path, err, "log-opts", "there are \"max-size\" and \"max-file\"");
        }
        return 0;
}

static int check(Config *c, const char *path, BrigError *err)
{
        const char *const paths[] = { c->data_root, c->exec_root, c->pidfile, c->ceiling, c->id_registry };
        uint64_t memory;
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                if (paths[i] && paths[i][0] != '/')
                        return refuse(path, err, paths[i], "not an absolute path");
        if (c->live_restore == 0)
                return refuse(path, err, "live-restore", "containers always outlive the daemon here; false cannot be honoured");
        if (c->default_memory) {
                if (brig_parse_size(c->default_memory, &memory) < 0 || memory < (6u << 20) || memory > INT64_MAX)
                        return refuse(path, err, "default-memory", "not a size of 6m or more");
                c->memory_bytes = (int64_t)memory;
        }
        r = check_ulimits(c, path, err);
        return r < 0 ? r : check_log_options(c, path, err);
}

int config_parse(const char *text, size_t len, const char *path, Config *ret, BrigError *err)
{
        _cleanup_json_ json_t *object = NULL;
        _cleanup_(config_clear) Config c;
        int r;

        brig_json_init(config_fields, &c, sizeof(c));
        r = brig_json_parse(text, len, &object, err);
        if (r >= 0 && !json_is_object(object))
                r = brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "not an object");
        if (r >= 0)
                r = brig_json_read(object, config_fields, &c, sizeof(c), JSON_READ_STRICT, err);
        if (r < 0) {
                brig_error_prefix(err, "%s", path);
                return r;
        }
        r = check(&c, path, err);
        if (r < 0)
                return r;
        *ret = c;
        brig_json_init(config_fields, &c, sizeof(c));
        return 0;
}

static int read_file(int fd, BrigBuffer *out)
{
        for (;;) {
                void *at = brig_buffer_reserve(out, 4096);
                ssize_t n = at ? read(fd, at, 4096) : 0;

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return out->error;
                brig_buffer_commit(out, (size_t)n);
        }
}

int config_read(int fd, const char *path, Config *ret, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(CONFIG_MAX_BYTES);
        int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : read_file(fd, &text);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INVALID, r, "cannot read the configuration \"%s\"", path);
        return config_parse(text.data ?: "", text.len, path, ret, err);
}

int config_load(const char *path, bool must_exist, Config *ret, BrigError *err)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0 && errno == ENOENT && !must_exist) {
                brig_json_init(config_fields, ret, sizeof(*ret));
                return 0;
        }
        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INVALID, errno, "cannot read the configuration \"%s\"", path);
        return config_read(fd, path, ret, err);
}

/* A line break in a value would be a line of its own for brigd. */
static int flatten_line(BrigBuffer *out, const char *key, const char *member, const json_t *value)
{
        _cleanup_free_ char *number = json_is_integer(value) ? brig_str_printf("%lld", (long long)json_integer_value(value)) : NULL;
        const char *text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false") : json_string_value(value);

        if (number)
                text = number;
        if (!text || strpbrk(text, "\n\t") || (member && strpbrk(member, "\n\t")))
                return -EINVAL;
        return brig_buffer_printf(out, "%s%s%s\t%s\n", key, member ? "." : "", member ?: "", text);
}

static int flatten_value(BrigBuffer *out, const char *key, json_t *value)
{
        const char *member;
        json_t *element;
        size_t i;
        int r = 0;

        if (json_is_object(value)) {
                json_object_foreach(value, member, element)
                        r = r < 0 ? r : flatten_line(out, key, member, element);
                return r;
        }
        if (!json_is_array(value))
                return flatten_line(out, key, NULL, value);
        json_array_foreach(value, i, element)
                r = r < 0 ? r : flatten_line(out, streq(key, "hosts") ? "host" : key, NULL, element);
        return r;
}

char *config_flatten(const Config *c)
{
        _cleanup_json_ json_t *object = brig_json_write(config_fields, c);
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(MAX_FLAT);
        const char *key;
        json_t *value;

        if (!object)
                return NULL;
        /* Docker's "debug" is a log level that brigd knows by its name. */
        if (c->debug && !c->log_level)
                (void)brig_buffer_puts(&out, "log-level\tdebug\n");
        json_object_foreach(object, key, value)
                if (!json_is_null(value) && flatten_value(&out, key, value) < 0)
                        return NULL;
        return brig_buffer_take(&out);
}
