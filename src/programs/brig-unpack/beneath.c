#include "programs/brig-unpack/beneath.h"

#include "base/strings.h"
#include "programs/brig-unpack/remove.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

void brig_beneath_init(Beneath *b, int root)
{
        *b = (Beneath){ .root = root, .parent = -EBADF };
}

static void forget(Beneath *b)
{
        b->parent = brig_close(b->parent);
}

void brig_beneath_done(Beneath *b)
{
        forget(b);
}

/* `flags`: O_NOFOLLOW judges the last part alone. */
static int open_folder_flags(int root, const char *path, BeneathLinks links, uint64_t flags)
{
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV |
                           (links == BENEATH_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0),
        };
        long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

        return fd < 0 ? -errno : (int)fd;
}

static int open_folder(int root, const char *path, BeneathLinks links)
{
        return open_folder_flags(root, path, links, 0);
}

static int explain(int errnum, BrigError *err)
{
        switch (-errnum) {
        case EXDEV:
                return brig_error_set(err, BRIG_ERR_INVALID, EXDEV, "the path leads out of the layer through a symbolic link");
        case ELOOP:
                return brig_error_set(err, BRIG_ERR_INVALID, ELOOP, "the path leads through a symbolic link");
        case ENOENT:
                return brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "this layer does not hold the folder that the path leads through");
        case ENOTDIR:
                return brig_error_set(err, BRIG_ERR_INVALID, ENOTDIR, "the path leads through something that is no folder");
        default:
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errnum, "cannot open the parent folder");
        }
}

/* Makes the folders of path that are missing, the outermost first. `path` is scratch and comes back unchanged. */
static int make_folders(int root, char *path, BeneathLinks links)
{
        int parent = root, r = 0;

        for (char *slash = path; slash && r >= 0;) {
                char *part = slash;
                int next = -EBADF;

                slash = strchr(part, '/');
                if (slash)
                        *slash = '\0';
                if (mkdirat(parent, part, 0755) < 0 && errno != EEXIST)
                        r = -errno;
                else
                        r = next = open_folder(root, path, links);
                if (slash)
                        *slash++ = '/';
                if (parent != root)
                        parent = brig_close(parent);
                parent = next;
        }
        return r;
}

static int open_parent(Beneath *b, BeneathLinks links, bool make)
{
        int fd = open_folder(b->root, b->parent_path, BENEATH_NO_LINKS);

        b->parent_strict = fd >= 0;
        if (fd == -ELOOP && links == BENEATH_FOLLOW_INSIDE)
                fd = open_folder(b->root, b->parent_path, links);
        if (fd == -ENOENT && make) {
                fd = make_folders(b->root, b->parent_path, links);
                b->parent_strict = links == BENEATH_NO_LINKS;
        }
        return fd;
}

int brig_beneath_parent(Beneath *b, const TarName *name, BeneathLinks links, bool make, BrigError *err)
{
        size_t len = name->parent_len;

        if (len == 0)
                return b->root;
        if (b->parent >= 0 && (b->parent_strict || links == BENEATH_FOLLOW_INSIDE) &&
            strncmp(b->parent_path, name->path, len) == 0 && b->parent_path[len] == '\0')
                return b->parent;
        forget(b);
        memcpy(b->parent_path, name->path, len);
        b->parent_path[len] = '\0';
        b->parent = open_parent(b, links, make);
        if (b->parent < 0)
                return explain(b->parent, err);
        return b->parent;
}

void brig_beneath_enter(Beneath *b, const TarName *name, int fd)
{
        /* Strictness is that of the way here: the caller came through brig_beneath_parent, or from the root. */
        bool strict = name->parent_len == 0 || b->parent_strict;

        forget(b);
        memcpy(b->parent_path, name->path, strlen(name->path) + 1);
        b->parent = fd;
        b->parent_strict = strict;
}

int brig_beneath_open_parent(Beneath *b, const TarName *name, BrigError *err)
{
        _cleanup_free_ char *path = name->parent_len ? strndup(name->path, name->parent_len) : strdup(".");
        int fd;

        if (!path)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot open the parent folder");
        fd = open_folder(b->root, path, BENEATH_NO_LINKS);
        return fd < 0 ? explain(fd, err) : fd;
}

int brig_beneath_open_folder(Beneath *b, const char *path)
{
        return open_folder_flags(b->root, *path ? path : ".", BENEATH_FOLLOW_INSIDE, O_NOFOLLOW);
}

int brig_beneath_look(int parent, const char *name, BeneathFound *ret, BrigError *err)
{
        struct stat st;

        if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot look at what is there");
                *ret = BENEATH_NOTHING;
        } else if (S_ISDIR(st.st_mode))
                *ret = BENEATH_FOLDER;
        else if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
                *ret = BENEATH_WHITEOUT;
        else
                *ret = BENEATH_OTHER;
        return 0;
}

int brig_beneath_clear(Beneath *b, int parent, const char *name, BrigError *err)
{
        /* Another remembered folder may be what goes, or lie below it; `parent` itself lies above it. */
        if (parent != b->parent)
                forget(b);
        if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot replace what is there");
        return brig_remove_tree(parent, name, err);
}
