/*
 * The mounts of the plan, in its order, made by P as root of the container's
 * namespaces: with no more right than the payload's own root would have. A table
 * says for each type where the mount comes from; attaching is the same for all.
 */
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include "runtime/copy-up-internal.h"
#include "sys/path.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define TMPFS_OPTIONS_MAX 16
#define TMPFS_TEXT_MAX 512

typedef struct MountRequest { Launch *l; const PlanMount *m; size_t index; } MountRequest;
typedef int (*MountSource)(const MountRequest *r, BrigError *err); /* a detached mount */

/* Options of a tmpfs that only bound it or say whose it is. */
static const char *const tmpfs_keys[] = { "size", "mode", "uid", "gid", "nr_inodes", "nr_blocks" };

static bool tmpfs_key_allowed(const char *key)
{
        for (size_t i = 0; i < ARRAY_SIZE(tmpfs_keys); i++)
                if (streq(tmpfs_keys[i], key))
                        return true;
        return false;
}

/* "size=64m,mode=1777" in text → options; text is cut into pieces that the options point to. */
static int split_options(char *text, MountOption out[TMPFS_OPTIONS_MAX + 1], BrigError *err)
{
        size_t n = 0;

        while (*text) {
                char *end = text + strcspn(text, ","), *value;

                if (*end)
                        *end++ = '\0';
                value = strchr(text, '=');
                if (value)
                        *value++ = '\0';
                if (*text && (n == TMPFS_OPTIONS_MAX || !value || !tmpfs_key_allowed(text)))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "tmpfs option \"%s\" is not supported", text);
                if (*text)
                        out[n++] = (MountOption){ text, value };
                text = end;
        }
        out[n] = (MountOption){ NULL, NULL };
        return 0;
}

static int new_tmpfs(const char *options, uint64_t attr, BrigError *err)
{
        MountOption list[TMPFS_OPTIONS_MAX + 1];
        char text[TMPFS_TEXT_MAX], why[256];
        int r;

        if (strlen(options) >= sizeof text)
                return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "tmpfs options are too long");
        (void)snprintf(text, sizeof text, "%s", options);
        r = split_options(text, list, err);
        if (r < 0)
                return r;
        r = brig_mount_new_explained("tmpfs", list, attr, why, sizeof why);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, r, "cannot make a tmpfs with \"%s\"%s%s", options, *why ? ": " : "", why) : r;
}

static int source_tmpfs(const MountRequest *r, BrigError *err)
{
        return new_tmpfs(r->m->options, r->m->attr, err);
}

static int source_shm(const MountRequest *r, BrigError *err)
{
        char options[TMPFS_TEXT_MAX];

        if (*r->m->options)
                return source_tmpfs(r, err);
        (void)snprintf(options, sizeof options, "mode=1777,size=%uk", r->l->plan->shm_size_kib ? r->l->plan->shm_size_kib : 65536);
        return new_tmpfs(options, r->m->attr, err);
}

static int fail_unless_made(int fd, const char *what, BrigError *err)
{
        return fd < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, fd, "cannot make the container's %s", what) : fd;
}

/* A network namespace that is not ours (host) has no sysfs for us: M's own is shown, locked. */
static int source_sysfs(const MountRequest *r, BrigError *err)
{
        int fd = r->l->plan->namespaces & CLONE_NEWNET ? brig_mount_new("sysfs", "sysfs", NULL, r->m->attr) : brig_mount_clone(AT_FDCWD, STAGING_SYS, false);

        return fail_unless_made(fd, "sysfs", err);
}

static int source_mqueue(const MountRequest *r, BrigError *err)
{
        if (!(r->l->plan->namespaces & CLONE_NEWIPC))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "a container in the host's ipc namespace cannot have /dev/mqueue");
        return fail_unless_made(brig_mount_new("mqueue", "mqueue", NULL, r->m->attr), "message queues", err);
}

/* gid 5 is "tty" in every distribution, as glibc's grantpt(3) wants it. */
static int source_devpts(const MountRequest *r, BrigError *err)
{
        static const MountOption with_group[] = { { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", "5" }, { NULL, NULL } };
        int fd = fail_unless_made(brig_mount_new("devpts", "devpts", with_group, r->m->attr), "terminals", err);

        if (fd < 0)
                return fd;
        /* Kept: every terminal of this container's life is opened through it. */
        r->l->devpts_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return r->l->devpts_fd < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot keep the terminals") : fd;
}

static int clone_staged(const MountRequest *r, const char *path, bool recursive, BrigError *err)
{
        int fd = brig_mount_clone(AT_FDCWD, path, recursive);

        return fd < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, fd, "cannot clone what is to be mounted on \"%s\"", r->m->target) : fd;
}

static int source_dev(const MountRequest *r, BrigError *err)
{
        return clone_staged(r, STAGING_DEV, false, err);
}

static int source_cgroup(const MountRequest *r, BrigError *err)
{
        return clone_staged(r, STAGING_CGROUP, true, err);
}

static int source_bind(const MountRequest *r, BrigError *err)
{
        char path[32];

        (void)snprintf(path, sizeof path, STAGING_BINDS "/%zu", r->index);
        return clone_staged(r, path, r->m->flags & PLAN_MOUNT_F_RECURSIVE, err);
}

static const struct {
        MountSource source;
        bool real_folder;        /* its target may not be a symbolic link of the image (CVE-2019-19921 class) */
} types[] = {
        [PLAN_MOUNT_PROC] = { NULL, true },      /* attached at the end: brig_step_proc_attach */
        [PLAN_MOUNT_SYSFS] = { source_sysfs, true },
        [PLAN_MOUNT_DEV] = { source_dev, true },
        [PLAN_MOUNT_DEVPTS] = { source_devpts, true },
        [PLAN_MOUNT_SHM] = { source_shm, true },
        [PLAN_MOUNT_MQUEUE] = { source_mqueue, true },
        [PLAN_MOUNT_CGROUP] = { source_cgroup, true },
        [PLAN_MOUNT_TMPFS] = { source_tmpfs, false },
        [PLAN_MOUNT_BIND] = { source_bind, false },
};

static bool source_is_folder(const Launch *l, size_t index)
{
        return l->plan->mounts[index].type != PLAN_MOUNT_BIND || l->binds[index].directory;
}

/* Never the root itself: what has been checked about it must stay visible. */
static int open_target(Launch *l, size_t index, BrigError *err)
{
        const PlanMount *m = &l->plan->mounts[index];
        char text[BRIG_PLAN_MAX_PATH];
        int fd = brig_path_normalise(m->target, text, sizeof text);

        if (fd >= 0 && !*text)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid mount target \"%s\": destination can't be '/'", m->target);
        if (fd >= 0)
                fd = source_is_folder(l, index) ? brig_path_make_dir_in(l->root_fd, text, 0755) : brig_path_make_file_in(l->root_fd, text, 0644);
        if (fd >= 0 && types[m->type].real_folder) {
                (void)brig_close(fd);
                fd = brig_path_open_in(l->root_fd, text, O_PATH | O_DIRECTORY, BRIG_PATH_NO_SYMLINKS);
        }
        if (fd == -EISDIR || fd == -ENOTDIR)
                return brig_error_set(err, BRIG_ERR_INVALID, -fd, "cannot mount on \"%s\": %s a folder onto a file or vice versa", m->target, "this would put");
        return fd < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, fd, "cannot make mount target \"%s\"", m->target) : fd;
}

static int attach(Launch *l, const PlanMount *m, int fd, int target, BrigError *err)
{
        /* The image's own content first: once the tmpfs covers it nobody sees it. */
        int r = m->type == PLAN_MOUNT_TMPFS && (m->flags & PLAN_MOUNT_F_COPY_UP) ? brig_copy_up(target, fd, err) : 0;

        (void)l;
        if (r < 0)
                return r;
        r = brig_mount_attach(fd, target, "");
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot mount on \"%s\"", m->target) : 0;
}

/* Clones of M's mounts carry their restrictions already; what the plan adds is set while they are detached. */
static int restrict_clone(const PlanMount *m, int fd, BrigError *err)
{
        uint64_t attr = m->type == PLAN_MOUNT_DEV ? m->attr & ~(uint64_t)MOUNT_ATTR_NODEV : m->attr;
        MountChange change = { .set = attr & (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), .userns_fd = -EBADF };
        int r = change.set ? brig_mount_change(fd, "", &change) : 0;

        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot restrict the mount on \"%s\"", m->target) : 0;
}

static int mount_one(Launch *l, size_t index, BrigError *err)
{
        const PlanMount *m = &l->plan->mounts[index];
        const MountRequest request = { .l = l, .m = m, .index = index };
        _cleanup_close_ int fd = -EBADF, target = -EBADF;
        int r;

        if (m->type >= ARRAY_SIZE(types) || (!types[m->type].source && m->type != PLAN_MOUNT_PROC))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "mount type %u is not supported", m->type);
        if (m->type == PLAN_MOUNT_CGROUP && !l->cgroup_binds)
                return 0; /* a host without cgroups: an empty folder is the truth */
        target = open_target(l, index, err);
        if (target < 0)
                return target;
        if (m->type == PLAN_MOUNT_PROC)
                return 0;
        fd = types[m->type].source(&request, err);
        if (fd < 0)
                return fd;
        r = restrict_clone(m, fd, err);
        return r < 0 ? r : attach(l, m, fd, target, err);
}

int brig_step_mounts(Launch *l, BrigError *err)
{
        for (size_t i = 0; i < l->plan->n_mounts; i++) {
                int r = mount_one(l, i, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

int brig_step_proc_attach(Launch *l, BrigError *err)
{
        for (size_t i = 0; i < l->plan->n_mounts; i++) {
                const PlanMount *m = &l->plan->mounts[i];
                _cleanup_close_ int target = -EBADF;
                int r;

                if (m->type != PLAN_MOUNT_PROC)
                        continue;
                target = open_target(l, i, err);
                r = target < 0 ? target : restrict_clone(m, l->proc_fd, err);
                return r < 0 ? r : attach(l, m, l->proc_fd, target, err);
        }
        return 0;
}
