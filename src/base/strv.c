/* NULL-terminated string vectors and the environment vectors among them. */
#include "base/buffer.h"
#include "base/strings.h"

size_t brig_strv_len(char *const *v)
{
        size_t n = 0;

        while (v && v[n])
                n++;
        return n;
}

char **brig_strv_free(char **v)
{
        for (char **s = v; s && *s; s++)
                free(*s);
        free(v);
        return NULL;
}

int brig_strv_consume(char ***v, char *s)
{
        size_t n = brig_strv_len(*v);
        char **grown;

        if (!s)
                return -ENOMEM;
        grown = reallocarray(*v, n + 2, sizeof *grown);
        if (!grown) {
                free(s);
                return -ENOMEM;
        }
        grown[n] = s;
        grown[n + 1] = NULL;
        *v = grown;
        return 0;
}

int brig_strv_push(char ***v, const char *s)
{
        return brig_strv_consume(v, brig_str_dup(s));
}

char **brig_strv_copy(char *const *v)
{
        size_t n = brig_strv_len(v);
        _cleanup_strv_ char **copy = NULL;

        if (!v)
                return NULL;
        copy = calloc(n + 1, sizeof *copy);
        if (!copy)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                copy[i] = strdup(v[i]);
                if (!copy[i])
                        return NULL;
        }
        return TAKE_PTR(copy);
}

bool brig_strv_contains(char *const *v, const char *s)
{
        BRIG_STRV_FOREACH(each, v)
                if (streq(*each, s))
                        return true;
        return false;
}

int brig_strv_split(const char *s, char sep, char ***ret)
{
        _cleanup_strv_ char **parts = NULL;
        size_t count = 1, i = 0;

        for (const char *p = s; *p; p++)
                count += *p == sep;
        parts = calloc(count + 1, sizeof *parts);
        if (!parts)
                return -ENOMEM;
        for (;; i++) {
                const char *end = strchrnul(s, sep);

                parts[i] = strndup(s, (size_t)(end - s));
                if (!parts[i])
                        return -ENOMEM;
                if (!*end)
                        break;
                s = end + 1;
        }
        *ret = TAKE_PTR(parts);
        return 0;
}

char *brig_strv_join(char *const *v, const char *sep)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(SIZE_MAX / 2);

        BRIG_STRV_FOREACH(s, v) {
                if (s != v)
                        (void)brig_buffer_puts(&b, sep);   /* sticky: judged by take */
                (void)brig_buffer_puts(&b, *s);
        }
        return brig_buffer_take(&b);
}

/* True when `entry` is NAME or NAME=... for the first `len` bytes of `name`. */
static bool env_names(const char *entry, const char *name, size_t len)
{
        return strncmp(entry, name, len) == 0 && (entry[len] == '=' || entry[len] == '\0');
}

const char *brig_strv_env_get(char *const *env, const char *name)
{
        size_t len = strlen(name);
        const char *value = NULL;

        BRIG_STRV_FOREACH(s, env)
                if (env_names(*s, name, len) && (*s)[len] == '=')
                        value = *s + len + 1;
        return value;
}

int brig_strv_env_set(char ***env, const char *assignment)
{
        size_t len = strcspn(assignment, "=");
        bool set = assignment[len] == '=';
        char **to = *env;
        char *copy = NULL;

        if (set) {
                copy = strdup(assignment);
                if (!copy)
                        return -ENOMEM;
        }
        /* Replaces at the place of the first one and drops the rest, so order is kept. */
        for (char **s = *env; s && *s; s++) {
                if (!env_names(*s, assignment, len)) {
                        *to++ = *s;
                        continue;
                }
                free(*s);
                if (copy)
                        *to++ = TAKE_PTR(copy);
        }
        if (to)
                *to = NULL;
        return copy ? brig_strv_consume(env, copy) : 0;
}
