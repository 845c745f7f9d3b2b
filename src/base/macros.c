/*
 * The parts of the ownership vocabulary that are calls. brig_assert_failed
 * writes with write(2) alone: it must work between fork and exec, in a
 * process whose heap is broken.
 */
#include "base/macros.h"

#include <stdio.h>
#include <string.h>

static void write_all(const char *s)
{
        size_t len = strlen(s);

        while (len > 0) {
                ssize_t n = write(STDERR_FILENO, s, len);

                if (n <= 0)
                        return;
                s += n;
                len -= (size_t)n;
        }
}

void brig_assert_failed(const char *expr, const char *file, int line)
{
        char number[32];

        (void)snprintf(number, sizeof number, ":%d: ", line);
        write_all("assertion failed at ");
        write_all(file);
        write_all(number);
        write_all(expr);
        write_all("\n");
        abort();
}

int brig_close(int fd)
{
        if (fd >= 0) {
                int saved = errno;

                /* Linux releases the number even when close(2) reports EINTR or EIO: never retry. */
                (void)close(fd);
                errno = saved;
        }
        return -EBADF;
}

void brig_closep(int *fd)
{
        *fd = brig_close(*fd);
}
