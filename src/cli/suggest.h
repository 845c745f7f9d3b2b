#pragma once
/* "Did you mean": the nearest of some names to what was typed. */
#include "base/macros.h"

/* Edits (insert, delete, replace, swap of neighbours) between two words; longer than 63 characters: SIZE_MAX. */
size_t brig_suggest_distance(const char *a, const char *b);
/* Keeps the nearest candidate seen so far. Start with brig_suggest_start. */
typedef struct Suggestion {
        const char *typed;
        const char *best;    /* NULL: none is near enough */
        size_t distance;
} Suggestion;
Suggestion brig_suggest_start(const char *typed);
void brig_suggest_offer(Suggestion *s, const char *candidate);
