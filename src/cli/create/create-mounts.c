/* -v, --mount, --tmpfs, --volumes-from and their like. */
#include "cli/create/create-internal.h"
#include "base/strings.h"
#include "cli/cli.h"
#include <limits.h>

/* A path that begins with '.' is taken from our working directory: the daemon has another one. */
static char *absolute(const char *path)
{
        _cleanup_free_ char *here = NULL, *joined = NULL;

        if (*path != '.')
                return strdup(path);
        here = getcwd(NULL, 0);
        if (!here)
                return NULL;
        if (streq(path, ".") || streq(path, "./"))
                return TAKE_PTR(here);
        joined = brig_str_printf("%s/%s", here, brig_str_has_prefix(path, "./") ? path + 2 : path);
        return TAKE_PTR(joined);
}

/* "/x" is an anonymous volume, "source:/x[:options]" a bind or named volume. */
static int put_volume(const char *word, json_t *config, json_t *host, BrigError *err)
{
        const char *colon = strchr(word, ':');
        _cleanup_free_ char *source = NULL, *resolved = NULL;

        if (!*word)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid empty volume spec");
        if (!colon)
                return brig_create_set(brig_create_object(config, "Volumes"), word, json_object(), err);
        source = strndup(word, (size_t)(colon - word));
        resolved = source ? absolute(source) : NULL;
        if (!resolved)
                return brig_create_no_memory(err);
        return brig_create_append(host, "Binds", json_sprintf("%s%s", resolved, colon), err);
}

static int put_tmpfs(const char *word, json_t *host, BrigError *err)
{
        const char *colon = strchr(word, ':');
        _cleanup_free_ char *path = colon ? strndup(word, (size_t)(colon - word)) : strdup(word);

        if (!path)
                return brig_create_no_memory(err);
        return brig_create_set(brig_create_object(host, "Tmpfs"), path, json_string(colon ? colon + 1 : ""), err);
}

/* ---- --mount ---- */

typedef enum MountValue { MOUNT_TEXT, MOUNT_PATH, MOUNT_BOOL, MOUNT_SIZE, MOUNT_OCTAL, MOUNT_MAP } MountValue;

typedef struct MountKey {
        const char *key;
        const char *group;       /* member of the mount that holds it, or NULL */
        const char *member;
        MountValue value;
} MountKey;

static const MountKey mount_keys[] = {
        { "type", NULL, "Type", MOUNT_TEXT },
        { "source", NULL, "Source", MOUNT_PATH },
        { "src", NULL, "Source", MOUNT_PATH },
        { "target", NULL, "Target", MOUNT_TEXT },
        { "dst", NULL, "Target", MOUNT_TEXT },
        { "destination", NULL, "Target", MOUNT_TEXT },
        { "readonly", NULL, "ReadOnly", MOUNT_BOOL },
        { "ro", NULL, "ReadOnly", MOUNT_BOOL },
        { "consistency", NULL, "Consistency", MOUNT_TEXT },
        { "bind-propagation", "BindOptions", "Propagation", MOUNT_TEXT },
        { "bind-nonrecursive", "BindOptions", "NonRecursive", MOUNT_BOOL },
        { "bind-create-src", "BindOptions", "CreateMountpoint", MOUNT_BOOL },
        { "volume-subpath", "VolumeOptions", "Subpath", MOUNT_TEXT },
        { "volume-nocopy", "VolumeOptions", "NoCopy", MOUNT_BOOL },
        { "volume-label", "VolumeOptions", "Labels", MOUNT_MAP },
        { "volume-driver", "DriverConfig", "Name", MOUNT_TEXT },
        { "volume-opt", "DriverConfig", "Options", MOUNT_MAP },
        { "image-subpath", "ImageOptions", "Subpath", MOUNT_TEXT },
        { "tmpfs-size", "TmpfsOptions", "SizeBytes", MOUNT_SIZE },
        { "tmpfs-mode", "TmpfsOptions", "Mode", MOUNT_OCTAL },
};

/* What bind-recursive=... stands for. */
static const struct { const char *word; const char *members[2]; } recursive_words[] = {
        { "enabled", { NULL } },
        { "disabled", { "NonRecursive" } },
        { "writable", { "ReadOnlyNonRecursive" } },
        { "readonly", { "ReadOnlyForceRecursive" } },
};

static int bad_field(BrigError *err, const char *key, const char *value)
{
        return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "invalid value for %s: %s", key, value);
}

static int put_map_entry(json_t *parent, const char *member, const char *value, BrigError *err)
{
        char *const words[] = { (char *)value, NULL };

        return brig_create_map(parent, member, words, err);
}

static int put_mount_value(const MountKey *k, const char *value, json_t *to, BrigError *err)
{
        _cleanup_free_ char *path = NULL;
        uint64_t size;
        bool flag;
        char *end;

        switch (k->value) {
        case MOUNT_TEXT:
                return brig_create_set(to, k->member, json_string(value), err);
        case MOUNT_PATH:
                path = absolute(value);
                return brig_create_set(to, k->member, path ? json_string(path) : NULL, err);
        case MOUNT_BOOL:
                if (brig_parse_bool(value, &flag) < 0)
                        return bad_field(err, k->key, value);
                return brig_create_set(to, k->member, json_boolean(flag), err);
        case MOUNT_SIZE:
                if (brig_parse_size(value, &size) < 0 || size > INT64_MAX)
                        return bad_field(err, k->key, value);
                return brig_create_set(to, k->member, json_integer((json_int_t)size), err);
        case MOUNT_OCTAL:
                size = strtoul(value, &end, 8);
                if (end == value || *end || size > 07777)
                        return bad_field(err, k->key, value);
                return brig_create_set(to, k->member, json_integer((json_int_t)size), err);
        case MOUNT_MAP:
                return put_map_entry(to, k->member, value, err);
        }
        return 0;
}

static int put_recursive(const char *value, json_t *mount, BrigError *err)
{
        json_t *options = brig_create_object(mount, "BindOptions");

        for (size_t i = 0; i < ARRAY_SIZE(recursive_words); i++)
                if (streq(value, recursive_words[i].word))
                        return recursive_words[i].members[0]
                                ? brig_create_set(options, recursive_words[i].members[0], json_true(), err) : 0;
        return bad_field(err, "bind-recursive", value);
}

static int put_mount_field(char *field, json_t *mount, BrigError *err)
{
        const char *value = brig_cut_value(field);

        for (char *s = field; *s; s++)
                *s = (char)(*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s);
        if (value && streq(field, "bind-recursive"))
                return put_recursive(value, mount, err);
        for (size_t i = 0; i < ARRAY_SIZE(mount_keys); i++) {
                const MountKey *k = &mount_keys[i];
                json_t *to = mount;

                if (!streq(k->key, field))
                        continue;
                if (!value && k->value != MOUNT_BOOL)
                        return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "invalid field '%s' must be a key=value pair", field);
                if (k->group && streq(k->group, "DriverConfig"))
                        to = brig_create_object(brig_create_object(mount, "VolumeOptions"), "DriverConfig");
                else if (k->group)
                        to = brig_create_object(mount, k->group);
                return put_mount_value(k, value ?: "true", to, err);
        }
        return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "unexpected key '%s' in '%s%s%s'", field, field, value ? "=" : "", value ?: "");
}

static const struct { const char *group, *type; } group_types[] = {
        { "BindOptions", "bind" }, { "VolumeOptions", "volume" }, { "ImageOptions", "image" }, { "TmpfsOptions", "tmpfs" },
};

/* Options of another type would be ignored by the daemon: say so instead. */
static int check_mount(const json_t *mount, BrigError *err)
{
        const char *type = json_string_value(json_object_get(mount, "Type"));

        if (brig_str_empty(json_string_value(json_object_get(mount, "Target"))))
                return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "target is required");
        for (size_t i = 0; i < ARRAY_SIZE(group_types); i++)
                if (json_object_get(mount, group_types[i].group) && !streq(type, group_types[i].type))
                        return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "cannot mix '%s-*' options with mount type '%s'",
                                              group_types[i].type, type);
        return 0;
}

static int put_mount(const char *word, json_t *host, BrigError *err)
{
        _cleanup_strv_ char **fields = NULL;
        json_t *mount = json_object();
        int r = mount ? brig_csv_fields(word, &fields) : -ENOMEM;

        if (r < 0)
                r = brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "%s", strerror(-r));
        for (char **f = fields; r >= 0 && f && *f; f++)
                r = put_mount_field(*f, mount, err);
        if (r >= 0 && !json_object_get(mount, "Type"))
                r = brig_create_set(mount, "Type", json_string("volume"), err);
        if (r >= 0)
                r = check_mount(mount, err);
        if (r >= 0)
                return brig_create_append(host, "Mounts", mount, err);
        json_decref(mount);
        brig_error_prefix(err, "invalid argument \"%s\" for \"--mount\" flag", word);
        return r;
}

static const CopyRow mount_rows[] = {
        COPY("VolumesFrom", LIST, volumes_from), COPY("VolumeDriver", STRING, volume_driver), COPY("ReadonlyRootfs", BOOL, read_only),
};

int brig_create_mounts(const ContainerOptions *o, json_t *config, json_t *host, BrigError *err)
{
        int r = brig_create_copy(mount_rows, ARRAY_SIZE(mount_rows), o, host, err);

        for (char **w = o->volume; r >= 0 && w && *w; w++)
                r = put_volume(*w, config, host, err);
        for (char **w = o->tmpfs; r >= 0 && w && *w; w++)
                r = put_tmpfs(*w, host, err);
        for (char **w = o->mount; r >= 0 && w && *w; w++)
                r = put_mount(*w, host, err);
        return r < 0 ? r : brig_create_map(host, "StorageOpt", o->storage_opt, err);
}
