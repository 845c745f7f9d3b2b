/* Words of Dockerfile instructions: quoting and variables. */
#include "image/changes-internal.h"

#include "base/buffer.h"
#include "base/strings.h"
#include <ctype.h>

#define WORD_MAX (64u << 10)
#define NESTING_MAX 8

typedef struct Expansion {
        const char *at;
        char *const *env;
        BrigBuffer out;
        unsigned depth;
} Expansion;

int brig_changes_split(const char *text, char ***ret, BrigError *err)
{
        _cleanup_strv_ char **words = NULL;

        while (*(text += strspn(text, " \t"))) {
                const char *start = text;
                char quote = 0;

                for (; *text && (quote || !strchr(" \t", *text)); text++) {
                        if (*text == '\\' && text[1] && quote != '\'')
                                text++;
                        else if (quote ? *text == quote : *text == '\'' || *text == '"')
                                quote = quote ? 0 : *text;
                }
                if (quote)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unexpected end of statement while looking for matching %s-quote",
                                              quote == '"' ? "double" : "single");
                if (brig_strv_consume(&words, strndup(start, (size_t)(text - start))) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the change");
        }
        *ret = TAKE_PTR(words);
        return 0;
}

static int expand_until(Expansion *x, const char *stop, BrigError *err);

static size_t name_length(const char *p)
{
        size_t n = 0;

        if (isdigit((unsigned char)*p))
                return 1;
        while (isalnum((unsigned char)p[n]) || p[n] == '_')
                n++;
        return n;
}

/* Behind "${NAME": "}", ":-word}" or ":+word}". */
static int expand_modifier(Expansion *x, const char *value, BrigError *err)
{
        char modifier = 0;
        size_t mark;
        bool take_word;
        int r;

        if (*x->at == ':' && (x->at[1] == '-' || x->at[1] == '+')) {
                modifier = x->at[1];
                x->at += 2;
        } else if (*x->at != '}')
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unsupported modifier in a substitution");
        take_word = modifier == '+' ? !brig_str_empty(value) : modifier == '-' && brig_str_empty(value);
        if (!take_word && modifier != '+')
                (void)brig_buffer_puts(&x->out, value ? value : "");
        mark = x->out.len;
        r = expand_until(x, "}", err);
        if (r < 0)
                return r;
        if (*x->at != '}')
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "syntax error: missing '}'");
        x->at++;
        if (!take_word && x->out.len > mark) {
                x->out.len = mark;
                x->out.data[mark] = '\0';
        }
        return 0;
}

/* x->at stands behind the dollar. */
static int expand_variable(Expansion *x, BrigError *err)
{
        bool braces = *x->at == '{';
        _cleanup_free_ char *name = NULL;
        const char *value;
        size_t n;

        if (braces)
                x->at++;
        n = name_length(x->at);
        if (n == 0) {
                if (braces)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "bad substitution");
                (void)brig_buffer_putc(&x->out, '$');
                return 0;
        }
        name = strndup(x->at, n);
        if (!name)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the change");
        x->at += n;
        value = brig_strv_env_get(x->env, name);
        if (braces)
                return expand_modifier(x, value, err);
        (void)brig_buffer_puts(&x->out, value ? value : "");
        return 0;
}

static int expand_single_quotes(Expansion *x, BrigError *err)
{
        size_t n = strcspn(x->at, "'");

        if (!x->at[n])
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unexpected end of statement while looking for matching single-quote");
        (void)brig_buffer_append(&x->out, x->at, n);
        x->at += n + 1;
        return 0;
}

static int expand_double_quotes(Expansion *x, BrigError *err)
{
        int r = expand_until(x, "\"", err);

        if (r < 0)
                return r;
        if (*x->at != '"')
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unexpected end of statement while looking for matching double-quote");
        x->at++;
        return 0;
}

static void expand_backslash(Expansion *x, bool quoted)
{
        /* Between double quotes a backslash only escapes what means something there. */
        if (*x->at && quoted && !strchr("\"$\\", *x->at))
                (void)brig_buffer_putc(&x->out, '\\');
        if (*x->at)
                (void)brig_buffer_putc(&x->out, *x->at++);
}

static int expand_one(Expansion *x, bool quoted, BrigError *err)
{
        char c = *x->at++;

        switch (c) {
        case '$':
                return expand_variable(x, err);
        case '\\':
                expand_backslash(x, quoted);
                return 0;
        case '\'':
                if (!quoted)
                        return expand_single_quotes(x, err);
                break;
        case '"':
                if (!quoted)
                        return expand_double_quotes(x, err);
                break;
        default:
                break;
        }
        (void)brig_buffer_putc(&x->out, c);
        return 0;
}

/* Up to a character of `stop`, which stays, or the end. */
static int expand_until(Expansion *x, const char *stop, BrigError *err)
{
        bool quoted = streq(stop, "\"");
        int r = 0;

        if (++x->depth > NESTING_MAX)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "substitutions are nested too deeply");
        while (r == 0 && *x->at && !strchr(stop, *x->at))
                r = expand_one(x, quoted, err);
        x->depth--;
        return r;
}

static void expansion_done(Expansion *x)
{
        brig_buffer_done(&x->out);
}

int brig_changes_expand(const char *word, char *const *env, char **ret, BrigError *err)
{
        _cleanup_(expansion_done) Expansion x = { .at = word, .env = env, .out = BRIG_BUFFER_INIT(WORD_MAX) };
        int r = expand_until(&x, "", err);

        if (r < 0)
                return r;
        *ret = brig_buffer_take(&x.out);
        return *ret ? 0 : brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "a word is too long");
}
