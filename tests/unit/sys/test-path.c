/* The opener that never leaves its root. */
#include "../cmocka-all.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct Tree { char folder[64]; int root; } Tree;

static int setup(void **state)
{
        static Tree t;
        char command[512];

        (void)snprintf(t.folder, sizeof t.folder, "/tmp/brig-path-XXXXXX");
        if (!mkdtemp(t.folder))
                return -1;
        (void)snprintf(command, sizeof command, "cd %s && mkdir -p root/a/b outside && echo in >root/a/file && echo out >outside/file && ln -s /a root/abs && ln -s ../outside root/up &&"
                       " ln -s ../../../../etc/passwd root/a/far && ln -s loop root/loop && ln -s nowhere root/dangling", t.folder);
        if (system(command) != 0)
                return -1;
        (void)snprintf(command, sizeof command, "%s/root", t.folder);
        t.root = open(command, O_PATH | O_DIRECTORY | O_CLOEXEC);
        *state = &t;
        return t.root < 0 ? -1 : 0;
}

static int teardown(void **state)
{
        Tree *t = *state;
        char command[128];

        (void)close(t->root);
        (void)snprintf(command, sizeof command, "rm -rf %s", t->folder);
        return system(command) == 0 ? 0 : -1;
}

static int open_close(int fd)
{
        if (fd >= 0)
                (void)close(fd);
        return fd < 0 ? fd : 0;
}

static void test_in_root_links_stay_inside(void **state)
{
        const Tree *t = *state;

        assert_int_equal(open_close(brig_path_open_in(t->root, "/abs/file", O_RDONLY, 0)), 0);
        assert_int_equal(open_close(brig_path_open_in(t->root, "../../a/file", O_RDONLY, 0)), 0);
        assert_int_equal(open_close(brig_path_open_in(t->root, "up/file", O_RDONLY, 0)), -ENOENT);
        assert_int_equal(open_close(brig_path_open_in(t->root, "a/far", O_RDONLY, 0)), -ENOENT);
        assert_int_equal(open_close(brig_path_open_in(t->root, "loop", O_RDONLY, 0)), -ELOOP);
        assert_int_equal(open_close(brig_path_open_in(t->root, "abs/file", O_RDONLY, BRIG_PATH_NO_SYMLINKS)), -ELOOP);
        assert_int_equal(open_close(brig_path_open_in(t->root, "", O_PATH, 0)), 0);
}

static void test_beneath_refuses_what_leaves(void **state)
{
        const Tree *t = *state;

        assert_int_equal(open_close(brig_path_open_beneath(t->root, "a/file", O_RDONLY, 0, 0)), 0);
        assert_int_equal(open_close(brig_path_open_beneath(t->root, "up/file", O_RDONLY, 0, 0)), -EXDEV);
        assert_int_equal(open_close(brig_path_open_beneath(t->root, "abs", O_RDONLY, 0, 0)), -EXDEV);
        assert_int_equal(open_close(brig_path_open_beneath(t->root, "/etc/passwd", O_RDONLY, 0, 0)), -EXDEV);
        assert_int_equal(open_close(brig_path_open_beneath(t->root, "..", O_PATH, 0, 0)), -EXDEV);
        assert_int_equal(open_close(brig_path_open_beneath(t->root, "a/new", O_WRONLY | O_CREAT, 0600, 0)), 0);
}

static void test_magic_links_are_never_followed(void **state)
{
        char path[64];
        const Tree *t = *state;

        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", t->root);
        assert_int_equal(open_close(brig_path_open_host(path, O_RDONLY)), -ELOOP);
        assert_int_equal(open_close(brig_path_open_host("relative", O_RDONLY)), -EINVAL);
        assert_int_equal(open_close(brig_path_open_host("/", O_PATH)), 0);
}

static void test_folders_and_files_are_made_inside(void **state)
{
        const Tree *t = *state;
        struct stat st;
        int fd;

        assert_int_equal(open_close(brig_path_make_dir_in(t->root, "/abs/x/y/z", 0755)), 0);
        assert_int_equal(fstatat(t->root, "a/x/y/z", &st, 0), 0);
        assert_int_equal(open_close(brig_path_make_dir_in(t->root, "a/file/x", 0755)), -ENOTDIR);
        assert_int_equal(open_close(brig_path_make_dir_in(t->root, "../x", 0755)), -EINVAL);
        fd = brig_path_make_file_in(t->root, "/abs/p/q/file", 0640);
        assert_int_equal(fstat(fd, &st), 0);
        assert_true(S_ISREG(st.st_mode));
        (void)close(fd);
        assert_int_equal(open_close(brig_path_make_file_in(t->root, "a", 0640)), -EISDIR);
        assert_int_equal(open_close(brig_path_make_file_in(t->root, "a/file", 0640)), 0);
        /* A dangling link is refused, never followed to where it points. */
        assert_int_equal(open_close(brig_path_make_file_in(t->root, "dangling", 0640)), -EEXIST);
        assert_int_equal(fstatat(t->root, "nowhere", &st, 0), -1);
}

static void test_normalise(void **state)
{
        static const struct { const char *path, *want; int r; } cases[] = {
                { "/a//b/./c/", "a/b/c", 0 }, { "/", "", 0 }, { "", "", 0 }, { ".", "", 0 }, { "a/..", NULL, -EINVAL }, { "..", NULL, -EINVAL },
                { "a..b/...", "a..b/...", 0 }, { "abcdefghijklmnopqrst", NULL, -ENAMETOOLONG },
        };
        char out[16];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(brig_path_normalise(cases[i].path, out, sizeof out), cases[i].r);
                if (cases[i].want)
                        assert_string_equal(out, cases[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_in_root_links_stay_inside),
                cmocka_unit_test(test_beneath_refuses_what_leaves),
                cmocka_unit_test(test_magic_links_are_never_followed),
                cmocka_unit_test(test_folders_and_files_are_made_inside),
                cmocka_unit_test(test_normalise),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
