/* Random identifiers from the kernel's generator. */
#include "base/id.h"

#include "base/strings.h"
#include <sys/random.h>

#define SHORT_ID_LEN 12

/* getrandom(2) fails only for a programming error once the pool is ready: up to 256 bytes are never cut short. */
static void random_bytes(void *out, size_t len)
{
        ssize_t n;

        do
                n = getrandom(out, len, 0);
        while (n < 0 && errno == EINTR);
        brig_assert(n == (ssize_t)len);
}

void brig_id_random(BrigId out)
{
        uint8_t bytes[BRIG_ID_LEN / 2];

        /* A short id of digits alone would be taken for a number (a pid, a count) by scripts and by docker. */
        do {
                random_bytes(bytes, sizeof bytes);
                brig_hex_encode(bytes, sizeof bytes, out);
        } while (strspn(out, "0123456789") >= SHORT_ID_LEN);
}

bool brig_id_valid(const char *s)
{
        return brig_is_hex(s, BRIG_ID_LEN);
}
