/* The ceiling as text: parsed, and written for another process. Where it comes from is in ceiling-load.c, what it says of a plan in ceiling-check.c. */
#include "plan/ceiling-internal.h"
#include "base/strings.h"
#include "plan/capability.h"

#define MAX_WORDS 4
#define MAX_RULES 4096

/* The first word of a file that wants none of the built-in rules. */
#define NO_DEFAULTS "no-defaults"

typedef struct Line {
        char *words[MAX_WORDS + 1];
        size_t n_words;
        CeilingRule rule;
} Line;

static int parse_namespace(Line *l)
{
        l->rule.mask = l->n_words == 3 ? ceiling_namespace(l->words[2]) : 0;
        return l->rule.mask ? 0 : -EINVAL;
}

/* "MAJOR:*" or "MAJOR:MINOR" */
static int parse_numbers(Line *l, char *text)
{
        char *colon = strchr(text, ':');

        if (!colon)
                return -EINVAL;
        *colon = 0;
        if (brig_parse_u32(text, &l->rule.major) < 0 || l->rule.major == CEILING_ANY_DEVICE)
                return -EINVAL;
        return streq(colon + 1, "*") || (brig_parse_u32(colon + 1, &l->rule.minor) == 0 && l->rule.minor != CEILING_ANY_DEVICE) ? 0 : -EINVAL;
}

static int parse_device(Line *l)
{
        bool block = l->n_words >= 3 && streq(l->words[2], "block");

        if (l->n_words < 3 || (!block && !streq(l->words[2], "char")))
                return -EINVAL;
        l->rule.mask = block ? CEILING_DEVICE_BLOCK : CEILING_DEVICE_CHAR;
        l->rule.major = l->rule.minor = CEILING_ANY_DEVICE;
        if (l->n_words == 3)
                return block ? 0 : -EINVAL;
        return streq(l->words[3], "all") ? 0 : parse_numbers(l, l->words[3]);
}

static int parse_idmap(Line *l)
{
        char *dash = l->n_words == 3 ? strchr(l->words[2], '-') : NULL;

        if (l->n_words != 3)
                return -EINVAL;
        if (dash)
                *dash = 0;
        if (brig_parse_u32(l->words[2], &l->rule.major) < 0 || brig_parse_u32(dash ? dash + 1 : l->words[2], &l->rule.minor) < 0)
                return -EINVAL;
        return l->rule.major <= l->rule.minor ? 0 : -EINVAL;
}

static int parse_capability(Line *l)
{
        int cap;

        if (l->n_words != 3 || brig_cap_parse(l->words[2], &cap) < 0)
                return -EINVAL;
        l->rule.mask = BRIG_CAP_BIT(cap);
        return 0;
}

/* "." and ".." would say something else than what is compared. */
bool ceiling_is_plain_path(const char *path)
{
        if (path[0] != '/')
                return false;
        for (const char *part = path; part; part = strchr(part + 1, '/')) {
                size_t len = strcspn(part + 1, "/");
                if ((len == 1 && part[1] == '.') || (len == 2 && part[1] == '.' && part[2] == '.'))
                        return false;
                if (len == 0 && part[1])
                        return false;
        }
        return true;
}

/* Three octal digits behind a backslash are one byte, as in mountinfo: \040 for a blank. */
static void unescape(char *path)
{
        char *to = path;

        for (const char *at = path; *at; at++) {
                bool octal = at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
                *to++ = octal ? (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0')) : *at;
                at += octal ? 3 : 0;
        }
        *to = 0;
}

static int take_path(Line *l)
{
        size_t len;

        if (l->n_words < 3)
                return -EINVAL;
        unescape(l->words[2]);
        len = strlen(l->words[2]);
        if (len == 0 || len > BRIG_PLAN_MAX_PATH || !ceiling_is_plain_path(l->words[2]))
                return -EINVAL;
        if (len > 1 && l->words[2][len - 1] == '/')
                l->words[2][len - 1] = 0;
        l->rule.path = brig_str_dup(l->words[2]);
        return l->rule.path ? 0 : -ENOMEM;
}

static int parse_deny_bind(Line *l)
{
        return l->n_words == 3 ? take_path(l) : -EINVAL;
}

static int parse_deny_tree(Line *l)
{
        l->rule.tree = true;
        return parse_deny_bind(l);
}

static int parse_allow_bind(Line *l)
{
        l->rule.tree = true;
        l->rule.readonly = l->n_words == 4 && streq(l->words[3], "ro");
        return l->n_words == 3 || l->rule.readonly ? take_path(l) : -EINVAL;
}

static const struct { const char *verb, *subject; CeilingRuleType type; int (*parse)(Line *l); } grammar[] = {
        { "deny", "namespace", CEILING_NAMESPACE, parse_namespace },
        { "allow", "namespace", CEILING_NAMESPACE, parse_namespace },
        { "deny", "device", CEILING_DEVICE, parse_device },
        { "allow", "device", CEILING_DEVICE, parse_device },
        { "deny", "capability", CEILING_CAPABILITY, parse_capability },
        { "allow", "capability", CEILING_CAPABILITY, parse_capability },
        { "deny", "idmap", CEILING_IDMAP, parse_idmap },
        { "allow", "idmap", CEILING_IDMAP, parse_idmap },
        { "deny", "bind", CEILING_BIND, parse_deny_bind },
        { "deny", "tree", CEILING_BIND, parse_deny_tree },
        { "allow", "bind", CEILING_BIND, parse_allow_bind },
};

static int parse_words(Line *l)
{
        for (size_t i = 0; i < ARRAY_SIZE(grammar); i++)
                if (l->n_words >= 2 && streq(grammar[i].verb, l->words[0]) && streq(grammar[i].subject, l->words[1])) {
                        l->rule.type = grammar[i].type;
                        l->rule.allow = streq(grammar[i].verb, "allow");
                        return grammar[i].parse(l);
                }
        return -EINVAL;
}

/* 1: too many words. */
static int split(char *text, Line *l)
{
        char *save = NULL;

        text[strcspn(text, "#")] = 0;
        for (char *word = strtok_r(text, " \t\r", &save); word; word = strtok_r(NULL, " \t\r", &save)) {
                if (l->n_words == MAX_WORDS)
                        return 1;
                l->words[l->n_words++] = word;
        }
        return 0;
}

int ceiling_add_rule(Ceiling *c, const CeilingRule *rule)
{
        /* Doubling at powers of two: no capacity has to be kept. */
        if ((c->n_rules & (c->n_rules - 1)) == 0) {
                size_t n = c->n_rules ? c->n_rules * 2 : 1;
                CeilingRule *rules = c->n_rules < MAX_RULES ? reallocarray(c->rules, n, sizeof(*rules)) : NULL;
                if (!rules)
                        return -ENOMEM;
                c->rules = rules;
        }
        c->rules[c->n_rules++] = *rule;
        return 0;
}

static int bad_line(BrigError *err, const char *file, unsigned line)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ceiling: %s:%u is not a rule (see the comments in the file as shipped)", file, line);
}

typedef struct Origin { CeilingOrigin origin; unsigned line; } Origin;

static int parse_line(Ceiling *c, char *text, Origin from, BrigError *err)
{
        Line l = { .rule = { .origin = from.origin, .line = from.line } };
        int r = split(text, &l);

        if (r == 0 && l.n_words == 0)
                return 0;
        if (l.n_words == 1 && streq(l.words[0], NO_DEFAULTS) && from.line && c->n_rules == 0 && !c->no_defaults) {
                c->no_defaults = true;
                return 0;
        }
        r = r == 0 ? parse_words(&l) : -EINVAL;
        if (r >= 0)
                r = ceiling_add_rule(c, &l.rule);
        if (r >= 0)
                return 0;
        free(l.rule.path);
        return r == -EINVAL ? bad_line(err, c->file, from.line) : brig_error_errno(err, BRIG_ERR_INTERNAL, r, "ceiling \"%s\"", c->file);
}

/*
 * The text that one process hands to another starts with "@file PATH". Then come,
 * behind a mark each, the rules in the order in which they count; only the lines of
 * the file itself have numbers, and stand behind no mark where there are no others before them.
 */
#define MARK_FILE "@file "

static const struct { const char *mark; CeilingOrigin origin; } marks[] = {
        { "@builtin", CEILING_FROM_ENGINE }, { "@rules", CEILING_FROM_FILE }, { "@own", CEILING_FROM_FOLDERS },
};

static bool take_mark(const char *line, CeilingOrigin *origin)
{
        for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
                if (streq(marks[i].mark, line)) {
                        *origin = marks[i].origin;
                        return true;
                }
        return false;
}

static int parse_lines(Ceiling *c, char *text, bool handed, BrigError *err)
{
        CeilingOrigin origin = CEILING_FROM_FILE;
        unsigned number = 0;

        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = 0;
                if (handed && take_mark(line, &origin))
                        continue;
                number += origin == CEILING_FROM_FILE;
                int r = parse_line(c, line, (Origin){ origin, origin == CEILING_FROM_FILE ? number : 0 }, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Where the rules start in a handed text; its file goes to c. NULL when it is none. */
static char *take_file_mark(Ceiling *c, char *text)
{
        char *end = strchr(text, '\n');

        if (!brig_str_has_prefix(text, MARK_FILE) || !end)
                return NULL;
        *end = 0;
        c->file = brig_str_dup(text + strlen(MARK_FILE));
        return c->file ? end + 1 : NULL;
}

int brig_ceiling_parse(const char *text, size_t len, const char *file, Ceiling **ret, BrigError *err)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = calloc(1, sizeof(*c));
        _cleanup_free_ char *copy = malloc(len + 1);
        char *start = copy;

        if (!c || !copy)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "ceiling");
        if (len > CEILING_MAX_BYTES || memchr(text, 0, len))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ceiling \"%s\": no text of at most %u bytes", file ? file : "", CEILING_MAX_BYTES);
        memcpy(copy, text, len);
        copy[len] = 0;
        if (file)
                c->file = brig_str_dup(file);
        else
                start = take_file_mark(c, copy);
        if (!c->file || !start)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ceiling: the text names no file");
        int r = parse_lines(c, start, !file, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

static const char *mark_of(CeilingOrigin origin)
{
        for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
                if (marks[i].origin == origin)
                        return marks[i].mark;
        return "";
}

/* Empty lines take the place of comments, so that a rule keeps its number. */
char *brig_ceiling_text(const Ceiling *c)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(4 * CEILING_MAX_BYTES);
        CeilingOrigin origin = CEILING_FROM_FILE;
        unsigned line = 1;

        (void)brig_buffer_printf(&b, MARK_FILE "%s\n", c->file); /* the buffer keeps its failure */
        for (size_t i = 0; i < c->n_rules; i++) {
                const CeilingRule *r = &c->rules[i];
                if (r->origin != origin)
                        (void)brig_buffer_printf(&b, "%s\n", mark_of(r->origin));
                origin = r->origin;
                for (; line < r->line; line++)
                        (void)brig_buffer_putc(&b, '\n');
                line += origin == CEILING_FROM_FILE;
                ceiling_print_rule(&b, r);
                (void)brig_buffer_putc(&b, '\n');
        }
        return brig_buffer_take(&b);
}

Ceiling *brig_ceiling_free(Ceiling *c)
{
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->n_rules; i++)
                free(c->rules[i].path);
        free(c->rules);
        free(c->file);
        free(c);
        return NULL;
}
