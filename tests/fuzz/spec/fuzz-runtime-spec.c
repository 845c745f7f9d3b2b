/* config.json: what is accepted is written, read again and written again, and both texts agree. */
#include "base/strings.h"
#include "spec/runtime-spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *first = NULL, *second = NULL;
        BrigError err = BRIG_ERROR_INIT;
        RuntimeSpec spec;

        if (brig_runtime_spec_read((const char *)data, size, &spec, &err) < 0) {
                brig_assert(err.kind != BRIG_OK && err.message[0]);
                return 0;
        }
        first = brig_runtime_spec_text(&spec);
        brig_runtime_spec_clear(&spec);
        brig_assert(first && brig_runtime_spec_read(first, strlen(first), &spec, &err) == 0);
        second = brig_runtime_spec_text(&spec);
        brig_runtime_spec_clear(&spec);
        brig_assert(second && streq(first, second));
        return 0;
}
