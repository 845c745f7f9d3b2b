/* Docker's create body, which a client wrote: reading, checking, storing, and the specification and plan that come of it. */
#include "base/strings.h"
#include "engine/spec-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const ContainerDefinition *d)
{
        static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        SpecDefaults defaults = { .profile = "standard" };
        BrigError err = BRIG_ERROR_INIT;
        ContainerSpec s;
        LaunchPlan plan;

        if (brig_definition_check(d, &err) < 0 || brig_container_spec_build(d, id, &defaults, &s, &err) < 0)
                return;
        PlanCompileOptions o = { .container_id = id, .profile = "standard", .flags = s.flags, .files = s.files, .n_files = s.n_files, .user = d->config.user };
        if (brig_plan_compile(&s.spec, &o, &plan, &err) == 0)
                brig_plan_done(&plan);
        brig_container_spec_clear(&s);
}

/* What was read is stored and read again unchanged: else a container would be another one after a restart. */
static void store(const ContainerDefinition *d)
{
        _cleanup_json_ json_t *stored = brig_definition_store(d), *again = NULL;
        ContainerDefinition back;

        brig_assert(stored);
        brig_assert(brig_definition_restore(stored, &back, NULL) == 0);
        again = brig_definition_store(&back);
        brig_assert(again && json_equal(stored, again));
        brig_definition_clear(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_json_ json_t *body = NULL;
        BrigError err = BRIG_ERROR_INIT;
        ContainerDefinition d;

        if (brig_json_parse((const char *)data, size, &body, &err) < 0 || brig_definition_read(body, &d, &err) < 0)
                return 0;
        use(&d);
        store(&d);
        brig_definition_clear(&d);
        return 0;
}
