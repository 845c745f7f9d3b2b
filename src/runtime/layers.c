/* Names of the layers that a test build may leave out. */
#include "runtime/runtime.h"

#include "base/strings.h"

static const struct { const char *name; unsigned bit; } layers[] = {
        { "seccomp", RUNTIME_LAYER_SECCOMP }, { "caps", RUNTIME_LAYER_CAPS }, { "landlock", RUNTIME_LAYER_LANDLOCK },
        { "userns", RUNTIME_LAYER_USERNS }, { "masked", RUNTIME_LAYER_MASKED },
};

int brig_runtime_parse_layers(const char *text, unsigned *ret, BrigError *err)
{
        unsigned bits = 0;

        while (*text) {
                size_t len = strcspn(text, ","), i = 0;

                while (i < ARRAY_SIZE(layers) && (strlen(layers[i].name) != len || strncmp(layers[i].name, text, len) != 0))
                        i++;
                if (i == ARRAY_SIZE(layers))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unknown layer \"%.*s\"", (int)len, text);
                bits |= layers[i].bit;
                text += len + (text[len] == ',');
        }
        *ret = bits;
        return 0;
}
