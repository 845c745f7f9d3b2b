/* The files of one log: the one that is written and those that were rotated away. */
#include "engine/logs-internal.h"

#include "base/strings.h"
#include <fcntl.h>
#include <sys/stat.h>

#define BLOCK (64u << 10)

char *brig_log_path(const char *base, unsigned k)
{
        return k == 0 ? strdup(base) : brig_str_printf("%s.%u", base, k);
}

static int open_file(const char *base, unsigned k)
{
        _cleanup_free_ char *path = brig_log_path(base, k);
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;

        return fd >= 0 ? fd : path ? -errno : -ENOMEM;
}

static bool same_file(int a, int b)
{
        struct stat x, y;

        return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void reverse(int *fds, size_t n)
{
        for (size_t i = 0; i < n / 2; i++) {
                int t = fds[i];

                fds[i] = fds[n - 1 - i];
                fds[n - 1 - i] = t;
        }
}

/* Newest first, so that a rotation in between shows a file twice rather than never; the second time it is left out. */
int brig_log_open_all(const char *base, int fds[BRIG_LOG_MAX_FILES], size_t *ret_n)
{
        size_t n = 0;

        for (unsigned k = 0; k < BRIG_LOG_MAX_FILES; k++) {
                int fd = open_file(base, k);

                /* between the two renames of a rotation there may be no newest file */
                if (fd == -ENOENT && k == 0)
                        continue;
                if (fd == -ENOENT)
                        break;
                if (fd < 0) {
                        while (n > 0)
                                brig_close(fds[--n]);
                        return fd;
                }
                if (n > 0 && same_file(fds[n - 1], fd))
                        brig_close(fd);
                else
                        fds[n++] = fd;
        }
        reverse(fds, n);
        *ret_n = n;
        return 0;
}

int brig_log_open_next(const char *base, int fd)
{
        int newer = -ENOENT;

        for (unsigned k = 0; k < BRIG_LOG_MAX_FILES; k++) {
                int other = open_file(base, k);

                if (other == -ENOENT && k == 0)
                        continue;
                if (other < 0)
                        return newer >= 0 ? newer : other; /* ours was thrown away: the oldest that is left comes next */
                if (same_file(fd, other)) {
                        brig_close(other);
                        return newer;
                }
                if (newer >= 0)
                        brig_close(newer);
                newer = other;
        }
        return newer;
}

/* Offset behind the newline before the last n lines, and how many lines there are up to n. */
static int count_back(int fd, int64_t n, int64_t *ret_lines, int64_t *ret_offset)
{
        _cleanup_free_ char *block = malloc(BLOCK);
        struct stat st;
        int64_t end, lines = 0;
        char last;

        if (!block)
                return -ENOMEM;
        if (fstat(fd, &st) < 0)
                return -errno;
        end = st.st_size;
        /* a last line that is being written counts: its newline is the one not there yet */
        if (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n')
                lines++;
        for (int64_t at = end; at > 0;) {
                int64_t from = MAX2(at - (int64_t)BLOCK, INT64_C(0));
                ssize_t got = pread(fd, block, (size_t)(at - from), from);

                if (got != at - from)
                        return got < 0 ? -errno : -EIO;
                for (ssize_t i = got - 1; i >= 0; i--) {
                        if (block[i] == '\n' && lines++ == n) {
                                *ret_lines = n;
                                *ret_offset = from + i + 1;
                                return 0;
                        }
                }
                at = from;
        }
        *ret_lines = lines;
        *ret_offset = 0;
        return 0;
}

int brig_log_find_tail(const int *fds, size_t n_fds, int64_t n, size_t *ret_index, int64_t *ret_offset)
{
        *ret_index = n_fds;
        *ret_offset = 0;
        for (size_t i = n_fds; i > 0 && n > 0; i--) {
                int64_t lines = 0, offset = 0;
                int r = count_back(fds[i - 1], n, &lines, &offset);

                if (r < 0)
                        return r;
                *ret_index = i - 1;
                *ret_offset = offset;
                n -= lines;
        }
        return 0;
}
