/* Names in layers: what is cleaned, what is a whiteout, what is refused. */
#include "base/strings.h"
#include "image/tar-path.h"
#include "tests/unit/cmocka-all.h"

static const struct { const char *raw; TarNameKind kind; const char *path, *parent, *name; } good[] = {
        { "a", TAR_NAME_ENTRY, "a", "", "a" },
        { "/a", TAR_NAME_ENTRY, "a", "", "a" },
        { "./a/", TAR_NAME_ENTRY, "a", "", "a" },
        { "a//b/./c", TAR_NAME_ENTRY, "a/b/c", "a/b", "c" },
        { "///a/b///", TAR_NAME_ENTRY, "a/b", "a", "b" },
        { ".", TAR_NAME_ROOT, "", "", "" },
        { "./", TAR_NAME_ROOT, "", "", "" },
        { "/", TAR_NAME_ROOT, "", "", "" },
        { "...", TAR_NAME_ENTRY, "...", "", "..." },
        { "a..", TAR_NAME_ENTRY, "a..", "", "a.." },
        { "..a/b", TAR_NAME_ENTRY, "..a/b", "..a", "b" },
        { "\n\t\x01", TAR_NAME_ENTRY, "\n\t\x01", "", "\n\t\x01" },
        { ".wh.a", TAR_NAME_WHITEOUT, "a", "", "a" },
        { "d/.wh.a", TAR_NAME_WHITEOUT, "d/a", "d", "a" },
        { "d/.wh..hidden", TAR_NAME_WHITEOUT, "d/.hidden", "d", ".hidden" },
        { "d/.wh....", TAR_NAME_WHITEOUT, "d/...", "d", "..." },
        { ".wh.a/", TAR_NAME_WHITEOUT, "a", "", "a" },
        { ".wh..wh..opq", TAR_NAME_OPAQUE, ".wh..wh..opq", "", ".wh..wh..opq" },
        { "d/.wh..wh..opq", TAR_NAME_OPAQUE, "d/.wh..wh..opq", "d", ".wh..wh..opq" },
        { ".wh..wh.plnk", TAR_NAME_IGNORED, ".wh..wh.plnk", "", ".wh..wh.plnk" },
        { ".wh..wh.plnk/1.2", TAR_NAME_IGNORED, ".wh..wh.plnk/1.2", ".wh..wh.plnk", "1.2" },
        { ".whale", TAR_NAME_ENTRY, ".whale", "", ".whale" },
        { "x.wh.a", TAR_NAME_ENTRY, "x.wh.a", "", "x.wh.a" },
};

static void test_names_are_cleaned_and_classified(void **state)
{
        TarName n;
        const char *reason;

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                if (brig_tar_name_parse(good[i].raw, &n, &reason) < 0)
                        fail_msg("\"%s\": %s", good[i].raw, reason);
                assert_int_equal(n.kind, good[i].kind);
                assert_string_equal(n.path, good[i].path);
                assert_string_equal(n.path + n.name_at, good[i].name);
                assert_int_equal(n.parent_len, strlen(good[i].parent));
                assert_memory_equal(n.path, good[i].parent, n.parent_len);
        }
}

static const char *const bad[] = {
        "", "..", "../a", "a/..", "a/../b", "/..", "./..", "a/b/../../../c", "a//../b",
        ".wh.", "d/.wh.", ".wh..", ".wh...", "d/.wh...", ".wh.a/b", "d/.wh.a/b/c",
};

static void test_what_leads_astray_is_refused(void **state)
{
        TarName n;
        const char *reason;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (brig_tar_name_parse(bad[i], &n, &reason) == 0)
                        fail_msg("\"%s\" is taken", bad[i]);
}

static void test_hard_link_targets(void **state)
{
        static const char *const refused[] = { "/a", "", ".", "..", "../a", ".wh.a", "d/.wh..wh..opq", ".wh..wh.plnk/1", "/" };
        TarName n;
        const char *reason;

        assert_int_equal(brig_tar_link_parse("./a/b", &n, &reason), 0);
        assert_string_equal(n.path, "a/b");
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                if (brig_tar_link_parse(refused[i], &n, &reason) == 0)
                        fail_msg("\"%s\" is taken", refused[i]);
}

/* n parts of len bytes */
static char *parts(size_t n, size_t len)
{
        char *out = malloc(n * (len + 1) + 1), *p = out;

        for (size_t i = 0; i < n; i++) {
                memset(p, 'x', len);
                p += len;
                *p++ = '/';
        }
        *p = '\0';
        return out;
}

static void test_limits(void **state)
{
        static const struct { size_t n, len; int expected; } cases[] = {
                { 1, 255, 0 }, { 1, 256, -ENAMETOOLONG }, { 256, 1, 0 }, { 257, 1, -ENAMETOOLONG },
                { 16, 255, 0 }, { 17, 255, -ENAMETOOLONG },
        };
        TarName n;
        const char *reason;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *name = parts(cases[i].n, cases[i].len);

                assert_int_equal(brig_tar_name_parse(name, &n, &reason), cases[i].expected);
        }
}

static void test_symlink_targets(void **state)
{
        _cleanup_free_ char *longest = parts(2048, 1), *too_long = parts(2049, 1);
        const char *reason;

        longest[4095] = '\0';
        assert_int_equal(brig_tar_symlink_check("/etc/../..", &reason), 0);
        assert_int_equal(brig_tar_symlink_check(longest, &reason), 0);
        assert_int_equal(brig_tar_symlink_check(too_long, &reason), -ENAMETOOLONG);
        assert_int_equal(brig_tar_symlink_check("", &reason), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_are_cleaned_and_classified), cmocka_unit_test(test_what_leads_astray_is_refused),
                cmocka_unit_test(test_hard_link_targets), cmocka_unit_test(test_limits), cmocka_unit_test(test_symlink_targets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
