/* Dispatch: global options, the walk down the tree of commands, one verb, its exit status. */
#include "cli/cli.h"
#include "base/strings.h"
#include "brig-config.h"
#include "cli/suggest.h"
#include "cli/usage.h"
#include "cli/words.h"

typedef struct Globals {
        const char *host;
        const char *log_level;
        bool debug;
        bool version;
} Globals;

static const Option global_options[] = {
        OPTION("debug", 'D', BOOL, Globals, debug, NULL, "Enable debug mode"),
        OPTION("host", 'H', STRING, Globals, host, NULL,
               "Daemon socket to connect to (default: $BRIG_HOST, then $DOCKER_HOST, then \"unix:///run/brig/brig.sock\")"),
        OPTION_F("log-level", 'l', STRING, Globals, log_level, "Set the logging level", OPT_F_HIDDEN),
        OPTION("version", 'v', BOOL, Globals, version, NULL, "Print version information and quit"),
        OPTIONS_END
};

const Option brig_cli_no_options[] = { OPTIONS_END };

#define SUMMARY "A container engine with every defence on by default"

void brig_cli_complain(const BrigError *err)
{
        (void)fflush(stdout);
        brig_words_write(stderr, err->message, strlen(err->message));
        (void)fputc('\n', stderr);
}

static int usage_error(const Cli *cli, const Verb *verb, const BrigError *err)
{
        fprintf(stderr, "%s\n\nUsage:  %s %s\n\nRun '%s --help' for more information\n", err->message, cli->path,
                verb ? verb->usage : "[OPTIONS] COMMAND [ARG...]", cli->path);
        return CLI_EXIT_USAGE;
}

static void count_words(char *out, size_t size, const Verb *v)
{
        const char *most = v->max_args == 1 ? "" : "s";

        if (v->max_args == 0)
                (void)snprintf(out, size, "accepts no arguments");
        else if (v->max_args == VERB_ANY)
                (void)snprintf(out, size, "requires at least %u argument%s", v->min_args, v->min_args == 1 ? "" : "s");
        else if (v->min_args == v->max_args)
                (void)snprintf(out, size, "requires %u argument%s", v->max_args, most);
        else
                (void)snprintf(out, size, "requires at least %u and at most %u argument%s", v->min_args, v->max_args, most);
}

static int count_error(const Cli *cli, const Verb *v)
{
        char words[80];

        count_words(words, sizeof(words), v);
        fprintf(stderr, "%s: '%s' %s\n\nUsage:  %s %s\n\nRun '%s --help' for more information\n",
                cli->program, cli->path, words, cli->path, v->usage, cli->path);
        return 1;
}

/* What ended the verb, on stderr; the exit status. */
static int report(const Cli *cli, const Verb *v, const BrigError *err)
{
        int status = brig_error_exit_code(err->kind);

        if (v->flags & VERB_RUNS_PAYLOAD)
                fprintf(stderr, "%s: ", cli->program);
        brig_cli_complain(err);
        if (!(v->flags & VERB_RUNS_PAYLOAD))
                return 1;
        fprintf(stderr, "\nRun '%s --help' for more information\n", cli->path);
        return status == 126 || status == 127 ? status : CLI_EXIT_USAGE;
}

static int call_verb(Cli *cli, const Verb *v, const void *options, char *const *args)
{
        static char *const none[] = { NULL };
        BrigError err = BRIG_ERROR_INIT;
        int r;

        cli->verb = v;
        r = v->run(cli, options, args ?: none, &err);
        if (r == -CLI_BAD_OPTION)
                r = usage_error(cli, v, &err);
        else if (r < 0)
                r = report(cli, v, &err);
        if (fflush(stdout) != 0 && r == 0) {
                fprintf(stderr, "%s: writing to standard output: %s\n", cli->program, strerror(errno));
                r = 1;
        }
        return r;
}

static int run_verb(Cli *cli, const Verb *v, char *const *args)
{
        _cleanup_free_ void *options = calloc(1, v->size + 1);
        OptionsResult result = { 0 };
        BrigError err = BRIG_ERROR_INIT;
        size_t count;
        int r;

        if (!options)
                return 1;
        brig_options_init(v->options, options);
        r = brig_options_parse(v->options, args, v->flags & VERB_STOP_AT_FIRST ? OPTIONS_STOP_AT_FIRST : 0, options, &result, &err);
        count = brig_strv_len(result.positionals);
        if (r < 0) {
                r = usage_error(cli, v, &err);
        } else if (result.help) {
                brig_usage_verb(stdout, cli, v);
                r = 0;
        } else if (count < v->min_args || (v->max_args != VERB_ANY && count > v->max_args)) {
                r = count_error(cli, v);
        } else {
                r = call_verb(cli, v, options, result.positionals);
        }
        brig_options_done(v->options, options);
        brig_options_result_done(&result);
        return r;
}

static const Command *find_command(const Command *group, const char *name)
{
        for (const Command *c = group; c->name; c++)
                if (streq(c->name, name))
                        return c;
        return NULL;
}

static int unknown_command(const Cli *cli, const Command *group, const char *name)
{
        Suggestion s = brig_suggest_start(name);

        for (const Command *c = group; c->name; c++)
                brig_suggest_offer(&s, c->name);
        fprintf(stderr, "%s: unknown command: %s %s\n", cli->program, cli->path, name);
        if (s.best)
                fprintf(stderr, "\nDid you mean '%s %s'?\n", cli->path, s.best);
        fprintf(stderr, "\nRun '%s --help' for more information\n", cli->path);
        return 1;
}

/* Walks down the tree as the words say. */
static int run_command(Cli *cli, const Command *group, const char *summary, char *const *args)
{
        const Option *globals = group == brig_cli_commands ? global_options : NULL;
        const Command *c;

        if (!*args || streq(*args, "--help") || streq(*args, "-h")) {
                /* A group without a verb is no request for help; docker says 0 all the same. */
                brig_usage_group(*args ? stdout : stderr, cli, group, summary, globals);
                return 0;
        }
        c = find_command(group, *args);
        if (!c)
                return unknown_command(cli, group, *args);
        (void)snprintf(cli->path + strlen(cli->path), sizeof(cli->path) - strlen(cli->path), " %s", c->name);
        return c->group ? run_command(cli, c->group, c->summary, args + 1) : run_verb(cli, c->verb, args + 1);
}

/* "help run" is "run --help". */
static int run_help(Cli *cli, char *const *words)
{
        const char *args[8];
        size_t n = 0;

        for (; words[n] && n < ARRAY_SIZE(args) - 2; n++)
                args[n] = words[n];
        args[n++] = "--help";
        args[n] = NULL;
        return run_command(cli, brig_cli_commands, SUMMARY, (char *const *)args);
}

static int run_globals(Cli *cli, const Globals *g, const OptionsResult *found)
{
        char *const *words = found->positionals;
        BrigError err = BRIG_ERROR_INIT;

        cli->debug = g->debug;
        if (g->version) {
                printf("Brig version %s\n", BRIG_VERSION);
                return 0;
        }
        if (found->help || !words) {
                brig_usage_group(stdout, cli, brig_cli_commands, SUMMARY, global_options);
                return 0;
        }
        if (streq(*words, "help"))
                return run_help(cli, words + 1);
        if (brig_daemon_init(&cli->daemon, g->host, &err) < 0) {
                brig_cli_complain(&err);
                return 1;
        }
        return run_command(cli, brig_cli_commands, SUMMARY, words);
}

int brig_cli_main(char *const *args)
{
        Cli cli = { .program = "brig", .path = "brig" };
        OptionsResult found = { 0 };
        BrigError err = BRIG_ERROR_INIT;
        Globals g = { 0 };
        int r;

        if (brig_options_parse(global_options, args, OPTIONS_STOP_AT_FIRST, &g, &found, &err) < 0)
                r = usage_error(&cli, NULL, &err);
        else
                r = run_globals(&cli, &g, &found);
        brig_daemon_done(&cli.daemon);
        brig_options_result_done(&found);
        return r;
}
