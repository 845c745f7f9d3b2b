/* events: one line for each, as they come. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "cli/template/template-internal.h"

#define EVENT_MAX (1u << 20)

typedef struct EventsOptions {
        char **filter;
        const char *format, *since, *until;
} EventsOptions;

static const Option events_options[] = {
        OPTION("filter", 'f', LIST, EventsOptions, filter, "filter", "Filter output based on conditions provided"),
        OPTION("format", 0, STRING, EventsOptions, format, NULL, CLI_FORMAT_OBJECT_HELP),
        OPTION("since", 0, STRING, EventsOptions, since, NULL, "Show all events created since timestamp"),
        OPTION("until", 0, STRING, EventsOptions, until, NULL, "Stream events until this timestamp"),
        OPTIONS_END
};

/* Templates name some fields otherwise than the JSON does. */
static const struct { const char *field, *member; } aliases[] = {
        { "Status", "status" }, { "ID", "id" }, { "From", "from" }, { "Scope", "scope" }, { "Time", "time" }, { "TimeNano", "timeNano" },
};

static int event_field(const TemplateScope *scope, const char *name, json_t *const *args, json_t **ret)
{
        const json_t *event = scope->row;
        json_t *value;

        if (!name) {
                *ret = json_incref((json_t *)event);
                return 0;
        }
        value = json_object_get(event, name);
        for (size_t i = 0; i < ARRAY_SIZE(aliases) && !value; i++)
                if (streq(aliases[i].field, name)) {
                        value = json_object_get(event, aliases[i].member);
                        *ret = value ? json_incref(value) : json_string("");
                        return 0;
                }
        *ret = json_incref(value);
        return value ? 0 : -ENOENT;
}

static int print_formatted(const Template *t, const json_t *event, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(EVENT_MAX);
        const TemplateScope scope = { .field = event_field, .row = event };
        int r = brig_template_execute(t, &scope, &out, err);

        if (r >= 0)
                printf("%s\n", out.data ?: "");
        return r;
}

static void print_plain(const json_t *event)
{
        const json_t *attributes = brig_json_path(event, "Actor", "Attributes");
        int64_t nano = brig_json_int_of(event, "timeNano");
        char seconds[WORD_SIZE];
        _cleanup_free_ const char **keys = brig_template_sorted_keys(attributes);
        size_t date;

        brig_words_time_rfc3339(nano ? nano / 1000000000 : brig_json_int_of(event, "time"), seconds);
        date = strcspn(seconds, "T") + strlen("T00:00:00");
        printf("%.*s.%09lld%s %s %s %s", (int)date, seconds, (long long)(nano % 1000000000), strlen(seconds) > date ? seconds + date : "",
               brig_json_text_of(event, "Type"), brig_json_text_of(event, "Action"), brig_json_text_of(json_object_get(event, "Actor"), "ID"));
        for (size_t i = 0; keys && keys[i]; i++)
                printf("%s%s=%s", i > 0 ? ", " : " (", keys[i], brig_json_text_of(attributes, keys[i]));
        printf("%s\n", keys && keys[0] ? ")" : "");
}

static int print_event(const char *line, size_t len, const Template *t, BrigError *err)
{
        _cleanup_unref_ json_t *event = json_loadb(line, len, 0, NULL);
        int r = 0;

        if (!event)
                return len > 1 ? brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "the brig daemon sent an event that is no JSON") : 0;
        if (t)
                r = print_formatted(t, event, err);
        else
                print_plain(event);
        (void)fflush(stdout);
        return r;
}

static int print_stream(HttpConn *c, const Template *t, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(EVENT_MAX);

        for (;;) {
                const char *data, *newline;
                size_t len;
                int r = brig_http_next(c, &data, &len, err);

                if (r < 0)
                        return r;
                if (brig_buffer_append(&b, data, len) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, b.error, "reading events");
                while (b.len > 0 && (newline = memchr(b.data, '\n', b.len))) {
                        size_t used = (size_t)(newline - b.data) + 1;

                        r = print_event(b.data, used, t, err);
                        if (r < 0)
                                return r;
                        brig_buffer_consume(&b, used);
                }
                if (len == 0)
                        return b.len > 0 ? print_event(b.data, b.len, t, err) : 0;
        }
}

static int do_events(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const EventsOptions *o = options;
        _cleanup_url_ Url u = URL("/events");
        _cleanup_(brig_template_freep) Template *t = NULL;
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        _cleanup_unref_ json_t *filters = NULL;
        HttpResponse response;
        int r = brig_str_empty(o->format) ? 0 : brig_format_parse(o->format, &t, err);

        if (r >= 0)
                r = brig_daemon_filters(o->filter, &filters, err);
        if (r >= 0)
                r = brig_url_query_time(&u, "since", o->since, err);
        if (r >= 0)
                r = brig_url_query_time(&u, "until", o->until, err);
        if (r < 0)
                return r;
        brig_url_query_json(&u, "filters", filters);
        r = brig_daemon_open(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, false, &c, &response, err);
        return r < 0 ? r : print_stream(c, t, err);
}

const Verb brig_verb_events = {
        .usage = "[OPTIONS]", .summary = "Get real time events from the server",
        .options = events_options, .size = sizeof(EventsOptions), .max_args = 0, .run = do_events,
};
