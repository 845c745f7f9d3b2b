/* A template and, behind a line with "---", the JSON that it prints. */
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char mark[] = "\n---\n";
        const char *split = memmem(data, size, mark, strlen(mark));
        size_t len = split ? (size_t)(split - (const char *)data) : size;
        _cleanup_free_ char *text = strndup((const char *)data, len);
        _cleanup_(brig_template_freep) Template *t = NULL;
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1u << 20), indented = BRIG_BUFFER_INIT(1u << 20);
        _cleanup_unref_ json_t *value = NULL;
        TemplateScope scope = { 0 };
        BrigError err;

        if (split) {
                const char *json = split + strlen(mark);
                size_t json_len = size - (size_t)(json - (const char *)data);

                value = json_loadb(json, json_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
                brig_json_indent(json, json_len, 0, &indented);
        }
        scope.value = value;
        if (text && brig_template_parse(text, &t, &err) >= 0 && brig_template_execute(t, &scope, &out, &err) < 0)
                return 0;
        return 0;
}
