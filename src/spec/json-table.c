/*
 * Reading, writing and freeing structs by their tables. Each kind of member is
 * one row of `kinds`: how it is read, written and cleared stands side by side,
 * so that a new kind cannot forget one of the three.
 */
#include "spec/json-table.h"

#include "base/buffer.h"
#include "base/strings.h"

#define PATH_MAX_BYTES 512

/* Where in the document the reader stands: a chain on the stack, turned into text only for an error. */
typedef struct JsonPath {
        const struct JsonPath *parent;
        const char *name;       /* NULL: an element of an array */
        size_t index;
} JsonPath;

typedef struct ReadContext {
        unsigned flags;
        BrigError *err;
} ReadContext;

typedef struct KindOps {
        /* Reads a value that is not null into a cleared member. What it leaves behind on failure is cleared by the caller. */
        int (*read)(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member);
        json_t *(*write)(const JsonField *f, const void *member);
        void (*clear)(const JsonField *f, void *member);
} KindOps;

static const KindOps kinds[];

static void path_text(const JsonPath *path, BrigBuffer *b)
{
        if (!path)
                return;
        path_text(path->parent, b);
        if (!path->name)
                (void)brig_buffer_printf(b, "[%zu]", path->index);
        else
                (void)brig_buffer_printf(b, "%s%s", path->parent ? "." : "", path->name);
}

static int fail(const ReadContext *c, const JsonPath *path, BrigErrorKind kind, int errnum, const char *what)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(PATH_MAX_BYTES);

        path_text(path, &b);
        /* A path that does not fit loses its end, not the error. */
        if (b.len == 0)
                return brig_error_set(c->err, kind, errnum, "%s", what);
        return brig_error_set(c->err, kind, errnum, "%s: %s", b.data, what);
}

static int fail_type(const ReadContext *c, const JsonPath *path, const char *what)
{
        return fail(c, path, BRIG_ERR_INVALID, EINVAL, what);
}

static int fail_memory(const ReadContext *c, const JsonPath *path)
{
        return fail(c, path, BRIG_ERR_INTERNAL, ENOMEM, "out of memory");
}

static void *member_of(const JsonField *f, void *object)
{
        return (char *)object + f->offset;
}

static const void *const_member_of(const JsonField *f, const void *object)
{
        return (const char *)object + f->offset;
}

/* Objects */

static void init_members(const JsonField *table, void *object)
{
        for (const JsonField *f = table; f->name; f++) {
                if (f->kind == JSON_K_TRISTATE)
                        *(int *)member_of(f, object) = -1;
                if (f->kind == JSON_K_OBJECT)
                        init_members(f->sub, member_of(f, object));
        }
}

void brig_json_init(const JsonField *table, void *out, size_t size)
{
        memset(out, 0, size);
        init_members(table, out);
}

void brig_json_clear(const JsonField *table, void *object)
{
        for (const JsonField *f = table; f->name; f++)
                kinds[f->kind].clear(f, member_of(f, object));
}

static bool table_has(const JsonField *table, const char *name)
{
        for (const JsonField *f = table; f->name; f++)
                if (streq(f->name, name))
                        return true;
        return false;
}

static int refuse_unknown(const ReadContext *c, const JsonPath *path, const JsonField *table, const json_t *object)
{
        for (void *i = json_object_iter((json_t *)object); i; i = json_object_iter_next((json_t *)object, i)) {
                JsonPath here = { path, json_object_iter_key(i), 0 };

                if (!table_has(table, here.name))
                        return fail_type(c, &here, "unknown name");
        }
        return 0;
}

static int read_members(const ReadContext *c, const JsonPath *path, const JsonField *table, const json_t *object, void *out)
{
        int r;

        if (!json_is_object(object))
                return fail_type(c, path, "expected an object");
        if (c->flags & JSON_STRICT) {
                r = refuse_unknown(c, path, table, object);
                if (r < 0)
                        return r;
        }
        for (const JsonField *f = table; f->name; f++) {
                const json_t *value = json_object_get(object, f->name);
                JsonPath here = { path, f->name, 0 };

                if (!value || json_is_null(value)) {
                        if (f->flags & JSON_F_REQUIRED)
                                return fail_type(c, &here, "missing");
                        continue;
                }
                kinds[f->kind].clear(f, member_of(f, out));
                r = kinds[f->kind].read(c, &here, f, value, member_of(f, out));
                if (r < 0)
                        return r;
        }
        return 0;
}

int brig_json_read(const json_t *object, const JsonField *table, void *out, size_t size, unsigned flags, BrigError *err)
{
        ReadContext c = { .flags = flags, .err = err };
        int r = read_members(&c, NULL, table, object, out);

        if (r < 0) {
                brig_json_clear(table, out);
                brig_json_init(table, out, size);
        }
        return r;
}

/* Whether a written value counts as empty for JSON_F_OMIT_EMPTY. */
static bool omits(const JsonField *f, const json_t *value)
{
        switch (json_typeof(value)) {
        case JSON_NULL:
                return true;
        case JSON_FALSE:
                return f->kind == JSON_K_BOOL;
        case JSON_STRING:
                return f->kind == JSON_K_STRING && json_string_length(value) == 0;
        case JSON_INTEGER:
                return f->kind == JSON_K_INT64 && json_integer_value(value) == 0;
        case JSON_REAL:
                return f->kind == JSON_K_DOUBLE && json_real_value(value) == 0;
        case JSON_ARRAY:
                return json_array_size(value) == 0;
        case JSON_OBJECT:
                /* A pointer that is set was set on purpose, even to an empty object. */
                return f->kind != JSON_K_OBJECT_PTR && json_object_size(value) == 0;
        default:
                return false;
        }
}

json_t *brig_json_write(const JsonField *table, const void *in)
{
        _cleanup_json_ json_t *object = json_object();

        if (!object)
                return NULL;
        for (const JsonField *f = table; f->name; f++) {
                json_t *value;

                if (f->flags & JSON_F_NO_WRITE)
                        continue;
                value = kinds[f->kind].write(f, const_member_of(f, in));
                if (value && (f->flags & JSON_F_OMIT_EMPTY) && omits(f, value)) {
                        json_decref(value);
                        continue;
                }
                /* Steals the value, also when it fails; the names come from our own tables and need no UTF-8 check. */
                if (json_object_set_new_nocheck(object, f->name, value) < 0)
                        return NULL;
        }
        return TAKE_PTR(object);
}

static int read_object(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        return read_members(c, path, f->sub, value, member);
}

static json_t *write_object(const JsonField *f, const void *member)
{
        return brig_json_write(f->sub, member);
}

static void clear_object(const JsonField *f, void *member)
{
        brig_json_clear(f->sub, member);
}

static int read_object_ptr(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        void *object = calloc(1, f->sub_size);

        if (!object)
                return fail_memory(c, path);
        init_members(f->sub, object);
        *(void **)member = object;
        return read_members(c, path, f->sub, value, object);
}

static json_t *write_object_ptr(const JsonField *f, const void *member)
{
        const void *object = *(void *const *)member;

        return object ? brig_json_write(f->sub, object) : json_null();
}

static void clear_object_ptr(const JsonField *f, void *member)
{
        void **object = member;

        if (*object)
                brig_json_clear(f->sub, *object);
        free(TAKE_PTR(*object));
}

static int read_object_array(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_array(value))
                return fail_type(c, path, "expected an array of objects");
        for (size_t i = 0; i < json_array_size(value); i++) {
                JsonPath here = { path, NULL, i };
                void *element = brig_json_array_add(member, f->sub_size);
                int r;

                if (!element)
                        return fail_memory(c, &here);
                init_members(f->sub, element);
                r = read_members(c, &here, f->sub, json_array_get(value, i), element);
                if (r < 0)
                        return r;
        }
        return 0;
}

static json_t *write_object_array(const JsonField *f, const void *member)
{
        const JsonArray *a = member;
        _cleanup_json_ json_t *array = NULL;

        if (a->count == 0 && (f->flags & JSON_F_NULL_EMPTY))
                return json_null();
        array = json_array();
        for (size_t i = 0; array && i < a->count; i++)
                if (json_array_append_new(array, brig_json_write(f->sub, (const char *)a->items + i * f->sub_size)) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static void clear_object_array(const JsonField *f, void *member)
{
        JsonArray *a = member;

        for (size_t i = 0; i < a->count; i++)
                brig_json_clear(f->sub, (char *)a->items + i * f->sub_size);
        free(a->items);
        *a = (JsonArray){ 0 };
}

/* Scalars */

static int read_string(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        char *s;

        if (!json_is_string(value))
                return fail_type(c, path, "expected a string");
        s = strdup(json_string_value(value));
        if (!s)
                return fail_memory(c, path);
        *(char **)member = s;
        return 0;
}

/* NULL is written as "", as Go does for its strings, unless JSON_F_NULL_EMPTY asks for null. */
static json_t *write_string(const JsonField *f, const void *member)
{
        const char *s = *(char *const *)member;

        if (!s && (f->flags & JSON_F_NULL_EMPTY))
                return json_null();
        return json_string(s ? s : "");
}

static void clear_string(const JsonField *f, void *member)
{
        brig_freep(member);
}

static int read_bool(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_boolean(value))
                return fail_type(c, path, "expected true or false");
        *(bool *)member = json_is_true(value);
        return 0;
}

static json_t *write_bool(const JsonField *f, const void *member)
{
        return json_boolean(*(const bool *)member);
}

static void clear_bool(const JsonField *f, void *member)
{
        *(bool *)member = false;
}

static int read_tristate(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_boolean(value))
                return fail_type(c, path, "expected true or false");
        *(int *)member = json_is_true(value);
        return 0;
}

static json_t *write_tristate(const JsonField *f, const void *member)
{
        int value = *(const int *)member;

        return value < 0 ? json_null() : json_boolean(value);
}

static void clear_tristate(const JsonField *f, void *member)
{
        *(int *)member = -1;
}

static int read_int64(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_integer(value))
                return fail_type(c, path, "expected an integer");
        *(int64_t *)member = json_integer_value(value);
        return 0;
}

static json_t *write_int64(const JsonField *f, const void *member)
{
        return json_integer(*(const int64_t *)member);
}

static void clear_int64(const JsonField *f, void *member)
{
        *(int64_t *)member = 0;
}

static int read_double(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_number(value))
                return fail_type(c, path, "expected a number");
        *(double *)member = json_number_value(value);
        return 0;
}

static json_t *write_double(const JsonField *f, const void *member)
{
        return json_real(*(const double *)member);
}

static void clear_double(const JsonField *f, void *member)
{
        *(double *)member = 0;
}

static int read_raw(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        *(json_t **)member = json_incref((json_t *)value);
        return 0;
}

static json_t *write_raw(const JsonField *f, const void *member)
{
        json_t *value = *(json_t *const *)member;

        return value ? json_incref(value) : json_null();
}

static void clear_raw(const JsonField *f, void *member)
{
        brig_json_decrefp(member);
}

/* Vectors and maps of strings */

/* An empty array reads as an empty vector, not as NULL: Docker tells "Entrypoint": [] from an absent one. */
static int read_strv(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        size_t count = json_array_size(value);
        char **v;

        if (!json_is_array(value))
                return fail_type(c, path, "expected an array of strings");
        v = calloc(count + 1, sizeof *v);
        if (!v)
                return fail_memory(c, path);
        *(char ***)member = v;
        for (size_t i = 0; i < count; i++) {
                JsonPath here = { path, NULL, i };
                int r = read_string(c, &here, f, json_array_get(value, i), &v[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_string_or_strv(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (json_is_array(value))
                return read_strv(c, path, f, value, member);
        if (!json_is_string(value))
                return fail_type(c, path, "expected a string or an array of strings");
        return brig_strv_push(member, json_string_value(value)) < 0 ? fail_memory(c, path) : 0;
}

static json_t *write_strv(const JsonField *f, const void *member)
{
        char *const *v = *(char **const *)member;
        _cleanup_json_ json_t *array = NULL;

        if (!v && (f->flags & JSON_F_NULL_EMPTY))
                return json_null();
        array = json_array();
        if (!array)
                return NULL;
        BRIG_STRV_FOREACH(s, v)
                if (json_array_append_new(array, json_string(*s)) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static void clear_strv(const JsonField *f, void *member)
{
        brig_strv_freep(member);
}

static int read_strmap(const ReadContext *c, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_object(value))
                return fail_type(c, path, "expected an object of strings");
        for (void *i = json_object_iter((json_t *)value); i; i = json_object_iter_next((json_t *)value, i)) {
                const json_t *each = json_object_iter_value(i);
                JsonPath here = { path, json_object_iter_key(i), 0 };

                if (!json_is_string(each) && !json_is_null(each))
                        return fail_type(c, &here, "expected a string");
                if (brig_pairs_append(member, here.name, json_is_null(each) ? "" : json_string_value(each)) < 0)
                        return fail_memory(c, &here);
        }
        return 0;
}

static json_t *write_strmap(const JsonField *f, const void *member)
{
        const JsonPairs *p = member;
        _cleanup_json_ json_t *object = NULL;

        if (p->count == 0 && (f->flags & JSON_F_NULL_EMPTY))
                return json_null();
        object = json_object();
        for (size_t i = 0; object && i < p->count; i++)
                if (json_object_set_new(object, p->items[i].key, json_string(p->items[i].value)) < 0)
                        return NULL;
        return TAKE_PTR(object);
}

static void clear_strmap(const JsonField *f, void *member)
{
        brig_pairs_clear(member);
}

static const KindOps kinds[] = {
        [JSON_K_STRING] = { read_string, write_string, clear_string },
        [JSON_K_BOOL] = { read_bool, write_bool, clear_bool },
        [JSON_K_TRISTATE] = { read_tristate, write_tristate, clear_tristate },
        [JSON_K_INT64] = { read_int64, write_int64, clear_int64 },
        [JSON_K_DOUBLE] = { read_double, write_double, clear_double },
        [JSON_K_STRV] = { read_strv, write_strv, clear_strv },
        [JSON_K_STRMAP] = { read_strmap, write_strmap, clear_strmap },
        [JSON_K_OBJECT] = { read_object, write_object, clear_object },
        [JSON_K_OBJECT_PTR] = { read_object_ptr, write_object_ptr, clear_object_ptr },
        [JSON_K_OBJECT_ARRAY] = { read_object_array, write_object_array, clear_object_array },
        [JSON_K_RAW] = { read_raw, write_raw, clear_raw },
        [JSON_K_STRING_OR_STRV] = { read_string_or_strv, write_strv, clear_strv },
};
