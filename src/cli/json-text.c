#include "cli/json-text.h"
#include "base/strings.h"

static int put_plain(const char *data, size_t len, void *out)
{
        return brig_buffer_append(out, data, len);
}

/* Go escapes what could end a script element; jansson does not. Such bytes stand only inside strings. */
static int put_escaped(const char *data, size_t len, void *out)
{
        for (const char *end = data + len; data < end;) {
                size_t plain = 0;

                while (data + plain < end && !strchr("<>&", data[plain]))
                        plain++;
                (void)put_plain(data, plain, out);
                data += plain;
                if (data < end)
                        (void)brig_buffer_printf(out, "\\u%04x", (unsigned)(unsigned char)*data++);
        }
        return 0;
}

void brig_json_print_go(const json_t *v, bool escape_html, BrigBuffer *out)
{
        (void)json_dump_callback(v, escape_html ? put_escaped : put_plain, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void new_line(BrigBuffer *out, unsigned depth)
{
        (void)brig_buffer_printf(out, "\n%*s", (int)depth * 4, "");
}

/* Copies a string token; returns its length. */
static size_t copy_string(const char *s, size_t len, BrigBuffer *out)
{
        size_t n = 1;

        while (n < len && s[n] != '"')
                n += s[n] == '\\' ? 2 : 1;
        n = MIN2(n + 1, len);
        (void)brig_buffer_append(out, s, n);
        return n;
}

static char next_token(const char *s, const char *end)
{
        while (s < end && strchr(" \t\r\n", *s))
                s++;
        return s < end ? *s : '\0';
}

/* Writes the structural byte at *s with its white space. Returns how many bytes it took. */
static size_t put_structure(const char *s, const char *end, unsigned *depth, BrigBuffer *out)
{
        char close = *s == '{' ? '}' : ']';

        if (*s == '{' || *s == '[') {
                (void)brig_buffer_putc(out, *s);
                if (next_token(s + 1, end) == close) {
                        (void)brig_buffer_putc(out, close);
                        return (size_t)((char *)memchr(s, close, (size_t)(end - s)) - s) + 1;
                }
                new_line(out, ++*depth);
        } else if (*s == '}' || *s == ']') {
                new_line(out, *depth > 0 ? --*depth : 0);
                (void)brig_buffer_putc(out, *s);
        } else if (*s == ',') {
                (void)brig_buffer_putc(out, ',');
                new_line(out, *depth);
        } else {
                (void)brig_buffer_puts(out, ": ");
        }
        return 1;
}

void brig_json_indent(const char *text, size_t len, unsigned depth, BrigBuffer *out)
{
        const char *end = text + len;

        for (const char *s = text; s < end;) {
                if (*s == '"') {
                        s += copy_string(s, (size_t)(end - s), out);
                } else if (*s && strchr("{}[],:", *s)) {
                        s += put_structure(s, end, &depth, out);
                } else {
                        if (!strchr(" \t\r\n", *s))
                                (void)brig_buffer_putc(out, *s);
                        s++;
                }
        }
}

static const struct { char c, escape; } quote_escapes[] = {
        { '"', '"' }, { '\\', '\\' }, { '\n', 'n' }, { '\t', 't' }, { '\r', 'r' }, { '\a', 'a' }, { '\b', 'b' }, { '\f', 'f' }, { '\v', 'v' },
};

void brig_go_quote(const char *s, BrigBuffer *out)
{
        (void)brig_buffer_putc(out, '"');
        for (; *s; s++) {
                unsigned char c = (unsigned char)*s;
                char escape = 0;

                for (size_t i = 0; i < ARRAY_SIZE(quote_escapes); i++)
                        if (quote_escapes[i].c == *s)
                                escape = quote_escapes[i].escape;
                if (escape)
                        (void)brig_buffer_printf(out, "\\%c", escape);
                else if (c < 0x20 || c == 0x7f)
                        (void)brig_buffer_printf(out, "\\x%02x", c);
                else
                        (void)brig_buffer_putc(out, *s);
        }
        (void)brig_buffer_putc(out, '"');
}

json_t *brig_json_path(const json_t *json, const char *a, const char *b)
{
        return json_object_get(json_object_get(json, a), b);
}

const char *brig_json_text_of(const json_t *json, const char *member)
{
        return json_string_value(json_object_get(json, member)) ?: "";
}

int64_t brig_json_int_of(const json_t *json, const char *member)
{
        return json_integer_value(json_object_get(json, member));
}

json_t *brig_json_strings(char *const *words)
{
        json_t *a = json_array();

        BRIG_STRV_FOREACH(word, words)
                if (json_array_append_new(a, json_string(*word)) < 0) {
                        json_decref(a);
                        return NULL;
                }
        return a;
}
