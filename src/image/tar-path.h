#pragma once
/*
 * What a name inside a layer may be: pure rules, no file is touched (fuzzed).
 * OCI image-spec, "Image Layer Filesystem Changeset".
 *
 * A leading "/" and "./" are dropped, as Docker does; "." parts and doubled
 * slashes vanish. ".." is refused anywhere, also where it would stay inside: no
 * tool that walks a file system writes it, and "a/../b" means another file as
 * soon as "a" is a symbolic link. The whiteout names of the specification are
 * recognised in the last part; inside of a path they are refused.
 */
#include "base/macros.h"

#define BRIG_TAR_PATH_MAX 4095u
#define BRIG_TAR_PART_MAX 255u
#define BRIG_TAR_DEPTH_MAX 256u

typedef enum TarNameKind {
        TAR_NAME_ROOT,          /* "/", "./", ".": the layer's own root folder */
        TAR_NAME_ENTRY,
        TAR_NAME_WHITEOUT,      /* ".wh.x": x of a lower layer is hidden; path and name are x's */
        TAR_NAME_OPAQUE,        /* ".wh..wh..opq": the folder hides all of the lower layers' entries */
        TAR_NAME_IGNORED,       /* bookkeeping of aufs (".wh..wh.plnk", ".wh..wh.aufs") */
} TarNameKind;

typedef struct TarName {
        TarNameKind kind;
        size_t parent_len;      /* how much of path is the parent folder, 0: the root */
        size_t name_at;         /* where the last part begins in path */
        char path[BRIG_TAR_PATH_MAX + 1];
} TarName;

/* 0, or -EINVAL or -ENAMETOOLONG with *ret_reason saying why (a constant text). *ret is then undefined. */
int brig_tar_name_parse(const char *raw, TarName *ret, const char **ret_reason) _must_use_;
/*
 * The target of a hard link: as a name, but absolute ones and whiteouts are refused
 * (a link never leaves its layer), and the root is no target.
 */
int brig_tar_link_parse(const char *raw, TarName *ret, const char **ret_reason) _must_use_;
/* The target of a symbolic link: stored as it is and never followed here, so only its length is judged. */
int brig_tar_symlink_check(const char *target, const char **ret_reason) _must_use_;
