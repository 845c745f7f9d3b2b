#include "cli/words.h"
#include "base/clock.h"
#include "base/strings.h"
#include "cli/template/template-internal.h"
#include <time.h>

static void scaled(double value, double base, const char *const *units, int digits, char out[WORD_SIZE])
{
        size_t i = 0;

        while (value >= base && units[i + 1]) {
                value /= base;
                i++;
        }
        (void)snprintf(out, WORD_SIZE, "%.*g%s", digits, value, units[i]);
}

void brig_words_size(int64_t bytes, int digits, char out[WORD_SIZE])
{
        static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB", NULL };

        scaled((double)bytes, 1000, units, digits, out);
}

void brig_words_size_binary(int64_t bytes, char out[WORD_SIZE])
{
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };

        scaled((double)bytes, 1024, units, 4, out);
}

void brig_words_ago(int64_t seconds, char out[WORD_SIZE])
{
        char words[40];

        brig_duration_human(brig_now_realtime() - seconds * BRIG_NSEC_PER_SEC, words);
        (void)snprintf(out, WORD_SIZE, "%s ago", words);
}

void brig_words_time(int64_t seconds, char out[WORD_SIZE])
{
        time_t t = (time_t)seconds;
        struct tm tm;

        if (!localtime_r(&t, &tm) || strftime(out, WORD_SIZE, "%Y-%m-%d %H:%M:%S %z %Z", &tm) == 0)
                out[0] = '\0';
}

void brig_words_time_rfc3339(int64_t seconds, char out[WORD_SIZE])
{
        time_t t = (time_t)seconds;
        char zone[32] = "Z";
        struct tm tm;
        size_t n;

        if (!localtime_r(&t, &tm) || (n = strftime(out, WORD_SIZE - sizeof(zone), "%Y-%m-%dT%H:%M:%S", &tm)) == 0) {
                out[0] = '\0';
                return;
        }
        if (tm.tm_gmtoff != 0)
                (void)snprintf(zone, sizeof(zone), "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+',
                               labs(tm.tm_gmtoff) / 3600, labs(tm.tm_gmtoff) / 60 % 60);
        (void)snprintf(out + n, WORD_SIZE - n, "%s", zone);
}

void brig_words_short_id(const char *id, char out[WORD_SIZE])
{
        const char *colon = strchr(id, ':');

        (void)snprintf(out, WORD_SIZE, "%.12s", colon ? colon + 1 : id);
}

static bool starts_character(char c)
{
        return ((unsigned char)c & 0xc0) != 0x80;
}

size_t brig_words_width(const char *s, size_t len)
{
        size_t n = 0;

        for (size_t i = 0; i < len; i++)
                n += starts_character(s[i]);
        return n;
}

void brig_words_ellipsis(const char *s, size_t width, BrigBuffer *out)
{
        size_t keep = 0, seen = 0;

        if (brig_words_width(s, strlen(s)) <= width) {
                (void)brig_buffer_puts(out, s);
                return;
        }
        for (; s[keep]; keep++)
                if (starts_character(s[keep]) && seen++ == width - 1)
                        break;
        (void)brig_buffer_append(out, s, keep);
        (void)brig_buffer_puts(out, "\xe2\x80\xa6");
}

void brig_words_labels(const json_t *labels, BrigBuffer *out)
{
        _cleanup_free_ const char **keys = brig_template_sorted_keys(labels);

        for (size_t i = 0; keys && keys[i]; i++)
                (void)brig_buffer_printf(out, "%s%s=%s", i > 0 ? "," : "", keys[i],
                                         json_string_value(json_object_get(labels, keys[i])) ?: "");
}

/* How many bytes of a control character stand here: C0, DEL, or C1 in UTF-8 (U+0080 to U+009F). */
static size_t control_length(const char *s, size_t len)
{
        unsigned char c = (unsigned char)*s;

        if (c == 0xc2 && len > 1 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] <= 0x9f)
                return 2;
        return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
}

void brig_words_write_clean(FILE *out, const char *text, size_t len)
{
        while (len > 0) {
                size_t plain = 0, control = 0;

                while (plain < len && (control = control_length(text + plain, len - plain)) == 0)
                        plain++;
                (void)fwrite(text, 1, plain, out);
                for (size_t i = 0; i < control; i++)
                        fprintf(out, "\\x%02x", (unsigned char)text[plain + i]);
                text += plain + control;
                len -= plain + control;
        }
}

void brig_words_write(FILE *out, const char *text, size_t len)
{
        if (isatty(fileno(out)))
                brig_words_write_clean(out, text, len);
        else
                (void)fwrite(text, 1, len, out);
}
