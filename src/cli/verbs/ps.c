/* ps: the list of containers. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/ports.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

typedef struct PsOptions {
        bool all, latest, no_trunc, quiet, size;
        char **filter;
        const char *format;
        OptInt last;
} PsOptions;

static const Option ps_options[] = {
        OPTION("all", 'a', BOOL, PsOptions, all, NULL, "Show all containers (default shows just running)"),
        OPTION("filter", 'f', LIST, PsOptions, filter, "filter", "Filter output based on conditions provided"),
        OPTION("format", 0, STRING, PsOptions, format, NULL, CLI_FORMAT_HELP),
        OPTION("last", 'n', INT, PsOptions, last, NULL, "Show n last created containers (includes all states) (default -1)"),
        OPTION("latest", 'l', BOOL, PsOptions, latest, NULL, "Show the latest created container (includes all states)"),
        OPTION("no-trunc", 0, BOOL, PsOptions, no_trunc, NULL, "Don't truncate output"),
        OPTION("quiet", 'q', BOOL, PsOptions, quiet, NULL, "Only display container IDs"),
        OPTION("size", 's', BOOL, PsOptions, size, NULL, "Display total file sizes"),
        OPTIONS_END
};

static void put_id(const ListRow *row, BrigBuffer *out)
{
        const char *id = brig_json_text_of(row->item, "Id");
        char brief[WORD_SIZE];

        brig_words_short_id(id, brief);
        (void)brig_buffer_puts(out, row->no_trunc ? id : brief);
}

/* The name that is the container's own: others, with a slash inside, come from links. */
static void put_names(const ListRow *row, BrigBuffer *out)
{
        const json_t *names = json_object_get(row->item, "Names");
        json_t *name;
        size_t i;

        json_array_foreach(names, i, name) {
                const char *s = json_string_value(name) ?: "";

                s += *s == '/';
                if (!row->no_trunc && strchr(s, '/'))
                        continue;
                (void)brig_buffer_printf(out, "%s%s", out->len > 0 ? "," : "", s);
                if (!row->no_trunc)
                        return;
        }
}

static void put_image(const ListRow *row, BrigBuffer *out)
{
        const char *image = brig_json_text_of(row->item, "Image");
        char brief[WORD_SIZE], of_id[WORD_SIZE];

        brig_words_short_id(image, brief);
        brig_words_short_id(brig_json_text_of(row->item, "ImageID"), of_id);
        if (!*image)
                (void)brig_buffer_puts(out, "<no image>");
        else if (row->no_trunc)
                (void)brig_buffer_puts(out, image);
        else if (*of_id && streq(brief, of_id))
                (void)brig_buffer_puts(out, brief);
        else
                (void)brig_buffer_append(out, image, strcspn(image, "@"));
}

static void put_command(const ListRow *row, BrigBuffer *out)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(1u << 20);

        brig_words_ellipsis(brig_json_text_of(row->item, "Command"), row->no_trunc ? SIZE_MAX : 20, &text);
        brig_go_quote(text.data ?: "", out);
}

static void put_created_at(const ListRow *row, BrigBuffer *out)
{
        char words[WORD_SIZE];

        brig_words_time(brig_json_int_of(row->item, "Created"), words);
        (void)brig_buffer_puts(out, words);
}

static void put_running_for(const ListRow *row, BrigBuffer *out)
{
        char words[WORD_SIZE];

        brig_words_ago(brig_json_int_of(row->item, "Created"), words);
        (void)brig_buffer_puts(out, words);
}

static void put_ports(const ListRow *row, BrigBuffer *out)
{
        brig_ports_display(json_object_get(row->item, "Ports"), out);
}

static void put_state(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "State"));
}

static void put_status(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Status"));
}

static void put_size(const ListRow *row, BrigBuffer *out)
{
        char own[WORD_SIZE], whole[WORD_SIZE];

        brig_words_size(brig_json_int_of(row->item, "SizeRw"), 3, own);
        brig_words_size(brig_json_int_of(row->item, "SizeRootFs"), 3, whole);
        (void)brig_buffer_puts(out, own);
        if (brig_json_int_of(row->item, "SizeRootFs") > 0)
                (void)brig_buffer_printf(out, " (virtual %s)", whole);
}

static void put_labels(const ListRow *row, BrigBuffer *out)
{
        brig_words_labels(json_object_get(row->item, "Labels"), out);
}

static void put_mounts(const ListRow *row, BrigBuffer *out)
{
        json_t *mount;
        size_t i;

        json_array_foreach(json_object_get(row->item, "Mounts"), i, mount) {
                const char *name = brig_json_text_of(mount, "Name");

                if (i > 0)
                        (void)brig_buffer_putc(out, ',');
                brig_words_ellipsis(*name ? name : brig_json_text_of(mount, "Source"), row->no_trunc ? SIZE_MAX : 15, out);
        }
}

static void put_local_volumes(const ListRow *row, BrigBuffer *out)
{
        unsigned count = 0;
        json_t *mount;
        size_t i;

        json_array_foreach(json_object_get(row->item, "Mounts"), i, mount)
                count += streq(brig_json_text_of(mount, "Driver"), "local");
        (void)brig_buffer_printf(out, "%u", count);
}

static void put_networks(const ListRow *row, BrigBuffer *out)
{
        json_t *networks = brig_json_path(row->item, "NetworkSettings", "Networks"), *network;
        const char *name;

        json_object_foreach(networks, name, network)
                (void)brig_buffer_printf(out, "%s%s", out->len > 0 ? "," : "", name);
}

static json_t *platform_json(const ListRow *row)
{
        json_t *platform = brig_json_path(row->item, "ImageManifestDescriptor", "platform");

        return platform ? json_incref(platform) : json_null();
}

static const ListField ps_fields[] = {
        { "Command", "COMMAND", put_command },
        { "CreatedAt", "CREATED AT", put_created_at },
        { "ID", "CONTAINER ID", put_id },
        { "Image", "IMAGE", put_image },
        { "Labels", "LABELS", put_labels },
        { "LocalVolumes", "LOCAL VOLUMES", put_local_volumes },
        { "Mounts", "MOUNTS", put_mounts },
        { "Names", "NAMES", put_names },
        { "Networks", "NETWORKS", put_networks },
        { "Platform", "PLATFORM", .json = platform_json },
        { "Ports", "PORTS", put_ports },
        { "RunningFor", "CREATED", put_running_for },
        { "Size", "SIZE", put_size },
        { "State", "STATE", put_state },
        { "Status", "STATUS", put_status },
        { NULL },
};

static const char *ps_label(const ListRow *row, const char *name)
{
        return json_string_value(json_object_get(json_object_get(row->item, "Labels"), name));
}

#define PS_TABLE "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"

static const ListFormat ps_format = { .fields = ps_fields, .table = PS_TABLE, .quiet = "{{.ID}}", .label = ps_label };
static const ListFormat ps_format_size = { .fields = ps_fields, .table = PS_TABLE "\t{{.Size}}", .quiet = "{{.ID}}", .label = ps_label };

static int make_url(const PsOptions *o, bool size, Url *u, BrigError *err)
{
        _cleanup_unref_ json_t *filters = NULL;
        int64_t limit = o->latest ? 1 : o->last.value;
        char number[24];
        int r = brig_daemon_filters(o->filter, &filters, err);

        if (r < 0)
                return r;
        brig_url_flag(u, "all", o->all);
        (void)snprintf(number, sizeof(number), "%lld", (long long)limit);
        if (limit > 0)
                brig_url_query(u, "limit", number);
        brig_url_flag(u, "size", size);
        brig_url_query_json(u, "filters", filters);
        return 0;
}

static int do_ps(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const PsOptions *o = options;
        _cleanup_url_ Url u = URL("/containers/json");
        _cleanup_(brig_list_freep) ListPrinter *p = NULL;
        _cleanup_unref_ json_t *answer = NULL;
        const ListRow like = { .no_trunc = o->no_trunc };
        int r = brig_list_new(o->size ? &ps_format_size : &ps_format, o->format, o->quiet, &p, err);

        if (r >= 0)
                r = make_url(o, o->size || brig_list_uses(p, "Size"), &u, err);
        if (r >= 0)
                r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &answer, err);
        return r < 0 ? r : brig_list_print(p, answer, &like, err);
}

const Verb brig_verb_ps = {
        .usage = "[OPTIONS]", .summary = "List containers",
        .options = ps_options, .size = sizeof(PsOptions), .max_args = 0, .run = do_ps,
};
