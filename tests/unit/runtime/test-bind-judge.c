/*
 * The ceiling on real mounts: what a bind source *is* decides, however it is
 * reached. Each case is a way around a rule that somebody would try.
 */
#include "../cmocka-all.h"
#include "runtime/bind-judge-internal.h"
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

static char top[] = "/tmp/brig-judge-XXXXXX";

static char *at(const char *rest)
{
        static char paths[4][4096];
        static unsigned next;
        char *path = paths[next++ % ARRAY_SIZE(paths)];

        assert_true((size_t)snprintf(path, sizeof paths[0], "%s%s", top, rest) < sizeof paths[0]);
        return path;
}

static void make(const char *rest)
{
        assert_int_equal(mkdir(at(rest), 0755), 0);
}

static void mount_tmpfs(const char *rest)
{
        assert_int_equal(mount("tmpfs", at(rest), "tmpfs", 0, "size=4m"), 0);
}

/* A namespace of our own: the mounts go with this process. */
static int set_up(void **state)
{
        if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                print_message("skipped: needs root and a mount namespace\n");
                *state = NULL;
                return 0;
        }
        assert_non_null(mkdtemp(top));
        mount_tmpfs("");
        *state = top;
        return 0;
}

static int tear_down(void **state)
{
        if (*state && (umount2(top, MNT_DETACH) < 0 || rmdir(top) < 0))
                return -1;
        return 0;
}

/* The rules in words, "%s" is the top folder; `own` is one of the engine's own folders, or NULL. */
static Ceiling *rules(const char *text, const char *own)
{
        _cleanup_free_ char *all = brig_str_printf("@file /etc/brig/ceiling.conf\n%s\n", text);
        _cleanup_free_ char *with_own = own ? brig_str_printf("%s@own\ndeny tree %s\n", all, own) : brig_str_dup(all);
        BrigError err = BRIG_ERROR_INIT;
        Ceiling *c = NULL;

        assert_non_null(with_own);
        if (brig_ceiling_parse(with_own, strlen(with_own), NULL, &c, &err) < 0)
                fail_msg("%s", err.message);
        return c;
}

static int ask(const Ceiling *c, BindQuestion q, const char *source, BrigError *err)
{
        _cleanup_(brig_bind_judge_freep) BindJudge *j = NULL;
        _cleanup_close_ int fd = open(source, O_PATH | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(brig_bind_judge_new(c, &j, err), 0);
        q.fd = fd;
        q.source = source;
        return brig_bind_judge(j, &q, err);
}

static void expect(const char *text, const char *own, BindQuestion q, const char *source, const char *message)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = rules(text, own);
        BrigError err = BRIG_ERROR_INIT;
        int r = ask(c, q, source, &err);

        if (message ? r >= 0 || !strstr(err.message, message) : r < 0)
                fail_msg("\"%s\" under \"%s\": %d %s", source, text, r, r < 0 ? err.message : "");
}

static const BindQuestion for_writing = { .writable = true, .writable_below = true };

static bool can_run(void **state)
{
        if (!*state)
                skip();
        return *state != NULL;
}

/* The data root is often a disk of its own; a well-meant exception for the folder that it is mounted in must not open it. */
static void P12_an_exception_above_a_mount_does_not_open_it(void **state)
{
        if (!can_run(state))
                return;
        make("/lib");
        make("/lib/brig");
        mount_tmpfs("/lib/brig");
        make("/lib/brig/storage");
        make("/lib/other");
        _cleanup_free_ char *text = brig_str_printf("deny tree %s\nallow bind %s", at("/lib"), at("/lib"));
        expect(text, NULL, for_writing, at("/lib/other"), NULL);
        expect(text, at("/lib/brig"), for_writing, at("/lib/brig"), "built in");
        expect(text, at("/lib/brig"), for_writing, at("/lib/brig/storage"), "built in");
        BindQuestion all = for_writing;
        all.recursive = true;
        expect(text, at("/lib/brig"), all, at("/lib"), "built in");
}

/* Nobody who writes an exception means the engine's own database and layers. */
static void P12_no_exception_opens_the_engines_own_folders(void **state)
{
        if (!can_run(state))
                return;
        make("/var");
        make("/var/brig");
        make("/var/brig/storage");
        make("/var/www");
        _cleanup_free_ char *above = brig_str_printf("deny bind %s\nallow bind %s", at("/var"), at("/var"));
        _cleanup_free_ char *inside = brig_str_printf("allow bind %s", at("/var/brig/storage"));
        expect(above, NULL, for_writing, at("/var"), NULL);
        expect(above, at("/var/brig"), for_writing, at("/var"), "built in");
        expect(above, at("/var/brig"), for_writing, at("/var/www"), NULL);
        expect(inside, at("/var/brig"), for_writing, at("/var/brig/storage"), "built in");
}

static void P12_of_equal_lines_the_later_one_counts(void **state)
{
        if (!can_run(state))
                return;
        make("/same");
        _cleanup_free_ char *deny_last = brig_str_printf("allow bind %s\ndeny tree %s", at("/same"), at("/same"));
        _cleanup_free_ char *allow_last = brig_str_printf("deny tree %s\nallow bind %s", at("/same"), at("/same"));
        expect(deny_last, NULL, for_writing, at("/same"), "deny tree");
        expect(allow_last, NULL, for_writing, at("/same"), NULL);
}

static void P12_another_mount_of_a_forbidden_folder(void **state)
{
        if (!can_run(state))
                return;
        make("/secret");
        make("/secret/in");
        make("/mirror");
        assert_int_equal(mount(at("/secret"), at("/mirror"), NULL, MS_BIND, NULL), 0);
        _cleanup_free_ char *text = brig_str_printf("deny tree %s\nallow bind %s", at("/secret"), at("/mirror"));
        expect(text, NULL, for_writing, at("/mirror/in"), NULL); /* the administrator named this very mount, later */
        _cleanup_free_ char *broad = brig_str_printf("deny tree %s\nallow bind %s", at("/secret"), top);
        expect(broad, NULL, for_writing, at("/mirror/in"), "deny tree");
        expect(broad, NULL, for_writing, at("/mirror"), "deny tree");
        assert_int_equal(umount(at("/mirror")), 0);
}

/* Deeper than the judge looks: refused, not let through. */
static void P12_depth_hides_nothing(void **state)
{
        if (!can_run(state))
                return;
        char deep[4096] = "/deny/disk";
        make("/deny");
        make("/deny/disk");
        mount_tmpfs("/deny/disk");
        for (unsigned i = 0; i < 1100; i++) {
                size_t len = strlen(deep);
                deep[len] = '/', deep[len + 1] = 'a', deep[len + 2] = '\0';
                make(deep);
        }
        _cleanup_free_ char *text = brig_str_printf("deny tree %s", at("/deny"));
        expect(text, NULL, for_writing, at("/deny/disk/a"), "deny tree");
        expect(text, NULL, for_writing, at(deep), "cannot judge");
}

/* Read-only of a recursive bind reaches what is mounted beneath only when that was asked for. */
static void P12_an_exception_for_reading_covers_submounts(void **state)
{
        if (!can_run(state))
                return;
        make("/certs");
        make("/certs/more");
        mount_tmpfs("/certs/more");
        _cleanup_free_ char *text = brig_str_printf("deny tree %s\nallow bind %s ro", top, at("/certs"));
        BindQuestion q = { .recursive = true, .writable_below = true };
        expect(text, NULL, q, at("/certs"), "may only be read");
        q.writable_below = false;
        expect(text, NULL, q, at("/certs"), NULL);
}

static void P12_what_is_missing_is_not_made_where_it_is_forbidden(void **state)
{
        if (!can_run(state))
                return;
        make("/open");
        assert_int_equal(symlink(top, at("/open/way")), 0);
        _cleanup_free_ char *text = brig_str_printf("deny tree %s", at("/later"));
        BindQuestion q = for_writing;
        q.missing = "later/x";
        expect(text, NULL, q, top, "deny tree");
        expect(text, NULL, q, at("/open/way"), "deny tree");
        q.missing = "other";
        expect(text, NULL, q, top, NULL);
}

static int resolve(const Ceiling *c, const char *source, BrigError *err)
{
        PlanMount m = { .type = PLAN_MOUNT_BIND, .flags = PLAN_MOUNT_F_CREATE_SOURCE, .source = source, .target = "/x", .options = "" };
        LaunchPlan plan;
        RuntimeRequest request = { .plan = &plan, .ceiling = c };
        Launch l = { .request = &request, .plan = &plan };

        brig_plan_init(&plan, PLAN_KIND_CONTAINER);
        plan.mounts = &m, plan.n_mounts = 1;
        int r = brig_step_binds_resolve(&l, err);
        if (l.binds)
                (void)brig_close(l.binds[0].fd);
        free(l.binds);
        return r;
}

static void P12_a_missing_source_is_made_from_the_folder_that_was_judged(void **state)
{
        if (!can_run(state))
                return;
        make("/made");
        make("/closed");
        assert_int_equal(symlink(at("/closed"), at("/made/link")), 0);
        _cleanup_free_ char *text = brig_str_printf("deny tree %s", at("/closed"));
        _cleanup_(brig_ceiling_freep) Ceiling *c = rules(text, NULL);
        BrigError err = BRIG_ERROR_INIT;
        struct stat st;

        assert_int_equal(resolve(c, at("/made/a/./b/"), &err), 0);
        assert_int_equal(stat(at("/made/a/b"), &st), 0);
        assert_true(resolve(c, at("/made/link/new"), &err) < 0);
        assert_non_null(strstr(err.message, "deny tree"));
        /* What an administrator is told to allow is the place itself, not a link of the user's own. */
        _cleanup_free_ char *line = brig_str_printf("\"allow bind %s\"", at("/closed/new"));
        assert_non_null(strstr(err.message, line));
        brig_error_clear(&err);
        assert_true(resolve(c, at("/made/a/../../closed/new"), &err) < 0);
        assert_true(stat(at("/closed/new"), &st) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(P12_an_exception_above_a_mount_does_not_open_it),
                cmocka_unit_test(P12_no_exception_opens_the_engines_own_folders),
                cmocka_unit_test(P12_of_equal_lines_the_later_one_counts),
                cmocka_unit_test(P12_another_mount_of_a_forbidden_folder),
                cmocka_unit_test(P12_depth_hides_nothing),
                cmocka_unit_test(P12_an_exception_for_reading_covers_submounts),
                cmocka_unit_test(P12_what_is_missing_is_not_made_where_it_is_forbidden),
                cmocka_unit_test(P12_a_missing_source_is_made_from_the_folder_that_was_judged),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
