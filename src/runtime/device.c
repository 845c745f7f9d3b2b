/*
 * /dev: a small tmpfs that M fills as host root, the only one who can make device
 * nodes. Real nodes on a file system of our own need no bind mounts and leave
 * nothing to verify about a source (the CVE-2025-31133 class); they belong to
 * container root. The payload cannot add any: mknod(2) of a device needs a
 * capability over the initial user namespace, and the device cgroup stands behind it.
 */
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include "sys/path.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* OCI runtime-spec 1.2, "Default Devices" */
static const struct { const char *name; unsigned major, minor; } nodes[] = {
        { "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};
/* OCI runtime-spec 1.2, "/dev symbolic links" */
static const struct { const char *name, *target; } links[] = {
        { "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
        { "core", "/proc/kcore" }, { "ptmx", "pts/ptmx" },
};
static const char *const folders[] = { "pts", "shm", "mqueue" };

static int make_node(int dir, const char *name, mode_t mode, dev_t device, const uid_t owner[2])
{
        if (mknodat(dir, name, mode, device) < 0)
                return -errno;
        return fchownat(dir, name, owner[0], owner[1], AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int make_fixed(int dir, const Launch *l)
{
        const uid_t owner[2] = { l->root_uid, l->root_uid };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(nodes); i++)
                r = make_node(dir, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor), owner);
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(links); i++)
                if (symlinkat(links[i].target, dir, links[i].name) < 0 || fchownat(dir, links[i].name, owner[0], owner[1], AT_SYMLINK_NOFOLLOW) < 0)
                        r = -errno;
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(folders); i++)
                if (mkdirat(dir, folders[i], 0755) < 0 || fchownat(dir, folders[i], owner[0], owner[1], AT_SYMLINK_NOFOLLOW) < 0)
                        r = -errno;
        return r;
}

/* --device: the node under its name below /dev. Elsewhere the root file system is nodev. */
static int make_extra(int dir, const Launch *l, const PlanDevice *d, BrigError *err)
{
        _cleanup_close_ int parent = -EBADF;
        char name[BRIG_PLAN_MAX_PATH];
        const uid_t owner[2] = { l->root_uid + d->uid, l->root_uid + d->gid };
        char *slash;
        int r;

        if (!brig_str_has_prefix(d->path, "/dev/"))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "device \"%s\" is not below /dev", d->path);
        r = brig_path_normalise(d->path + 5, name, sizeof name);
        if (r >= 0 && d->uid < l->request->range_size && d->gid < l->request->range_size) {
                slash = strrchr(name, '/');
                if (slash)
                        *slash = '\0';
                parent = brig_path_make_dir_in(dir, slash ? name : "", 0755);
                r = parent;
                if (r >= 0) {
                        (void)unlinkat(parent, slash ? slash + 1 : name, 0); /* one of the fixed set under the same name */
                        r = make_node(parent, slash ? slash + 1 : name, (d->type == 'b' ? S_IFBLK : S_IFCHR) | (d->mode & 0777),
                                      makedev(d->major, d->minor), owner);
                }
        } else if (r >= 0) {
                r = -EINVAL;
        }
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, r, "cannot make device \"%s\"", d->path) : 0;
}

int brig_step_dev_build(Launch *l, BrigError *err)
{
        char owner[16];
        const MountOption options[] = { { "mode", "0755" }, { "size", "65536k" }, { "uid", owner }, { "gid", owner }, { NULL, NULL } };
        _cleanup_close_ int fd = -EBADF;
        int r;

        (void)snprintf(owner, sizeof owner, "%u", l->root_uid);
        fd = brig_mount_new("tmpfs", "tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        r = fd < 0 ? fd : brig_mount_attach(fd, AT_FDCWD, STAGING_DEV);
        if (r >= 0)
                r = make_fixed(fd, l);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot build /dev");
        for (size_t i = 0; i < l->plan->n_devices; i++) {
                r = make_extra(fd, l, &l->plan->devices[i], err);
                if (r < 0)
                        return r;
        }
        return 0;
}
