/*
 * info: what the daemon says of itself and its host, in docker's order. Most
 * lines are rows of one table; a row is left out when the daemon does not have it.
 */
#include "base/strings.h"
#include "brig-config.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

typedef struct InfoOptions {
        const char *format;
} InfoOptions;

static const Option info_options[] = {
        OPTION("format", 'f', STRING, InfoOptions, format, NULL, CLI_FORMAT_OBJECT_HELP),
        OPTIONS_END
};

typedef void (*PrintValue)(const char *label, const json_t *value);

static void print_value(const char *label, const json_t *value)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(1u << 20);

        if (json_is_string(value) && json_string_length(value) == 0)
                return;
        brig_json_print_go(value, false, &text);
        printf(" %s: %s\n", label, json_is_string(value) ? json_string_value(value) : text.data ?: "");
}

static void print_memory(const char *label, const json_t *value)
{
        char words[WORD_SIZE];

        brig_words_size_binary(json_integer_value(value), words);
        printf(" %s: %s\n", label, words);
}

/* "Driver Status": pairs of name and value below the driver. */
static void print_pairs(const char *label, const json_t *value)
{
        json_t *pair;
        size_t i;

        json_array_foreach(value, i, pair)
                printf("  %s: %s\n", json_string_value(json_array_get(pair, 0)) ?: "", json_string_value(json_array_get(pair, 1)) ?: "");
}

static void print_words(const json_t *list)
{
        json_t *word;
        size_t i;

        json_array_foreach(list, i, word)
                printf(" %s", json_string_value(word) ?: "");
        (void)putchar('\n');
}

static void print_plugins(const char *label, const json_t *value)
{
        static const char *const types[] = { "Volume", "Network", "Log" };

        printf(" %s:\n", label);
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                printf("  %s:", types[i]);
                print_words(json_object_get(value, types[i]));
        }
}

static void print_keys(const char *label, const json_t *value)
{
        const char *key;
        json_t *item;

        printf(" %s:", label);
        json_object_foreach((json_t *)value, key, item)
                printf(" %s", key);
        (void)putchar('\n');
}

static void print_list(const char *label, const json_t *value)
{
        json_t *word;
        size_t i;

        if (json_array_size(value) == 0)
                return;
        printf(" %s:\n", label);
        json_array_foreach(value, i, word)
                printf("  %s\n", json_string_value(word) ?: "");
}

/* "name=seccomp,profile=builtin": the name, and below it the rest. */
static void print_security_option(const char *text)
{
        _cleanup_strv_ char **parts = NULL;

        if (brig_strv_split(text, ',', &parts) < 0)
                return;
        BRIG_STRV_FOREACH(part, parts) {
                const char *equals = strchr(*part, '=');

                if (brig_str_has_prefix(*part, "name="))
                        printf("  %s\n", equals + 1);
                else if (equals)
                        printf("   %c%.*s: %s\n", **part >= 'a' && **part <= 'z' ? **part - 'a' + 'A' : **part,
                               (int)(equals - *part - 1), *part + 1, equals + 1);
                else
                        printf("  %s\n", *part);
        }
}

static void print_security(const char *label, const json_t *value)
{
        json_t *option;
        size_t i;

        if (json_array_size(value) == 0)
                return;
        printf(" %s:\n", label);
        json_array_foreach(value, i, option)
                print_security_option(json_string_value(option) ?: "");
}

static const struct InfoRow {
        const char *label, *group, *member;
        PrintValue print;        /* NULL: print_value */
} rows[] = {
        { "Containers", NULL, "Containers", NULL },
        { " Running", NULL, "ContainersRunning", NULL },
        { " Paused", NULL, "ContainersPaused", NULL },
        { " Stopped", NULL, "ContainersStopped", NULL },
        { "Images", NULL, "Images", NULL },
        { "Server Version", NULL, "ServerVersion", NULL },
        { "Storage Driver", NULL, "Driver", NULL },
        { "", NULL, "DriverStatus", print_pairs },
        { "Logging Driver", NULL, "LoggingDriver", NULL },
        { "Cgroup Driver", NULL, "CgroupDriver", NULL },
        { "Cgroup Version", NULL, "CgroupVersion", NULL },
        { "Plugins", NULL, "Plugins", print_plugins },
        { "Swarm", "Swarm", "LocalNodeState", NULL },
        { "Runtimes", NULL, "Runtimes", print_keys },
        { "Default Runtime", NULL, "DefaultRuntime", NULL },
        { "Init Binary", NULL, "InitBinary", NULL },
        { "Security Options", NULL, "SecurityOptions", print_security },
        { "Kernel Version", NULL, "KernelVersion", NULL },
        { "Operating System", NULL, "OperatingSystem", NULL },
        { "OSType", NULL, "OSType", NULL },
        { "Architecture", NULL, "Architecture", NULL },
        { "CPUs", NULL, "NCPU", NULL },
        { "Total Memory", NULL, "MemTotal", print_memory },
        { "Name", NULL, "Name", NULL },
        { "ID", NULL, "ID", NULL },
        { "Docker Root Dir", NULL, "DockerRootDir", NULL },
        { "Debug Mode", NULL, "Debug", NULL },
        { "HTTP Proxy", NULL, "HttpProxy", NULL },
        { "HTTPS Proxy", NULL, "HttpsProxy", NULL },
        { "No Proxy", NULL, "NoProxy", NULL },
        { "Registry", NULL, "IndexServerAddress", NULL },
        { "Labels", NULL, "Labels", print_list },
        { "Experimental", NULL, "ExperimentalBuild", NULL },
        { "Insecure Registries", "RegistryConfig", "InsecureRegistryCIDRs", print_list },
        { "Registry Mirrors", "RegistryConfig", "Mirrors", print_list },
        { "Live Restore Enabled", NULL, "LiveRestoreEnabled", NULL },
};

static void print_server(const json_t *info)
{
        json_t *warning;
        size_t i;

        printf("\nServer:\n");
        for (i = 0; i < ARRAY_SIZE(rows); i++) {
                const json_t *value = rows[i].group ? brig_json_path(info, rows[i].group, rows[i].member)
                                                    : json_object_get(info, rows[i].member);

                if (value && !json_is_null(value))
                        (rows[i].print ?: print_value)(rows[i].label, value);
        }
        (void)putchar('\n');
        (void)fflush(stdout);
        json_array_foreach(json_object_get(info, "Warnings"), i, warning)
                fprintf(stderr, "%s\n", json_string_value(warning) ?: "");
}

static int do_info(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const InfoOptions *o = options;
        _cleanup_url_ Url u = URL("/info");
        _cleanup_unref_ json_t *info = NULL;
        int r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &info, err);

        if (r >= 0 && !brig_str_empty(o->format)) {
                if (json_object_set_new(info, "ClientInfo", json_pack("{sb ss ss}", "Debug", cli->debug, "Version", BRIG_VERSION,
                                                                      "Context", "default")) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "reading info");
                return brig_format_object(o->format, info, err);
        }
        printf("Client:\n Version:    %s\n Context:    default\n Debug Mode: %s\n", BRIG_VERSION, cli->debug ? "true" : "false");
        if (r >= 0)
                print_server(info);
        else
                printf("\nServer:\n");
        return r;
}

const Verb brig_verb_info = {
        .usage = "[OPTIONS]", .summary = "Display system-wide information",
        .options = info_options, .size = sizeof(InfoOptions), .max_args = 0, .run = do_info,
};
