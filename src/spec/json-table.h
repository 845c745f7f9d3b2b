#pragma once
/*
 * JSON in and out by tables: a C struct and a table of JsonField rows describe
 * one JSON object. The same table reads, writes and frees, so a shape is written
 * down once. Used for OCI documents, Docker's request bodies and stored state.
 *
 * Reading is strict about types (a wrong one is BRIG_ERR_INVALID naming the path,
 * "HostConfig.Memory: expected an integer"), tolerant of null (as absent) and of
 * unknown names unless JSON_READ_STRICT is asked for. Numbers must fit int64.
 *
 * Members by kind: STRING char* · BOOL bool · TRISTATE int (-1 absent, 0, 1) ·
 * INT64 int64_t · OPT_INT64 JsonInt · UINT64 uint64_t · INT64V JsonInts · DOUBLE double · STRV char** · STRMAP JsonPairs (order kept) ·
 * OBJECT embedded struct · OBJECT_PTR struct* (NULL absent) ·
 * OBJECT_ARRAY JsonArray of structs · OBJECT_MAP JsonArray of structs whose first
 * member is `char *` and takes the name (order kept) · RAW json_t* (owned reference) ·
 * STRING_OR_STRV char** (Docker's Cmd and Entrypoint).
 * An empty array reads as an empty vector, an absent one stays NULL.
 * Zeroed memory is the valid empty value of every kind but TRISTATE, which
 * brig_json_init sets to -1.
 */
#include "base/error.h"
#include <jansson.h>

/* Hard limits of every document that we read. */
#define BRIG_JSON_MAX_BYTES (16u << 20)
#define BRIG_JSON_MAX_DEPTH 64
#define BRIG_JSON_MAX_VALUES (512u << 10)

typedef enum JsonKind {
        JSON_K_STRING, JSON_K_BOOL, JSON_K_TRISTATE, JSON_K_INT64, JSON_K_DOUBLE, JSON_K_STRV, JSON_K_STRMAP,
        JSON_K_OBJECT, JSON_K_OBJECT_PTR, JSON_K_OBJECT_ARRAY, JSON_K_RAW, JSON_K_STRING_OR_STRV,
        JSON_K_OPT_INT64, JSON_K_UINT64, JSON_K_INT64V, JSON_K_OBJECT_MAP,
} JsonKind;

/* An integer that may be absent: 0 and absent differ. */
typedef struct JsonInt { bool set; int64_t value; } JsonInt;
typedef struct JsonInts { int64_t *items; size_t count; } JsonInts;

typedef struct JsonPair { char *key; char *value; } JsonPair;
typedef struct JsonPairs { JsonPair *items; size_t count; } JsonPairs;
typedef struct JsonArray { void *items; size_t count; } JsonArray;

enum {
        JSON_F_REQUIRED = 1 << 0,
        JSON_F_OMIT_EMPTY = 1 << 1,   /* not written when empty, zero, false or NULL */
        JSON_F_NULL_EMPTY = 1 << 2,   /* NULL vectors and strings, empty maps and arrays written as null, not [], "" or {} */
        JSON_F_NO_WRITE = 1 << 3,
};

typedef struct JsonField JsonField;
struct JsonField {
        const char *name;
        JsonKind kind;
        size_t offset;
        unsigned flags;
        int64_t min, max;         /* INT64, OPT_INT64, INT64V: allowed range; both 0: any */
        const char *const *words; /* STRING and elements of STRV: allowed values, NULL-terminated; NULL: any */
        const JsonField *sub;     /* OBJECT*, terminated by name == NULL */
        size_t sub_size;          /* sizeof the sub struct, for OBJECT_PTR, OBJECT_ARRAY and OBJECT_MAP */
};
#define JSON_END { .name = NULL }
#define JSON_FIELD(n, k, type, member, f) { .name = (n), .kind = JSON_K_##k, .offset = offsetof(type, member), .flags = (f) }
#define JSON_RANGE(n, k, type, member, f, lo, hi) \
        { .name = (n), .kind = JSON_K_##k, .offset = offsetof(type, member), .flags = (f), .min = (lo), .max = (hi) }
#define JSON_WORD(n, type, member, f, list) \
        { .name = (n), .kind = JSON_K_STRING, .offset = offsetof(type, member), .flags = (f), .words = (list) }
#define JSON_SUB(n, k, type, member, f, table, subtype) \
        { .name = (n), .kind = JSON_K_##k, .offset = offsetof(type, member), .flags = (f), .sub = (table), .sub_size = sizeof(subtype) }

enum { JSON_READ_STRICT = 1 << 0 /* unknown names are BRIG_ERR_INVALID */ };

/* Parses text with the limits above; duplicate names are refused. *ret is a new reference. */
int brig_json_parse(const char *text, size_t len, json_t **ret, BrigError *err) _must_use_;
/* Prepares *out (zero, tristates -1). */
void brig_json_init(const JsonField *table, void *out, size_t size);
/* Reads into *out, which brig_json_init prepared; on failure *out is cleared. */
int brig_json_read(const json_t *object, const JsonField *table, void *out, size_t size, unsigned flags, BrigError *err) _must_use_;
/* New reference; NULL when out of memory or when a string is not UTF-8 (whatever brig_json_read filled is). */
json_t *brig_json_write(const JsonField *table, const void *in);
/* Frees what the members own; *object is then as brig_json_init left it. */
void brig_json_clear(const JsonField *table, void *object);
/* Compact text, free(3); NULL when out of memory. */
char *brig_json_text(const json_t *object);

const char *brig_pairs_get(const JsonPairs *p, const char *key);
int brig_pairs_set(JsonPairs *p, const char *key, const char *value) _must_use_;
/* As set, without the look for an equal key. */
int brig_pairs_append(JsonPairs *p, const char *key, const char *value) _must_use_;
int brig_pairs_copy(JsonPairs *dst, const JsonPairs *src) _must_use_;
void brig_pairs_clear(JsonPairs *p);
static inline void brig_json_decrefp(json_t **j) { if (*j) json_decref(*j); *j = NULL; }
#define _cleanup_json_ _cleanup_(brig_json_decrefp)
/* Appends one zeroed element of `size` bytes (brig_json_init it where its table has tristates); NULL when out of memory. */
void *brig_json_array_add(JsonArray *a, size_t size);
/* Element i of a JsonArray of `type`. */
#define BRIG_JSON_AT(type, array, i) (&((type *)(array)->items)[i])
