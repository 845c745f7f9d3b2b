/* Names of images, as distribution/reference has them. */
#include "base/strings.h"
#include "image/image.h"
#include "image/reference.h"
#include "tests/unit/cmocka-all.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct { const char *name, *full, *familiar; } good[] = {
        { "busybox", "docker.io/library/busybox:latest", "busybox:latest" },
        { "busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36" },
        { "library/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
        { "docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
        { "index.docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
        { "someone/thing", "docker.io/someone/thing:latest", "someone/thing:latest" },
        { "library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest" },
        { "localhost/x", "localhost/x:latest", "localhost/x:latest" },
        { "localhost:5000/x:1", "localhost:5000/x:1", "localhost:5000/x:1" },
        { "example.com/a/b/c:T_a.g-1", "example.com/a/b/c:T_a.g-1", "example.com/a/b/c:T_a.g-1" },
        { "EXAMPLE/x", "EXAMPLE/x:latest", "EXAMPLE/x:latest" },
        { "[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest" },
        { "a__b/c-----d/e.f_g", "docker.io/a__b/c-----d/e.f_g:latest", "a__b/c-----d/e.f_g:latest" },
        { "x@sha256:" HEX, "docker.io/library/x@sha256:" HEX, "x@sha256:" HEX },
        { "x:1@sha256:" HEX, "docker.io/library/x:1@sha256:" HEX, "x:1@sha256:" HEX },
        { "docker.io/evil.example/x", "docker.io/evil.example/x:latest", "docker.io/evil.example/x:latest" },
        { "docker.io/localhost/x", "docker.io/localhost/x:latest", "docker.io/localhost/x:latest" },
        { "x:_", "docker.io/library/x:_", "x:_" },
};

static void test_names_become_whole_and_familiar_again(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                _cleanup_free_ char *full = NULL, *familiar = NULL;
                BrigError err = BRIG_ERROR_INIT;

                if (brig_reference_normalise(good[i].name, &full, &err) < 0)
                        fail_msg("%s: %s", good[i].name, err.message);
                assert_string_equal(full, good[i].full);
                familiar = brig_reference_familiar(full);
                assert_string_equal(familiar, good[i].familiar);
        }
}

static const struct { const char *name, *words; } bad[] = {
        { "", "invalid reference format" },
        { ":1", "invalid reference format" },
        { "a b", "invalid reference format" },
        { "a\n", "invalid reference format" },
        { "a/", "invalid reference format" },
        { "/a", "invalid reference format" },
        { "a//b", "invalid reference format" },
        { "a..b", "invalid reference format" },
        { "a___b", "invalid reference format" },
        { "-a", "invalid reference format" },
        { "a-", "invalid reference format" },
        { "a:", "invalid reference format" },
        { "a:-1", "invalid reference format" },
        { "a:1 2", "invalid reference format" },
        { "a@sha256:12", "invalid reference format" },
        { "a@md5:" HEX, "invalid reference format" },
        { "a@", "invalid reference format" },
        { "../a", "invalid reference format" },
        { "a/../b", "invalid reference format" },
        { "ex ample.com/a", "invalid reference format" },
        { "-example.com/a", "invalid reference format" },
        { "example..com/a", "invalid reference format" },
        { "example.com:port/a", "invalid reference format" },
        { "caf\xc3\xa9", "invalid reference format" },
        { "BusyBox", "repository name (library/BusyBox) must be lowercase" },
        { "example.com/A", "repository name (A) must be lowercase" },
        { HEX, "cannot specify 64-byte hexadecimal strings" },
};

static void test_what_is_no_name_is_refused_in_dockers_words(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                char *full = NULL;
                BrigError err = BRIG_ERROR_INIT;

                if (brig_reference_normalise(bad[i].name, &full, &err) == 0)
                        fail_msg("\"%s\" is taken as %s", bad[i].name, full);
                if (!strstr(err.message, bad[i].words))
                        fail_msg("\"%s\": %s", bad[i].name, err.message);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
        }
}

static void test_lengths(void **state)
{
        char name[600];
        char *full = NULL;
        BrigError err = BRIG_ERROR_INIT;

        memset(name, 'a', sizeof(name));
        name[255 - strlen("docker.io/library/")] = '\0';
        assert_int_equal(brig_reference_normalise(name, &full, &err), 0);
        free(full);
        memset(name, 'a', sizeof(name));
        name[256 - strlen("docker.io/library/")] = '\0';
        assert_true(brig_reference_normalise(name, &full, &err) < 0);
        assert_non_null(strstr(err.message, "must not be more than 255 characters"));
        memset(name, 'a', sizeof(name));
        name[1] = ':';
        name[2 + 128] = '\0';
        assert_int_equal(brig_reference_normalise(name, &full, &err), 0);
        free(full);
        name[2 + 128] = 'a';
        name[2 + 129] = '\0';
        assert_true(brig_reference_normalise(name, &full, &err) < 0);
        memset(name, 'a', sizeof(name));
        name[599] = '\0';
        assert_true(brig_reference_normalise(name, &full, &err) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_become_whole_and_familiar_again),
                cmocka_unit_test(test_what_is_no_name_is_refused_in_dockers_words), cmocka_unit_test(test_lengths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
