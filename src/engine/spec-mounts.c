/*
 * Mounts: the fixed ones that every container has, then what the user asked
 * for. A mount of the user takes the place of a fixed one at the same path.
 */
#include "engine/spec-internal.h"

#include "base/strings.h"

#define MAX_MODE_WORDS 32

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "set up mounts");
}

bool brig_is_host_mode(const char *mode)
{
        return brig_str_equal(mode, "host");
}

/* --- fixed mounts ------------------------------------------------------- */

enum { FIXED_READONLY = 1 << 0 /* but not when privileged */, FIXED_IPC = 1 << 1 /* not with --ipc none */ };

/* As Docker has them: the OCI specification's defaults and its own. */
static const struct { const char *destination, *type, *options; unsigned flags; } fixed[] = {
        { "/proc", "proc", "nosuid,noexec,nodev", 0 },
        { "/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k", 0 },
        { "/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5", 0 },
        { "/sys", "sysfs", "nosuid,noexec,nodev", FIXED_READONLY },
        { "/sys/fs/cgroup", "cgroup", "nosuid,noexec,nodev", FIXED_READONLY },
        { "/dev/mqueue", "mqueue", "nosuid,noexec,nodev", FIXED_IPC },
};

static RuntimeMount *add_mount(ContainerSpec *s, const char *destination, const char *type, const char *source)
{
        RuntimeMount *m = brig_runtime_add_mount(&s->spec);

        if (!m || brig_str_set(&m->destination, destination) < 0 || brig_str_set(&m->type, type) < 0 || brig_str_set(&m->source, source) < 0)
                return NULL;
        return m;
}

static bool asks_for(const ContainerDefinition *d, const char *destination);

static int add_fixed(const ContainerDefinition *d, ContainerSpec *s, BrigError *err)
{
        bool no_ipc = brig_str_equal(d->host.ipc_mode, "none");

        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
                RuntimeMount *m;

                if (asks_for(d, fixed[i].destination) || (no_ipc && (fixed[i].flags & FIXED_IPC)))
                        continue;
                m = add_mount(s, fixed[i].destination, fixed[i].type, fixed[i].type);
                if (!m || brig_strv_split(fixed[i].options, ',', &m->options) < 0)
                        return no_memory(err);
                if ((fixed[i].flags & FIXED_READONLY) && !d->host.privileged && brig_strv_push(&m->options, "ro") < 0)
                        return no_memory(err);
        }
        return 0;
}

static int add_shm(const ContainerDefinition *d, ContainerSpec *s, BrigError *err)
{
        _cleanup_free_ char *size = brig_str_printf("size=%lld", (long long)d->host.shm_size);
        RuntimeMount *m;

        if (asks_for(d, "/dev/shm") || brig_str_equal(d->host.ipc_mode, "none"))
                return 0;
        m = add_mount(s, "/dev/shm", "tmpfs", "shm");
        if (!m || !size || brig_strv_split("nosuid,noexec,nodev,mode=1777", ',', &m->options) < 0 || brig_strv_push(&m->options, size) < 0)
                return no_memory(err);
        return 0;
}

/* --- binds -------------------------------------------------------------- */

static int add_idmap(RuntimeMount *m, int64_t uid, int64_t gid)
{
        RuntimeIdMapping *u = brig_json_array_add(&m->uid_mappings, sizeof *u), *g = brig_json_array_add(&m->gid_mappings, sizeof *g);

        if (!u || !g)
                return -ENOMEM;
        *u = (RuntimeIdMapping){ .host_id = uid, .size = 1 };
        *g = (RuntimeIdMapping){ .host_id = gid, .size = 1 };
        return 0;
}

/* "idmap", "idmap=1000", "idmap=1000:100": the container's root is this user of the host on that bind. */
static int mode_idmap(RuntimeMount *m, const char *word, BrigError *err)
{
        _cleanup_strv_ char **ids = NULL;
        uint32_t uid = 0, gid;

        if (streq(word, "idmap"))
                return add_idmap(m, 0, 0) < 0 ? no_memory(err) : 0;
        if (brig_strv_split(word + strlen("idmap="), ':', &ids) < 0)
                return no_memory(err);
        if (brig_strv_len(ids) > 2 || brig_parse_u32(ids[0], &uid) < 0 || brig_parse_u32(ids[brig_strv_len(ids) - 1], &gid) < 0 || uid == UINT32_MAX || gid == UINT32_MAX)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid mode: \"%s\": expected idmap[=UID[:GID]]", word);
        return add_idmap(m, uid, gid) < 0 ? no_memory(err) : 0;
}

/* Words of "-v SOURCE:TARGET:WORDS": what each adds to the mount; NULL: nothing. */
static const struct { const char *word, *option; } mode_words[] = {
        { "rw", NULL }, { "ro", "rro" }, { "noidmap", NULL },
        /* without SELinux a label has no meaning, as in Docker; the other three are of other platforms */
        { "z", NULL }, { "Z", NULL }, { "cached", NULL }, { "delegated", NULL }, { "consistent", NULL },
        { "private", "private" }, { "rprivate", "rprivate" }, { "slave", "slave" }, { "rslave", "rslave" }, { "shared", "shared" }, { "rshared", "rshared" },
};

static int apply_mode(RuntimeMount *m, const char *word, BrigError *err)
{
        if (streq(word, "idmap") || brig_str_has_prefix(word, "idmap="))
                return mode_idmap(m, word, err);
        for (size_t i = 0; i < ARRAY_SIZE(mode_words); i++) {
                if (!streq(mode_words[i].word, word))
                        continue;
                return mode_words[i].option && brig_strv_push(&m->options, mode_words[i].option) < 0 ? no_memory(err) : 0;
        }
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid mode: %s", word);
}

static int apply_modes(RuntimeMount *m, const char *modes, BrigError *err)
{
        _cleanup_strv_ char **words = NULL;

        if (!modes)
                return 0;
        if (brig_strv_split(modes, ',', &words) < 0)
                return no_memory(err);
        if (brig_strv_len(words) > MAX_MODE_WORDS)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid mode: %.100s", modes);
        BRIG_STRV_FOREACH(word, words) {
                int r = apply_mode(m, *word, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* The parts of "SOURCE:TARGET[:MODES]"; "TARGET" alone has no source. Strings point into `text`, which is cut up. */
typedef struct Bind { char *source, *target, *modes; } Bind;

static int split_bind(char *text, const char *original, Bind *ret, BrigError *err)
{
        char *colon = strchr(text, ':');

        *ret = (Bind){ .target = text };
        if (colon) {
                *colon = '\0';
                *ret = (Bind){ .source = text, .target = colon + 1 };
                colon = strchr(ret->target, ':');
                if (colon) {
                        *colon = '\0';
                        ret->modes = colon + 1;
                }
        }
        if (*ret->target != '/' || (ret->source && *ret->source != '/') || (ret->modes && !*ret->modes))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid volume specification: '%s'", original);
        return 0;
}

static int check_target(const ContainerSpec *s, const char *target, BrigError *err)
{
        const char *end = target + strspn(target, "/.");

        if (*target != '/')
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid mount path: '%s' mount path must be absolute", target);
        if (!*end && !strstr(target, "..."))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid specification: destination can't be '/'");
        for (size_t i = 0; i < s->spec.mounts.count; i++)
                if (streq(((RuntimeMount *)s->spec.mounts.items)[i].destination, target))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Duplicate mount point: %s", target);
        return 0;
}

static int add_bind(ContainerSpec *s, const char *entry, BrigError *err)
{
        _cleanup_free_ char *text = strdup(entry);
        RuntimeMount *m;
        Bind b;
        int r;

        if (!text)
                return no_memory(err);
        r = split_bind(text, entry, &b, err);
        if (r == 0)
                r = check_target(s, b.target, err);
        if (r < 0 || !b.source)
                return r; /* a target alone is a folder of the container, which it has anyway */
        m = add_mount(s, b.target, "bind", b.source);
        if (!m || brig_strv_push(&m->options, "rbind") < 0 || brig_strv_push(&m->options, "rprivate") < 0 || brig_strv_push(&m->options, BRIG_MOUNT_WORD_CREATE) < 0)
                return no_memory(err);
        return apply_modes(m, b.modes, err);
}

/* --- --mount ------------------------------------------------------------ */

static int bad_mount(const MountRequest *request, const char *what, BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid mount config for type \"%s\": %s", request->type, what);
}

static bool option_true(const json_t *options, const char *name)
{
        return json_is_true(json_object_get(options, name));
}

static int request_bind(ContainerSpec *s, const MountRequest *request, BrigError *err)
{
        const json_t *options = request->bind_options;
        const char *propagation = json_string_value(json_object_get(options, "Propagation"));
        const char *words[4] = { option_true(options, "NonRecursive") ? "bind" : "rbind", brig_str_empty(propagation) ? "rprivate" : propagation };
        size_t n = 2;
        RuntimeMount *m;

        if (brig_str_empty(request->source) || *request->source != '/')
                return bad_mount(request, "invalid mount path: mount source must be absolute", err);
        if (request->read_only)
                words[n++] = option_true(options, "ReadOnlyNonRecursive") ? "ro" : "rro";
        if (option_true(options, "CreateMountpoint"))
                words[n++] = BRIG_MOUNT_WORD_CREATE;
        m = add_mount(s, request->target, "bind", request->source);
        for (size_t i = 0; m && i < n; i++)
                if (brig_strv_push(&m->options, words[i]) < 0)
                        return no_memory(err);
        return m ? 0 : no_memory(err);
}

static int add_tmpfs_options(RuntimeMount *m, const char *words, BrigError *err)
{
        _cleanup_strv_ char **split = NULL;

        if (brig_strv_split("noexec,nosuid,nodev", ',', &m->options) < 0 || (!brig_str_empty(words) && brig_strv_split(words, ',', &split) < 0))
                return no_memory(err);
        BRIG_STRV_FOREACH(word, split)
                if (**word && brig_strv_push(&m->options, *word) < 0)
                        return no_memory(err);
        return 0;
}

static int push_option(RuntimeMount *m, char *text, BrigError *err)
{
        return !text || brig_strv_consume(&m->options, text) < 0 ? no_memory(err) : 0;
}

/* Options: [["exec"], ["noatime"]]: words alone, or a word and its value. */
static int add_option_pairs(RuntimeMount *m, const json_t *pairs, BrigError *err)
{
        const json_t *pair;
        size_t i;

        json_array_foreach(pairs, i, pair) {
                const char *key = json_string_value(json_array_get(pair, 0)), *value = json_string_value(json_array_get(pair, 1));
                int r;

                if (!key || json_array_size(pair) > 2 || (json_array_size(pair) == 2 && !value))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid mount config for type \"tmpfs\": invalid option");
                r = push_option(m, value ? brig_str_printf("%s=%s", key, value) : strdup(key), err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int request_tmpfs(ContainerSpec *s, const MountRequest *request, BrigError *err)
{
        const json_t *options = request->tmpfs_options;
        json_int_t size = json_integer_value(json_object_get(options, "SizeBytes")), mode = json_integer_value(json_object_get(options, "Mode"));
        RuntimeMount *m;
        int r;

        if (!brig_str_empty(request->source))
                return bad_mount(request, "field Source must not be specified", err);
        if (size < 0 || mode < 0 || mode > 07777)
                return bad_mount(request, "invalid size or mode", err);
        m = add_mount(s, request->target, "tmpfs", "tmpfs");
        if (!m)
                return no_memory(err);
        r = add_tmpfs_options(m, request->read_only ? "ro" : NULL, err);
        if (r == 0 && size > 0)
                r = push_option(m, brig_str_printf("size=%lld", (long long)size), err);
        if (r == 0 && mode > 0)
                r = push_option(m, brig_str_printf("mode=%llo", (unsigned long long)mode), err);
        return r < 0 ? r : add_option_pairs(m, json_object_get(options, "Options"), err);
}

/* A volume without name is a folder of the container, which it has anyway. */
static int request_volume(ContainerSpec *s, const MountRequest *request, BrigError *err)
{
        return 0;
}

static const struct { const char *type; int (*add)(ContainerSpec *s, const MountRequest *request, BrigError *err); } mount_types[] = {
        { "bind", request_bind }, { "tmpfs", request_tmpfs }, { "volume", request_volume },
};

static int add_request(ContainerSpec *s, const MountRequest *request, BrigError *err)
{
        int r;

        if (brig_str_empty(request->target))
                return bad_mount(request, "field Target must not be empty", err);
        r = check_target(s, request->target, err);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(mount_types); i++)
                if (brig_str_equal(mount_types[i].type, request->type))
                        return mount_types[i].add(s, request, err);
        return r < 0 ? r : brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "mount type unknown: \"%s\"", request->type ? request->type : "");
}

static int add_tmpfs(ContainerSpec *s, const JsonPair *pair, BrigError *err)
{
        RuntimeMount *m;
        int r = check_target(s, pair->key, err);

        if (r < 0)
                return r;
        m = add_mount(s, pair->key, "tmpfs", "tmpfs");
        return m ? add_tmpfs_options(m, pair->value, err) : no_memory(err);
}

/* --- all ---------------------------------------------------------------- */

/* Whether a mount of the user stands at a path of the fixed ones. */
static bool asks_for(const ContainerDefinition *d, const char *destination)
{
        size_t len = strlen(destination);

        if (brig_pairs_get(&d->host.tmpfs, destination))
                return true;
        for (size_t i = 0; i < d->host.mounts.count; i++)
                if (brig_str_equal(BRIG_MOUNT_AT(&d->host, i)->target, destination))
                        return true;
        BRIG_STRV_FOREACH(bind, d->host.binds) {
                const char *colon = strchr(*bind, ':');

                if (colon && strncmp(colon + 1, destination, len) == 0 && (colon[1 + len] == '\0' || colon[1 + len] == ':'))
                        return true;
        }
        return false;
}

static size_t depth_of(const char *path)
{
        size_t depth = 0;

        for (; *path; path++)
                depth += *path == '/' && path[1] && path[1] != '/';
        return depth;
}

static int by_depth(const void *a, const void *b)
{
        size_t da = depth_of(((const RuntimeMount *)a)->destination), db = depth_of(((const RuntimeMount *)b)->destination);

        return da < db ? -1 : da > db;
}

/* A mount must come after the one that holds its target: few components first. The order of equals does not matter: none holds another. */
static void sort_mounts(ContainerSpec *s)
{
        qsort(s->spec.mounts.items, s->spec.mounts.count, sizeof(RuntimeMount), by_depth);
}

/* The hardened profile's root is read-only: programs get the places where they expect to write. */
static int add_scratch(const ContainerDefinition *d, ContainerSpec *s, BrigError *err)
{
        static const char *const places[] = { "/tmp", "/run", "/var/tmp" };

        for (size_t i = 0; s->security.profile->readonly_rootfs && i < ARRAY_SIZE(places); i++) {
                RuntimeMount *m = asks_for(d, places[i]) ? NULL : add_mount(s, places[i], "tmpfs", "tmpfs");
                int r = m ? add_tmpfs_options(m, "mode=1777", err) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

int brig_spec_mounts(const ContainerDefinition *d, ContainerSpec *s, BrigError *err)
{
        int r = add_fixed(d, s, err);

        if (r == 0)
                r = add_shm(d, s, err);
        if (r == 0)
                r = add_scratch(d, s, err);
        for (size_t i = 0; r == 0 && i < d->host.tmpfs.count; i++)
                r = add_tmpfs(s, &d->host.tmpfs.items[i], err);
        BRIG_STRV_FOREACH(bind, d->host.binds)
                if (r == 0)
                        r = add_bind(s, *bind, err);
        for (size_t i = 0; r == 0 && i < d->host.mounts.count; i++)
                r = add_request(s, BRIG_MOUNT_AT(&d->host, i), err);
        if (r == 0)
                sort_mounts(s);
        return r;
}
