/*
 * Validation beyond the tables: the rules that the specification states in
 * prose. Each is one function over one part; `rules` lists them in the
 * order in which they are tried.
 */
#include "spec/runtime-spec.h"

#include "base/strings.h"

#define DOCUMENT "config.json"
#define MAX_RLIMITS 32      /* Linux has 16 */

static int invalid(BrigError *err, const char *member, const char *what)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%s: %s", member, what);
}

static int invalid_at(BrigError *err, const char *member, size_t index, const char *what)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%s[%zu]: %s", member, index, what);
}

static bool absolute(const char *path)
{
        return path && path[0] == '/';
}

/* Semantic versioning: every 1.x promises to be readable by a 1.y reader. The drafts (0.x) are taken as what they became. */
static int check_version(const RuntimeSpec *spec, BrigError *err)
{
        if (!brig_str_has_prefix(spec->oci_version, "1.") && !brig_str_has_prefix(spec->oci_version, "0."))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ociVersion: \"%.40s\" is not supported, 1.x is", spec->oci_version);
        return 0;
}

static int check_root(const RuntimeSpec *spec, BrigError *err)
{
        if (spec->root && brig_str_empty(spec->root->path))
                return invalid(err, "root.path", "empty");
        return 0;
}

static int check_rlimits(const JsonArray *rlimits, BrigError *err)
{
        if (rlimits->count > MAX_RLIMITS)
                return invalid(err, "process.rlimits", "more entries than there are limits");
        for (size_t i = 0; i < rlimits->count; i++) {
                const RuntimeRlimit *each = BRIG_JSON_AT(RuntimeRlimit, rlimits, i);

                if (!brig_str_has_prefix(each->type, "RLIMIT_"))
                        return invalid_at(err, "process.rlimits", i, "the type does not start with RLIMIT_");
                if (each->soft > each->hard)
                        return invalid_at(err, "process.rlimits", i, "the soft limit exceeds the hard one");
                for (size_t j = 0; j < i; j++)
                        if (streq(BRIG_JSON_AT(RuntimeRlimit, rlimits, j)->type, each->type))
                                return invalid_at(err, "process.rlimits", i, "this type stands twice");
        }
        return 0;
}

static int check_process_model(const RuntimeProcess *p, BrigError *err)
{
        if (!absolute(p->cwd))
                return invalid(err, "process.cwd", "not an absolute path");
        if (brig_strv_len(p->args) == 0)
                return invalid(err, "process.args", "missing or empty");
        if (brig_strv_len(p->args) > BRIG_RUNTIME_MAX_ARRAY || brig_strv_len(p->env) > BRIG_RUNTIME_MAX_ARRAY)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "process: more than %u arguments or variables", BRIG_RUNTIME_MAX_ARRAY);
        return check_rlimits(&p->rlimits, err);
}

static int check_process(const RuntimeSpec *spec, BrigError *err)
{
        return spec->process ? check_process_model(spec->process, err) : 0;
}

/*
 * The specification wants absolute destinations; runtimes have always taken relative ones
 * as relative to "/", and old bundles have them, but which component resolves them differs: refused.
 */
static int check_mounts(const RuntimeSpec *spec, BrigError *err)
{
        for (size_t i = 0; i < spec->mounts.count; i++) {
                const RuntimeMount *m = BRIG_JSON_AT(RuntimeMount, &spec->mounts, i);

                if (!absolute(m->destination))
                        return invalid_at(err, "mounts", i, "the destination is not an absolute path");
                if ((m->uid_mappings.count > 0) != (m->gid_mappings.count > 0))
                        return invalid_at(err, "mounts", i, "uidMappings and gidMappings must come together");
        }
        return 0;
}

static int check_hook_list(const JsonArray *hooks, const char *member, BrigError *err)
{
        for (size_t i = 0; i < hooks->count; i++)
                if (!absolute(BRIG_JSON_AT(RuntimeHook, hooks, i)->path))
                        return invalid_at(err, member, i, "the path is not absolute");
        return 0;
}

static int check_hooks(const RuntimeSpec *spec, BrigError *err)
{
        const RuntimeHooks *h = spec->hooks;
        int r = 0;

        if (!h)
                return 0;
        const struct { const char *member; const JsonArray *list; } lists[] = {
                { "hooks.prestart", &h->prestart }, { "hooks.createRuntime", &h->create_runtime }, { "hooks.createContainer", &h->create_container },
                { "hooks.startContainer", &h->start_container }, { "hooks.poststart", &h->poststart }, { "hooks.poststop", &h->poststop },
        };

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(lists); i++)
                r = check_hook_list(lists[i].list, lists[i].member, err);
        return r;
}

static const RuntimeNamespace *find_namespace(const RuntimeLinux *l, const char *type)
{
        for (size_t i = 0; i < l->namespaces.count; i++)
                if (streq(BRIG_JSON_AT(RuntimeNamespace, &l->namespaces, i)->type, type))
                        return BRIG_JSON_AT(RuntimeNamespace, &l->namespaces, i);
        return NULL;
}

static int check_namespaces(const RuntimeSpec *spec, BrigError *err)
{
        const RuntimeLinux *l = spec->linux_;

        for (size_t i = 0; l && i < l->namespaces.count; i++) {
                const RuntimeNamespace *n = BRIG_JSON_AT(RuntimeNamespace, &l->namespaces, i);

                if (find_namespace(l, n->type) != n)
                        return invalid_at(err, "linux.namespaces", i, "this type stands twice");
                if (!brig_str_empty(n->path) && !absolute(n->path))
                        return invalid_at(err, "linux.namespaces", i, "the path is not absolute");
        }
        if (!l)
                return 0;
        if (spec->hostname && *spec->hostname && !find_namespace(l, "uts"))
                return invalid(err, "hostname", "needs a uts namespace of its own");
        if ((l->uid_mappings.count > 0 || l->gid_mappings.count > 0) && !find_namespace(l, "user"))
                return invalid(err, "linux.uidMappings", "need a user namespace of its own");
        if (l->time_offsets.count > 0 && !find_namespace(l, "time"))
                return invalid(err, "linux.timeOffsets", "need a time namespace of its own");
        return 0;
}

static int check_devices(const RuntimeSpec *spec, BrigError *err)
{
        const RuntimeLinux *l = spec->linux_;

        for (size_t i = 0; l && i < l->devices.count; i++)
                if (!absolute(BRIG_JSON_AT(RuntimeDevice, &l->devices, i)->path))
                        return invalid_at(err, "linux.devices", i, "the path is not absolute");
        return 0;
}

/* "2MB", "1GB", "64KB": a number without leading zero and one of three units. */
static bool page_size_valid(const char *s)
{
        size_t digits = strspn(s, "0123456789");

        return digits > 0 && s[0] != '0' && (streq(s + digits, "KB") || streq(s + digits, "MB") || streq(s + digits, "GB"));
}

/* A name of one cgroup v2 file, nothing that leads elsewhere. */
static bool cgroup_file_valid(const char *s)
{
        return *s && s[0] != '.' && !strchr(s, '/') && strchr(s, '.');
}

static int check_resources(const RuntimeSpec *spec, BrigError *err)
{
        const RuntimeResources *res = spec->linux_ ? spec->linux_->resources : NULL;

        if (!res)
                return 0;
        for (size_t i = 0; i < res->hugepage_limits.count; i++)
                if (!page_size_valid(BRIG_JSON_AT(RuntimeHugepageLimit, &res->hugepage_limits, i)->page_size))
                        return invalid_at(err, "linux.resources.hugepageLimits", i, "malformed pageSize");
        for (size_t i = 0; i < res->unified.count; i++)
                if (!cgroup_file_valid(res->unified.items[i].key))
                        return invalid_at(err, "linux.resources.unified", i, "not the name of a cgroup file");
        for (size_t i = 0; i < res->devices.count; i++) {
                const char *access = BRIG_JSON_AT(RuntimeDeviceRule, &res->devices, i)->access;

                if (access && access[strspn(access, "rwm")])
                        return invalid_at(err, "linux.resources.devices", i, "access knows r, w and m");
        }
        return 0;
}

static int check_path_list(char *const *paths, const char *member, BrigError *err)
{
        size_t i = 0;

        BRIG_STRV_FOREACH(path, paths) {
                if (!absolute(*path))
                        return invalid_at(err, member, i, "not an absolute path");
                i++;
        }
        return i > BRIG_RUNTIME_MAX_ARRAY ? invalid(err, member, "too many entries") : 0;
}

static int check_hidden_paths(const RuntimeSpec *spec, BrigError *err)
{
        int r;

        if (!spec->linux_)
                return 0;
        r = check_path_list(spec->linux_->masked_paths, "linux.maskedPaths", err);
        return r < 0 ? r : check_path_list(spec->linux_->readonly_paths, "linux.readonlyPaths", err);
}

static int check_time_offsets(const RuntimeSpec *spec, BrigError *err)
{
        for (size_t i = 0; spec->linux_ && i < spec->linux_->time_offsets.count; i++) {
                const RuntimeTimeOffset *o = BRIG_JSON_AT(RuntimeTimeOffset, &spec->linux_->time_offsets, i);

                if (!streq(o->key, "monotonic") && !streq(o->key, "boottime"))
                        return invalid_at(err, "linux.timeOffsets", i, "only monotonic and boottime have offsets");
        }
        return 0;
}

static int (*const rules[])(const RuntimeSpec *spec, BrigError *err) = {
        check_version, check_root, check_process, check_mounts, check_hooks, check_namespaces, check_devices, check_resources,
        check_hidden_paths, check_time_offsets,
};

int brig_runtime_spec_validate(const RuntimeSpec *spec, BrigError *err)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(rules); i++)
                r = rules[i](spec, err);
        return r;
}

int brig_runtime_spec_read(const char *text, size_t len, RuntimeSpec *ret, BrigError *err)
{
        _cleanup_json_ json_t *document = NULL;
        int r;

        brig_json_init(runtime_spec_fields, ret, sizeof *ret);
        r = brig_json_parse(text, len, &document, err);
        if (r >= 0)
                r = brig_json_read(document, runtime_spec_fields, ret, sizeof *ret, 0, err);
        if (r >= 0)
                r = brig_runtime_spec_validate(ret, err);
        if (r < 0) {
                brig_runtime_spec_clear(ret);
                brig_error_prefix(err, DOCUMENT);
        }
        return r;
}

int brig_runtime_process_read(const char *text, size_t len, RuntimeProcess *ret, BrigError *err)
{
        _cleanup_json_ json_t *document = NULL;
        int r;

        brig_json_init(runtime_process_fields, ret, sizeof *ret);
        r = brig_json_parse(text, len, &document, err);
        if (r >= 0)
                r = brig_json_read(document, runtime_process_fields, ret, sizeof *ret, 0, err);
        if (r >= 0)
                r = check_process_model(ret, err);
        if (r < 0)
                brig_runtime_process_clear(ret);
        return r;
}

int brig_runtime_spec_init(RuntimeSpec *spec)
{
        brig_json_init(runtime_spec_fields, spec, sizeof *spec);
        return brig_str_set(&spec->oci_version, BRIG_RUNTIME_SPEC_VERSION);
}

void brig_runtime_spec_clear(RuntimeSpec *spec)
{
        brig_json_clear(runtime_spec_fields, spec);
}

void brig_runtime_process_clear(RuntimeProcess *process)
{
        brig_json_clear(runtime_process_fields, process);
}

char *brig_runtime_spec_text(const RuntimeSpec *spec)
{
        _cleanup_json_ json_t *document = brig_json_write(runtime_spec_fields, spec);

        return brig_json_text(document);
}

RuntimeMount *brig_runtime_add_mount(RuntimeSpec *spec)
{
        return brig_json_array_add(&spec->mounts, sizeof(RuntimeMount));
}

RuntimeNamespace *brig_runtime_add_namespace(RuntimeSpec *spec)
{
        if (!spec->linux_)
                spec->linux_ = calloc(1, sizeof *spec->linux_);
        return spec->linux_ ? brig_json_array_add(&spec->linux_->namespaces, sizeof(RuntimeNamespace)) : NULL;
}
