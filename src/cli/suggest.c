/* Damerau-Levenshtein distance over three rows: typed words are short, so is this. */
#include "cli/suggest.h"
#include "base/strings.h"

#define WORD_MAX_LEN 63

static size_t min3(size_t a, size_t b, size_t c)
{
        return MIN2(MIN2(a, b), c);
}

size_t brig_suggest_distance(const char *a, const char *b)
{
        size_t rows[3][WORD_MAX_LEN + 1];
        size_t la = strlen(a), lb = strlen(b);

        if (la > WORD_MAX_LEN || lb > WORD_MAX_LEN)
                return SIZE_MAX;

        for (size_t j = 0; j <= lb; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= la; i++) {
                size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

                row[0] = i;
                for (size_t j = 1; j <= lb; j++) {
                        row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = MIN2(row[j], above2[j - 2] + 1);
                }
        }
        return rows[la % 3][lb];
}

Suggestion brig_suggest_start(const char *typed)
{
        /* A third of the letters may be wrong: "foo" must not suggest "top". */
        return (Suggestion) { .typed = typed, .distance = MAX2((strlen(typed) + 1) / 3, (size_t)1) };
}

void brig_suggest_offer(Suggestion *s, const char *candidate)
{
        size_t d = brig_suggest_distance(s->typed, candidate);

        if (d > s->distance || (s->best && d == s->distance))
                return;
        s->best = candidate;
        s->distance = d;
}
