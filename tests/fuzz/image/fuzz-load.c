/*
 * docker load with layers that are only counted: an archive is taken or refused,
 * and either way nothing temporary stays. The store lives in a scratch folder as
 * long as the process.
 */
#include "base/strings.h"
#include "image/image.h"
#include <dirent.h>
#include <ftw.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/brig-fuzz-load-XXXXXX";
static StateDb *db;
static ImageStore *store;

static int unpack(void *context, int fd, const char *diff_id, ImageUnpackReport *report, BrigError *err)
{
        return 0;
}

static int forget(void *context, const char *diff_id, BrigError *err)
{
        return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

static void close_store(void)
{
        store = brig_image_store_close(store);
        db = brig_state_close(db);
        (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void open_store(void)
{
        const ImageLayerOps ops = { .unpack = unpack, .remove = forget };
        char path[64];

        brig_assert(mkdtemp(folder) && atexit(close_store) == 0);
        (void)snprintf(path, sizeof(path), "%s/state.db", folder);
        brig_assert(brig_state_open(path, &db, NULL) == 0 && brig_image_store_open(folder, db, &ops, &store, NULL) == 0);
}

/* In the place of the C library's: thousands of archives that nobody keeps need no disk. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
        return 0;
}

__attribute__((visibility("default"))) int fsync(int fd)
{
        return 0;
}

typedef struct Source { const uint8_t *data; size_t len; } Source;

static ssize_t read_source(void *context, void *data, size_t len)
{
        Source *s = context;
        size_t n = MIN2(len, s->len);

        memcpy(data, s->data, n);
        s->data += n;
        s->len -= n;
        return (ssize_t)n;
}

static void delete_all(void)
{
        Image **list = NULL;

        brig_assert(brig_image_list(store, &list, NULL) == 0);
        for (size_t i = 0; list[i]; i++) {
                char **lines = NULL;

                brig_assert(brig_image_delete(store, &(ImageDelete){ .name = list[i]->id, .force = true }, &lines, NULL) == 0);
                brig_strv_free(lines);
        }
        brig_image_list_free(list);
}

static size_t count_files(const char *name)
{
        char path[64];
        size_t n = 0;
        DIR *d;

        (void)snprintf(path, sizeof(path), "%s/blobs/%s", folder, name);
        d = opendir(path);
        brig_assert(d);
        for (const struct dirent *e; (e = readdir(d));)
                n += e->d_name[0] != '.';
        (void)closedir(d);
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Source s = { data, size };
        BrigError err = BRIG_ERROR_INIT;

        if (!store)
                open_store();
        if (brig_image_load(store, &(ImageSource){ .read = read_source, .context = &s }, NULL, &err) < 0)
                brig_assert(err.kind == BRIG_ERR_INVALID || err.kind == BRIG_ERR_TOO_LARGE);
        delete_all();
        brig_assert(count_files("tmp") == 0 && count_files("sha256") == 0);
        return 0;
}
