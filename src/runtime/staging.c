/*
 * M's own mount namespace: a tmpfs with a fresh proc and a fresh sysfs, and what
 * the container is made of. Nearly empty, because every CLONE_NEWNS copies all of
 * it; the two must be uncovered, because the kernel refuses proc and sysfs to a
 * user namespace that could not see all of an existing one (mount_too_revealing).
 * A new namespace whose owner is another user namespace gets *locked* copies:
 * the payload cannot lift read-only, nosuid or nodev from them even with CAP_SYS_ADMIN.
 */
#include "runtime/launch-internal.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

static const MountOption tmpfs_options[] = { { "mode", "0755" }, { "size", "4m" }, { "nr_inodes", "4096" }, { NULL, NULL } };

static const char *const folders[] = {
        STAGING_PROC, STAGING_SYS, STAGING_STORAGE, STAGING_LAYERS, STAGING_ROOTFS, STAGING_DEV,
        STAGING_EMPTY, STAGING_CGROUP, STAGING_BINDS, STAGING_NEW_ROOT,
};

static int attach_new(const char *fstype, const char *where, BrigError *err)
{
        _cleanup_close_ int fd = brig_mount_new(fstype, fstype, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        int r = fd < 0 ? fd : brig_mount_attach(fd, AT_FDCWD, where);

        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot mount a fresh %s", fstype) : 0;
}

static int leave_host(BrigError *err)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (unshare(CLONE_NEWNS) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make a mount namespace");
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make the mounts private");
        fd = brig_mount_new("tmpfs", "brig", tmpfs_options, MOUNT_ATTR_NOSUID);
        r = fd < 0 ? fd : brig_mount_attach(fd, AT_FDCWD, "/");
        if (r >= 0)
                r = brig_mount_pivot(fd);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot leave the host's mounts") : 0;
}

int brig_step_staging_enter(Launch *l, BrigError *err)
{
        int r = leave_host(err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (mkdir(folders[i], 0755) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make \"%s\"", folders[i]);
        r = attach_new("proc", STAGING_PROC, err);
        return r < 0 ? r : attach_new("sysfs", STAGING_SYS, err);
}

/*
 * M, as soon as P has its copies: what serves the payload must not lead to the
 * layers of other containers, nor keep a bind source busy. One by one; a mount
 * beneath another goes with it.
 */
int brig_staging_leave(const Launch *l, BrigError *err)
{
        static const char *const mounts[] = { STAGING_STORAGE, STAGING_ROOTFS, STAGING_DEV, STAGING_SYS };
        char path[32];

        for (size_t i = 0; i < ARRAY_SIZE(mounts); i++)
                if (umount2(mounts[i], MNT_DETACH) < 0 && errno != EINVAL) /* EINVAL: nothing is mounted there */
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot let go of \"%s\"", mounts[i]);
        for (size_t i = 0; l->binds && i < l->plan->n_mounts; i++) {
                (void)snprintf(path, sizeof path, STAGING_BINDS "/%zu", i);
                if (l->binds[i].fd >= 0 && umount2(path, MNT_DETACH) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot let go of bind source \"%s\"", l->plan->mounts[i].source);
        }
        return 0;
}
