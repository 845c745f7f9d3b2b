#include "exit-record.h"

#include "sys/fd.h"
#include <fcntl.h>
#include <stdio.h>

#define TEMPORARY "." BRIG_WIRE_EXIT_RECORD

int exit_record_write(int dir, const WireMessage *exited, bool ephemeral)
{
        char frame[8192];
        ssize_t n = brig_wire_encode(exited, WIRE_MONITOR_TO_BRIGD, frame, sizeof frame);
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (n < 0)
                return (int)n;
        (void)unlinkat(dir, TEMPORARY, 0); /* of an earlier life; O_EXCL tells if it stays */
        fd = openat(dir, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (fd < 0)
                return -errno;
        r = brig_fd_write_all(fd, frame, (size_t)n);
        if (r >= 0 && !ephemeral && fdatasync(fd) < 0)
                r = -errno;
        if (r >= 0 && renameat(dir, TEMPORARY, dir, BRIG_WIRE_EXIT_RECORD) < 0)
                r = -errno;
        return r;
}
