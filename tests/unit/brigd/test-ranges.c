/* N7: no id is ever used by two containers, whichever brigds of the host started them. */
#include "ranges.h"
#include "tests/unit/cmocka-all.h"
#include "base/log.h"
#include "base/strings.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

BRIG_LOG_STATE;

typedef struct Scratch { char folder[64], registry[80]; Ranges ranges; } Scratch;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *f)
{
        return remove(path);
}

static int setup(void **state)
{
        static Scratch s;

        s = (Scratch){ .ranges = RANGES_NONE };
        (void)snprintf(s.folder, sizeof(s.folder), "/tmp/ranges-test-XXXXXX");
        if (!mkdtemp(s.folder))
                return -1;
        (void)snprintf(s.registry, sizeof(s.registry), "%s/ids", s.folder);
        *state = &s;
        return ranges_open(&s.ranges, s.registry, NULL);
}

static int teardown(void **state)
{
        Scratch *s = *state;

        ranges_done(&s->ranges);
        return nftw(s->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A file in the place of the container's socket. */
static const char *owner(const Scratch *s, unsigned n, char out[128])
{
        (void)snprintf(out, 128, "%s/owner-%u", s->folder, n);
        int fd = open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
        return out;
}

static uint32_t take(Scratch *s, unsigned n)
{
        BrigError err = BRIG_ERROR_INIT;
        char path[128];
        uint32_t base = 0;

        if (ranges_take(&s->ranges, owner(s, n, path), &base, &err) < 0)
                fail_msg("%s", err.message);
        assert_true(base >= BRIG_RANGE_FIRST && base + BRIG_RANGE_IDS <= BRIG_RANGE_END);
        return base;
}

static void test_ranges_are_disjoint(void **state)
{
        uint32_t bases[50];

        for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
                bases[i] = take(*state, i);
                for (unsigned k = 0; k < i; k++)
                        assert_true(bases[i] >= bases[k] + BRIG_RANGE_IDS || bases[k] >= bases[i] + BRIG_RANGE_IDS);
        }
}

static void test_reuse_is_late(void **state)
{
        Scratch *s = *state;
        char path[128];
        uint32_t first = take(s, 1);

        ranges_give_back(&s->ranges, first, owner(s, 1, path));
        for (unsigned i = 2; i < 20; i++)
                assert_true(take(s, i) != first);
        /* Also for a brigd that starts now. */
        Ranges other = RANGES_NONE;
        uint32_t base;
        assert_int_equal(ranges_open(&other, s->registry, NULL), 0);
        assert_int_equal(ranges_take(&other, owner(s, 20, path), &base, NULL), 0);
        assert_true(base != first);
        ranges_done(&other);
}

static void test_only_the_owner_gives_back(void **state)
{
        Scratch *s = *state;
        char path[128], name[128];
        struct stat st;
        uint32_t base = take(s, 1);

        (void)snprintf(name, sizeof(name), "%s/%u", s->registry, (base - BRIG_RANGE_FIRST) / BRIG_RANGE_IDS);
        ranges_give_back(&s->ranges, base, owner(s, 2, path));
        assert_int_equal(lstat(name, &st), 0);
        ranges_give_back(&s->ranges, base, owner(s, 1, path));
        assert_int_equal(lstat(name, &st), -1);
}

static void count(void *context, const char *path, uint32_t base)
{
        (*(unsigned *)context)++;
}

static void test_sweep_and_each(void **state)
{
        Scratch *s = *state;
        char path[128];
        unsigned n = 0;

        (void)take(s, 1);
        (void)take(s, 2);
        assert_int_equal(unlink(owner(s, 1, path)), 0);
        ranges_sweep(&s->ranges, "/somewhere/else/");
        ranges_each(&s->ranges, s->folder, count, &n);
        assert_int_equal(n, 2);
        ranges_sweep(&s->ranges, s->folder);
        n = 0;
        ranges_each(&s->ranges, s->folder, count, &n);
        assert_int_equal(n, 1);
}

static void test_all_taken_then_stale_ones(void **state)
{
        Scratch *s = *state;
        BrigError err = BRIG_ERROR_INIT;
        char path[128], name[16];
        uint32_t base;
        const char *living = owner(s, 0, path);

        for (uint32_t i = 0; i < BRIG_RANGE_COUNT; i++) {
                (void)snprintf(name, sizeof(name), "%u", i);
                assert_int_equal(symlinkat(i == 12345 ? "/nonexistent/socket" : living, s->ranges.registry, name), 0);
        }
        assert_int_equal(ranges_take(&s->ranges, living, &base, NULL), 0);
        assert_int_equal(base, BRIG_RANGE_FIRST + 12345 * BRIG_RANGE_IDS);
        assert_true(ranges_take(&s->ranges, living, &base, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_UNAVAILABLE);
}

static void test_subuid_is_avoided(void **state)
{
        Scratch *s = *state;
        char line[64];

        /* All but one range belong to somebody's /etc/subuid. */
        uint32_t free_base = BRIG_RANGE_FIRST + 100 * BRIG_RANGE_IDS;
        (void)snprintf(line, sizeof(line), "user:%u:%u\n", BRIG_RANGE_FIRST - 100, 100 * BRIG_RANGE_IDS + 100);
        ranges_avoid_line(&s->ranges, line);
        (void)snprintf(line, sizeof(line), "1000:%u:%u\n", free_base + BRIG_RANGE_IDS, 0x50000000);
        ranges_avoid_line(&s->ranges, line);
        ranges_avoid_line(&s->ranges, "no numbers");
        ranges_avoid_line(&s->ranges, "a:b:c");
        ranges_avoid_line(&s->ranges, "huge:18446744073709551615:18446744073709551615");
        assert_int_equal(take(s, 1), free_base);
}

/* Several brigds at once: separate processes take from one registry. */
static void test_N7_side_by_side(void **state)
{
        Scratch *s = *state;
        unsigned n = 0;
        int status;

        for (unsigned child = 0; child < 4; child++)
                if (fork() == 0) {
                        Ranges own = RANGES_NONE;
                        char path[128];
                        uint32_t base;
                        int r = ranges_open(&own, s->registry, NULL);
                        for (unsigned i = 0; i < 100 && r >= 0; i++)
                                r = ranges_take(&own, owner(s, child * 100 + i, path), &base, NULL);
                        _exit(r < 0);
                }
        for (unsigned child = 0; child < 4; child++) {
                assert_true(wait(&status) > 0);
                assert_int_equal(status, 0);
        }
        /* An entry a range: 400 entries are 400 different ranges. */
        ranges_each(&s->ranges, s->folder, count, &n);
        assert_int_equal(n, 400);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_ranges_are_disjoint),
                TEST(test_reuse_is_late),
                TEST(test_only_the_owner_gives_back),
                TEST(test_sweep_and_each),
                TEST(test_all_taken_then_stale_ones),
                TEST(test_subuid_is_avoided),
                TEST(test_N7_side_by_side),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
