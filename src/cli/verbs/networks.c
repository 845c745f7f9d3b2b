/* network ls, create, rm, connect, disconnect. */
#include "base/clock.h"
#include "base/strings.h"
#include "cli/format.h"
#include "cli/verbs/objects.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

/* ---- ls ---- */

typedef struct ListOptions {
        char **filter;
        const char *format;
        bool quiet, no_trunc;
} ListOptions;

static const Option list_options[] = {
        OPTION("filter", 'f', LIST, ListOptions, filter, "filter", "Provide filter values (e.g. \"driver=bridge\")"),
        OPTION("format", 0, STRING, ListOptions, format, NULL, CLI_FORMAT_HELP),
        OPTION("no-trunc", 0, BOOL, ListOptions, no_trunc, NULL, "Do not truncate the output"),
        OPTION("quiet", 'q', BOOL, ListOptions, quiet, NULL, "Only display network IDs"),
        OPTIONS_END
};

static void put_id(const ListRow *row, BrigBuffer *out)
{
        const char *id = brig_json_text_of(row->item, "Id");
        char brief[WORD_SIZE];

        brig_words_short_id(id, brief);
        (void)brig_buffer_puts(out, row->no_trunc ? id : brief);
}

static void put_name(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Name"));
}

static void put_driver(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Driver"));
}

static void put_scope(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, brig_json_text_of(row->item, "Scope"));
}

static void put_created_at(const ListRow *row, BrigBuffer *out)
{
        char words[WORD_SIZE] = "";
        int64_t ns;

        if (brig_time_parse(brig_json_text_of(row->item, "Created"), 0, &ns) >= 0)
                brig_words_time(ns / BRIG_NSEC_PER_SEC, words);
        (void)brig_buffer_puts(out, words);
}

static void put_flag(const ListRow *row, const char *member, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, json_is_true(json_object_get(row->item, member)) ? "true" : "false");
}

static void put_ipv4(const ListRow *row, BrigBuffer *out)
{
        put_flag(row, "EnableIPv4", out);
}

static void put_ipv6(const ListRow *row, BrigBuffer *out)
{
        put_flag(row, "EnableIPv6", out);
}

static void put_internal(const ListRow *row, BrigBuffer *out)
{
        put_flag(row, "Internal", out);
}

static void put_labels(const ListRow *row, BrigBuffer *out)
{
        brig_words_labels(json_object_get(row->item, "Labels"), out);
}

static const ListField network_fields[] = {
        { "CreatedAt", "CREATED AT", put_created_at },
        { "Driver", "DRIVER", put_driver },
        { "ID", "NETWORK ID", put_id },
        { "IPv4", "IPV4", put_ipv4 },
        { "IPv6", "IPV6", put_ipv6 },
        { "Internal", "INTERNAL", put_internal },
        { "Labels", "LABELS", put_labels },
        { "Name", "NAME", put_name },
        { "Scope", "SCOPE", put_scope },
        { NULL },
};

static const char *network_label(const ListRow *row, const char *name)
{
        return json_string_value(json_object_get(json_object_get(row->item, "Labels"), name));
}

static const ListFormat network_format = {
        .fields = network_fields, .table = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}", .quiet = "{{.ID}}", .label = network_label,
};

static int do_list(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const ListOptions *o = options;
        _cleanup_url_ Url u = URL("/networks");
        _cleanup_(brig_list_freep) ListPrinter *p = NULL;
        _cleanup_unref_ json_t *filters = NULL, *answer = NULL;
        const ListRow like = { .no_trunc = o->no_trunc };
        int r = brig_list_new(&network_format, o->format, o->quiet, &p, err);

        if (r >= 0)
                r = brig_daemon_filters(o->filter, &filters, err);
        if (r < 0)
                return r;
        brig_url_query_json(&u, "filters", filters);
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &answer, err);
        return r < 0 ? r : brig_list_print(p, answer, &like, err);
}

const Verb brig_verb_network_ls = {
        .usage = "[OPTIONS]", .summary = "List networks",
        .options = list_options, .size = sizeof(ListOptions), .max_args = 0, .run = do_list,
};

/* ---- create ---- */

typedef struct CreateOptions {
        const char *driver, *ipam_driver, *scope;
        char **gateway, **ip_range, **subnet, **ipam_opt, **label, **opt;
        bool attachable, internal;
        int ipv4, ipv6;
} CreateOptions;

static const Option create_options[] = {
        OPTION("attachable", 0, BOOL, CreateOptions, attachable, NULL, "Enable manual container attachment"),
        OPTION("driver", 'd', STRING, CreateOptions, driver, NULL, "Driver to manage the Network (default \"bridge\")"),
        OPTION("gateway", 0, LIST, CreateOptions, gateway, "strings", "IPv4 or IPv6 Gateway for the master subnet"),
        OPTION("internal", 0, BOOL, CreateOptions, internal, NULL, "Restrict external access to the network"),
        OPTION("ip-range", 0, LIST, CreateOptions, ip_range, "strings", "Allocate container ip from a sub-range"),
        OPTION("ipam-driver", 0, STRING, CreateOptions, ipam_driver, NULL, "IP Address Management Driver (default \"default\")"),
        OPTION("ipam-opt", 0, LIST, CreateOptions, ipam_opt, "map", "Set IPAM driver specific options"),
        OPTION("ipv4", 0, TRISTATE, CreateOptions, ipv4, NULL, "Enable or disable IPv4 address assignment (default true)"),
        OPTION("ipv6", 0, TRISTATE, CreateOptions, ipv6, NULL, "Enable or disable IPv6 address assignment"),
        OPTION("label", 0, LIST, CreateOptions, label, NULL, "Set metadata on a network"),
        OPTION("opt", 'o', LIST, CreateOptions, opt, "map", "Set driver specific options"),
        OPTION("scope", 0, STRING, CreateOptions, scope, NULL, "Control the network's scope"),
        OPTION("subnet", 0, LIST, CreateOptions, subnet, "strings", "Subnet in CIDR format that represents a network segment"),
        OPTIONS_END
};

/* The n-th gateway and range belong to the n-th subnet, as their order on the command line says. */
static json_t *pool(const CreateOptions *o, size_t i)
{
        json_t *config = json_pack("{ss}", "Subnet", o->subnet[i]);

        if (i < brig_strv_len(o->gateway) && json_object_set_new(config, "Gateway", json_string(o->gateway[i])) < 0)
                return NULL;
        if (i < brig_strv_len(o->ip_range) && json_object_set_new(config, "IPRange", json_string(o->ip_range[i])) < 0)
                return NULL;
        return config;
}

static json_t *ipam(const CreateOptions *o)
{
        json_t *config = json_array();

        for (size_t i = 0; i < brig_strv_len(o->subnet); i++)
                if (json_array_append_new(config, pool(o, i)) < 0) {
                        json_decref(config);
                        return NULL;
                }
        return json_pack("{ss so so}", "Driver", o->ipam_driver ?: "default", "Options", brig_words_object(o->ipam_opt), "Config", config);
}

static json_t *create_body(const CreateOptions *o, const char *name)
{
        json_t *body = json_pack("{ss ss ss so sb sb so so}", "Name", name, "Driver", o->driver ?: "bridge", "Scope", o->scope ?: "",
                                 "IPAM", ipam(o), "Internal", o->internal, "Attachable", o->attachable,
                                 "Options", brig_words_object(o->opt), "Labels", brig_words_object(o->label));
        const struct { const char *member; int value; } versions[] = { { "EnableIPv4", o->ipv4 }, { "EnableIPv6", o->ipv6 } };

        for (size_t i = 0; body && i < ARRAY_SIZE(versions); i++)
                if (versions[i].value >= 0 && json_object_set_new(body, versions[i].member, json_boolean(versions[i].value)) < 0) {
                        json_decref(body);
                        return NULL;
                }
        return body;
}

static int check_pools(const CreateOptions *o, BrigError *err)
{
        size_t subnets = brig_strv_len(o->subnet);

        if (brig_strv_len(o->gateway) > subnets || brig_strv_len(o->ip_range) > subnets)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "every --gateway and --ip-range needs a --subnet");
        return 0;
}

static int do_create(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const CreateOptions *o = options;
        _cleanup_url_ Url u = URL("/networks/create");
        _cleanup_unref_ json_t *answer = NULL, *body = NULL;
        int r = check_pools(o, err);

        if (r < 0)
                return r;
        body = create_body(o, args[0]);
        if (!body)
                return brig_error_set(err, BRIG_ERR_INVALID, EILSEQ, "writing the request: a value is not UTF-8 text (or memory is short)");
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, &answer, err);
        if (r < 0)
                return r;
        if (*brig_json_text_of(answer, "Warning"))
                fprintf(stderr, "WARNING: %s\n", brig_json_text_of(answer, "Warning"));
        printf("%s\n", brig_json_text_of(answer, "Id"));
        return 0;
}

const Verb brig_verb_network_create = {
        .usage = "[OPTIONS] NETWORK", .summary = "Create a network",
        .options = create_options, .size = sizeof(CreateOptions), .min_args = 1, .max_args = 1, .run = do_create,
};

/* ---- rm ---- */

typedef struct RemoveOptions {
        bool force;
} RemoveOptions;

static const Option remove_options[] = {
        OPTION("force", 'f', BOOL, RemoveOptions, force, NULL, "Do not error if the network does not exist"),
        OPTIONS_END
};

static int do_remove(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        return brig_remove_each(cli, URL_PREFIX "/networks", args, false, ((const RemoveOptions *)options)->force);
}

const Verb brig_verb_network_rm = {
        .usage = "NETWORK [NETWORK...]", .summary = "Remove one or more networks",
        .options = remove_options, .size = sizeof(RemoveOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_remove,
};

/* ---- connect, disconnect ---- */

typedef struct ConnectOptions {
        char **alias, **link, **link_local_ip, **driver_opt;
        const char *ip, *ip6;
        OptInt gw_priority;
        bool force;
} ConnectOptions;

static const Option connect_options[] = {
        OPTION("alias", 0, LIST, ConnectOptions, alias, "strings", "Add network-scoped alias for the container"),
        OPTION("driver-opt", 0, LIST, ConnectOptions, driver_opt, "strings", "driver options for the network"),
        OPTION("gw-priority", 0, INT, ConnectOptions, gw_priority, NULL, "Highest gw-priority provides the default gateway"),
        OPTION("ip", 0, STRING, ConnectOptions, ip, NULL, "IPv4 address (e.g., \"172.30.100.104\")"),
        OPTION("ip6", 0, STRING, ConnectOptions, ip6, NULL, "IPv6 address (e.g., \"2001:db8::33\")"),
        OPTION("link", 0, LIST, ConnectOptions, link, NULL, "Add link to another container"),
        OPTION("link-local-ip", 0, LIST, ConnectOptions, link_local_ip, "strings", "Add a link-local address for the container"),
        OPTIONS_END
};

static const Option disconnect_options[] = {
        OPTION("force", 'f', BOOL, ConnectOptions, force, NULL, "Force the container to disconnect from a network"),
        OPTIONS_END
};

static int post_connection(Cli *cli, const char *network, const char *verb, const json_t *body, BrigError *err)
{
        _cleanup_url_ Url u = URL("/networks");

        if (!body)
                return brig_error_set(err, BRIG_ERR_INVALID, EILSEQ, "writing the request: a value is not UTF-8 text (or memory is short)");
        brig_url_segment(&u, network);
        brig_url_segment(&u, verb);
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, NULL, err);
}

static int do_connect(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const ConnectOptions *o = options;
        _cleanup_unref_ json_t *body = json_pack("{ss s{s{ss ss so} so so so sI}}", "Container", args[1], "EndpointConfig",
                "IPAMConfig", "IPv4Address", o->ip ?: "", "IPv6Address", o->ip6 ?: "", "LinkLocalIPs", brig_json_strings(o->link_local_ip),
                "Links", brig_json_strings(o->link), "Aliases", brig_json_strings(o->alias), "DriverOpts", brig_words_object(o->driver_opt),
                "GwPriority", (json_int_t)o->gw_priority.value);

        return post_connection(cli, args[0], "connect", body, err);
}

const Verb brig_verb_network_connect = {
        .usage = "[OPTIONS] NETWORK CONTAINER", .summary = "Connect a container to a network",
        .options = connect_options, .size = sizeof(ConnectOptions), .min_args = 2, .max_args = 2, .run = do_connect,
};

static int do_disconnect(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_unref_ json_t *body = json_pack("{ss sb}", "Container", args[1], "Force", ((const ConnectOptions *)options)->force);

        return post_connection(cli, args[0], "disconnect", body, err);
}

const Verb brig_verb_network_disconnect = {
        .usage = "[OPTIONS] NETWORK CONTAINER", .summary = "Disconnect a container from a network",
        .options = disconnect_options, .size = sizeof(ConnectOptions), .min_args = 2, .max_args = 2, .run = do_disconnect,
};
