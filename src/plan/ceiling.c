/* The ceiling's file: read, parsed, and handed on. What its rules say of a plan is in ceiling-check.c. */
#include "plan/ceiling-internal.h"
#include "base/strings.h"
#include "plan/capability.h"
#include <fcntl.h>
#include <sys/stat.h>

#define MAX_WORDS 4
#define MAX_RULES 4096

/* Made from data/ceiling.conf by the build. */
extern const char brig_ceiling_default_text[];

typedef struct Line {
        char *words[MAX_WORDS + 1];
        size_t n_words;
        unsigned number;         /* 0: brigd's own rules, which stand in no file */
        CeilingRule rule;
} Line;

static int parse_namespace(Line *l)
{
        l->rule.mask = l->n_words == 3 ? ceiling_namespace(l->words[2]) : 0;
        return l->rule.mask ? 0 : -EINVAL;
}

static int parse_device(Line *l)
{
        char *colon;

        l->rule.major = l->rule.minor = CEILING_ANY_DEVICE;
        if (l->n_words == 3 && streq(l->words[2], "block")) {
                l->rule.mask = CEILING_DEVICE_BLOCK;
                return 0;
        }
        if (l->n_words != 4 || !streq(l->words[2], "char"))
                return -EINVAL;
        l->rule.mask = CEILING_DEVICE_CHAR;
        if (streq(l->words[3], "all"))
                return 0;
        colon = strchr(l->words[3], ':');
        if (!colon)
                return -EINVAL;
        *colon = 0;
        if (brig_parse_u32(l->words[3], &l->rule.major) < 0 || l->rule.major == CEILING_ANY_DEVICE)
                return -EINVAL;
        return streq(colon + 1, "*") || (brig_parse_u32(colon + 1, &l->rule.minor) == 0 && l->rule.minor != CEILING_ANY_DEVICE) ? 0 : -EINVAL;
}

/* An exception to everything would be no exception. */
static int parse_allow_device(Line *l)
{
        int r = parse_device(l);

        l->rule.allow = true;
        return r < 0 || (l->rule.mask == CEILING_DEVICE_CHAR && l->rule.major != CEILING_ANY_DEVICE) ? r : -EINVAL;
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
static bool is_plain_path(const char *path)
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
        if (len == 0 || len > BRIG_PLAN_MAX_PATH || !is_plain_path(l->words[2]))
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
        l->rule.tree = l->rule.allow = true;
        l->rule.readonly = l->n_words == 4 && streq(l->words[3], "ro");
        return l->n_words == 3 || l->rule.readonly ? take_path(l) : -EINVAL;
}

static const struct { const char *verb, *subject; CeilingRuleType type; int (*parse)(Line *l); } grammar[] = {
        { "deny", "namespace", CEILING_NAMESPACE, parse_namespace },
        { "deny", "device", CEILING_DEVICE, parse_device },
        { "allow", "device", CEILING_DEVICE, parse_allow_device },
        { "deny", "capability", CEILING_CAPABILITY, parse_capability },
        { "deny", "idmap", CEILING_IDMAP, parse_idmap },
        { "deny", "bind", CEILING_BIND, parse_deny_bind },
        { "deny", "tree", CEILING_BIND, parse_deny_tree },
        { "allow", "bind", CEILING_BIND, parse_allow_bind },
};

static int parse_words(Line *l)
{
        for (size_t i = 0; i < ARRAY_SIZE(grammar); i++)
                if (l->n_words >= 2 && streq(grammar[i].verb, l->words[0]) && streq(grammar[i].subject, l->words[1])) {
                        l->rule.type = grammar[i].type;
                        l->rule.line = l->number;
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

static int add_rule(Ceiling *c, const CeilingRule *rule)
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

static int parse_line(Ceiling *c, char *text, unsigned number, BrigError *err)
{
        Line l = { .number = number };
        int r = split(text, &l);

        if (r == 0 && l.n_words == 0)
                return 0;
        r = r == 0 ? parse_words(&l) : -EINVAL;
        if (r >= 0)
                r = add_rule(c, &l.rule);
        if (r >= 0)
                return 0;
        free(l.rule.path);
        return r == -EINVAL ? bad_line(err, c->file, number) : brig_error_errno(err, BRIG_ERR_INTERNAL, r, "ceiling \"%s\"", c->file);
}

/*
 * The text that one process hands to another starts with "@file PATH" in a line
 * that does not count, and ends with rules behind "@own", which stand in no file.
 */
#define MARK_FILE "@file "
#define MARK_OWN "@own"

static int parse_lines(Ceiling *c, char *text, bool handed, BrigError *err)
{
        unsigned number = 0;
        bool own = false;

        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = 0;
                if (handed && streq(line, MARK_OWN)) {
                        own = true;
                        continue;
                }
                number++;
                int r = parse_line(c, line, own ? 0 : number, err);
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

const char *brig_ceiling_default(void)
{
        return brig_ceiling_default_text;
}

/* Whoever can write the file, or put another in its place, decides what is forbidden. */
static int check_file(int fd, const char *path, BrigError *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "ceiling \"%s\"", path);
        if (!S_ISREG(st.st_mode))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ceiling \"%s\": is not a regular file", path);
        if (st.st_uid != 0 || (st.st_mode & 022))
                return brig_error_set(err, BRIG_ERR_INVALID, EPERM, "ceiling \"%s\": must belong to root and be writable by root alone", path);
        return 0;
}

static int read_file(const char *path, BrigBuffer *out, BrigError *err)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        ssize_t n;
        int r;

        if (fd < 0 && errno == ENOENT)
                return brig_buffer_puts(out, brig_ceiling_default()) < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "ceiling") : 0;
        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "ceiling \"%s\"", path);
        r = check_file(fd, path, err);
        if (r < 0)
                return r;
        do {
                char *at = brig_buffer_reserve(out, 4096);
                n = at ? read(fd, at, 4096) : -1;
                if (n < 0)
                        return brig_error_errno(err, BRIG_ERR_INVALID, at ? errno : E2BIG, "ceiling \"%s\"", path);
                brig_buffer_commit(out, (size_t)n);
        } while (n > 0);
        return 0;
}

static int deny_own(Ceiling *c, const char *path, BrigError *err)
{
        CeilingRule rule = { .type = CEILING_BIND, .tree = true, .path = realpath(path, NULL) };
        int r;

        if (!rule.path) /* it is made later in this start */
                rule.path = brig_str_dup(path);
        r = !rule.path ? -ENOMEM : is_plain_path(rule.path) ? add_rule(c, &rule) : -EINVAL;

        if (r >= 0)
                return 0;
        free(rule.path);
        return brig_error_errno(err, BRIG_ERR_INVALID, r, "ceiling: own folder \"%s\"", path);
}

int brig_ceiling_load(const char *path, const char *const *own, Ceiling **ret, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(CEILING_MAX_BYTES + 4096);
        _cleanup_(brig_ceiling_freep) Ceiling *c = NULL;
        int r = read_file(path, &text, err);

        if (r >= 0)
                r = brig_ceiling_parse(text.data ? text.data : "", text.len, path, &c, err);
        for (; r >= 0 && own && *own; own++)
                r = deny_own(c, *own, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

/* Empty lines take the place of comments, so that a rule keeps its number. */
char *brig_ceiling_text(const Ceiling *c)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(4 * CEILING_MAX_BYTES);
        unsigned line = 1;

        (void)brig_buffer_printf(&b, MARK_FILE "%s\n", c->file);
        for (size_t i = 0; i < c->n_rules; i++) {
                const CeilingRule *r = &c->rules[i];
                for (; line < r->line; line++)
                        (void)brig_buffer_putc(&b, '\n');
                if (r->line == 0)
                        (void)brig_buffer_puts(&b, MARK_OWN "\n");
                ceiling_print_rule(&b, r);
                (void)brig_buffer_putc(&b, '\n');
                line++;
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
