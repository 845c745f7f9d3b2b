#include "options.h"
#include "base/strings.h"
#include "brig-config.h"
#include <limits.h>
#include <stdio.h>

#define DEFAULT_DATA_ROOT "/var/lib/brig"
#define DEFAULT_EXEC_ROOT "/run/brig"
#define DEFAULT_REGISTRY "/run/brig-ids"

typedef enum OptionKind { OPTION_TEXT, OPTION_LIST, OPTION_FLAG } OptionKind;

typedef struct Option {
        const char *name;        /* without the dashes */
        char letter;
        const char *key;         /* in the configuration's table, NULL: command line only */
        OptionKind kind;
        size_t offset;
        const char *argument, *help;
} Option;

#define OFF(m) offsetof(Options, m)
static const Option table[] = {
        { "data-root", 0, "data-root", OPTION_TEXT, OFF(data_root), "DIR", "images, containers, state (default " DEFAULT_DATA_ROOT ")" },
        { "exec-root", 0, "exec-root", OPTION_TEXT, OFF(exec_root), "DIR", "sockets, what lives until the host restarts (default " DEFAULT_EXEC_ROOT ")" },
        { "host", 'H', "host", OPTION_LIST, OFF(hosts), "unix://PATH", "address to listen on, repeatable (default unix://EXEC-ROOT/brig.sock)" },
        { "config-file", 0, NULL, OPTION_TEXT, OFF(config_file), "FILE", "configuration (default " BRIG_SYSCONFDIR "/daemon.json)" },
        { "pidfile", 'p', "pidfile", OPTION_TEXT, OFF(pidfile), "FILE", "holds the process id while brigd runs" },
        { "log-level", 'l', "log-level", OPTION_TEXT, OFF(log_name), "LEVEL", "debug, info, warn, error (default info)" },
        { "ceiling", 0, "ceiling", OPTION_TEXT, OFF(ceiling), "FILE", "what no request may exceed (default " BRIG_SYSCONFDIR "/ceiling.conf)" },
        { "user", 0, "user", OPTION_TEXT, OFF(user), "NAME", "whom brig-api runs as (default brig)" },
        { "id-registry", 0, "id-registry", OPTION_TEXT, OFF(id_registry), "DIR", "id ranges in use on this host (default " DEFAULT_REGISTRY ")" },
#ifdef BRIG_TEST_SWITCHES
        { "test-disable", 0, NULL, OPTION_TEXT, OFF(disable), "LAYERS", "switch defences off; this build is for tests only" },
#endif
        { "validate", 0, NULL, OPTION_FLAG, OFF(validate), NULL, "check options and configuration, then exit" },
        { "version", 'v', NULL, OPTION_FLAG, OFF(version), NULL, "print the version" },
        { "help", 'h', NULL, OPTION_FLAG, OFF(help), NULL, "print this help" },
};

/* An address that we know and do not offer: the reason is the answer. */
static const struct { const char *prefix, *reason; } refused[] = {
        { "tcp://", "plain TCP gives root to whoever reaches the port; mutual TLS is not available yet" },
        { "fd://", "socket activation is not available yet" },
        { "npipe://", "named pipes exist on Windows only" },
};

static const Option *find_long(const char *name, size_t len)
{
        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
                        return &table[i];
        return NULL;
}

static const Option *find_letter(char c)
{
        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (table[i].letter && table[i].letter == c)
                        return &table[i];
        return NULL;
}

static int store(Options *o, const Option *option, const char *value, BrigError *err)
{
        void *member = (char *)o + option->offset;
        int r = 0;

        switch (option->kind) {
        case OPTION_TEXT:
                r = brig_str_set(member, value);
                break;
        case OPTION_LIST:
                r = brig_strv_push(member, value);
                break;
        case OPTION_FLAG:
                *(bool *)member = true;
                break;
        }
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "options") : 0;
}

/* One argument, "--name", "--name=value", "-x" or "-xvalue", and the one behind it where it needs that. */
static int parse_one(Options *o, char **argv, int *i, BrigError *err)
{
        const char *arg = argv[*i], *value = NULL;
        const Option *option;

        if (brig_str_has_prefix(arg, "--")) {
                size_t len = strcspn(arg + 2, "=");
                option = find_long(arg + 2, len);
                value = arg[2 + len] ? arg + 2 + len + 1 : NULL;
        } else {
                option = arg[0] == '-' ? find_letter(arg[1]) : NULL;
                value = option && arg[2] ? arg + 2 : NULL;
        }
        if (!option)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unknown argument \"%s\", see brigd --help", arg);
        if (option->kind == OPTION_FLAG && value)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "--%s takes no value", option->name);
        if (option->kind != OPTION_FLAG && !value)
                value = argv[*i + 1] ? argv[++*i] : NULL;
        if (option->kind != OPTION_FLAG && brig_str_empty(value))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "--%s needs a value", option->name);
        return store(o, option, value, err);
}

int options_parse(Options *o, int argc, char **argv, BrigError *err)
{
        for (int i = 1; i < argc; i++) {
                int r = parse_one(o, argv, &i, err);
                if (r < 0)
                        return r;
        }
        o->config_named = o->config_file != NULL;
        o->hosts_named = o->hosts != NULL;
        if (!o->config_file && !(o->config_file = brig_str_dup(BRIG_SYSCONFDIR "/daemon.json")))
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "options");
        return 0;
}

int options_set_from_file(Options *o, const char *key, const char *value, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                const Option *option = &table[i];
                if (!option->key || !streq(option->key, key))
                        continue;
                const char *said = option->kind == OPTION_TEXT ? *(char **)((char *)o + option->offset) : NULL;
                if (said && streq(said, value))
                        return 0; /* the same twice contradicts nothing */
                if (said || (option->kind == OPTION_LIST && o->hosts_named))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "\"%s\" is set both on the command line and in \"%s\"", key, o->config_file);
                return store(o, option, value, err);
        }
        return 0;
}

static int judge_host(const char *host, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                if (brig_str_has_prefix(host, refused[i].prefix))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "host \"%s\" refused: %s", host, refused[i].reason);
        if (!brig_str_has_prefix(host, "unix:///"))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "host \"%s\": only unix:///absolute/path is offered", host);
        if (strlen(host + strlen("unix://")) > 107)
                return brig_error_set(err, BRIG_ERR_INVALID, ENAMETOOLONG, "host \"%s\": a socket's path has at most 107 bytes", host);
        return 0;
}

static int set_default(char **member, const char *value)
{
        return *member ? 0 : brig_str_set(member, value);
}

static int set_defaults(Options *o)
{
        _cleanup_free_ char *host = NULL;
        int r = set_default(&o->data_root, DEFAULT_DATA_ROOT);

        if (r >= 0)
                r = set_default(&o->exec_root, DEFAULT_EXEC_ROOT);
        if (r >= 0)
                r = set_default(&o->ceiling, BRIG_SYSCONFDIR "/ceiling.conf");
        if (r >= 0)
                r = set_default(&o->id_registry, DEFAULT_REGISTRY);
        if (r >= 0)
                r = set_default(&o->disable, "");
        if (r >= 0)
                r = set_default(&o->log_name, "info");
        if (r < 0 || o->hosts)
                return r;
        host = brig_str_printf("unix://%s/brig.sock", o->exec_root);
        return host ? brig_strv_push(&o->hosts, host) : -ENOMEM;
}

int options_finish(Options *o, BrigError *err)
{
        int r = set_defaults(o);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "options");
        const struct { const char *name, *path; } folders[] = {
                { "data-root", o->data_root }, { "exec-root", o->exec_root }, { "id-registry", o->id_registry },
        };
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (folders[i].path[0] != '/' || strlen(folders[i].path) > PATH_MAX / 2)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "--%s \"%s\": needs an absolute path", folders[i].name, folders[i].path);
        if (brig_log_level_parse(o->log_name, &o->log_level) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "--log-level \"%s\": unknown level", o->log_name);
        if (brig_strv_len(o->hosts) > OPTIONS_MAX_HOSTS)
                return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "more than %u addresses to listen on", OPTIONS_MAX_HOSTS);
        BRIG_STRV_FOREACH(host, o->hosts) {
                r = judge_host(*host, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

void options_done(Options *o)
{
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                void *member = (char *)o + table[i].offset;
                if (table[i].kind == OPTION_TEXT)
                        brig_freep(member);
                else if (table[i].kind == OPTION_LIST)
                        brig_strv_freep(member);
        }
        brig_freep(&o->disable);
}

void options_print_help(void)
{
        printf("Usage: brigd [OPTIONS]\n\nThe root process of the Brig container engine.\n\n");
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                char left[64], letter[8] = "    ";
                if (table[i].letter)
                        (void)snprintf(letter, sizeof(letter), "-%c, ", table[i].letter);
                (void)snprintf(left, sizeof(left), "%s--%s %s", letter, table[i].name, table[i].argument ? table[i].argument : "");
                printf("  %-32s %s\n", left, table[i].help);
        }
}
