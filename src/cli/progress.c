#include "cli/progress.h"
#include "base/buffer.h"
#include "base/strings.h"
#include "cli/words.h"
#include <jansson.h>

#define LINE_MAX_BYTES (1u << 20)

static int print_line(const char *line, size_t len, FILE *to, bool quiet, BrigError *err)
{
        json_t *json = json_loadb(line, len, 0, NULL);
        const char *stream = json_string_value(json_object_get(json, "stream"));
        const char *status = json_string_value(json_object_get(json, "status"));
        const char *id = json_string_value(json_object_get(json, "id"));
        const char *error = json_string_value(json_object_get(json, "error"));
        int r = 0;

        if (error)
                r = brig_error_set(err, BRIG_ERR_INTERNAL, 0, "%s", error);
        else if (stream)
                brig_words_write(to, stream, strlen(stream));
        else if (status && !quiet && !json_object_get(json, "progress"))
                fprintf(to, "%s%s%s\n", id ?: "", id ? ": " : "", status);
        json_decref(json);
        return r;
}

/* Prints the complete lines in b and drops them. */
static int print_lines(BrigBuffer *b, FILE *to, bool quiet, BrigError *err)
{
        char *newline;

        while (b->len > 0 && (newline = memchr(b->data, '\n', b->len))) {
                size_t len = (size_t)(newline - b->data) + 1;
                int r = print_line(b->data, len, to, quiet, err);

                if (r < 0)
                        return r;
                brig_buffer_consume(b, len);
        }
        return 0;
}

int brig_progress_copy(HttpConn *c, FILE *to, bool quiet, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(LINE_MAX_BYTES);

        for (;;) {
                const char *data;
                size_t len;
                int r = brig_http_next(c, &data, &len, err);

                if (r < 0)
                        return r;
                (void)brig_buffer_append(&b, data, len);
                if (b.error)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, b.error, "reading the answer of the brig daemon");
                r = print_lines(&b, to, quiet, err);
                if (r < 0)
                        return r;
                (void)fflush(to);
                if (len == 0)
                        return b.len > 0 ? print_line(b.data, b.len, to, quiet, err) : 0;
        }
}
