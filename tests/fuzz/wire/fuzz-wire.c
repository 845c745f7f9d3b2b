/*
 * The decoder of the message table. The first byte chooses the link, the second
 * says how many descriptors came along. A frame that is accepted must encode to
 * the very same bytes: nothing in it was skipped or guessed.
 */
#include "base/strings.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char again[BRIG_WIRE_MAX_BYTES];
        WireMessage m;

        if (size < 2)
                return 0;
        WireLink link = (WireLink)(1u << (data[0] & 3));
        size_t n_fds = data[1] % (BRIG_WIRE_MAX_FDS + 2);
        int r = brig_wire_decode(data + 2, size - 2, n_fds, link, &m);
        if (r < 0) {
                brig_assert(r == -EBADMSG);
                return 0;
        }
        brig_assert(!streq(brig_wire_type_name(m.type), "unknown"));
        ssize_t n = brig_wire_encode(&m, link, again, sizeof(again));
        brig_assert(n == (ssize_t)(size - 2) && memcmp(again, data + 2, size - 2) == 0);
        if (m.type == WIRE_ERROR) {
                BrigError err = BRIG_ERROR_INIT;
                brig_assert(brig_wire_take_error(&m, &err) < 0 && err.kind > BRIG_OK && err.kind < _BRIG_ERR_MAX);
        }
        return 0;
}
