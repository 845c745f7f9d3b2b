/* volume ls, create, rm. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/verbs/objects.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

typedef struct ListOptions {
        char **filter;
        const char *format;
        bool quiet;
} ListOptions;

static const Option list_options[] = {
        OPTION("filter", 'f', LIST, ListOptions, filter, "filter", "Provide filter values (e.g. \"dangling=true\")"),
        OPTION("format", 0, STRING, ListOptions, format, NULL, CLI_FORMAT_HELP),
        OPTION("quiet", 'q', BOOL, ListOptions, quiet, NULL, "Only display volume names"),
        OPTIONS_END
};

static void put_driver(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Driver"));
}

static void put_name(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Name"));
}

static void put_mountpoint(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Mountpoint"));
}

static void put_scope(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Scope"));
}

static void put_labels(const ListRow *row, BrigBuffer *out)
{
        brig_words_labels(json_object_get(row->item, "Labels"), out);
}

/* What only a cluster has, or only `system df` measures. */
static void put_not_available(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, "N/A");
}

static const ListField volume_fields[] = {
        { "Availability", "AVAILABILITY", put_not_available },
        { "Driver", "DRIVER", put_driver },
        { "Group", "GROUP", put_not_available },
        { "Labels", "LABELS", put_labels },
        { "Links", "LINKS", put_not_available },
        { "Mountpoint", "MOUNTPOINT", put_mountpoint },
        { "Name", "VOLUME NAME", put_name },
        { "Scope", "SCOPE", put_scope },
        { "Size", "SIZE", put_not_available },
        { "Status", "STATUS", put_not_available },
        { NULL },
};

static const char *volume_label(const ListRow *row, const char *name)
{
        return json_string_value(json_object_get(json_object_get(row->item, "Labels"), name));
}

static const ListFormat volume_format = {
        .fields = volume_fields, .table = "{{.Driver}}\t{{.Name}}", .quiet = "{{.Name}}", .label = volume_label,
};

static int do_list(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const ListOptions *o = options;
        _cleanup_url_ Url u = URL("/volumes");
        _cleanup_(brig_list_freep) ListPrinter *p = NULL;
        _cleanup_unref_ json_t *filters = NULL, *answer = NULL;
        const ListRow like = { 0 };
        int r = brig_list_new(&volume_format, o->format, o->quiet, &p, err);

        if (r >= 0)
                r = brig_daemon_filters(o->filter, &filters, err);
        if (r < 0)
                return r;
        brig_url_query_json(&u, "filters", filters);
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &answer, err);
        return r < 0 ? r : brig_list_print(p, json_object_get(answer, "Volumes"), &like, err);
}

const Verb brig_verb_volume_ls = {
        .usage = "[OPTIONS]", .summary = "List volumes",
        .options = list_options, .size = sizeof(ListOptions), .max_args = 0, .run = do_list,
};

/* ---- create ---- */

typedef struct CreateOptions {
        const char *driver, *name;
        char **label, **opt;
} CreateOptions;

static const Option create_options[] = {
        OPTION("driver", 'd', STRING, CreateOptions, driver, NULL, "Specify volume driver name (default \"local\")"),
        OPTION("label", 0, LIST, CreateOptions, label, NULL, "Set metadata for a volume"),
        OPTION_F("name", 0, STRING, CreateOptions, name, "Specify volume name", OPT_F_HIDDEN),
        OPTION("opt", 'o', LIST, CreateOptions, opt, "map", "Set driver specific options"),
        OPTIONS_END
};

static int do_create(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const CreateOptions *o = options;
        _cleanup_url_ Url u = URL("/volumes/create");
        _cleanup_unref_ json_t *answer = NULL, *body = NULL;
        int r;

        if (args[0] && o->name)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "conflicting options: cannot specify a volume name through both --name and as a positional arg");
        body = json_pack("{ss so so ss*}", "Driver", o->driver ?: "local", "DriverOpts", brig_words_object(o->opt), "Labels",
                         brig_words_object(o->label), "Name", args[0] ?: o->name);
        if (!body)
                return brig_error_set(err, BRIG_ERR_INVALID, EILSEQ, "writing the request: a value is not UTF-8 text (or memory is short)");
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, &answer, err);
        if (r >= 0)
                printf("%s\n", brig_json_text_of(answer, "Name"));
        return r;
}

const Verb brig_verb_volume_create = {
        .usage = "[OPTIONS] [VOLUME]", .summary = "Create a volume",
        .options = create_options, .size = sizeof(CreateOptions), .max_args = 1, .run = do_create,
};

/* ---- rm ---- */

typedef struct RemoveOptions {
        bool force;
} RemoveOptions;

static const Option remove_options[] = {
        OPTION("force", 'f', BOOL, RemoveOptions, force, NULL, "Force the removal of one or more volumes"),
        OPTIONS_END
};

static int do_remove(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        return brig_remove_each(cli, URL_PREFIX "/volumes", args, ((const RemoveOptions *)options)->force, false);
}

const Verb brig_verb_volume_rm = {
        .usage = "[OPTIONS] VOLUME [VOLUME...]", .summary = "Remove one or more volumes",
        .options = remove_options, .size = sizeof(RemoveOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_remove,
};
