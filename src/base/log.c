/* One line, one write(2): lines of several processes on the same stderr do not mix. */
#include "base/log.h"

#include "base/clock.h"
#include "base/strings.h"
#include <stdarg.h>

#define LOG_TEXT_MAX 4096

static const char *const level_names[] = {
        [BRIG_LOG_ERROR] = "error",
        [BRIG_LOG_WARN] = "warn",
        [BRIG_LOG_INFO] = "info",
        [BRIG_LOG_DEBUG] = "debug",
};

void brig_log_setup(const char *program, BrigLogLevel max)
{
        brig_assert(&brig_log_state);
        brig_log_state = (BrigLogState){ .program = program, .max = max };
}

/* What main.c defined, or the defaults where there is none (unit tests). */
static BrigLogState settings(void)
{
        return &brig_log_state ? brig_log_state : (BrigLogState){ .program = "brig", .max = BRIG_LOG_INFO };
}

int brig_log_level_parse(const char *s, BrigLogLevel *ret)
{
        if (!s)
                return -EINVAL;
        for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
                if (streq(s, level_names[i])) {
                        *ret = (BrigLogLevel)i;
                        return 0;
                }
        /* docker's fifth word; nothing here is more severe than an error. */
        if (streq(s, "fatal")) {
                *ret = BRIG_LOG_ERROR;
                return 0;
        }
        return -EINVAL;
}

/* Control characters become \xNN, so that foreign text can't start a line of its own. UTF-8 passes. */
static size_t escape(const char *text, char *out, size_t size)
{
        static const char digits[] = "0123456789abcdef";
        size_t n = 0;

        for (; *text && n + 5 < size; text++) {
                unsigned char c = (unsigned char)*text;

                if (c >= 0x20 && c != 0x7f) {
                        out[n++] = (char)c;
                        continue;
                }
                out[n++] = '\\';
                out[n++] = 'x';
                out[n++] = digits[c >> 4];
                out[n++] = digits[c & 15];
        }
        return n;
}

void brig_log(BrigLogLevel level, const char *fmt, ...)
{
        char text[LOG_TEXT_MAX], line[LOG_TEXT_MAX + 256], when[BRIG_TIME_STRING];
        BrigLogState log = settings();
        int saved = errno;
        va_list ap;
        size_t n;
        int head;

        if (level > log.max)
                return;
        va_start(ap, fmt);
        if (vsnprintf(text, sizeof text, fmt, ap) < 0)
                text[0] = '\0';
        va_end(ap);
        brig_time_format_full(brig_now_realtime(), when);
        head = snprintf(line, 256, "%s %s %s: ", when, level_names[level], log.program);
        n = head < 0 ? 0 : MIN2((size_t)head, (size_t)255);
        n += escape(text, line + n, sizeof line - n);
        line[n++] = '\n';
        if (write(STDERR_FILENO, line, n) < 0) {
                /* A full or closed stderr must not stop the program, and there is nowhere else to tell. */
        }
        errno = saved;
}
