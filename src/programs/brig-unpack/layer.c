#include "programs/brig-unpack/layer.h"

#include "base/strings.h"
#include "image/tar-path.h"
#include "programs/brig-unpack/attributes.h"
#include "programs/brig-unpack/beneath.h"
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/xattr.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define OPAQUE_XATTR "user.overlay.opaque"

/* A folder whose times and default ACL wait until its content is complete. */
typedef struct Folder {
        char *path;
        struct timespec times[2];
        void *acl;
        size_t acl_len;
} Folder;

typedef struct Layer {
        struct archive *archive;
        BlobStream *stream;
        const LayerLimits *limits;
        Beneath beneath;
        UnpackReport report;
        Folder *folders;
        size_t n_folders, folders_cap;
        bool blank;             /* the stream ended before its first byte: an empty layer */
        /* the entry at hand */
        struct archive_entry *entry;
        Attributes attributes;
        TarName name, link;
} Layer;

static void layer_done(Layer *l)
{
        for (size_t i = 0; i < l->n_folders; i++) {
                free(l->folders[i].path);
                free(l->folders[i].acl);
        }
        free(l->folders);
        if (l->archive)
                (void)archive_read_free(l->archive);
        brig_beneath_done(&l->beneath);
}

static const char *own_name(const Layer *l)
{
        return l->name.path + l->name.name_at;
}

static int parent_of(Layer *l, BrigError *err)
{
        return brig_beneath_parent(&l->beneath, &l->name, BENEATH_FOLLOW_INSIDE, true, err);
}

/* --- folders ----------------------------------------------------------- */

static int remember_folder(Layer *l, BrigError *err)
{
        Folder *f;
        int r;

        if (l->n_folders == l->folders_cap) {
                size_t cap = l->folders_cap ? 2 * l->folders_cap : 256;
                Folder *grown = reallocarray(l->folders, cap, sizeof(*grown));

                if (!grown)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot remember the folder");
                l->folders = grown;
                l->folders_cap = cap;
        }
        f = &l->folders[l->n_folders];
        *f = (Folder){ .times = { l->attributes.times[0], l->attributes.times[1] } };
        r = brig_attributes_default_acl(l->entry, &f->acl, &f->acl_len, err);
        if (r < 0)
                return r;
        l->n_folders++;
        f->path = strdup(l->name.path);
        return f->path ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot remember the folder");
}

static int set_opaque(int fd, BrigError *err)
{
        if (fsetxattr(fd, OPAQUE_XATTR, "y", 1, 0) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot mark the folder as opaque");
        return 0;
}

/* mkdir over whatever is there; *ret_opaque when it takes the place of a whiteout: lower entries stay hidden. */
static int make_folder(Layer *l, int parent, bool *ret_opaque, BrigError *err)
{
        BeneathFound found;
        int r;

        *ret_opaque = false;
        if (mkdirat(parent, own_name(l), 0700) == 0)
                return 0;
        if (errno != EEXIST)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make the folder");
        r = brig_beneath_look(parent, own_name(l), &found, err);
        if (r < 0 || found == BENEATH_FOLDER)
                return r;
        *ret_opaque = found == BENEATH_WHITEOUT;
        r = brig_beneath_clear(&l->beneath, parent, own_name(l), err);
        if (r < 0)
                return r;
        if (mkdirat(parent, own_name(l), 0700) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make the folder");
        return 0;
}

static int place_root(Layer *l, BrigError *err)
{
        int r = brig_attributes_apply(l->beneath.root, l->entry, &l->attributes, err);

        return r < 0 ? r : remember_folder(l, err);
}

static int place_folder(Layer *l, BrigError *err)
{
        _cleanup_close_ int fd = -EBADF;
        bool opaque;
        int parent = parent_of(l, err), r;

        if (parent < 0)
                return parent;
        r = make_folder(l, parent, &opaque, err);
        if (r < 0)
                return r;
        fd = openat(parent, own_name(l), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot open the folder");
        r = brig_attributes_apply(fd, l->entry, &l->attributes, err);
        if (r == 0 && opaque)
                r = set_opaque(fd, err);
        if (r == 0)
                r = remember_folder(l, err);
        if (r == 0)
                brig_beneath_enter(&l->beneath, &l->name, TAKE_FD(fd));
        return r;
}

/* Innermost first is not needed: setting a folder's times does not touch its parent's. */
static int finish_folders(Layer *l, BrigError *err)
{
        for (size_t i = 0; i < l->n_folders; i++) {
                const Folder *f = &l->folders[i];
                _cleanup_close_ int fd = brig_beneath_open_folder(&l->beneath, f->path);

                /* replaced by a later entry */
                if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -EXDEV)
                        continue;
                if (fd < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, fd, "cannot open the folder \"%.300s\" again", f->path);
                if (f->acl && fsetxattr(fd, XATTR_NAME_POSIX_ACL_DEFAULT, f->acl, f->acl_len, 0) < 0)
                        return brig_error_errno(err, errno == EINVAL ? BRIG_ERR_INVALID : BRIG_ERR_INTERNAL, errno,
                                                "cannot set the default ACL of \"%.300s\"", f->path);
                if (futimens(fd, f->times) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set the times of \"%.300s\"", f->path);
        }
        return 0;
}

/* --- files ------------------------------------------------------------- */

static int archive_failed(Layer *l, BrigError *err)
{
        if (l->stream->error.kind != BRIG_OK) {
                *err = l->stream->error;
                return l->stream->error.errnum ? -l->stream->error.errnum : -EIO;
        }
        return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "the tar is damaged: %.300s",
                              archive_error_string(l->archive) ? archive_error_string(l->archive) : "unknown form");
}

static int write_block(int fd, const char *data, size_t len, off_t at, BrigError *err)
{
        while (len > 0) {
                ssize_t n = pwrite(fd, data, len, at);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return brig_error_errno(err, errno == EFBIG ? BRIG_ERR_TOO_LARGE : BRIG_ERR_INTERNAL, errno, "cannot write");
                data += n;
                len -= (size_t)n;
                at += n;
        }
        return 0;
}

/* Blocks come with their offset: holes of sparse files are never written. */
static int write_content(Layer *l, int fd, int64_t size, BrigError *err)
{
        const void *block;
        size_t len;
        int64_t at, end = 0;
        int status, r = 0;

        while (r == 0 && (status = archive_read_data_block(l->archive, &block, &len, &at)) == ARCHIVE_OK) {
                if (at < 0 || at > size || len > (uint64_t)(size - at))
                        return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "its data is longer than its size");
                r = write_block(fd, block, len, at, err);
                if (at + (int64_t)len > end)
                        end = at + (int64_t)len;
        }
        if (r < 0)
                return r;
        if (status != ARCHIVE_EOF)
                return archive_failed(l, err);
        if (end < size && ftruncate(fd, size) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set its size");
        return 0;
}

static int create_file(Layer *l, int parent, BrigError *err)
{
        const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(parent, own_name(l), flags, 0600);

        if (fd < 0 && errno == EEXIST) {
                int r = brig_beneath_clear(&l->beneath, parent, own_name(l), err);

                if (r < 0)
                        return r;
                fd = openat(parent, own_name(l), flags, 0600);
        }
        return fd < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot create the file") : fd;
}

static int place_file(Layer *l, BrigError *err)
{
        int64_t size = archive_entry_size(l->entry);
        _cleanup_close_ int fd = -EBADF;
        int parent, r;

        if (size < 0 || (uint64_t)size > l->limits->max_bytes - l->report.bytes)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, EFBIG, "the layer's files are larger than %llu bytes",
                                      (unsigned long long)l->limits->max_bytes);
        parent = parent_of(l, err);
        if (parent < 0)
                return parent;
        fd = create_file(l, parent, err);
        if (fd < 0)
                return fd;
        r = write_content(l, fd, size, err);
        if (r == 0)
                r = brig_attributes_apply(fd, l->entry, &l->attributes, err);
        if (r == 0 && futimens(fd, l->attributes.times) < 0)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set its times");
        if (r == 0)
                l->report.bytes += (uint64_t)size;
        return r;
}

/* --- what has no content ----------------------------------------------- */

/* Makes a node by one of the calls below, again when something had to be cleared away. */
static int make_node(Layer *l, int parent, int (*make)(Layer *l, int parent), BrigError *err)
{
        int r = make(l, parent);

        if (r == -EEXIST) {
                r = brig_beneath_clear(&l->beneath, parent, own_name(l), err);
                if (r < 0)
                        return r;
                r = make(l, parent);
        }
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot create it") : 0;
}

static int make_symlink(Layer *l, int parent)
{
        return symlinkat(archive_entry_symlink(l->entry), parent, own_name(l)) < 0 ? -errno : 0;
}

static int place_symlink(Layer *l, BrigError *err)
{
        const char *target = archive_entry_symlink(l->entry), *reason;
        int parent, r;

        if (brig_tar_symlink_check(target ? target : "", &reason) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%s", reason);
        parent = parent_of(l, err);
        if (parent < 0)
                return parent;
        r = make_node(l, parent, make_symlink, err);
        return r < 0 ? r : brig_attributes_apply_at(parent, own_name(l), &l->attributes, err);
}

static int make_fifo(Layer *l, int parent)
{
        return mknodat(parent, own_name(l), S_IFIFO | 0600, 0) < 0 ? -errno : 0;
}

static int place_fifo(Layer *l, BrigError *err)
{
        int parent = parent_of(l, err), r;

        if (parent < 0)
                return parent;
        r = make_node(l, parent, make_fifo, err);
        if (r < 0)
                return r;
        r = brig_attributes_apply_at(parent, own_name(l), &l->attributes, err);
        /* The name is the fifo that was just made: nobody else writes here, so nothing is followed. */
        if (r == 0 && fchmodat(parent, own_name(l), l->attributes.mode, 0) < 0)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set its mode");
        return r;
}

static int place_nothing(Layer *l, BrigError *err)
{
        (void)err;
        l->report.skipped++;
        l->report.entries--;
        return 0;
}

/* --- hard links -------------------------------------------------------- */

static int check_link_target(Layer *l, int parent, BrigError *err)
{
        BeneathFound found;
        int r = brig_beneath_look(parent, l->link.path + l->link.name_at, &found, err);

        if (r < 0)
                return r;
        if (found == BENEATH_NOTHING || found == BENEATH_WHITEOUT)
                return brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "it is a hard link to \"%.300s\", which this layer does not hold before it",
                                      l->link.path);
        if (found == BENEATH_FOLDER)
                return brig_error_set(err, BRIG_ERR_INVALID, EISDIR, "it is a hard link to the folder \"%.300s\"", l->link.path);
        return 0;
}

static int place_hardlink(Layer *l, BrigError *err)
{
        _cleanup_close_ int target = -EBADF;
        const char *reason, *from;
        int parent, r;

        if (brig_tar_link_parse(archive_entry_hardlink(l->entry), &l->link, &reason) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%s", reason);
        from = l->link.path + l->link.name_at;
        /* a link to itself: replacing would remove the file */
        if (streq(l->link.path, l->name.path))
                return 0;
        target = brig_beneath_open_parent(&l->beneath, &l->link, err);
        if (target < 0)
                return target;
        r = check_link_target(l, target, err);
        if (r < 0)
                return r;
        parent = parent_of(l, err);
        if (parent < 0)
                return parent;
        r = linkat(target, from, parent, own_name(l), 0) < 0 ? -errno : 0;
        if (r == -EEXIST) {
                r = brig_beneath_clear(&l->beneath, parent, own_name(l), err);
                if (r < 0)
                        return r;
                r = linkat(target, from, parent, own_name(l), 0) < 0 ? -errno : 0;
        }
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, r, "cannot link it to \"%.300s\"", l->link.path) : 0;
}

/* --- whiteouts --------------------------------------------------------- */

static int place_whiteout(Layer *l, BrigError *err)
{
        int parent = brig_beneath_parent(&l->beneath, &l->name, BENEATH_NO_LINKS, true, err), r;
        _cleanup_close_ int fd = -EBADF;
        BeneathFound found;

        if (parent < 0)
                return parent;
        if (mknodat(parent, own_name(l), S_IFCHR | 0600, makedev(0, 0)) == 0)
                return 0;
        if (errno != EEXIST)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make the whiteout");
        /* A whiteout speaks of lower layers alone: this layer's own file stays, its own folder hides the lower ones. */
        r = brig_beneath_look(parent, own_name(l), &found, err);
        if (r < 0 || found != BENEATH_FOLDER)
                return r;
        fd = openat(parent, own_name(l), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot open the folder");
        return set_opaque(fd, err);
}

static int place_opaque(Layer *l, BrigError *err)
{
        int parent = brig_beneath_parent(&l->beneath, &l->name, BENEATH_NO_LINKS, true, err);

        return parent < 0 ? parent : set_opaque(parent, err);
}

/* --- the archive ------------------------------------------------------- */

typedef int (*PlaceFn)(Layer *l, BrigError *err);

static const struct { unsigned type; PlaceFn place; } types[] = {
        { AE_IFREG, place_file },
        { AE_IFDIR, place_folder },
        { AE_IFLNK, place_symlink },
        { AE_IFIFO, place_fifo },
        { AE_IFCHR, place_nothing },
        { AE_IFBLK, place_nothing },
        { AE_IFSOCK, place_nothing },
};

static const PlaceFn kinds[] = {
        [TAR_NAME_ROOT] = place_root,
        [TAR_NAME_WHITEOUT] = place_whiteout,
        [TAR_NAME_OPAQUE] = place_opaque,
        [TAR_NAME_IGNORED] = place_nothing,
};

static int place_by_type(Layer *l, BrigError *err)
{
        if (archive_entry_hardlink(l->entry))
                return place_hardlink(l, err);
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (types[i].type == archive_entry_filetype(l->entry))
                        return types[i].place(l, err);
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "its type is unknown");
}

static int place(Layer *l, BrigError *err)
{
        int r = brig_attributes_read(l->entry, l->limits->max_id, &l->attributes, err);

        if (r < 0)
                return r;
        if (l->name.kind == TAR_NAME_ENTRY)
                return place_by_type(l, err);
        if (l->name.kind == TAR_NAME_ROOT && (archive_entry_filetype(l->entry) != AE_IFDIR || archive_entry_hardlink(l->entry)))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the layer's root is no folder");
        return kinds[l->name.kind](l, err);
}

static int take_entry(Layer *l, BrigError *err)
{
        const char *raw = archive_entry_pathname(l->entry), *reason;
        int r;

        if (++l->report.entries + l->report.skipped > l->limits->max_entries)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "the layer has more than %llu entries",
                                      (unsigned long long)l->limits->max_entries);
        r = brig_tar_name_parse(raw ? raw : "", &l->name, &reason);
        r = r < 0 ? brig_error_set(err, BRIG_ERR_INVALID, -r, "%s", reason) : place(l, err);
        if (r < 0)
                brig_error_prefix(err, "layer entry \"%.300s\"", raw ? raw : "");
        return r;
}

/*
 * Names reach us as raw bytes only in the "C" locale (in a UTF-8 locale libarchive
 * would compose them, and a name would change). It then warns of each name that is
 * not ASCII; every other warning means that it skipped something damaged.
 */
static bool is_name_warning(Layer *l)
{
        const char *text = archive_error_string(l->archive);

        return text && strstr(text, "can't be converted from");
}

static int read_entries(Layer *l, BrigError *err)
{
        for (;;) {
                int status = archive_read_next_header(l->archive, &l->entry), r;

                if (status == ARCHIVE_EOF)
                        return 0;
                if (l->blank)
                        return 0;
                if (status != ARCHIVE_OK && !(status == ARCHIVE_WARN && is_name_warning(l)))
                        return archive_failed(l, err);
                r = take_entry(l, err);
                if (r < 0)
                        return r;
        }
}

static la_ssize_t read_archive(struct archive *a, void *context, const void **ret_block)
{
        Layer *l = context;
        ssize_t n = brig_blob_stream_next(l->stream, ret_block);

        if (n < 0)
                archive_set_error(a, EIO, "%s", l->stream->error.message);
        else if (brig_inflater_total(l->stream->inflater) == 0)
                l->blank = true;
        return n;
}

static int open_archive(Layer *l, BrigError *err)
{
        l->archive = archive_read_new();
        if (!l->archive || archive_read_support_format_tar(l->archive) != ARCHIVE_OK)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot prepare the archive reader");
        if (archive_read_open(l->archive, l, NULL, read_archive, NULL) != ARCHIVE_OK && !l->blank)
                return archive_failed(l, err);
        return 0;
}

int brig_layer_unpack(BlobStream *stream, int dir_fd, const LayerLimits *limits, UnpackReport *ret, BrigError *err)
{
        _cleanup_(layer_done) Layer l = { .stream = stream, .limits = limits };
        int r;

        brig_beneath_init(&l.beneath, dir_fd);
        r = open_archive(&l, err);
        if (r == 0 && !l.blank)
                r = read_entries(&l, err);
        if (r == 0)
                r = finish_folders(&l, err);
        if (r == 0)
                *ret = l.report;
        return r;
}
