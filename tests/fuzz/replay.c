/*
 * Runs a fuzz target without a fuzzer, as an ordinary test: every file of the
 * folders named on the command line goes through LLVMFuzzerTestOneInput as it
 * is, then cut short at up to CUTS places and with up to FLIPS single bytes
 * changed. The changes come from a fixed sequence, so a failure repeats; the
 * name of the file is printed before it runs, so the last line names the
 * culprit. With -Dfuzz=true libFuzzer's own main takes this file's place.
 *
 * Each input is copied to a heap block of its exact size: a sanitizer then
 * sees a read of one byte too many.
 */
#include "base/macros.h"
#include "base/strings.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define INPUT_MAX (16u << 20)
#define CUTS 128
#define FLIPS 512
/* Large inputs get fewer variants: a test must stay short. */
#define BYTES_PER_FILE (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_copy(const uint8_t *data, size_t size)
{
        _cleanup_free_ uint8_t *copy = malloc(size ? size : 1);

        brig_assert(copy);
        if (size)
                memcpy(copy, data, size);
        (void)LLVMFuzzerTestOneInput(copy, size);
}

static uint32_t next_random(uint32_t *state)
{
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        return *state;
}

static void run_variants(uint8_t *data, size_t size)
{
        size_t budget = size ? BYTES_PER_FILE / size : 0;
        size_t cuts = MIN2(MIN2(budget, (size_t)CUTS), size), flips = MIN2(budget, (size_t)FLIPS);
        uint32_t state = 2463534242u;

        for (size_t i = 0; i < cuts; i++)
                run_copy(data, size * i / cuts);
        for (size_t i = 0; i < flips; i++) {
                size_t at = next_random(&state) % size;
                uint8_t saved = data[at];

                data[at] = (uint8_t)next_random(&state);
                run_copy(data, size);
                data[at] = saved;
        }
}

static void run_file(int dir, const char *name)
{
        _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        _cleanup_free_ uint8_t *data = NULL;
        struct stat st;

        brig_assert(fd >= 0 && fstat(fd, &st) == 0);
        if (!S_ISREG(st.st_mode))
                return;
        brig_assert(st.st_size <= INPUT_MAX);
        data = malloc((size_t)st.st_size + 1);
        brig_assert(data && read(fd, data, (size_t)st.st_size) == st.st_size);
        printf("%s\n", name);
        (void)fflush(stdout);
        run_copy(data, (size_t)st.st_size);
        run_variants(data, (size_t)st.st_size);
}

static int is_visible(const struct dirent *entry)
{
        return entry->d_name[0] != '.';
}

/* Returns the number of inputs, negative when the folder cannot be read. */
static int run_folder(const char *path)
{
        _cleanup_close_ int dir = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
        struct dirent **entries;
        int count;

        if (dir < 0)
                return -errno;
        count = scandirat(dir, ".", &entries, is_visible, alphasort);
        for (int i = 0; i < count; i++) {
                run_file(dir, entries[i]->d_name);
                free(entries[i]);
        }
        if (count >= 0)
                free(entries);
        return count;
}

int main(int argc, char **argv)
{
        int total = 0;

        for (int i = 1; i < argc; i++) {
                int count = argv[i][0] == '-' ? 0 : run_folder(argv[i]);

                if (count < 0) {
                        fprintf(stderr, "cannot read the corpus %s\n", argv[i]);
                        return 1;
                }
                total += count;
        }
        if (total == 0) {
                fprintf(stderr, "no input: give at least one corpus folder\n");
                return 1;
        }
        printf("%d inputs replayed\n", total);
        return 0;
}
