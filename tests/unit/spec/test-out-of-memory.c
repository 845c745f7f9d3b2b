/*
 * Memory runs out at every single allocation in turn: reading, writing,
 * validating and compiling must answer with an error, leave an empty object
 * behind and leak nothing (the sanitizer build sees that). The linker puts
 * the functions below in front of the C library's for all of our code; jansson is
 * told by its own hook.
 */
#include "plan/compile.h"
#include "spec/image.h"

#include "tests/unit/cmocka-all.h"
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);

/* Allocations that still succeed; negative: all of them. */
static long budget = -1;

static bool exhausted(void)
{
        if (budget < 0)
                return false;
        return budget == 0 || budget-- == 0;
}

void *__wrap_malloc(size_t size)
{
        return exhausted() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return exhausted() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
        return exhausted() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
        return exhausted() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
        return exhausted() ? NULL : __real_strdup(s);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char config[] =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"os.features\":[\"a\",\"b\"],\"config\":{\"Env\":[\"A=1\",\"B=2\"],\"Cmd\":\"sh\",\"Labels\":{\"k\":\"v\","
        "\"l\":\"w\"},\"Healthcheck\":{\"Test\":[\"CMD\"]},\"ExposedPorts\":{\"80/tcp\":{}}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]},"
        "\"history\":[{\"created_by\":\"x\"},{\"comment\":\"y\"}]}";

static const char spec_text[] =
        "{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":1,\"additionalGids\":[5,6]},\"capabilities\":{\"bounding\":"
        "[\"CAP_KILL\"]},\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":18446744073709551615}]},\"mounts\":[{\"destination\":\"/t\",\"type\":\"tmpfs\","
        "\"options\":[\"size=1k\",\"mode=700\"]}],\"linux\":{\"namespaces\":[{\"type\":\"mount\"}],\"sysctl\":{\"a.b\":\"1\"},\"netDevices\":{},"
        "\"devices\":[{\"type\":\"c\",\"path\":\"/dev/x\",\"major\":1,\"minor\":2}],\"resources\":{\"pids\":{\"limit\":5}}}}";

static int image_config_cycle(void)
{
        BrigError err = BRIG_ERROR_INIT;
        ImageConfig c;
        char *text;
        int r = brig_image_config_read(config, strlen(config), &c, &err);

        if (r < 0) {
                assert_int_not_equal(err.kind, BRIG_OK);
                assert_null(c.rootfs.diff_ids);
                return r;
        }
        text = brig_image_config_text(&c);
        brig_image_config_clear(&c);
        if (!text)
                return -ENOMEM;
        free(text);
        return 0;
}

static int compile_cycle(void)
{
        const PlanCompileOptions options = { .container_id = HEX };
        BrigError err = BRIG_ERROR_INIT;
        RuntimeSpec spec;
        LaunchPlan plan;
        int r = brig_runtime_spec_read(spec_text, strlen(spec_text), &spec, &err);

        if (r < 0) {
                assert_int_not_equal(err.kind, BRIG_OK);
                assert_null(spec.linux_);
                return r;
        }
        r = brig_plan_compile(&spec, &options, &plan, &err);
        if (r < 0)
                assert_int_equal(err.kind, BRIG_ERR_INTERNAL);
        else
                brig_plan_done(&plan);
        brig_runtime_spec_clear(&spec);
        return r;
}

/* Fails the first, second, third ... allocation until one run gets through. */
static void torture(int (*cycle)(void))
{
        long n = 0;
        int r;

        do {
                budget = n++;
                r = cycle();
                budget = -1;
        } while (r < 0 && n < 10000);
        assert_int_equal(r, 0);
        assert_true(n > 20);
}

static void image_documents(void **state)
{
        torture(image_config_cycle);
}

static void runtime_specifications_and_plans(void **state)
{
        torture(compile_cycle);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(image_documents),
                cmocka_unit_test(runtime_specifications_and_plans),
        };

        json_set_alloc_funcs(__wrap_malloc, free);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
