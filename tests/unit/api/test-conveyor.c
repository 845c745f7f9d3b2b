#include "api/conveyor.h"
#include "tests/unit/cmocka-all.h"

#include <pthread.h>
#include <string.h>

#define TOTAL (3u * BRIG_CONVEYOR_BYTES + 12345u)

static unsigned char byte_at(size_t i)
{
        return (unsigned char)(i * 31 + i / 251);
}

static void *produce(void *conveyor)
{
        unsigned char block[4099];
        size_t done = 0;

        while (done < TOTAL) {
                size_t n = MIN2(sizeof(block), TOTAL - done);

                for (size_t i = 0; i < n; i++)
                        block[i] = byte_at(done + i);
                if (brig_conveyor_put(conveyor, block, n) < 0)
                        return (void *)1;
                done += n;
        }
        brig_conveyor_finish(conveyor, 0);
        return NULL;
}

static void test_bytes_arrive_in_order(void **state)
{
        _cleanup_(brig_conveyor_freep) Conveyor *c = brig_conveyor_new();
        unsigned char block[1777];
        pthread_t thread;
        size_t done = 0;
        ssize_t n;

        assert_int_equal(pthread_create(&thread, NULL, produce, c), 0);
        assert_true(brig_conveyor_wait(c));
        while ((n = brig_conveyor_get(c, block, sizeof(block))) > 0)
                for (ssize_t i = 0; i < n; i++)
                        assert_int_equal(block[i], byte_at(done++));
        assert_int_equal(n, 0);
        assert_int_equal(done, TOTAL);
        assert_int_equal(brig_conveyor_get(c, block, 1), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_an_abandoned_producer_stops(void **state)
{
        _cleanup_(brig_conveyor_freep) Conveyor *c = brig_conveyor_new();
        pthread_t thread;
        void *failed = NULL;
        char byte;

        assert_int_equal(pthread_create(&thread, NULL, produce, c), 0);
        assert_int_equal(brig_conveyor_get(c, &byte, 1), 1);
        brig_conveyor_abandon(c);
        assert_int_equal(pthread_join(thread, &failed), 0);
        assert_non_null(failed);
}

static void test_an_error_comes_behind_the_bytes(void **state)
{
        _cleanup_(brig_conveyor_freep) Conveyor *c = brig_conveyor_new();
        char bytes[8];

        assert_int_equal(brig_conveyor_put(c, "abc", 3), 0);
        brig_conveyor_finish(c, ECONNRESET);
        brig_conveyor_finish(c, 0);
        assert_int_equal(brig_conveyor_get(c, bytes, sizeof(bytes)), 3);
        assert_memory_equal(bytes, "abc", 3);
        assert_int_equal(brig_conveyor_get(c, bytes, sizeof(bytes)), -ECONNRESET);
        assert_false(brig_conveyor_wait(c));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bytes_arrive_in_order), cmocka_unit_test(test_an_abandoned_producer_stops),
                cmocka_unit_test(test_an_error_comes_behind_the_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
