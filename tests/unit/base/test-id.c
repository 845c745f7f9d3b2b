/* Random identifiers. */
#include "base/id.h"

#include "tests/unit/cmocka-all.h"
#include <string.h>

static void ids_are_valid_and_differ(void **state)
{
        BrigId previous = "";

        for (int i = 0; i < 1000; i++) {
                BrigId id;

                brig_id_random(id);
                assert_true(brig_id_valid(id));
                assert_string_not_equal(id, previous);
                assert_true(strspn(id, "0123456789") < 12);
                memcpy(previous, id, sizeof id);
        }
}

static void only_64_lower_case_hex_are_valid(void **state)
{
        BrigId id;

        brig_id_random(id);
        id[63] = '\0';
        assert_false(brig_id_valid(id));
        id[63] = 'A';
        assert_false(brig_id_valid(id));
        id[63] = 'g';
        assert_false(brig_id_valid(id));
        assert_false(brig_id_valid(""));
        assert_false(brig_id_valid(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ids_are_valid_and_differ),
                cmocka_unit_test(only_64_lower_case_hex_are_valid),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
