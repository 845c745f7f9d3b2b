#pragma once
/*
 * An environment under construction: assignments by name in the order of their
 * first appearance, found by a map, because a request may bring thousands.
 */
#include "base/map.h"

typedef struct EnvTable {
        char **items;                   /* not NULL-terminated; a removed one is NULL */
        size_t n, cap;
        BrigMap *index;                 /* name → position + 1 */
} EnvTable;

enum { BRIG_ENV_KEEP = 1 << 0 /* an assignment of the same name stays */ };

/* "NAME=value" sets or replaces, "NAME" removes. *t starts as { 0 }. */
int brig_env_set(EnvTable *t, const char *assignment, unsigned flags) _must_use_;
/* The same for each of a vector. */
int brig_env_set_all(EnvTable *t, char *const *assignments, unsigned flags) _must_use_;
/* A copy without NULLs as a vector; NULL when out of memory. */
char **brig_env_strv(const EnvTable *t);
void brig_env_clear(EnvTable *t);
