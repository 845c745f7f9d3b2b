/* JSON by tables: every kind in and out, hostile documents, and what stays behind on failure. */
#include "spec/json-table.h"

#include "base/strings.h"
#include "tests/unit/cmocka-all.h"

typedef struct Inner {
        char *name;
        int64_t number;
        int flag;
} Inner;

typedef struct Outer {
        char *text;
        bool truth;
        int maybe;
        int64_t integer;
        double real;
        char **list;
        char **command;
        JsonPairs labels;
        Inner embedded;
        Inner *pointer;
        JsonArray array;
        json_t *raw;
} Outer;

static const JsonField inner_fields[] = {
        JSON_FIELD("Name", STRING, Inner, name, JSON_F_REQUIRED),
        JSON_FIELD("Number", INT64, Inner, number, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Flag", TRISTATE, Inner, flag, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField embedded_fields[] = {
        JSON_FIELD("Name", STRING, Inner, name, JSON_F_OMIT_EMPTY),
        JSON_FIELD("Flag", TRISTATE, Inner, flag, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField outer_fields[] = {
        JSON_FIELD("Text", STRING, Outer, text, 0),
        JSON_FIELD("Truth", BOOL, Outer, truth, 0),
        JSON_FIELD("Maybe", TRISTATE, Outer, maybe, 0),
        JSON_FIELD("Integer", INT64, Outer, integer, 0),
        JSON_FIELD("Real", DOUBLE, Outer, real, 0),
        JSON_FIELD("List", STRV, Outer, list, 0),
        JSON_FIELD("Command", STRING_OR_STRV, Outer, command, JSON_F_NULL_EMPTY),
        JSON_FIELD("Labels", STRMAP, Outer, labels, 0),
        JSON_SUB("Embedded", OBJECT, Outer, embedded, JSON_F_OMIT_EMPTY, embedded_fields, Inner),
        JSON_SUB("Pointer", OBJECT_PTR, Outer, pointer, JSON_F_OMIT_EMPTY, inner_fields, Inner),
        JSON_SUB("Array", OBJECT_ARRAY, Outer, array, JSON_F_NULL_EMPTY, inner_fields, Inner),
        JSON_FIELD("Raw", RAW, Outer, raw, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const char full[] =
        "{\"Text\":\"a\\n\xc3\xa4\",\"Truth\":true,\"Maybe\":false,\"Integer\":-9223372036854775808,\"Real\":1.5,\"List\":[\"x\",\"\"],"
        "\"Command\":[\"sh\",\"-c\"],\"Labels\":{\"z\":\"1\",\"a\":\"2\"},\"Embedded\":{\"Name\":\"e\",\"Flag\":true},"
        "\"Pointer\":{\"Name\":\"p\",\"Number\":7},\"Array\":[{\"Name\":\"0\"},{\"Name\":\"1\",\"Flag\":false}],\"Raw\":{\"any\":[1,null]}}";

static const char empty[] =
        "{\"Text\":\"\",\"Truth\":false,\"Maybe\":null,\"Integer\":0,\"Real\":0.0,\"List\":[],\"Command\":null,\"Labels\":{},\"Array\":null}";

static int parse_read(const char *text, Outer *out, unsigned flags, BrigError *err)
{
        _cleanup_json_ json_t *object = NULL;
        int r;

        brig_json_init(outer_fields, out, sizeof *out);
        r = brig_json_parse(text, strlen(text), &object, err);
        return r < 0 ? r : brig_json_read(object, outer_fields, out, sizeof *out, flags, err);
}

static void assert_writes(const Outer *in, const char *text)
{
        _cleanup_json_ json_t *object = brig_json_write(outer_fields, in);
        _cleanup_free_ char *written = brig_json_text(object);

        assert_string_equal(written, text);
}

static void every_kind_round_trips(void **state)
{
        BrigError err = BRIG_ERROR_INIT;
        Outer o;

        assert_int_equal(parse_read(full, &o, JSON_READ_STRICT, &err), 0);
        assert_true(o.truth && o.maybe == 0 && o.integer == INT64_MIN);
        assert_int_equal(o.embedded.flag, 1);
        assert_int_equal(o.pointer->flag, -1);
        assert_int_equal(o.array.count, 2);
        assert_int_equal(((Inner *)o.array.items)[0].flag, -1);
        assert_int_equal(((Inner *)o.array.items)[1].flag, 0);
        assert_string_equal(brig_pairs_get(&o.labels, "a"), "2");
        assert_writes(&o, full);
        brig_json_clear(outer_fields, &o);
        assert_writes(&o, empty);
}

static void absent_and_null_are_alike(void **state)
{
        BrigError err = BRIG_ERROR_INIT;
        Outer o;

        assert_int_equal(parse_read("{}", &o, 0, &err), 0);
        assert_int_equal(o.maybe, -1);
        assert_int_equal(o.embedded.flag, -1);
        assert_writes(&o, empty);
        assert_int_equal(parse_read("{\"Text\":null,\"Truth\":null,\"List\":null,\"Labels\":null,\"Embedded\":null,\"Pointer\":null,"
                                    "\"Array\":null,\"Raw\":null,\"Other\":1}", &o, 0, &err), 0);
        assert_writes(&o, empty);
}

static void command_may_be_a_string_and_empty_is_not_absent(void **state)
{
        BrigError err = BRIG_ERROR_INIT;
        Outer o;

        assert_int_equal(parse_read("{\"Command\":\"ls -l\"}", &o, 0, &err), 0);
        assert_int_equal(brig_strv_len(o.command), 1);
        assert_string_equal(o.command[0], "ls -l");
        brig_json_clear(outer_fields, &o);
        assert_int_equal(parse_read("{\"Command\":[]}", &o, 0, &err), 0);
        assert_non_null(o.command);
        assert_int_equal(brig_strv_len(o.command), 0);
        brig_json_clear(outer_fields, &o);
}

static const struct { const char *text; const char *message; } wrong[] = {
        { "[]", "expected an object" },
        { "{\"Text\":1}", "Text: expected a string" },
        { "{\"Truth\":0}", "Truth: expected true or false" },
        { "{\"Maybe\":\"\"}", "Maybe: expected true or false" },
        { "{\"Integer\":1.0}", "Integer: expected an integer" },
        { "{\"Integer\":\"1\"}", "Integer: expected an integer" },
        { "{\"Real\":\"1\"}", "Real: expected a number" },
        { "{\"List\":\"a\"}", "List: expected an array of strings" },
        { "{\"List\":[\"a\",null]}", "List[1]: expected a string" },
        { "{\"Command\":{}}", "Command: expected a string or an array of strings" },
        { "{\"Labels\":[]}", "Labels: expected an object of strings" },
        { "{\"Labels\":{\"a\":1}}", "Labels.a: expected a string" },
        { "{\"Embedded\":{\"Name\":1}}", "Embedded.Name: expected a string" },
        { "{\"Pointer\":[]}", "Pointer: expected an object" },
        { "{\"Pointer\":{}}", "Pointer.Name: missing" },
        { "{\"Array\":{}}", "Array: expected an array of objects" },
        { "{\"Array\":[{\"Name\":\"a\"},{\"Name\":\"a\",\"Number\":true}]}", "Array[1].Number: expected an integer" },
        { "{\"Array\":[null]}", "Array[0]: expected an object" },
};

static void wrong_types_name_their_path(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                BrigError err = BRIG_ERROR_INIT;
                Outer o;

                assert_int_equal(parse_read(wrong[i].text, &o, 0, &err), -EINVAL);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                assert_string_equal(err.message, wrong[i].message);
                assert_writes(&o, empty);
        }
}

static void strict_refuses_unknown_names_at_every_level(void **state)
{
        BrigError err = BRIG_ERROR_INIT;
        Outer o;

        assert_int_equal(parse_read("{\"Array\":[{\"Name\":\"a\",\"Nmae\":1}]}", &o, JSON_READ_STRICT, &err), -EINVAL);
        assert_string_equal(err.message, "Array[0].Nmae: unknown name");
        assert_int_equal(parse_read("{\"Raw\":{\"free\":1}}", &o, JSON_READ_STRICT, &err), 0);
        brig_json_clear(outer_fields, &o);
}

static void reading_again_replaces(void **state)
{
        _cleanup_json_ json_t *object = json_pack("{s:s, s:[s], s:{s:s}}", "Text", "new", "List", "n", "Labels", "k", "v");
        BrigError err = BRIG_ERROR_INIT;
        Outer o;

        assert_int_equal(parse_read(full, &o, 0, &err), 0);
        assert_int_equal(brig_json_read(object, outer_fields, &o, sizeof o, 0, &err), 0);
        assert_string_equal(o.text, "new");
        assert_int_equal(o.labels.count, 1);
        brig_json_clear(outer_fields, &o);
}

typedef struct Named { char *key; int64_t number; } Named;
typedef struct Numbers {
        int64_t port;
        JsonInt maybe;
        uint64_t limit;
        JsonInts list;
        char *word;
        JsonArray map;
} Numbers;

static const char *const colours[] = { "red", "green", NULL };
static const JsonField named_fields[] = { JSON_FIELD("number", INT64, Named, number, JSON_F_OMIT_EMPTY), JSON_END };
static const JsonField number_fields[] = {
        JSON_RANGE("port", INT64, Numbers, port, JSON_F_OMIT_EMPTY, 1, 65535),
        JSON_RANGE("maybe", OPT_INT64, Numbers, maybe, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_FIELD("limit", UINT64, Numbers, limit, JSON_F_OMIT_EMPTY),
        JSON_RANGE("list", INT64V, Numbers, list, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_WORD("word", Numbers, word, JSON_F_OMIT_EMPTY, colours),
        JSON_SUB("map", OBJECT_MAP, Numbers, map, JSON_F_OMIT_EMPTY, named_fields, Named),
        JSON_END,
};

static int read_numbers(const char *text, Numbers *out, BrigError *err)
{
        _cleanup_json_ json_t *object = NULL;
        int r = brig_json_parse(text, strlen(text), &object, err);

        brig_json_init(number_fields, out, sizeof *out);
        return r < 0 ? r : brig_json_read(object, number_fields, out, sizeof *out, 0, err);
}

static void numbers_words_and_maps_round_trip(void **state)
{
        static const char text[] = "{\"port\":80,\"maybe\":0,\"limit\":9223372036854775807,\"list\":[0,4294967295],\"word\":\"green\","
                                   "\"map\":{\"z\":{\"number\":1},\"a\":{}}}";
        _cleanup_free_ char *written = NULL;
        _cleanup_json_ json_t *object = NULL;
        BrigError err = BRIG_ERROR_INIT;
        Numbers n;

        assert_int_equal(read_numbers(text, &n, &err), 0);
        assert_true(n.maybe.set);
        assert_string_equal(((Named *)n.map.items)[1].key, "a");
        object = brig_json_write(number_fields, &n);
        written = brig_json_text(object);
        assert_string_equal(written, text);
        brig_json_clear(number_fields, &n);
        assert_false(n.maybe.set);
}

static void integers_beyond_int64(void **state)
{
        static const struct { const char *text; uint64_t value; } good[] = {
                { "{\"limit\":18446744073709551615,\"x\":\"18446744073709551615\"}", UINT64_MAX },
                { "{\"limit\":9223372036854775808}", UINT64_C(1) << 63 },
                { "{\"limit\" : 0 , \"big\":[18446744073709551616,-9223372036854775809]}", 0 },
        };
        static const char *const bad[] = {
                "{\"limit\":-1}", "{\"limit\":1.5}", "{\"limit\":36893488147419103232}", "{\"limit\":\"1\"}", "{\"port\":9223372036854775808}",
                "{\"maybe\":-9223372036854775809}", "{\"port\":18446744073709551615}", "{\"limit\":1e19e}", "{\"limit\":00}",
        };
        BrigError err = BRIG_ERROR_INIT;
        Numbers n;

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                assert_int_equal(read_numbers(good[i].text, &n, &err), 0);
                assert_true(n.limit == good[i].value);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(read_numbers(bad[i], &n, &err), -EINVAL);
}

static void ranges_and_words_are_kept(void **state)
{
        static const struct { const char *text; const char *message; } rows[] = {
                { "{\"port\":0}", "port: must lie between 1 and 65535" },
                { "{\"maybe\":-2}", "maybe: must lie between -1 and 9223372036854775807" },
                { "{\"list\":[1,-1]}", "list[1]: must lie between 0 and 4294967295" },
                { "{\"list\":[1,\"a\"]}", "list[1]: expected an integer" },
                { "{\"word\":\"blue\"}", "word: \"blue\" is none of red, green" },
                { "{\"map\":[]}", "map: expected an object of objects" },
                { "{\"map\":{\"a\":1}}", "map.a: expected an object" },
                { "{\"map\":{\"a\":{},\"b\":{\"number\":\"x\"}}}", "map.b.number: expected an integer" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                BrigError err = BRIG_ERROR_INIT;
                Numbers n;

                assert_int_equal(read_numbers(rows[i].text, &n, &err), -EINVAL);
                assert_string_equal(err.message, rows[i].message);
        }
}

static void malformed_documents(void **state)
{
        static const char *const bad[] = {
                "", " ", "{", "}", "{\"a\":1,}", "{a:1}", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "[1e999]", "[\"\\u0000\"]",
                "[\"\xff\"]", "[\"a\nb\"]", "[01]", "[NaN]", "\"just a string\"", "[\"unterminated", "[\"\\",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                BrigError err = BRIG_ERROR_INIT;
                json_t *object = NULL;

                assert_int_equal(brig_json_parse(bad[i], strlen(bad[i]), &object, &err), -EINVAL);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                assert_null(object);
        }
}

/* `count` times `unit` between brackets. */
static char *repeated(const char *before, const char *unit, size_t count, const char *after)
{
        size_t head = strlen(before), len = strlen(unit), tail = strlen(after);
        char *text = malloc(head + count * len + tail + 1);

        assert_non_null(text);
        memcpy(text, before, head);
        for (size_t i = 0; i < count; i++)
                memcpy(text + head + i * len, unit, len);
        memcpy(text + head + count * len, after, tail + 1);
        return text;
}

static void bombs_are_refused_before_they_are_parsed(void **state)
{
        _cleanup_free_ char *deep = repeated("", "[", 1000000, ""), *wide = repeated("[", "[],", 1000000, "0]");
        _cleanup_free_ char *inside = repeated("[\"", "[{,\\\"", 1000000, "\"]"), *big = repeated("[\"", "aaaaaaaa", 1 << 21, "\"]");
        _cleanup_free_ char *limit = repeated("", "[", BRIG_JSON_MAX_DEPTH, "");
        _cleanup_json_ json_t *object = NULL;
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(brig_json_parse(deep, strlen(deep), &object, &err), -EINVAL);
        assert_non_null(strstr(err.message, "nests deeper than 64"));
        assert_int_equal(brig_json_parse(wide, strlen(wide), &object, &err), -E2BIG);
        assert_int_equal(err.kind, BRIG_ERR_TOO_LARGE);
        assert_int_equal(brig_json_parse(big, strlen(big), &object, &err), -E2BIG);
        assert_int_equal(err.kind, BRIG_ERR_TOO_LARGE);
        /* Brackets within a string are text. */
        assert_int_equal(brig_json_parse(inside, strlen(inside), &object, &err), 0);
        brig_json_decrefp(&object);
        assert_int_equal(brig_json_parse(limit, strlen(limit), &object, &err), -EINVAL);
        assert_non_null(strstr(err.message, "malformed"));
}

static void long_paths_do_not_overflow(void **state)
{
        _cleanup_free_ char *text = repeated("{\"Labels\":{\"", "k", 5000, "\":1}}");
        BrigError err = BRIG_ERROR_INIT;
        Outer o;

        assert_int_equal(parse_read(text, &o, 0, &err), -EINVAL);
        assert_non_null(strstr(err.message, "expected a string"));
}

static void pairs(void **state)
{
        JsonPairs p = { 0 }, copy = { 0 };

        for (int i = 0; i < 100; i++) {
                char key[16];

                (void)snprintf(key, sizeof key, "k%d", i % 50);
                assert_int_equal(brig_pairs_set(&p, key, i < 50 ? "old" : "new"), 0);
        }
        assert_int_equal(p.count, 50);
        assert_string_equal(brig_pairs_get(&p, "k49"), "new");
        assert_null(brig_pairs_get(&p, "k50"));
        assert_int_equal(brig_pairs_set(&copy, "gone", ""), 0);
        assert_int_equal(brig_pairs_copy(&copy, &p), 0);
        assert_null(brig_pairs_get(&copy, "gone"));
        assert_string_equal(copy.items[0].key, "k0");
        brig_pairs_clear(&p);
        brig_pairs_clear(&copy);
        assert_null(p.items);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_kind_round_trips),
                cmocka_unit_test(absent_and_null_are_alike),
                cmocka_unit_test(command_may_be_a_string_and_empty_is_not_absent),
                cmocka_unit_test(wrong_types_name_their_path),
                cmocka_unit_test(strict_refuses_unknown_names_at_every_level),
                cmocka_unit_test(reading_again_replaces),
                cmocka_unit_test(numbers_words_and_maps_round_trip),
                cmocka_unit_test(integers_beyond_int64),
                cmocka_unit_test(ranges_and_words_are_kept),
                cmocka_unit_test(malformed_documents),
                cmocka_unit_test(bombs_are_refused_before_they_are_parsed),
                cmocka_unit_test(long_paths_do_not_overflow),
                cmocka_unit_test(pairs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
