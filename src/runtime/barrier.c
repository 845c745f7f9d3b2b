#include "runtime/barrier-internal.h"

#include "base/strings.h"
#include "plan/capability.h"
#include "runtime/launch-internal.h"
#include "runtime/lsm/lsm-internal.h"
#include "runtime/process-internal.h"
#include "sys/path.h"
#include "sys/procinfo.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#define CGROUP_TEXT_MAX 8192

typedef struct Barrier {
        const RuntimeContainer *c;
        const StartedProcess *p;
        const LaunchPlan *plan;
        ProcessStatus status;
        int root;                /* the container's root, as the process has it */
} Barrier;

static bool layer(const Barrier *b, unsigned which)
{
        return !(b->c->request.disabled & which);
}

static int weaker(BrigError *err, const char *fmt, ...) _printf_(2, 3);
static int weaker(BrigError *err, const char *fmt, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        if (vsnprintf(text, sizeof text, fmt, ap) < 0)
                text[0] = '\0';
        va_end(ap);
        return brig_error_set(err, BRIG_ERR_INTERNAL, EPERM, "refused to start: %s", text);
}

static int check_caps(const Barrier *b, BrigError *err)
{
        const PlanCaps *c = &b->plan->caps;
        const struct { const char *name; uint64_t have, may; } sets[] = {
                { "bounding", b->status.bounding, c->bounding },
                { "permitted", b->status.permitted, c->permitted | c->ambient },
                { "effective", b->status.effective, c->effective | c->ambient },
                { "inheritable", b->status.inheritable, c->inheritable | c->ambient },
                { "ambient", b->status.ambient, c->ambient },
        };

        for (size_t i = 0; layer(b, RUNTIME_LAYER_CAPS) && i < ARRAY_SIZE(sets); i++)
                if (sets[i].have & ~sets[i].may)
                        return weaker(err, "%s capabilities are %#llx, the plan allows %#llx", sets[i].name, (unsigned long long)sets[i].have,
                                      (unsigned long long)sets[i].may);
        return 0;
}

static int check_gains(const Barrier *b, BrigError *err)
{
        if ((b->plan->flags & PLAN_F_NO_NEW_PRIVS) && !b->status.no_new_privs)
                return weaker(err, "no_new_privs is not set");
        if (b->plan->n_bpf > 0 && layer(b, RUNTIME_LAYER_SECCOMP) && (b->status.seccomp != 2 || b->status.seccomp_filters == 0))
                return weaker(err, "the seccomp filter is not in force (mode %u)", b->status.seccomp);
        return 0;
}

static const struct { uint32_t flag; const char *name; } namespaces[] = {
        { CLONE_NEWUSER, "user" }, { CLONE_NEWPID, "pid" }, { CLONE_NEWNS, "mnt" }, { CLONE_NEWIPC, "ipc" },
        { CLONE_NEWUTS, "uts" }, { CLONE_NEWNET, "net" }, { CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" },
};

static int check_namespaces(const Barrier *b, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
                NamespaceId ours, theirs;

                if (!(b->plan->namespaces & namespaces[i].flag) || (namespaces[i].flag == CLONE_NEWUSER && !layer(b, RUNTIME_LAYER_USERNS)))
                        continue;
                if (brig_procinfo_namespace(b->c->proc_fd, 0, namespaces[i].name, &ours) < 0 ||
                    brig_procinfo_namespace(b->c->proc_fd, b->p->pid, namespaces[i].name, &theirs) < 0)
                        return weaker(err, "the %s namespace cannot be looked at", namespaces[i].name);
                if (ours.inode == theirs.inode && ours.device == theirs.device)
                        return weaker(err, "the %s namespace is the host's", namespaces[i].name);
        }
        return 0;
}

static int check_ids(const Barrier *b, BrigError *err)
{
        static const char *const maps[] = { "uid_map", "gid_map" };

        if (!(b->plan->namespaces & CLONE_NEWUSER) || !layer(b, RUNTIME_LAYER_USERNS))
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
                unsigned long long inside, outside, count;
                char text[512], *at = text;
                ssize_t n = brig_procinfo_read(b->c->proc_fd, b->p->pid, maps[i], text, sizeof text);

                if (n <= 0)
                        return weaker(err, "%s cannot be read", maps[i]);
                inside = strtoull(at, &at, 10);
                outside = strtoull(at, &at, 10);
                count = strtoull(at, &at, 10);
                if (inside != 0 || outside != b->c->request.range_base || count != b->c->request.range_size || !streq(at, "\n"))
                        return weaker(err, "%s is not the one line \"0 %u %u\"", maps[i], b->c->request.range_base, b->c->request.range_size);
        }
        return 0;
}

static const struct { uint64_t attr; unsigned long flag; const char *name; } mount_flags[] = {
        { MOUNT_ATTR_RDONLY, ST_RDONLY, "read-only" },
        { MOUNT_ATTR_NOSUID, ST_NOSUID, "nosuid" },
        { MOUNT_ATTR_NODEV, ST_NODEV, "nodev" },
        { MOUNT_ATTR_NOEXEC, ST_NOEXEC, "noexec" },
};

static int check_mount(const Barrier *b, const char *path, uint64_t attr, BrigError *err)
{
        _cleanup_close_ int fd = brig_path_open_in(b->root, path, O_PATH, 0);
        unsigned long have = 0;

        if (fd < 0 || brig_mount_flags(fd, &have) < 0)
                return weaker(err, "\"%s\" cannot be looked at", path);
        for (size_t i = 0; i < ARRAY_SIZE(mount_flags); i++)
                if ((attr & mount_flags[i].attr) && !(have & mount_flags[i].flag))
                        return weaker(err, "\"%s\" is not %s", path, mount_flags[i].name);
        return 0;
}

static int check_mounts(const Barrier *b, BrigError *err)
{
        const LaunchPlan *p = b->plan;
        uint64_t root = MOUNT_ATTR_NODEV | (p->flags & PLAN_F_ROOTFS_SUID ? 0 : MOUNT_ATTR_NOSUID) |
                (p->flags & PLAN_F_READONLY_ROOTFS ? MOUNT_ATTR_RDONLY : 0);
        int r = check_mount(b, "/", root, err);

        for (size_t i = 0; r >= 0 && i < p->n_mounts; i++) {
                const PlanMount *m = &p->mounts[i];

                if (m->type == PLAN_MOUNT_CGROUP && b->c->cgroup.n_dirs == 0)
                        continue;
                r = check_mount(b, m->target, m->type == PLAN_MOUNT_DEV ? m->attr & ~(uint64_t)MOUNT_ATTR_NODEV : m->attr, err);
        }
        return r;
}

/* A masked folder shows nothing and takes nothing; a masked file is the null device. */
static int check_mask(const Barrier *b, const char *path, BrigError *err)
{
        _cleanup_close_ int fd = brig_path_open_in(b->root, path, O_PATH | O_NOFOLLOW, BRIG_PATH_NO_SYMLINKS);
        struct stat st, empty;

        if (fd == -ENOENT || fd == -ENOTDIR)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0 || stat(STAGING_EMPTY, &empty) < 0)
                return weaker(err, "masked path \"%s\" cannot be looked at", path);
        if (S_ISDIR(st.st_mode) ? st.st_dev != empty.st_dev || st.st_ino != empty.st_ino : !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
                return weaker(err, "path \"%s\" is not masked", path);
        return 0;
}

static int check_masks(const Barrier *b, BrigError *err)
{
        int r = 0;

        if (!layer(b, RUNTIME_LAYER_MASKED))
                return 0;
        for (size_t i = 0; r >= 0 && i < b->plan->n_masked; i++)
                r = check_mask(b, b->plan->masked[i], err);
        for (size_t i = 0; r >= 0 && i < b->plan->n_readonly; i++) {
                _cleanup_close_ int fd = brig_path_open_in(b->root, b->plan->readonly[i], O_PATH | O_NOFOLLOW, BRIG_PATH_NO_SYMLINKS);

                if (fd != -ENOENT && fd != -ENOTDIR)
                        r = check_mount(b, b->plan->readonly[i], MOUNT_ATTR_RDONLY, err);
        }
        return r;
}

static int check_rlimits(const Barrier *b, BrigError *err)
{
        for (size_t i = 0; i < b->plan->n_rlimits; i++) {
                const PlanRlimit *want = &b->plan->rlimits[i];
                ProcessLimit have;

                if (brig_procinfo_limit(b->c->proc_fd, b->p->pid, want->resource, &have) < 0)
                        return weaker(err, "ulimit %s cannot be read", brig_rlimit_name(want->resource));
                if (have.hard > want->hard || have.soft > want->soft)
                        return weaker(err, "ulimit %s is above %llu:%llu", brig_rlimit_name(want->resource), (unsigned long long)want->soft,
                                      (unsigned long long)want->hard);
        }
        return 0;
}

/* Each line of /proc/<pid>/cgroup that names one of our controllers must end in our group. */
static int check_cgroup_member(const Barrier *b, BrigError *err)
{
        _cleanup_free_ char *group = brig_str_printf("/%s/%s", b->c->request.cgroup_parent, b->c->request.plan->container_id);
        _cleanup_free_ char *text = malloc(CGROUP_TEXT_MAX);
        size_t members = 0;
        ssize_t n;

        if (!group || !text)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot check the cgroups");
        n = brig_procinfo_read(b->c->proc_fd, b->p->pid, "cgroup", text, CGROUP_TEXT_MAX);
        if (n < 0)
                return weaker(err, "the cgroups cannot be read");
        for (char *at = text; *at;) {
                char *end = at + strcspn(at, "\n");
                char *path = memchr(at, '/', (size_t)(end - at));

                members += path && (size_t)(end - path) == strlen(group) && strncmp(path, group, strlen(group)) == 0;
                at = *end ? end + 1 : end;
        }
        if (members < brig_cgroup_distinct(&b->c->cgroup))
                return weaker(err, "the process is in %zu of %zu cgroups", members, brig_cgroup_distinct(&b->c->cgroup));
        return 0;
}

static int check_cgroup_limits(const Barrier *b, BrigError *err)
{
        const PlanResources *r = &b->plan->resources;
        const struct { const char *name; int64_t want; } limits[] = { { "memory", r->memory }, { "pids", r->pids } };

        for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
                int64_t have;

                if (limits[i].want <= 0)
                        continue;
                have = brig_cgroup_limit(&b->c->cgroup, limits[i].name);
                if (have < 0 || have > limits[i].want)
                        return weaker(err, "the %s limit is %lld, the plan says %lld", limits[i].name, (long long)have, (long long)limits[i].want);
        }
        return 0;
}

typedef int (*Check)(const Barrier *b, BrigError *err);
/* Pid 1 is looked at from all sides; of a session only what it does not inherit from W. */
static const struct { bool session; Check check; } checks[] = {
        { true, check_caps },
        { true, check_gains },
        { false, check_namespaces },
        { false, check_ids },
        { false, check_mounts },
        { false, check_masks },
        { true, check_rlimits },
        { true, check_cgroup_member },
        { false, check_cgroup_limits },
};

int brig_barrier_check(const RuntimeContainer *c, const StartedProcess *p, const LaunchPlan *plan, BrigError *err)
{
        Barrier b = { .c = c, .p = p, .plan = plan, .root = -EBADF };
        bool session = plan->kind == PLAN_KIND_EXEC;
        char path[32];
        int r = brig_procinfo_status(c->proc_fd, p->pid, &b.status);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot read the state of process %d", p->pid);
        if (!session) {
                (void)snprintf(path, sizeof path, "%d/root", p->pid);
                b.root = openat(c->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (b.root < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot look into the container");
        }
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(checks); i++)
                if (!session || checks[i].session)
                        r = checks[i].check(&b, err);
        (void)brig_close(b.root);
        return r;
}

static bool process_is_gone(const Barrier *b)
{
        ProcessStatus status;
        int r = brig_procinfo_status(b->c->proc_fd, b->p->pid, &status);

        return r == -ENOENT || r == -ESRCH;
}

static int check_labels(const Barrier *b, BrigError *err)
{
        for (const LabelModule *const *m = brig_lsm_modules; *m; m++) {
                const char *label = (*m)->asked(b->plan);
                int r = *label ? brig_lsm_effective(*m, b->plan, b->c->proc_fd, b->p->pid) : 1;

                /* No such file can mean no such process any more, or no such module at all. */
                if (r < 0 && process_is_gone(b))
                        return 0;
                if (r != 1)
                        return weaker(err, "the %s label \"%s\" is not in force", (*m)->name, label);
        }
        return 0;
}

int brig_barrier_after_exec(const RuntimeContainer *c, const StartedProcess *p, const LaunchPlan *plan, BrigError *err)
{
        Barrier b = { .c = c, .p = p, .plan = plan, .root = -EBADF };
        int r = brig_procinfo_status(c->proc_fd, p->pid, &b.status);

        if (r == -ENOENT || r == -ESRCH)
                return 0;
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot read the state of process %d", p->pid);
        /*
         * The program may have gained from its file what the bounding set lets through, and no more. One that
         * has made a user namespace already has all capabilities there, which say nothing of ours.
         */
        if (layer(&b, RUNTIME_LAYER_CAPS) && ((b.status.permitted | b.status.effective | b.status.bounding) & ~plan->caps.bounding) &&
            check_ids(&b, NULL) >= 0)
                return weaker(err, "the program has capabilities %#llx, the plan bounds them to %#llx", (unsigned long long)b.status.permitted,
                              (unsigned long long)plan->caps.bounding);
        r = check_gains(&b, err);
        return r < 0 ? r : check_labels(&b, err);
}
