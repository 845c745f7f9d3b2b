#include "sys/mountfd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

static int configure(int fs, const char *source, const MountOption *options)
{
        if (source && fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
                return -errno;
        for (; options && options->key; options++) {
                unsigned how = options->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

                if (fsconfig(fs, how, options->key, options->value, 0) < 0)
                        return -errno;
        }
        return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

static int make(int fs, const char *source, const MountOption *options, uint64_t attr)
{
        int r = configure(fs, source, options);

        if (r < 0)
                return r;
        r = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr);
        return r < 0 ? -errno : r;
}

int brig_mount_new(const char *fstype, const char *source, const MountOption *options, uint64_t attr)
{
        _cleanup_close_ int fs = fsopen(fstype, FSOPEN_CLOEXEC);

        return fs < 0 ? -errno : make(fs, source, options, attr);
}

int brig_mount_new_explained(const char *fstype, const MountOption *options, uint64_t attr, char *why, size_t why_size)
{
        _cleanup_close_ int fs = fsopen(fstype, FSOPEN_CLOEXEC);
        int r;

        why[0] = '\0';
        if (fs < 0)
                return -errno;
        r = make(fs, fstype, options, attr);
        if (r < 0) {
                /* "e overlay: ..." : the context is a queue of messages with their level in front */
                char text[256];
                ssize_t n = read(fs, text, sizeof text - 1);

                if (n > 2) {
                        text[n] = '\0';
                        (void)snprintf(why, why_size, "%s", text + 2);
                }
        }
        return r;
}

int brig_mount_clone(int dirfd, const char *path, bool recursive)
{
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*path ? 0 : AT_EMPTY_PATH) | (recursive ? AT_RECURSIVE : 0);
        int fd = open_tree(dirfd, path, flags | AT_SYMLINK_NOFOLLOW);

        return fd < 0 ? -errno : fd;
}

int brig_mount_attach(int mount_fd, int target_fd, const char *target)
{
        unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*target ? 0 : MOVE_MOUNT_T_EMPTY_PATH);

        return move_mount(mount_fd, "", target_fd, target, flags) < 0 ? -errno : 0;
}

int brig_mount_change(int mount_fd, const char *path, const MountChange *change)
{
        struct mount_attr attr = {
                .attr_set = change->set,
                .attr_clr = change->clear,
                .propagation = change->propagation,
                .userns_fd = change->userns_fd >= 0 ? (uint64_t)change->userns_fd : 0,
        };
        unsigned flags = (*path ? 0 : AT_EMPTY_PATH) | (change->recursive ? AT_RECURSIVE : 0) | AT_SYMLINK_NOFOLLOW;

        return mount_setattr(mount_fd, path, flags, &attr, sizeof attr) < 0 ? -errno : 0;
}

int brig_mount_pivot(int new_root_fd)
{
        if (fchdir(new_root_fd) < 0)
                return -errno;
        /* "." twice: the old root ends up stacked on the new one, so no folder for it is needed in a foreign tree. */
        if (syscall(SYS_pivot_root, ".", ".") < 0)
                return -errno;
        if (umount2(".", MNT_DETACH) < 0)
                return -errno;
        return chdir("/") < 0 ? -errno : 0;
}

int brig_mount_flags(int fd, unsigned long *ret)
{
        struct statvfs st;

        if (fstatvfs(fd, &st) < 0)
                return -errno;
        *ret = st.f_flag;
        return 0;
}
