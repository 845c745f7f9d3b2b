/*
 * The real brig-unpack in a real user namespace: what layers become on disk, and
 * that nothing outside of the folder changes whatever an archive says (I6).
 * Needs root; argv[1] is the program.
 */
#include "base/strings.h"
#include "image/unpack-report.h"
#include "tests/unit/cmocka-all.h"
#include "tests/unit/image/tar-build.h"
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#define STORAGE_BASE 1879048192u
#define TAR_MAX (64u << 20)

static const char *program;

typedef struct Fixture {
        char folder[64];        /* writable by all, so that an escape would work */
        char inside[96];
        int dir_fd;
        BrigBuffer tar;
        UnpackReport report;
        BrigError error;
        int status;             /* of the last run: 0, -1 with error filled */
} Fixture;

/* --- running it ------------------------------------------------------------------ */

static void write_text(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        brig_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void read_text(const char *path, char *out, size_t size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, out, size - 1) : -1;

        out[n > 0 ? n : 0] = '\0';
        if (fd >= 0)
                (void)close(fd);
}

static void child(int ready, int go, const int fds[3], char *const argv[])
{
        char c = 'r';

        if (unshare(CLONE_NEWUSER) < 0 || write(ready, &c, 1) != 1 || read(go, &c, 1) != 1 || setgid(0) < 0 || setuid(0) < 0)
                _exit(90);
        for (int i = 0; i < 3; i++)
                if (fds[i] >= 0 && dup2(fds[i], 50 + i) < 0)
                        _exit(91);
        for (int i = 0; i < 3; i++)
                if (fds[i] >= 0 && dup2(50 + i, 3 + i) < 0)
                        _exit(92);
        execv(program, argv);
        _exit(93);
}

/* Descriptors 3, 4, 5 as given; its pid. */
static pid_t start(const int fds[3], char *const argv[])
{
        char map[64], path[64], c = 'g';
        int ready[2], go[2];
        pid_t pid;

        assert_int_equal(pipe2(ready, O_CLOEXEC) | pipe2(go, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                child(ready[1], go[0], fds, argv);
        assert_int_equal(read(ready[0], &c, 1), 1);
        (void)snprintf(map, sizeof(map), "0 %u 65536\n", STORAGE_BASE);
        (void)snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
        write_text(path, map);
        (void)snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
        write_text(path, map);
        assert_int_equal(write(go[1], &c, 1), 1);
        for (int i = 0; i < 2; i++)
                (void)(close(ready[i]) | close(go[i]));
        return pid;
}

/* The exit status. */
static int run(const int fds[3], char *const argv[])
{
        pid_t pid = start(fds, argv);
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static int memory_file(const void *data, size_t len)
{
        int fd = memfd_create("blob", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, len), len);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

typedef struct Run { const char *diff_id, *max_bytes, *max_entries; } Run;

static void unpack_blob(Fixture *f, const void *blob, size_t len, const Run *options)
{
        int report[2], fd = memory_file(blob, len), status;
        char line[BRIG_UNPACK_REPORT_MAX] = "";
        char *argv[] = { (char *)program, (char *)"--layer", (char *)"--blob-fd", (char *)"3", (char *)"--dir-fd", (char *)"4",
                         (char *)"--report-fd", (char *)"5", (char *)"--diff-id", (char *)options->diff_id,
                         (char *)"--max-bytes", (char *)(options->max_bytes ? options->max_bytes : "1000000000"),
                         (char *)"--max-entries", (char *)(options->max_entries ? options->max_entries : "100000"), NULL };

        assert_int_equal(pipe2(report, O_CLOEXEC), 0);
        status = run((const int[]){ fd, f->dir_fd, report[1] }, argv);
        (void)(close(report[1]) | close(fd));
        assert_true(read(report[0], line, sizeof(line) - 1) >= 0);
        (void)close(report[0]);
        brig_error_clear(&f->error);
        f->status = brig_unpack_report_parse(line, &f->report, &f->error);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != (f->status < 0))
                fail_msg("brig-unpack ended with status %x: %s", status, line);
}

/* Ends the tar and unpacks it as it is. */
static void unpack(Fixture *f)
{
        char hex[65];

        tar_end(&f->tar);
        tar_sha256(f->tar.data, f->tar.len, hex);
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex });
}

static void expect_ok(const Fixture *f)
{
        if (f->status < 0)
                fail_msg("refused: %s", f->error.message);
}

static void expect_refusal(const Fixture *f, BrigErrorKind kind, const char *words)
{
        if (f->status >= 0)
                fail_msg("accepted, but should be refused with \"%s\"", words);
        if (!strstr(f->error.message, words))
                fail_msg("refused with \"%s\", not \"%s\"", f->error.message, words);
        assert_int_equal(f->error.kind, kind);
}

/* --- the scratch folder -------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

static void make_inside(Fixture *f)
{
        (void)snprintf(f->inside, sizeof(f->inside), "%s/inside", f->folder);
        assert_int_equal(mkdir(f->inside, 0755), 0);
        assert_int_equal(chown(f->inside, STORAGE_BASE, STORAGE_BASE), 0);
        f->dir_fd = open(f->inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->dir_fd >= 0);
}

static int setup(void **state)
{
        Fixture *f = calloc(1, sizeof(*f));
        char path[128];

        f->tar = (BrigBuffer)BRIG_BUFFER_INIT(TAR_MAX);
        (void)snprintf(f->folder, sizeof(f->folder), "/tmp/brig-unpack-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        assert_int_equal(chmod(f->folder, 0777), 0);
        (void)snprintf(path, sizeof(path), "%s/outside", f->folder);
        assert_int_equal(mkdir(path, 0777), 0);
        assert_int_equal(chmod(path, 0777), 0);
        (void)snprintf(path, sizeof(path), "%s/outside/secret", f->folder);
        write_text(path, "untouched");
        assert_int_equal(chmod(path, 0666), 0);
        make_inside(f);
        *state = f;
        return 0;
}

static size_t counted;

static int count_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        counted++;
        return 0;
}

/* Whatever was tried: outside there is the one file with its words, and no other. */
static void check_outside(const Fixture *f)
{
        char path[128], text[64];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s/outside/secret", f->folder);
        read_text(path, text, sizeof(text));
        assert_string_equal(text, "untouched");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(st.st_mode & 07777, 0666);
        (void)snprintf(path, sizeof(path), "%s/outside", f->folder);
        counted = 0;
        (void)nftw(path, count_entry, 8, FTW_PHYS);
        assert_int_equal(counted, 2);
        assert_int_equal(stat(f->folder, &st), 0);
        assert_int_equal(st.st_nlink, 4);       /* itself, "..", outside, inside */
}

static int teardown(void **state)
{
        Fixture *f = *state;

        check_outside(f);
        (void)close(f->dir_fd);
        brig_buffer_done(&f->tar);
        (void)nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static struct stat look(const Fixture *f, const char *name)
{
        struct stat st;

        if (fstatat(f->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                fail_msg("%s: %s", name, strerror(errno));
        return st;
}

static bool exists(const Fixture *f, const char *name)
{
        struct stat st;

        return fstatat(f->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void expect_text(const Fixture *f, const char *name, const char *expected)
{
        char text[256];
        int fd = openat(f->dir_fd, name, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

        if (n < 0)
                fail_msg("%s: %s", name, strerror(errno));
        text[n] = '\0';
        (void)close(fd);
        assert_string_equal(text, expected);
}

static ssize_t read_xattr(const Fixture *f, const char *name, const char *attribute, void *value, size_t size)
{
        int fd = openat(f->dir_fd, name, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        assert_true(fd >= 0);
        n = fgetxattr(fd, attribute, value, size);
        (void)close(fd);
        return n;
}

static bool is_opaque(const Fixture *f, const char *name)
{
        char value[4];

        return read_xattr(f, name, "user.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

static bool is_whiteout(const Fixture *f, const char *name)
{
        struct stat st = look(f, name);

        return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

/* --- what a layer becomes --------------------------------------------------------------- */

static void add_ordinary(Fixture *f)
{
        tar_add(&f->tar, &(TarEntry){ .name = "./", .type = '5', .mode = 0711, .mtime = 1000 });
        tar_add(&f->tar, &(TarEntry){ .name = "bin/", .type = '5', .mtime = 2000 });
        tar_add(&f->tar, &(TarEntry){ .name = "bin/su", .data = "program", .mode = 04755, .uid = 0, .gid = 42, .pax = "mtime=3000.123456789" });
        tar_add(&f->tar, &(TarEntry){ .name = "bin/sh", .type = '2', .link = "/bin/su", .uid = 7 });
        tar_add(&f->tar, &(TarEntry){ .name = "bin/su2", .type = '1', .link = "bin/su" });
        tar_add(&f->tar, &(TarEntry){ .name = "/abs/olute", .data = "a", .uid = 65535, .gid = 65535 });
        tar_add(&f->tar, &(TarEntry){ .name = "pipe", .type = '6', .mode = 0620 });
        tar_add(&f->tar, &(TarEntry){ .name = "empty" });
        tar_add(&f->tar, &(TarEntry){ .name = "sticky/", .type = '5', .mode = 01777 });
        tar_add(&f->tar, &(TarEntry){ .name = "sticky/x", .data = "y" });
}

static void check_ordinary(const Fixture *f)
{
        struct stat su = look(f, "bin/su"), sh = look(f, "bin/sh"), root = look(f, "."), absolute = look(f, "abs/olute");
        char target[16] = "";

        assert_int_equal(su.st_mode & 07777, 04755);
        assert_int_equal(su.st_uid, STORAGE_BASE);
        assert_int_equal(su.st_gid, STORAGE_BASE + 42);
        assert_int_equal(su.st_mtim.tv_sec, 3000);
        assert_int_equal(su.st_mtim.tv_nsec, 123456789);
        assert_int_equal(su.st_nlink, 2);
        assert_int_equal(look(f, "bin/su2").st_ino, su.st_ino);
        expect_text(f, "bin/su2", "program");
        assert_true(S_ISLNK(sh.st_mode));
        assert_int_equal(sh.st_uid, STORAGE_BASE + 7);
        assert_int_equal(readlinkat(f->dir_fd, "bin/sh", target, sizeof(target) - 1), 7);
        assert_string_equal(target, "/bin/su");
        assert_int_equal(root.st_mode & 07777, 0711);
        assert_int_equal(root.st_mtim.tv_sec, 1000);
        assert_int_equal(look(f, "bin").st_mtim.tv_sec, 2000);
        assert_int_equal(absolute.st_uid, STORAGE_BASE + 65535);
        assert_true(S_ISFIFO(look(f, "pipe").st_mode));
        assert_int_equal(look(f, "pipe").st_mode & 07777, 0620);
        assert_int_equal(look(f, "sticky").st_mode & 07777, 01777);
        assert_int_equal(look(f, "empty").st_size, 0);
}

static void test_files_links_modes_times_and_owners(void **state)
{
        Fixture *f = *state;

        add_ordinary(f);
        unpack(f);
        expect_ok(f);
        check_ordinary(f);
        assert_int_equal(f->report.bytes, strlen("program") + 2);
        assert_int_equal(f->report.entries, 10);
        assert_int_equal(f->report.skipped, 0);
}

static void test_gzip_and_zstd_become_the_same(void **state)
{
        Fixture *f = *state;
        _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(TAR_MAX);
        char hex[65];

        add_ordinary(f);
        tar_end(&f->tar);
        tar_sha256(f->tar.data, f->tar.len, hex);
        tar_gzip(f->tar.data, f->tar.len, &packed);
        unpack_blob(f, packed.data, packed.len, &(Run){ .diff_id = hex });
        expect_ok(f);
        check_ordinary(f);
        /* over itself: every entry replaces what is there */
        brig_buffer_reset(&packed);
        tar_zstd(f->tar.data, f->tar.len, &packed);
        unpack_blob(f, packed.data, packed.len, &(Run){ .diff_id = hex });
        expect_ok(f);
        check_ordinary(f);
}

static void test_gzip_of_several_members(void **state)
{
        Fixture *f = *state;
        _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(TAR_MAX);
        char hex[65];

        tar_add(&f->tar, &(TarEntry){ .name = "x", .data = "content" });
        tar_end(&f->tar);
        tar_sha256(f->tar.data, f->tar.len, hex);
        tar_gzip(f->tar.data, 700, &packed);
        tar_gzip(f->tar.data + 700, f->tar.len - 700, &packed);
        unpack_blob(f, packed.data, packed.len, &(Run){ .diff_id = hex });
        expect_ok(f);
        expect_text(f, "x", "content");
        (void)brig_buffer_puts(&packed, "trailing");
        unpack_blob(f, packed.data, packed.len, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "bytes behind its gzip data");
}

static void test_long_names_and_raw_bytes_stay_as_they_are(void **state)
{
        Fixture *f = *state;
        /* decomposed e-acute: a reader that composes names would change it; then bytes that are no UTF-8 */
        char name[300] = "e\xcc\x81-", raw[] = "la\xff\xfetin";
        char deep[1200] = "";

        memset(name + strlen(name), 'n', 250);
        name[255] = '\0';
        for (size_t i = 0; i < 100; i++)
                (void)snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "%sdeep%zu", i ? "/" : "", i);
        tar_add(&f->tar, &(TarEntry){ .name = name, .data = "1" });
        tar_add(&f->tar, &(TarEntry){ .name = raw, .data = "2" });
        tar_add(&f->tar, &(TarEntry){ .name = deep, .data = "3" });
        unpack(f);
        expect_ok(f);
        expect_text(f, name, "1");
        expect_text(f, raw, "2");
        expect_text(f, deep, "3");
}

static void test_whiteouts_take_overlay_form(void **state)
{
        Fixture *f = *state;

        tar_add(&f->tar, &(TarEntry){ .name = "etc/", .type = '5' });
        tar_add(&f->tar, &(TarEntry){ .name = "etc/.wh.passwd" });
        tar_add(&f->tar, &(TarEntry){ .name = "opaque/", .type = '5' });
        tar_add(&f->tar, &(TarEntry){ .name = "opaque/.wh..wh..opq" });
        tar_add(&f->tar, &(TarEntry){ .name = "new/.wh.gone" });
        /* a whiteout and a folder of one name: the folder hides the lower one, whichever comes first */
        tar_add(&f->tar, &(TarEntry){ .name = ".wh.first" });
        tar_add(&f->tar, &(TarEntry){ .name = "first/", .type = '5' });
        tar_add(&f->tar, &(TarEntry){ .name = "second/", .type = '5' });
        tar_add(&f->tar, &(TarEntry){ .name = ".wh.second" });
        /* this layer's own file stays */
        tar_add(&f->tar, &(TarEntry){ .name = "file", .data = "mine" });
        tar_add(&f->tar, &(TarEntry){ .name = ".wh.file" });
        tar_add(&f->tar, &(TarEntry){ .name = ".wh..wh.plnk/", .type = '5' });
        tar_add(&f->tar, &(TarEntry){ .name = ".wh..wh.aufs" });
        unpack(f);
        expect_ok(f);
        assert_true(is_whiteout(f, "etc/passwd"));
        assert_true(is_whiteout(f, "new/gone"));
        assert_true(is_opaque(f, "opaque") && is_opaque(f, "first") && is_opaque(f, "second") && !is_opaque(f, "etc"));
        assert_true(S_ISDIR(look(f, "first").st_mode));
        expect_text(f, "file", "mine");
        assert_false(exists(f, "etc/.wh.passwd") || exists(f, "opaque/.wh..wh..opq") || exists(f, ".wh..wh.plnk"));
        assert_int_equal(f->report.skipped, 2);
}

static void test_device_nodes_and_sockets_are_left_out(void **state)
{
        Fixture *f = *state;

        tar_add(&f->tar, &(TarEntry){ .name = "null", .type = '3' });
        tar_add(&f->tar, &(TarEntry){ .name = "sda", .type = '4' });
        tar_add(&f->tar, &(TarEntry){ .name = "file", .data = "x" });
        unpack(f);
        expect_ok(f);
        assert_false(exists(f, "null") || exists(f, "sda"));
        assert_int_equal(f->report.skipped, 2);
        assert_int_equal(f->report.entries, 1);
}

static void test_a_later_entry_replaces_an_earlier_one(void **state)
{
        Fixture *f = *state;

        tar_add(&f->tar, &(TarEntry){ .name = "a", .data = "old old old" });
        tar_add(&f->tar, &(TarEntry){ .name = "a", .data = "new" });
        tar_add(&f->tar, &(TarEntry){ .name = "d/e/f", .data = "deep" });
        tar_add(&f->tar, &(TarEntry){ .name = "d", .data = "file now" });
        tar_add(&f->tar, &(TarEntry){ .name = "link", .type = '2', .link = "d" });
        tar_add(&f->tar, &(TarEntry){ .name = "link", .data = "no link" });
        tar_add(&f->tar, &(TarEntry){ .name = "l2", .type = '2', .link = "/etc" });
        tar_add(&f->tar, &(TarEntry){ .name = "l2/", .type = '5' });
        tar_add(&f->tar, &(TarEntry){ .name = "l2/x", .data = "own folder" });
        unpack(f);
        expect_ok(f);
        expect_text(f, "a", "new");
        expect_text(f, "d", "file now");
        expect_text(f, "link", "no link");
        expect_text(f, "l2/x", "own folder");
}

static void test_sparse_files_keep_their_holes(void **state)
{
        Fixture *f = *state;
        struct stat st;

        /* GNU's pax form 0.1: 4 bytes at 0, 4 bytes at 16 MiB, size 16 MiB + 4 */
        tar_add(&f->tar, &(TarEntry){ .name = "sparse", .data = "headtail",
                .pax = "GNU.sparse.name=sparse\nGNU.sparse.size=16777220\nGNU.sparse.numblocks=2\nGNU.sparse.map=0,4,16777216,4" });
        tar_add(&f->tar, &(TarEntry){ .name = "hole", .data = "head",
                .pax = "GNU.sparse.size=16777216\nGNU.sparse.numblocks=2\nGNU.sparse.map=0,4,16777216,0" });
        unpack(f);
        expect_ok(f);
        st = look(f, "sparse");
        assert_int_equal(st.st_size, 16777220);
        assert_true(st.st_blocks * 512 < 1 << 20);
        assert_int_equal(look(f, "hole").st_size, 16777216);
        assert_int_equal(f->report.bytes, 16777220 + 16777216);
}

/* --- extended attributes -------------------------------------------------------------------- */

static void test_xattrs_that_steer_overlayfs_are_dropped(void **state)
{
        Fixture *f = *state;
        char value[16];

        tar_add(&f->tar, &(TarEntry){ .name = "d/", .type = '5',
                .pax = "SCHILY.xattr.user.overlay.opaque=y\nSCHILY.xattr.trusted.overlay.opaque=y\nSCHILY.xattr.user.overlay.redirect=/etc\n"
                       "SCHILY.xattr.security.selinux=label\nSCHILY.xattr.user.kept=yes" });
        unpack(f);
        expect_ok(f);
        assert_false(is_opaque(f, "d"));
        assert_true(read_xattr(f, "d", "user.overlay.redirect", value, sizeof(value)) < 0);
        assert_true(read_xattr(f, "d", "trusted.overlay.opaque", value, sizeof(value)) < 0);
        assert_true(read_xattr(f, "d", "security.selinux", value, sizeof(value)) < 0);
        assert_int_equal(read_xattr(f, "d", "user.kept", value, sizeof(value)), 3);
}

static void test_file_capabilities_belong_to_the_storage_range(void **state)
{
        Fixture *f = *state;
        struct vfs_cap_data v2 = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, .data[0].permitted = 1u << CAP_NET_RAW };
        struct vfs_ns_cap_data v3 = { 0 };

        tar_add_pax(&f->tar, "SCHILY.xattr.security.capability", &v2, sizeof(v2));
        tar_add(&f->tar, &(TarEntry){ .name = "ping", .data = "x", .mode = 0755 });
        unpack(f);
        expect_ok(f);
        assert_int_equal(read_xattr(f, "ping", "security.capability", &v3, sizeof(v3)), sizeof(v3));
        assert_int_equal(v3.magic_etc & VFS_CAP_REVISION_MASK, VFS_CAP_REVISION_3);
        assert_int_equal(v3.rootid, STORAGE_BASE);
        assert_int_equal(v3.data[0].permitted, 1u << CAP_NET_RAW);
}

static void test_acls_are_shifted_and_do_not_leak_into_children(void **state)
{
        Fixture *f = *state;
        char value[256];
        const struct posix_acl_xattr_entry *entries = (const void *)(value + sizeof(struct posix_acl_xattr_header));

        tar_add(&f->tar, &(TarEntry){ .name = "d/", .type = '5',
                .pax = "SCHILY.acl.access=user::rwx,user:5:rw-,user:somebody:rwx,group::r-x,mask::rwx,other::r-x\n"
                       "SCHILY.acl.default=user::rwx,user:6:r--,group::r-x,mask::rwx,other::---" });
        tar_add(&f->tar, &(TarEntry){ .name = "d/x", .data = "1" });
        unpack(f);
        expect_ok(f);
        assert_int_equal(read_xattr(f, "d", "system.posix_acl_access", value, sizeof(value)), 4 + 5 * 8);
        assert_int_equal(entries[1].e_tag, ACL_USER);
        assert_int_equal(entries[1].e_id, STORAGE_BASE + 5);
        assert_int_equal(read_xattr(f, "d", "system.posix_acl_default", value, sizeof(value)), 4 + 5 * 8);
        assert_int_equal(entries[1].e_id, STORAGE_BASE + 6);
        assert_true(read_xattr(f, "d/x", "system.posix_acl_access", value, sizeof(value)) < 0);
}

/* --- refusals ------------------------------------------------------------------------------------ */

typedef struct Hostile {
        const char *what;
        TarEntry entries[3];
        BrigErrorKind kind;
        const char *words;
} Hostile;

#define OUT "../outside/secret"

static const Hostile hostile[] = {
        { "dot-dot", { { .name = "../outside/new", .data = "x" } }, BRIG_ERR_INVALID, "\"..\"" },
        { "dot-dot inside", { { .name = "a/../../outside/new", .data = "x" } }, BRIG_ERR_INVALID, "\"..\"" },
        { "dot-dot that stays inside", { { .name = "a/../b", .data = "x" } }, BRIG_ERR_INVALID, "\"..\"" },
        { "dot-dot in pax", { { .name = "x", .data = "x", .pax = "path=../outside/new" } }, BRIG_ERR_INVALID, "\"..\"" },
        { "dot-dot whiteout", { { .name = "../outside/.wh.secret" } }, BRIG_ERR_INVALID, "\"..\"" },
        { "whiteout of dot-dot", { { .name = ".wh..." } , { .name = "d/.wh..." } }, BRIG_ERR_INVALID, "hides no name" },
        { "whiteout of nothing", { { .name = "d/.wh." } }, BRIG_ERR_INVALID, "hides no name" },
        { "through an absolute link", { { .name = "l", .type = '2', .link = "/tmp" }, { .name = "l/brig-unpack-escape", .data = "x" } },
          BRIG_ERR_INVALID, "out of the layer" },
        { "through a relative link", { { .name = "l", .type = '2', .link = "../outside" }, { .name = "l/new", .data = "x" } },
          BRIG_ERR_INVALID, "out of the layer" },
        { "through a link in the middle", { { .name = "a/l", .type = '2', .link = "../../outside" }, { .name = "a/l/b/new", .data = "x" } },
          BRIG_ERR_INVALID, "out of the layer" },
        { "a folder through a link", { { .name = "l", .type = '2', .link = "../outside" }, { .name = "l/new/", .type = '5' } },
          BRIG_ERR_INVALID, "out of the layer" },
        { "a link through a link", { { .name = "l", .type = '2', .link = "../outside" }, { .name = "l/new", .type = '2', .link = "x" } },
          BRIG_ERR_INVALID, "out of the layer" },
        { "a fifo through a link", { { .name = "l", .type = '2', .link = "../outside" }, { .name = "l/new", .type = '6' } },
          BRIG_ERR_INVALID, "out of the layer" },
        { "a whiteout through a link", { { .name = "l", .type = '2', .link = "../outside" }, { .name = "l/.wh.secret" } },
          BRIG_ERR_INVALID, "symbolic link" },
        { "a whiteout through a link that stays inside", { { .name = "d/x", .data = "1" }, { .name = "l", .type = '2', .link = "d" }, { .name = "l/.wh.x" } },
          BRIG_ERR_INVALID, "symbolic link" },
        { "an opaque mark through a link", { { .name = "l", .type = '2', .link = "../outside" }, { .name = "l/.wh..wh..opq" } },
          BRIG_ERR_INVALID, "symbolic link" },
        { "a loop of links", { { .name = "l", .type = '2', .link = "l" }, { .name = "l/x", .data = "x" } }, BRIG_ERR_INVALID, "symbolic link" },
        { "through a file", { { .name = "f", .data = "x" }, { .name = "f/x", .data = "x" } }, BRIG_ERR_INVALID, "no folder" },
        { "hard link to dot-dot", { { .name = "h", .type = '1', .link = OUT } }, BRIG_ERR_INVALID, "\"..\"" },
        { "absolute hard link", { { .name = "h", .type = '1', .link = "/etc/passwd" } }, BRIG_ERR_INVALID, "absolute" },
        { "hard link through a link", { { .name = "l", .type = '2', .link = "../outside" }, { .name = "h", .type = '1', .link = "l/secret" } },
          BRIG_ERR_INVALID, "symbolic link" },
        { "hard link to a lower layer", { { .name = "h", .type = '1', .link = "etc/passwd" } }, BRIG_ERR_INVALID, "does not hold" },
        { "hard link to what is not there", { { .name = "h", .type = '1', .link = "passwd" } }, BRIG_ERR_INVALID, "does not hold" },
        { "hard link to a folder", { { .name = "d/", .type = '5' }, { .name = "h", .type = '1', .link = "d" } }, BRIG_ERR_INVALID, "to the folder" },
        { "hard link to a whiteout", { { .name = ".wh.x" }, { .name = "h", .type = '1', .link = "x" } }, BRIG_ERR_INVALID, "does not hold" },
        { "hard link to a whiteout's name", { { .name = ".wh.x" }, { .name = "h", .type = '1', .link = ".wh.x" } }, BRIG_ERR_INVALID, "no file of this layer" },
        { "write through a hard link to a link", { { .name = "l", .type = '2', .link = OUT }, { .name = "h", .type = '1', .link = "l" }, { .name = "h/x", .data = "x" } },
          BRIG_ERR_INVALID, "out of the layer" },
        { "owner above the range", { { .name = "x", .uid = 65536 } }, BRIG_ERR_INVALID, "owner 65536" },
        { "group above the range", { { .name = "x", .gid = 100000 } }, BRIG_ERR_INVALID, "group 100000" },
        { "owner in pax", { { .name = "x", .pax = "uid=4294967295" } }, BRIG_ERR_INVALID, "owner 4294967295" },
        { "negative owner", { { .name = "x", .pax = "uid=-1" } }, BRIG_ERR_INVALID, "owner" },
        { "root that is a link", { { .name = "./", .type = '2', .link = "/etc" } }, BRIG_ERR_INVALID, "root is no folder" },
        { "root that is a file", { { .name = ".", .data = "x" } }, BRIG_ERR_INVALID, "root is no folder" },
        { "below a whiteout", { { .name = ".wh.d/x", .data = "x" } }, BRIG_ERR_INVALID, "through a whiteout" },
        { "a capability that makes no sense", { { .name = "x", .pax = "SCHILY.xattr.security.capability=abc" } }, BRIG_ERR_INVALID, "security.capability" },
        { "data that is not there", { { .name = "x", .data = "short", .claim = 1 << 20 } }, BRIG_ERR_INVALID, "damaged" },
        { "a file of eight exabytes", { { .name = "x", .pax = "GNU.sparse.size=9000000000000000000\nGNU.sparse.numblocks=1\nGNU.sparse.map=0,0" } },
          BRIG_ERR_TOO_LARGE, "larger than" },
};

static void test_I6_hostile_entries_are_refused(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
                Fixture *f = *state;

                print_message("           %s\n", hostile[i].what);
                for (size_t n = 0; n < ARRAY_SIZE(hostile[i].entries) && hostile[i].entries[n].name; n++)
                        tar_add(&f->tar, &hostile[i].entries[n]);
                unpack(f);
                expect_refusal(f, hostile[i].kind, hostile[i].words);
                assert_int_equal(teardown(state), 0);
                assert_int_equal(setup(state), 0);
        }
        assert_int_equal(access("/tmp/brig-unpack-escape", F_OK), -1);
}

static void test_links_that_stay_inside_are_followed(void **state)
{
        Fixture *f = *state;

        tar_add(&f->tar, &(TarEntry){ .name = "usr/lib/", .type = '5' });
        tar_add(&f->tar, &(TarEntry){ .name = "lib", .type = '2', .link = "usr/lib" });
        tar_add(&f->tar, &(TarEntry){ .name = "lib/x", .data = "1" });
        unpack(f);
        expect_ok(f);
        expect_text(f, "usr/lib/x", "1");
        assert_true(S_ISLNK(look(f, "lib").st_mode));
}

static void test_names_too_long_or_too_deep(void **state)
{
        static const struct { size_t parts, length; const char *words; } cases[] = {
                { 1, 256, "255 bytes" }, { 257, 1, "deeper" }, { 30, 200, "4095 bytes" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Fixture *f = *state;
                _cleanup_buffer_ BrigBuffer name = BRIG_BUFFER_INIT(1 << 16);

                for (size_t p = 0; p < cases[i].parts; p++) {
                        for (size_t c = 0; c < cases[i].length; c++)
                                (void)brig_buffer_putc(&name, 'n');
                        (void)brig_buffer_putc(&name, '/');
                }
                (void)brig_buffer_puts(&name, "x");
                tar_add(&f->tar, &(TarEntry){ .name = name.data, .data = "x" });
                unpack(f);
                expect_refusal(f, BRIG_ERR_INVALID, cases[i].words);
                assert_int_equal(teardown(state), 0);
                assert_int_equal(setup(state), 0);
        }
}

static void test_wrong_diff_id(void **state)
{
        Fixture *f = *state;
        char hex[65];

        tar_add(&f->tar, &(TarEntry){ .name = "x", .data = "x" });
        tar_end(&f->tar);
        tar_sha256("other", 5, hex);
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "not the diff ID");
}

static void test_bytes_behind_the_end_mark_count_for_the_diff_id(void **state)
{
        Fixture *f = *state;
        char hex[65];

        tar_add(&f->tar, &(TarEntry){ .name = "x", .data = "x" });
        tar_end(&f->tar);
        tar_sha256(f->tar.data, f->tar.len, hex);
        (void)brig_buffer_puts(&f->tar, "appended");
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "not the diff ID");
        tar_sha256(f->tar.data, f->tar.len, hex);
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex });
        expect_ok(f);
}

static void test_an_empty_layer(void **state)
{
        Fixture *f = *state;
        char hex[65];

        unpack(f);
        expect_ok(f);
        tar_sha256("", 0, hex);
        unpack_blob(f, "", 0, &(Run){ .diff_id = hex });
        expect_ok(f);
        assert_int_equal(f->report.entries, 0);
}

static void test_truncated_and_corrupt_streams(void **state)
{
        Fixture *f = *state;
        _cleanup_buffer_ BrigBuffer gzip = BRIG_BUFFER_INIT(TAR_MAX), zstd = BRIG_BUFFER_INIT(TAR_MAX);
        char hex[65];

        tar_add(&f->tar, &(TarEntry){ .name = "x", .data = "some content of a file that is long enough to matter" });
        tar_end(&f->tar);
        tar_sha256(f->tar.data, f->tar.len, hex);
        tar_gzip(f->tar.data, f->tar.len, &gzip);
        tar_zstd(f->tar.data, f->tar.len, &zstd);
        unpack_blob(f, gzip.data, gzip.len - 4, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "cut short");
        unpack_blob(f, zstd.data, zstd.len - 4, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "cut short");
        unpack_blob(f, gzip.data, 12, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "cut short");
        gzip.data[gzip.len - 6] ^= 1;   /* the checksum */
        unpack_blob(f, gzip.data, gzip.len, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "damaged");
        unpack_blob(f, f->tar.data, 300, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "damaged");
        unpack_blob(f, "no tar at all, whatever the name says; this text is long enough", 60, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "damaged");
        f->tar.data[0] ^= 1;            /* the header's checksum */
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "damaged");
}

static void test_other_archive_formats_are_no_layers(void **state)
{
        Fixture *f = *state;
        static const char cpio[] = "070701000000010000000000000000000000000000000100000000000000000000000000000000000000000000000000000002000000006a\0\0\0";
        static const char zip[] = "PK\003\004\024\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\001\0\0\0a";
        char hex[65];

        tar_sha256(cpio, sizeof(cpio), hex);
        unpack_blob(f, cpio, sizeof(cpio), &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "damaged");
        tar_sha256(zip, sizeof(zip), hex);
        unpack_blob(f, zip, sizeof(zip), &(Run){ .diff_id = hex });
        expect_refusal(f, BRIG_ERR_INVALID, "damaged");
}

static void test_I6_bombs(void **state)
{
        Fixture *f = *state;
        _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(TAR_MAX), piece = BRIG_BUFFER_INIT(TAR_MAX);
        _cleanup_free_ char *zeros = calloc(1, 16 << 20);
        char hex[65];

        tar_sha256("", 0, hex);
        tar_add(&f->tar, &(TarEntry){ .name = "zeros", .data = "", .claim = UINT64_C(2) << 30 });
        tar_gzip(f->tar.data, f->tar.len, &packed);
        tar_gzip(zeros, 16 << 20, &piece);
        for (int i = 0; i < 128; i++)
                assert_int_equal(brig_buffer_append(&packed, piece.data, piece.len), 0);
        unpack_blob(f, packed.data, packed.len, &(Run){ .diff_id = hex, .max_bytes = "10000000000" });
        expect_refusal(f, BRIG_ERR_TOO_LARGE, "decompression bomb");
        unpack_blob(f, packed.data, packed.len, &(Run){ .diff_id = hex, .max_bytes = "10000000" });
        expect_refusal(f, BRIG_ERR_TOO_LARGE, "larger than");
        brig_buffer_reset(&f->tar);
        for (int i = 0; i < 11; i++)
                tar_add(&f->tar, &(TarEntry){ .name = "same", .data = "x" });
        tar_end(&f->tar);
        tar_sha256(f->tar.data, f->tar.len, hex);
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex, .max_entries = "10" });
        expect_refusal(f, BRIG_ERR_TOO_LARGE, "more than 10 entries");
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex, .max_entries = "11" });
        expect_ok(f);
        /* the files together */
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex, .max_bytes = "13000" });
        expect_ok(f);
        unpack_blob(f, f->tar.data, f->tar.len, &(Run){ .diff_id = hex, .max_bytes = "12000" });
        expect_refusal(f, BRIG_ERR_TOO_LARGE, "larger than");
}

/* --- the sandbox ------------------------------------------------------------------------------------ */

/* "NoNewPrivs" → its value in /proc/<pid>/status, as text. */
static void status_field(pid_t pid, const char *field, char *out, size_t size)
{
        char path[64], text[4096], *line;

        (void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
        read_text(path, text, sizeof(text));
        line = strstr(text, field);
        (void)snprintf(out, size, "%s", line ? line + strlen(field) + 2 : "");
        out[strcspn(out, "\n")] = '\0';
}

static void test_the_sandbox_stands_before_the_first_byte(void **state)
{
        Fixture *f = *state;
        char *argv[] = { (char *)program, (char *)"--layer", (char *)"--blob-fd", (char *)"3", (char *)"--dir-fd", (char *)"4", (char *)"--report-fd", (char *)"5",
                         (char *)"--diff-id", (char *)"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NULL };
        char value[64] = "";
        int blob[2], report[2], status;
        time_t deadline = time(NULL) + 30;
        pid_t pid;

        /* a pipe that nobody writes to: it waits for its first byte */
        assert_int_equal(pipe2(blob, O_CLOEXEC) | pipe2(report, O_CLOEXEC), 0);
        pid = start((const int[]){ blob[0], f->dir_fd, report[1] }, argv);
        while (!streq(value, "2") && time(NULL) < deadline) {
                status_field(pid, "\nSeccomp", value, sizeof(value));
                (void)sched_yield();
        }
        assert_string_equal(value, "2");
        status_field(pid, "\nNoNewPrivs", value, sizeof(value));
        assert_string_equal(value, "1");
        status_field(pid, "\nUid", value, sizeof(value));
        assert_string_equal(value, "1879048192\t1879048192\t1879048192\t1879048192");
        /* chown, dac_override, fowner, fsetid, setfcap: over the range alone, for the namespace owns nothing else */
        status_field(pid, "\nCapPrm", value, sizeof(value));
        assert_string_equal(value, "000000008000001b");
        (void)close(blob[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        (void)(close(blob[0]) | close(report[0]) | close(report[1]));
}

/* --- the overlay that is mounted on it ---------------------------------------------------------------- */

static bool shown(int mounted, const char *path)
{
        struct stat st;

        return fstatat(mounted, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int overlay_child(const char *lower, const char *mountpoint)
{
        char options[512];
        int fd;

        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return 77;
        (void)snprintf(options, sizeof(options), "userxattr,lowerdir=%s", lower);
        if (mount("overlay", mountpoint, "overlay", MS_RDONLY, options) < 0)
                return 77;
        fd = open(mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return shown(fd, "gone") || shown(fd, "opaque/lower") || !shown(fd, "opaque/upper") || !shown(fd, "both/lower");
}

static void test_overlayfs_understands_the_marks(void **state)
{
        Fixture *f = *state;
        char base[128], mountpoint[160], lower[300];
        int status;
        pid_t pid;

        tar_add(&f->tar, &(TarEntry){ .name = "gone", .data = "x" });
        tar_add(&f->tar, &(TarEntry){ .name = "opaque/lower", .data = "x" });
        tar_add(&f->tar, &(TarEntry){ .name = "both/lower", .data = "x" });
        unpack(f);
        expect_ok(f);
        (void)snprintf(base, sizeof(base), "%s/outside/base", f->folder);
        assert_int_equal(rename(f->inside, base), 0);
        (void)close(f->dir_fd);
        make_inside(f);
        brig_buffer_reset(&f->tar);
        tar_add(&f->tar, &(TarEntry){ .name = ".wh.gone" });
        tar_add(&f->tar, &(TarEntry){ .name = "opaque/.wh..wh..opq" });
        tar_add(&f->tar, &(TarEntry){ .name = "opaque/upper", .data = "x" });
        tar_add(&f->tar, &(TarEntry){ .name = "both/upper", .data = "x" });
        unpack(f);
        expect_ok(f);
        (void)snprintf(mountpoint, sizeof(mountpoint), "%s/outside/mnt", f->folder);
        (void)snprintf(lower, sizeof(lower), "%s:%s", f->inside, base);
        assert_int_equal(mkdir(mountpoint, 0755), 0);
        pid = fork();
        if (pid == 0)
                _exit(overlay_child(lower, mountpoint));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        (void)rmdir(mountpoint);
        (void)nftw(base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        if (WEXITSTATUS(status) == 77)
                skip();
        assert_int_equal(status, 0);
}

/* --- removing ---------------------------------------------------------------------------------------------- */

static int run_remove(const Fixture *f)
{
        char *argv[] = { (char *)program, (char *)"--remove", (char *)"--dir-fd", (char *)"4", NULL };

        return run((const int[]){ -1, f->dir_fd, -1 }, argv);
}

static size_t entries_inside(const Fixture *f)
{
        counted = 0;
        (void)nftw(f->inside, count_entry, 16, FTW_PHYS);
        return counted - 1;
}

static void test_remove_empties_and_follows_nothing(void **state)
{
        Fixture *f = *state;

        add_ordinary(f);
        tar_add(&f->tar, &(TarEntry){ .name = "out", .type = '2', .link = "../outside" });
        tar_add(&f->tar, &(TarEntry){ .name = "closed/x", .data = "x" });
        tar_add(&f->tar, &(TarEntry){ .name = "closed/", .type = '5', .uid = 99, .mode = 01000 });
        tar_add(&f->tar, &(TarEntry){ .name = ".deep-0", .data = "a name that the removal would use" });
        unpack(f);
        expect_ok(f);
        assert_int_equal(run_remove(f), 0);
        assert_int_equal(entries_inside(f), 0);
        assert_int_equal(run_remove(f), 0);
}

static void test_remove_has_no_limit_of_depth(void **state)
{
        Fixture *f = *state;
        int fd = dup(f->dir_fd);

        for (int i = 0; i < 3000; i++) {
                int next;

                assert_int_equal(mkdirat(fd, "d", 0700), 0);
                assert_int_equal(fchownat(fd, "d", STORAGE_BASE + 1, STORAGE_BASE + 1, 0), 0);
                if (i % 100 == 0)
                        assert_int_equal(mknodat(fd, "f", S_IFREG | 0600, 0) | fchownat(fd, "f", STORAGE_BASE, STORAGE_BASE, 0), 0);
                next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                (void)close(fd);
                fd = next;
        }
        (void)close(fd);
        assert_int_equal(run_remove(f), 0);
        assert_int_equal(entries_inside(f), 0);
}

static void test_remove_tells_what_it_may_not(void **state)
{
        Fixture *f = *state;
        int status;

        /* owned by the host's root: no id of the namespace */
        assert_int_equal(mkdirat(f->dir_fd, "host", 0755), 0);
        assert_int_equal(mknodat(f->dir_fd, "host/file", S_IFREG | 0600, 0), 0);
        assert_int_equal(mknodat(f->dir_fd, "other", S_IFREG | 0600, 0), 0);
        status = run_remove(f);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        /* and goes on with the rest */
        assert_false(exists(f, "other"));
        assert_true(exists(f, "host/file"));
}

/* ---------------------------------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
#define UNPACK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                UNPACK_TEST(test_files_links_modes_times_and_owners),
                UNPACK_TEST(test_gzip_and_zstd_become_the_same),
                UNPACK_TEST(test_gzip_of_several_members),
                UNPACK_TEST(test_long_names_and_raw_bytes_stay_as_they_are),
                UNPACK_TEST(test_whiteouts_take_overlay_form),
                UNPACK_TEST(test_device_nodes_and_sockets_are_left_out),
                UNPACK_TEST(test_a_later_entry_replaces_an_earlier_one),
                UNPACK_TEST(test_sparse_files_keep_their_holes),
                UNPACK_TEST(test_xattrs_that_steer_overlayfs_are_dropped),
                UNPACK_TEST(test_file_capabilities_belong_to_the_storage_range),
                UNPACK_TEST(test_acls_are_shifted_and_do_not_leak_into_children),
                UNPACK_TEST(test_I6_hostile_entries_are_refused),
                UNPACK_TEST(test_links_that_stay_inside_are_followed),
                UNPACK_TEST(test_names_too_long_or_too_deep),
                UNPACK_TEST(test_wrong_diff_id),
                UNPACK_TEST(test_bytes_behind_the_end_mark_count_for_the_diff_id),
                UNPACK_TEST(test_an_empty_layer),
                UNPACK_TEST(test_truncated_and_corrupt_streams),
                UNPACK_TEST(test_other_archive_formats_are_no_layers),
                UNPACK_TEST(test_I6_bombs),
                UNPACK_TEST(test_the_sandbox_stands_before_the_first_byte),
                UNPACK_TEST(test_overlayfs_understands_the_marks),
                UNPACK_TEST(test_remove_empties_and_follows_nothing),
                UNPACK_TEST(test_remove_has_no_limit_of_depth),
                UNPACK_TEST(test_remove_tells_what_it_may_not),
        };

        brig_assert(argc == 2);
        program = argv[1];
        if (geteuid() != 0) {
                puts("skipped: a user namespace with 65536 ids needs root");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
