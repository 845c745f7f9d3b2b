/*
 * The root file system: an overlay whose lower, upper and work folders lie under
 * one parent that is idmapped once. On disk everything is owned by the storage
 * range S, in the container by its own range, and nothing is ever chowned.
 *
 * Two lines of id map: S → the container's range for the content, 0 → 0 for
 * overlay itself, which keeps its work folder as root; without the second line it
 * falls back to a read-only mount and says nothing, so the flags are read back.
 */
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include "sys/path.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#define OVERLAY_OPTIONS_MAX 4095u

int brig_step_storage_clone(Launch *l, BrigError *err)
{
        /*
         * Without a user namespace container root is host root, which leaves no 0 for the second
         * line: then root's own folders appear as an id that nobody has, and host root may enter them.
         */
        const IdRange ranges[] = {
                { .inside = l->request->storage_base, .outside = l->root_uid, .count = l->request->range_size },
                { .inside = 0, .outside = l->userns ? 0 : l->owner_uid, .count = 1 },
        };
        _cleanup_close_ int userns = -EBADF;
        int r;

        l->storage_fd = brig_mount_clone(l->request->storage_fd, "", false);
        if (l->storage_fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, l->storage_fd, "cannot clone the storage folder");
        userns = brig_idmap_namespace(ranges, NULL, ARRAY_SIZE(ranges));
        if (userns < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, userns, "cannot make an id map for the storage folder");
        MountChange change = {
                .set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NODEV | (l->plan->flags & PLAN_F_ROOTFS_SUID ? 0 : MOUNT_ATTR_NOSUID),
                .propagation = MS_PRIVATE,
                .userns_fd = userns,
        };
        r = brig_mount_change(l->storage_fd, "", &change);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot map the ids of the storage folder (does its file system take idmapped mounts?)");
        return 0;
}

/*
 * "volatile" saves a container that is removed at its end the flush of the whole
 * file system. It leaves a mark that forbids another mount, because after a power
 * cut the upper may be torn; such a container has not survived one, so a restart
 * within its life takes the mark away.
 */
static const char *durability(const Launch *l)
{
        char mark[192];

        if (!(l->plan->flags & PLAN_F_EPHEMERAL))
                return "";
        /* Mostly there is none; if it stays the mount says so. */
        (void)snprintf(mark, sizeof mark, STAGING_STORAGE "/uppers/%s/work/work/incompat/volatile/dirty", l->plan->container_id);
        (void)unlink(mark);
        *strrchr(mark, '/') = '\0';
        (void)rmdir(mark);
        return ",volatile";
}

static int overlay_options(const Launch *l, BrigBuffer *out, BrigError *err)
{
        const char *id = l->plan->container_id;

        (void)brig_buffer_puts(out, "lowerdir=");
        for (size_t i = 0; i < l->plan->n_layers; i++) {
                char target[128], name[32];

                (void)snprintf(target, sizeof target, STAGING_STORAGE "/layers/%s", l->plan->layers[i]);
                (void)snprintf(name, sizeof name, STAGING_LAYERS "/%zu", i);
                if (symlink(target, name) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot name layer %zu", i);
                (void)brig_buffer_printf(out, "%s%zu", i ? ":" : "", i);
        }
        (void)brig_buffer_printf(out, ",upperdir=" STAGING_STORAGE "/uppers/%s/upper,workdir=" STAGING_STORAGE "/uppers/%s/work,userxattr%s", id, id,
                                 durability(l));
        return out->error < 0 ? brig_error_errno(err, BRIG_ERR_TOO_LARGE, out->error, "too many layers") : 0;
}

static int check_layers(const Launch *l, BrigError *err)
{
        if (l->plan->n_layers == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the plan names no layer");
        for (size_t i = 0; i < l->plan->n_layers; i++) {
                char path[128];

                (void)snprintf(path, sizeof path, STAGING_STORAGE "/layers/%s", l->plan->layers[i]);
                if (access(path, F_OK) < 0)
                        return brig_error_errno(err, BRIG_ERR_NOT_FOUND, errno, "layer \"%s\" is missing", l->plan->layers[i]);
        }
        return 0;
}

static int mount_overlay(const Launch *l, const char *options, BrigError *err)
{
        unsigned long flags = MS_NODEV | (l->plan->flags & PLAN_F_ROOTFS_SUID ? 0 : MS_NOSUID);
        struct statvfs st;

        /* Relative lower names: with full ones not even thirty layers would fit into mount(2)'s page. */
        if (chdir(STAGING_LAYERS) < 0 || mount("overlay", STAGING_ROOTFS, "overlay", flags, options) < 0) {
                int saved = errno;

                if (check_layers(l, err) < 0)
                        return -saved;
                return brig_error_errno(err, BRIG_ERR_INTERNAL, saved, "cannot mount the root file system of %zu layers", l->plan->n_layers);
        }
        if (chdir("/") < 0 || statvfs(STAGING_ROOTFS, &st) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot look at the root file system");
        if (st.f_flag & ST_RDONLY)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EROFS, "overlay came up read-only: its work folder cannot be used (see the kernel log)");
        return 0;
}

int brig_step_rootfs_mount(Launch *l, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer options = BRIG_BUFFER_INIT(OVERLAY_OPTIONS_MAX);
        int r = brig_mount_attach(l->storage_fd, AT_FDCWD, STAGING_STORAGE);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot attach the storage folder");
        r = check_layers(l, err);
        if (r < 0)
                return r;
        r = overlay_options(l, &options, err);
        return r < 0 ? r : mount_overlay(l, options.data, err);
}

/* P: what M mounted came along locked; a clone of its root can be attached, moved into and changed. */
int brig_step_root_attach(Launch *l, BrigError *err)
{
        _cleanup_close_ int fd = brig_mount_clone(AT_FDCWD, STAGING_ROOTFS, false);
        int r = fd < 0 ? fd : brig_mount_attach(fd, AT_FDCWD, STAGING_NEW_ROOT);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot attach the root file system");
        l->root_fd = TAKE_FD(fd);
        return 0;
}

/* WorkingDir of an image need not be there (Docker makes it, owned by root). */
int brig_step_cwd_make(Launch *l, BrigError *err)
{
        _cleanup_close_ int fd = -EBADF;

        if (brig_str_empty(l->plan->cwd) || streq(l->plan->cwd, "/"))
                return 0;
        fd = brig_path_make_dir_in(l->root_fd, l->plan->cwd, 0755);
        if (fd == -ENOTDIR)
                return brig_error_set(err, BRIG_ERR_INVALID, ENOTDIR, "cannot use working directory \"%s\": not a directory", l->plan->cwd);
        return fd < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, fd, "cannot make working directory \"%s\"", l->plan->cwd) : 0;
}

int brig_step_root_readonly(Launch *l, BrigError *err)
{
        MountChange change = { .set = MOUNT_ATTR_RDONLY, .userns_fd = -EBADF };
        int r;

        if (!(l->plan->flags & PLAN_F_READONLY_ROOTFS))
                return 0;
        r = brig_mount_change(l->root_fd, "", &change);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot make the root file system read-only") : 0;
}

int brig_step_pivot(Launch *l, BrigError *err)
{
        int r = brig_mount_pivot(l->root_fd);

        l->root_fd = brig_close(l->root_fd);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot enter the root file system") : 0;
}
