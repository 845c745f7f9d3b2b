/*
 * The order of the compilation, and the parts of a specification that become
 * one number or one pointer. What a plan has no word for is refused by name
 * (`refusals`): a limit or a defence that was asked for is never dropped.
 */
#include "plan/compile-internal.h"

#include "base/strings.h"
#include <sched.h>

int brig_compile_unsupported(const Compiler *c, const char *member, const char *what)
{
        return brig_error_set(c->err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "%s: %s", member, what);
}

int brig_compile_invalid(const Compiler *c, const char *member, const char *what)
{
        return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "%s: %s", member, what);
}

int brig_compile_array(const Compiler *c, size_t count, size_t size, void *ret)
{
        void *array = count <= SIZE_MAX / 2 / size ? brig_plan_alloc(c->plan, count * size) : NULL;

        if (!array)
                return brig_error_errno(c->err, BRIG_ERR_INTERNAL, ENOMEM, "launch plan");
        *(void **)ret = array;
        return 0;
}

static const char *or_empty(const char *s)
{
        return s ? s : "";
}

typedef struct NamespaceRow {
        const char *type;
        uint32_t bit;
        uint32_t flag;           /* PLAN_F_* that goes with it */
} NamespaceRow;

static const NamespaceRow namespace_rows[] = {
        { "mount", CLONE_NEWNS, 0 }, { "pid", CLONE_NEWPID, 0 }, { "network", CLONE_NEWNET, 0 }, { "uts", CLONE_NEWUTS, 0 },
        { "ipc", CLONE_NEWIPC, 0 }, { "user", CLONE_NEWUSER, 0 }, { "cgroup", CLONE_NEWCGROUP, 0 }, { "time", CLONE_NEWTIME, PLAN_F_TIME_NS },
};

static int compile_namespaces(const Compiler *c)
{
        const RuntimeLinux *l = c->spec->linux_;

        for (size_t i = 0; l && i < l->namespaces.count; i++) {
                const RuntimeNamespace *n = BRIG_JSON_AT(RuntimeNamespace, &l->namespaces, i);
                const NamespaceRow *row = namespace_rows;

                if (!brig_str_empty(n->path))
                        return brig_compile_unsupported(c, "linux.namespaces", "joining a namespace by path");
                while (!streq(row->type, n->type))
                        if (++row == namespace_rows + ARRAY_SIZE(namespace_rows))
                                return brig_compile_invalid(c, "linux.namespaces", "unknown type");
                c->plan->namespaces |= row->bit;
                c->plan->flags |= row->flag;
        }
        /* Every later stage assumes a mount table of its own: without one the host's would be rebuilt. */
        if (!(c->plan->namespaces & CLONE_NEWNS))
                return brig_compile_invalid(c, "linux.namespaces", "a container needs a mount namespace of its own");
        return 0;
}

static int compile_paths(const Compiler *c)
{
        const RuntimeLinux *l = c->spec->linux_;

        if (!l)
                return 0;
        c->plan->masked = (const char **)l->masked_paths;
        c->plan->n_masked = brig_strv_len(l->masked_paths);
        c->plan->readonly = (const char **)l->readonly_paths;
        c->plan->n_readonly = brig_strv_len(l->readonly_paths);
        return 0;
}

static int compile_sysctls(const Compiler *c)
{
        const JsonPairs *pairs = c->spec->linux_ ? &c->spec->linux_->sysctl : NULL;
        int r;

        if (!pairs || pairs->count == 0)
                return 0;
        r = brig_compile_array(c, pairs->count, sizeof(PlanSysctl), &c->plan->sysctls);
        if (r < 0)
                return r;
        for (size_t i = 0; i < pairs->count; i++) {
                const char *key = pairs->items[i].key;

                /* The executor turns dots into slashes: a key that has slashes or climbs is an attack or a mistake. */
                if (brig_str_empty(key) || key[0] == '.' || strchr(key, '/') || strstr(key, ".."))
                        return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "linux.sysctl: \"%.80s\" is not a name", key);
                c->plan->sysctls[i] = (PlanSysctl){ .key = key, .value = pairs->items[i].value };
        }
        c->plan->n_sysctls = pairs->count;
        return 0;
}

static bool has_hooks(const RuntimeHooks *h)
{
        return h && h->prestart.count + h->create_runtime.count + h->create_container.count + h->start_container.count +
                    h->poststart.count + h->poststop.count > 0;
}

static bool has_time_offsets(const RuntimeLinux *l)
{
        for (size_t i = 0; i < l->time_offsets.count; i++) {
                const RuntimeTimeOffset *o = BRIG_JSON_AT(RuntimeTimeOffset, &l->time_offsets, i);

                if (o->secs != 0 || o->nanosecs != 0)
                        return true;
        }
        return false;
}

static bool is_other_personality(const RuntimePersonality *p)
{
        return p && (!brig_str_equal(p->domain, "LINUX") || brig_strv_len(p->flags) > 0);
}

static bool is_other_propagation(const char *s)
{
        return !brig_str_empty(s) && !streq(s, "private");
}

/* What a launch plan cannot carry. The engine never asks for it; a foreign config.json may. */
static int refuse_the_rest(const Compiler *c)
{
        static const RuntimeLinux none = { 0 };
        const RuntimeLinux *l = c->spec->linux_ ? c->spec->linux_ : &none;
        const struct { bool asked; const char *member, *what; } refusals[] = {
                { has_hooks(c->spec->hooks), "hooks", "programs beside the container" },
                { l->net_devices.count > 0, "linux.netDevices", "moving a network device" },
                { l->uid_mappings.count + l->gid_mappings.count > 0, "linux.uidMappings", "a chosen id range; each container gets one of its own" },
                { has_time_offsets(l), "linux.timeOffsets", "shifted clocks" },
                { !brig_str_empty(l->cgroups_path), "linux.cgroupsPath", "a chosen cgroup" },
                { is_other_propagation(l->rootfs_propagation), "linux.rootfsPropagation", "anything but private" },
                { !brig_str_empty(l->mount_label), "linux.mountLabel", "labelled mounts" },
                { is_other_personality(l->personality), "linux.personality", "another personality" },
                { l->intel_rdt != NULL, "linux.intelRdt", "cache allocation" },
                { l->memory_policy != NULL, "linux.memoryPolicy", "a memory policy" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
                if (refusals[i].asked)
                        return brig_error_set(c->err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "%s: %s is not supported", refusals[i].member, refusals[i].what);
        return 0;
}

/* The specification's own filter must have been compiled by the caller: a plan without it would be weaker. */
static int compile_seccomp(const Compiler *c)
{
        const PlanCompileOptions *o = c->options;

        if (c->spec->linux_ && c->spec->linux_->seccomp && o->n_bpf == 0)
                return brig_compile_invalid(c, "linux.seccomp", "no compiled filter came with it");
        c->plan->bpf = o->bpf;
        c->plan->n_bpf = o->n_bpf;
        c->plan->seccomp_flags = o->seccomp_flags;
        c->plan->seccomp_name = or_empty(o->seccomp_name);
        if (o->seccomp_digest)
                memcpy(c->plan->seccomp_digest, o->seccomp_digest, sizeof c->plan->seccomp_digest);
        return 0;
}

static int compile_options(const Compiler *c)
{
        const PlanCompileOptions *o = c->options;
        LaunchPlan *p = c->plan;
        int r;

        p->flags |= o->flags;
        p->container_id = or_empty(o->container_id);
        p->exec_id = or_empty(o->exec_id);
        p->profile = or_empty(o->profile);
        p->log_max_size = o->log_max_size;
        p->log_max_files = o->log_max_files;
        p->stop_signal = o->stop_signal;
        if (o->n_landlock == 0)
                return 0;
        r = brig_compile_array(c, o->n_landlock, sizeof *p->landlock, &p->landlock);
        if (r < 0)
                return r;
        memcpy(p->landlock, o->landlock, o->n_landlock * sizeof *p->landlock);
        p->n_landlock = o->n_landlock;
        return 0;
}

/* What only a container has: an exec session joins what is there. */
static int compile_rootfs(const Compiler *c)
{
        const PlanCompileOptions *o = c->options;
        LaunchPlan *p = c->plan;
        int r;

        if (c->spec->root && c->spec->root->readonly)
                p->flags |= PLAN_F_READONLY_ROOTFS;
        p->hostname = or_empty(c->spec->hostname);
        p->domainname = or_empty(c->spec->domainname);
        p->layers = o->layers;
        p->n_layers = o->n_layers;
        if (o->n_files == 0)
                return 0;
        r = brig_compile_array(c, o->n_files, sizeof *p->files, &p->files);
        if (r < 0)
                return r;
        memcpy(p->files, o->files, o->n_files * sizeof *p->files);
        p->n_files = o->n_files;
        return 0;
}

static int (*const common_parts[])(const Compiler *c) = { compile_options, compile_namespaces, compile_seccomp, brig_compile_process };
static int (*const container_parts[])(const Compiler *c) = {
        refuse_the_rest, compile_rootfs, compile_paths, compile_sysctls, brig_compile_mounts, brig_compile_devices, brig_compile_resources,
};

int brig_plan_compile(const RuntimeSpec *spec, const PlanCompileOptions *options, LaunchPlan *ret, BrigError *err)
{
        PlanKind kind = options->exec_id ? PLAN_KIND_EXEC : PLAN_KIND_CONTAINER;
        LaunchPlan plan;
        Compiler c = { .spec = spec, .options = options, .plan = &plan, .err = err };
        int r = 0;

        brig_plan_init(&plan, kind);
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(common_parts); i++)
                r = common_parts[i](&c);
        for (size_t i = 0; r >= 0 && kind == PLAN_KIND_CONTAINER && i < ARRAY_SIZE(container_parts); i++)
                r = container_parts[i](&c);
        if (r < 0) {
                brig_plan_done(&plan);
                return r;
        }
        *ret = plan;
        return 0;
}
