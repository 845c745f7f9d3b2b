#pragma once
/*
 * The one folder that brig-unpack may change, and names in it. A parent folder is
 * opened by the kernel beneath the root (openat2(2), RESOLVE_BENEATH): a symbolic
 * link that the same layer made is followed only while it stays inside, and never
 * where a whiteout or a hard link is asked for; absolute links and ".." beyond the
 * root are refused. The last part of a name is never followed: what is in the way
 * is removed, as a later entry of a layer replaces an earlier one.
 */
#include "base/error.h"
#include "image/tar-path.h"
#include <sys/stat.h>

typedef struct Beneath {
        int root;                       /* borrowed */
        int parent;                     /* the folder that was used last, -EBADF: none */
        bool parent_strict;             /* no symbolic link was followed on the way */
        char parent_path[BRIG_TAR_PATH_MAX + 1];
} Beneath;

typedef enum BeneathLinks { BENEATH_FOLLOW_INSIDE, BENEATH_NO_LINKS } BeneathLinks;

void brig_beneath_init(Beneath *b, int root);
void brig_beneath_done(Beneath *b);
#define _cleanup_beneath_ _cleanup_(brig_beneath_done)

/* The parent folder of a name, made (0755) when it is missing and `make` is set. A borrowed fd, good until the next call on b. */
int brig_beneath_parent(Beneath *b, const TarName *name, BeneathLinks links, bool make, BrigError *err) _must_use_;
/* Makes the folder `name` the remembered parent: its entries come next in most archives. Takes fd. */
void brig_beneath_enter(Beneath *b, const TarName *name, int fd);

/* As above with BENEATH_NO_LINKS and without making anything, but the fd is the caller's. */
int brig_beneath_open_parent(Beneath *b, const TarName *name, BrigError *err) _must_use_;
/* The folder at a clean path, its last part not followed: fd of the caller, or -errno. "" is the root. */
int brig_beneath_open_folder(Beneath *b, const char *path) _must_use_;

/* What stood at a name before. */
typedef enum BeneathFound { BENEATH_NOTHING, BENEATH_FOLDER, BENEATH_WHITEOUT, BENEATH_OTHER } BeneathFound;
int brig_beneath_look(int parent, const char *name, BeneathFound *ret, BrigError *err) _must_use_;
/* Removes what stands at the name, a folder with all that is in it. */
int brig_beneath_clear(Beneath *b, int parent, const char *name, BrigError *err) _must_use_;
