#pragma once
/* A tmpfs that starts with what the image has at its place (docker's tmpfs over a folder with content). */
#include "base/error.h"

#define COPY_UP_MAX_DEPTH 32
#define COPY_UP_MAX_ENTRIES 100000
#define COPY_UP_MAX_BYTES (UINT64_C(1) << 30)

/*
 * Copies folders, regular files and symbolic links from the folder `from` (O_PATH
 * will do) into the root of the detached mount `to`, with owners, modes and times.
 * Special files are left out. BRIG_ERR_TOO_LARGE over the limits, NO_SPACE when the tmpfs is too small.
 */
int brig_copy_up(int from, int to, BrigError *err) _must_use_;
