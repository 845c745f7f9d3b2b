/*
 * The decoder of launch plans, which runs as root on bytes of an unprivileged
 * process. What it accepts must encode to the very same bytes, and the ceiling must be able
 * to judge it.
 */
#include "base/strings.h"
#include "plan/ceiling.h"
#include "plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const LaunchPlan *p)
{
        _cleanup_(brig_ceiling_freep) Ceiling *c = NULL;
        const char *text = brig_ceiling_default();
        BrigError err = BRIG_ERROR_INIT;

        brig_assert(brig_ceiling_parse(text, strlen(text), "default", &c, NULL) == 0);
        if (brig_ceiling_check_plan(c, p, &err) < 0)
                brig_assert(err.kind == BRIG_ERR_DENIED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_buffer_ BrigBuffer again = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        _cleanup_free_ void *aligned = malloc(size ? size : 1); /* as a mapping is */
        BrigError err = BRIG_ERROR_INIT;
        LaunchPlan p;

        if (size)
                memcpy(aligned, data, size);
        if (brig_plan_decode(aligned, size, &p, &err) < 0) {
                brig_assert(err.kind == BRIG_ERR_INVALID && err.message[0]);
                return 0;
        }
        brig_assert(p.n_args > 0 && p.argv[p.n_args] == NULL && p.env[p.n_env] == NULL);
        brig_assert(brig_plan_encode(&p, &again, &err) == 0);
        brig_assert(again.len == size && memcmp(again.data, data, size) == 0);
        judge(&p);
        brig_plan_done(&p);
        return 0;
}
