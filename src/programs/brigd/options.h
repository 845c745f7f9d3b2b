#pragma once
/*
 * What brigd was told: command line first, then the table that brig-api makes
 * of daemon.json. A setting may stand in one of the two, as with dockerd; no
 * setting of root's process is ever read from JSON by that process.
 */
#include "base/error.h"
#include "base/log.h"

#define OPTIONS_MAX_HOSTS 32u

typedef struct Options {
        char *data_root, *exec_root;
        char **hosts;            /* "unix:///path" */
        char *config_file;
        bool config_named;       /* it was on the command line: it must exist */
        bool hosts_named;        /* the command line has addresses */
        char *pidfile;
        char *ceiling;
        char *id_registry;
        char *user;              /* NULL: the default */
        char *disable;           /* test builds: layers switched off, "" otherwise */
        char *log_name;
        BrigLogLevel log_level;
        bool validate, version, help;
} Options;

/* Command line only. BRIG_ERR_INVALID names the argument. */
int options_parse(Options *o, int argc, char **argv, BrigError *err) _must_use_;
/* One line of the configuration's table; a setting that the command line has too is refused, an unknown key is not ours. */
int options_set_from_file(Options *o, const char *key, const char *value, BrigError *err) _must_use_;
/* After both: defaults for what was not said, and each address judged. */
int options_finish(Options *o, BrigError *err) _must_use_;
void options_done(Options *o);
void options_print_help(void);
