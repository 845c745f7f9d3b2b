/* daemon.json, and the lines that brigd gets of it: one line per value, whatever the values hold. */
#include "base/strings.h"
#include "programs/brig-api/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(config_clear) Config c = { 0 };
        _cleanup_free_ char *lines = NULL;
        _cleanup_strv_ char **split = NULL;

        if (config_parse((const char *)data, size, "fuzz", &c, NULL) < 0)
                return 0;
        lines = config_flatten(&c);
        if (!lines)
                return 0;
        brig_assert(brig_strv_split(lines, '\n', &split) == 0);
        BRIG_STRV_FOREACH(line, split) {
                const char *tab = strchr(*line, '\t');

                brig_assert(!**line || (tab && !strchr(tab + 1, '\t')));
        }
        return 0;
}
