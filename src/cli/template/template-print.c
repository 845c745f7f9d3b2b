/* Truth, order and Go's %v of JSON values. */
#include "base/strings.h"
#include "cli/template/template-internal.h"

#define PRINT_DEPTH_MAX 64

bool brig_template_truth(const json_t *v)
{
        if (!v)
                return false;
        switch (json_typeof(v)) {
        case JSON_OBJECT:
                return json_object_size(v) > 0;
        case JSON_ARRAY:
                return json_array_size(v) > 0;
        case JSON_STRING:
                return json_string_length(v) > 0;
        case JSON_INTEGER:
                return json_integer_value(v) != 0;
        case JSON_REAL:
                return json_real_value(v) != 0;
        case JSON_TRUE:
                return true;
        case JSON_FALSE:
        case JSON_NULL:
                return false;
        }
        return false;
}

static int compare_keys(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **brig_template_sorted_keys(const json_t *object)
{
        size_t n = 0, size = json_object_size(object);
        const char **keys = calloc(size + 1, sizeof(*keys));
        const char *key;
        json_t *value;

        if (!keys)
                return NULL;
        json_object_foreach((json_t *)object, key, value)
                keys[n++] = key;
        qsort(keys, n, sizeof(*keys), compare_keys);
        return keys;
}

static void print_value(const json_t *v, BrigBuffer *out, unsigned depth);

static void print_object(const json_t *v, BrigBuffer *out, unsigned depth)
{
        _cleanup_free_ const char **keys = brig_template_sorted_keys(v);

        (void)brig_buffer_puts(out, "map[");
        for (size_t i = 0; keys && keys[i]; i++) {
                (void)brig_buffer_printf(out, "%s%s:", i > 0 ? " " : "", keys[i]);
                print_value(json_object_get(v, keys[i]), out, depth);
        }
        (void)brig_buffer_putc(out, ']');
}

static void print_array(const json_t *v, BrigBuffer *out, unsigned depth)
{
        (void)brig_buffer_putc(out, '[');
        for (size_t i = 0; i < json_array_size(v); i++) {
                if (i > 0)
                        (void)brig_buffer_putc(out, ' ');
                print_value(json_array_get(v, i), out, depth);
        }
        (void)brig_buffer_putc(out, ']');
}

static void print_value(const json_t *v, BrigBuffer *out, unsigned depth)
{
        if (depth > PRINT_DEPTH_MAX)
                return;
        switch (json_typeof(v)) {
        case JSON_OBJECT:
                print_object(v, out, depth + 1);
                break;
        case JSON_ARRAY:
                print_array(v, out, depth + 1);
                break;
        case JSON_STRING:
                (void)brig_buffer_append(out, json_string_value(v), json_string_length(v));
                break;
        case JSON_INTEGER:
                (void)brig_buffer_printf(out, "%lld", (long long)json_integer_value(v));
                break;
        case JSON_REAL:
                (void)brig_buffer_printf(out, "%.10g", json_real_value(v));
                break;
        case JSON_TRUE:
                (void)brig_buffer_puts(out, "true");
                break;
        case JSON_FALSE:
                (void)brig_buffer_puts(out, "false");
                break;
        case JSON_NULL:
                (void)brig_buffer_puts(out, "<nil>");
                break;
        }
}

void brig_template_print(const json_t *v, BrigBuffer *out)
{
        if (v)
                print_value(v, out, 0);
        else
                (void)brig_buffer_puts(out, "<no value>");
}
