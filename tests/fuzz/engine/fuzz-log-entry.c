/* One line of a log file: a crash may have cut it, a payload chose its text. */
#include "base/strings.h"
#include "engine/logs-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *line = malloc(size + 1);
        LogEntry e;

        brig_assert(line);
        if (size > 0)
                memcpy(line, data, size);
        if (brig_log_entry_parse(line, size, &e) == 0)
                brig_assert(e.text >= line && e.text + e.len <= line + size && (e.stream == 1 || e.stream == 2));
        return 0;
}
