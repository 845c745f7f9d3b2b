/*
 * Percent-decoding and the query string. Pure functions over foreign text: this
 * file is fuzzed (tests/fuzz/api/fuzz-target.c).
 */
#include "api/target.h"

#include "base/strings.h"

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

static bool allowed_byte(unsigned char c, bool in_query)
{
        if (c == '\n' || c == '\t' || c == '\r')
                return in_query;
        return c >= 0x20 && c != 0x7f;
}

/* Decodes len bytes of s into a new string. */
static int decode(const char *s, size_t len, bool in_query, char **ret)
{
        _cleanup_free_ char *out = malloc(len + 1);
        size_t n = 0;

        if (!out)
                return -ENOMEM;
        for (size_t i = 0; i < len; i++) {
                char c = s[i];

                if (c == '%') {
                        int high = len - i > 2 ? hex_value(s[i + 1]) : -1;

                        if (high < 0 || hex_value(s[i + 2]) < 0)
                                return -EINVAL;
                        c = (char)(high << 4 | hex_value(s[i + 2]));
                        i += 2;
                } else if (c == '+' && in_query)
                        c = ' ';
                if (!allowed_byte((unsigned char)c, in_query))
                        return -EILSEQ;
                out[n++] = c;
        }
        out[n] = '\0';
        *ret = TAKE_PTR(out);
        return 0;
}

static int fail_decode(int r, const char *what, BrigError *err)
{
        if (r == -EINVAL)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%s has an invalid percent escape", what);
        if (r == -EILSEQ)
                return brig_error_set(err, BRIG_ERR_INVALID, EILSEQ, "%s has a control character or is not UTF-8", what);
        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot decode %s", what);
}

static bool is_utf8(const char *s)
{
        json_t *text = json_string(s);
        bool ok = text != NULL;

        json_decref(text);
        return ok;
}

static int decode_checked(const char *s, size_t len, bool in_query, char **ret)
{
        _cleanup_free_ char *text = NULL;
        int r = decode(s, len, in_query, &text);

        if (r < 0)
                return r;
        if (!is_utf8(text))
                return -EILSEQ;
        *ret = TAKE_PTR(text);
        return 0;
}

static int add_parameter(const char *s, size_t len, JsonPairs *query)
{
        const char *equal = memchr(s, '=', len);
        size_t key_len = equal ? (size_t)(equal - s) : len;
        _cleanup_free_ char *key = NULL, *value = NULL;
        int r;

        r = decode_checked(s, key_len, true, &key);
        if (r < 0)
                return r;
        r = decode_checked(equal ? equal + 1 : "", equal ? len - key_len - 1 : 0, true, &value);
        if (r < 0)
                return r;
        return brig_pairs_append(query, key, value);
}

static int parse_query(const char *s, JsonPairs *query, BrigError *err)
{
        while (*s) {
                size_t len = strcspn(s, "&");
                int r;

                if (query->count == BRIG_TARGET_MAX_PARAMETERS)
                        return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "the query has more than %d parameters",
                                              BRIG_TARGET_MAX_PARAMETERS);
                r = len ? add_parameter(s, len, query) : 0;
                if (r < 0)
                        return fail_decode(r, "the query", err);
                s += len + (s[len] == '&');
        }
        return 0;
}

int brig_target_parse(const char *raw, Target *ret, BrigError *err)
{
        _cleanup_target_ Target t = { 0 };
        size_t path_len = strcspn(raw, "?#");
        int r;

        if (strlen(raw) > BRIG_TARGET_MAX_BYTES)
                return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "the request target is longer than %u bytes",
                                      BRIG_TARGET_MAX_BYTES);
        if (raw[0] != '/')
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the request target does not start with a slash");
        r = decode_checked(raw, path_len, false, &t.path);
        if (r < 0)
                return fail_decode(r, "the path", err);
        if (raw[path_len] == '?') {
                r = parse_query(raw + path_len + 1, &t.query, err);
                if (r < 0)
                        return r;
        }
        *ret = (Target){ .path = TAKE_PTR(t.path), .query = t.query };
        t.query = (JsonPairs){ 0 };
        return 0;
}

void brig_target_clear(Target *t)
{
        free(TAKE_PTR(t->path));
        brig_pairs_clear(&t->query);
}

const char *brig_target_get(const Target *t, const char *name)
{
        for (size_t i = 0; i < t->query.count; i++)
                if (streq(t->query.items[i].key, name))
                        return t->query.items[i].value;
        return NULL;
}

int brig_target_get_all(const Target *t, const char *name, char ***ret)
{
        _cleanup_strv_ char **all = NULL;

        for (size_t i = 0; i < t->query.count; i++)
                if (streq(t->query.items[i].key, name)) {
                        int r = brig_strv_push(&all, t->query.items[i].value);

                        if (r < 0)
                                return r;
                }
        *ret = TAKE_PTR(all);
        return 0;
}

bool brig_target_bool_or(const Target *t, const char *name, bool absent)
{
        static const char *const no[] = { "0", "no", "false", "none" };
        const char *s = brig_target_get(t, name);
        size_t len;

        if (brig_str_empty(s))
                return absent;
        s += strspn(s, " \t\n\r");
        for (len = strlen(s); len && strchr(" \t\n\r", s[len - 1]); len--)
                ;
        if (len == 0)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(no); i++)
                if (strlen(no[i]) == len && strncasecmp(s, no[i], len) == 0)
                        return false;
        return true;
}

bool brig_target_bool(const Target *t, const char *name)
{
        return brig_target_bool_or(t, name, false);
}

int brig_target_int(const Target *t, const char *name, int64_t absent, int64_t *ret, BrigError *err)
{
        const char *s = brig_target_get(t, name);
        int64_t value;

        if (brig_str_empty(s)) {
                *ret = absent;
                return 0;
        }
        if (brig_parse_i64(s, &value) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid value for parameter \"%s\": not an integer: \"%.40s\"",
                                      name, s);
        *ret = value;
        return 0;
}
