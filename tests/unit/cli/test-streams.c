/* The two decoders of foreign bytes: HTTP bodies and docker's multiplexed stream, cut at every place. */
#include "tests/unit/cmocka-all.h"
#include "base/buffer.h"
#include "base/strings.h"
#include "cli/demux.h"
#include "cli/http-body.h"
#include <fcntl.h>
#include <poll.h>

/* Feeds `step` bytes at a time. -errno, or the number of bytes that were spent. */
static int decode_body(HttpBody *b, const char *in, size_t len, size_t step, BrigBuffer *out)
{
        size_t at = 0;

        while (at < len && !b->done) {
                size_t n = MIN2(step, len - at), used = 0, data_len = 0;
                const char *data;
                int r = brig_http_body_decode(b, in + at, n, &used, &data, &data_len);

                if (r < 0)
                        return r;
                assert_true(used <= n && data_len <= used);
                assert_true(used > 0 || b->done);
                (void)brig_buffer_append(out, data, data_len);
                at += used;
        }
        return (int)at;
}

static void check_chunked(const char *in, const char *expected, int spent)
{
        for (size_t step = 1; step <= strlen(in); step++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1000);
                HttpBody b = brig_http_body_start(HTTP_FRAMING_CHUNKED, 0);

                assert_int_equal(decode_body(&b, in, strlen(in), step, &out), spent);
                assert_true(b.done);
                assert_string_equal(out.data ?: "", expected);
        }
}

static void test_chunked(void **state)
{
        check_chunked("0\r\n\r\n", "", 5);
        check_chunked("3\r\nabc\r\n0\r\n\r\n", "abc", 13);
        check_chunked("1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", "a0123456789", 26);
        check_chunked("3;name=value\r\nabc\r\n000\r\n\r\n", "abc", 26);
        check_chunked("2\r\nab\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nHTTP/1.1 next", "ab", 34);
}

static void test_broken_chunks(void **state)
{
        static const char *const cases[] = {
                "\r\n", "x\r\n", "-1\r\n", "3\nabc", "3\r\nabcd\r\n", "3\r\nabc\rx", "1234567890abcdef0\r\n", "0\r\n\rx", ";\r\n", "3;a\nabc",
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1000);
                HttpBody b = brig_http_body_start(HTTP_FRAMING_CHUNKED, 0);

                assert_int_equal(decode_body(&b, cases[i], strlen(cases[i]), 3, &out), -EBADMSG);
        }
}

static void test_length(void **state)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1000);
        HttpBody b = brig_http_body_start(HTTP_FRAMING_LENGTH, 4);

        assert_int_equal(decode_body(&b, "abcdNEXT", 8, 8, &out), 4);
        assert_true(b.done);
        assert_string_equal(out.data, "abcd");
        b = brig_http_body_start(HTTP_FRAMING_LENGTH, 0);
        assert_true(b.done);
        b = brig_http_body_start(HTTP_FRAMING_UNTIL_CLOSE, 0);
        assert_int_equal(decode_body(&b, "xy", 2, 1, &out), 2);
        assert_false(b.done);
}

static const char multiplexed[] =
        "\1\0\0\0\0\0\0\3out"
        "\2\0\0\0\0\0\0\5error"
        "\1\0\0\0\0\0\0\0"
        "\1\0\0\0\0\0\0\2!\n";

static void test_demux(void **state)
{
        size_t total = sizeof(multiplexed) - 1;

        for (size_t step = 1; step <= total; step++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(100), error = BRIG_BUFFER_INIT(100);
                Demux d = { .have = 0 };

                for (size_t at = 0; at < total;) {
                        size_t used, len;
                        const char *data;

                        assert_int_equal(brig_demux_decode(&d, multiplexed + at, MIN2(step, total - at), &used, &data, &len), 0);
                        assert_true(used > 0);
                        if (len > 0)
                                (void)brig_buffer_append(brig_demux_stream(&d) == DEMUX_STDOUT ? &out : &error, data, len);
                        at += used;
                }
                assert_true(brig_demux_idle(&d));
                assert_string_equal(out.data, "out!\n");
                assert_string_equal(error.data, "error");
        }
}

static void test_demux_refuses_unknown_streams(void **state)
{
        Demux d = { .have = 0 };
        const char *data;
        size_t used, len;

        assert_int_equal(brig_demux_decode(&d, "\4\0\0\0\0\0\0\1x", 9, &used, &data, &len), -EBADMSG);
        d = (Demux) { .have = 0 };
        assert_int_equal(brig_demux_decode(&d, "{\"message\":\"x\"}", 15, &used, &data, &len), -EBADMSG);
}

static void read_all(int fd, char *out, size_t size)
{
        ssize_t n = read(fd, out, size - 1);

        out[n > 0 ? n : 0] = '\0';
}

static void test_demux_writes_to_both(void **state)
{
        int out[2], err[2];
        Demux d = { .have = 0 };
        char text[64];

        assert_int_equal(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(pipe2(err, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(brig_demux_write(&d, multiplexed, sizeof(multiplexed) - 1, out[1], err[1]), 0);
        read_all(out[0], text, sizeof(text));
        assert_string_equal(text, "out!\n");
        read_all(err[0], text, sizeof(text));
        assert_string_equal(text, "error");

        /* A negative fd drops; an error of the daemon ends the stream. */
        assert_int_equal(brig_demux_write(&d, multiplexed, sizeof(multiplexed) - 1, -1, -1), 0);
        assert_int_equal(brig_demux_write(&d, "\3\0\0\0\0\0\0\4oops", 12, out[1], err[1]), -EIO);
        read_all(err[0], text, sizeof(text));
        assert_string_equal(text, "oops");
        for (size_t i = 0; i < 2; i++) {
                brig_close(out[i]);
                brig_close(err[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_chunked), cmocka_unit_test(test_broken_chunks), cmocka_unit_test(test_length),
                cmocka_unit_test(test_demux), cmocka_unit_test(test_demux_refuses_unknown_streams),
                cmocka_unit_test(test_demux_writes_to_both),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
