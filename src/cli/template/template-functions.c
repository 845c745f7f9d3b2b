/* The functions that a template may call: one row each in `functions`. */
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/template/template-internal.h"
#include <ctype.h>

static int refuse(TemplateCall *c, const char *why)
{
        (void)snprintf(c->why, sizeof(c->why), "%s", why);
        return -EINVAL;
}

static int give(TemplateCall *c, json_t *value)
{
        c->ret = value;
        return value ? 0 : -ENOMEM;
}

static int give_text(TemplateCall *c, BrigBuffer *b)
{
        if (b->error)
                return b->error;
        return give(c, json_stringn_nocheck(b->data ?: "", b->len));
}

static int give_bool(TemplateCall *c, bool b)
{
        return give(c, json_boolean(b));
}

/* ---- logic and comparison ---- */

static int do_and(TemplateCall *c)
{
        size_t i = 0;

        while (i + 1 < c->count && brig_template_truth(c->args[i]))
                i++;
        return give(c, json_incref(c->args[i]));
}

static int do_or(TemplateCall *c)
{
        size_t i = 0;

        while (i + 1 < c->count && !brig_template_truth(c->args[i]))
                i++;
        return give(c, json_incref(c->args[i]));
}

static int do_not(TemplateCall *c)
{
        return give_bool(c, !brig_template_truth(c->args[0]));
}

static int do_eq(TemplateCall *c)
{
        for (size_t i = 1; i < c->count; i++)
                if (json_equal(c->args[0], c->args[i]))
                        return give_bool(c, true);
        return give_bool(c, false);
}

static int do_ne(TemplateCall *c)
{
        return give_bool(c, !json_equal(c->args[0], c->args[1]));
}

/* -1, 0, 1 in *ret_order. */
static int compare(TemplateCall *c, int *ret_order)
{
        const json_t *a = c->args[0], *b = c->args[1];

        if (json_is_string(a) && json_is_string(b)) {
                int order = strcmp(json_string_value(a), json_string_value(b));

                *ret_order = (order > 0) - (order < 0);
                return 0;
        }
        if (json_is_number(a) && json_is_number(b)) {
                double x = json_number_value(a), y = json_number_value(b);

                *ret_order = (x > y) - (x < y);
                return 0;
        }
        return refuse(c, "incompatible types for comparison");
}

static int do_lt(TemplateCall *c)
{
        int order, r = compare(c, &order);

        return r < 0 ? r : give_bool(c, order < 0);
}

static int do_le(TemplateCall *c)
{
        int order, r = compare(c, &order);

        return r < 0 ? r : give_bool(c, order <= 0);
}

static int do_gt(TemplateCall *c)
{
        int order, r = compare(c, &order);

        return r < 0 ? r : give_bool(c, order > 0);
}

static int do_ge(TemplateCall *c)
{
        int order, r = compare(c, &order);

        return r < 0 ? r : give_bool(c, order >= 0);
}

/* ---- containers ---- */

static int do_len(TemplateCall *c)
{
        const json_t *v = c->args[0];

        if (json_is_string(v))
                return give(c, json_integer((json_int_t)json_string_length(v)));
        if (json_is_array(v))
                return give(c, json_integer((json_int_t)json_array_size(v)));
        if (json_is_object(v))
                return give(c, json_integer((json_int_t)json_object_size(v)));
        return refuse(c, json_is_null(v) ? "len of nil pointer" : "len of a plain value");
}

static int do_index(TemplateCall *c)
{
        json_t *v = c->args[0];

        for (size_t i = 1; i < c->count; i++) {
                const json_t *key = c->args[i];

                if (!v || json_is_null(v))
                        return refuse(c, "index of untyped nil");
                if (json_is_object(v) && json_is_string(key)) {
                        v = json_object_get(v, json_string_value(key));
                } else if (json_is_array(v) && json_is_integer(key)) {
                        v = json_array_get(v, (size_t)json_integer_value(key));
                        if (!v || json_integer_value(key) < 0) {
                                (void)snprintf(c->why, sizeof(c->why), "index out of range: %lld", (long long)json_integer_value(key));
                                return -EINVAL;
                        }
                } else {
                        return refuse(c, "can't index item");
                }
        }
        /* A key that a map lacks gives Go's zero value, which prints as nothing in the maps of strings that docker has. */
        return give(c, v ? json_incref(v) : json_string(""));
}

static int do_slice(TemplateCall *c)
{
        const json_t *v = c->args[0];
        json_int_t size = json_is_string(v) ? (json_int_t)json_string_length(v) : (json_int_t)json_array_size(v);
        json_int_t from = c->count > 1 ? json_integer_value(c->args[1]) : 0;
        json_int_t to = c->count > 2 ? json_integer_value(c->args[2]) : size;
        json_t *out;

        if (!json_is_string(v) && !json_is_array(v))
                return refuse(c, "can't slice item");
        if (from < 0 || to < from || to > size)
                return refuse(c, "index out of range");
        if (json_is_string(v))
                return give(c, json_stringn_nocheck(json_string_value(v) + from, (size_t)(to - from)));
        out = json_array();
        for (json_int_t i = from; i < to; i++)
                if (json_array_append(out, json_array_get(v, (size_t)i)) < 0) {
                        json_decref(out);
                        return -ENOMEM;
                }
        return give(c, out);
}

/* ---- text ---- */

static int do_json(TemplateCall *c)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(TEMPLATE_OUTPUT_MAX);

        brig_json_print_go(c->args[0], c->scope->escape_html && json_is_object(c->args[0]), &b);
        return give_text(c, &b);
}

static int do_join(TemplateCall *c)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(TEMPLATE_OUTPUT_MAX);

        if (!json_is_string(c->args[1]) || !(json_is_array(c->args[0]) || json_is_null(c->args[0])))
                return refuse(c, "join wants a list and a separator");
        for (size_t i = 0; i < json_array_size(c->args[0]); i++) {
                if (i > 0)
                        (void)brig_buffer_puts(&b, json_string_value(c->args[1]));
                brig_template_print(json_array_get(c->args[0], i), &b);
        }
        return give_text(c, &b);
}

static int do_split(TemplateCall *c)
{
        const char *s = json_string_value(c->args[0]), *sep = json_string_value(c->args[1]);
        json_t *out;

        if (!s || !sep || !*sep)
                return refuse(c, "split wants a text and a separator");
        out = json_array();
        for (const char *next; s; s = next) {
                const char *end = strstr(s, sep);

                next = end ? end + strlen(sep) : NULL;
                if (json_array_append_new(out, json_stringn_nocheck(s, end ? (size_t)(end - s) : strlen(s))) < 0) {
                        json_decref(out);
                        return -ENOMEM;
                }
        }
        return give(c, out);
}

/* Applies `change` to every byte; `start` is true behind white space. ASCII only: what docker prints here is. */
static int map_text(TemplateCall *c, char (*change)(char ch, bool start))
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(TEMPLATE_OUTPUT_MAX);
        bool start = true;

        if (!json_is_string(c->args[0]))
                return refuse(c, "wrong type for value; expected string");
        for (const char *s = json_string_value(c->args[0]); *s; s++) {
                (void)brig_buffer_putc(&b, change(*s, start));
                start = isspace((unsigned char)*s);
        }
        return give_text(c, &b);
}

static char lower(char ch, bool start)
{
        return (char)tolower((unsigned char)ch);
}

static char upper(char ch, bool start)
{
        return (char)toupper((unsigned char)ch);
}

static char title(char ch, bool start)
{
        return start ? upper(ch, start) : ch;
}

static int do_lower(TemplateCall *c)
{
        return map_text(c, lower);
}

static int do_upper(TemplateCall *c)
{
        return map_text(c, upper);
}

static int do_title(TemplateCall *c)
{
        return map_text(c, title);
}

static int do_pad(TemplateCall *c)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(TEMPLATE_OUTPUT_MAX);
        const char *s = json_string_value(c->args[0]);
        json_int_t before = json_integer_value(c->args[1]), after = json_integer_value(c->args[2]);

        if (!s || before < 0 || after < 0 || before > 1000 || after > 1000)
                return refuse(c, "pad wants a text and two small numbers");
        if (*s)
                (void)brig_buffer_printf(&b, "%*s%s%*s", (int)before, "", s, (int)after, "");
        return give_text(c, &b);
}

static int do_truncate(TemplateCall *c)
{
        const char *s = json_string_value(c->args[0]);
        json_int_t n = json_integer_value(c->args[1]);

        if (!s || n < 0)
                return refuse(c, "truncate wants a text and a length");
        return give(c, json_stringn_nocheck(s, strnlen(s, (size_t)n)));
}

/* Go's Print puts a blank between operands when neither is a string; Println always. */
static int print_all(TemplateCall *c, bool line)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(TEMPLATE_OUTPUT_MAX);

        for (size_t i = 0; i < c->count; i++) {
                if (i > 0 && (line || (!json_is_string(c->args[i]) && !json_is_string(c->args[i - 1]))))
                        (void)brig_buffer_putc(&b, ' ');
                brig_template_print(c->args[i], &b);
        }
        if (line)
                (void)brig_buffer_putc(&b, '\n');
        return give_text(c, &b);
}

static int do_print(TemplateCall *c)
{
        return print_all(c, false);
}

static int do_println(TemplateCall *c)
{
        return print_all(c, true);
}

/* ---- printf ---- */

typedef struct Conversion {
        bool left, zero;
        int width, precision;    /* -1: none */
        char verb;
} Conversion;

/* Reads what stands behind '%'. Returns where it ends. */
static const char *read_conversion(const char *s, Conversion *k)
{
        int *number = &k->width;

        *k = (Conversion) { .width = -1, .precision = -1 };
        for (; *s && strchr("-0+# ", *s); s++) {
                k->left = k->left || *s == '-';
                k->zero = k->zero || *s == '0';
        }
        for (; isdigit((unsigned char)*s) || (*s == '.' && number == &k->width); s++) {
                if (*s == '.') {
                        number = &k->precision;
                        *number = 0;
                } else if (*number < 1000) {
                        *number = (*number < 0 ? 0 : *number) * 10 + (*s - '0');
                }
        }
        k->verb = *s;
        return *s ? s + 1 : s;
}

static void convert(const Conversion *k, const json_t *v, BrigBuffer *out)
{
        long long integer = (long long)json_integer_value(v);

        if (k->verb == 'q' && json_is_string(v))
                brig_go_quote(json_string_value(v), out);
        else if (k->verb == 'x' && json_is_integer(v))
                (void)brig_buffer_printf(out, "%llx", integer);
        else if (k->verb == 'f' && json_is_number(v))
                (void)brig_buffer_printf(out, "%.*f", k->precision < 0 ? 6 : k->precision, json_number_value(v));
        else
                brig_template_print(v, out);
        if (k->verb == 's' && k->precision >= 0 && out->len > (size_t)k->precision) {
                out->len = (size_t)k->precision;
                if (out->data)
                        out->data[out->len] = '\0';
        }
}

static void put_converted(const Conversion *k, const json_t *v, BrigBuffer *out)
{
        _cleanup_buffer_ BrigBuffer one = BRIG_BUFFER_INIT(TEMPLATE_OUTPUT_MAX);
        size_t pad;

        convert(k, v, &one);
        pad = k->width > 0 && (size_t)k->width > one.len ? (size_t)k->width - one.len : 0;
        for (size_t i = 0; i < pad && !k->left; i++)
                (void)brig_buffer_putc(out, k->zero ? '0' : ' ');
        (void)brig_buffer_puts(out, one.data ?: "");
        for (size_t i = 0; i < pad && k->left; i++)
                (void)brig_buffer_putc(out, ' ');
}

static int do_printf(TemplateCall *c)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(TEMPLATE_OUTPUT_MAX);
        const char *s = json_string_value(c->args[0]);
        size_t next = 1;

        if (!s)
                return refuse(c, "wrong type for value; expected string");
        while (*s) {
                Conversion k;

                if (*s != '%') {
                        (void)brig_buffer_putc(&b, *s++);
                        continue;
                }
                s = read_conversion(s + 1, &k);
                if (k.verb == '%')
                        (void)brig_buffer_putc(&b, '%');
                else if (!k.verb || !strchr("sdvqxft", k.verb))
                        (void)brig_buffer_printf(&b, "%%!%c(BADVERB)", k.verb ?: ' ');
                else if (next >= c->count)
                        (void)brig_buffer_printf(&b, "%%!%c(MISSING)", k.verb);
                else
                        put_converted(&k, c->args[next++], &b);
        }
        return give_text(c, &b);
}

static const TemplateFunction functions[] = {
        { "and", 1, 16, do_and, false },
        { "or", 1, 16, do_or, false },
        { "not", 1, 1, do_not, false },
        { "eq", 2, 16, do_eq, false },
        { "ne", 2, 2, do_ne, false },
        { "lt", 2, 2, do_lt, false },
        { "le", 2, 2, do_le, false },
        { "gt", 2, 2, do_gt, false },
        { "ge", 2, 2, do_ge, false },
        { "len", 1, 1, do_len, false },
        { "index", 1, 16, do_index, false },
        { "slice", 1, 3, do_slice, false },
        { "print", 0, 16, do_print, false },
        { "println", 0, 16, do_println, false },
        { "printf", 1, 16, do_printf, false },
        { "json", 1, 1, do_json, true },
        { "join", 2, 2, do_join, true },
        { "split", 2, 2, do_split, true },
        { "lower", 1, 1, do_lower, true },
        { "upper", 1, 1, do_upper, true },
        { "title", 1, 1, do_title, true },
        { "pad", 3, 3, do_pad, true },
        { "truncate", 2, 2, do_truncate, true },
};

const TemplateFunction *brig_template_function(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
                if (streq(functions[i].name, name))
                        return &functions[i];
        return NULL;
}
