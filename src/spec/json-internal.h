#pragma once
/* What the files behind json-table.h share: the row of a kind and the reader's place in the document. */
#include "spec/json-table.h"

/* Where in the document the reader stands: a chain on the stack, turned into text only for an error. */
typedef struct JsonPath {
        const struct JsonPath *parent;
        const char *name;       /* NULL: an element of an array */
        size_t index;
} JsonPath;

typedef struct JsonReader {
        unsigned flags;
        BrigError *err;
} JsonReader;

typedef struct JsonKindOps {
        /* Reads a value that is not null into a cleared member. What it leaves behind on failure is cleared by the caller. */
        int (*read)(const JsonReader *rd, const JsonPath *path, const JsonField *f, const json_t *value, void *member);
        json_t *(*write)(const JsonField *f, const void *member);
        void (*clear)(const JsonField *f, void *member);
} JsonKindOps;

extern const JsonKindOps brig_json_string_ops, brig_json_bool_ops, brig_json_tristate_ops, brig_json_int64_ops, brig_json_opt_int64_ops,
        brig_json_uint64_ops, brig_json_int64v_ops, brig_json_double_ops, brig_json_raw_ops, brig_json_strv_ops,
        brig_json_string_or_strv_ops, brig_json_strmap_ops;

/* Fill the reader's error with "path: what" and return a negative errno. */
int brig_json_fail_type(const JsonReader *rd, const JsonPath *path, const char *what);
int brig_json_fail_memory(const JsonReader *rd, const JsonPath *path);
