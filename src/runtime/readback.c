/* What inspect --security shows: the facts of a running container, asked of the kernel anew each time. */
#include "runtime/runtime.h"

#include "base/strings.h"
#include "plan/capability.h"
#include "runtime/lsm/lsm-internal.h"
#include "runtime/mountinfo-internal.h"
#include "runtime/process-internal.h"
#include "sys/procinfo.h"
#include <stdio.h>
#include <sys/resource.h>

#define MOUNTS_SHOWN 200u

typedef struct Report {
        const RuntimeContainer *c;
        const LaunchPlan *plan;
        pid_t pid;
        ProcessStatus status;
        BrigBuffer *out;
} Report;

static void put(const Report *r, const char *key, const char *fmt, ...) _printf_(3, 4);
static void put(const Report *r, const char *key, const char *fmt, ...)
{
        va_list ap;

        (void)brig_buffer_printf(r->out, "%s\t", key);
        va_start(ap, fmt);
        (void)brig_buffer_vprintf(r->out, fmt, ap);
        va_end(ap);
        (void)brig_buffer_putc(r->out, '\n');
}

static void put_namespaces(const Report *r)
{
        static const char *const names[] = { "user", "pid", "mnt", "ipc", "uts", "net", "cgroup", "time" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                NamespaceId theirs, ours;
                char key[32];
                bool known = brig_procinfo_namespace(r->c->proc_fd, r->pid, names[i], &theirs) >= 0;

                (void)snprintf(key, sizeof key, "namespace.%s", names[i]);
                if (!known)
                        put(r, key, "unreadable");
                else if (brig_procinfo_namespace(r->c->proc_fd, 0, names[i], &ours) >= 0 && ours.inode == theirs.inode)
                        put(r, key, "host");
                else
                        put(r, key, "%s:[%llu]", names[i], (unsigned long long)theirs.inode);
        }
}

/* "0 100000 65536": blanks as the kernel pads them become one. */
static void put_id_map(const Report *r, const char *key, const char *file)
{
        char text[512], line[512];
        size_t n = 0;
        ssize_t len = brig_procinfo_read(r->c->proc_fd, r->pid, file, text, sizeof text);

        for (ssize_t i = 0; i < len && n + 2 < sizeof line; i++) {
                bool blank = text[i] == ' ' || text[i] == '\n';

                if (!blank)
                        line[n++] = text[i];
                else if (n > 0 && line[n - 1] != ' ' && line[n - 1] != ',')
                        line[n++] = text[i] == '\n' ? ',' : ' ';
        }
        while (n > 0 && (line[n - 1] == ',' || line[n - 1] == ' '))
                n--;
        put(r, key, "%.*s", (int)n, len < 0 ? "unreadable" : line);
}

static void put_caps(const Report *r)
{
        const struct { const char *key; uint64_t mask; } sets[] = {
                { "capabilities.effective", r->status.effective }, { "capabilities.permitted", r->status.permitted },
                { "capabilities.inheritable", r->status.inheritable }, { "capabilities.bounding", r->status.bounding },
                { "capabilities.ambient", r->status.ambient },
        };

        for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
                (void)brig_buffer_printf(r->out, "%s\t%016llx", sets[i].key, (unsigned long long)sets[i].mask);
                for (int cap = 0; cap < 64; cap++)
                        if (sets[i].mask & BRIG_CAP_BIT(cap))
                                (void)brig_buffer_printf(r->out, " %s", brig_cap_name(cap) ? brig_cap_name(cap) : "?");
                (void)brig_buffer_putc(r->out, '\n');
        }
}

static void put_privilege(const Report *r)
{
        static const char *const modes[] = { "off", "strict", "filter" };
        char digest[65];

        put(r, "profile", "%s", r->plan->profile);
        put(r, "no_new_privs", "%s", r->status.no_new_privs ? "yes" : "no");
        put(r, "seccomp.mode", "%s", r->status.seccomp < ARRAY_SIZE(modes) ? modes[r->status.seccomp] : "unknown");
        put(r, "seccomp.filters", "%u", r->status.seccomp_filters);
        put(r, "seccomp.profile", "%s", r->plan->seccomp_name);
        brig_hex_encode(r->plan->seccomp_digest, sizeof r->plan->seccomp_digest, digest);
        if (r->plan->n_bpf > 0)
                put(r, "seccomp.digest", "%s", digest);
        put(r, "landlock.abi", "%llu", (unsigned long long)r->c->landlock_abi);
        put(r, "landlock.enforced", "%s", r->c->landlock_abi ? "yes" : "no");
        put(r, "keyring.session", "fresh");
}

static void put_labels(const Report *r)
{
        for (const LabelModule *const *m = brig_lsm_modules; *m; m++) {
                char file[64], text[512], key[32];
                ssize_t n;

                (void)snprintf(file, sizeof file, "attr/%s", (*m)->current_file);
                (void)snprintf(key, sizeof key, "lsm.%s", (*m)->name);
                n = brig_procinfo_read(r->c->proc_fd, r->pid, file, text, sizeof text);
                if (n > 0)
                        text[strcspn(text, "\n")] = '\0';
                put(r, key, "%s", n > 0 ? text : "none");
        }
}

static void put_limits(const Report *r)
{
        static const char *const names[] = { "memory", "pids" };
        char text[64], key[32];

        put(r, "cgroup.mode", "%s", brig_cgroup_mode_of(&r->c->cgroup));
        put(r, "cgroup.path", "/%s/%s", r->c->request.cgroup_parent, r->plan->container_id);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                int64_t limit = brig_cgroup_limit(&r->c->cgroup, names[i]);

                (void)snprintf(key, sizeof key, "limits.%s", names[i]);
                if (limit < 0)
                        put(r, key, "none");
                else
                        put(r, key, "%lld", (long long)limit);
        }
        if (brig_procinfo_read(r->c->proc_fd, r->pid, "oom_score_adj", text, sizeof text) > 0) {
                text[strcspn(text, "\n")] = '\0';
                put(r, "oom_score_adj", "%s", text);
        }
        for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
                ProcessLimit limit;

                if (brig_procinfo_limit(r->c->proc_fd, r->pid, resource, &limit) < 0)
                        continue;
                (void)snprintf(key, sizeof key, "rlimit.%s", brig_rlimit_name(resource));
                put(r, key, "%lld:%lld", (long long)limit.soft, (long long)limit.hard); /* -1: unlimited */
        }
}

static bool named(const char *const *list, size_t n, const char *path)
{
        for (size_t i = 0; i < n; i++)
                if (streq(list[i], path))
                        return true;
        return false;
}

static void put_mounts(const Report *r)
{
        _cleanup_mount_table_ MountTable table = { 0 };
        char file[32];
        size_t shown = 0;

        (void)snprintf(file, sizeof file, "%d/mountinfo", r->pid);
        if (brig_mount_table_read(r->c->proc_fd, file, &table) < 0) {
                put(r, "mounts", "unreadable");
                return;
        }
        for (size_t i = 0; i < table.n; i++) {
                const MountEntry *m = &table.entries[i];
                char key[32];

                if (named(r->plan->masked, r->plan->n_masked, m->point)) {
                        put(r, "masked", "%s", m->point);
                } else if (named(r->plan->readonly, r->plan->n_readonly, m->point)) {
                        put(r, "readonly", "%s %s", m->point, m->options);
                } else if (shown < MOUNTS_SHOWN) {
                        (void)snprintf(key, sizeof key, "mount.%zu", shown++);
                        put(r, key, "%s %s %s", m->point, m->type, m->options);
                }
        }
}

int brig_runtime_readback(const RuntimeContainer *c, BrigBuffer *out, BrigError *err)
{
        Report r = { .c = c, .plan = c->request.plan, .pid = c->init.pid, .out = out };
        int e = brig_procinfo_status(c->proc_fd, r.pid, &r.status);

        if (e < 0)
                return brig_error_errno(err, BRIG_ERR_CONFLICT, e, "cannot read the state of process %d", r.pid);
        put(&r, "pid", "%d", r.pid);
        put(&r, "uid", "%u", r.status.uid);
        put_namespaces(&r);
        put_id_map(&r, "idmap.uid", "uid_map");
        put_id_map(&r, "idmap.gid", "gid_map");
        put_caps(&r);
        put_privilege(&r);
        put_labels(&r);
        put_limits(&r);
        put_mounts(&r);
        if (out->error < 0)
                return brig_error_errno(err, BRIG_ERR_TOO_LARGE, out->error, "the report is too long");
        return 0;
}
