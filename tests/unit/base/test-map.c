/* The hash map: order, removal while iterating, growth, ownership. */
#include "base/map.h"

#include "base/strings.h"
#include "tests/unit/cmocka-all.h"

static int freed;

static void count_free(void *value)
{
        freed++;
        free(value);
}

static void put_get_take(void **state)
{
        _cleanup_(brig_map_freep) BrigMap *m = brig_map_new(NULL);
        int a, b;

        assert_null(brig_map_get(m, "a"));
        assert_int_equal(brig_map_put(m, "a", &a), 0);
        assert_int_equal(brig_map_put(m, "", &b), 0);
        assert_int_equal(brig_map_put(m, "a", &b), -EEXIST);
        assert_ptr_equal(brig_map_get(m, "a"), &a);
        assert_ptr_equal(brig_map_get(m, ""), &b);
        assert_ptr_equal(brig_map_take(m, "a"), &a);
        assert_null(brig_map_take(m, "a"));
        assert_false(brig_map_remove(m, "a"));
        assert_int_equal(brig_map_size(m), 1);
}

static void values_are_freed_once(void **state)
{
        BrigMap *m = brig_map_new(count_free);

        freed = 0;
        assert_int_equal(brig_map_put(m, "a", strdup("1")), 0);
        assert_int_equal(brig_map_set(m, "a", strdup("2")), 0);
        assert_int_equal(freed, 1);
        assert_int_equal(brig_map_set(m, "b", strdup("3")), 0);
        assert_true(brig_map_remove(m, "a"));
        assert_int_equal(freed, 2);
        free(brig_map_take(m, "b"));
        assert_int_equal(freed, 2);
        assert_int_equal(brig_map_put(m, "c", strdup("4")), 0);
        assert_null(brig_map_free(m));
        assert_int_equal(freed, 3);
        assert_null(brig_map_free(NULL));
}

static void iterates_in_insertion_order_and_survives_removal(void **state)
{
        _cleanup_(brig_map_freep) BrigMap *m = brig_map_new(NULL);
        static int numbers[1000];
        const char *key;
        void *value;
        int expect = 0;

        for (int i = 0; i < 1000; i++) {
                char name[16];

                (void)snprintf(name, sizeof name, "key-%d", i);
                assert_int_equal(brig_map_put(m, name, &numbers[i]), 0);
        }
        for (size_t i = 0; brig_map_next(m, &i, &key, &value); expect++) {
                assert_ptr_equal(value, &numbers[expect]);
                if (expect % 2)
                        assert_true(brig_map_remove(m, key));
        }
        assert_int_equal(expect, 1000);
        assert_int_equal(brig_map_size(m), 500);
        expect = 0;
        for (size_t i = 0; brig_map_next(m, &i, NULL, &value); expect += 2)
                assert_ptr_equal(value, &numbers[expect]);
}

/* A busy map of few entries must not grow with the number of entries that ever were in it. */
static void put_and_remove_for_ever(void **state)
{
        _cleanup_(brig_map_freep) BrigMap *m = brig_map_new(NULL);
        int value;

        assert_int_equal(brig_map_put(m, "stays", &value), 0);
        for (int i = 0; i < 100000; i++) {
                char name[16];

                (void)snprintf(name, sizeof name, "%d", i);
                assert_int_equal(brig_map_put(m, name, &value), 0);
                assert_true(brig_map_remove(m, name));
        }
        assert_int_equal(brig_map_size(m), 1);
        assert_non_null(brig_map_get(m, "stays"));
}

static void absent_map_is_empty(void **state)
{
        size_t i = 0;

        assert_null(brig_map_get(NULL, "a"));
        assert_int_equal(brig_map_size(NULL), 0);
        assert_false(brig_map_next(NULL, &i, NULL, NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(put_get_take),
                cmocka_unit_test(values_are_freed_once),
                cmocka_unit_test(iterates_in_insertion_order_and_survives_removal),
                cmocka_unit_test(put_and_remove_for_ever),
                cmocka_unit_test(absent_map_is_empty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
