/*
 * Text to tree by recursive descent. The text between actions is cut out of
 * the template's own copy; nodes come from an arena that dies with the template.
 */
#include "base/strings.h"
#include "cli/template/template-internal.h"
#include <ctype.h>

typedef struct Parser {
        Template *t;
        const char *p;          /* next unread byte */
        unsigned depth;
        BrigError *err;
        const char *keyword;    /* the keyword that ended the last list: "end" or "else"; NULL at the end of the text */
} Parser;

static int parse_list(Parser *ps, bool nested, TemplateNode **ret);
static int parse_pipe(Parser *ps, TemplatePipe **ret);

static int fail(Parser *ps, const char *fmt, ...) _printf_(2, 3);
static int fail(Parser *ps, const char *fmt, ...)
{
        char why[256];
        size_t line = 1;
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(why, sizeof(why), fmt, ap);
        va_end(ap);
        for (const char *s = ps->t->text; s < ps->p; s++)
                line += *s == '\n';
        return brig_error_set(ps->err, BRIG_ERR_INVALID, EINVAL, "template: :%zu: %s", line, why);
}

static int no_memory(Parser *ps)
{
        return brig_error_errno(ps->err, BRIG_ERR_INTERNAL, ENOMEM, "reading the template");
}

static void *allocate(Parser *ps, size_t size)
{
        TemplateBlock *b = calloc(1, sizeof(*b) + size);

        if (!b)
                return NULL;
        b->next = ps->t->arena;
        ps->t->arena = b;
        return b->data;
}

static char *copy(Parser *ps, const char *s, size_t len)
{
        char *c = allocate(ps, len + 1);

        if (c)
                memcpy(c, s, len);
        return c;
}

/* ---- words inside an action ---- */

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_';
}

static size_t word_len(const char *s)
{
        size_t n = 0;

        while (is_word(s[n]))
                n++;
        return n;
}

static void skip_space(Parser *ps)
{
        while (isspace((unsigned char)*ps->p))
                ps->p++;
}

static bool at_close(const Parser *ps)
{
        return strncmp(ps->p, "}}", 2) == 0 || (strncmp(ps->p, "-}}", 3) == 0 && isspace((unsigned char)ps->p[-1]));
}

/* Reads "}}" or " -}}", the latter with the white space behind it. */
static int parse_close(Parser *ps)
{
        skip_space(ps);
        if (!at_close(ps))
                return *ps->p ? fail(ps, "unexpected \"%.1s\" in command", ps->p) : fail(ps, "unclosed action");
        if (*ps->p == '-') {
                ps->p += 3;
                skip_space(ps);
        } else {
                ps->p += 2;
        }
        return 0;
}

static const struct { char letter, value; } escapes[] = {
        { 'n', '\n' }, { 't', '\t' }, { 'r', '\r' }, { '\\', '\\' }, { '"', '"' }, { '\'', '\'' }, { 'a', '\a' }, { '0', '\0' },
};

/* "..." with escapes, or `...` without. */
static int parse_string(Parser *ps, TemplateOperand *o)
{
        char quote = *ps->p++, *out = allocate(ps, strlen(ps->p) + 1);
        size_t len = 0;

        if (!out)
                return no_memory(ps);
        while (*ps->p && *ps->p != quote && !(quote == '"' && *ps->p == '\n')) {
                char c = *ps->p++;

                if (c == '\\' && quote == '"') {
                        c = *ps->p;
                        for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
                                if (escapes[i].letter == *ps->p)
                                        c = escapes[i].value;
                        if (!c)
                                break;
                        ps->p++;
                }
                out[len++] = c;
        }
        if (*ps->p != quote)
                return fail(ps, "unterminated %squoted string", quote == '`' ? "raw " : "");
        ps->p++;
        o->kind = OPERAND_LITERAL;
        o->literal = json_stringn_nocheck(out, len);
        return o->literal ? 0 : no_memory(ps);
}

static int parse_number(Parser *ps, TemplateOperand *o)
{
        char *end, *end_real;
        int64_t integer;
        double real;

        errno = 0;
        integer = strtoll(ps->p, &end, 0);
        real = strtod(ps->p, &end_real);
        if (errno || is_word(*MAX2(end, end_real)))
                return fail(ps, "bad number syntax: \"%.*s\"", (int)word_len(ps->p), ps->p);
        o->kind = OPERAND_LITERAL;
        o->literal = end_real > end ? json_real(real) : json_integer(integer);
        ps->p = MAX2(end, end_real);
        return o->literal ? 0 : no_memory(ps);
}

static int parse_paren(Parser *ps, TemplateOperand *o)
{
        int r;

        ps->p++;
        o->kind = OPERAND_PIPE;
        r = parse_pipe(ps, &o->pipe);
        if (r < 0)
                return r;
        skip_space(ps);
        if (*ps->p != ')')
                return fail(ps, "unclosed left paren");
        ps->p++;
        return 0;
}

static const struct { const char *word; json_t *(*value)(void); } constants[] = {
        { "true", json_true }, { "false", json_false }, { "nil", json_null },
};

static int parse_word(Parser *ps, TemplateOperand *o)
{
        size_t len = word_len(ps->p);

        o->name = copy(ps, ps->p, len);
        if (!o->name)
                return no_memory(ps);
        ps->p += len;
        for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
                if (streq(o->name, constants[i].word)) {
                        o->kind = OPERAND_LITERAL;
                        o->literal = constants[i].value();
                        return 0;
                }
        o->kind = OPERAND_FUNCTION;
        return brig_template_function(o->name) ? 0 : fail(ps, "function \"%s\" not defined", o->name);
}

static int parse_variable(Parser *ps, TemplateOperand *o)
{
        size_t len = 1 + word_len(ps->p + 1);

        o->kind = OPERAND_VARIABLE;
        o->name = copy(ps, ps->p, len);
        ps->p += len;
        return o->name ? 0 : no_memory(ps);
}

/* The ".A.B" behind an operand, or that is one. */
static int parse_chain(Parser *ps, TemplateOperand *o)
{
        size_t n = 0;
        const char *s;

        for (s = ps->p; *s == '.' && word_len(s + 1); s += 1 + word_len(s + 1))
                n++;
        if (n == 0)
                return 0;
        o->fields = allocate(ps, n * sizeof(*o->fields));
        if (!o->fields)
                return no_memory(ps);
        for (; o->n_fields < n; o->n_fields++) {
                size_t len = word_len(ps->p + 1);

                o->at = (size_t)(ps->p - ps->t->text);
                o->fields[o->n_fields] = copy(ps, ps->p + 1, len);
                if (!o->fields[o->n_fields])
                        return no_memory(ps);
                ps->p += 1 + len;
        }
        return 0;
}

static int parse_head(Parser *ps, TemplateOperand *o)
{
        char c = *ps->p;

        if (c == '.') {
                o->kind = OPERAND_DOT;
                if (!word_len(ps->p + 1))
                        ps->p++;
                return 0;
        }
        if (c == '$')
                return parse_variable(ps, o);
        if (c == '"' || c == '`')
                return parse_string(ps, o);
        if (c == '(')
                return parse_paren(ps, o);
        if (isdigit((unsigned char)c) || ((c == '-' || c == '+') && isdigit((unsigned char)ps->p[1])))
                return parse_number(ps, o);
        if (word_len(ps->p))
                return parse_word(ps, o);
        return c ? fail(ps, "unexpected \"%.1s\" in operand", ps->p) : fail(ps, "unclosed action");
}

static int parse_operand(Parser *ps, TemplateOperand **ret)
{
        TemplateOperand *o = allocate(ps, sizeof(*o));
        TemplateBlock *block = ps->t->arena;
        int r;

        if (!o)
                return no_memory(ps);
        o->source = ps->p;
        o->at = (size_t)(ps->p - ps->t->text);
        r = parse_head(ps, o);
        block->literal = o->literal;
        if (r >= 0 && o->kind != OPERAND_LITERAL && o->kind != OPERAND_FUNCTION)
                r = parse_chain(ps, o);
        o->source_len = (size_t)(ps->p - o->source);
        *ret = o;
        return r;
}

static bool ends_command(const Parser *ps)
{
        return at_close(ps) || !*ps->p || *ps->p == '|' || *ps->p == ')';
}

static int parse_command(Parser *ps, TemplateCommand **ret)
{
        TemplateCommand *c = allocate(ps, sizeof(*c));
        TemplateOperand **tail;

        if (!c)
                return no_memory(ps);
        tail = &c->operands;
        for (skip_space(ps); !ends_command(ps); skip_space(ps)) {
                int r = parse_operand(ps, tail);

                if (r < 0)
                        return r;
                tail = &(*tail)->next;
                c->count++;
        }
        *ret = c;
        if (c->count == 0)
                return *ps->p ? fail(ps, "missing value for command") : fail(ps, "unclosed action");
        if (c->operands->kind == OPERAND_FUNCTION) {
                /* Errors of a call name all of it. */
                size_t len = (size_t)(ps->p - c->operands->source);

                while (isspace((unsigned char)c->operands->source[len - 1]))
                        len--;
                c->operands->source_len = len;
        }
        return 0;
}

/* "$x :=", "$x =", "$k, $v :=": nothing is consumed when it is none of these. */
static int parse_declaration(Parser *ps, TemplatePipe *pipe)
{
        const char *start = ps->p;
        const char *names[2];
        size_t lens[2], n = 0;

        while (n < 2 && *ps->p == '$') {
                names[n] = ps->p;
                lens[n] = 1 + word_len(ps->p + 1);
                ps->p += lens[n++];
                skip_space(ps);
                if (*ps->p != ',')
                        break;
                ps->p++;
                skip_space(ps);
        }
        pipe->assign = *ps->p == '=';
        if (n == 0 || !(pipe->assign || strncmp(ps->p, ":=", 2) == 0)) {
                ps->p = start;
                return 0;
        }
        ps->p += pipe->assign ? 1 : 2;
        for (size_t i = 0; i < n; i++) {
                pipe->variables[i] = copy(ps, names[i], lens[i]);
                if (!pipe->variables[i])
                        return no_memory(ps);
        }
        pipe->n_variables = n;
        return 0;
}

static int parse_pipe(Parser *ps, TemplatePipe **ret)
{
        TemplatePipe *pipe = allocate(ps, sizeof(*pipe));
        TemplateCommand **tail;
        int r;

        if (!pipe)
                return no_memory(ps);
        if (++ps->depth > TEMPLATE_DEPTH_MAX)
                return fail(ps, "nested too deeply");
        skip_space(ps);
        r = parse_declaration(ps, pipe);
        for (tail = &pipe->commands; r >= 0; tail = &(*tail)->next) {
                r = parse_command(ps, tail);
                if (r < 0 || *ps->p != '|')
                        break;
                ps->p++;
        }
        ps->depth--;
        *ret = pipe;
        return r;
}

/* ---- actions ---- */

/* Consumes `word` when it stands here as a whole word. */
static bool take_keyword(Parser *ps, const char *word)
{
        size_t len = strlen(word);

        if (word_len(ps->p) != len || strncmp(ps->p, word, len) != 0)
                return false;
        ps->p += len;
        return true;
}

static const struct { const char *word; NodeKind kind; } branches[] = {
        { "if", NODE_IF }, { "with", NODE_WITH }, { "range", NODE_RANGE },
};

static int parse_branch(Parser *ps, NodeKind kind, TemplateNode **ret);

/* Behind "{{else": either "}}" and a list, or another branch ("else if") that shares our "end". */
static int parse_else(Parser *ps, TemplateNode **ret)
{
        int r;

        skip_space(ps);
        for (size_t i = 0; i < ARRAY_SIZE(branches); i++)
                if (take_keyword(ps, branches[i].word))
                        return parse_branch(ps, branches[i].kind, ret);
        r = parse_close(ps);
        if (r >= 0)
                r = parse_list(ps, true, ret);
        if (r >= 0 && !streq(ps->keyword, "end"))
                return fail(ps, "expected end; found {{else}}");
        return r < 0 ? r : parse_close(ps);
}

static int parse_branch(Parser *ps, NodeKind kind, TemplateNode **ret)
{
        TemplateNode *n = allocate(ps, sizeof(*n));
        int r;

        if (!n)
                return no_memory(ps);
        n->kind = kind;
        *ret = n;
        r = parse_pipe(ps, &n->pipe);
        if (r >= 0)
                r = parse_close(ps);
        if (r >= 0)
                r = parse_list(ps, true, &n->body);
        if (r < 0)
                return r;
        return streq(ps->keyword, "else") ? parse_else(ps, &n->otherwise) : parse_close(ps);
}

static int parse_plain(Parser *ps, TemplateNode **ret)
{
        TemplateNode *n = allocate(ps, sizeof(*n));
        int r;

        if (!n)
                return no_memory(ps);
        *ret = n;
        n->kind = NODE_ACTION;
        if (take_keyword(ps, "break"))
                n->kind = NODE_BREAK;
        else if (take_keyword(ps, "continue"))
                n->kind = NODE_CONTINUE;
        r = n->kind == NODE_ACTION ? parse_pipe(ps, &n->pipe) : 0;
        return r < 0 ? r : parse_close(ps);
}

/* Behind "{{". *ret stays NULL for a comment and when a keyword ends the list (ps->keyword). */
static int parse_action(Parser *ps, TemplateNode **ret)
{
        skip_space(ps);
        if (strncmp(ps->p, "/*", 2) == 0) {
                const char *end = strstr(ps->p, "*/");

                if (!end)
                        return fail(ps, "unclosed comment");
                ps->p = end + 2;
                return parse_close(ps);
        }
        for (size_t i = 0; i < ARRAY_SIZE(branches); i++)
                if (take_keyword(ps, branches[i].word))
                        return parse_branch(ps, branches[i].kind, ret);
        if (take_keyword(ps, "end"))
                ps->keyword = "end";
        else if (take_keyword(ps, "else"))
                ps->keyword = "else";
        return ps->keyword ? 0 : parse_plain(ps, ret);
}

/* The text up to the next "{{" (or the end), without the white space that "{{-" eats. */
static int parse_text(Parser *ps, TemplateNode **ret)
{
        const char *open = strstr(ps->p, "{{");
        const char *end = open ?: ps->p + strlen(ps->p);
        bool trim = open && open[2] == '-' && isspace((unsigned char)open[3]);
        const char *stop = end;

        while (trim && stop > ps->p && isspace((unsigned char)stop[-1]))
                stop--;
        if (stop > ps->p) {
                *ret = allocate(ps, sizeof(**ret));
                if (!*ret)
                        return no_memory(ps);
                (*ret)->text = ps->p;
                (*ret)->len = (size_t)(stop - ps->p);
        }
        ps->p = open ? open + (trim ? 3 : 2) : end;
        return open ? 1 : 0;
}

static int parse_list(Parser *ps, bool nested, TemplateNode **ret)
{
        TemplateNode **tail = ret;
        int r;

        if (++ps->depth > TEMPLATE_DEPTH_MAX)
                return fail(ps, "nested too deeply");
        ps->keyword = NULL;
        for (;;) {
                r = parse_text(ps, tail);
                if (*tail)
                        tail = &(*tail)->next;
                if (r <= 0)
                        break;
                ps->keyword = NULL;
                r = parse_action(ps, tail);
                if (*tail)
                        tail = &(*tail)->next;
                else if (ps->keyword || r < 0)
                        break;
                ps->keyword = NULL;
                if (r < 0)
                        break;
        }
        ps->depth--;
        if (r < 0)
                return r;
        if (nested && !ps->keyword)
                return fail(ps, "unexpected EOF");
        if (!nested && ps->keyword)
                return fail(ps, "unexpected {{%s}}", ps->keyword);
        return 0;
}

int brig_template_parse(const char *text, Template **ret, BrigError *err)
{
        _cleanup_(brig_template_freep) Template *t = calloc(1, sizeof(*t));
        Parser ps = { .t = t, .err = err };
        int r;

        if (!t || !(t->text = strdup(text)))
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "reading the template");
        ps.p = t->text;
        r = parse_list(&ps, false, &t->nodes);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

Template *brig_template_free(Template *t)
{
        if (!t)
                return NULL;
        while (t->arena) {
                TemplateBlock *b = t->arena;

                t->arena = b->next;
                json_decref(b->literal);
                free(b);
        }
        free(t->text);
        free(t);
        return NULL;
}

static bool pipe_uses(const TemplatePipe *pipe, const char *field)
{
        for (const TemplateCommand *c = pipe ? pipe->commands : NULL; c; c = c->next)
                for (const TemplateOperand *o = c->operands; o; o = o->next)
                        if (pipe_uses(o->pipe, field) || (o->n_fields > 0 && streq(o->fields[0], field)))
                                return true;
        return false;
}

static bool list_uses(const TemplateNode *n, const char *field)
{
        for (; n; n = n->next)
                if (pipe_uses(n->pipe, field) || list_uses(n->body, field) || list_uses(n->otherwise, field))
                        return true;
        return false;
}

bool brig_template_uses(const Template *t, const char *field)
{
        return list_uses(t->nodes, field);
}
