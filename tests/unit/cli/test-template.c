/* Go's template language over JSON. The expected texts were taken from the docker command line. */
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/template/template.h"

static const char object[] =
        "{\"Id\":\"c0ffee\",\"Name\":\"/quirky\",\"Args\":[\"a\",\"b\"],\"State\":{\"Running\":true,\"Dead\":false,\"Pid\":42,\"Error\":\"\"},"
        "\"Config\":{\"Labels\":{\"b\":\"2\",\"a\":\"<1>\"},\"Env\":[\"A=1\"],\"Cmd\":null},"
        "\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],\"443/tcp\":null},\"Empty\":[],\"Real\":1.5}";

static int run(const char *text, BrigBuffer *out, BrigError *err)
{
        _cleanup_(brig_template_freep) Template *t = NULL;
        _cleanup_unref_ json_t *value = json_loads(object, 0, NULL);
        const TemplateScope scope = { .value = value };
        int r = brig_template_parse(text, &t, err);

        assert_non_null(value);
        return r < 0 ? r : brig_template_execute(t, &scope, out, err);
}

static void test_good(void **state)
{
        static const struct { const char *text, *expected; } cases[] = {
                { "", "" },
                { "plain", "plain" },
                { "{{.Id}}\\t{{ .Name }}", "c0ffee\\t/quirky" },
                { "{{.State.Pid}} {{.State.Running}} {{.Real}}", "42 true 1.5" },
                { "{{.Config.Labels}} {{.Args}} {{.Config.Cmd}}", "map[a:<1> b:2] [a b] <nil>" },
                { "{{.Config.Labels.zz}} {{.State.Health}}", "<no value> <nil>" },
                { "{{if .State.Health}}x{{else}}none{{end}}", "none" },
                { "{{if .State.Dead}}1{{else if .State.Running}}2{{else}}3{{end}}", "2" },
                { "{{with .State}}{{.Pid}}{{end}}{{with .Empty}}x{{else}}-{{end}}", "42-" },
                { "{{range .Args}}[{{.}}]{{end}}{{range .Empty}}x{{else}}no{{end}}", "[a][b]no" },
                { "{{range $i, $v := .Args}}{{$i}}={{$v}} {{end}}", "0=a 1=b " },
                { "{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}};{{end}}", "a:<1>;b:2;" },
                { "{{range $v := .Args}}{{if eq $v \"b\"}}{{break}}{{end}}{{$v}}{{end}}", "a" },
                { "{{range .Args}}{{if eq . \"a\"}}{{continue}}{{end}}{{.}}{{end}}", "b" },
                { "{{$x := 5}}{{$x}}{{$x = 6}}{{$x}}{{$.Id}}", "56c0ffee" },
                { "{{(index .Ports \"80/tcp\" 0).HostPort}}", "8080" },
                { "{{json .Config.Labels}}", "{\"b\":\"2\",\"a\":\"<1>\"}" },
                { "{{json .State.Error}} {{json .Config.Cmd}}", "\"\" null" },
                { "{{.Name | upper | printf \"%s!\"}}", "/QUIRKY!" },
                { "{{len .Args}} {{len .Id}} {{len .Config.Labels}}", "2 6 2" },
                { "{{join .Args \",\"}} {{split \"a,b\" \",\"}}", "a,b [a b]" },
                { "{{title \"abc def\"}} {{lower \"ABC\"}} {{pad \"x\" 2 3}}|{{truncate \"abcdef\" 3}}", "Abc Def abc   x   |abc" },
                { "{{slice .Name 1 3}} {{slice .Args 1}}", "qu [b]" },
                { "{{print 1 2 \"x\"}} {{println \"a\" 1}}", "1 2x a 1\n" },
                { "{{printf \"%q %5d|%-5s|%05d|%x|%.2f|%v|%%\" .Name 42 \"a\" 7 255 1.5 .Args}}", "\"/quirky\"    42|a    |00007|ff|1.50|[a b]|%" },
                { "{{eq 1 2 1}} {{ne \"a\" \"b\"}} {{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1 2}}", "true true true true true false" },
                { "{{and true .Id}} {{or \"\" \"x\"}} {{not .State.Dead}}", "c0ffee x true" },
                { "a  {{- \" b \" -}}  c", "a b c" },
                { "{{/* nothing */}}x{{- /* nor here */ -}} y", "xy" },
                { "{{`raw \\n`}} {{\"tab\\t.\"}} {{true}} {{-3}}", "raw \\n tab\t. true -3" },
                { "{{index .Config.Labels \"a\"}}{{index .Config.Labels \"none\"}}", "<1>" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(10000);
                BrigError err = BRIG_ERROR_INIT;

                if (run(cases[i].text, &out, &err) < 0)
                        fail_msg("%s: %s", cases[i].text, err.message);
                assert_string_equal(out.data ?: "", cases[i].expected);
        }
}

static void test_bad(void **state)
{
        static const struct { const char *text, *words; } cases[] = {
                { "{{.State", "template: :1: unclosed action" },
                { "{{foo}}", "template: :1: function \"foo\" not defined" },
                { "{{end}}", "template: :1: unexpected {{end}}" },
                { "{{if .Id}}", "template: :1: unexpected EOF" },
                { "{{if .Id}}a{{else}}b{{else}}c{{end}}", "template: :1: expected end; found {{else}}" },
                { "{{\"abc}}", "template: :1: unterminated quoted string" },
                { "{{(.Id}}", "template: :1: unclosed left paren" },
                { "{{/* x", "template: :1: unclosed comment" },
                { "\n{{|}}", "template: :2: missing value for command" },
                { "{{.Foo}}", "template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\"" },
                { "{{.State.Foo}}", "template: :1:8: executing \"\" at <.State.Foo>: map has no entry for key \"Foo\"" },
                { "{{index .Args 5}}", "template: :1:2: executing \"\" at <index .Args 5>: error calling index: index out of range: 5" },
                { "{{index .Args -1}}", "template: :1:2: executing \"\" at <index .Args -1>: error calling index: index out of range: -1" },
                { "{{$x}}", "template: :1:2: executing \"\" at <$x>: undefined variable \"$x\"" },
                { "{{len 3}}", "template: :1:2: executing \"\" at <len 3>: error calling len: len of a plain value" },
                { "{{.Id 5}}", "template: :1:2: executing \"\" at <.Id>: can't give argument to non-function" },
                { "{{.Config.Cmd.X}}", "template: :1:13: executing \"\" at <.Config.Cmd.X>: nil data; no entry for key \"X\"" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(10000);
                BrigError err = BRIG_ERROR_INIT;

                assert_true(run(cases[i].text, &out, &err) < 0);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                assert_string_equal(err.message, cases[i].words);
        }
}

static void test_depth_is_limited(void **state)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(100000), out = BRIG_BUFFER_INIT(100);
        BrigError err = BRIG_ERROR_INIT;

        for (int i = 0; i < 5000; i++)
                (void)brig_buffer_puts(&text, "{{if 1}}");
        assert_true(run(text.data, &out, &err) < 0);
        brig_buffer_reset(&text);
        (void)brig_buffer_puts(&text, "{{");
        for (int i = 0; i < 5000; i++)
                (void)brig_buffer_putc(&text, '(');
        assert_true(run(text.data, &out, &err) < 0);
}

static void test_uses(void **state)
{
        _cleanup_(brig_template_freep) Template *t = NULL;

        assert_int_equal(brig_template_parse("{{if eq .A \"x\"}}{{range .B}}{{(print $.C)}}{{end}}{{end}}", &t, NULL), 0);
        assert_true(brig_template_uses(t, "A"));
        assert_true(brig_template_uses(t, "B"));
        assert_true(brig_template_uses(t, "C"));
        assert_false(brig_template_uses(t, "D"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_depth_is_limited), cmocka_unit_test(test_uses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
