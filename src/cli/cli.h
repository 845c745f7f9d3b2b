#pragma once
/*
 * The `brig` command line: docker's verbs and flags over the Engine API, and
 * Brig's own security verbs.
 *
 * A verb is a Verb row (option table, size of its option struct, function);
 * commands.c hangs the rows into the tree of commands. The dispatcher parses,
 * checks the number of arguments, calls the function and frees the options.
 *
 * A verb's function returns the exit status (0..255), or a negative number
 * with *err filled: the dispatcher prints it and chooses the status, 1 or, for
 * what runs a payload, 125, 126 or 127 as docker does.
 */
#include "base/error.h"
#include "cli/daemon.h"
#include "cli/options.h"

#define CLI_EXIT_USAGE 125   /* an error of ours, not of the container's command */
/* What a verb returns (negative, as errnum of its error) when an option's value is wrong: the usage line follows. */
#define CLI_BAD_OPTION EBADRQC

typedef struct Verb Verb;

typedef struct Cli {
        Daemon daemon;
        const char *program;      /* "brig" */
        char path[64];            /* as invoked: "brig container ls" */
        bool debug;
        const Verb *verb;         /* running */
} Cli;

enum {
        VERB_STOP_AT_FIRST = 1 << 0,  /* options end at the first positional */
        VERB_RUNS_PAYLOAD = 1 << 1,   /* errors are 125 (126, 127) and carry the help line */
};

struct Verb {
        const char *usage;        /* "[OPTIONS] CONTAINER [CONTAINER...]" */
        const char *summary;
        const Option *options;    /* never NULL */
        size_t size;              /* of the options' struct */
        unsigned min_args, max_args;
        unsigned flags;
        int (*run)(Cli *cli, const void *options, char *const *args, BrigError *err);
        intptr_t variant;         /* for a function that serves several verbs: cli->verb->variant */
};
#define VERB_ANY 0xffffu

/* A row of the command tree: a verb, or a group with rows of its own. */
typedef struct Command Command;
struct Command {
        const char *name;         /* NULL ends the table */
        const Verb *verb;
        const Command *group;
        const char *summary;      /* of a group */
        unsigned flags;
};
enum {
        COMMAND_HIDDEN = 1 << 0,  /* an alias: works, is not listed */
        COMMAND_COMMON = 1 << 1,  /* listed first in `brig --help` */
};
extern const Command brig_cli_commands[];

/* argv without the program's name. The exit status. */
int brig_cli_main(char *const *args);

/* Prints an error that does not end the verb ("rm a b": a is gone, b never was). */
void brig_cli_complain(const BrigError *err);
/* --help of --format in lists. */
#define CLI_FORMAT_HELP \
        "Format output using a custom template:\n" \
        "'table':            Print output in table format with column headers (default)\n" \
        "'table TEMPLATE':   Print output in table format using the given Go template\n" \
        "'json':             Print in JSON format\n" \
        "'TEMPLATE':         Print output using the given Go template"
/* Of --format of single objects. */
#define CLI_FORMAT_OBJECT_HELP \
        "Format output using a custom template:\n" \
        "'json':             Print in JSON format\n" \
        "'TEMPLATE':         Print output using the given Go template"

/* Options of a verb that has none. */
extern const Option brig_cli_no_options[];
