/* history: the layers of an image. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

typedef struct HistoryOptions {
        const char *format, *platform;
        bool human, no_trunc, quiet;
} HistoryOptions;

static const Option history_options[] = {
        OPTION("format", 0, STRING, HistoryOptions, format, NULL, CLI_FORMAT_HELP),
        OPTION_F("human", 'H', BOOL, HistoryOptions, human, "Print sizes and dates in human readable format (default true)", OPT_F_DEFAULT_TRUE),
        OPTION("no-trunc", 0, BOOL, HistoryOptions, no_trunc, NULL, "Don't truncate output"),
        OPTION("platform", 0, STRING, HistoryOptions, platform, NULL,
               "Show history for the given platform. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
        OPTION("quiet", 'q', BOOL, HistoryOptions, quiet, NULL, "Only show image IDs"),
        OPTIONS_END
};

static void put_comment(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Comment"));
}

static void put_created_at(const ListRow *row, BrigBuffer *out)
{
        char words[WORD_SIZE];

        brig_words_time_rfc3339(brig_json_int_of(row->item, "Created"), words);
        (void)brig_buffer_puts(out, words);
}

static void put_created_since(const ListRow *row, BrigBuffer *out)
{
        char words[WORD_SIZE];

        if (row->plain_numbers) {
                put_created_at(row, out);
                return;
        }
        brig_words_ago(brig_json_int_of(row->item, "Created"), words);
        (void)brig_buffer_puts(out, words);
}

static void put_created_by(const ListRow *row, BrigBuffer *out)
{
        _cleanup_free_ char *text = strdup(brig_json_text_of(row->item, "CreatedBy"));

        for (char *s = text; s && *s; s++)
                if (*s == '\t' || *s == '\n')
                        *s = ' ';
        brig_words_ellipsis(text ?: "", row->no_trunc ? SIZE_MAX : 45, out);
}

static void put_id(const ListRow *row, BrigBuffer *out)
{
        const char *id = brig_json_text_of(row->item, "Id");
        char brief[WORD_SIZE];

        brig_words_short_id(id, brief);
        (void)brig_buffer_puts(out, row->no_trunc || *id == '<' ? id : brief);
}

static void put_size(const ListRow *row, BrigBuffer *out)
{
        int64_t size = brig_json_int_of(row->item, "Size");
        char words[WORD_SIZE];

        brig_words_size(size, 3, words);
        if (row->plain_numbers)
                (void)brig_buffer_printf(out, "%lld", (long long)size);
        else
                (void)brig_buffer_puts(out, words);
}

static const ListField history_fields[] = {
        { "Comment", "COMMENT", put_comment },
        { "CreatedAt", "CREATED AT", put_created_at },
        { "CreatedBy", "CREATED BY", put_created_by },
        { "CreatedSince", "CREATED", put_created_since },
        { "ID", "IMAGE", put_id },
        { "Size", "SIZE", put_size },
        { NULL },
};

static const ListFormat human_format = {
        .fields = history_fields, .quiet = "{{.ID}}", .table = "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
};
static const ListFormat plain_format = {
        .fields = history_fields, .quiet = "{{.ID}}", .table = "{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
};

static int do_history(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const HistoryOptions *o = options;
        _cleanup_url_ Url u = URL("/images");
        _cleanup_(brig_list_freep) ListPrinter *p = NULL;
        _cleanup_unref_ json_t *answer = NULL;
        const ListRow like = { .no_trunc = o->no_trunc, .plain_numbers = !o->human };
        int r = brig_list_new(o->human ? &human_format : &plain_format, o->format, o->quiet, &p, err);

        if (r < 0)
                return r;
        brig_url_segment(&u, args[0]);
        brig_url_segment(&u, "history");
        if (!brig_str_empty(o->platform))
                brig_url_query(&u, "platform", o->platform);
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &answer, err);
        return r < 0 ? r : brig_list_print(p, answer, &like, err);
}

const Verb brig_verb_history = {
        .usage = "[OPTIONS] IMAGE", .summary = "Show the history of an image",
        .options = history_options, .size = sizeof(HistoryOptions), .min_args = 1, .max_args = 1, .run = do_history,
};
