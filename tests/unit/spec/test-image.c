/* The image documents: what real tools write is read and written back, what is hostile is named and refused. */
#include "spec/image.h"

#include "base/buffer.h"
#include "base/strings.h"
#include "tests/unit/cmocka-all.h"

#define HEX_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX_B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define DESCRIPTOR(type, hex) "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" hex "\",\"size\":7}"
#define CONFIG_DESCRIPTOR DESCRIPTOR(BRIG_MEDIA_OCI_CONFIG, HEX_A)
#define LAYER_DESCRIPTOR DESCRIPTOR(BRIG_MEDIA_OCI_LAYER_GZIP, HEX_B)

static const char manifest[] = "{\"schemaVersion\":2,\"mediaType\":\"" BRIG_MEDIA_OCI_MANIFEST "\",\"config\":" CONFIG_DESCRIPTOR
                               ",\"layers\":[" LAYER_DESCRIPTOR "," LAYER_DESCRIPTOR "],\"annotations\":{\"a\":\"b\"}}";

static const char config[] =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"variant\":\"v8\",\"created\":\"2026-01-02T03:04:05Z\",\"author\":\"me\",\"config\":{\"User\":\"1000:0\","
        "\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"PATH=/bin\"],\"Entrypoint\":[\"/init\"],\"Cmd\":[\"-x\"],\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],"
        "\"Interval\":30000000000,\"Retries\":3},\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/srv\",\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGTERM\","
        "\"StopTimeout\":0},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX_A "\"]},\"history\":[{\"created_by\":\"x\"},{\"empty_layer\":true}]}";

static void digests(void **state)
{
        static const char *const bad[] = {
                "", "sha256:", HEX_A, "sha512:" HEX_A HEX_A, "sha256:" HEX_A "0", "SHA256:" HEX_A, "sha256:../../../../etc/passwd",
                "sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", " sha256:" HEX_A,
        };

        assert_true(brig_digest_valid("sha256:" HEX_A));
        assert_string_equal(brig_digest_hex("sha256:" HEX_A), HEX_A);
        assert_false(brig_digest_valid(NULL));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_false(brig_digest_valid(bad[i]));
}

static void manifest_round_trips(void **state)
{
        _cleanup_free_ char *text = NULL;
        BrigError err = BRIG_ERROR_INIT;
        ImageManifest m;

        assert_int_equal(brig_image_manifest_read(manifest, strlen(manifest), &m, &err), 0);
        assert_int_equal(m.layers.count, 2);
        assert_string_equal(BRIG_JSON_AT(ImageDescriptor, &m.layers, 1)->digest, "sha256:" HEX_B);
        text = brig_image_manifest_text(&m);
        assert_string_equal(text, manifest);
        brig_image_manifest_clear(&m);
}

static void docker_schema_2_reads_the_same(void **state)
{
        static const char text[] = "{\"schemaVersion\":2,\"mediaType\":\"" BRIG_MEDIA_DOCKER_MANIFEST "\",\"config\":"
                                   DESCRIPTOR(BRIG_MEDIA_DOCKER_CONFIG, HEX_A) ",\"layers\":[" DESCRIPTOR(BRIG_MEDIA_DOCKER_LAYER_GZIP, HEX_B) "]}";
        BrigError err = BRIG_ERROR_INIT;
        ImageManifest m;

        assert_int_equal(brig_image_manifest_read(text, strlen(text), &m, &err), 0);
        assert_string_equal(m.media_type, BRIG_MEDIA_DOCKER_MANIFEST);
        brig_image_manifest_clear(&m);
}

static void config_round_trips(void **state)
{
        _cleanup_free_ char *text = NULL;
        BrigError err = BRIG_ERROR_INIT;
        ImageConfig c;

        assert_int_equal(brig_image_config_read(config, strlen(config), &c, &err), 0);
        assert_true(c.config.stop_timeout.set && c.config.stop_timeout.value == 0);
        assert_int_equal(c.config.healthcheck->retries, 3);
        assert_true(BRIG_JSON_AT(ImageHistory, &c.history, 1)->empty_layer);
        text = brig_image_config_text(&c);
        assert_string_equal(text, config);
        brig_image_config_clear(&c);
}

/* As docker writes for FROM scratch without a layer, and as older tools write everything. */
static void sparse_configs_are_read(void **state)
{
        static const char *const texts[] = {
                "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}",
                "{\"os\":\"linux\",\"config\":null,\"rootfs\":{\"type\":\"layers\"},\"history\":null,\"unknown\":{\"x\":[1]}}",
                "{\"config\":{\"Cmd\":\"sh\",\"Entrypoint\":null,\"Volumes\":null,\"Labels\":null,\"ExposedPorts\":{\"1/udp\":null}},\"rootfs\":{\"type\":\"layers\"}}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                BrigError err = BRIG_ERROR_INIT;
                ImageConfig c;

                assert_int_equal(brig_image_config_read(texts[i], strlen(texts[i]), &c, &err), 0);
                assert_int_equal(brig_strv_len(c.rootfs.diff_ids), 0);
                brig_image_config_clear(&c);
        }
}

typedef struct Refusal { const char *text, *message; } Refusal;

static const Refusal bad_manifests[] = {
        { "", "image manifest: JSON document is malformed" },
        { "[]", "image manifest: expected an object" },
        { "{\"schemaVersion\":1,\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[]}", "image manifest: schemaVersion: must lie between 2 and 2" },
        { "{\"schemaVersion\":2,\"layers\":[]}", "image manifest: config: missing" },
        { "{\"schemaVersion\":2,\"config\":" CONFIG_DESCRIPTOR "}", "image manifest: layers: missing" },
        { "{\"schemaVersion\":2,\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[],\"manifests\":[]}", "image manifest: manifests: this member belongs" },
        { "{\"schemaVersion\":2,\"mediaType\":\"" BRIG_MEDIA_OCI_INDEX "\",\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[]}", "image manifest: mediaType:" },
        { "{\"schemaVersion\":2,\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"sha256:../x\",\"size\":1}]}",
          "image manifest: entry 0: layers: \"sha256:../x\" is not a sha256 digest" },
        { "{\"schemaVersion\":2,\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"sha256:" HEX_A "\",\"size\":-1}]}",
          "image manifest: layers[0].size: must lie between 0" },
        { "{\"schemaVersion\":2,\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[{\"mediaType\":\"a\\u001b/b\",\"digest\":\"sha256:" HEX_A "\",\"size\":1}]}",
          "image manifest: entry 0: layers: malformed media type" },
};

static void hostile_manifests_are_refused(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(bad_manifests); i++) {
                BrigError err = BRIG_ERROR_INIT;
                ImageManifest m;

                assert_int_equal(brig_image_manifest_read(bad_manifests[i].text, strlen(bad_manifests[i].text), &m, &err), -EINVAL);
                assert_true(brig_str_has_prefix(err.message, bad_manifests[i].message));
                assert_null(m.config.digest);
        }
}

static const Refusal bad_configs[] = {
        { "{}", "image configuration: rootfs: missing" },
        { "{\"rootfs\":{\"type\":\"files\"}}", "image configuration: rootfs.type: \"files\" is none of layers" },
        { "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:12\"]}}", "image configuration: rootfs.diff_ids: \"sha256:12\" is not" },
        { "{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"ExposedPorts\":[]}}", "image configuration: config.ExposedPorts: expected an object" },
        { "{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"Volumes\":{\"/a\":1}}}", "image configuration: config.Volumes: expected an object of empty" },
        { "{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"Env\":\"A=1\"}}", "image configuration: config.Env: expected an array" },
        { "{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"Healthcheck\":{\"Interval\":-1}}}", "image configuration: config.Healthcheck.Interval: must" },
        { "{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"User\":\"a\\u0000b\"}}", "image configuration: JSON document is malformed" },
};

static void hostile_configs_are_refused(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(bad_configs); i++) {
                BrigError err = BRIG_ERROR_INIT;
                ImageConfig c;

                assert_int_equal(brig_image_config_read(bad_configs[i].text, strlen(bad_configs[i].text), &c, &err), -EINVAL);
                assert_true(brig_str_has_prefix(err.message, bad_configs[i].message));
        }
}

static void too_many_layers_are_refused(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(1 << 20);
        BrigError err = BRIG_ERROR_INIT;
        ImageManifest m;

        (void)brig_buffer_puts(&b, "{\"schemaVersion\":2,\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[");
        for (int i = 0; i <= BRIG_IMAGE_MAX_LAYERS; i++)
                (void)brig_buffer_printf(&b, "%s%s", i ? "," : "", LAYER_DESCRIPTOR);
        assert_int_equal(brig_buffer_puts(&b, "]}"), 0);
        assert_int_equal(brig_image_manifest_read(b.data, b.len, &m, &err), -E2BIG);
        assert_int_equal(err.kind, BRIG_ERR_TOO_LARGE);
        assert_non_null(strstr(err.message, "layers: 509 entries"));
}

static void documents_beyond_the_limit_are_refused_unparsed(void **state)
{
        _cleanup_free_ char *text = malloc(BRIG_IMAGE_MAX_DOCUMENT + 1);
        BrigError err = BRIG_ERROR_INIT;
        JsonArray entries;
        ImageIndex i;

        memset(text, ' ', BRIG_IMAGE_MAX_DOCUMENT + 1);
        assert_int_equal(brig_image_index_read(text, BRIG_IMAGE_MAX_DOCUMENT + 1, &i, &err), -E2BIG);
        assert_int_equal(brig_docker_archive_read(text, BRIG_IMAGE_MAX_DOCUMENT + 1, &entries, &err), -E2BIG);
}

static void index_with_platforms(void **state)
{
        static const char text[] = "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" BRIG_MEDIA_OCI_MANIFEST "\",\"digest\":\"sha256:" HEX_A
                                   "\",\"size\":9,\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"},"
                                   "\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}}]}";
        static const char confused[] = "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}";
        _cleanup_free_ char *written = NULL;
        BrigError err = BRIG_ERROR_INIT;
        ImageIndex i;

        assert_int_equal(brig_image_index_read(text, strlen(text), &i, &err), 0);
        assert_string_equal(BRIG_JSON_AT(ImageDescriptor, &i.manifests, 0)->platform->variant, "v8");
        written = brig_image_index_text(&i);
        assert_string_equal(written, text);
        brig_image_index_clear(&i);
        assert_int_equal(brig_image_index_read(confused, strlen(confused), &i, &err), -EINVAL);
}

static void docker_archives(void **state)
{
        static const char text[] = "[{\"Config\":\"a.json\",\"RepoTags\":[\"x:1\"],\"Layers\":[\"l/layer.tar\"]},{\"Config\":\"b.json\",\"RepoTags\":null,\"Layers\":null}]";
        static const char *const bad[] = { "{}", "[1]", "[{}]", "[{\"Config\":\"\"}]", "[{\"Config\":\"a\",\"Layers\":\"x\"}]", "null", "[" };
        _cleanup_free_ char *written = NULL;
        BrigError err = BRIG_ERROR_INIT;
        JsonArray entries = { 0 };

        assert_int_equal(brig_docker_archive_read(text, strlen(text), &entries, &err), 0);
        assert_int_equal(entries.count, 2);
        assert_string_equal(BRIG_JSON_AT(DockerArchiveEntry, &entries, 0)->layers[0], "l/layer.tar");
        written = brig_docker_archive_text(&entries);
        assert_string_equal(written, text);
        brig_docker_archive_clear(&entries);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                assert_int_equal(brig_docker_archive_read(bad[i], strlen(bad[i]), &entries, &err), -EINVAL);
                assert_true(brig_str_has_prefix(err.message, "manifest.json"));
        }
}

static void oci_layouts(void **state)
{
        static const char *const bad[] = { "{}", "[]", "{\"imageLayoutVersion\":1}", "{\"imageLayoutVersion\":\"2.0.0\"}", "x" };
        static const char good[] = "{\"imageLayoutVersion\": \"1.0.0\"}\n";
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(brig_oci_layout_check(good, strlen(good), &err), 0);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(brig_oci_layout_check(bad[i], strlen(bad[i]), &err), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(digests),
                cmocka_unit_test(manifest_round_trips),
                cmocka_unit_test(docker_schema_2_reads_the_same),
                cmocka_unit_test(config_round_trips),
                cmocka_unit_test(sparse_configs_are_read),
                cmocka_unit_test(hostile_manifests_are_refused),
                cmocka_unit_test(hostile_configs_are_refused),
                cmocka_unit_test(too_many_layers_are_refused),
                cmocka_unit_test(documents_beyond_the_limit_are_refused_unparsed),
                cmocka_unit_test(index_with_platforms),
                cmocka_unit_test(docker_archives),
                cmocka_unit_test(oci_layouts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
