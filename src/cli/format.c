#include "cli/format.h"
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/words.h"

#define LIST_OUTPUT_MAX (512u << 20)
#define CELL_MAX (1u << 20)
#define COLUMNS_MAX 32
#define CELL_GAP 3
#define COLUMN_MIN 10

struct ListPrinter {
        const ListFormat *list;
        Template *template;
        bool table;              /* gather in `out`, align at the end */
        BrigBuffer out;
};

/* ---- aligned columns ---- */

/* Cell `i` of the line at s; NULL behind the last. */
static const char *cell(const char *s, const char *end, size_t i, size_t *ret_len)
{
        for (;; i--) {
                const char *tab = memchr(s, '\t', (size_t)(end - s));

                if (i == 0) {
                        *ret_len = (size_t)((tab ?: end) - s);
                        return s;
                }
                if (!tab)
                        return NULL;
                s = tab + 1;
        }
}

static void measure(const char *text, size_t min, size_t widths[COLUMNS_MAX])
{
        for (size_t i = 0; i < COLUMNS_MAX; i++)
                widths[i] = min;
        for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
                size_t len;

                end = strchrnul(line, '\n');
                for (size_t i = 0; i < COLUMNS_MAX; i++) {
                        const char *c = cell(line, end, i, &len);

                        if (!c)
                                break;
                        /* The last cell of a line is not ended by a tab and makes no column wider. */
                        if (c + len < end)
                                widths[i] = MAX2(widths[i], brig_words_width(c, len) + CELL_GAP);
                }
        }
}

void brig_table_print(const char *text, size_t min, BrigBuffer *out)
{
        size_t widths[COLUMNS_MAX];

        measure(text, min, widths);
        for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
                size_t len;

                end = strchrnul(line, '\n');
                for (size_t i = 0; i < COLUMNS_MAX; i++) {
                        const char *c = cell(line, end, i, &len);

                        if (!c)
                                break;
                        (void)brig_buffer_append(out, c, len);
                        if (c + len < end)
                                (void)brig_buffer_printf(out, "%*s", (int)(widths[i] - brig_words_width(c, len)), "");
                }
                (void)brig_buffer_putc(out, '\n');
        }
}

/* ---- templates ---- */

/* "\t" and "\n" written out in the shell's argument become the characters, as docker has it. */
static char *unescape(const char *s)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(CELL_MAX);

        for (; *s; s++) {
                if (s[0] == '\\' && (s[1] == 't' || s[1] == 'n'))
                        (void)brig_buffer_putc(&b, *++s == 't' ? '\t' : '\n');
                else
                        (void)brig_buffer_putc(&b, *s);
        }
        return brig_buffer_take(&b);
}

static char *choose_template(const ListFormat *list, const char *format, bool quiet, bool *ret_table)
{
        static const char word[] = "table";

        *ret_table = false;
        if (quiet && (brig_str_empty(format) || streq(format, word)))
                return strdup(list->quiet);
        *ret_table = brig_str_empty(format) || (brig_str_has_prefix(format, word) && strchr(" \t\\", format[strlen(word)]));
        if (brig_str_empty(format) || streq(format, word))
                return unescape(list->table);
        if (streq(format, "json"))
                return strdup("{{json .}}");
        return unescape(*ret_table ? format + strlen(word) + strspn(format + strlen(word), " \t") : format);
}

int brig_list_new(const ListFormat *list, const char *format, bool quiet, ListPrinter **ret, BrigError *err)
{
        _cleanup_(brig_list_freep) ListPrinter *p = calloc(1, sizeof(*p));
        _cleanup_free_ char *text = NULL;
        int r;

        if (!p)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "preparing the output");
        p->list = list;
        p->out = (BrigBuffer)BRIG_BUFFER_INIT(LIST_OUTPUT_MAX);
        text = choose_template(list, format, quiet, &p->table);
        if (!text)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "preparing the output");
        r = brig_template_parse(text, &p->template, err);
        if (r < 0) {
                brig_error_prefix(err, "failed to parse template");
                return r;
        }
        *ret = TAKE_PTR(p);
        return 0;
}

ListPrinter *brig_list_free(ListPrinter *p)
{
        if (!p)
                return NULL;
        brig_template_free(p->template);
        brig_buffer_done(&p->out);
        free(p);
        return NULL;
}

bool brig_list_uses(const ListPrinter *p, const char *field)
{
        return brig_template_uses(p->template, field);
}

typedef struct RowScope {
        const ListFormat *list;
        const ListRow *row;      /* NULL: the head line */
} RowScope;

static json_t *field_json(const ListField *f, const ListRow *row)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(CELL_MAX);

        if (!row)
                return json_string(f->header ?: "");
        if (f->json)
                return f->json(row);
        f->value(row, &b);
        return b.error ? NULL : json_stringn_nocheck(b.data ?: "", b.len);
}

static const ListField *find_field(const ListField *f, const char *name)
{
        for (; f->name; f++)
                if (streq(f->name, name))
                        return f;
        return NULL;
}

/* Every field in one object. The tables are sorted by name, as Go's maps print. */
static json_t *whole_row(const RowScope *s)
{
        json_t *object = json_object();

        for (const ListField *f = s->list->fields; f->name; f++)
                if (json_object_set_new(object, f->name, field_json(f, s->row)) < 0) {
                        json_decref(object);
                        return NULL;
                }
        return object;
}

/* The header of `.Label "com.example.some-name"` is "some name". */
static json_t *label_header(const char *argument)
{
        const char *dot = strrchr(argument, '.');
        _cleanup_free_ char *words = strdup(dot ? dot + 1 : argument);

        for (char *s = words; s && *s; s++)
                if (*s == '-' || *s == '_')
                        *s = ' ';
        return words ? json_string(words) : NULL;
}

static json_t *label_value(const RowScope *s, json_t *const *args)
{
        const char *argument = args ? json_string_value(args[0]) : NULL;

        if (!argument)
                return json_string("");
        if (!s->row)
                return label_header(argument);
        return json_string(s->list->label(s->row, argument) ?: "");
}

static int resolve(const TemplateScope *scope, const char *name, json_t *const *args, json_t **ret)
{
        const RowScope *s = scope->row;
        const ListField *f;

        if (!name) {
                *ret = whole_row(s);
        } else if (s->list->label && streq(name, "Label")) {
                *ret = label_value(s, args);
        } else {
                f = find_field(s->list->fields, name);
                if (!f)
                        return -ENOENT;
                *ret = field_json(f, s->row);
        }
        return *ret ? 0 : -ENOMEM;
}

static int print_row(ListPrinter *p, const ListRow *row, BrigBuffer *out, BrigError *err)
{
        const RowScope s = { .list = p->list, .row = row };
        const TemplateScope scope = { .field = resolve, .row = &s, .escape_html = true, .headers = !row };
        int r = brig_template_execute(p->template, &scope, out, err);

        if (r < 0) {
                brig_error_prefix(err, "failed to execute template");
                return r;
        }
        (void)brig_buffer_putc(out, '\n');
        return 0;
}

int brig_list_row(ListPrinter *p, const ListRow *row, BrigError *err)
{
        int r;

        if (p->table && p->out.len == 0) {
                r = print_row(p, NULL, &p->out, err);
                if (r < 0)
                        return r;
        }
        r = print_row(p, row, &p->out, err);
        if (r < 0 || p->table)
                return r;
        brig_words_write(stdout, p->out.data, p->out.len);
        brig_buffer_reset(&p->out);
        return 0;
}

int brig_list_finish(ListPrinter *p, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer aligned = BRIG_BUFFER_INIT(LIST_OUTPUT_MAX);

        if (!p->table)
                return 0;
        if (p->out.len == 0) {
                int r = print_row(p, NULL, &p->out, err);

                if (r < 0)
                        return r;
        }
        brig_table_print(p->out.data, COLUMN_MIN, &aligned);
        if (aligned.error)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, aligned.error, "aligning the output");
        brig_words_write(stdout, aligned.data, aligned.len);
        return 0;
}

int brig_list_print(ListPrinter *p, const json_t *array, const ListRow *like, BrigError *err)
{
        ListRow row = *like;

        for (size_t i = 0; i < json_array_size(array); i++) {
                int r;

                row.item = json_array_get(array, i);
                r = brig_list_row(p, &row, err);
                if (r < 0)
                        return r;
        }
        return brig_list_finish(p, err);
}

int brig_format_parse(const char *format, Template **ret, BrigError *err)
{
        int r = brig_template_parse(streq(format, "json") ? "{{json .}}" : format, ret, err);

        if (r < 0)
                brig_error_prefix(err, "template parsing error");
        return r;
}

int brig_format_print(const Template *t, json_t *value, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(LIST_OUTPUT_MAX);
        const TemplateScope scope = { .value = value };
        int r = brig_template_execute(t, &scope, &out, err);

        if (r < 0) {
                brig_error_prefix(err, "template parsing error");
                return r;
        }
        (void)brig_buffer_putc(&out, '\n');
        brig_words_write(stdout, out.data, out.len);
        return 0;
}

int brig_format_object(const char *format, json_t *value, BrigError *err)
{
        _cleanup_(brig_template_freep) Template *t = NULL;
        int r = brig_format_parse(format, &t, err);

        return r < 0 ? r : brig_format_print(t, value, err);
}
