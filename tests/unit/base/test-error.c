/* The error object: return values, texts, truncation, statuses. */
#include "base/error.h"

#include "tests/unit/cmocka-all.h"
#include <string.h>

static void set_returns_minus_errno(void **state)
{
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(brig_error_set(&err, BRIG_ERR_CONFLICT, EEXIST, "name \"%s\" is taken", "web"), -EEXIST);
        assert_int_equal(err.kind, BRIG_ERR_CONFLICT);
        assert_int_equal(err.errnum, EEXIST);
        assert_string_equal(err.message, "name \"web\" is taken");
        assert_int_equal(brig_error_set(NULL, BRIG_ERR_INVALID, 0, "x"), -EIO);
        assert_int_equal(brig_error_set(NULL, BRIG_ERR_INVALID, -EPERM, "x"), -EPERM);
}

static void errno_appends_the_cause(void **state)
{
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(brig_error_errno(&err, BRIG_ERR_INTERNAL, -ENOENT, "open '/x'"), -ENOENT);
        assert_string_equal(err.message, "open '/x': No such file or directory");
        assert_int_equal(brig_error_errno(&err, BRIG_ERR_INTERNAL, 999999, "open"), -999999);
        assert_string_equal(err.message, "open: unknown error");
}

static void full_disk_has_a_kind_of_its_own(void **state)
{
        BrigError err = BRIG_ERROR_INIT;

        (void)brig_error_errno(&err, BRIG_ERR_INTERNAL, ENOSPC, "write blob");
        assert_int_equal(err.kind, BRIG_ERR_NO_SPACE);
        (void)brig_error_errno(&err, BRIG_ERR_INTERNAL, EDQUOT, "write blob");
        assert_int_equal(err.kind, BRIG_ERR_NO_SPACE);
        assert_int_equal(brig_error_http_status(err.kind), 507);
}

static void prefix_stands_before(void **state)
{
        BrigError err = BRIG_ERROR_INIT;

        (void)brig_error_set(&err, BRIG_ERR_INVALID, EINVAL, "bad digest");
        brig_error_prefix(&err, "layer %d", 3);
        assert_string_equal(err.message, "layer 3: bad digest");
        brig_error_prefix(NULL, "x");
}

static void long_texts_are_cut(void **state)
{
        BrigError err = BRIG_ERROR_INIT;
        char text[3000];

        memset(text, 'a', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        (void)brig_error_set(&err, BRIG_ERR_INVALID, EINVAL, "%s", text);
        assert_int_equal(strlen(err.message), sizeof err.message - 1);
        brig_error_prefix(&err, "b%s", text);
        assert_int_equal(strlen(err.message), sizeof err.message - 1);
        assert_int_equal(err.message[0], 'b');
        (void)brig_error_errno(&err, BRIG_ERR_INVALID, ENOENT, "%s", text);
        assert_int_equal(strlen(err.message), sizeof err.message - 1);
        brig_error_clear(&err);
        assert_int_equal(err.kind, BRIG_OK);
        assert_string_equal(err.message, "");
}

static void every_kind_has_a_status(void **state)
{
        for (unsigned kind = 0; kind < _BRIG_ERR_MAX; kind++)
                assert_in_range(brig_error_http_status((BrigErrorKind)kind), 200, 599);
        assert_int_equal(brig_error_http_status(_BRIG_ERR_MAX), 500);
        assert_int_equal(brig_error_http_status(BRIG_ERR_NOT_MODIFIED), 304);
        assert_int_equal(brig_error_exit_code(BRIG_ERR_COMMAND_NOT_FOUND), 127);
        assert_int_equal(brig_error_exit_code(BRIG_ERR_COMMAND_NOT_EXEC), 126);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(set_returns_minus_errno),
                cmocka_unit_test(errno_appends_the_cause),
                cmocka_unit_test(full_disk_has_a_kind_of_its_own),
                cmocka_unit_test(prefix_stands_before),
                cmocka_unit_test(long_texts_are_cut),
                cmocka_unit_test(every_kind_has_a_status),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
