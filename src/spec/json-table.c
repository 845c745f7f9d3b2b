/*
 * Reading, writing and freeing structs by their tables: the walk over the rows
 * and the kinds that contain rows of their own. Each kind is one JsonKindOps: how
 * it is read, written and cleared stands side by side, so that a new kind
 * cannot forget one of the three.
 */
#include "spec/json-internal.h"

#include "base/buffer.h"
#include "base/strings.h"

#define PATH_MAX_BYTES 512

static const JsonKindOps *const kinds[];

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

static int fail(const JsonReader *rd, const JsonPath *path, BrigErrorKind kind, int errnum, const char *what)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(PATH_MAX_BYTES);

        path_text(path, &b);
        /* A path that does not fit loses its end, not the error. */
        if (b.len == 0)
                return brig_error_set(rd->err, kind, errnum, "%s", what);
        return brig_error_set(rd->err, kind, errnum, "%s: %s", b.data, what);
}

int brig_json_fail_type(const JsonReader *rd, const JsonPath *path, const char *what)
{
        return fail(rd, path, BRIG_ERR_INVALID, EINVAL, what);
}

int brig_json_fail_memory(const JsonReader *rd, const JsonPath *path)
{
        return fail(rd, path, BRIG_ERR_INTERNAL, ENOMEM, "out of memory");
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
                kinds[f->kind]->clear(f, member_of(f, object));
}

static bool table_has(const JsonField *table, const char *name)
{
        for (const JsonField *f = table; f->name; f++)
                if (streq(f->name, name))
                        return true;
        return false;
}

static int refuse_unknown(const JsonReader *rd, const JsonPath *path, const JsonField *table, const json_t *object)
{
        for (void *i = json_object_iter((json_t *)object); i; i = json_object_iter_next((json_t *)object, i)) {
                JsonPath here = { path, json_object_iter_key(i), 0 };

                if (!table_has(table, here.name))
                        return brig_json_fail_type(rd, &here, "unknown name");
        }
        return 0;
}

static int read_members(const JsonReader *rd, const JsonPath *path, const JsonField *table, const json_t *object, void *out)
{
        int r;

        if (!json_is_object(object))
                return brig_json_fail_type(rd, path, "expected an object");
        if (rd->flags & JSON_READ_STRICT) {
                r = refuse_unknown(rd, path, table, object);
                if (r < 0)
                        return r;
        }
        for (const JsonField *f = table; f->name; f++) {
                const json_t *value = json_object_get(object, f->name);
                JsonPath here = { path, f->name, 0 };

                if (!value || json_is_null(value)) {
                        if (f->flags & JSON_F_REQUIRED)
                                return brig_json_fail_type(rd, &here, "missing");
                        continue;
                }
                kinds[f->kind]->clear(f, member_of(f, out));
                r = kinds[f->kind]->read(rd, &here, f, value, member_of(f, out));
                if (r < 0)
                        return r;
        }
        return 0;
}

int brig_json_read(const json_t *object, const JsonField *table, void *out, size_t size, unsigned flags, BrigError *err)
{
        JsonReader reader = { .flags = flags, .err = err };
        int r = read_members(&reader, NULL, table, object, out);

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
                return (f->kind == JSON_K_INT64 || f->kind == JSON_K_UINT64) && json_integer_value(value) == 0;
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
                value = kinds[f->kind]->write(f, const_member_of(f, in));
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

/* The kinds that hold tables */

static int read_object(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        return read_members(rd, path, f->sub, value, member);
}

static json_t *write_object(const JsonField *f, const void *member)
{
        return brig_json_write(f->sub, member);
}

static void clear_object(const JsonField *f, void *member)
{
        brig_json_clear(f->sub, member);
}

static int read_object_ptr(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        void *object = calloc(1, f->sub_size);

        if (!object)
                return brig_json_fail_memory(rd, path);
        init_members(f->sub, object);
        *(void **)member = object;
        return read_members(rd, path, f->sub, value, object);
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

static int read_object_array(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_array(value))
                return brig_json_fail_type(rd, path, "expected an array of objects");
        for (size_t i = 0; i < json_array_size(value); i++) {
                JsonPath here = { path, NULL, i };
                void *element = brig_json_array_add(member, f->sub_size);
                int r;

                if (!element)
                        return brig_json_fail_memory(rd, &here);
                init_members(f->sub, element);
                r = read_members(rd, &here, f->sub, json_array_get(value, i), element);
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

static const JsonKindOps object_ops = { read_object, write_object, clear_object };
static const JsonKindOps object_ptr_ops = { read_object_ptr, write_object_ptr, clear_object_ptr };
static const JsonKindOps object_array_ops = { read_object_array, write_object_array, clear_object_array };

/* The name of a map's element: by convention its first member. */
static char **element_key(const JsonField *f, const JsonArray *a, size_t index)
{
        return (char **)(void *)((char *)a->items + index * f->sub_size);
}

static int read_object_map(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_object(value))
                return brig_json_fail_type(rd, path, "expected an object of objects");
        for (void *i = json_object_iter((json_t *)value); i; i = json_object_iter_next((json_t *)value, i)) {
                JsonPath here = { path, json_object_iter_key(i), 0 };
                void *element = brig_json_array_add(member, f->sub_size);
                int r;

                if (!element)
                        return brig_json_fail_memory(rd, &here);
                init_members(f->sub, element);
                *(char **)element = strdup(here.name);
                if (!*(char **)element)
                        return brig_json_fail_memory(rd, &here);
                r = read_members(rd, &here, f->sub, json_object_iter_value(i), element);
                if (r < 0)
                        return r;
        }
        return 0;
}

static json_t *write_object_map(const JsonField *f, const void *member)
{
        const JsonArray *a = member;
        _cleanup_json_ json_t *object = NULL;

        if (a->count == 0 && (f->flags & JSON_F_NULL_EMPTY))
                return json_null();
        object = json_object();
        for (size_t i = 0; object && i < a->count; i++)
                if (json_object_set_new(object, *element_key(f, a, i), brig_json_write(f->sub, element_key(f, a, i))) < 0)
                        return NULL;
        return TAKE_PTR(object);
}

static void clear_object_map(const JsonField *f, void *member)
{
        JsonArray *a = member;

        for (size_t i = 0; i < a->count; i++)
                brig_freep(element_key(f, a, i));
        clear_object_array(f, member);
}

static const JsonKindOps object_map_ops = { read_object_map, write_object_map, clear_object_map };

static const JsonKindOps *const kinds[] = {
        [JSON_K_STRING] = &brig_json_string_ops,
        [JSON_K_BOOL] = &brig_json_bool_ops,
        [JSON_K_TRISTATE] = &brig_json_tristate_ops,
        [JSON_K_INT64] = &brig_json_int64_ops,
        [JSON_K_DOUBLE] = &brig_json_double_ops,
        [JSON_K_STRV] = &brig_json_strv_ops,
        [JSON_K_STRMAP] = &brig_json_strmap_ops,
        [JSON_K_OBJECT] = &object_ops,
        [JSON_K_OBJECT_PTR] = &object_ptr_ops,
        [JSON_K_OBJECT_ARRAY] = &object_array_ops,
        [JSON_K_RAW] = &brig_json_raw_ops,
        [JSON_K_STRING_OR_STRV] = &brig_json_string_or_strv_ops,
        [JSON_K_OPT_INT64] = &brig_json_opt_int64_ops,
        [JSON_K_UINT64] = &brig_json_uint64_ops,
        [JSON_K_INT64V] = &brig_json_int64v_ops,
        [JSON_K_OBJECT_MAP] = &object_map_ops,
};
