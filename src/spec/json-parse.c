/*
 * JSON text in and out. Before jansson builds a tree, one pass over the text
 * bounds what the tree may cost: jansson recurses once per nesting level, and
 * three bytes of "[]," become about a hundred bytes of memory.
 */
#include "spec/json-table.h"

#include <string.h>

typedef struct TextShape {
        size_t depth;       /* deepest nesting */
        size_t values;      /* upper bound of the number of values */
} TextShape;

/* Moves behind the string whose opening quote stands before `i`. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
        for (; i < len && text[i] != '"'; i++)
                if (text[i] == '\\')
                        i++;
        return i;
}

static TextShape text_shape(const char *text, size_t len)
{
        TextShape shape = { .values = 1 };
        size_t depth = 0;

        for (size_t i = 0; i < len; i++)
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
        return shape;
}

int brig_json_parse(const char *text, size_t len, json_t **ret, BrigError *err)
{
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
