#pragma once
/* The mount table of this namespace (proc(5), mountinfo), as much of it as judging a bind source needs. */
#include "base/error.h"

#define MOUNTINFO_MAX_BYTES (8u << 20)

typedef struct MountEntry {
        uint64_t id;
        unsigned major, minor;   /* the file system's */
        char *root;              /* what of it is mounted here: "/" or a folder inside */
        char *point;             /* where */
        char *type;              /* "ext4" */
        char *options;           /* of the mount: "rw,nosuid" */
} MountEntry;
typedef struct MountTable { char *text; MountEntry *entries; size_t n; } MountTable;

/* file: "/proc/self/mountinfo" or another process'. */
int brig_mount_table_read(int dirfd, const char *file, MountTable *ret) _must_use_;
void brig_mount_table_done(MountTable *t);
#define _cleanup_mount_table_ _cleanup_(brig_mount_table_done)
const MountEntry *brig_mount_table_by_id(const MountTable *t, uint64_t id);
/* The last one mounted at point: the one that is seen. */
const MountEntry *brig_mount_table_at(const MountTable *t, const char *point);
/* Is path `base` itself or beneath it? Both absolute, without trailing slash ("/" is above everything). */
bool brig_path_is_beneath(const char *path, const char *base);
