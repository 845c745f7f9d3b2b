#pragma once
/*
 * Go's text/template language over JSON values, as far as `--format` needs it:
 * fields and chains, variables, pipelines, parentheses, if / else if / with /
 * range (with else, break, continue), comments and `{{-` trimming, the builtins
 * (and or not len index slice print printf println eq ne lt le gt ge) and the
 * docker command line's own (json join split lower upper title pad truncate).
 * Not there: define/template/block, call, html, js, urlquery.
 *
 * Values are JSON. Go knows the types of what it prints and JSON does not:
 * where that matters (may this field be absent?) two small tables in
 * template-eval.c stand in for docker's structs.
 */
#include "base/buffer.h"
#include "base/error.h"
#include <jansson.h>

typedef struct Template Template;

/* BRIG_ERR_INVALID with Go's words: "template: :1: unclosed action". */
int brig_template_parse(const char *text, Template **ret, BrigError *err) _must_use_;
Template *brig_template_free(Template *t);
BRIG_DEFINE_CLEANUP(Template *, brig_template_free)
/* Does any field reference name `field` at its head, as {{.Size}} does? */
bool brig_template_uses(const Template *t, const char *field);

typedef struct TemplateScope TemplateScope;
struct TemplateScope {
        json_t *value;      /* the first dot; may be NULL when field is set */
        /*
         * When set, the first dot is a row whose fields are computed: *ret is a
         * new reference. -ENOENT: no such field. name NULL asks for the whole
         * row as one object (`{{json .}}`).
         */
        int (*field)(const TemplateScope *scope, const char *name, json_t *const *args, json_t **ret);
        const void *row;    /* for field() */
        bool escape_html;   /* the whole row as JSON escapes < > &, as encoding/json does unless told otherwise */
        bool headers;       /* a table's head line: docker's functions pass their argument through */
};

/* Appends the output. BRIG_ERR_INVALID with Go's words when the value does not fit the template. */
int brig_template_execute(const Template *t, const TemplateScope *scope, BrigBuffer *out, BrigError *err) _must_use_;
