#pragma once
/*
 * daemon.json: Docker's keys where they mean the same, and Brig's own. One table
 * says what there is; an unknown key, a key given twice and a value that could not be
 * honoured are refused with the file's name, never ignored.
 *
 * brigd, which reads no JSON, gets the same file as lines "key<TAB>value" (--compile-config): arrays
 * as one line per element, maps as key.member, "hosts" as "host".
 */
#include "spec/json-table.h"

#define CONFIG_MAX_BYTES (256u << 10)

typedef struct ConfigUlimit { char *key, *name; int64_t soft, hard; } ConfigUlimit;

typedef struct Config {
        /* Docker's */
        char *data_root, *exec_root, *pidfile, *log_level, *log_driver, *storage_driver;
        char **hosts, **labels;
        bool debug;
        int init, live_restore;         /* -1: not said */
        JsonInt shutdown_timeout;       /* seconds */
        JsonPairs log_options;
        JsonArray ulimits;              /* ConfigUlimit */
        /* Brig's */
        char *ceiling, *user, *profile, *default_memory, *id_registry;
        JsonInt default_pids;
        /* worked out */
        int64_t memory_bytes, nofile, log_max_size;
        uint32_t log_max_files;
} Config;

/* What brigd has opened, which may be root's alone: read from its start. `path` is for messages. */
int config_read(int fd, const char *path, Config *ret, BrigError *err) _must_use_;
/* A missing file is an empty configuration when `must_exist` is false. */
int config_load(const char *path, bool must_exist, Config *ret, BrigError *err) _must_use_;
int config_parse(const char *text, size_t len, const char *path, Config *ret, BrigError *err) _must_use_;
void config_clear(Config *c);
/* The lines for brigd; free(3), NULL when out of memory. */
char *config_flatten(const Config *c);
