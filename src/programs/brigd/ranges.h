#pragma once
/*
 * Id ranges: each running container has BRIG_RANGE_IDS host ids of its own, the
 * last of which owns its user namespace. The registry is a folder that every
 * brigd of the host shares (docs/design/id-ranges.md): an entry is a symbolic
 * link, named by the range's index, to the socket of the container that has it.
 */
#include "base/error.h"

#define BRIG_RANGE_FIRST UINT32_C(0x20000000)
#define BRIG_RANGE_END UINT32_C(0x70000000)
#define BRIG_RANGE_MAPPED 65536u
#define BRIG_RANGE_IDS (BRIG_RANGE_MAPPED + 1)
#define BRIG_RANGE_COUNT ((BRIG_RANGE_END - BRIG_RANGE_FIRST) / BRIG_RANGE_IDS)

typedef struct Ranges {
        int registry;            /* the folder */
        uint8_t *avoided;        /* one bit an index: overlaps /etc/subuid or /etc/subgid */
} Ranges;
#define RANGES_NONE { .registry = -EBADF }

int ranges_open(Ranges *r, const char *folder, BrigError *err) _must_use_;
void ranges_done(Ranges *r);
/*
 * Takes a free range for `owner`, the path of the container's socket, which exists
 * already. Next-fit: a range that was given back is used again as late as
 * possible. BRIG_ERR_UNAVAILABLE when all are taken.
 */
int ranges_take(Ranges *r, const char *owner, uint32_t *ret_base, BrigError *err) _must_use_;
/* Gives back; a range that `owner` does not have is left alone. */
void ranges_give_back(Ranges *r, uint32_t base, const char *owner);
/* After a restart of brigd: each range whose owner's path starts with `folder`. */
void ranges_each(const Ranges *r, const char *folder, void (*visit)(void *context, const char *owner, uint32_t base), void *context);
/* Gives back all ranges of sockets below `folder` that are gone. */
void ranges_sweep(Ranges *r, const char *folder);
/* One line of /etc/subuid, "name:first:count": marks what it overlaps. Public for its test. */
void ranges_avoid_line(Ranges *r, const char *line);
