/* ps arguments of a user, and /proc/PID/stat, whose name is the payload's own choice. */
#include "api/ps.h"
#include "base/strings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup((const char *)data, size);
        const PsHost host = { .uptime = 1000, .ticks_per_second = 100, .page_size = 4096, .range_base = 65536 };
        PsProcess p = { 0 };
        PsFormat format;

        brig_assert(text);
        if (brig_ps_parse_stat(text, &p) < 0)
                p = (PsProcess){ .state = 'R' };
        if (brig_ps_format(text, &format, NULL) < 0)
                return 0;
        brig_assert(format.n > 0 && format.n <= BRIG_PS_MAX_COLUMNS);
        for (size_t i = 0; i < format.n; i++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(4096);

                format.columns[i].print(&p, &host, &out);
        }
        return 0;
}
