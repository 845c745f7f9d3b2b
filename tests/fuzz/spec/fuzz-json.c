/* The bounded JSON reader: whatever it accepts stays within the limits and survives being written and read again. */
#include "spec/json-table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_json_ json_t *first = NULL, *second = NULL;
        _cleanup_free_ char *text = NULL;
        BrigError err = BRIG_ERROR_INIT;

        if (brig_json_parse((const char *)data, size, &first, &err) < 0) {
                brig_assert(err.kind != BRIG_OK && err.message[0]);
                return 0;
        }
        text = brig_json_text(first);
        brig_assert(text);
        brig_assert(brig_json_parse(text, strlen(text), &second, &err) == 0);
        brig_assert(json_equal(first, second));
        return 0;
}
