#pragma once
/* The document of a seccomp profile as Docker writes it, old form (one `name`) and new (`names`). */
#include "spec/json-table.h"

#define SECCOMP_MAX_ARGS 6

typedef struct SeccompCondition { char **caps, **arches; char *min_kernel; } SeccompCondition;
typedef struct SeccompArg { int64_t index; uint64_t value, value_two; char *op; } SeccompArg;
typedef struct SeccompRule {
        char *name, **names, *action;
        JsonInt errno_ret;
        JsonArray args;
        SeccompCondition includes, excludes;
} SeccompRule;
typedef struct SeccompArchMap { char *architecture, **sub; } SeccompArchMap;
typedef struct SeccompDocument {
        char *default_action;
        JsonInt default_errno_ret;
        char **architectures, **flags;
        JsonArray arch_map, syscalls;
} SeccompDocument;

extern const JsonField brig_seccomp_fields[];
