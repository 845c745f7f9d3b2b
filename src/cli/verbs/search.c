/* search: images of a registry, as the daemon finds them. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

typedef struct SearchOptions {
        char **filter;
        const char *format;
        OptInt limit;
        bool no_trunc;
} SearchOptions;

static const Option search_options[] = {
        OPTION("filter", 'f', LIST, SearchOptions, filter, "filter", "Filter output based on conditions provided"),
        OPTION("format", 0, STRING, SearchOptions, format, NULL, "Pretty-print search using a Go template"),
        OPTION("limit", 0, INT, SearchOptions, limit, NULL, "Max number of search results"),
        OPTION("no-trunc", 0, BOOL, SearchOptions, no_trunc, NULL, "Don't truncate output"),
        OPTIONS_END
};

static void put_name(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "name"));
}

static void put_description(const ListRow *row, BrigBuffer *out)
{
        _cleanup_free_ char *text = strdup(brig_json_text_of(row->item, "description"));

        for (char *s = text; s && *s; s++)
                if (*s == '\n' || *s == '\r')
                        *s = ' ';
        brig_words_ellipsis(text ?: "", row->no_trunc ? SIZE_MAX : 45, out);
}

static void put_stars(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_printf(out, "%lld", (long long)brig_json_int_of(row->item, "star_count"));
}

static void put_official(const ListRow *row, BrigBuffer *out)
{
        bool official = json_is_true(json_object_get(row->item, "is_official"));

        if (row->plain_numbers)
                (void)brig_buffer_puts(out, official ? "true" : "false");
        else
                (void)brig_buffer_puts(out, official ? "[OK]" : "");
}

static const ListField search_fields[] = {
        { "Description", "DESCRIPTION", put_description },
        { "IsOfficial", "OFFICIAL", put_official },
        { "Name", "NAME", put_name },
        { "StarCount", "STARS", put_stars },
        { NULL },
};

static const ListFormat search_format = {
        .fields = search_fields, .table = "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}", .quiet = "{{.Name}}",
};

static int do_search(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const SearchOptions *o = options;
        _cleanup_url_ Url u = URL("/images/search");
        _cleanup_(brig_list_freep) ListPrinter *p = NULL;
        _cleanup_unref_ json_t *filters = NULL, *answer = NULL;
        const ListRow like = { .no_trunc = o->no_trunc, .plain_numbers = brig_str_equal(o->format, "json") };
        char limit[24];
        int r = brig_list_new(&search_format, o->format, false, &p, err);

        if (r >= 0)
                r = brig_daemon_filters(o->filter, &filters, err);
        if (r < 0)
                return r;
        brig_url_query(&u, "term", args[0]);
        (void)snprintf(limit, sizeof(limit), "%lld", (long long)o->limit.value);
        if (o->limit.value > 0)
                brig_url_query(&u, "limit", limit);
        brig_url_query_json(&u, "filters", filters);
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &answer, err);
        return r < 0 ? r : brig_list_print(p, answer, &like, err);
}

const Verb brig_verb_search = {
        .usage = "[OPTIONS] TERM", .summary = "Search a registry for images",
        .options = search_options, .size = sizeof(SearchOptions), .min_args = 1, .max_args = 1, .run = do_search,
};
