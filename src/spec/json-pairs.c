/* The two containers that tables fill: ordered string pairs and arrays of structs. */
#include "spec/json-table.h"

#include "base/strings.h"

static JsonPair *pairs_find(const JsonPairs *p, const char *key)
{
        for (size_t i = 0; i < p->count; i++)
                if (streq(p->items[i].key, key))
                        return &p->items[i];
        return NULL;
}

const char *brig_pairs_get(const JsonPairs *p, const char *key)
{
        const JsonPair *pair = pairs_find(p, key);

        return pair ? pair->value : NULL;
}

int brig_pairs_append(JsonPairs *p, const char *key, const char *value)
{
        _cleanup_free_ char *k = strdup(key), *v = strdup(value);
        JsonPair *items;

        if (!k || !v)
                return -ENOMEM;
        /* Grows by doubling at powers of two: no capacity has to be stored. */
        if ((p->count & (p->count - 1)) == 0) {
                items = reallocarray(p->items, p->count ? p->count * 2 : 1, sizeof *items);
                if (!items)
                        return -ENOMEM;
                p->items = items;
        }
        p->items[p->count++] = (JsonPair){ .key = TAKE_PTR(k), .value = TAKE_PTR(v) };
        return 0;
}

int brig_pairs_set(JsonPairs *p, const char *key, const char *value)
{
        JsonPair *pair = pairs_find(p, key);

        return pair ? brig_str_set(&pair->value, value) : brig_pairs_append(p, key, value);
}

int brig_pairs_copy(JsonPairs *dst, const JsonPairs *src)
{
        JsonPairs copy = { 0 };

        for (size_t i = 0; i < src->count; i++) {
                int r = brig_pairs_append(&copy, src->items[i].key, src->items[i].value);

                if (r < 0) {
                        brig_pairs_clear(&copy);
                        return r;
                }
        }
        brig_pairs_clear(dst);
        *dst = copy;
        return 0;
}

void brig_pairs_clear(JsonPairs *p)
{
        for (size_t i = 0; i < p->count; i++) {
                free(p->items[i].key);
                free(p->items[i].value);
        }
        free(p->items);
        *p = (JsonPairs){ 0 };
}

void *brig_json_array_add(JsonArray *a, size_t size)
{
        char *element;

        if ((a->count & (a->count - 1)) == 0) {
                void *items = reallocarray(a->items, a->count ? a->count * 2 : 1, size);

                if (!items)
                        return NULL;
                a->items = items;
        }
        element = (char *)a->items + a->count * size;
        a->count++;
        return memset(element, 0, size);
}
