/* The store's promises: what is listed is whole, what fails leaves nothing, what a crash leaves is repaired. */
#include "tests/unit/image/store-fixture.h"

#include <dirent.h>
#include <sys/stat.h>

static char *const no_changes[] = { NULL };

static void import_named(StoreFixture *f, const char *name, const char *content, char id[72])
{
        _cleanup_layer_ MadeLayer l;

        make_layer(&l, "file", content);
        expect_success(f, import_bytes(f, l.tar.data, l.tar.len, &(ImageImport){ .reference = name, .changes = no_changes }, id));
}

/* --- import ------------------------------------------------------------------------ */

static void test_import_makes_an_image_of_one_layer(void **state)
{
        StoreFixture *f = *state;
        _cleanup_layer_ MadeLayer l;
        _cleanup_(brig_image_unrefp) Image *i = NULL;
        char *changes[] = { (char *)"CMD [\"/bin/x\"]", (char *)"ENV A=b", NULL };
        char id[72];

        make_layer(&l, "bin/x", "#!");
        expect_success(f, import_bytes(f, l.tar.data, l.tar.len, &(ImageImport){ .reference = "thing:1", .message = "hello", .changes = changes }, id));
        i = must_resolve(f, "thing:1");
        assert_string_equal(i->id, id);
        assert_string_equal(i->layers[0], l.diff_id + 7);
        assert_null(i->layers[1]);
        assert_string_equal(i->config.config.cmd[0], "/bin/x");
        assert_string_equal(i->config.config.env[0], "A=b");
        assert_string_equal(i->config.os, "linux");
        assert_string_equal(((ImageHistory *)i->config.history.items)->comment, "hello");
        assert_string_equal(i->repo_tags[0], "thing:1");
        assert_null(i->repo_digests);
        assert_int_equal(i->size, l.tar.len);
        assert_int_equal(i->layer_sizes[0], l.tar.len);
        assert_true(i->created > 0 && i->tagged > 0);
        assert_int_equal(count_temporary(f), 0);
        assert_int_equal(count_blobs(f), 3);    /* layer, config, manifest */
}

static void test_import_of_compressed_tars(void **state)
{
        StoreFixture *f = *state;
        _cleanup_layer_ MadeLayer l;
        _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(1 << 20);
        char id[72];

        make_layer(&l, "x", "content");
        tar_gzip(l.tar.data, l.tar.len, &packed);
        expect_success(f, import_bytes(f, packed.data, packed.len, &(ImageImport){ .reference = "gz" }, id));
        brig_buffer_reset(&packed);
        tar_zstd(l.tar.data, l.tar.len, &packed);
        expect_success(f, import_bytes(f, packed.data, packed.len, &(ImageImport){ .reference = "zst" }, id));
        /* the same layer, unpacked once */
        assert_int_equal(f->fake.unpacked, 1);
        expect_error(f, import_bytes(f, packed.data, packed.len - 3, &(ImageImport){ .reference = "cut" }, id), BRIG_ERR_INVALID, "cut short");
        assert_int_equal(count_temporary(f), 0);
        assert_int_equal(count_images(f), 2);
}

static void test_import_that_fails_leaves_nothing(void **state)
{
        StoreFixture *f = *state;
        _cleanup_layer_ MadeLayer l;
        char *wrong[] = { (char *)"RUN make", NULL };
        char id[72];

        make_layer(&l, "x", "content");
        f->fake.fail = BRIG_ERR_NO_SPACE;
        expect_error(f, import_bytes(f, l.tar.data, l.tar.len, &(ImageImport){ .reference = "x" }, id), BRIG_ERR_NO_SPACE, "made to fail");
        expect_empty(f);
        expect_error(f, import_bytes(f, l.tar.data, l.tar.len, &(ImageImport){ .reference = "X/UPPER" }, id), BRIG_ERR_INVALID, "lowercase");
        expect_error(f, import_bytes(f, l.tar.data, l.tar.len, &(ImageImport){ .reference = "x@sha256:0" }, id), BRIG_ERR_INVALID, "invalid reference format");
        expect_error(f, import_bytes(f, l.tar.data, l.tar.len, &(ImageImport){ .changes = wrong }, id), BRIG_ERR_INVALID, "RUN is not a valid change command");
        expect_empty(f);
}

/* --- names ------------------------------------------------------------------------------ */

static void test_resolve_follows_dockers_order(void **state)
{
        StoreFixture *f = *state;
        static const struct { const char *name; bool found; } cases[] = {
                { "busybox", true }, { "busybox:latest", true }, { "docker.io/busybox", true }, { "docker.io/library/busybox:latest", true },
                { "index.docker.io/library/busybox", true }, { "library/busybox", true }, { "localhost:5000/a/b:2", true },
                { "busybox:2", false }, { "other/busybox", false }, { "quay.io/busybox", false },
        };
        char id[72], other[72], prefix[32];

        import_named(f, "busybox", "1", id);
        import_named(f, "localhost:5000/a/b:2", "2", other);
        for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
                Image *i = NULL;
                int r = brig_image_resolve(f->store, cases[n].name, &i, &f->err);

                if ((r == 0) != cases[n].found)
                        fail_msg("%s", cases[n].name);
                brig_image_unref(i);
        }
        for (int with = 0; with < 2; with++) {
                Image *i;

                (void)snprintf(prefix, sizeof(prefix), "%s%.12s", with ? "sha256:" : "", id + 7);
                i = must_resolve(f, prefix);
                assert_string_equal(i->id, id);
                brig_image_unref(i);
        }
        brig_image_unref(must_resolve(f, id));
        brig_image_unref(must_resolve(f, id + 7));
}

static void test_resolve_says_what_docker_says(void **state)
{
        StoreFixture *f = *state;
        Image *i;

        expect_error(f, brig_image_resolve(f->store, "nope", &i, &f->err), BRIG_ERR_NOT_FOUND, "No such image: nope:latest");
        expect_error(f, brig_image_resolve(f->store, "docker.io/library/nope:3", &i, &f->err), BRIG_ERR_NOT_FOUND, "No such image: nope:3");
        expect_error(f, brig_image_resolve(f->store, "a//b", &i, &f->err), BRIG_ERR_INVALID, "invalid reference format");
        expect_error(f, brig_image_resolve(f->store, "bad\nname", &i, &f->err), BRIG_ERR_INVALID, "invalid reference format");
}

static void test_tag_moves_names(void **state)
{
        StoreFixture *f = *state;
        _cleanup_(brig_image_unrefp) Image *first = NULL, *second = NULL;
        char a[72], b[72];

        import_named(f, "a", "1", a);
        import_named(f, "b", "2", b);
        expect_success(f, brig_image_tag(f->store, "b", "example.com/x/y", "v1", &f->err));
        expect_success(f, brig_image_tag(f->store, "b", "a", "", &f->err));
        first = must_resolve(f, a);
        second = must_resolve(f, "a");
        assert_null(first->repo_tags);
        assert_string_equal(second->id, b);
        assert_string_equal(second->repo_tags[0], "a:latest");
        assert_string_equal(second->repo_tags[1], "b:latest");
        assert_string_equal(second->repo_tags[2], "example.com/x/y:v1");
        expect_error(f, brig_image_tag(f->store, "b", "UPPER", "", &f->err), BRIG_ERR_INVALID, "must be lowercase");
        expect_error(f, brig_image_tag(f->store, "b", "x", "a b", &f->err), BRIG_ERR_INVALID, "invalid tag format");
        expect_error(f, brig_image_tag(f->store, "nope", "x", "1", &f->err), BRIG_ERR_NOT_FOUND, "No such image: nope:latest");
        store_reopen(f);
        brig_image_unref(second);
        second = must_resolve(f, "example.com/x/y:v1");
        assert_int_equal(brig_strv_len(second->repo_tags), 3);
}

/* --- rmi ----------------------------------------------------------------------------------- */

static void test_delete_by_name_unties_and_removes(void **state)
{
        StoreFixture *f = *state;
        _cleanup_strv_ char **first = NULL, **second = NULL;
        char id[72], expected[100];

        import_named(f, "a", "1", id);
        expect_success(f, brig_image_tag(f->store, "a", "b", "1", &f->err));
        expect_success(f, delete_image(f, "a", false, &first));
        assert_string_equal(first[0], "Untagged: a:latest");
        assert_null(first[1]);
        assert_int_equal(count_images(f), 1);
        expect_success(f, delete_image(f, "b:1", false, &second));
        (void)snprintf(expected, sizeof(expected), "Deleted: %s", id);
        assert_string_equal(second[0], "Untagged: b:1");
        assert_string_equal(second[1], expected);
        assert_true(brig_str_has_prefix(second[2], "Deleted: sha256:"));
        assert_null(second[3]);
        expect_empty(f);
        store_reopen(f);
        expect_empty(f);
}

static void test_delete_by_id(void **state)
{
        StoreFixture *f = *state;
        _cleanup_strv_ char **lines = NULL;
        char id[72], words[160];

        import_named(f, "a", "1", id);
        expect_success(f, brig_image_tag(f->store, "a", "b", "", &f->err));
        (void)snprintf(words, sizeof(words), "conflict: unable to delete %.12s (must be forced) - image is referenced in multiple repositories", id + 7);
        expect_error(f, delete_image(f, id, false, &lines), BRIG_ERR_CONFLICT, words);
        expect_success(f, delete_image(f, id, true, &lines));
        assert_int_equal(brig_strv_len(lines), 4);
        expect_empty(f);
}

static void test_delete_of_an_image_in_use(void **state)
{
        StoreFixture *f = *state;
        _cleanup_strv_ char **lines = NULL;
        char id[72], words[160];

        import_named(f, "a", "1", id);
        f->use = 1;
        (void)snprintf(words, sizeof(words), "conflict: unable to remove repository reference \"a\" (must force) - container 0123456789ab is using its referenced image %.12s", id + 7);
        expect_error(f, delete_image(f, "a", false, &lines), BRIG_ERR_CONFLICT, words);
        (void)snprintf(words, sizeof(words), "conflict: unable to delete %.12s (must be forced) - image is being used by stopped container 0123456789ab", id + 7);
        expect_error(f, delete_image(f, id, false, &lines), BRIG_ERR_CONFLICT, words);
        f->use = 2;
        (void)snprintf(words, sizeof(words), "conflict: unable to delete %.12s (cannot be forced) - image is being used by running container 0123456789ab", id + 7);
        expect_error(f, delete_image(f, id, true, &lines), BRIG_ERR_CONFLICT, words);
        assert_int_equal(count_images(f), 1);
}

static void test_forced_delete_keeps_the_layers_of_a_stopped_container(void **state)
{
        StoreFixture *f = *state;
        _cleanup_(brig_image_unrefp) Image *i = NULL;
        _cleanup_strv_ char **lines = NULL;
        char id[72];

        import_named(f, "a", "1", id);
        f->use = 1;
        expect_success(f, delete_image(f, "a", true, &lines));
        assert_int_equal(count_images(f), 0);
        expect_error(f, brig_image_resolve(f->store, id, &i, &f->err), BRIG_ERR_NOT_FOUND, "No such image");
        assert_int_equal(count_layers(f), 1);
        store_reopen(f);
        assert_int_equal(count_images(f), 0);
        expect_success(f, brig_image_by_id(f->store, id, &i, &f->err));
        assert_int_equal(brig_strv_len(i->layers), 1);
        expect_success(f, brig_image_sweep(f->store, in_use, f, &f->err));
        assert_int_equal(count_layers(f), 1);
        f->use = 0;
        expect_success(f, brig_image_sweep(f->store, in_use, f, &f->err));
        expect_empty(f);
}

static void test_layers_live_as_long_as_one_image_has_them(void **state)
{
        StoreFixture *f = *state;
        _cleanup_layer_ MadeLayer l;
        _cleanup_strv_ char **lines = NULL;
        char *changes[] = { (char *)"LABEL a=b", NULL };
        char id[72];

        make_layer(&l, "x", "shared");
        expect_success(f, import_bytes(f, l.tar.data, l.tar.len, &(ImageImport){ .reference = "one" }, id));
        expect_success(f, import_bytes(f, l.tar.data, l.tar.len, &(ImageImport){ .reference = "two", .changes = changes }, id));
        assert_int_equal(f->fake.unpacked, 1);
        expect_success(f, delete_image(f, "one", false, &lines));
        assert_int_equal(brig_strv_len(lines), 2);
        assert_int_equal(count_layers(f), 1);
        lines = brig_strv_free(lines);
        expect_success(f, delete_image(f, "two", false, &lines));
        assert_int_equal(brig_strv_len(lines), 3);
        expect_empty(f);
}

static void test_readers_keep_a_deleted_image(void **state)
{
        StoreFixture *f = *state;
        _cleanup_(brig_image_unrefp) Image *i = NULL;
        _cleanup_strv_ char **lines = NULL;
        char id[72];

        import_named(f, "a", "1", id);
        i = must_resolve(f, "a");
        expect_success(f, delete_image(f, "a", false, &lines));
        assert_string_equal(i->id, id);
        assert_string_equal(i->repo_tags[0], "a:latest");
}

static bool is_named_here(void *context, const Image *image)
{
        return brig_strv_contains(image->repo_tags, context);
}

static void test_prune_of_what_a_filter_wants(void **state)
{
        StoreFixture *f = *state;
        _cleanup_strv_ char **lines = NULL;
        int64_t bytes;
        char id[72];

        import_named(f, "a", "1", id);
        import_named(f, "b", "2", id);
        expect_success(f, brig_image_prune(f->store, &(ImageDelete){ .wanted = is_named_here, .wanted_context = (char *)"b:latest" }, true, &lines, &bytes, &f->err));
        assert_int_equal(count_images(f), 1);
        brig_image_unref(must_resolve(f, "a"));
}

static void test_prune(void **state)
{
        StoreFixture *f = *state;
        _cleanup_strv_ char **none = NULL, **dangling = NULL, **all = NULL;
        const ImageDelete who = { .in_use = in_use, .context = f };
        int64_t bytes;
        char id[72];

        import_named(f, NULL, "1", id);
        import_named(f, "named", "2", id);
        f->use = 1;
        expect_success(f, brig_image_prune(f->store, &who, true, &none, &bytes, &f->err));
        assert_null(none);
        assert_int_equal(bytes, 0);
        f->use = 0;
        expect_success(f, brig_image_prune(f->store, &who, false, &dangling, &bytes, &f->err));
        assert_int_equal(brig_strv_len(dangling), 2);
        assert_true(bytes > 0);
        assert_int_equal(count_images(f), 1);
        expect_success(f, brig_image_tag(f->store, "named", "more/names", "x", &f->err));
        expect_success(f, brig_image_prune(f->store, &who, true, &all, &bytes, &f->err));
        assert_int_equal(brig_strv_len(all), 4);
        expect_empty(f);
}

/* --- after a crash ---------------------------------------------------------------------------- */

static void write_stray(const StoreFixture *f, const char *name)
{
        char path[200];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/blobs/%s", f->folder, name);
        file = fopen(path, "w");
        assert_non_null(file);
        (void)fclose(file);
}

static void test_repair_removes_what_nobody_names(void **state)
{
        StoreFixture *f = *state;
        char id[72];

        import_named(f, "a", "1", id);
        write_stray(f, "tmp/0123456789abcdef0123456789abcdef");
        write_stray(f, "sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_int_equal(brig_map_put(f->fake.present, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", f), 0);
        store_reopen(f);
        assert_int_equal(count_temporary(f), 0);
        assert_int_equal(count_blobs(f), 3);
        assert_int_equal(count_layers(f), 1);
        assert_int_equal(count_images(f), 1);
}

static void test_repair_unpacks_a_lost_layer_again(void **state)
{
        StoreFixture *f = *state;
        _cleanup_(brig_image_unrefp) Image *i = NULL;
        _cleanup_strv_ char **lines = NULL;
        char id[72];

        import_named(f, "a", "1", id);
        i = must_resolve(f, "a");
        assert_true(brig_map_remove(f->fake.present, i->layers[0]));
        store_reopen(f);
        assert_int_equal(count_layers(f), 1);
        assert_int_equal(count_images(f), 1);
        expect_success(f, delete_image(f, "a", false, &lines));
        expect_empty(f);
}

static void remove_blob(const StoreFixture *f, const char *digest)
{
        char path[200];

        (void)snprintf(path, sizeof(path), "%s/blobs/sha256/%s", f->folder, digest + 7);
        assert_int_equal(unlink(path), 0);
}

static void test_repair_drops_an_image_that_cannot_be_completed(void **state)
{
        StoreFixture *f = *state;
        _cleanup_(brig_image_unrefp) Image *i = NULL;
        char id[72], other[72];

        import_named(f, "a", "1", id);
        import_named(f, "b", "2", other);
        i = must_resolve(f, "a");
        remove_blob(f, i->manifest_digest);
        store_reopen(f);
        assert_int_equal(count_images(f), 1);
        remove_blob(f, other);
        store_reopen(f);
        expect_empty(f);
        /* and the names are free again */
        import_named(f, "a", "1", id);
        assert_int_equal(count_images(f), 1);
}

static void test_repair_only_leaves_out_what_may_come_back(void **state)
{
        StoreFixture *f = *state;
        _cleanup_(brig_image_unrefp) Image *i = NULL;
        char id[72];

        import_named(f, "a", "1", id);
        i = must_resolve(f, "a");
        assert_true(brig_map_remove(f->fake.present, i->layers[0]));
        f->fake.fail = BRIG_ERR_NO_SPACE;
        store_reopen(f);
        assert_int_equal(count_images(f), 0);
        assert_int_equal(count_blobs(f), 3);
        store_reopen(f);
        assert_int_equal(count_images(f), 1);
        brig_image_unref(must_resolve(f, "a"));
}

/* --- several at once ----------------------------------------------------------------------------- */

typedef struct Worker { StoreFixture *f; pthread_t thread; int result; BrigBuffer *tar; const char *name; BrigError err; } Worker;
typedef struct Feed { const char *data; size_t len; } Feed;

static ssize_t feed(void *context, void *data, size_t len)
{
        Feed *b = context;
        size_t n = MIN2(len, b->len);

        memcpy(data, b->data, n);
        b->data += n;
        b->len -= n;
        return (ssize_t)n;
}

static void *import_in_thread(void *argument)
{
        Worker *w = argument;
        Feed b = { w->tar->data, w->tar->len };
        char id[72];

        w->result = brig_image_import(w->f->store, &(ImageSource){ .read = feed, .context = &b }, &(ImageImport){ .reference = w->name }, id, &w->err);
        return NULL;
}

static void test_loads_at_once_unpack_a_shared_layer_once(void **state)
{
        StoreFixture *f = *state;
        _cleanup_layer_ MadeLayer l;
        Worker workers[4];
        static const char *const names[] = { "w0", "w1", "w2", "w3" };

        make_layer(&l, "x", "shared");
        f->fake.hold_back = true;
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
                workers[i] = (Worker){ .f = f, .tar = &l.tar, .name = names[i] };
                assert_int_equal(pthread_create(&workers[i].thread, NULL, import_in_thread, &workers[i]), 0);
        }
        pthread_mutex_lock(&f->fake.lock);
        while (f->fake.waiting == 0)
                (void)pthread_cond_wait(&f->fake.changed, &f->fake.lock);
        f->fake.hold_back = false;
        (void)pthread_cond_broadcast(&f->fake.changed);
        pthread_mutex_unlock(&f->fake.lock);
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
                assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
                if (workers[i].result < 0)
                        fail_msg("%s", workers[i].err.message);
        }
        assert_int_equal(f->fake.unpacked, 1);
        assert_int_equal(count_images(f), 4);
}

static void *churn_in_thread(void *argument)
{
        Worker *w = argument;

        for (int i = 0; i < 20; i++) {
                char **lines = NULL;

                import_in_thread(w);
                if (w->result < 0)
                        return NULL;
                w->result = brig_image_delete(w->f->store, &(ImageDelete){ .name = w->name }, &lines, &w->err);
                brig_strv_free(lines);
                if (w->result < 0)
                        return NULL;
        }
        return NULL;
}

static void test_loads_and_deletions_at_once_leave_nothing(void **state)
{
        StoreFixture *f = *state;
        _cleanup_layer_ MadeLayer l;
        Worker workers[4];
        static const char *const names[] = { "w0", "w1", "w2", "w3" };

        make_layer(&l, "x", "shared");
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
                workers[i] = (Worker){ .f = f, .tar = &l.tar, .name = names[i] };
                assert_int_equal(pthread_create(&workers[i].thread, NULL, churn_in_thread, &workers[i]), 0);
        }
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
                assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
                if (workers[i].result < 0)
                        fail_msg("%s", workers[i].err.message);
        }
        expect_empty(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(test_import_makes_an_image_of_one_layer),
                STORE_TEST(test_import_of_compressed_tars),
                STORE_TEST(test_import_that_fails_leaves_nothing),
                STORE_TEST(test_resolve_follows_dockers_order),
                STORE_TEST(test_resolve_says_what_docker_says),
                STORE_TEST(test_tag_moves_names),
                STORE_TEST(test_delete_by_name_unties_and_removes),
                STORE_TEST(test_delete_by_id),
                STORE_TEST(test_delete_of_an_image_in_use),
                STORE_TEST(test_forced_delete_keeps_the_layers_of_a_stopped_container),
                STORE_TEST(test_layers_live_as_long_as_one_image_has_them),
                STORE_TEST(test_readers_keep_a_deleted_image),
                STORE_TEST(test_prune),
                STORE_TEST(test_prune_of_what_a_filter_wants),
                STORE_TEST(test_repair_removes_what_nobody_names),
                STORE_TEST(test_repair_unpacks_a_lost_layer_again),
                STORE_TEST(test_repair_drops_an_image_that_cannot_be_completed),
                STORE_TEST(test_repair_only_leaves_out_what_may_come_back),
                STORE_TEST(test_loads_at_once_unpack_a_shared_layer_once),
                STORE_TEST(test_loads_and_deletions_at_once_leave_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
