/* The outer tar of a load: a hostile archive of a few names that count and any number that do not. */
#include "image/load-internal.h"

#include "base/strings.h"
#include "image/tar-path.h"
#include <archive.h>
#include <archive_entry.h>

#define BLOB_FOLDER "blobs/sha256/"

typedef struct Stage {
        Load *load;
        BrigInflater *inflater;
        struct archive *archive;
        BrigError error;                /* of the stream: libarchive passes on a text at most */
        size_t entries;
        BrigError *err;
} Stage;

static void stage_done(Stage *s)
{
        if (s->archive)
                (void)archive_read_free(s->archive);
        s->inflater = brig_inflater_free(s->inflater);
}

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot load");
}

static int damaged(Stage *s)
{
        const char *text = archive_error_string(s->archive);

        if (s->error.kind != BRIG_OK) {
                if (s->err)
                        *s->err = s->error;
                return s->error.errnum > 0 ? -s->error.errnum : -EIO;
        }
        return brig_error_set(s->err, BRIG_ERR_INVALID, EBADMSG, "the archive is no tar or is damaged: %.300s", text ? text : "unknown form");
}

/* --- files ------------------------------------------------------------------- */

static int copy_content(Stage *s, BlobWriter *w, StagedFile *f)
{
        const void *block;
        size_t len;
        int64_t at;
        int status, r = 0;

        while (r == 0 && (status = archive_read_data_block(s->archive, &block, &len, &at)) == ARCHIVE_OK) {
                /* sparse members would need zeros here: nobody stores images so */
                if ((uint64_t)at != w->size)
                        return brig_error_set(s->err, BRIG_ERR_INVALID, EINVAL, "it is a sparse file");
                if (at == 0)
                        f->compression = brig_compression_detect(block, len);
                r = brig_blob_writer_write(w, block, len, s->err);
        }
        if (r < 0)
                return r;
        return status == ARCHIVE_EOF ? brig_blob_writer_finish(w, s->err) : damaged(s);
}

static int check_blob_name(const char *path, const char *digest, BrigError *err)
{
        const char *hex = brig_str_has_prefix(path, BLOB_FOLDER) ? path + strlen(BLOB_FOLDER) : NULL;

        if (!hex || !brig_is_hex(hex, 64) || streq(hex, brig_digest_hex(digest)))
                return 0;
        return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "blob sha256:%s does not have its digest: the content is %s", hex, digest);
}

/* A name that comes twice: the later one counts, as with tar. */
static int keep_file(Load *l, const char *path, BlobWriter *w, StagedFile *f, BrigError *err)
{
        StagedFile *old = brig_map_get(l->files, path);
        StagedFile *copy;

        memcpy(f->digest, w->digest, sizeof(f->digest));
        memcpy(f->temp, w->temp, sizeof(f->temp));
        f->size = w->size;
        copy = malloc(sizeof(*copy));
        if (!copy)
                return no_memory(err);
        *copy = *f;
        if (old && *old->temp)
                brig_blob_remove_temp(&l->store->blobs, old->temp);
        (void)brig_map_remove(l->links, path);
        if (brig_map_set(l->files, path, copy) < 0) {
                free(copy);
                return no_memory(err);
        }
        *w->temp = '\0';
        return 0;
}

static int stage_file(Stage *s, const char *path)
{
        _cleanup_blob_writer_ BlobWriter w = BLOB_WRITER_INIT;
        StagedFile f = { .compression = BRIG_COMPRESSION_NONE };
        int r = brig_blob_writer_init(&w, &s->load->store->blobs, s->err);

        if (r == 0)
                r = copy_content(s, &w, &f);
        if (r == 0)
                r = check_blob_name(path, w.digest, s->err);
        return r < 0 ? r : keep_file(s->load, path, &w, &f, s->err);
}

/* --- links -------------------------------------------------------------------- */

/*
 * Where a symbolic link at `path` leads, lexically: old archives have "b/layer.tar" as a link
 * to "../a/layer.tar". Nothing is followed on disk; what leads out of the archive is refused.
 */
static int resolve_link(const char *path, const char *target, char ret[BRIG_TAR_PATH_MAX + 1])
{
        const char *slash = strrchr(path, '/');
        size_t len = slash ? (size_t)(slash - path) : 0;

        if (*target == '/' || len > BRIG_TAR_PATH_MAX)
                return -EINVAL;
        memcpy(ret, path, len);
        for (const char *p = target; *p;) {
                size_t n = strcspn(p, "/");

                if (n == 2 && p[0] == '.' && p[1] == '.') {
                        if (len == 0)
                                return -EINVAL;
                        while (len > 0 && ret[--len] != '/')
                                ;
                } else if (n > 0 && !(n == 1 && *p == '.')) {
                        if (len + n + 1 > BRIG_TAR_PATH_MAX)
                                return -ENAMETOOLONG;
                        if (len > 0)
                                ret[len++] = '/';
                        memcpy(ret + len, p, n);
                        len += n;
                }
                p += n + (p[n] == '/');
        }
        ret[len] = '\0';
        return 0;
}

static int keep_link(Load *l, const char *path, const char *target, BrigError *err)
{
        StagedFile *old = brig_map_get(l->files, path);
        char *copy = strdup(target);

        if (!copy || brig_map_set(l->links, path, copy) < 0) {
                free(copy);
                return no_memory(err);
        }
        if (old && *old->temp)
                brig_blob_remove_temp(&l->store->blobs, old->temp);
        (void)brig_map_remove(l->files, path);
        return 0;
}

static int stage_symlink(Stage *s, struct archive_entry *entry, const char *path)
{
        const char *target = archive_entry_symlink(entry);
        char resolved[BRIG_TAR_PATH_MAX + 1];

        if (brig_str_empty(target) || resolve_link(path, target, resolved) < 0)
                return brig_error_set(s->err, BRIG_ERR_INVALID, EINVAL, "its symbolic link leads out of the archive");
        return keep_link(s->load, path, resolved, s->err);
}

static int stage_hardlink(Stage *s, struct archive_entry *entry, const char *path)
{
        _cleanup_free_ TarName *target = malloc(sizeof(*target));
        const char *reason;

        if (!target)
                return no_memory(s->err);
        if (brig_tar_link_parse(archive_entry_hardlink(entry), target, &reason) < 0)
                return brig_error_set(s->err, BRIG_ERR_INVALID, EINVAL, "%s", reason);
        return streq(target->path, path) ? 0 : keep_link(s->load, path, target->path, s->err);
}

/* --- the tar -------------------------------------------------------------------- */

static int stage_by_type(Stage *s, struct archive_entry *entry, const char *path)
{
        if (archive_entry_hardlink(entry))
                return stage_hardlink(s, entry, path);
        switch (archive_entry_filetype(entry)) {
        case AE_IFREG:
                return stage_file(s, path);
        case AE_IFLNK:
                return stage_symlink(s, entry, path);
        case AE_IFDIR:
                return 0;
        default:
                return brig_error_set(s->err, BRIG_ERR_INVALID, EINVAL, "it is neither file, folder nor link");
        }
}

static int stage_entry(Stage *s, struct archive_entry *entry)
{
        _cleanup_free_ TarName *name = malloc(sizeof(*name));
        const char *raw = archive_entry_pathname(entry), *reason;
        int r;

        if (!name)
                return no_memory(s->err);
        if (++s->entries > BRIG_LOAD_MAX_ENTRIES)
                return brig_error_set(s->err, BRIG_ERR_TOO_LARGE, E2BIG, "the archive has more than %u entries", BRIG_LOAD_MAX_ENTRIES);
        r = brig_tar_name_parse(raw ? raw : "", name, &reason);
        if (r < 0)
                r = brig_error_set(s->err, BRIG_ERR_INVALID, -r, "%s", reason);
        else if (name->kind == TAR_NAME_ENTRY)
                r = stage_by_type(s, entry, name->path);
        /* The root folder counts for nothing; whiteouts have no place outside of layers. */
        else if (name->kind != TAR_NAME_ROOT)
                r = brig_error_set(s->err, BRIG_ERR_INVALID, EINVAL, "a whiteout outside of a layer");
        if (r < 0 && s->err)
                brig_error_prefix(s->err, "archive entry \"%.200s\"", raw ? raw : "");
        return r;
}

static la_ssize_t read_block(struct archive *a, void *context, const void **ret_block)
{
        Stage *s = context;
        ssize_t n = brig_inflater_next(s->inflater, ret_block, &s->error);

        if (n < 0)
                archive_set_error(a, EIO, "%s", s->error.message);
        return n;
}

static int open_stage(Stage *s, const ImageSource *source)
{
        s->inflater = brig_inflater_new(source->read, source->context, 0);
        s->archive = archive_read_new();
        if (!s->inflater || !s->archive || archive_read_support_format_tar(s->archive) != ARCHIVE_OK)
                return no_memory(s->err);
        return archive_read_open(s->archive, s, NULL, read_block, NULL) == ARCHIVE_OK ? 0 : damaged(s);
}

/* What follows the end mark is read too: a compressed stream that is cut short there is still a broken upload. */
static int drain(Stage *s)
{
        const void *block;
        ssize_t n;

        while ((n = brig_inflater_next(s->inflater, &block, &s->error)) > 0)
                ;
        return n < 0 ? damaged(s) : 0;
}

int brig_load_stage(Load *l, const ImageSource *source, BrigError *err)
{
        _cleanup_(stage_done) Stage s = { .load = l, .error = BRIG_ERROR_INIT, .err = err };
        struct archive_entry *entry;
        int status, r;

        l->files = brig_map_new(free);
        l->links = brig_map_new(free);
        if (!l->files || !l->links)
                return no_memory(err);
        r = open_stage(&s, source);
        if (r < 0)
                return r;
        while ((status = archive_read_next_header(s.archive, &entry)) == ARCHIVE_OK) {
                r = stage_entry(&s, entry);
                if (r < 0)
                        return r;
        }
        return status == ARCHIVE_EOF ? drain(&s) : damaged(&s);
}

/* --- what was staged --------------------------------------------------------------- */

StagedFile *brig_load_find(const Load *l, const char *path)
{
        _cleanup_free_ TarName *name = malloc(sizeof(*name));
        const char *reason, *at;

        if (!name || brig_tar_name_parse(path, name, &reason) < 0)
                return NULL;
        at = name->path;
        for (unsigned hops = 0; at && hops <= BRIG_LOAD_MAX_LINKS; hops++) {
                StagedFile *f = brig_map_get(l->files, at);

                if (f)
                        return f;
                at = brig_map_get(l->links, at);
        }
        return NULL;
}

StagedFile *brig_load_find_blob(const Load *l, const char *digest)
{
        char path[sizeof(BLOB_FOLDER) + 64];

        (void)snprintf(path, sizeof(path), BLOB_FOLDER "%s", brig_digest_hex(digest));
        return brig_load_find(l, path);
}

int brig_load_read(const Load *l, const StagedFile *f, char **ret, size_t *ret_len, BrigError *err)
{
        _cleanup_close_ int fd = *f->temp ? brig_blob_open_temp(&l->store->blobs, f->temp, err) : brig_blob_open(&l->store->blobs, f->digest, err);

        return fd < 0 ? fd : brig_blob_read_fd(fd, BRIG_IMAGE_MAX_DOCUMENT, ret, ret_len, err);
}

int brig_load_publish(Load *l, StagedFile *f, BrigError *err)
{
        if (!brig_strv_contains(l->published, f->digest)) {
                if (brig_store_hold_blob(l->store, f->digest) < 0)
                        return no_memory(err);
                if (brig_strv_push(&l->published, f->digest) < 0) {
                        brig_store_release_blob(l->store, f->digest);
                        return no_memory(err);
                }
        }
        if (!*f->temp)
                return 0;
        /* Held, so what is there stays there: no need to write and flush it again. */
        if (!brig_blob_exists(&l->store->blobs, f->digest)) {
                int r = brig_blob_publish(&l->store->blobs, f->temp, f->digest, err);

                if (r < 0)
                        return r;
        } else
                brig_blob_remove_temp(&l->store->blobs, f->temp);
        *f->temp = '\0';
        return 0;
}

void brig_load_done(Load *l)
{
        void *file;

        for (size_t i = 0; brig_map_next(l->files, &i, NULL, &file);)
                if (*((StagedFile *)file)->temp)
                        brig_blob_remove_temp(&l->store->blobs, ((StagedFile *)file)->temp);
        l->files = brig_map_free(l->files);
        l->links = brig_map_free(l->links);
        BRIG_STRV_FOREACH(blob, l->published)
                brig_store_release_blob(l->store, *blob);
        l->published = brig_strv_free(l->published);
}
