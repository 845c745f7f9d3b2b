/* inspect, of whatever has the name; container inspect, image inspect. --security is in security.c. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/security.h"
#include "cli/verbs/verbs.h"

#define OBJECT_MAX (64u << 20)
#define EXIT_BROKEN_TEMPLATE 64

typedef struct InspectOptions {
        const char *format, *type;
        bool size, security;
} InspectOptions;

static const Option inspect_options[] = {
        OPTION("format", 'f', STRING, InspectOptions, format, NULL, CLI_FORMAT_OBJECT_HELP),
        OPTION("security", 0, BOOL, InspectOptions, security, NULL,
               "Show what a running container may do, as read back from the kernel"),
        OPTION("size", 's', BOOL, InspectOptions, size, NULL, "Display total file sizes if the type is container"),
        OPTION("type", 0, STRING, InspectOptions, type, NULL, "Only inspect objects of the given type"),
        OPTIONS_END
};

static const Option container_options[] = {
        OPTION("format", 'f', STRING, InspectOptions, format, NULL, CLI_FORMAT_OBJECT_HELP),
        OPTION("security", 0, BOOL, InspectOptions, security, NULL,
               "Show what a running container may do, as read back from the kernel"),
        OPTION("size", 's', BOOL, InspectOptions, size, NULL, "Display total file sizes"),
        OPTIONS_END
};

static const Option plain_options[] = {
        OPTION("format", 'f', STRING, InspectOptions, format, NULL, CLI_FORMAT_OBJECT_HELP),
        OPTIONS_END
};

/* What can be inspected, in the order in which a name without --type is tried. */
typedef struct InspectType {
        const char *name, *path, *suffix;
        bool has_size;
} InspectType;

static const InspectType types[] = {
        { "container", URL_PREFIX "/containers", "json", true },
        { "image", URL_PREFIX "/images", "json", false },
        { "network", URL_PREFIX "/networks", NULL, false },
        { "volume", URL_PREFIX "/volumes", NULL, false },
};

static const InspectType *find_type(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (streq(types[i].name, name))
                        return &types[i];
        return NULL;
}

static int fetch_as(Cli *cli, const InspectType *type, const char *name, bool size, BrigBuffer *out, BrigError *err)
{
        _cleanup_url_ Url u = { .text = BRIG_BUFFER_INIT(URL_MAX), .prefix = type->path };

        brig_url_segment(&u, name);
        if (type->suffix)
                brig_url_segment(&u, type->suffix);
        brig_url_flag(&u, "size", size && type->has_size);
        return brig_daemon_fetch(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, out, err);
}

static int fetch_any(Cli *cli, const char *name, bool size, BrigBuffer *out, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                int r = fetch_as(cli, &types[i], name, size, out, err);

                if (r >= 0 || err->kind != BRIG_ERR_NOT_FOUND)
                        return r;
                brig_error_clear(err);
        }
        return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "Error: No such object: %s", name);
}

/* The objects that were found: `texts` their JSON, one behind the other in an array's form. */
typedef struct Inspection {
        const InspectOptions *options;
        Template *template;
        BrigBuffer out;          /* of the plain form */
        unsigned found;
} Inspection;

static void add_plain(Inspection *n, const BrigBuffer *text)
{
        (void)brig_buffer_puts(&n->out, n->found++ > 0 ? ",\n    " : "[\n    ");
        brig_json_indent(text->data, text->len, 1, &n->out);
}

static int add_formatted(Inspection *n, const BrigBuffer *text, BrigError *err)
{
        _cleanup_unref_ json_t *value = json_loadb(text->data, text->len, 0, NULL);

        n->found++;
        if (!value)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "the brig daemon answered with broken JSON");
        return brig_format_print(n->template, value, err);
}

static int inspect_one(Cli *cli, Inspection *n, const InspectType *type, const char *name, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(OBJECT_MAX);
        int r = type ? fetch_as(cli, type, name, n->options->size, &text, err) : fetch_any(cli, name, n->options->size, &text, err);

        if (r < 0)
                return r;
        if (n->template)
                return add_formatted(n, &text, err);
        add_plain(n, &text);
        return 0;
}

static void print_plain(Inspection *n)
{
        _cleanup_buffer_ BrigBuffer compact = BRIG_BUFFER_INIT(OBJECT_MAX);
        bool json = n->options->format && streq(n->options->format, "json");
        json_t *value;

        (void)brig_buffer_puts(&n->out, n->found > 0 ? "\n]" : "[]");
        value = json ? json_loadb(n->out.data, n->out.len, 0, NULL) : NULL;
        if (value)
                brig_json_print_go(value, false, &compact);
        json_decref(value);
        (void)puts(value ? compact.data : n->out.data);
}

static int inspect_all(Cli *cli, Inspection *n, const InspectType *type, char *const *names)
{
        BrigError first = BRIG_ERROR_INIT;
        int status = 0;

        for (; *names; names++) {
                BrigError err = BRIG_ERROR_INIT;

                if (inspect_one(cli, n, type, *names, &err) >= 0)
                        continue;
                status = 1;
                if (n->template || first.kind != BRIG_OK)
                        brig_cli_complain(&err);
                else
                        first = err;
        }
        if (!n->template)
                print_plain(n);
        if (first.kind != BRIG_OK)
                brig_cli_complain(&first);
        return status;
}

static int do_inspect(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const InspectOptions *o = options;
        const InspectType *type = (const InspectType *)cli->verb->variant;
        Inspection n = { .options = o, .out = BRIG_BUFFER_INIT(OBJECT_MAX) };
        int r;

        if (o->security)
                return brig_security_show(cli, args, o->format, err);
        if (o->type && !(type = find_type(o->type)))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL,
                                      "unknown type: \"%s\": must be one of \"container\", \"image\", \"network\", \"volume\"", o->type);
        if (o->format && !streq(o->format, "json") && *o->format && brig_format_parse(o->format, &n.template, err) < 0) {
                brig_cli_complain(err);
                return EXIT_BROKEN_TEMPLATE;
        }
        r = inspect_all(cli, &n, type, args);
        brig_template_free(n.template);
        brig_buffer_done(&n.out);
        return r;
}

const Verb brig_verb_inspect = {
        .usage = "[OPTIONS] NAME|ID [NAME|ID...]", .summary = "Return low-level information on objects",
        .options = inspect_options, .size = sizeof(InspectOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_inspect,
};

const Verb brig_verb_container_inspect = {
        .usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Display detailed information on one or more containers",
        .options = container_options, .size = sizeof(InspectOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_inspect,
        .variant = (intptr_t)&types[0],
};

const Verb brig_verb_network_inspect = {
        .usage = "[OPTIONS] NETWORK [NETWORK...]", .summary = "Display detailed information on one or more networks",
        .options = plain_options, .size = sizeof(InspectOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_inspect,
        .variant = (intptr_t)&types[2],
};

const Verb brig_verb_volume_inspect = {
        .usage = "[OPTIONS] VOLUME [VOLUME...]", .summary = "Display detailed information on one or more volumes",
        .options = plain_options, .size = sizeof(InspectOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_inspect,
        .variant = (intptr_t)&types[3],
};

const Verb brig_verb_image_inspect = {
        .usage = "[OPTIONS] IMAGE [IMAGE...]", .summary = "Display detailed information on one or more images",
        .options = plain_options, .size = sizeof(InspectOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_inspect,
        .variant = (intptr_t)&types[1],
};
