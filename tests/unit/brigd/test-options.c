/* brigd's options: what is refused, and that a setting has one home. */
#include "options.h"
#include "tests/unit/cmocka-all.h"
#include "base/log.h"
#include "base/strings.h"

BRIG_LOG_STATE;

static int parse(Options *o, BrigError *err, const char *a, const char *b)
{
        char *argv[] = { (char *)"brigd", (char *)a, (char *)b, NULL };
        int r = options_parse(o, a ? b ? 3 : 2 : 1, argv, err);

        return r < 0 ? r : options_finish(o, err);
}

static void accept_it(const char *a, const char *b)
{
        BrigError err = BRIG_ERROR_INIT;
        Options o = { 0 };

        if (parse(&o, &err, a, b) < 0)
                fail_msg("%s %s: %s", a, b, err.message);
        options_done(&o);
}

static void refuse_it(const char *a, const char *b, const char *because)
{
        BrigError err = BRIG_ERROR_INIT;
        Options o = { 0 };

        assert_true(parse(&o, &err, a, b) < 0);
        assert_int_equal(err.kind, BRIG_ERR_INVALID);
        if (!strstr(err.message, because))
                fail_msg("\"%s\" does not say \"%s\"", err.message, because);
        options_done(&o);
}

static void test_defaults(void **state)
{
        Options o = { 0 };

        assert_int_equal(parse(&o, NULL, NULL, NULL), 0);
        assert_string_equal(o.data_root, "/var/lib/brig");
        assert_string_equal(o.exec_root, "/run/brig");
        assert_string_equal(o.hosts[0], "unix:///run/brig/brig.sock");
        assert_false(o.config_named);
        options_done(&o);
}

static void test_forms(void **state)
{
        accept_it("--data-root", "/x");
        accept_it("--data-root=/x", NULL);
        accept_it("-H", "unix:///x.sock");
        accept_it("-Hunix:///x.sock", NULL);
        accept_it("--validate", "--version");
        refuse_it("--data-root", NULL, "needs a value");
        refuse_it("--data-root=", NULL, "needs a value");
        refuse_it("--data", "/x", "unknown argument");
        refuse_it("--validate=yes", NULL, "takes no value");
        refuse_it("-x", NULL, "unknown argument");
        refuse_it("word", NULL, "unknown argument");
        refuse_it("--data-root", "relative", "absolute");
        refuse_it("--log-level", "loud", "unknown level");
}

/* D6 in its first form: no plain TCP listener starts. */
static void test_D6_hosts(void **state)
{
        refuse_it("-H", "tcp://0.0.0.0:2375", "mutual TLS");
        refuse_it("-H", "tcp://127.0.0.1:2375", "refused");
        refuse_it("-H", "fd://", "refused");
        refuse_it("-H", "unix://relative.sock", "absolute");
        refuse_it("-H", "/run/x.sock", "only unix://");
        refuse_it("-H", "ssh://host", "only unix://");
}

static void test_one_home(void **state)
{
        char *argv[] = { (char *)"brigd", (char *)"--data-root", (char *)"/x", (char *)"-H", (char *)"unix:///a", NULL };
        BrigError err = BRIG_ERROR_INIT;
        Options o = { 0 };

        assert_int_equal(options_parse(&o, 5, argv, NULL), 0);
        assert_int_equal(options_set_from_file(&o, "exec-root", "/y", NULL), 0);
        assert_int_equal(options_set_from_file(&o, "labels", "anything", NULL), 0);
        assert_true(options_set_from_file(&o, "data-root", "/z", &err) < 0);
        assert_non_null(strstr(err.message, "both on the command line and in"));
        assert_int_equal(options_set_from_file(&o, "data-root", "/x", NULL), 0);
        assert_true(options_set_from_file(&o, "host", "unix:///b", NULL) < 0);
        assert_true(options_set_from_file(&o, "exec-root", "/again", NULL) < 0);
        assert_int_equal(options_finish(&o, NULL), 0);
        assert_string_equal(o.exec_root, "/y");
        options_done(&o);
}

static void test_hosts_of_the_file(void **state)
{
        char *argv[] = { (char *)"brigd", NULL };
        Options o = { 0 };

        assert_int_equal(options_parse(&o, 1, argv, NULL), 0);
        assert_int_equal(options_set_from_file(&o, "host", "unix:///a", NULL), 0);
        assert_int_equal(options_set_from_file(&o, "host", "unix:///b", NULL), 0);
        assert_int_equal(options_finish(&o, NULL), 0);
        assert_int_equal(brig_strv_len(o.hosts), 2);
        options_done(&o);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_D6_hosts),
                cmocka_unit_test(test_one_home),
                cmocka_unit_test(test_hosts_of_the_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
