/* Streams out of streams: the same bytes whatever the form and the pieces, and no end of bombs. */
#include "base/strings.h"
#include "image/inflate.h"
#include "image/unpack-report.h"
#include "tests/unit/cmocka-all.h"
#include "tests/unit/image/tar-build.h"

#define SIZE (3u << 20)

typedef struct Source { const char *data; size_t len, piece; int error; } Source;

static ssize_t read_source(void *context, void *data, size_t len)
{
        Source *s = context;
        size_t n = MIN2(MIN2(len, s->len), s->piece);

        if (n == 0 && s->error)
                return s->error;
        memcpy(data, s->data, n);
        s->data += n;
        s->len -= n;
        return (ssize_t)n;
}

/* Negative, or the number of bytes, appended to out. */
static ssize_t inflate_all(Source s, uint64_t max, BrigBuffer *out, BrigError *err)
{
        _cleanup_(brig_inflater_freep) BrigInflater *i = brig_inflater_new(read_source, &s, max);
        const void *block;
        ssize_t n;

        while ((n = brig_inflater_next(i, &block, err)) > 0)
                assert_int_equal(brig_buffer_append(out, block, (size_t)n), 0);
        if (n < 0)
                assert_int_equal(brig_inflater_next(i, &block, NULL), n);       /* sticky */
        else
                assert_int_equal(brig_inflater_total(i), out->len);
        return n < 0 ? n : (ssize_t)out->len;
}

static char *make_text(size_t len)
{
        char *text = malloc(len);
        uint32_t seed = 1;

        for (size_t i = 0; i < len; i++) {
                seed = seed * 1664525u + 1013904223u;
                text[i] = (char)('a' + (seed >> 28));
        }
        return text;
}

static void pack(BrigCompression form, const void *data, size_t len, BrigBuffer *out)
{
        if (form == BRIG_COMPRESSION_GZIP)
                tar_gzip(data, len, out);
        else if (form == BRIG_COMPRESSION_ZSTD)
                tar_zstd(data, len, out);
        else
                assert_int_equal(brig_buffer_append(out, data, len), 0);
}

static void test_every_form_in_every_piece(void **state)
{
        static const size_t pieces[] = { 1, 3, 511, 65536, SIZE };
        _cleanup_free_ char *text = make_text(SIZE);

        for (int form = 0; form < 3; form++)
                for (size_t p = form ? 0 : 2; p < ARRAY_SIZE(pieces); p++) {
                        _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(2 * SIZE), out = BRIG_BUFFER_INIT(SIZE);
                        BrigError err = BRIG_ERROR_INIT;

                        /* two members; plain ones are one after the other anyhow */
                        pack((BrigCompression)form, text, 1000000, &packed);
                        pack((BrigCompression)form, text + 1000000, SIZE - 1000000, &packed);
                        assert_int_equal(inflate_all((Source){ packed.data, packed.len, pieces[p], 0 }, 0, &out, &err), SIZE);
                        assert_memory_equal(out.data, text, SIZE);
                }
}

static void test_cuts_are_found_everywhere(void **state)
{
        _cleanup_free_ char *text = make_text(5000);

        for (int form = 1; form < 3; form++) {
                _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(SIZE);

                pack((BrigCompression)form, text, 5000, &packed);
                for (size_t len = 4; len < packed.len; len++) {
                        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(SIZE);
                        BrigError err = BRIG_ERROR_INIT;

                        if (inflate_all((Source){ packed.data, len, SIZE, 0 }, 0, &out, &err) >= 0)
                                fail_msg("form %d, cut at %zu of %zu", form, len, packed.len);
                        assert_int_equal(err.kind, BRIG_ERR_INVALID);
                }
        }
}

static void test_bombs_and_limits(void **state)
{
        _cleanup_free_ char *zeros = calloc(1, 32 << 20);

        for (int form = 1; form < 3; form++) {
                _cleanup_buffer_ BrigBuffer packed = BRIG_BUFFER_INIT(SIZE), out = BRIG_BUFFER_INIT(256u << 20);
                BrigError err = BRIG_ERROR_INIT;

                for (int i = 0; i < 8; i++)
                        pack((BrigCompression)form, zeros, 32 << 20, &packed);
                assert_true(inflate_all((Source){ packed.data, packed.len, SIZE, 0 }, 0, &out, &err) < 0);
                assert_int_equal(err.kind, BRIG_ERR_TOO_LARGE);
                assert_non_null(strstr(err.message, "bomb"));
                brig_buffer_reset(&out);
                assert_true(inflate_all((Source){ packed.data, packed.len, SIZE, 0 }, 1000, &out, &err) < 0);
                assert_non_null(strstr(err.message, "larger than allowed"));
        }
        {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(256u << 20);
                BrigError err = BRIG_ERROR_INIT;

                assert_true(inflate_all((Source){ zeros, 1001, SIZE, 0 }, 1000, &out, &err) < 0);
                brig_buffer_reset(&out);
                assert_int_equal(inflate_all((Source){ zeros, 1000, SIZE, 0 }, 1000, &out, &err), 1000);
        }
}

static void test_a_reader_that_fails(void **state)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(SIZE);
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(inflate_all((Source){ "abc", 3, 2, -EPIPE }, 0, &out, &err), -EPIPE);
        assert_int_equal(err.kind, BRIG_ERR_INTERNAL);
}

static void test_empty_and_tiny(void **state)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(SIZE);
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(inflate_all((Source){ "", 0, 1, 0 }, 0, &out, &err), 0);
        assert_int_equal(inflate_all((Source){ "x", 1, 1, 0 }, 0, &out, &err), 1);
        assert_int_equal(brig_compression_detect("\x1f\x8b", 2), BRIG_COMPRESSION_GZIP);
        assert_int_equal(brig_compression_detect("\x28\xb5\x2f\xfd", 4), BRIG_COMPRESSION_ZSTD);
        assert_int_equal(brig_compression_detect("\x5e\x2a\x4d\x18", 4), BRIG_COMPRESSION_ZSTD);
        assert_int_equal(brig_compression_detect("BZh9", 4), BRIG_COMPRESSION_NONE);
}

/* --- the line that brig-unpack leaves ---------------------------------------------------- */

static void test_report_lines(void **state)
{
        static const char *const bad[] = { "", "\n", "ok", "ok 1 2", "ok 1 2 3 4", "ok -1 2 3", "ok a b c", "error", "error what text", "error invalid", "yes 1 2 3" };
        UnpackReport in = { 1, 2, 3 }, out = { 0 };
        BrigError err = BRIG_ERROR_INIT, told = BRIG_ERROR_INIT;
        char line[BRIG_UNPACK_REPORT_MAX];

        brig_unpack_report_ok(&in, line);
        assert_string_equal(line, "ok 1 2 3\n");
        assert_int_equal(brig_unpack_report_parse(line, &out, &err), 0);
        assert_memory_equal(&in, &out, sizeof(in));
        (void)brig_error_errno(&err, BRIG_ERR_INVALID, ENOSPC, "entry \"a\nb\xff\"");
        brig_unpack_report_error(&err, line);
        assert_string_equal(line, "error no-space entry \"a\\x0ab\\xff\": No space left on device\n");
        assert_true(brig_unpack_report_parse(line, &out, &told) < 0);
        assert_int_equal(told.kind, BRIG_ERR_NO_SPACE);
        memset(err.message, '\n', sizeof(err.message) - 1);
        brig_unpack_report_error(&err, line);
        assert_true(strlen(line) < sizeof(line) && line[strlen(line) - 1] == '\n');
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                assert_true(brig_unpack_report_parse(bad[i], &out, &told) < 0);
                assert_int_equal(told.kind, BRIG_ERR_INTERNAL);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_form_in_every_piece), cmocka_unit_test(test_cuts_are_found_everywhere),
                cmocka_unit_test(test_bombs_and_limits), cmocka_unit_test(test_a_reader_that_fails),
                cmocka_unit_test(test_empty_and_tiny), cmocka_unit_test(test_report_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
