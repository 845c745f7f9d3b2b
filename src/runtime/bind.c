/*
 * Bind mounts of host folders and files. M opens the source in the host's mount
 * namespace, has it judged by the ceiling, and clones it detached; from then on
 * only that clone is spoken of, so no later change of a path matters. In M's own
 * namespace the clones are attached, so that P gets locked copies.
 */
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include "runtime/bind-judge-internal.h"
#include "sys/path.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* The lowest folder on the way to the source that is there; what is not, "a/b", goes to `text`. */
static int open_above(const PlanMount *m, char text[BRIG_PLAN_MAX_PATH + 1], BrigError *err)
{
        _cleanup_free_ char *path = brig_str_dup(m->source);
        int above, r;

        if (!path)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot make bind source \"%s\"", m->source);
        for (;;) {
                char *slash = strrchr(path, '/');

                if (!slash)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "bind source \"%s\" is not absolute", m->source);
                slash[slash == path] = '\0';
                above = brig_path_open_host(path, O_PATH | O_DIRECTORY);
                if (above != -ENOENT || slash == path)
                        break;
        }
        r = above < 0 ? above : brig_path_normalise(m->source + strlen(path), text, BRIG_PLAN_MAX_PATH + 1);
        if (r >= 0)
                return above;
        (void)brig_close(above);
        return brig_error_errno(err, BRIG_ERR_INVALID, r, "cannot make bind source \"%s\"", m->source);
}

/*
 * Docker's -v makes a missing source as root's folder. What is above it decides
 * whether it may; and it is made from that very folder, so that a link which
 * somebody puts into the way meanwhile leads nowhere.
 */
static int make_source(const PlanMount *m, const BindJudge *judge, BrigError *err)
{
        char missing[BRIG_PLAN_MAX_PATH + 1];
        _cleanup_close_ int above = open_above(m, missing, err), made = -EBADF;

        if (above < 0)
                return above;
        if (judge) {
                const BindQuestion q = { .fd = above, .source = m->source, .writable = true, .missing = missing };
                int r = brig_bind_judge(judge, &q, err);

                if (r < 0)
                        return r;
        }
        made = brig_path_make_dir_in(above, missing, 0755);
        return made < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, made, "cannot make bind source \"%s\"", m->source) : TAKE_FD(made);
}

static int open_source(const PlanMount *m, const BindJudge *judge, BrigError *err)
{
        int fd;

        if (m->source[0] != '/')
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "bind source \"%s\" is not absolute", m->source);
        fd = brig_path_open_host(m->source, O_PATH);
        if (fd == -ENOENT && (m->flags & PLAN_MOUNT_F_CREATE_SOURCE))
                return make_source(m, judge, err);
        if (fd == -ENOENT)
                return brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "invalid mount config for type \"bind\": bind source path does not exist: %s", m->source);
        return fd < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, fd, "cannot open bind source \"%s\"", m->source) : fd;
}

/* Container id 0 is the one id of the host that this bind may act as; every other id of it is nobody's. */
static int map_source(Launch *l, const PlanMount *m, int fd, BrigError *err)
{
        const IdRange uids = { .inside = m->idmap_uid, .outside = l->root_uid, .count = 1 };
        const IdRange gids = { .inside = m->idmap_gid, .outside = l->root_uid, .count = 1 };
        _cleanup_close_ int userns = brig_idmap_namespace(&uids, &gids, 1);
        MountChange change = { .set = MOUNT_ATTR_IDMAP, .userns_fd = userns, .recursive = m->flags & PLAN_MOUNT_F_RECURSIVE };
        int r = userns < 0 ? userns : brig_mount_change(fd, "", &change);

        if (r == -EINVAL || r == -EPERM)
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, -r, "the file system of bind source \"%s\" (or one mounted beneath it) cannot be idmapped; use noidmap", m->source);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot map the ids of bind source \"%s\"", m->source) : 0;
}

/*
 * Never device nodes, whatever the plan says: a node of a host folder would be the
 * host's disk. Set-user-id as in the root file system: not where nobody may gain by it. Read-only of an rbind reaches submounts only where that was asked for.
 */
static int restrict_source(const Launch *l, const PlanMount *m, int fd, BrigError *err)
{
        uint64_t always = MOUNT_ATTR_NODEV | (l->plan->flags & PLAN_F_ROOTFS_SUID ? 0 : MOUNT_ATTR_NOSUID);
        bool recursive = m->flags & PLAN_MOUNT_F_RECURSIVE, deep = m->flags & PLAN_MOUNT_F_RO_RECURSIVE;
        MountChange all = { .set = always | (deep ? m->attr : m->attr & ~(uint64_t)MOUNT_ATTR_RDONLY), .propagation = MS_PRIVATE, .userns_fd = -EBADF,
                            .recursive = recursive };
        MountChange top = { .set = m->attr & MOUNT_ATTR_RDONLY, .userns_fd = -EBADF };
        int r = brig_mount_change(fd, "", &all);

        if (r >= 0 && top.set && !deep)
                r = brig_mount_change(fd, "", &top);
        if (r >= 0 && (m->propagation & (MS_SLAVE | MS_SHARED))) {
                MountChange spread = { .propagation = m->propagation & (MS_SLAVE | MS_SHARED), .userns_fd = -EBADF, .recursive = m->propagation & MS_REC };

                r = brig_mount_change(fd, "", &spread);
        }
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot restrict bind source \"%s\"", m->source) : 0;
}

static int resolve_one(Launch *l, const PlanMount *m, const BindJudge *judge, BindSource *ret, BrigError *err)
{
        _cleanup_close_ int source = open_source(m, judge, err), tree = -EBADF;
        struct stat st;
        int r;

        if (source < 0)
                return source;
        if (judge) {
                const BindQuestion q = {
                        .fd = source, .source = m->source, .writable = !(m->attr & MOUNT_ATTR_RDONLY), .recursive = m->flags & PLAN_MOUNT_F_RECURSIVE,
                        .writable_below = !(m->attr & MOUNT_ATTR_RDONLY) || !(m->flags & PLAN_MOUNT_F_RO_RECURSIVE),
                };

                r = brig_bind_judge(judge, &q, err);
                if (r < 0)
                        return r;
        }
        if (fstat(source, &st) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot look at bind source \"%s\"", m->source);
        tree = brig_mount_clone(source, "", m->flags & PLAN_MOUNT_F_RECURSIVE);
        if (tree < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, tree, "cannot clone bind source \"%s\"", m->source);
        r = restrict_source(l, m, tree, err);
        if (r >= 0 && (m->flags & PLAN_MOUNT_F_IDMAP) && l->userns)
                r = map_source(l, m, tree, err);
        if (r < 0)
                return r;
        *ret = (BindSource){ .fd = TAKE_FD(tree), .directory = S_ISDIR(st.st_mode) };
        return 0;
}

static bool has_binds(const LaunchPlan *p)
{
        for (size_t i = 0; i < p->n_mounts; i++)
                if (p->mounts[i].type == PLAN_MOUNT_BIND)
                        return true;
        return false;
}

int brig_step_binds_resolve(Launch *l, BrigError *err)
{
        _cleanup_(brig_bind_judge_freep) BindJudge *judge = NULL;
        int r = 0;

        if (!has_binds(l->plan))
                return 0;
        l->binds = calloc(l->plan->n_mounts, sizeof l->binds[0]);
        if (!l->binds)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot resolve bind sources");
        for (size_t i = 0; i < l->plan->n_mounts; i++)
                l->binds[i].fd = -EBADF;
        if (l->request->ceiling) {
                r = brig_bind_judge_new(l->request->ceiling, &judge, err);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; r >= 0 && i < l->plan->n_mounts; i++)
                if (l->plan->mounts[i].type == PLAN_MOUNT_BIND)
                        r = resolve_one(l, &l->plan->mounts[i], judge, &l->binds[i], err);
        return r < 0 ? r : 0;
}

int brig_step_binds_attach(Launch *l, BrigError *err)
{
        for (size_t i = 0; l->binds && i < l->plan->n_mounts; i++) {
                const BindSource *b = &l->binds[i];
                char path[32];
                int r;

                if (b->fd < 0)
                        continue;
                (void)snprintf(path, sizeof path, STAGING_BINDS "/%zu", i);
                r = b->directory ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0);
                r = r < 0 ? -errno : brig_mount_attach(b->fd, AT_FDCWD, path);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot attach bind source \"%s\"", l->plan->mounts[i].source);
        }
        return 0;
}
