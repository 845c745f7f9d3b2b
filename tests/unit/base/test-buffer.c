/* The bounded buffer: the maximum is the maximum, errors are sticky. */
#include "base/buffer.h"

#include "tests/unit/cmocka-all.h"
#include <string.h>

static void append_keeps_nul_behind(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(100);

        assert_int_equal(brig_buffer_append(&b, "ab\0c", 4), 0);
        assert_int_equal(brig_buffer_putc(&b, 'd'), 0);
        assert_int_equal(b.len, 5);
        assert_memory_equal(b.data, "ab\0cd", 6);
}

static void maximum_is_reached_but_not_passed(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(8);

        assert_int_equal(brig_buffer_puts(&b, "12345678"), 0);
        assert_int_equal(brig_buffer_putc(&b, '9'), -E2BIG);
        assert_string_equal(b.data, "12345678");
}

static void errors_are_sticky(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(3);

        assert_int_equal(brig_buffer_puts(&b, "1234"), -E2BIG);
        assert_int_equal(brig_buffer_puts(&b, "1"), -E2BIG);
        assert_null(brig_buffer_reserve(&b, 1));
        assert_null(brig_buffer_take(&b));
        brig_buffer_reset(&b);
        assert_int_equal(brig_buffer_puts(&b, "123"), 0);
}

static void huge_lengths_do_not_wrap(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(SIZE_MAX / 2);

        assert_int_equal(brig_buffer_putc(&b, 'x'), 0);
        assert_null(brig_buffer_reserve(&b, SIZE_MAX));
        assert_int_equal(b.error, -E2BIG);
}

static void printf_beyond_the_stack_buffer(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(5000);

        assert_int_equal(brig_buffer_printf(&b, "%d-%04000d-%s", 1, 7, "end"), 0);
        assert_int_equal(b.len, 4006);
        assert_string_equal(b.data + 4000, "07-end");
        assert_int_equal(brig_buffer_printf(&b, "%01000d", 7), -E2BIG);
        assert_int_equal(b.len, 4006);
}

static void reserve_commit_consume(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(1000);
        char *to = brig_buffer_reserve(&b, 600);

        assert_non_null(to);
        memset(to, 'a', 600);
        brig_buffer_commit(&b, 600);
        assert_int_equal(brig_buffer_puts(&b, "tail"), 0);
        brig_buffer_consume(&b, 600);
        assert_string_equal(b.data, "tail");
        brig_buffer_consume(&b, 4);
        assert_int_equal(b.len, 0);
}

static void take_of_empty_is_empty_string(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(0);
        _cleanup_free_ char *s = brig_buffer_take(&b);

        assert_string_equal(s, "");
        assert_null(b.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(append_keeps_nul_behind),
                cmocka_unit_test(maximum_is_reached_but_not_passed),
                cmocka_unit_test(errors_are_sticky),
                cmocka_unit_test(huge_lengths_do_not_wrap),
                cmocka_unit_test(printf_beyond_the_stack_buffer),
                cmocka_unit_test(reserve_commit_consume),
                cmocka_unit_test(take_of_empty_is_empty_string),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
