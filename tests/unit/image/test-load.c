/* docker load and save: every form of archive, and everything that can be wrong with one. */
#include "image/reference.h"
#include "tests/unit/image/store-fixture.h"

#include <sys/stat.h>

/* An image in the making: two layers and a config, packed in several ways. */
typedef struct Made {
        MadeLayer layers[2];
        char *config, id[72];
        BrigBuffer tar;
} Made;

static void hash_text(const char *text, char digest[72])
{
        memcpy(digest, "sha256:", 7);
        tar_sha256(text, strlen(text), digest + 7);
}

static void make_image(Made *m, const char *what)
{
        *m = (Made){ .tar = BRIG_BUFFER_INIT(16 << 20) };
        make_layer(&m->layers[0], "base", "base of all");
        make_layer(&m->layers[1], "top", what);
        m->config = brig_str_printf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2024-01-02T03:04:05Z\",\"config\":{\"Cmd\":[\"/%s\"]},"
                                    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\",\"%s\"]},\"history\":[]}", what, m->layers[0].diff_id, m->layers[1].diff_id);
        hash_text(m->config, m->id);
}

static void done_image(Made *m)
{
        done_layer(&m->layers[0]);
        done_layer(&m->layers[1]);
        free(m->config);
        brig_buffer_done(&m->tar);
}
#define _cleanup_made_ _cleanup_(done_image)

static void add_text(BrigBuffer *tar, const char *name, const char *text)
{
        tar_add(tar, &(TarEntry){ .name = name, .data = text });
}

static void add_bytes(BrigBuffer *tar, const char *name, const BrigBuffer *bytes)
{
        tar_add(tar, &(TarEntry){ .name = name, .data = bytes->data, .len = bytes->len });
}

/* Returns the digest of what was added under blobs/sha256/. */
static void add_blob(BrigBuffer *tar, const void *data, size_t len, char digest[72])
{
        char name[96];

        memcpy(digest, "sha256:", 7);
        tar_sha256(data, len, digest + 7);
        (void)snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
        tar_add(tar, &(TarEntry){ .name = name, .data = data, .len = len });
}

/* --- docker archives ------------------------------------------------------------------- */

/* As docker save up to version 24: a folder per layer, manifest.json at the end. */
static void add_docker(Made *m, const char *tags)
{
        _cleanup_free_ char *config = brig_str_printf("%s.json", m->id + 7);
        _cleanup_free_ char *manifest = brig_str_printf("[{\"Config\":\"%s\",\"RepoTags\":%s,\"Layers\":[\"l0/layer.tar\",\"l1/layer.tar\"]}]", config, tags);

        tar_add(&m->tar, &(TarEntry){ .name = "l0/", .type = '5' });
        add_text(&m->tar, "l0/VERSION", "1.0");
        add_bytes(&m->tar, "l0/layer.tar", &m->layers[0].tar);
        add_bytes(&m->tar, "l1/layer.tar", &m->layers[1].tar);
        add_text(&m->tar, config, m->config);
        add_text(&m->tar, "manifest.json", manifest);
}

static void expect_image(StoreFixture *f, const char *name, const Made *m)
{
        _cleanup_(brig_image_unrefp) Image *i = must_resolve(f, name);

        assert_string_equal(i->id, m->id);
        assert_string_equal(i->config_text, m->config);
        assert_string_equal(i->layers[0], m->layers[0].diff_id + 7);
        assert_string_equal(i->layers[1], m->layers[1].diff_id + 7);
        assert_int_equal(i->size, m->layers[0].tar.len + m->layers[1].tar.len);
}

static void test_docker_archive(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;

        make_image(&m, "one");
        add_docker(&m, "[\"one:1\",\"example.com/one:2\"]");
        expect_success(f, load_tar(f, &m.tar));
        assert_string_equal(f->said.data, "Loaded image: one:1\nLoaded image: example.com/one:2\n");
        expect_image(f, "one:1", &m);
        expect_image(f, "example.com/one:2", &m);
        assert_int_equal(count_temporary(f), 0);
        assert_int_equal(count_blobs(f), 4);
        store_reopen(f);
        expect_image(f, "one:1", &m);
}

static void test_docker_archive_without_a_name(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;
        char words[100];

        make_image(&m, "one");
        add_docker(&m, "null");
        expect_success(f, load_tar(f, &m.tar));
        (void)snprintf(words, sizeof(words), "Loaded image ID: %s\n", m.id);
        assert_string_equal(f->said.data, words);
        /* once more: nothing new */
        expect_success(f, load_bytes(f, m.tar.data, m.tar.len));
        assert_int_equal(count_images(f), 1);
        assert_int_equal(f->fake.unpacked, 2);
        assert_int_equal(count_temporary(f), 0);
}

static void test_archives_that_are_compressed(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;
        _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(16 << 20);

        make_image(&m, "one");
        add_docker(&m, "[\"one:1\"]");
        tar_end(&m.tar);
        tar_gzip(m.tar.data, m.tar.len, &packed);
        expect_success(f, load_bytes(f, packed.data, packed.len));
        expect_image(f, "one:1", &m);
        brig_buffer_reset(&packed);
        tar_zstd(m.tar.data, m.tar.len, &packed);
        expect_success(f, load_bytes(f, packed.data, packed.len));
        expect_error(f, load_bytes(f, packed.data, packed.len - 5), BRIG_ERR_INVALID, "cut short");
        assert_int_equal(count_temporary(f), 0);
}

static void test_old_archives_link_equal_layers(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;
        _cleanup_free_ char *config = NULL, *manifest = NULL;
        char id[72];

        make_image(&m, "one");
        /* the same layer twice: of the second there is only a link */
        config = brig_str_printf("{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\",\"%s\",\"%s\"]}}", m.layers[0].diff_id, m.layers[1].diff_id, m.layers[0].diff_id);
        hash_text(config, id);
        manifest = brig_str_printf("[{\"Config\":\"c.json\",\"RepoTags\":[\"linked:1\"],\"Layers\":[\"a/layer.tar\",\"b/layer.tar\",\"c/layer.tar\"]}]");
        add_text(&m.tar, "manifest.json", manifest);
        tar_add(&m.tar, &(TarEntry){ .name = "c/layer.tar", .type = '2', .link = "../h/layer.tar" });
        tar_add(&m.tar, &(TarEntry){ .name = "h/layer.tar", .type = '1', .link = "a/layer.tar" });
        add_bytes(&m.tar, "a/layer.tar", &m.layers[0].tar);
        add_bytes(&m.tar, "b/layer.tar", &m.layers[1].tar);
        add_text(&m.tar, "c.json", config);
        expect_success(f, load_tar(f, &m.tar));
        {
                _cleanup_(brig_image_unrefp) Image *i = must_resolve(f, "linked:1");

                assert_string_equal(i->id, id);
                /* stacked, each folder stands once: the uppermost decides */
                assert_int_equal(brig_strv_len(i->layers), 2);
                assert_string_equal(i->layers[0], m.layers[1].diff_id + 7);
                assert_string_equal(i->layers[1], m.layers[0].diff_id + 7);
                assert_int_equal(i->layer_sizes[2], m.layers[0].tar.len);
        }
        {
                _cleanup_strv_ char **lines = NULL;

                expect_success(f, delete_image(f, "linked:1", false, &lines));
                expect_empty(f);
        }
}

static void test_several_images_and_a_name_that_moves(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made one, two;
        char words[200];

        make_image(&one, "one");
        make_image(&two, "two");
        add_docker(&one, "[\"same:1\"]");
        expect_success(f, load_tar(f, &one.tar));
        add_docker(&two, "[\"same:1\"]");
        expect_success(f, load_tar(f, &two.tar));
        (void)snprintf(words, sizeof(words), "The image same:1 already exists, renaming the old one with ID %s to empty string\nLoaded image: same:1\n", one.id);
        assert_string_equal(f->said.data, words);
        expect_image(f, "same:1", &two);
        assert_int_equal(count_images(f), 2);
        /* the base is shared */
        assert_int_equal(count_layers(f), 3);
}

/* --- OCI layouts ------------------------------------------------------------------------------ */

typedef struct OciOptions {
        bool gzip, zstd, docker_types;
        const char *platform;
        const char *config_type, *layer_type;   /* others than the right ones */
        int wrong_size;                         /* added to the layers' sizes */
} OciOptions;

static const char *layer_type_of(const OciOptions *o)
{
        if (o->layer_type)
                return o->layer_type;
        if (o->docker_types)
                return o->gzip ? "application/vnd.docker.image.rootfs.diff.tar.gzip" : "application/vnd.docker.image.rootfs.diff.tar";
        return o->gzip ? "application/vnd.oci.image.layer.v1.tar+gzip" : o->zstd ? "application/vnd.oci.image.layer.v1.tar+zstd" : "application/vnd.oci.image.layer.v1.tar";
}

static const char *config_type_of(const OciOptions *o)
{
        if (o->config_type)
                return o->config_type;
        return o->docker_types ? "application/vnd.docker.container.image.v1+json" : "application/vnd.oci.image.config.v1+json";
}

/* Adds config, layers and manifest; returns the manifest's descriptor without annotations. */
static char *add_oci(Made *m, BrigBuffer *tar, const OciOptions *o)
{
        char digests[2][72], manifest_digest[72], config_digest[72];
        size_t sizes[2];
        const char *layer_type = layer_type_of(o);
        const char *type = o->docker_types ? "application/vnd.docker.distribution.manifest.v2+json" : "application/vnd.oci.image.manifest.v1+json";
        _cleanup_free_ char *manifest = NULL;

        for (size_t i = 0; i < 2; i++) {
                _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(8 << 20);

                if (o->gzip)
                        tar_gzip(m->layers[i].tar.data, m->layers[i].tar.len, &packed);
                else if (o->zstd)
                        tar_zstd(m->layers[i].tar.data, m->layers[i].tar.len, &packed);
                else
                        (void)brig_buffer_append(&packed, m->layers[i].tar.data, m->layers[i].tar.len);
                sizes[i] = packed.len + (size_t)o->wrong_size;
                add_blob(tar, packed.data, packed.len, digests[i]);
        }
        add_blob(tar, m->config, strlen(m->config), config_digest);
        manifest = brig_str_printf("{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu},\"layers\":["
                                   "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu},{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}]}",
                                   type, config_type_of(o), config_digest, strlen(m->config), layer_type, digests[0], sizes[0], layer_type, digests[1], sizes[1]);
        add_blob(tar, manifest, strlen(manifest), manifest_digest);
        return brig_str_printf("\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s%s", type, manifest_digest, strlen(manifest),
                               o->platform ? ",\"platform\":" : "", o->platform ? o->platform : "");
}

static void add_layout(BrigBuffer *tar, const char *descriptors)
{
        _cleanup_free_ char *index = brig_str_printf("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[%s]}", descriptors);

        add_text(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
        add_text(tar, "index.json", index);
}

static void test_oci_layouts_of_every_compression(void **state)
{
        static const OciOptions options[] = { { 0 }, { .gzip = true }, { .zstd = true }, { .gzip = true, .docker_types = true }, { .docker_types = true } };

        for (size_t n = 0; n < ARRAY_SIZE(options); n++) {
                StoreFixture *f = *state;
                _cleanup_made_ Made m;
                _cleanup_free_ char *d = NULL, *named = NULL;
                _cleanup_(brig_image_unrefp) Image *i = NULL;

                make_image(&m, "oci");
                d = add_oci(&m, &m.tar, &options[n]);
                named = brig_str_printf("{%s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"docker.io/library/oci:9\"}}", d);
                add_layout(&m.tar, named);
                expect_success(f, load_tar(f, &m.tar));
                assert_string_equal(f->said.data, "Loaded image: oci:9\n");
                expect_image(f, "oci:9", &m);
                i = must_resolve(f, "oci:9");
                /* the manifest that it came with is kept, so its digest is a name for it */
                assert_non_null(strstr(d, i->manifest_digest));
                assert_int_equal(store_teardown(state), 0);
                assert_int_equal(store_setup(state), 0);
        }
}

static void test_oci_names(void **state)
{
        static const struct { const char *annotations, *said; } cases[] = {
                { "{\"io.containerd.image.name\":\"docker.io/a/b:1\",\"org.opencontainers.image.ref.name\":\"1\"}", "Loaded image: a/b:1\n" },
                { "{\"org.opencontainers.image.ref.name\":\"c:2\"}", "Loaded image: c:2\n" },
                { "{\"org.opencontainers.image.ref.name\":\"latest\"}", "Loaded image ID: sha256:" },
                { "{}", "Loaded image ID: sha256:" },
        };

        for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
                StoreFixture *f = *state;
                _cleanup_made_ Made m;
                _cleanup_free_ char *d = NULL, *named = NULL;

                make_image(&m, "oci");
                d = add_oci(&m, &m.tar, &(OciOptions){ 0 });
                named = brig_str_printf("{%s,\"annotations\":%s}", d, cases[n].annotations);
                add_layout(&m.tar, named);
                expect_success(f, load_tar(f, &m.tar));
                if (!brig_str_has_prefix(f->said.data, cases[n].said))
                        fail_msg("%s: %s", cases[n].annotations, f->said.data);
        }
}

#define OWN "{\"architecture\":\"amd64\",\"os\":\"linux\"}"
#define OTHER "{\"architecture\":\"s390x\",\"os\":\"linux\"}"
#define UNKNOWN "{\"architecture\":\"unknown\",\"os\":\"unknown\"}"

static void test_nested_index_chooses_the_platform(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made own, other, attestation;
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL, *index = NULL, *top = NULL;
        char digest[72];

        make_image(&own, "own");
        make_image(&other, "other");
        make_image(&attestation, "attestation");
        a = add_oci(&other, &own.tar, &(OciOptions){ .platform = OTHER });
        b = add_oci(&own, &own.tar, &(OciOptions){ .platform = OWN });
        c = add_oci(&attestation, &own.tar, &(OciOptions){ .platform = UNKNOWN });
        index = brig_str_printf("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[{%s},{%s},"
                                "{%s,\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}}]}", a, b, c);
        add_blob(&own.tar, index, strlen(index), digest);
        top = brig_str_printf("{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"%s\",\"size\":%zu,"
                              "\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/multi:1\"}}", digest, strlen(index));
        add_layout(&own.tar, top);
        expect_success(f, load_tar(f, &own.tar));
        assert_string_equal(f->said.data, "Loaded image: multi:1\n");
        expect_image(f, "multi:1", &own);
        assert_int_equal(count_images(f), 1);
}

static void test_an_index_that_only_leads_to_itself(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;
        _cleanup_free_ char *d = NULL;
        char digest[72] = "", previous[400] = "", descriptor[300];

        make_image(&m, "deep");
        d = add_oci(&m, &m.tar, &(OciOptions){ 0 });
        (void)snprintf(descriptor, sizeof(descriptor), "{%s}", d);
        for (int i = 0; i < 6; i++) {
                (void)snprintf(previous, sizeof(previous), "{\"schemaVersion\":2,\"manifests\":[%s]}", descriptor);
                add_blob(&m.tar, previous, strlen(previous), digest);
                (void)snprintf(descriptor, sizeof(descriptor), "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"%s\",\"size\":%zu}", digest, strlen(previous));
        }
        add_layout(&m.tar, descriptor);
        expect_error(f, load_tar(f, &m.tar), BRIG_ERR_INVALID, "nested deeper");
        expect_empty(f);
}

static void test_mixed_archives_keep_their_manifest(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;
        _cleanup_free_ char *d = NULL, *named = NULL, *manifest = NULL;
        _cleanup_(brig_image_unrefp) Image *i = NULL;

        /* as docker save writes since version 25 */
        make_image(&m, "mixed");
        d = add_oci(&m, &m.tar, &(OciOptions){ 0 });
        named = brig_str_printf("{%s}", d);
        add_layout(&m.tar, named);
        manifest = brig_str_printf("[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"mixed:1\"],\"Layers\":[\"blobs/sha256/%s\",\"blobs/sha256/%s\"]}]",
                                   m.id + 7, m.layers[0].diff_id + 7, m.layers[1].diff_id + 7);
        add_text(&m.tar, "manifest.json", manifest);
        expect_success(f, load_tar(f, &m.tar));
        expect_image(f, "mixed:1", &m);
        i = must_resolve(f, "mixed:1");
        assert_non_null(strstr(d, i->manifest_digest));
}

/* --- save --------------------------------------------------------------------------------------- */

static void test_I27_save_and_load_keep_every_byte(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;
        _cleanup_free_ char *d = NULL, *named = NULL;
        _cleanup_buffer_ BrigBuffer first = BRIG_BUFFER_INIT(16 << 20);
        _cleanup_strv_ char **lines = NULL;
        char *names[] = { (char *)"kept:1", (char *)"example.com/kept:2", NULL };

        make_image(&m, "kept");
        d = add_oci(&m, &m.tar, &(OciOptions){ .gzip = true });
        named = brig_str_printf("{%s,\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/kept:1\"}}", d);
        add_layout(&m.tar, named);
        expect_success(f, load_tar(f, &m.tar));
        expect_success(f, brig_image_tag(f->store, "kept:1", "example.com/kept", "2", &f->err));
        expect_success(f, save_names(f, names));
        (void)brig_buffer_append(&first, f->saved.data, f->saved.len);
        expect_success(f, save_names(f, names));
        assert_int_equal(first.len, f->saved.len);
        assert_memory_equal(first.data, f->saved.data, first.len);
        expect_success(f, delete_image(f, m.id, true, &lines));
        expect_empty(f);
        expect_success(f, load_bytes(f, first.data, first.len));
        expect_image(f, "kept:1", &m);
        expect_image(f, "example.com/kept:2", &m);
        expect_success(f, save_names(f, names));
        assert_memory_equal(first.data, f->saved.data, first.len);
}

static void test_save_chooses_names_as_docker(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;
        char *all[] = { (char *)"kept", NULL }, *one[] = { (char *)"kept:1", NULL }, *id[] = { m.id, NULL }, *none[] = { (char *)"kept:1", (char *)"nope", NULL };

        make_image(&m, "kept");
        add_docker(&m, "[\"kept:1\",\"kept:2\"]");
        expect_success(f, load_tar(f, &m.tar));
        expect_success(f, save_names(f, all));
        assert_non_null(memmem(f->saved.data, f->saved.len, "\"RepoTags\":[\"kept:1\",\"kept:2\"]", 30));
        expect_success(f, save_names(f, one));
        assert_non_null(memmem(f->saved.data, f->saved.len, "\"RepoTags\":[\"kept:1\"]", 21));
        expect_success(f, save_names(f, id));
        assert_non_null(memmem(f->saved.data, f->saved.len, "\"RepoTags\":null", 15));
        assert_null(memmem(f->saved.data, f->saved.len, "\"kept\"", 6));
        expect_error(f, save_names(f, none), BRIG_ERR_NOT_FOUND, "No such image: nope:latest");
        assert_int_equal(f->saved.len, 0);
}

/* --- what is wrong with it ------------------------------------------------------------------------- */

typedef struct Wrong {
        const char *what;
        const char *config;             /* %1$s and %2$s are the diff IDs; NULL: the right one */
        const char *manifest;           /* %1$s is the config's name; NULL: the right one */
        TarEntry extra;
        BrigErrorKind kind;
        const char *words;
} Wrong;

static const Wrong wrong[] = {
        { .what = "no manifest", .manifest = "", .words = "holds no image" },
        { .what = "manifest that is no JSON", .manifest = "[{", .words = "manifest.json" },
        { .what = "manifest without images", .manifest = "[]", .words = "names no image" },
        { .what = "manifest that is an object", .manifest = "{}", .words = "manifest.json" },
        { .what = "missing config", .manifest = "[{\"Config\":\"none.json\",\"Layers\":[]}]", .words = "does not have" },
        { .what = "missing layer", .manifest = "[{\"Config\":\"%1$s\",\"Layers\":[\"l0/layer.tar\",\"l9/layer.tar\"]}]", .words = "l9/layer.tar" },
        { .what = "one layer too few", .manifest = "[{\"Config\":\"%1$s\",\"Layers\":[\"l0/layer.tar\"]}]", .words = "expected 2, got 1" },
        { .what = "layers in another order", .manifest = "[{\"Config\":\"%1$s\",\"Layers\":[\"l1/layer.tar\",\"l0/layer.tar\"]}]", .words = "invalid diffID for layer 0" },
        { .what = "config outside", .manifest = "[{\"Config\":\"../../etc/passwd\",\"Layers\":[]}]", .words = "does not have" },
        { .what = "a tag with a space", .manifest = "[{\"Config\":\"%1$s\",\"RepoTags\":[\"a b\"],\"Layers\":[\"l0/layer.tar\",\"l1/layer.tar\"]}]", .words = "invalid reference format" },
        { .what = "a name without a tag", .manifest = "[{\"Config\":\"%1$s\",\"RepoTags\":[\"a\"],\"Layers\":[\"l0/layer.tar\",\"l1/layer.tar\"]}]", .words = "invalid tag" },
        { .what = "a config that is no JSON", .config = "nonsense", .words = "" },
        { .what = "a config of another system", .config = "{\"os\":\"windows\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%1$s\",\"%2$s\"]}}", .words = "cannot load windows image on linux" },
        { .what = "a diff ID that is no digest", .config = "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:../../etc\",\"%2$s\"]}}", .words = "digest" },
        { .what = "an entry above the root", .extra = { .name = "../x", .data = "x" }, .words = "\"..\"" },
        { .what = "a link that leads out", .extra = { .name = "x", .type = '2', .link = "../x" }, .words = "leads out" },
        { .what = "an absolute link", .extra = { .name = "x", .type = '2', .link = "/etc/passwd" }, .words = "leads out" },
        { .what = "a hard link that leads out", .extra = { .name = "x", .type = '1', .link = "../x" }, .words = "\"..\"" },
        { .what = "a device node", .extra = { .name = "x", .type = '3' }, .words = "neither file" },
        { .what = "a blob under a false digest", .extra = { .name = "blobs/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", .data = "x" }, .words = "does not have its digest" },
        { .what = "a config under a false digest", .manifest = "[{\"Config\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.json\",\"Layers\":[]}]",
          .extra = { .name = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.json", .data = "{}" }, .words = "does not have its digest" },
        { .what = "a manifest that is a folder", .manifest = "", .extra = { .name = "manifest.json/", .type = '5' }, .words = "holds no image" },
        { .what = "a manifest that is a loop of links", .manifest = "", .extra = { .name = "manifest.json", .type = '2', .link = "manifest.json" }, .words = "holds no image" },
};

static char *fill(const char *format, const char *a, const char *b)
{
        char *out = strdup(format);

        for (int i = 0; i < 2; i++) {
                const char *mark = i ? "%2$s" : "%1$s";

                for (char *at; (at = strstr(out, mark));) {
                        char *next = brig_str_printf("%.*s%s%s", (int)(at - out), out, i ? b : a, at + 4);

                        free(out);
                        out = next;
                }
        }
        return out;
}

static void add_wrong(Made *m, const Wrong *w)
{
        _cleanup_free_ char *config = w->config ? fill(w->config, m->layers[0].diff_id, m->layers[1].diff_id) : strdup(m->config), *manifest = NULL;

        manifest = fill(w->manifest ? w->manifest : "[{\"Config\":\"%1$s\",\"RepoTags\":[\"wrong:1\"],\"Layers\":[\"l0/layer.tar\",\"l1/layer.tar\"]}]", "c.json", "");
        add_bytes(&m->tar, "l0/layer.tar", &m->layers[0].tar);
        add_bytes(&m->tar, "l1/layer.tar", &m->layers[1].tar);
        add_text(&m->tar, "c.json", config);
        if (w->extra.name)
                tar_add(&m->tar, &w->extra);
        if (*manifest)
                add_text(&m->tar, "manifest.json", manifest);
}

static void test_I6_wrong_archives_leave_nothing(void **state)
{
        StoreFixture *f = *state;

        for (size_t n = 0; n < ARRAY_SIZE(wrong); n++) {
                _cleanup_made_ Made m;

                print_message("           %s\n", wrong[n].what);
                make_image(&m, "wrong");
                add_wrong(&m, &wrong[n]);
                expect_error(f, load_tar(f, &m.tar), BRIG_ERR_INVALID, wrong[n].words);
                expect_empty(f);
        }
}

static void test_I6_a_changed_byte_is_found(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;
        _cleanup_free_ char *d = NULL, *named = NULL;
        size_t refused = 0;

        make_image(&m, "changed");
        d = add_oci(&m, &m.tar, &(OciOptions){ .gzip = true });
        named = brig_str_printf("{%s}", d);
        add_layout(&m.tar, named);
        tar_end(&m.tar);
        expect_success(f, load_bytes(f, m.tar.data, m.tar.len));
        {
                _cleanup_strv_ char **lines = NULL;

                expect_success(f, delete_image(f, m.id, false, &lines));
        }
        /* each blob's content begins behind its header */
        for (size_t at = 512; at + 1024 < m.tar.len; at += 97) {
                m.tar.data[at] ^= 4;
                if (load_bytes(f, m.tar.data, m.tar.len) < 0) {
                        refused++;
                        expect_empty(f);
                } else {
                        _cleanup_strv_ char **lines = NULL;

                        /* padding, times, names in headers that do not matter: the image is the true one */
                        expect_image(f, m.id, &m);
                        expect_success(f, delete_image(f, m.id, false, &lines));
                }
                m.tar.data[at] ^= 4;
        }
        assert_true(refused > 10);
        expect_empty(f);
}

static void test_an_archive_cut_anywhere_leaves_nothing(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;

        make_image(&m, "cut");
        add_docker(&m, "[\"cut:1\"]");
        for (size_t len = 0; len < m.tar.len - 512; len += 311) {
                assert_true(load_bytes(f, m.tar.data, len) < 0);
                expect_empty(f);
        }
}

static void test_a_layer_that_cannot_be_unpacked(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m;

        make_image(&m, "full");
        add_docker(&m, "[\"full:1\"]");
        f->fake.fail = BRIG_ERR_NO_SPACE;
        expect_error(f, load_tar(f, &m.tar), BRIG_ERR_NO_SPACE, "made to fail");
        expect_empty(f);
}

static void test_oci_refusals(void **state)
{
        static const struct { OciOptions options; const char *words; } cases[] = {
                { { .config_type = "application/vnd.example.artifact.v1+json" }, "this is no image" },
                { { .layer_type = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted" }, "no layer that can be unpacked" },
                { { .wrong_size = 1 }, "its descriptor says" },
        };
        StoreFixture *f = *state;

        for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
                _cleanup_made_ Made m;
                _cleanup_free_ char *d = NULL, *named = NULL;

                make_image(&m, "odd");
                d = add_oci(&m, &m.tar, &cases[n].options);
                named = brig_str_printf("{%s}", d);
                add_layout(&m.tar, named);
                expect_error(f, load_tar(f, &m.tar), BRIG_ERR_INVALID, cases[n].words);
                expect_empty(f);
        }
}

/* The layer is there already, unpacked from a good blob: a bad one under its diff ID is still refused. */
static void test_I6_a_known_diff_id_is_no_pass(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made good, bad, repacked;
        _cleanup_free_ char *a = NULL, *b = NULL;

        make_image(&good, "good");
        add_docker(&good, "[\"good:1\"]");
        expect_success(f, load_tar(f, &good.tar));
        make_image(&bad, "good");
        done_layer(&bad.layers[1]);
        make_layer(&bad.layers[1], "top", "something else");
        a = add_oci(&bad, &bad.tar, &(OciOptions){ .gzip = true });
        b = brig_str_printf("{%s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"bad:1\"}}", a);
        add_layout(&bad.tar, b);
        expect_error(f, load_tar(f, &bad.tar), BRIG_ERR_INVALID, "not the diff ID");
        assert_int_equal(count_images(f), 1);
        assert_int_equal(count_blobs(f), 4);
        assert_int_equal(count_layers(f), 2);
        free(a);
        free(b);
        /* the true one in another form is taken, without being unpacked again */
        make_image(&repacked, "good");
        a = add_oci(&repacked, &repacked.tar, &(OciOptions){ .zstd = true });
        b = brig_str_printf("{%s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"again:1\"}}", a);
        add_layout(&repacked.tar, b);
        expect_success(f, load_tar(f, &repacked.tar));
        expect_image(f, "again:1", &good);
        assert_int_equal(f->fake.unpacked, 2);
}

static void test_an_index_without_its_blobs(void **state)
{
        StoreFixture *f = *state;
        _cleanup_made_ Made m, elsewhere;
        _cleanup_free_ char *d = NULL, *named = NULL;

        make_image(&m, "a");
        make_image(&elsewhere, "b");
        d = add_oci(&elsewhere, &elsewhere.tar, &(OciOptions){ 0 });
        named = brig_str_printf("{%s}", d);
        add_layout(&m.tar, named);
        expect_error(f, load_tar(f, &m.tar), BRIG_ERR_INVALID, "leads to no image");
        expect_empty(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(test_docker_archive),
                STORE_TEST(test_docker_archive_without_a_name),
                STORE_TEST(test_archives_that_are_compressed),
                STORE_TEST(test_old_archives_link_equal_layers),
                STORE_TEST(test_several_images_and_a_name_that_moves),
                STORE_TEST(test_oci_layouts_of_every_compression),
                STORE_TEST(test_oci_names),
                STORE_TEST(test_nested_index_chooses_the_platform),
                STORE_TEST(test_an_index_that_only_leads_to_itself),
                STORE_TEST(test_mixed_archives_keep_their_manifest),
                STORE_TEST(test_I27_save_and_load_keep_every_byte),
                STORE_TEST(test_save_chooses_names_as_docker),
                STORE_TEST(test_I6_wrong_archives_leave_nothing),
                STORE_TEST(test_I6_a_changed_byte_is_found),
                STORE_TEST(test_an_archive_cut_anywhere_leaves_nothing),
                STORE_TEST(test_a_layer_that_cannot_be_unpacked),
                STORE_TEST(test_oci_refusals),
                STORE_TEST(test_I6_a_known_diff_id_is_no_pass),
                STORE_TEST(test_an_index_without_its_blobs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
