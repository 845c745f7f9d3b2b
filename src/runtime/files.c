/*
 * Small files that the engine provides (/etc/hosts, resolv.conf, hostname, and
 * brig-init): written to one tmpfs of the container and bound over their places.
 */
#include "runtime/launch-internal.h"

#include "sys/fd.h"
#include "sys/path.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#define INIT_PATH "/sbin/docker-init"
static const MountOption options[] = { { "mode", "0755" }, { "size", "9m" }, { "nr_inodes", "256" }, { NULL, NULL } };

static int write_file(int dir, const char *name, const PlanFile *f)
{
        _cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int r = fd < 0 ? -errno : brig_fd_write_all(fd, f->data, f->len);

        if (r < 0)
                return r;
        return fchmod(fd, f->mode & 0777) < 0 ? -errno : 0;
}

static int bind_over(Launch *l, int dir, const char *name, const char *path, uint64_t attr)
{
        _cleanup_close_ int fd = brig_mount_clone(dir, name, false), target = -EBADF;
        MountChange change = { .set = attr, .userns_fd = -EBADF };
        int r;

        if (fd < 0)
                return fd;
        r = brig_mount_change(fd, "", &change);
        if (r < 0)
                return r;
        target = brig_path_make_file_in(l->root_fd, path, 0644);
        return target < 0 ? target : brig_mount_attach(fd, target, "");
}

static int place_init(Launch *l, int dir)
{
        _cleanup_close_ int fd = openat(dir, "init", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
        off_t at = 0;
        ssize_t n;

        if (fd < 0)
                return -errno;
        do
                n = sendfile(fd, l->request->init_fd, &at, 1u << 20);
        while (n > 0 || (n < 0 && errno == EINTR));
        if (n < 0 || fchmod(fd, 0555) < 0)
                return -errno;
        fd = brig_close(fd); /* a file that is open for writing cannot be executed */
        return bind_over(l, dir, "init", INIT_PATH, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

int brig_step_files(Launch *l, BrigError *err)
{
        bool init = l->plan->flags & PLAN_F_INIT;
        _cleanup_close_ int dir = -EBADF;
        char name[32];
        int r = 0;

        if (l->plan->n_files == 0 && !init)
                return 0;
        dir = brig_mount_new("tmpfs", "brig", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        /* A file can be cloned out of a mount of this namespace only: show it for a moment where P alone looks. */
        r = dir < 0 ? dir : brig_mount_attach(dir, AT_FDCWD, STAGING_LAYERS);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot make a place for the engine's files");
        for (size_t i = 0; i < l->plan->n_files; i++) {
                const PlanFile *f = &l->plan->files[i];

                (void)snprintf(name, sizeof name, "%zu", i);
                r = write_file(dir, name, f);
                if (r >= 0)
                        r = bind_over(l, dir, name, f->path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot provide \"%s\"", f->path);
        }
        if (init && l->request->init_fd < 0)
                return brig_error_set(err, BRIG_ERR_INTERNAL, ENOENT, "brig-init is not at hand");
        r = init ? place_init(l, dir) : 0;
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot provide \"" INIT_PATH "\"") : 0;
}
