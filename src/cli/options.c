/*
 * Option parsing from tables. One setter per kind stands in `setters`; the
 * walk over argv knows nothing about kinds but that booleans need no value.
 */
#include "cli/options.h"
#include "base/clock.h"
#include "base/strings.h"
#include "cli/suggest.h"

typedef struct Parser {
        const Option *table;
        void *values;
        char *const *next;      /* the argument behind the current one */
        OptionsResult *result;
        BrigError *err;
} Parser;

/* A setter fills `why` with the cause, without the option's name. */
typedef struct SetterCall {
        void *slot;
        const char *value;
        char why[160];
} SetterCall;

static const char *const value_words[_OPT_KIND_MAX] = {
        [OPT_STRING] = "string", [OPT_LIST] = "list", [OPT_INT] = "int",
        [OPT_SIZE] = "bytes", [OPT_CPUS] = "decimal", [OPT_DURATION] = "duration",
};

const char *brig_option_value_word(const Option *o)
{
        return o->value_name ?: value_words[o->kind];
}

static bool takes_no_value(const Option *o)
{
        return o->kind == OPT_BOOL || o->kind == OPT_TRISTATE;
}

int brig_option_parse_cpus(const char *s, int64_t *ret)
{
        const char *dot = strchr(s, '.');
        size_t whole_len = dot ? (size_t)(dot - s) : strlen(s);
        size_t fraction_len = dot ? strlen(dot + 1) : 0;
        char digits[32];
        uint64_t nano;
        int r;

        if (whole_len + fraction_len == 0)
                return -EINVAL;
        /* What is finer than a billionth cannot be said to the daemon, unless it is zeros. */
        while (fraction_len > 9 && dot[fraction_len] == '0')
                fraction_len--;
        if (fraction_len > 9 || whole_len > 9)
                return -ERANGE;
        (void)snprintf(digits, sizeof(digits), "%.*s%.*s%.*s", (int)whole_len, s, (int)fraction_len,
                       dot ? dot + 1 : "", (int)(9 - fraction_len), "000000000");
        r = brig_parse_u64(digits, &nano);
        if (r < 0)
                return r;
        *ret = (int64_t)nano;
        return 0;
}

static int set_bool(SetterCall *c)
{
        int r = brig_parse_bool(c->value, c->slot);

        if (r < 0)
                (void)snprintf(c->why, sizeof(c->why), "neither true nor false");
        return r;
}

static int set_tristate(SetterCall *c)
{
        bool b;
        SetterCall inner = { .slot = &b, .value = c->value };

        if (set_bool(&inner) < 0) {
                memcpy(c->why, inner.why, sizeof(c->why));
                return -EINVAL;
        }
        *(int *)c->slot = b;
        return 0;
}

static int set_string(SetterCall *c)
{
        *(const char **)c->slot = c->value;
        return 0;
}

static int set_list(SetterCall *c)
{
        return brig_strv_push(c->slot, c->value);
}

static int store_int(SetterCall *c, int r, int64_t value, const char *why)
{
        if (r < 0) {
                (void)snprintf(c->why, sizeof(c->why), "%s", r == -ERANGE ? "value out of range" : why);
                return r;
        }
        *(OptInt *)c->slot = (OptInt) { .value = value, .set = true };
        return 0;
}

static int set_int(SetterCall *c)
{
        int64_t v = 0;
        int r = brig_parse_i64(c->value, &v);

        return store_int(c, r, v, "not a number");
}

static int set_size(SetterCall *c)
{
        uint64_t v = 0;
        int r;

        if (streq(c->value, "-1"))
                return store_int(c, 0, -1, "");
        r = brig_parse_size(c->value, &v);
        if (r >= 0 && v > INT64_MAX)
                r = -ERANGE;
        return store_int(c, r, (int64_t)v, "not a size such as 512m or 1.5g");
}

static int set_cpus(SetterCall *c)
{
        int64_t v = 0;
        int r = brig_option_parse_cpus(c->value, &v);

        if (r == -ERANGE) {
                (void)snprintf(c->why, sizeof(c->why), "value is too precise");
                return r;
        }
        return store_int(c, r, v, "not a number of processors such as 0.5");
}

static int set_duration(SetterCall *c)
{
        int64_t v = 0;
        int r = brig_duration_parse(c->value, &v);

        return store_int(c, r, v, "not a duration such as 1m30s");
}

static int (*const setters[_OPT_KIND_MAX])(SetterCall *) = {
        [OPT_BOOL] = set_bool, [OPT_TRISTATE] = set_tristate, [OPT_STRING] = set_string, [OPT_LIST] = set_list,
        [OPT_INT] = set_int, [OPT_SIZE] = set_size, [OPT_CPUS] = set_cpus, [OPT_DURATION] = set_duration,
};

static int assign(Parser *p, const Option *o, const char *value)
{
        SetterCall c = { .slot = (char *)p->values + o->offset, .value = value };
        char letter[8] = "";
        int r = setters[o->kind](&c);

        if (r >= 0)
                return 0;
        if (r == -ENOMEM)
                return brig_error_errno(p->err, BRIG_ERR_INTERNAL, r, "reading option '--%s'", o->name);
        if (o->letter)
                (void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        return brig_error_set(p->err, BRIG_ERR_INVALID, -r, "invalid argument \"%s\" for \"%s--%s\" flag: %s",
                              value, letter, o->name, c.why);
}

static const Option *find_long(const Option *table, const char *name, size_t len)
{
        for (const Option *o = table; o->name; o++)
                if (strncmp(o->name, name, len) == 0 && o->name[len] == '\0')
                        return o;
        return NULL;
}

static const Option *find_letter(const Option *table, char letter)
{
        for (const Option *o = table; o->name; o++)
                if (o->letter == letter)
                        return o;
        return NULL;
}

static int unknown_long(Parser *p, const char *name, size_t len)
{
        _cleanup_free_ char *typed = strndup(name, len);
        Suggestion s;

        if (!typed)
                return brig_error_errno(p->err, BRIG_ERR_INTERNAL, ENOMEM, "reading options");
        s = brig_suggest_start(typed);
        for (const Option *o = p->table; o->name; o++)
                if (!(o->flags & OPT_F_HIDDEN))
                        brig_suggest_offer(&s, o->name);
        if (s.best)
                return brig_error_set(p->err, BRIG_ERR_INVALID, EINVAL, "unknown flag: --%s\nDid you mean --%s?", typed, s.best);
        return brig_error_set(p->err, BRIG_ERR_INVALID, EINVAL, "unknown flag: --%s", typed);
}

static int parse_long(Parser *p, const char *text)
{
        const char *equals = strchr(text, '=');
        size_t len = equals ? (size_t)(equals - text) : strlen(text);
        const Option *o = find_long(p->table, text, len);

        if (!o && len == 4 && strncmp(text, "help", 4) == 0) {
                p->result->help = true;
                return 0;
        }
        if (!o)
                return unknown_long(p, text, len);
        if (equals)
                return assign(p, o, equals + 1);
        if (takes_no_value(o))
                return assign(p, o, "true");
        if (!*p->next)
                return brig_error_set(p->err, BRIG_ERR_INVALID, EINVAL, "flag needs an argument: --%s", o->name);
        return assign(p, o, *p->next++);
}

/* One letter of a bundle; *rest is what follows it, and is set to "" when it was taken as the value. */
static int parse_letter(Parser *p, char letter, const char **rest, const char *bundle)
{
        const Option *o = find_letter(p->table, letter);
        const char *value = *rest;

        if (!o && letter == 'h') {
                p->result->help = true;
                return 0;
        }
        if (!o)
                return brig_error_set(p->err, BRIG_ERR_INVALID, EINVAL, "unknown shorthand flag: '%c' in -%s", letter, bundle);
        if (takes_no_value(o) && *value != '=')
                return assign(p, o, "true");
        *rest = "";
        if (*value == '=')
                return assign(p, o, value + 1);
        if (*value)
                return assign(p, o, value);
        if (!*p->next)
                return brig_error_set(p->err, BRIG_ERR_INVALID, EINVAL, "flag needs an argument: '%c' in -%s", letter, bundle);
        return assign(p, o, *p->next++);
}

static int parse_letters(Parser *p, const char *bundle)
{
        for (const char *rest = bundle; *rest && !p->result->help;) {
                char letter = *rest++;
                int r = parse_letter(p, letter, &rest, bundle);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int take_positional(Parser *p, const char *arg)
{
        int r = brig_strv_push(&p->result->positionals, arg);

        return r < 0 ? brig_error_errno(p->err, BRIG_ERR_INTERNAL, r, "reading arguments") : 0;
}

void brig_options_init(const Option *table, void *values)
{
        for (const Option *o = table; o->name; o++) {
                void *slot = (char *)values + o->offset;

                if (o->kind == OPT_TRISTATE)
                        *(int *)slot = -1;
                if (o->kind == OPT_BOOL && (o->flags & OPT_F_DEFAULT_TRUE))
                        *(bool *)slot = true;
        }
}

int brig_options_parse(const Option *table, char *const *args, unsigned flags, void *values, OptionsResult *ret,
                       BrigError *err)
{
        Parser p = { .table = table, .values = values, .next = args, .result = ret, .err = err };
        bool ended = false;

        while (*p.next && !ret->help) {
                const char *arg = *p.next++;
                int r;

                if (ended || arg[0] != '-' || !arg[1]) {
                        ended = ended || (flags & OPTIONS_STOP_AT_FIRST);
                        r = take_positional(&p, arg);
                } else if (streq(arg, "--")) {
                        ended = true;
                        r = 0;
                } else {
                        r = arg[1] == '-' ? parse_long(&p, arg + 2) : parse_letters(&p, arg + 1);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

void brig_options_done(const Option *table, void *values)
{
        for (const Option *o = table; o->name; o++) {
                char ***list = (char ***)(void *)((char *)values + o->offset);

                if (o->kind == OPT_LIST)
                        *list = brig_strv_free(*list);
        }
}

void brig_options_result_done(OptionsResult *r)
{
        r->positionals = brig_strv_free(r->positionals);
}
