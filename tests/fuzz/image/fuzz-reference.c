/* Names of images: what is taken is taken again, whole and familiar, as the same name. */
#include "base/strings.h"
#include "image/image.h"
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *name = strndup((const char *)data, size), *full = NULL, *familiar = NULL, *again = NULL;
        BrigError err = BRIG_ERROR_INIT;

        brig_assert(name);
        if (brig_reference_normalise(name, &full, &err) < 0) {
                brig_assert(err.kind == BRIG_ERR_INVALID && *err.message);
                return 0;
        }
        familiar = brig_reference_familiar(full);
        brig_assert(familiar && brig_reference_normalise(full, &again, &err) == 0 && streq(full, again));
        free(again);
        again = NULL;
        brig_assert(brig_reference_normalise(familiar, &again, &err) == 0 && streq(full, again));
        return 0;
}
