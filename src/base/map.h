#pragma once
/*
 * Hash map from NUL-terminated strings to pointers. Keys are copied; values
 * belong to the caller unless a free function was given. Keyed with a random
 * seed per map, so hostile keys cannot build long chains on purpose.
 * Iteration order is insertion order, and survives removal of the current key.
 */
#include "base/macros.h"

typedef struct BrigMap BrigMap;
BrigMap *brig_map_new(void (*free_value)(void *));   /* NULL when out of memory */
BrigMap *brig_map_free(BrigMap *m);
BRIG_DEFINE_CLEANUP(BrigMap *, brig_map_free)
/* -EEXIST when the key is there, -ENOMEM. On failure the value stays the caller's. */
int brig_map_put(BrigMap *m, const char *key, void *value) _must_use_;
/* Puts or replaces (the old value is freed). */
int brig_map_set(BrigMap *m, const char *key, void *value) _must_use_;
void *brig_map_get(const BrigMap *m, const char *key);
/* Unlinks and returns the value without freeing it; NULL when absent. */
void *brig_map_take(BrigMap *m, const char *key);
/* Unlinks and frees; false when absent. */
bool brig_map_remove(BrigMap *m, const char *key);
size_t brig_map_size(const BrigMap *m);
/* for (size_t i = 0; brig_map_next(m, &i, &key, &value);) */
bool brig_map_next(const BrigMap *m, size_t *iter, const char **ret_key, void **ret_value);
