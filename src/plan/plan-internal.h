#pragma once
/* The record table of the launch plan, shared by its encoder and decoder. Private to the room. */
#include "plan/plan.h"

typedef enum PlanFieldKind {
        PLAN_FIELD_U32 = 1,      /* limit: greatest value; also int32_t where limit is UINT32_MAX */
        PLAN_FIELD_FLAGS,        /* u32, limit: the bits that exist */
        PLAN_FIELD_U64,          /* any value; also int64_t */
        PLAN_FIELD_CHAR,         /* one of two characters: (limit >> 8) or (limit & 255); u32 on the wire */
        PLAN_FIELD_TEXT,         /* limit: most bytes without NUL */
        PLAN_FIELD_PATH,         /* text that starts with '/' */
        PLAN_FIELD_PATH_OPT,     /* path or "" */
        PLAN_FIELD_ID,           /* 64 lower-case hex characters */
        PLAN_FIELD_ID_OPT,
        PLAN_FIELD_FIXED,        /* limit: bytes of an embedded array */
        PLAN_FIELD_BLOB,         /* pointer at offset, uint32_t length at `count`; limit: most bytes */
        PLAN_FIELD_PROGRAM,      /* sock_filter pointer at offset, size_t count at `count`; limit: most instructions */
} PlanFieldKind;

typedef struct PlanField {
        PlanFieldKind kind;
        uint16_t offset;         /* in the element: LaunchPlan itself for a single record */
        uint16_t count;
        uint32_t limit;
} PlanField;

enum { PLAN_IN_CONTAINER = 1 << PLAN_KIND_CONTAINER, PLAN_IN_EXEC = 1 << PLAN_KIND_EXEC };

#define PLAN_MAX_FIELDS 12

/*
 * One row a record type. Records stand in the order of the table, so the
 * encoding of a plan is unique. A row without `array` is a single record, which
 * each plan of its kinds has exactly once.
 */
typedef struct PlanRow {
        uint16_t type;
        const char *name;
        unsigned kinds;
        uint32_t min, max;       /* how often */
        uint16_t array;          /* repeated: offset of the pointer in LaunchPlan; its size_t count at `count` */
        uint16_t count;
        uint16_t size;           /* of one element */
        PlanField fields[PLAN_MAX_FIELDS];
} PlanRow;

extern const PlanRow plan_rows[];
extern const size_t plan_n_rows;

#define PLAN_HEADER_BYTES 16u
#define PLAN_RECORD_BYTES 8u

/* The bounds of one field, the same for both directions. */
bool plan_text_ok(const PlanField *f, const char *s, size_t len);
bool plan_number_ok(const PlanField *f, uint32_t v);
/* What no single field can tell: an exec plan names its session, a bind its source, and nothing else does. */
bool plan_consistent(const LaunchPlan *p);
