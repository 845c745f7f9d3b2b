#include "programs/brig-unpack/remove.h"

#include "base/strings.h"
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

typedef struct Removal {
        int top;                /* the folder that is emptied; deep folders are moved here */
        uint64_t moved;
        BrigError *err;         /* the first failure; the rest goes on */
        int failed;
} Removal;

static void closedirp(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}

static void note(Removal *r, int errnum, const char *name)
{
        if (r->failed == 0)
                r->failed = brig_error_errno(r->err, BRIG_ERR_INTERNAL, errnum, "cannot remove \"%.200s\"", name);
}

static int open_child(int parent, const char *name)
{
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        };
        long fd = syscall(SYS_openat2, parent, name, &how, sizeof(how));

        return fd < 0 ? -errno : (int)fd;
}

/* A name that is taken (by a file, or by a folder that is not empty) makes rename fail: the next one then. */
static void move_to_top(Removal *r, int parent, const char *name)
{
        for (unsigned tries = 0; tries < 1000; tries++) {
                char fresh[40];

                (void)snprintf(fresh, sizeof(fresh), ".deep-%" PRIu64, r->moved++);
                if (renameat(parent, name, r->top, fresh) == 0)
                        return;
                if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
                        break;
        }
        note(r, errno, name);
}

static void empty(Removal *r, int fd, unsigned depth);

static void remove_folder(Removal *r, int parent, const char *name, unsigned depth)
{
        _cleanup_close_ int fd = -EBADF;

        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return;
        if (errno != ENOTEMPTY && errno != EEXIST) {
                note(r, errno, name);
                return;
        }
        if (depth >= BRIG_REMOVE_DEPTH) {
                move_to_top(r, parent, name);
                return;
        }
        fd = open_child(parent, name);
        if (fd < 0) {
                note(r, fd, name);
                return;
        }
        empty(r, fd, depth + 1);
        if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                note(r, errno, name);
}

static void remove_entry(Removal *r, int parent, const struct dirent *entry, unsigned depth)
{
        if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                return;
        if (entry->d_type != DT_DIR) {
                if (unlinkat(parent, entry->d_name, 0) == 0 || errno == ENOENT)
                        return;
                if (errno != EISDIR) {
                        note(r, errno, entry->d_name);
                        return;
                }
        }
        remove_folder(r, parent, entry->d_name, depth);
}

static DIR *open_list(int fd)
{
        _cleanup_close_ int list = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = list >= 0 ? fdopendir(list) : NULL;

        if (d)
                (void)TAKE_FD(list);
        return d;
}

static void empty(Removal *r, int fd, unsigned depth)
{
        _cleanup_(closedirp) DIR *list = open_list(fd);

        if (!list) {
                note(r, errno, ".");
                return;
        }
        for (;;) {
                struct dirent *entry;

                errno = 0;
                entry = readdir(list);
                if (!entry)
                        break;
                remove_entry(r, fd, entry, depth);
        }
        if (errno != 0)
                note(r, errno, ".");
}

int brig_remove_content(int fd, BrigError *err)
{
        Removal r = { .top = fd, .err = err };
        uint64_t before;

        /* What was moved to the top during a pass may have come behind the reader: look again until nothing was. */
        do {
                before = r.moved;
                empty(&r, fd, 0);
        } while (r.moved != before && r.failed == 0);
        return r.failed;
}

int brig_remove_tree(int parent, const char *name, BrigError *err)
{
        _cleanup_close_ int fd = open_child(parent, name);
        int r;

        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, fd, "cannot open \"%.200s\" to remove it", name);
        r = brig_remove_content(fd, err);
        if (r < 0)
                return r;
        if (unlinkat(parent, name, AT_REMOVEDIR) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot remove \"%.200s\"", name);
        return 0;
}
