#pragma once
/*
 * `--format` of the lists: ps, images, history and their like. A list names
 * its fields in a table (name, header, how to compute the value from one JSON
 * item) and its default template; this file does the rest: "table", "table
 * TEMPLATE", "json", TEMPLATE, quiet mode, aligned columns.
 */
#include "base/error.h"
#include "base/buffer.h"
#include "cli/template/template.h"

typedef struct ListRow {
        const json_t *item;      /* one element of the daemon's answer */
        const void *extra;       /* the list's own, e.g. which tag of an image this row shows */
        bool no_trunc;
        bool plain_numbers;      /* history --human=false */
} ListRow;

typedef struct ListField {
        const char *name;        /* in templates; NULL ends the table */
        const char *header;
        void (*value)(const ListRow *row, BrigBuffer *out);
        json_t *(*json)(const ListRow *row);   /* instead of value, for what is no text; may be NULL */
} ListField;

typedef struct ListFormat {
        const ListField *fields;
        const char *table;       /* the default table, without "table " */
        const char *quiet;       /* of -q: "{{.ID}}" */
        /* `.Label "x"`-like method: name, argument -> text. NULL: the list has none. */
        const char *(*label)(const ListRow *row, const char *argument);
} ListFormat;

typedef struct ListPrinter ListPrinter;
/* format NULL or "": the default table. BRIG_ERR_INVALID for a broken template. */
int brig_list_new(const ListFormat *list, const char *format, bool quiet, ListPrinter **ret, BrigError *err) _must_use_;
ListPrinter *brig_list_free(ListPrinter *p);
BRIG_DEFINE_CLEANUP(ListPrinter *, brig_list_free)
/* Does the template name this field (".Size" is only asked of the daemon when it is shown)? */
bool brig_list_uses(const ListPrinter *p, const char *field);
int brig_list_row(ListPrinter *p, const ListRow *row, BrigError *err) _must_use_;
/* A row for every element of the array, made after `like`, then brig_list_finish. */
int brig_list_print(ListPrinter *p, const json_t *array, const ListRow *like, BrigError *err) _must_use_;
/* Prints what was gathered. */
int brig_list_finish(ListPrinter *p, BrigError *err) _must_use_;

/* Lines of tab-separated cells as text/tabwriter aligns them: cells at least `min` wide with 3 blanks between, the last one not padded. */
void brig_table_print(const char *text, size_t min, BrigBuffer *out);

/*
 * `--format` of one object (inspect, version, info): "json" or a template, then a
 * line feed for each. value is borrowed.
 */
int brig_format_parse(const char *format, Template **ret, BrigError *err) _must_use_;
int brig_format_print(const Template *t, json_t *value, BrigError *err) _must_use_;
/* Both in one. */
int brig_format_object(const char *format, json_t *value, BrigError *err) _must_use_;
