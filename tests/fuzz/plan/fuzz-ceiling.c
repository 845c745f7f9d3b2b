/* The ceiling's file: what is accepted is handed to a monitor as text, and must arrive as the same rules with the same lines. */
#include "base/strings.h"
#include "plan/ceiling.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const Ceiling *a, const Ceiling *b)
{
        brig_assert(streq(a->file, b->file) && a->n_rules == b->n_rules);
        for (size_t i = 0; i < a->n_rules; i++) {
                const CeilingRule *x = &a->rules[i], *y = &b->rules[i];
                brig_assert(x->type == y->type && x->allow == y->allow && x->tree == y->tree && x->readonly == y->readonly && x->line == y->line && x->origin == y->origin);
                brig_assert(x->mask == y->mask && x->major == y->major && x->minor == y->minor && brig_str_equal(x->path, y->path));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = NULL, *again = NULL;
        _cleanup_free_ char *text = NULL;
        BrigError err = BRIG_ERROR_INIT;

        if (brig_ceiling_parse((const char *)data, size, "some file", &c, &err) < 0) {
                brig_assert(err.kind == BRIG_ERR_INVALID && err.message[0]);
                return 0;
        }
        text = brig_ceiling_text(c);
        brig_assert(text && brig_ceiling_parse(text, strlen(text), NULL, &again, &err) == 0);
        same(c, again);
        return 0;
}
