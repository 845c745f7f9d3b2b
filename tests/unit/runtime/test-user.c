/* passwd and group of an image, well formed and not. */
#include "../cmocka-all.h"
#include "runtime/user-internal.h"

#include <string.h>

static const char passwd_text[] = "# comment\n\n:x:5:5::/nobody:\nbroken\nbad:x:abc:1::/:\nroot:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app\n1234:x:77:78::/n:\nlast:x:9:9::/l";
static const char group_text[] = "root:x:0:\nbroken\nextra:x:2000:app,other\nmore:x:2001:otherapp,app\nbad:x:-1:app\n55:x:66:";

static bool find(const char *user, UserRecord *ret)
{
        static char text[sizeof passwd_text];

        memcpy(text, passwd_text, sizeof text);
        return brig_user_find(text, user, ret);
}

static void test_users_by_name_number_and_default(void **state)
{
        UserRecord r;

        assert_true(find("app", &r));
        assert_int_equal(r.uid, 1000);
        assert_int_equal(r.gid, 1001);
        assert_string_equal(r.home, "/home/app");
        assert_true(find("1000", &r));
        assert_string_equal(r.name, "app");
        assert_true(find("", &r));
        assert_string_equal(r.name, "root");
        /* A name that looks like a number is a name first. */
        assert_true(find("1234", &r));
        assert_int_equal(r.uid, 77);
        assert_true(find("last", &r));
        assert_string_equal(r.home, "/l");
}

static void test_lines_that_are_none(void **state)
{
        UserRecord r;

        assert_false(find("broken", &r));
        assert_false(find("bad", &r));
        assert_false(find("5", &r));
        assert_false(find("none", &r));
}

static void test_groups(void **state)
{
        char text[sizeof group_text];
        gid_t gid, groups[8];

        memcpy(text, group_text, sizeof text);
        assert_true(brig_group_find(text, "extra", &gid));
        assert_int_equal(gid, 2000);
        memcpy(text, group_text, sizeof text);
        assert_true(brig_group_find(text, "55", &gid));
        assert_int_equal(gid, 66);
        memcpy(text, group_text, sizeof text);
        assert_false(brig_group_find(text, "bad", &gid));
        memcpy(text, group_text, sizeof text);
        assert_int_equal(brig_group_memberships(text, "app", groups, 8), 2);
        assert_int_equal(groups[0], 2000);
        assert_int_equal(groups[1], 2001);
        memcpy(text, group_text, sizeof text);
        assert_int_equal(brig_group_memberships(text, "app", groups, 1), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_users_by_name_number_and_default),
                cmocka_unit_test(test_lines_that_are_none),
                cmocka_unit_test(test_groups),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
