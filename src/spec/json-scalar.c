/* The kinds of member that hold no table of their own: scalars, vectors and maps of strings, raw values. */
#include "spec/json-internal.h"

#include "base/buffer.h"
#include "base/strings.h"

/* Scalars */

static int refuse_word(const JsonReader *rd, const JsonPath *path, const JsonField *f, const char *word)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(512);

        (void)brig_buffer_printf(&b, "\"%.64s\" is none of", word);   /* sticky: a text cut short will do */
        for (size_t i = 0; f->words[i]; i++)
                (void)brig_buffer_printf(&b, "%s %s", i ? "," : "", f->words[i]);
        return brig_json_fail_type(rd, path, b.data ? b.data : "unknown word");
}

static bool words_have(const char *const *words, const char *s)
{
        for (; *words; words++)
                if (streq(*words, s))
                        return true;
        return false;
}

static int read_string(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        char *s;

        if (!json_is_string(value))
                return brig_json_fail_type(rd, path, "expected a string");
        if (f->words && !words_have(f->words, json_string_value(value)))
                return refuse_word(rd, path, f, json_string_value(value));
        s = strdup(json_string_value(value));
        if (!s)
                return brig_json_fail_memory(rd, path);
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

static int read_bool(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_boolean(value))
                return brig_json_fail_type(rd, path, "expected true or false");
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

static int read_tristate(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_boolean(value))
                return brig_json_fail_type(rd, path, "expected true or false");
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

static int read_integer(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, int64_t *ret)
{
        int64_t number = json_integer_value(value);
        char range[96];

        if (!json_is_integer(value))
                return brig_json_fail_type(rd, path, "expected an integer");
        if ((f->min != 0 || f->max != 0) && (number < f->min || number > f->max)) {
                (void)snprintf(range, sizeof range, "must lie between %lld and %lld", (long long)f->min, (long long)f->max);
                return brig_json_fail_type(rd, path, range);
        }
        *ret = number;
        return 0;
}

static int read_int64(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        return read_integer(rd, path, f, value, member);
}

static json_t *write_int64(const JsonField *f, const void *member)
{
        return json_integer(*(const int64_t *)member);
}

static void clear_int64(const JsonField *f, void *member)
{
        *(int64_t *)member = 0;
}

static int read_opt_int64(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        JsonInt *out = member;

        out->set = true;
        return read_integer(rd, path, f, value, &out->value);
}

static json_t *write_opt_int64(const JsonField *f, const void *member)
{
        const JsonInt *in = member;

        return in->set ? json_integer(in->value) : json_null();
}

static void clear_opt_int64(const JsonField *f, void *member)
{
        *(JsonInt *)member = (JsonInt){ 0 };
}

/*
 * What exceeds int64 arrives as a real (see brig_json_parse). Such numbers stand for "unlimited":
 * a double cannot hold the last eleven bits, so 2^64 - 1 comes as 2^64 and saturates back.
 */
static int read_uint64(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        double real = json_real_value(value);

        if (json_is_integer(value) && json_integer_value(value) >= 0)
                *(uint64_t *)member = (uint64_t)json_integer_value(value);
        else if (json_is_real(value) && real >= 0x1p63 && real < 0x1p64)
                *(uint64_t *)member = (uint64_t)real;
        else if (json_is_real(value) && real == 0x1p64)
                *(uint64_t *)member = UINT64_MAX;
        else
                return brig_json_fail_type(rd, path, "expected an unsigned integer");
        return 0;
}

static json_t *write_uint64(const JsonField *f, const void *member)
{
        uint64_t value = *(const uint64_t *)member;

        return value <= INT64_MAX ? json_integer((json_int_t)value) : json_real((double)value);
}

static void clear_uint64(const JsonField *f, void *member)
{
        *(uint64_t *)member = 0;
}

static int read_int64v(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        size_t count = json_array_size(value);
        JsonInts *out = member;

        if (!json_is_array(value))
                return brig_json_fail_type(rd, path, "expected an array of integers");
        out->items = calloc(count ? count : 1, sizeof *out->items);
        if (!out->items)
                return brig_json_fail_memory(rd, path);
        for (; out->count < count; out->count++) {
                JsonPath here = { path, NULL, out->count };
                int r = read_integer(rd, &here, f, json_array_get(value, out->count), &out->items[out->count]);

                if (r < 0)
                        return r;
        }
        return 0;
}

static json_t *write_int64v(const JsonField *f, const void *member)
{
        const JsonInts *in = member;
        _cleanup_json_ json_t *array = NULL;

        if (!in->items && (f->flags & JSON_F_NULL_EMPTY))
                return json_null();
        array = json_array();
        for (size_t i = 0; array && i < in->count; i++)
                if (json_array_append_new(array, json_integer(in->items[i])) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static void clear_int64v(const JsonField *f, void *member)
{
        JsonInts *ints = member;

        free(ints->items);
        *ints = (JsonInts){ 0 };
}

static int read_double(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_number(value))
                return brig_json_fail_type(rd, path, "expected a number");
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

static int read_raw(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
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
static int read_strv(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        size_t count = json_array_size(value);
        char **v;

        if (!json_is_array(value))
                return brig_json_fail_type(rd, path, "expected an array of strings");
        v = calloc(count + 1, sizeof *v);
        if (!v)
                return brig_json_fail_memory(rd, path);
        *(char ***)member = v;
        for (size_t i = 0; i < count; i++) {
                JsonPath here = { path, NULL, i };
                int r = read_string(rd, &here, f, json_array_get(value, i), &v[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_string_or_strv(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (json_is_array(value))
                return read_strv(rd, path, f, value, member);
        if (!json_is_string(value))
                return brig_json_fail_type(rd, path, "expected a string or an array of strings");
        return brig_strv_push(member, json_string_value(value)) < 0 ? brig_json_fail_memory(rd, path) : 0;
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

static int read_strmap(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member)
{
        if (!json_is_object(value))
                return brig_json_fail_type(rd, path, "expected an object of strings");
        for (void *i = json_object_iter((json_t *)value); i; i = json_object_iter_next((json_t *)value, i)) {
                const json_t *each = json_object_iter_value(i);
                JsonPath here = { path, json_object_iter_key(i), 0 };

                if (!json_is_string(each) && !json_is_null(each))
                        return brig_json_fail_type(rd, &here, "expected a string");
                if (brig_pairs_append(member, here.name, json_is_null(each) ? "" : json_string_value(each)) < 0)
                        return brig_json_fail_memory(rd, &here);
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

const JsonKindOps brig_json_string_ops = { read_string, write_string, clear_string };
const JsonKindOps brig_json_bool_ops = { read_bool, write_bool, clear_bool };
const JsonKindOps brig_json_tristate_ops = { read_tristate, write_tristate, clear_tristate };
const JsonKindOps brig_json_int64_ops = { read_int64, write_int64, clear_int64 };
const JsonKindOps brig_json_opt_int64_ops = { read_opt_int64, write_opt_int64, clear_opt_int64 };
const JsonKindOps brig_json_uint64_ops = { read_uint64, write_uint64, clear_uint64 };
const JsonKindOps brig_json_int64v_ops = { read_int64v, write_int64v, clear_int64v };
const JsonKindOps brig_json_double_ops = { read_double, write_double, clear_double };
const JsonKindOps brig_json_raw_ops = { read_raw, write_raw, clear_raw };
const JsonKindOps brig_json_strv_ops = { read_strv, write_strv, clear_strv };
const JsonKindOps brig_json_strmap_ops = { read_strmap, write_strmap, clear_strmap };
const JsonKindOps brig_json_string_or_strv_ops = { read_string_or_strv, write_strv, clear_strv };
