#include "places.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "ranges.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

/* How long the brig-api of a killed brigd may take to die. */
#define LOCK_PATIENCE (5 * BRIG_NSEC_PER_SEC)
/* A log has at most 1000 rotations. */
#define MAX_CONTAINER_FILES 1100
#define FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* mkdir -p. Only the last folder's mode is ours to choose. */
static int make_path(const char *path, mode_t mode)
{
        _cleanup_free_ char *copy = brig_str_dup(path);

        if (!copy)
                return -ENOMEM;
        for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = 0;
                if (mkdir(copy, 0755) < 0 && errno != EEXIST)
                        return -errno;
                *slash = '/';
        }
        return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* Opens dir/name, made when missing; mode and owner are set either way. */
static int make_folder(int dir, const char *name, mode_t mode, uid_t uid, gid_t gid, int *ret_fd)
{
        _cleanup_close_ int fd = -EBADF;

        if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(dir, name, FOLDER | O_NOFOLLOW);
        if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
                return -errno;
        if (ret_fd)
                *ret_fd = TAKE_FD(fd);
        return 0;
}

static int open_root(const char *path, mode_t mode, int *ret_fd, BrigError *err)
{
        int r = make_path(path, mode);

        if (r >= 0) {
                *ret_fd = open(path, FOLDER);
                r = *ret_fd < 0 ? -errno : 0;
        }
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "folder \"%s\"", path) : 0;
}

/*
 * brig-api inherits this descriptor: a brigd that starts after a kill -9 gets the
 * lock when the last process that writes here is gone. That takes an instant, so a
 * short patience; brigd serves nobody yet.
 */
static int take_lock(Places *p, const char *data_root, BrigError *err)
{
        int64_t until = brig_now_monotonic() + LOCK_PATIENCE;

        p->lock = openat(p->data, "brigd.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (p->lock < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "lock of \"%s\"", data_root);
        while (flock(p->lock, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "lock of \"%s\"", data_root);
                if (brig_now_monotonic() > until)
                        return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "data root \"%s\" is in use by another brigd", data_root);
                (void)nanosleep(&(struct timespec){ .tv_nsec = 10 * BRIG_NSEC_PER_MSEC }, NULL); /* shorter is fine */
        }
        return 0;
}

static bool may_enter(const struct stat *st, const Account *account)
{
        mode_t bit = st->st_uid == account->uid ? S_IXUSR : st->st_gid == account->gid ? S_IXGRP : S_IXOTH;

        return st->st_mode & bit;
}

/* brig-api goes to its state by path. Access lists may permit what the mode does not: hence a warning only. */
static void warn_unless_reachable(const char *data_root, const Account *account)
{
        _cleanup_free_ char *path = realpath(data_root, NULL);
        struct stat st;

        for (char *slash = path ? strrchr(path, '/') : NULL; slash && slash != path; slash = strrchr(path, '/')) {
                *slash = 0;
                if (stat(path, &st) == 0 && !may_enter(&st, account))
                        log_warn("brig-api (uid %u) may not enter \"%s\", where the data root is", (unsigned)account->uid, path);
        }
}

int places_open(Places *p, const char *data_root, const char *exec_root, const Account *account, uint32_t storage_base, BrigError *err)
{
        uid_t uid = account->uid;
        gid_t gid = account->gid;
        int r = open_root(data_root, 0750, &p->data, err);

        if (r >= 0)
                r = open_root(exec_root, 0755, &p->exec, err);
        if (r >= 0)
                r = take_lock(p, data_root, err);
        if (r < 0)
                return r;
        warn_unless_reachable(data_root, account);
        p->exec_path = realpath(exec_root, NULL);
        if (!p->exec_path || fchown(p->data, 0, gid) < 0 || fchmod(p->data, 0750) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "folder \"%s\"", data_root);
        r = make_folder(p->data, "storage", 0700, 0, 0, &p->storage);
        const struct { int dir; const char *name; mode_t mode; uid_t uid; gid_t gid; int *fd; } rows[] = {
                { p->storage, "layers", 0755, 0, 0, &p->layers },
                { p->storage, "uppers", 0755, 0, 0, &p->uppers },
                { p->storage, "staging", 0755, 0, 0, &p->staging },
                { p->storage, "trash", 0700, storage_base, storage_base, &p->trash },
                { p->data, "containers", 0750, 0, gid, &p->containers },
                { p->data, "blobs", 0750, uid, gid, NULL },
                { p->data, "state", 0750, uid, gid, NULL },
                { p->exec, "c", 0700, 0, 0, &p->sockets },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows) && r >= 0; i++)
                r = make_folder(rows[i].dir, rows[i].name, rows[i].mode, rows[i].uid, rows[i].gid, rows[i].fd);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "folders below \"%s\" and \"%s\"", data_root, exec_root) : 0;
}

void places_done(Places *p)
{
        int *fds[] = { &p->data, &p->lock, &p->storage, &p->layers, &p->uppers, &p->staging, &p->trash, &p->containers, &p->exec, &p->sockets };

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                *fds[i] = brig_close(*fds[i]);
        brig_freep(&p->exec_path);
}

int places_make_upper(const Places *p, const char *id, uint32_t base, BrigError *err)
{
        _cleanup_close_ int dir = -EBADF;
        int r = make_folder(p->uppers, id, 0755, base, base, &dir);

        if (r >= 0)
                r = make_folder(dir, "work", 0700, base, base, NULL);
        if (r >= 0 && mkdirat(dir, "upper", 0755) < 0 && errno != EEXIST)
                r = -errno;
        /* Its mode is the container's "/" and the container may have changed it: set at birth only. */
        if (r >= 0 && fchownat(dir, "upper", base, base, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "writable layer of container \"%s\"", id) : 0;
}

/*
 * What a former run has left (logs) goes to the new owner: a range belongs to a
 * run. The former monitor may have been taken over and have put something else there, so only
 * plain files of a range's owner that have no second name are handed on.
 */
static int hand_on(int folder, const char *name, const FolderOwner *owner)
{
        _cleanup_close_ int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid < BRIG_RANGE_FIRST || st.st_uid >= BRIG_RANGE_END)
                return 0;
        return fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int hand_on_all(int folder, const FolderOwner *owner)
{
        int fd = openat(folder, ".", FOLDER), r = 0;
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!dir)
                return -errno;
        for (unsigned n = 0; n < MAX_CONTAINER_FILES && r >= 0 && (entry = readdir(dir)); n++)
                if (entry->d_name[0] != '.')
                        r = hand_on(folder, entry->d_name, owner);
        (void)closedir(dir); /* only read */
        return r;
}

int places_open_container(const Places *p, const char *id, const FolderOwner *owner, int *ret_fd, BrigError *err)
{
        /* Set-group-id: what the monitor creates belongs to group brig without a chown. */
        mode_t mode = (owner->ephemeral ? S_ISVTX : 0) | 02750;
        _cleanup_close_ int fd = -EBADF;
        int r = make_folder(p->containers, id, mode, owner->uid, owner->gid, &fd);

        if (r >= 0)
                r = hand_on_all(fd, owner);
        if (r >= 0)
                *ret_fd = TAKE_FD(fd);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "folder of container \"%s\"", id) : 0;
}

/* Overlay works with the ids of who mounted it: root's, and with modes that keep everybody else out. */
void places_disown_upper(const Places *p, const char *id, uint32_t base)
{
        static const char *const skeleton[] = { "work", "work", "incompat", "volatile" };
        _cleanup_close_ int dir = openat(p->uppers, id, FOLDER | O_NOFOLLOW);

        for (size_t i = 0; dir >= 0 && i < ARRAY_SIZE(skeleton); i++) {
                int next = openat(dir, skeleton[i], FOLDER | O_NOFOLLOW);
                if (next >= 0 && fchown(next, base, base) < 0)
                        next = brig_close(next); /* brig-unpack will complain */
                (void)brig_close(dir);
                dir = next;
        }
}

/* FNV-1a: short, the same in every brigd, and no two exec roots of one host are likely to share it. */
void places_cgroup_name(const char *exec_path, size_t len, char out[PLACES_CGROUP_NAME])
{
        uint32_t hash = 2166136261u;

        for (size_t i = 0; i < len; i++)
                hash = (hash ^ (unsigned char)exec_path[i]) * 16777619u;
        (void)snprintf(out, PLACES_CGROUP_NAME, "brig-%08x", hash);
}
