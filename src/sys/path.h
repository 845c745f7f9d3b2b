#pragma once
/*
 * The beneath-root opener: the only way in which paths from outside (images,
 * plans, requests) become descriptors. The kernel walks (openat2(2)), so no
 * check can be raced by a rename or a swapped symbolic link; magic links
 * (/proc/self/fd/N) are never followed (CVE-2024-21626).
 *
 * "in": symbolic links are resolved as if root were "/" (they may be absolute).
 * "beneath": a path or link that leaves the folder is refused (-EXDEV).
 */
#include "base/macros.h"
#include <sys/types.h>

enum {
        BRIG_PATH_NO_SYMLINKS = 1 << 0, /* any link on the way: -ELOOP */
        BRIG_PATH_NO_XDEV = 1 << 1,     /* crossing a mount: -EXDEV */
};

/* An absolute path of the host, by whoever may speak of those: links are followed, magic links are not. */
int brig_path_open_host(const char *path, int flags) _must_use_;
/* flags and mode as for open(2); CLOEXEC is added. An fd or -errno. */
int brig_path_open_in(int root, const char *path, int flags, unsigned how) _must_use_;
int brig_path_open_beneath(int dir, const char *path, int flags, mode_t mode, unsigned how) _must_use_;
/*
 * Makes the folder and what is missing above it, in root; an O_PATH fd of it.
 * -ENOTDIR when something else is in the way.
 */
int brig_path_make_dir_in(int root, const char *path, mode_t mode) _must_use_;
/* The same for an empty regular file; anything but a folder that is there already is taken (-EISDIR). */
int brig_path_make_file_in(int root, const char *path, mode_t mode) _must_use_;
/* Removes "." and empty parts and refuses ".." (-EINVAL): the text form "a/b/c" without leading slash. out holds size bytes. */
int brig_path_normalise(const char *path, char *out, size_t size) _must_use_;
