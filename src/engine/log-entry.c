/*
 * One line of a log. Written for speed (a log is read line by line) and for
 * lines that a crash cut in two: they are refused, never read half.
 */
#include "engine/logs-internal.h"

#include "base/clock.h"
#include "base/strings.h"

typedef struct Cursor { char *at, *end; } Cursor;

static void skip_blanks(Cursor *c)
{
        while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r'))
                c->at++;
}

static bool accept(Cursor *c, char expected)
{
        skip_blanks(c);
        if (c->at == c->end || *c->at != expected)
                return false;
        c->at++;
        return true;
}

static int hex4(const Cursor *c, const char *at, unsigned *ret)
{
        *ret = 0;
        if (c->end - at < 4)
                return -EINVAL;
        for (int i = 0; i < 4; i++) {
                char h = at[i];
                unsigned digit = h >= '0' && h <= '9' ? (unsigned)(h - '0') : h >= 'a' && h <= 'f' ? (unsigned)(h - 'a' + 10) : h >= 'A' && h <= 'F' ? (unsigned)(h - 'A' + 10) : 16;

                if (digit == 16)
                        return -EINVAL;
                *ret = *ret << 4 | digit;
        }
        return 0;
}

static char *put_utf8(char *to, unsigned code)
{
        if (code < 0x80) {
                *to++ = (char)code;
                return to;
        }
        if (code < 0x800) {
                *to++ = (char)(0xc0 | code >> 6);
        } else {
                if (code < 0x10000) {
                        *to++ = (char)(0xe0 | code >> 12);
                } else {
                        *to++ = (char)(0xf0 | code >> 18);
                        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
                }
                *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        }
        *to++ = (char)(0x80 | (code & 0x3f));
        return to;
}

/* Behind "\u": a surrogate pair becomes one character, a lone surrogate U+FFFD. The text gets shorter always: it fits in place. */
static int unescape_unicode(Cursor *c, char **to)
{
        unsigned code, low;

        if (hex4(c, c->at, &code) < 0)
                return -EINVAL;
        c->at += 4;
        if (code >= 0xd800 && code < 0xdc00 && c->end - c->at >= 6 && c->at[0] == '\\' && c->at[1] == 'u' && hex4(c, c->at + 2, &low) == 0 &&
            low >= 0xdc00 && low < 0xe000) {
                c->at += 6;
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        } else if (code >= 0xd800 && code < 0xe000) {
                code = 0xfffd;
        }
        *to = put_utf8(*to, code);
        return 0;
}

static int unescape(Cursor *c, char **to)
{
        static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
        const char *found;

        if (c->at == c->end)
                return -EINVAL;
        if (*c->at == 'u') {
                c->at++;
                return unescape_unicode(c, to);
        }
        found = *c->at ? strchr(from, *c->at) : NULL;
        if (!found)
                return -EINVAL;
        c->at++;
        *(*to)++ = into[found - from];
        return 0;
}

/* A string, unescaped in place. */
static int parse_string(Cursor *c, char **ret, size_t *ret_len)
{
        char *to;

        if (!accept(c, '"'))
                return -EINVAL;
        *ret = to = c->at;
        while (c->at < c->end && *c->at != '"') {
                size_t run = 0, left = (size_t)(c->end - c->at);

                while (run < left && c->at[run] != '"' && c->at[run] != '\\')
                        run++;
                if (to != c->at)
                        memmove(to, c->at, run);
                to += run;
                c->at += run;
                if (c->at < c->end && *c->at == '\\') {
                        c->at++;
                        if (unescape(c, &to) < 0)
                                return -EINVAL;
                }
        }
        if (c->at == c->end)
                return -EINVAL;
        c->at++;
        *ret_len = (size_t)(to - *ret);
        return 0;
}

/* A value that is no string (attributes of other engines): everything up to the comma or brace that ends it. */
static int skip_value(Cursor *c)
{
        int depth = 0;

        for (; c->at < c->end; c->at++) {
                char *ignored;
                size_t len;

                if (depth == 0 && (*c->at == ',' || *c->at == '}'))
                        return 0;
                if (*c->at == '{' || *c->at == '[') {
                        depth++;
                } else if (*c->at == '}' || *c->at == ']') {
                        depth--;
                } else if (*c->at == '"') {
                        if (parse_string(c, &ignored, &len) < 0)
                                return -EINVAL;
                        c->at--;
                }
        }
        return -EINVAL;
}

static int parse_time(char *text, size_t len, int64_t *ret)
{
        char copy[64];

        if (len >= sizeof copy)
                return -EINVAL;
        memcpy(copy, text, len);
        copy[len] = '\0';
        return brig_time_parse(copy, 0, ret);
}

static bool is(const char *text, size_t len, const char *word)
{
        return len == strlen(word) && memcmp(text, word, len) == 0;
}

enum { HAVE_LOG = 1, HAVE_STREAM = 2, HAVE_TIME = 4, HAVE_ALL = 7 };

static int parse_member(Cursor *c, LogEntry *e, unsigned *have)
{
        char *key, *value;
        size_t key_len, len;

        if (parse_string(c, &key, &key_len) < 0 || !accept(c, ':'))
                return -EINVAL;
        skip_blanks(c);
        if (c->at == c->end || *c->at != '"')
                return skip_value(c);
        if (parse_string(c, &value, &len) < 0)
                return -EINVAL;
        if (is(key, key_len, "log")) {
                e->text = value;
                e->len = len;
                *have |= HAVE_LOG;
        } else if (is(key, key_len, "stream")) {
                e->stream = is(value, len, "stderr") ? 2 : 1;
                *have |= HAVE_STREAM;
        } else if (is(key, key_len, "time")) {
                *have |= HAVE_TIME;
                return parse_time(value, len, &e->time);
        }
        return 0;
}

int brig_log_entry_parse(char *line, size_t len, LogEntry *ret)
{
        Cursor c = { line, line + len };
        LogEntry e = { 0 };
        unsigned have = 0;

        if (!accept(&c, '{'))
                return -EINVAL;
        do {
                if (parse_member(&c, &e, &have) < 0)
                        return -EINVAL;
        } while (accept(&c, ','));
        if (!accept(&c, '}'))
                return -EINVAL;
        skip_blanks(&c);
        if (c.at != c.end || have != HAVE_ALL)
                return -EINVAL;
        *ret = e;
        return 0;
}
