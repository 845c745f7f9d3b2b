/* top: the processes of a container, as the host's ps would show them. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

#define TOP_COLUMN_MIN 20

static void put_line(const json_t *cells, BrigBuffer *out)
{
        json_t *cell;
        size_t i;

        json_array_foreach(cells, i, cell)
                (void)brig_buffer_printf(out, "%s%s", i > 0 ? "\t" : "", json_string_value(cell) ?: "");
        (void)brig_buffer_putc(out, '\n');
}

static int do_top(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(64u << 20), out = BRIG_BUFFER_INIT(64u << 20);
        _cleanup_unref_ json_t *answer = NULL;
        _cleanup_free_ char *ps_args = brig_strv_join((char **)args + 1, " ");
        json_t *line;
        size_t i;
        int r;

        brig_url_segment(&u, args[0]);
        brig_url_segment(&u, "top");
        if (args[1])
                brig_url_query(&u, "ps_args", ps_args ?: "");
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &answer, err);
        if (r < 0)
                return r;
        put_line(json_object_get(answer, "Titles"), &text);
        json_array_foreach(json_object_get(answer, "Processes"), i, line)
                put_line(line, &text);
        brig_table_print(text.data ?: "", TOP_COLUMN_MIN, &out);
        brig_words_write(stdout, out.data ?: "", out.len);
        return 0;
}

const Verb brig_verb_top = {
        .usage = "CONTAINER [ps OPTIONS]", .summary = "Display the running processes of a container",
        .options = brig_cli_no_options, .min_args = 1, .max_args = VERB_ANY, .flags = VERB_STOP_AT_FIRST, .run = do_top,
};
