/*
 * Docker's filters: a JSON object of names, each with its values, either as an
 * array {"name": ["a"]} or, in the older form, as a set {"name": {"a": true}}.
 * Values under one name are alternatives, names are all required.
 */
#include "engine/engine.h"

#include "base/strings.h"

/* What a query parameter may hold; far above what a client has reason to send. */
#define MAX_FILTER_BYTES (64u << 10)

static int malformed(BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid filter: expected an object of arrays of strings");
}

/* The set form becomes the array form; a name that is set to false is not in the set. */
static json_t *values_of(json_t *given)
{
        _cleanup_json_ json_t *values = json_array();
        size_t i;
        json_t *item;

        if (!values)
                return NULL;
        json_array_foreach(given, i, item)
                if (!json_is_string(item) || json_array_append(values, item) < 0)
                        return NULL;
        for (void *m = json_is_object(given) ? json_object_iter(given) : NULL; m; m = json_object_iter_next(given, m)) {
                json_t *in = json_object_iter_value(m);

                if (!json_is_boolean(in))
                        return NULL;
                if (json_is_true(in) && json_array_append_new(values, json_string(json_object_iter_key(m))) < 0)
                        return NULL;
        }
        return json_is_array(given) || json_is_object(given) ? TAKE_PTR(values) : NULL;
}

int brig_filters_parse(const char *text, json_t **ret, BrigError *err)
{
        _cleanup_json_ json_t *given = NULL, *filters = json_object();
        int r;

        if (!filters)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read filters");
        if (!brig_str_empty(text) && !streq(text, "null")) {
                if (strlen(text) > MAX_FILTER_BYTES)
                        return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "invalid filter: longer than %u bytes", MAX_FILTER_BYTES);
                r = brig_json_parse(text, strlen(text), &given, err);
                if (r < 0) {
                        brig_error_prefix(err, "invalid filter");
                        return r;
                }
                if (!json_is_object(given))
                        return malformed(err);
        }
        for (void *i = json_object_iter(given); i; i = json_object_iter_next(given, i))
                if (json_object_set_new(filters, json_object_iter_key(i), values_of(json_object_iter_value(i))) < 0)
                        return malformed(err);
        *ret = TAKE_PTR(filters);
        return 0;
}

bool brig_filters_has(const json_t *filters, const char *name)
{
        return json_array_size(json_object_get(filters, name)) > 0;
}

bool brig_filters_match(const json_t *filters, const char *name, const char *value)
{
        const json_t *values = json_object_get(filters, name), *item;
        size_t i;

        if (json_array_size(values) == 0)
                return true;
        json_array_foreach(values, i, item)
                if (value && streq(json_string_value(item), value))
                        return true;
        return false;
}

/* "key" is there, or "key=value" is there with that value. */
static bool has_label(const JsonPairs *labels, const char *wanted)
{
        const char *equals = strchr(wanted, '=');
        _cleanup_free_ char *key = equals ? strndup(wanted, (size_t)(equals - wanted)) : strdup(wanted);
        const char *value = key ? brig_pairs_get(labels, key) : NULL;

        return value && (!equals || streq(value, equals + 1));
}

/* All labels are required; with "label!" none may be there. */
bool brig_filters_match_labels(const json_t *filters, const char *name, const JsonPairs *labels)
{
        const json_t *values = json_object_get(filters, name), *item;
        bool negated = brig_str_has_suffix(name, "!");
        size_t i;

        json_array_foreach(values, i, item)
                if (has_label(labels, json_string_value(item)) == negated)
                        return false;
        return true;
}

int brig_filters_check(const json_t *filters, const char *const *allowed, BrigError *err)
{
        for (void *i = json_object_iter((json_t *)filters); i; i = json_object_iter_next((json_t *)filters, i)) {
                const char *name = json_object_iter_key(i);
                bool known = false;

                for (const char *const *a = allowed; *a && !known; a++)
                        known = streq(*a, name);
                if (!known)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid filter '%s'", name);
        }
        return 0;
}
