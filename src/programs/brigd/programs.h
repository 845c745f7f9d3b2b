#pragma once
/*
 * The programs that brigd starts. Opened once, when brigd starts, and executed
 * by descriptor ever after: replacing the files under a running brigd changes nothing
 * by halves. The monitor is run from a sealed memfd, so that no
 * container can ever write to the engine's own binary (CVE-2019-5736).
 */
#include "base/error.h"

typedef struct Programs {
        int api, unpack;         /* the files */
        int monitor;             /* sealed memfd */
        int init;                /* the file of brig-init; -EBADF where it is not installed */
} Programs;
#define PROGRAMS_NONE { .api = -EBADF, .unpack = -EBADF, .monitor = -EBADF, .init = -EBADF }

/* Looks beside brigd's own binary first (both layouts of a build tree), then in the installed folder. */
int programs_open(Programs *p, BrigError *err) _must_use_;
void programs_done(Programs *p);
