/* The table-driven option parser: docker's grammar and docker's words. */
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "cli/options.h"
#include "cli/suggest.h"

typedef struct Values {
        bool flag, other, on;
        int init;
        const char *name;
        char **list;
        OptInt number, size, cpus, time;
} Values;

static const Option table[] = {
        OPTION("flag", 'f', BOOL, Values, flag, NULL, "a flag"),
        OPTION("other", 'o', BOOL, Values, other, NULL, "another"),
        OPTION_F("on", 0, BOOL, Values, on, "on by default", OPT_F_DEFAULT_TRUE),
        OPTION("init", 0, TRISTATE, Values, init, NULL, "three states"),
        OPTION("name", 'n', STRING, Values, name, NULL, "a name"),
        OPTION("list", 'l', LIST, Values, list, NULL, "a list"),
        OPTION("number", 0, INT, Values, number, NULL, "a number"),
        OPTION("memory", 'm', SIZE, Values, size, NULL, "a size"),
        OPTION("cpus", 0, CPUS, Values, cpus, NULL, "processors"),
        OPTION("time", 0, DURATION, Values, time, NULL, "a duration"),
        OPTIONS_END
};

typedef struct Parsed {
        Values v;
        OptionsResult found;
        BrigError err;
        int r;
} Parsed;

static void parse(Parsed *p, unsigned flags, char *const *args)
{
        *p = (Parsed) { 0 };
        brig_options_init(table, &p->v);
        p->r = brig_options_parse(table, args, flags, &p->v, &p->found, &p->err);
}

static void done(Parsed *p)
{
        brig_options_done(table, &p->v);
        brig_options_result_done(&p->found);
}
#define ARGS(...) ((char *const *)(const char *const[]) { __VA_ARGS__, NULL })

static void test_kinds(void **state)
{
        Parsed p;

        parse(&p, 0, ARGS("--flag", "--name=a", "-l", "x", "--list", "y", "--number", "-5", "-m", "1.5g", "--cpus", "0.25",
                          "--time=1m30s", "--init=false", "--on=false"));
        assert_int_equal(p.r, 0);
        assert_true(p.v.flag);
        assert_false(p.v.other);
        assert_false(p.v.on);
        assert_int_equal(p.v.init, 0);
        assert_string_equal(p.v.name, "a");
        assert_int_equal(brig_strv_len(p.v.list), 2);
        assert_string_equal(p.v.list[1], "y");
        assert_int_equal(p.v.number.value, -5);
        assert_int_equal(p.v.size.value, 3ll << 29);
        assert_int_equal(p.v.cpus.value, 250000000);
        assert_int_equal(p.v.time.value, 90ll * 1000000000);
        assert_null(p.found.positionals);
        done(&p);
}

static void test_defaults(void **state)
{
        Parsed p;

        parse(&p, 0, (char *const[]) { NULL });
        assert_int_equal(p.r, 0);
        assert_true(p.v.on);
        assert_int_equal(p.v.init, -1);
        assert_false(p.v.number.set);
        assert_null(p.v.name);
        done(&p);
}

static void test_bundles(void **state)
{
        static const struct { const char *arg; bool flag, other; const char *name; } cases[] = {
                { "-fo", true, true, NULL },
                { "-fnx", true, false, "x" },
                { "-fn=x", true, false, "x" },
                { "-nfo", false, false, "fo" },
                { "-f=false", false, false, NULL },
                { "-of=0", false, true, NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Parsed p;

                parse(&p, 0, ARGS(cases[i].arg));
                assert_int_equal(p.r, 0);
                assert_int_equal(p.v.flag, cases[i].flag);
                assert_int_equal(p.v.other, cases[i].other);
                assert_true(brig_str_equal(p.v.name, cases[i].name));
                done(&p);
        }
}

/* What follows the image belongs to the container, also when it looks like an option of ours. */
static void test_stops_at_the_first_positional(void **state)
{
        Parsed p;

        parse(&p, OPTIONS_STOP_AT_FIRST, ARGS("-f", "image", "-o", "--", "--unknown"));
        assert_int_equal(p.r, 0);
        assert_true(p.v.flag);
        assert_false(p.v.other);
        assert_int_equal(brig_strv_len(p.found.positionals), 4);
        assert_string_equal(p.found.positionals[1], "-o");
        done(&p);
}

static void test_options_behind_positionals(void **state)
{
        Parsed p;

        parse(&p, 0, ARGS("a", "-f", "-", "--", "-o"));
        assert_int_equal(p.r, 0);
        assert_true(p.v.flag);
        assert_int_equal(brig_strv_len(p.found.positionals), 3);
        assert_string_equal(p.found.positionals[1], "-");
        assert_string_equal(p.found.positionals[2], "-o");
        done(&p);
}

static void test_help(void **state)
{
        Parsed p;

        parse(&p, OPTIONS_STOP_AT_FIRST, ARGS("-f", "--help", "--broken"));
        assert_int_equal(p.r, 0);
        assert_true(p.found.help);
        done(&p);
        parse(&p, 0, ARGS("-fh"));
        assert_true(p.found.help);
        done(&p);
        parse(&p, OPTIONS_STOP_AT_FIRST, ARGS("image", "--help"));
        assert_false(p.found.help);
        done(&p);
}

static void test_refusals(void **state)
{
        static const struct { const char *args[4], *words; } cases[] = {
                { { "--nmae", "x" }, "unknown flag: --nmae\nDid you mean --name?" },
                { { "--qwertyuiop" }, "unknown flag: --qwertyuiop" },
                { { "-fz" }, "unknown shorthand flag: 'z' in -fz" },
                { { "--name" }, "flag needs an argument: --name" },
                { { "-fn" }, "flag needs an argument: 'n' in -fn" },
                { { "--flag=maybe" }, "invalid argument \"maybe\" for \"-f, --flag\" flag: neither true nor false" },
                { { "--number", "x" }, "invalid argument \"x\" for \"--number\" flag: not a number" },
                { { "-m", "1x" }, "invalid argument \"1x\" for \"-m, --memory\" flag: not a size such as 512m or 1.5g" },
                { { "--cpus", "1.0000000001" }, "invalid argument \"1.0000000001\" for \"--cpus\" flag: value is too precise" },
                { { "--cpus", "." }, "invalid argument \".\" for \"--cpus\" flag: not a number of processors such as 0.5" },
                { { "--time", "1q" }, "invalid argument \"1q\" for \"--time\" flag: not a duration such as 1m30s" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Parsed p;

                parse(&p, 0, (char *const *)cases[i].args);
                assert_true(p.r < 0);
                assert_int_equal(p.err.kind, BRIG_ERR_INVALID);
                assert_string_equal(p.err.message, cases[i].words);
                done(&p);
        }
}

static void test_cpus(void **state)
{
        static const struct { const char *text; int r; int64_t nano; } cases[] = {
                { "1", 0, 1000000000 }, { "0.000000001", 0, 1 }, { ".5", 0, 500000000 }, { "2.", 0, 2000000000 },
                { "1.5000000000", 0, 1500000000 }, { "", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "1e3", -EINVAL, 0 },
                { "1234567890", -ERANGE, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int64_t nano = 0;

                assert_int_equal(brig_option_parse_cpus(cases[i].text, &nano), cases[i].r);
                assert_int_equal(nano, cases[i].nano);
        }
}

static void test_suggestions(void **state)
{
        Suggestion s = brig_suggest_start("vresion");
        char longest[100];

        assert_int_equal(brig_suggest_distance("kitten", "sitting"), 3);
        assert_int_equal(brig_suggest_distance("ab", "ba"), 1);
        assert_int_equal(brig_suggest_distance("", "abc"), 3);
        brig_suggest_offer(&s, "info");
        brig_suggest_offer(&s, "version");
        assert_string_equal(s.best, "version");
        s = brig_suggest_start("foo");
        brig_suggest_offer(&s, "top");
        assert_null(s.best);
        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        assert_true(brig_suggest_distance(longest, "x") == SIZE_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kinds), cmocka_unit_test(test_defaults), cmocka_unit_test(test_bundles),
                cmocka_unit_test(test_stops_at_the_first_positional), cmocka_unit_test(test_options_behind_positionals),
                cmocka_unit_test(test_help), cmocka_unit_test(test_refusals), cmocka_unit_test(test_cpus),
                cmocka_unit_test(test_suggestions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
