/* Dockerfile instructions: refused as invalid or applied, and nothing else. */
#include "base/strings.h"
#include "image/changes-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup((const char *)data, size);
        char *changes[] = { text, NULL };
        ImageContainerConfig c;
        BrigError err = BRIG_ERROR_INIT;

        brig_assert(text);
        brig_json_init(image_container_config_fields, &c, sizeof(c));
        if (brig_changes_apply(&c, changes, &err) < 0)
                brig_assert(err.kind == BRIG_ERR_INVALID || err.kind == BRIG_ERR_TOO_LARGE);
        brig_json_clear(image_container_config_fields, &c);
        return 0;
}
