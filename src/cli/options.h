#pragma once
/*
 * The command line's option parser. A verb describes its options as a const
 * table of Option rows and the struct that receives the values; parsing, error
 * texts, `--help` and the freeing of lists all work from that one table.
 *
 * Grammar, as the docker command line has it (spf13/pflag): `--name value`,
 * `--name=value`, `-n value`, `-nvalue`, `-n=value`, bundled flags `-it`,
 * booleans take a value only behind '=' (`--rm=false`), `--` ends the options.
 * Options may stand behind positionals unless OPTIONS_STOP_AT_FIRST is asked
 * for (run, create, exec: what follows the image belongs to the container).
 *
 * Strings point into argv, which must outlive the struct; lists own copies.
 */
#include "base/error.h"

/* A number with the knowledge whether it was given at all. */
typedef struct OptInt {
        int64_t value;
        bool set;
} OptInt;

typedef enum OptKind {
        OPT_BOOL,      /* bool */
        OPT_TRISTATE,  /* int: -1 not given, 0, 1 */
        OPT_STRING,    /* const char *, NULL when not given; the last one wins */
        OPT_LIST,      /* char **: every use appends */
        OPT_INT,       /* OptInt */
        OPT_SIZE,      /* OptInt, bytes: "64m", "1.5g"; "-1" is let through for swap */
        OPT_CPUS,      /* OptInt, billionths of a processor: "1.5" */
        OPT_DURATION,  /* OptInt, nanoseconds: "1m30s" */
        _OPT_KIND_MAX,
} OptKind;

enum {
        OPT_F_HIDDEN = 1 << 0,       /* parsed, not shown in --help */
        OPT_F_DEFAULT_TRUE = 1 << 1, /* OPT_BOOL starts as true */
};

typedef struct Option Option;
struct Option {
        const char *name;        /* long name without dashes; NULL ends the table */
        char letter;             /* 0: none */
        OptKind kind;
        size_t offset;           /* into the verb's struct */
        const char *value_name;  /* --help; NULL: the kind's usual word */
        const char *help;
        unsigned flags;
};
#define OPTION(long_name, short_name, k, type, member, word, text) \
        { .name = (long_name), .letter = (short_name), .kind = OPT_##k, .offset = offsetof(type, member), \
          .value_name = (word), .help = (text) }
#define OPTION_F(long_name, short_name, k, type, member, text, f) \
        { .name = (long_name), .letter = (short_name), .kind = OPT_##k, .offset = offsetof(type, member), \
          .help = (text), .flags = (f) }
#define OPTIONS_END { .name = NULL }

enum { OPTIONS_STOP_AT_FIRST = 1 << 0 };

/* What brig_options_parse found apart from the values. */
typedef struct OptionsResult {
        char **positionals;   /* strv of copies, NULL when there are none */
        bool help;            /* --help (or -h where no option owns that letter): nothing else counts */
} OptionsResult;
void brig_options_result_done(OptionsResult *r);

/* Sets defaults in *values, which the caller has zeroed. */
void brig_options_init(const Option *table, void *values);
/*
 * Parses args (NULL-terminated, without program and verb). 0, or negative with
 * BRIG_ERR_INVALID and docker's words ("unknown flag: --nmae", with the likely
 * name behind it). On failure *values still wants brig_options_done.
 */
int brig_options_parse(const Option *table, char *const *args, unsigned flags, void *values, OptionsResult *ret,
                       BrigError *err) _must_use_;
/* Frees the lists. */
void brig_options_done(const Option *table, void *values);

/* Word for the value in --help: "string", "list", ... NULL for booleans. */
const char *brig_option_value_word(const Option *o);

/* "1.5" -> 1500000000. 0, -EINVAL, or -ERANGE when it is finer than a billionth. */
int brig_option_parse_cpus(const char *s, int64_t *ret) _must_use_;
