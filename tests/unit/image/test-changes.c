/* import --change: Dockerfile instructions on a configuration. */
#include "base/strings.h"
#include "image/changes-internal.h"
#include "tests/unit/cmocka-all.h"

static const struct { const char *change, *expected; } good[] = {
        { "CMD ls -l", "\"Cmd\":[\"/bin/sh\",\"-c\",\"ls -l\"]" },
        { "cmd [\"ls\", \"-l\"]", "\"Cmd\":[\"ls\",\"-l\"]" },
        { "CMD [ not json", "\"Cmd\":[\"/bin/sh\",\"-c\",\"[ not json\"]" },
        { "ENTRYPOINT [\"/e\"]", "\"Entrypoint\":[\"/e\"]" },
        { "ENV A=1 B=\"two words\" C='$A' D=x\\ y", "\"Env\":[\"A=1\",\"B=two words\",\"C=$A\",\"D=x y\"]" },
        { "ENV NAME the rest of it", "\"Env\":[\"NAME=the rest of it\"]" },
        { "ENV A=1\nENV A=2 B=$A", "\"Env\":[\"A=2\",\"B=2\"]" },
        { "ENV A=1\nENV B=${A}x C=${NONE:-d} D=${A:+s} E=${NONE:+s} F=\\$A G=\"$A\"", "\"Env\":[\"A=1\",\"B=1x\",\"C=d\",\"D=s\",\"E=\",\"F=$A\",\"G=1\"]" },
        { "EXPOSE 80", "\"ExposedPorts\":{\"80/tcp\":{}}" },
        { "EXPOSE 53/udp 100-101/tcp", "\"ExposedPorts\":{\"53/udp\":{},\"100/tcp\":{},\"101/tcp\":{}}" },
        { "LABEL a=b c=\"d e\"", "\"Labels\":{\"a\":\"b\",\"c\":\"d e\"}" },
        { "USER 1:2", "\"User\":\"1:2\"" },
        { "VOLUME /a /b", "\"Volumes\":{\"/a\":{},\"/b\":{}}" },
        { "VOLUME [\"/a b\"]", "\"Volumes\":{\"/a b\":{}}" },
        { "WORKDIR /a/./b//../c", "\"WorkingDir\":\"/a/c\"" },
        { "WORKDIR /a\nWORKDIR b", "\"WorkingDir\":\"/a/b\"" },
        { "WORKDIR ../../x", "\"WorkingDir\":\"/x\"" },
        { "STOPSIGNAL SIGINT", "\"StopSignal\":\"SIGINT\"" },
        { "ONBUILD RUN make", "\"OnBuild\":[\"RUN make\"]" },
        { "HEALTHCHECK NONE", "\"Test\":[\"NONE\"]" },
        { "HEALTHCHECK --interval=5s --retries=3 CMD curl x", "\"Test\":[\"CMD-SHELL\",\"curl x\"],\"Interval\":5000000000" },
        { "HEALTHCHECK CMD [\"a\",\"b\"]", "\"Test\":[\"CMD\",\"a\",\"b\"]" },
        { "# a comment\n\n  USER x  ", "\"User\":\"x\"" },
};

static char *apply(const char *change, BrigError *err)
{
        char *changes[] = { (char *)change, NULL };
        ImageContainerConfig c;
        _cleanup_json_ json_t *object = NULL;
        char *text = NULL;

        brig_json_init(image_container_config_fields, &c, sizeof(c));
        if (brig_changes_apply(&c, changes, err) == 0) {
                object = brig_json_write(image_container_config_fields, &c);
                text = brig_json_text(object);
        }
        brig_json_clear(image_container_config_fields, &c);
        return text;
}

static void test_instructions(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                BrigError err = BRIG_ERROR_INIT;
                _cleanup_free_ char *text = apply(good[i].change, &err);

                if (!text)
                        fail_msg("%s: %s", good[i].change, err.message);
                if (!strstr(text, good[i].expected))
                        fail_msg("%s: %s", good[i].change, text);
        }
}

static const char *const bad[] = {
        "RUN x", "FROM x", "CMDx y", "ENV", "ENV A", "ENV A=1 B", "ENV =x", "ENV A=\"x", "ENV A='x", "ENV A=${B", "ENV A=${}", "ENV A=${B?x}",
        "EXPOSE", "EXPOSE x", "EXPOSE 70000", "EXPOSE 2-1", "EXPOSE 80/icmp", "EXPOSE /tcp", "LABEL", "USER", "VOLUME", "VOLUME [\"\"]", "WORKDIR", "STOPSIGNAL",
        "ONBUILD", "ONBUILD ONBUILD x", "ONBUILD from y", "HEALTHCHECK", "HEALTHCHECK CMD", "HEALTHCHECK what x", "HEALTHCHECK --interval=x CMD y",
        "HEALTHCHECK --retries=-1 CMD y", "HEALTHCHECK NONE x", "ENV A=${B:-${B:-${B:-${B:-${B:-${B:-${B:-${B:-${B:-x}}}}}}}}}",
};

static void test_mistakes_are_told(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                BrigError err = BRIG_ERROR_INIT;
                _cleanup_free_ char *text = apply(bad[i], &err);

                if (text)
                        fail_msg("\"%s\" is taken: %s", bad[i], text);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_instructions), cmocka_unit_test(test_mistakes_are_told) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
