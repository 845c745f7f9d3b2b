/* Aligned tables, docker's words for numbers, JSON as Go prints it, ports, urls and detach keys. */
#include "tests/unit/cmocka-all.h"
#include "base/clock.h"
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/terminal.h"
#include "cli/url.h"
#include "cli/verbs/ports.h"
#include "cli/words.h"
#include <time.h>

static void test_table(void **state)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1000);

        brig_table_print("ID\tNAME\tX\nabc\ta-longer-name\ty\n\xc3\xa4\xc3\xb6\xc3\xbc\tn\t\n", 10, &out);
        assert_string_equal(out.data,
                            "ID        NAME            X\n"
                            "abc       a-longer-name   y\n"
                            "\xc3\xa4\xc3\xb6\xc3\xbc       n               \n");
}

static void test_sizes(void **state)
{
        static const struct { int64_t bytes; int digits; const char *words; } cases[] = {
                { 0, 3, "0B" }, { 999, 3, "999B" }, { 1000, 3, "1kB" }, { 1234, 3, "1.23kB" }, { 4261574, 3, "4.26MB" },
                { 4261574, 4, "4.262MB" }, { 124000000, 3, "124MB" }, { 12345, 4, "12.35kB" },
        };
        char words[WORD_SIZE];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                brig_words_size(cases[i].bytes, cases[i].digits, words);
                assert_string_equal(words, cases[i].words);
        }
        brig_words_size_binary(4123456789, words);
        assert_string_equal(words, "3.84GiB");
}

static void test_times(void **state)
{
        char words[WORD_SIZE];

        setenv("TZ", "UTC0", 1);
        tzset();
        brig_words_time(1700000000, words);
        assert_string_equal(words, "2023-11-14 22:13:20 +0000 UTC");
        brig_words_time_rfc3339(1700000000, words);
        assert_string_equal(words, "2023-11-14T22:13:20Z");
        setenv("TZ", "XST-5:30", 1);
        tzset();
        brig_words_time_rfc3339(1700000000, words);
        assert_string_equal(words, "2023-11-15T03:43:20+05:30");
        brig_words_ago(brig_now_realtime() / BRIG_NSEC_PER_SEC - 3 * 86400 - 60, words);
        assert_string_equal(words, "3 days ago");
}

static void test_names(void **state)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1000);
        char words[WORD_SIZE];

        brig_words_short_id("sha256:0123456789abcdef", words);
        assert_string_equal(words, "0123456789ab");
        brig_words_ellipsis("sleep 1000000000000000000000", 20, &out);
        assert_string_equal(out.data, "sleep 1000000000000\xe2\x80\xa6");
        brig_buffer_reset(&out);
        brig_words_ellipsis("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4", 3, &out);
        assert_string_equal(out.data, "\xc3\xa4\xc3\xb6\xe2\x80\xa6");
}

/* An image's history must not drive the user's terminal. */
static void test_clean_output(void **state)
{
        static const char text[] = "a\x1b[2Jb\tc\n\x7f\xc2\x9b\xc3\xa4\0d";
        char *written = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&written, &size);

        brig_words_write_clean(f, text, sizeof(text) - 1);
        assert_int_equal(fclose(f), 0);
        assert_string_equal(written, "a\\x1b[2Jb\tc\n\\x7f\\xc2\\x9b\xc3\xa4\\x00d");
        free(written);
}

static void test_json(void **state)
{
        static const char text[] = "{\"a\":[1,{\"b\":\"x,y{\\\"\"}],\"e\":{},\"f\":[ ],\"n\":1.50,\"t\":true}";
        _cleanup_unref_ json_t *value = json_pack("{ss}", "k", "<a> & b");
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1000);

        brig_json_indent(text, strlen(text), 0, &out);
        assert_string_equal(out.data,
                            "{\n    \"a\": [\n        1,\n        {\n            \"b\": \"x,y{\\\"\"\n        }\n    ],\n"
                            "    \"e\": {},\n    \"f\": [],\n    \"n\": 1.50,\n    \"t\": true\n}");
        brig_buffer_reset(&out);
        brig_json_print_go(value, true, &out);
        assert_string_equal(out.data, "{\"k\":\"\\u003ca\\u003e \\u0026 b\"}");
        brig_buffer_reset(&out);
        brig_go_quote("a\"b\\c\n\x01\x7f\xc3\xa4", &out);
        assert_string_equal(out.data, "\"a\\\"b\\\\c\\n\\x01\\x7f\xc3\xa4\"");
}

/* Broken text must neither read nor write past its end. */
static void test_json_indent_survives_broken_text(void **state)
{
        static const char *const cases[] = { "{", "}}}}", "[{", "\"abc", "\"a\\", ",,:", "[ ", "{\"a\":[" };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1000);
                _cleanup_free_ char *copy = malloc(strlen(cases[i]));

                memcpy(copy, cases[i], strlen(cases[i]));
                brig_json_indent(copy, strlen(cases[i]), 1, &out);
                assert_int_equal(out.error, 0);
        }
}

static void test_ports(void **state)
{
        static const struct { const char *json, *words; } cases[] = {
                { "[]", "" },
                { "[{\"PrivatePort\":443,\"Type\":\"tcp\"}]", "443/tcp" },
                { "[{\"PrivatePort\":82,\"Type\":\"tcp\"},{\"PrivatePort\":80,\"Type\":\"tcp\"},{\"PrivatePort\":81,\"Type\":\"tcp\"},"
                  "{\"PrivatePort\":90,\"Type\":\"udp\"}]", "80-82/tcp, 90/udp" },
                { "[{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},"
                  "{\"IP\":\"::\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},{\"PrivatePort\":443,\"Type\":\"tcp\"}]",
                  "443/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp" },
                { "[{\"IP\":\"1.2.3.4\",\"PrivatePort\":90,\"PublicPort\":90,\"Type\":\"tcp\"},"
                  "{\"IP\":\"1.2.3.4\",\"PrivatePort\":91,\"PublicPort\":91,\"Type\":\"tcp\"}]", "1.2.3.4:90-91->90-91/tcp" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_unref_ json_t *ports = json_loads(cases[i].json, 0, NULL);
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1000);

                brig_ports_display(ports, &out);
                assert_string_equal(out.data ?: "", cases[i].words);
        }
}

static void test_url(void **state)
{
        _cleanup_url_ Url u = URL("/images"), empty = URL("/containers");
        BrigError err = BRIG_ERROR_INIT;

        brig_url_segment(&u, "/host:5000/a b?/../x");
        brig_url_segment(&u, "json");
        brig_url_flag(&u, "no", false);
        brig_url_flag(&u, "size", true);
        brig_url_query(&u, "x", "a&b=c/\xc3\xa4");
        assert_int_equal(brig_url_query_time(&u, "since", "1700000000.5", &err), 0);
        assert_true(brig_url_query_time(&u, "until", "yesterday", &err) < 0);
        assert_string_equal(brig_url_text(&u), "/v1.50/images/host:5000/a%20b%3F/../x/json?size=1&x=a%26b%3Dc%2F%C3%A4&since=1700000000.500000000");
        /* "rm ''" must not become a call on the whole collection. */
        brig_url_segment(&empty, "/");
        assert_null(brig_url_text(&empty));
}

static void check_keys(const char *keys, const char *typed, const char *forwarded, bool detached)
{
        char out[64 + DETACH_KEYS_MAX];
        size_t total = 0, n;
        DetachKeys d;
        bool end = false;

        assert_int_equal(brig_detach_keys_parse(keys, &d, NULL), 0);
        for (const char *s = typed; *s && !end; s++) {
                end = brig_detach_keys_filter(&d, s, 1, out + total, &n);
                total += n;
        }
        assert_int_equal(end, detached);
        assert_int_equal(total, strlen(forwarded));
        assert_memory_equal(out, forwarded, total);
}

static void test_detach_keys(void **state)
{
        DetachKeys d;
        BrigError err = BRIG_ERROR_INIT;

        check_keys("ctrl-p,ctrl-q", "ab\x10\x11zz", "ab", true);
        check_keys("ctrl-p,ctrl-q", "a\x10z", "a\x10z", false);
        check_keys("ctrl-p,ctrl-q", "\x10\x10\x11", "\x10", true);
        check_keys("a,b,c", "ababc", "ab", true);
        check_keys("ctrl-\\", "x\x1cy", "x", true);
        assert_true(brig_detach_keys_parse("ctrl-P", &d, &err) < 0);
        assert_true(brig_detach_keys_parse("foo", &d, &err) < 0);
        assert_true(brig_detach_keys_parse("a,,b", &d, &err) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table), cmocka_unit_test(test_sizes), cmocka_unit_test(test_times), cmocka_unit_test(test_names),
                cmocka_unit_test(test_clean_output),
                cmocka_unit_test(test_json), cmocka_unit_test(test_json_indent_survives_broken_text), cmocka_unit_test(test_ports),
                cmocka_unit_test(test_url), cmocka_unit_test(test_detach_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
