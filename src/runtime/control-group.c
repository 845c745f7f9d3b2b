/*
 * The container's cgroups as the start sees them: made by M, joined by the
 * processes themselves, shown read-only inside.
 */
#include "runtime/launch-internal.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

int brig_step_cgroup_create(Launch *l, BrigError *err)
{
        const CgroupRequest request = {
                .parent = l->request->cgroup_parent,
                .id = l->plan->container_id,
                .resources = &l->plan->resources,
                .devices = l->plan->devices,
                .n_devices = l->plan->n_devices,
        };

        return brig_cgroup_create(&request, l->cgroup, err);
}

/*
 * Binds of the container's own folders instead of fresh cgroup mounts: the same
 * view (a reader in the cgroup namespace sees "/"), no mount per hierarchy by
 * pid 1, and read-only is locked. Cloned while the host's mounts are in sight.
 * M itself reads through them later.
 */
int brig_step_cgroup_clone(Launch *l, BrigError *err)
{
        MountChange change = {
                .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                .propagation = MS_PRIVATE,
                .userns_fd = -EBADF,
        };

        if (l->cgroup->n_dirs == 0)
                return 0;
        l->cgroup_binds = calloc(BRIG_CGROUP_MAX_DIRS, sizeof l->cgroup_binds[0]);
        if (!l->cgroup_binds)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot show the cgroups");
        for (size_t i = 0; i < BRIG_CGROUP_MAX_DIRS; i++)
                l->cgroup_binds[i] = -EBADF;
        for (size_t i = 0; i < l->cgroup->n_dirs; i++) {
                int fd = brig_mount_clone(l->cgroup->dirs[i].dir_fd, "", false);
                int r = fd;

                l->cgroup_binds[i] = fd;
                if (fd >= 0)
                        r = brig_mount_change(fd, "", &change);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot clone the cgroup folder of \"%s\"", l->cgroup->dirs[i].controller);
        }
        return 0;
}

/* One v2 tree is shown as it is; the v1 hierarchies each in a folder of a tmpfs. */
int brig_step_cgroup_attach(Launch *l, BrigError *err)
{
        static const MountOption options[] = { { "mode", "0755" }, { "size", "64k" }, { NULL, NULL } };
        const uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
        _cleanup_close_ int fd = -EBADF;
        MountChange readonly = { .set = MOUNT_ATTR_RDONLY, .userns_fd = -EBADF };
        int r;

        if (!l->cgroup_binds)
                return 0;
        if (l->cgroup->n_dirs == 1) {
                r = brig_mount_attach(l->cgroup_binds[0], AT_FDCWD, STAGING_CGROUP);
                return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot attach the cgroup folder") : 0;
        }
        fd = brig_mount_new("tmpfs", "tmpfs", options, attr);
        r = fd < 0 ? fd : brig_mount_attach(fd, AT_FDCWD, STAGING_CGROUP);
        for (size_t i = 0; r >= 0 && i < l->cgroup->n_dirs; i++) {
                const char *name = l->cgroup->dirs[i].controller;

                r = mkdirat(fd, name, 0555) < 0 ? -errno : brig_mount_attach(l->cgroup_binds[i], fd, name);
        }
        if (r >= 0)
                r = brig_mount_change(fd, "", &readonly);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot attach the cgroup folders") : 0;
}

/*
 * A folder's descriptor opens what is above it too: with the host's own M could
 * walk up to everything that others may read. In M's namespace above the binds
 * there is nothing.
 */
int brig_cgroup_confine(Cgroup *c, BrigError *err)
{
        for (size_t i = 0; i < c->n_dirs; i++) {
                char path[64];
                int fd;

                (void)snprintf(path, sizeof path, STAGING_CGROUP "/%s", c->n_dirs == 1 ? "." : c->dirs[i].controller);
                fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (fd < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot open the cgroup folder of \"%s\"", c->dirs[i].controller);
                (void)brig_close(c->dirs[i].dir_fd);
                c->dirs[i].dir_fd = fd;
        }
        return 0;
}

/*
 * The process moves itself: a v1 task that names itself "0" in `tasks` skips the
 * kernel's thread group lock, whose RCU grace period costs milliseconds. Then the
 * namespace: made after the move its root is the container's own group
 * (CLONE_NEWCGROUP at birth would show the host's path).
 */
int brig_step_cgroup_join(Launch *l, BrigError *err)
{
        int r = brig_cgroup_join_self(l->cgroup);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot join the container's cgroup");
        if (l->plan->kind == PLAN_KIND_CONTAINER && (l->plan->namespaces & CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make the cgroup namespace");
        return 0;
}
