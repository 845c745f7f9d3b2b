#include "runtime/copy-up-internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

typedef struct CopyBudget { unsigned entries; uint64_t bytes; } CopyBudget;

static int copy_folder(int from, int to, unsigned depth, CopyBudget *budget);

static int copy_meta(int from_dir, int to_dir, const char *name, const struct stat *st)
{
        const struct timespec times[2] = { st->st_atim, st->st_mtim };

        (void)from_dir;
        if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        /* After chown, which clears set-id bits. */
        if (!S_ISLNK(st->st_mode) && fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0)
                return -errno;
        return utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_bytes(int from, int to, CopyBudget *budget)
{
        for (;;) {
                ssize_t n = sendfile(to, from, NULL, 1u << 20);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                if ((uint64_t)n > budget->bytes)
                        return -EFBIG;
                budget->bytes -= (uint64_t)n;
        }
}

static int copy_file(int from_dir, int to_dir, const char *name, CopyBudget *budget)
{
        _cleanup_close_ int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), to = -EBADF;

        if (from < 0)
                return -errno;
        to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return to < 0 ? -errno : copy_bytes(from, to, budget);
}

static int copy_link(int from_dir, int to_dir, const char *name)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(from_dir, name, target, sizeof target - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        return symlinkat(target, to_dir, name) < 0 ? -errno : 0;
}

static int copy_subfolder(int from_dir, int to_dir, const char *name, unsigned depth, CopyBudget *budget)
{
        _cleanup_close_ int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to = -EBADF;

        if (from < 0)
                return -errno;
        if (mkdirat(to_dir, name, 0700) < 0)
                return -errno;
        to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return to < 0 ? -errno : copy_folder(from, to, depth + 1, budget);
}

static int copy_entry(int from, int to, const char *name, unsigned depth, CopyBudget *budget)
{
        struct stat st;
        int r;

        if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (budget->entries-- == 0)
                return -EFBIG;
        if (S_ISDIR(st.st_mode))
                r = copy_subfolder(from, to, name, depth, budget);
        else if (S_ISREG(st.st_mode))
                r = copy_file(from, to, name, budget);
        else if (S_ISLNK(st.st_mode))
                r = copy_link(from, to, name);
        else
                return 0;
        return r < 0 ? r : copy_meta(from, to, name, &st);
}

static void close_dirp(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}

static int copy_folder(int from, int to, unsigned depth, CopyBudget *budget)
{
        int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(close_dirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir)
                return -errno;
        if (depth > COPY_UP_MAX_DEPTH)
                return -EFBIG;
        for (struct dirent *d; errno = 0, (d = readdir(dir));) {
                int r = d->d_name[0] == '.' && (!d->d_name[1] || (d->d_name[1] == '.' && !d->d_name[2])) ? 0 : copy_entry(from, to, d->d_name, depth, budget);

                if (r < 0)
                        return r;
        }
        return -errno;
}

int brig_copy_up(int from, int to, BrigError *err)
{
        CopyBudget budget = { .entries = COPY_UP_MAX_ENTRIES, .bytes = COPY_UP_MAX_BYTES };
        int r = copy_folder(from, to, 0, &budget);

        if (r == -EFBIG)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, EFBIG, "the image's content is too large to copy it into a tmpfs");
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot copy the image's content into a tmpfs") : 0;
}
