/*
 * JSON text in and out. Before jansson builds a tree, one pass over the text
 * bounds what the tree may cost: jansson recurses once per nesting level, and
 * three bytes of "[]," become about a hundred bytes of memory.
 */
#include "spec/json-table.h"

#include "base/buffer.h"
#include <string.h>

typedef struct TextShape {
        size_t depth;       /* deepest nesting */
        size_t values;      /* upper bound of the number of values */
        bool big_integers;  /* one at least does not fit int64 */
} TextShape;

/* Moves behind the string whose opening quote stands before `i`. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
        for (; i < len && text[i] != '"'; i++)
                if (text[i] == '\\')
                        i++;
        return i;
}

/* Moves behind the number that starts at `i`; tells whether it is an integer beyond int64. */
static size_t skip_number(const char *text, size_t len, size_t i, bool *ret_big)
{
        bool negative = text[i] == '-', integer = true;
        uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, value = 0;

        *ret_big = false;
        for (i += negative; i < len && strchr("0123456789+-.eE", text[i]) && text[i]; i++) {
                uint64_t digit = (uint64_t)(text[i] - '0');

                if (text[i] < '0' || text[i] > '9')
                        integer = false;
                else if (!*ret_big && value > (limit - digit) / 10)
                        *ret_big = true;
                else
                        value = value * 10 + digit;
        }
        *ret_big = *ret_big && integer;
        return i;
}

static bool starts_number(char c)
{
        return c == '-' || (c >= '0' && c <= '9');
}

static TextShape text_shape(const char *text, size_t len)
{
        TextShape shape = { .values = 1 };
        size_t depth = 0;

        for (size_t i = 0; i < len; i++) {
                bool big;

                if (starts_number(text[i])) {
                        i = skip_number(text, len, i, &big) - 1;
                        shape.big_integers = shape.big_integers || big;
                        continue;
                }
                switch (text[i]) {
                case '"':
                        i = skip_string(text, len, i + 1);
                        break;
                case '{':
                case '[':
                        depth++;
                        shape.depth = MAX2(shape.depth, depth);
                        shape.values++;
                        break;
                case '}':
                case ']':
                        depth -= depth > 0;
                        break;
                case ',':
                        shape.values++;
                        break;
                default:
                        break;
                }
        }
        return shape;
}

/*
 * jansson refuses the whole document for one integer beyond int64, but "unlimited" is written
 * 18446744073709551615 in OCI specifications. With ".0" behind it jansson takes it as a real.
 */
static char *integers_to_reals(const char *text, size_t len, size_t *ret_len)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(2 * BRIG_JSON_MAX_BYTES);

        for (size_t i = 0, end; i < len; i = end) {
                bool big = false;

                if (text[i] == '"')
                        end = MIN2(skip_string(text, len, i + 1) + 1, len);
                else if (starts_number(text[i]))
                        end = skip_number(text, len, i, &big);
                else
                        end = i + 1;
                (void)brig_buffer_append(&b, text + i, end - i);   /* sticky: judged by take */
                if (big)
                        (void)brig_buffer_puts(&b, ".0");
        }
        *ret_len = b.len;
        return brig_buffer_take(&b);
}

int brig_json_parse(const char *text, size_t len, json_t **ret, BrigError *err)
{
        _cleanup_free_ char *rewritten = NULL;
        json_error_t why;
        TextShape shape;
        json_t *root;

        if (len > BRIG_JSON_MAX_BYTES)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "JSON document of %zu bytes is larger than %u bytes",
                                      len, BRIG_JSON_MAX_BYTES);
        shape = text_shape(text, len);
        if (shape.depth > BRIG_JSON_MAX_DEPTH)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "JSON document nests deeper than %d levels", BRIG_JSON_MAX_DEPTH);
        if (shape.values > BRIG_JSON_MAX_VALUES)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "JSON document has more than %u values", BRIG_JSON_MAX_VALUES);

        if (shape.big_integers) {
                rewritten = integers_to_reals(text, len, &len);
                if (!rewritten)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "JSON document cannot be read");
                text = rewritten;
        }

        /* Two readers of one text must not disagree on which of two equal names counts: refuse both. */
        root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
        if (!root && json_error_code(&why) == json_error_out_of_memory)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "JSON document cannot be read");
        if (!root)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "JSON document is malformed at line %d column %d: %s",
                                      why.line, why.column, why.text);
        *ret = root;
        return 0;
}

char *brig_json_text(const json_t *object)
{
        return object ? json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}
