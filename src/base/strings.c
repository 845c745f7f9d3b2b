/* Strings, bounded number parsers and hexadecimal. The vectors are in strv.c. */
#include "base/strings.h"

#include <stdarg.h>

bool brig_str_equal(const char *a, const char *b)
{
        if (!a || !b)
                return a == b;
        return strcmp(a, b) == 0;
}

bool brig_str_has_prefix(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool brig_str_has_suffix(const char *s, const char *suffix)
{
        size_t len = strlen(s), n = strlen(suffix);

        return n <= len && memcmp(s + len - n, suffix, n) == 0;
}

char *brig_str_printf(const char *fmt, ...)
{
        va_list ap;
        char *s;
        int n;

        va_start(ap, fmt);
        n = vasprintf(&s, fmt, ap);
        va_end(ap);
        return n < 0 ? NULL : s;
}

char *brig_str_dup(const char *s)
{
        return s ? strdup(s) : NULL;
}

int brig_str_set(char **dst, const char *src)
{
        char *copy = brig_str_dup(src);

        if (src && !copy)
                return -ENOMEM;
        free(*dst);
        *dst = copy;
        return 0;
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* By hand, not by strtoull(3), which takes blanks and signs and reads the locale. */
static int parse_digits(const char *s, uint64_t max, uint64_t *ret)
{
        uint64_t value = 0;

        if (!s || !*s)
                return -EINVAL;
        for (; *s; s++) {
                uint64_t digit;

                if (!is_digit(*s))
                        return -EINVAL;
                digit = (uint64_t)(*s - '0');
                if (value > (max - digit) / 10)
                        return -ERANGE;
                value = value * 10 + digit;
        }
        *ret = value;
        return 0;
}

int brig_parse_u64(const char *s, uint64_t *ret)
{
        return parse_digits(s, UINT64_MAX, ret);
}

int brig_parse_i64(const char *s, int64_t *ret)
{
        bool negative = s && *s == '-';
        uint64_t value;
        int r;

        r = parse_digits(negative ? s + 1 : s, negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, &value);
        if (r < 0)
                return r;
        *ret = (int64_t)(negative ? -value : value);
        return 0;
}

int brig_parse_u32(const char *s, uint32_t *ret)
{
        uint64_t value;
        int r = parse_digits(s, UINT32_MAX, &value);

        if (r < 0)
                return r;
        *ret = (uint32_t)value;
        return 0;
}

int brig_parse_bool(const char *s, bool *ret)
{
        static const char *const words[][2] = {
                { "0", "1" }, { "f", "t" }, { "false", "true" }, { "no", "yes" }, { "off", "on" },
        };

        if (!s)
                return -EINVAL;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                for (int value = 0; value < 2; value++)
                        if (strcasecmp(s, words[i][value]) == 0) {
                                *ret = value != 0;
                                return 0;
                        }
        return -EINVAL;
}

/* "", "b", "k", "kb", "kib" and so on up to p, in any case. Returns the shift, or -EINVAL. */
static int size_suffix_shift(const char *s)
{
        static const char units[] = "kmgtp";
        int shift = 0;

        for (size_t i = 0; *s && units[i]; i++)
                if (lower(*s) == units[i]) {
                        shift = 10 * ((int)i + 1);
                        s++;
                        if (lower(*s) == 'i' && lower(s[1]) == 'b')
                                s++;
                        break;
                }
        if (lower(*s) == 'b')
                s++;
        return *s ? -EINVAL : shift;
}

int brig_parse_size(const char *s, uint64_t *ret)
{
        uint64_t whole = 0, fraction = 0, scale = 1;
        unsigned __int128 value;
        int shift;

        if (!s || !is_digit(*s))
                return -EINVAL;
        for (; is_digit(*s); s++) {
                if (whole > (UINT64_MAX - 9) / 10)
                        return -ERANGE;
                whole = whole * 10 + (uint64_t)(*s - '0');
        }
        if (*s == '.') {
                if (!is_digit(*++s))
                        return -EINVAL;
                /* Nine digits are finer than one byte of any unit up to G; more are read and dropped. */
                for (; is_digit(*s); s++)
                        if (scale < 1000000000) {
                                fraction = fraction * 10 + (uint64_t)(*s - '0');
                                scale *= 10;
                        }
        }
        if (*s == ' ')
                s++;
        shift = size_suffix_shift(s);
        if (shift < 0)
                return shift;
        value = ((unsigned __int128)whole << shift) + ((unsigned __int128)fraction << shift) / scale;
        if (value > UINT64_MAX)
                return -ERANGE;
        *ret = (uint64_t)value;
        return 0;
}

void brig_hex_encode(const void *data, size_t len, char *out)
{
        static const char digits[] = "0123456789abcdef";
        const uint8_t *p = data;

        for (size_t i = 0; i < len; i++) {
                *out++ = digits[p[i] >> 4];
                *out++ = digits[p[i] & 15];
        }
        *out = '\0';
}

bool brig_is_hex(const char *s, size_t n)
{
        if (!s)
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_digit(s[i]) && !(s[i] >= 'a' && s[i] <= 'f'))
                        return false;
        return s[n] == '\0';
}
