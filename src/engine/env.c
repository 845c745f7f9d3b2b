#include "engine/env-internal.h"

#include "base/strings.h"

static int add(EnvTable *t, const char *name, char *entry)
{
        if (t->n == t->cap) {
                size_t cap = t->cap ? t->cap * 2 : 32;
                char **items = reallocarray(t->items, cap, sizeof *items);

                if (!items)
                        return -ENOMEM;
                t->items = items;
                t->cap = cap;
        }
        if (brig_map_set(t->index, name, (void *)(uintptr_t)(t->n + 1)) < 0)
                return -ENOMEM;
        t->items[t->n++] = entry;
        return 0;
}

int brig_env_set(EnvTable *t, const char *assignment, unsigned flags)
{
        size_t len = strcspn(assignment, "=");
        _cleanup_free_ char *name = strndup(assignment, len), *entry = assignment[len] ? strdup(assignment) : NULL;
        uintptr_t at;
        int r = 0;

        if (!t->index)
                t->index = brig_map_new(NULL);
        if (!name || !t->index || (assignment[len] && !entry))
                return -ENOMEM;
        at = (uintptr_t)brig_map_get(t->index, name);
        if (at == 0)
                r = entry ? add(t, name, entry) : 0;
        else if (flags & BRIG_ENV_KEEP)
                return 0;
        else {
                free(t->items[at - 1]);
                t->items[at - 1] = entry;
        }
        if (r == 0)
                TAKE_PTR(entry);
        return r;
}

int brig_env_set_all(EnvTable *t, char *const *assignments, unsigned flags)
{
        BRIG_STRV_FOREACH(s, assignments) {
                int r = brig_env_set(t, *s, flags);

                if (r < 0)
                        return r;
        }
        return 0;
}

static char **fail(char **v)
{
        brig_strv_free(v);
        return NULL;
}

char **brig_env_strv(const EnvTable *t)
{
        char **v = calloc(t->n + 1, sizeof *v);
        size_t n = 0;

        for (size_t i = 0; v && i < t->n; i++) {
                if (!t->items[i])
                        continue;
                v[n] = strdup(t->items[i]);
                if (!v[n++])
                        return fail(v);
        }
        return v;
}

void brig_env_clear(EnvTable *t)
{
        for (size_t i = 0; i < t->n; i++)
                free(t->items[i]);
        free(t->items);
        brig_map_free(t->index);
        *t = (EnvTable){ 0 };
}
