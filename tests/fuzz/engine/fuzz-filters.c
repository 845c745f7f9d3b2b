/* The query parameter "filters", which a client wrote. */
#include "base/strings.h"
#include "engine/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const allowed[] = { "name", "label", NULL };
        _cleanup_free_ char *text = strndup((const char *)data, size);
        _cleanup_json_ json_t *filters = NULL;
        BrigError err = BRIG_ERROR_INIT;
        JsonPairs labels = { 0 };

        brig_assert(text && brig_pairs_set(&labels, "a", "b") == 0);
        if (brig_filters_parse(text, &filters, &err) == 0) {
                (void)brig_filters_match(filters, "name", "x");
                (void)brig_filters_match_labels(filters, "label", &labels);
                (void)brig_filters_match_labels(filters, "label!", &labels);
                BRIG_IGNORE(brig_filters_check(filters, allowed, &err)); /* either answer is right */
        }
        brig_pairs_clear(&labels);
        return 0;
}
