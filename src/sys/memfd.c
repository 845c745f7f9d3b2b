#include "sys/memfd.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Kernels before 6.3 do not know the two exec flags and answer EINVAL; there every memfd can be executed. */
static int create(const char *name, unsigned flags)
{
        unsigned exec = flags & BRIG_MEMFD_EXECUTABLE ? MFD_EXEC : MFD_NOEXEC_SEAL;
        int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | exec);

        if (fd < 0 && errno == EINVAL)
                fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *data, size_t len)
{
        while (len > 0) {
                ssize_t n = write(fd, data, len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                len -= (size_t)n;
        }
        return 0;
}

static int copy_all(int to, int from)
{
        off_t offset = 0;

        for (;;) {
                ssize_t n = sendfile(to, from, &offset, 1u << 20);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
        }
}

static int seal(int *fd, int *ret_fd)
{
        if (fcntl(*fd, F_ADD_SEALS, SEALS) < 0)
                return -errno;
        *ret_fd = TAKE_FD(*fd);
        return 0;
}

int brig_memfd_sealed(const char *name, const void *data, size_t len, unsigned flags, int *ret_fd)
{
        _cleanup_close_ int fd = create(name, flags);
        int r;

        if (fd < 0)
                return fd;
        r = write_all(fd, data, len);
        return r < 0 ? r : seal(&fd, ret_fd);
}

int brig_memfd_sealed_copy(const char *name, int file_fd, unsigned flags, int *ret_fd)
{
        _cleanup_close_ int fd = create(name, flags);
        int r;

        if (fd < 0)
                return fd;
        r = copy_all(fd, file_fd);
        if (r < 0)
                return r;
        /* The mode decides too whether it can be executed. */
        if ((flags & BRIG_MEMFD_EXECUTABLE) && fchmod(fd, 0500) < 0)
                return -errno;
        return seal(&fd, ret_fd);
}

int brig_memfd_verify(int fd, size_t max, size_t *ret_len)
{
        struct stat st;
        struct statfs fs;
        int seals = fcntl(fd, F_GET_SEALS);

        if (seals < 0)
                return -EBADF;
        /* One of huge pages can be sealed too, and to read it is SIGBUS when none is left. */
        if (fstatfs(fd, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
                return -EBADF;
        if ((seals & SEALS) != SEALS)
                return -EPERM;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size <= 0)
                return -ENODATA;
        if ((uint64_t)st.st_size > max)
                return -EFBIG;
        *ret_len = (size_t)st.st_size;
        return 0;
}

int brig_memfd_map(int fd, size_t max, void **ret_map, size_t *ret_len)
{
        size_t len;
        int r = brig_memfd_verify(fd, max, &len);

        if (r < 0)
                return r;
        void *map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        *ret_map = map;
        *ret_len = len;
        return 0;
}
