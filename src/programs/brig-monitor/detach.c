#include "detach.h"

#include <string.h>

int detach_keys_init(DetachKeys *d, const void *keys, size_t len)
{
        *d = (DetachKeys){ .keys = { 'p' & 0x1f, 'q' & 0x1f }, .n = 2 };
        if (len == 0)
                return 0;
        if (len > sizeof d->keys)
                return -E2BIG;
        memcpy(d->keys, keys, len);
        d->n = len;
        return 0;
}

/* The longest beginning of the sequence that the bytes matched so far, and then c, end in. */
static size_t next_match(const DetachKeys *d, unsigned char c)
{
        unsigned char seen[DETACH_KEYS_MAX + 1];
        size_t n = d->matched;

        memcpy(seen, d->keys, n);
        seen[n++] = c;
        for (size_t skip = 0; skip < n; skip++)
                if (n - skip <= d->n && memcmp(seen + skip, d->keys, n - skip) == 0)
                        return n - skip;
        return 0;
}

size_t detach_keys_filter(DetachKeys *d, const void *data, size_t len, char *out, bool *ret_detach)
{
        const unsigned char *p = data;
        size_t n = 0;

        *ret_detach = false;
        for (size_t i = 0; i < len; i++) {
                size_t matched = next_match(d, p[i]);
                size_t freed = d->matched + 1 - matched; /* bytes that are no part of the sequence after all */

                for (size_t j = 0; j < freed; j++)
                        out[n++] = (char)(j < d->matched ? d->keys[j] : p[i]);
                d->matched = matched;
                if (matched == d->n) {
                        d->matched = 0;
                        *ret_detach = true;
                        return n;
                }
        }
        return n;
}
