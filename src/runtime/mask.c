/*
 * Masked and read-only paths (OCI runtime-spec 1.2, "Masked Paths", "Readonly
 * Paths"). The target is opened once, without following links, and everything
 * else goes by descriptor: no path is walked twice, and what covers it is the
 * node that M made, not a /dev/null of the image (CVE-2025-31133).
 */
#include "runtime/launch-internal.h"

#include "sys/path.h"
#include <fcntl.h>
#include <sys/stat.h>

static const uint64_t cover_attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;

static int cover(int target, const struct stat *st)
{
        bool folder = S_ISDIR(st->st_mode);
        _cleanup_close_ int fd = brig_mount_clone(AT_FDCWD, folder ? STAGING_EMPTY : STAGING_DEV "/null", false);
        MountChange change = { .set = cover_attr | (folder ? MOUNT_ATTR_NODEV : 0), .userns_fd = -EBADF };
        int r;

        if (fd < 0)
                return fd;
        r = brig_mount_change(fd, "", &change);
        return r < 0 ? r : brig_mount_attach(fd, target, "");
}

static int freeze(int target)
{
        _cleanup_close_ int fd = brig_mount_clone(target, "", true);
        MountChange change = { .set = MOUNT_ATTR_RDONLY, .userns_fd = -EBADF, .recursive = true };
        int r;

        if (fd < 0)
                return fd;
        r = brig_mount_change(fd, "", &change);
        return r < 0 ? r : brig_mount_attach(fd, target, "");
}

/* A path that the kernel does not have needs no cover. */
static int restrict_path(Launch *l, const char *path, bool mask, BrigError *err)
{
        _cleanup_close_ int target = brig_path_open_in(l->root_fd, path, O_PATH | O_NOFOLLOW, BRIG_PATH_NO_SYMLINKS);
        struct stat st;
        int r;

        if (target == -ENOENT || target == -ENOTDIR)
                return 0;
        if (target < 0)
                r = target;
        else if (fstat(target, &st) < 0)
                r = -errno;
        else
                r = mask ? cover(target, &st) : freeze(target);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot %s \"%s\"", mask ? "mask" : "make read-only:", path) : 0;
}

int brig_step_masks(Launch *l, BrigError *err)
{
        int r = 0;

        if (!brig_launch_layer(l, RUNTIME_LAYER_MASKED))
                return 0;
        for (size_t i = 0; r >= 0 && i < l->plan->n_readonly; i++)
                r = restrict_path(l, l->plan->readonly[i], false, err);
        for (size_t i = 0; r >= 0 && i < l->plan->n_masked; i++)
                r = restrict_path(l, l->plan->masked[i], true, err);
        return r;
}
