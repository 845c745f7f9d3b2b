#pragma once
/*
 * What all attack programs share. Each one tries every way of one kind to reach
 * the host, prints a line per attempt and exits 1 when any of them got through.
 * They are linked statically, so that they run in any image.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool escaped;

/* One attempt: `through` says whether the host was reached; errno tells what stopped it otherwise. */
static inline void attempt(const char *what, bool through)
{
        if (through) {
                escaped = true;
                printf("ESCAPED %s\n", what);
        } else {
                printf("blocked %s: %s\n", what, strerror(errno));
        }
        fflush(stdout);
}

/* True when the host's secret file can be opened from where the process stands now. */
static inline bool sees(const char *marker)
{
        int fd = open(marker, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        close(fd);
        return true;
}

static inline int verdict(void)
{
        puts(escaped ? "result: escaped" : "result: contained");
        return escaped ? 1 : 0;
}
