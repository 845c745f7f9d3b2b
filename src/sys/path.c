#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PATH_SIZE 4097

static int open_how(int dir, const char *path, struct open_how *how)
{
        for (unsigned tries = 0;; tries++) {
                long fd = syscall(SYS_openat2, dir, path, how, sizeof *how);

                if (fd >= 0)
                        return (int)fd;
                /* The kernel lost a race with a rename somewhere in the system and asks for another walk. */
                if ((errno == EAGAIN || errno == EINTR) && tries < 128)
                        continue;
                return -errno;
        }
}

static uint64_t resolve_flags(unsigned how)
{
        return RESOLVE_NO_MAGICLINKS | (how & BRIG_PATH_NO_SYMLINKS ? RESOLVE_NO_SYMLINKS : 0)
                | (how & BRIG_PATH_NO_XDEV ? RESOLVE_NO_XDEV : 0);
}

int brig_path_open_in(int root, const char *path, int flags, unsigned how)
{
        struct open_how open = { .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | resolve_flags(how) };

        return open_how(root, *path ? path : ".", &open);
}

int brig_path_open_host(const char *path, int flags)
{
        struct open_how open = { .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_NO_MAGICLINKS };

        return path[0] == '/' ? open_how(AT_FDCWD, path, &open) : -EINVAL;
}

int brig_path_open_beneath(int dir, const char *path, int flags, mode_t mode, unsigned how)
{
        struct open_how open = {
                .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
                .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
                .resolve = RESOLVE_BENEATH | resolve_flags(how),
        };

        return open_how(dir, path, &open);
}

int brig_path_normalise(const char *path, char *out, size_t size)
{
        size_t len = 0;

        while (*path) {
                size_t part = strcspn(path, "/");
                bool dots = part == 2 && path[0] == '.' && path[1] == '.';

                if (dots)
                        return -EINVAL;
                if (part > 0 && !(part == 1 && path[0] == '.')) {
                        if (len + part + 2 > size)
                                return -ENAMETOOLONG;
                        if (len > 0)
                                out[len++] = '/';
                        memcpy(out + len, path, part);
                        len += part;
                }
                path += part;
                while (*path == '/')
                        path++;
        }
        if (size == 0)
                return -ENAMETOOLONG;
        out[len] = '\0';
        return 0;
}

/* Opens text[0..end) in root, making it in `parent` under its last part when it is missing. */
static int open_or_make_dir(int root, int parent, char *text, size_t end, mode_t mode)
{
        char kept = text[end];
        char *slash;
        int fd;

        text[end] = '\0';
        fd = brig_path_open_in(root, text, O_PATH | O_DIRECTORY, 0);
        if (fd == -ENOENT) {
                slash = strrchr(text, '/');
                /* EEXIST: a dangling link, or somebody was faster; the second open tells. */
                if (mkdirat(parent, slash ? slash + 1 : text, mode) < 0 && errno != EEXIST)
                        fd = -errno;
                else
                        fd = brig_path_open_in(root, text, O_PATH | O_DIRECTORY, 0);
        }
        text[end] = kept;
        return fd;
}

int brig_path_make_dir_in(int root, const char *path, mode_t mode)
{
        _cleanup_close_ int fd = -EBADF;
        char text[PATH_SIZE];
        int r = brig_path_normalise(path, text, sizeof text);

        if (r < 0)
                return r;
        /* The common case, an existing folder, takes one walk. */
        fd = brig_path_open_in(root, text, O_PATH | O_DIRECTORY, 0);
        if (fd != -ENOENT)
                return TAKE_FD(fd);
        fd = brig_path_open_in(root, "", O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;
        for (size_t end = 0; text[end];) {
                end += strcspn(text + end, "/");
                int next = open_or_make_dir(root, fd, text, end, mode);

                if (next < 0)
                        return next;
                (void)brig_close(fd);
                fd = next;
                end += text[end] == '/';
        }
        return TAKE_FD(fd);
}

static int refuse_dir(int fd)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

int brig_path_make_file_in(int root, const char *path, mode_t mode)
{
        _cleanup_close_ int parent = -EBADF, fd = -EBADF;
        char text[PATH_SIZE];
        char *slash;
        int r = brig_path_normalise(path, text, sizeof text);

        if (r < 0)
                return r;
        fd = brig_path_open_in(root, text, O_PATH, 0);
        if (fd == -ENOENT) {
                slash = strrchr(text, '/');
                if (slash)
                        *slash = '\0';
                parent = brig_path_make_dir_in(root, slash ? text : "", 0755);
                if (parent < 0)
                        return parent;
                /* O_EXCL: a dangling link at the end is refused, never followed to where it points. */
                fd = openat(parent, slash ? slash + 1 : text, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
                if (fd < 0)
                        return -errno;
        }
        if (fd < 0)
                return fd;
        r = refuse_dir(fd);
        return r < 0 ? r : TAKE_FD(fd);
}
