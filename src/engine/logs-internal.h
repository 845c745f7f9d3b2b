#pragma once
/*
 * Reading json-file logs. The monitor writes <folder>/<id>-json.log and renames
 * it to .1, .2 ... when it is full; each line is one JSON object {"log", "stream", "time"}.
 */
#include "engine/engine.h"

#define BRIG_LOG_MAX_FILES 100
/* Longest line that is read: what a monitor writes is far below, what is over it is skipped. */
#define BRIG_LOG_MAX_LINE (1u << 20)

typedef struct LogEntry {
        char *text;                     /* in the reader's line, unescaped in place; may hold NUL */
        size_t len;
        unsigned stream;                /* 1 stdout, 2 stderr */
        int64_t time;
} LogEntry;

/* Parses one line without its newline; the line is changed. -EINVAL for anything that is not a whole entry. */
int brig_log_entry_parse(char *line, size_t len, LogEntry *ret) _must_use_;

/* Path of file k of a log: 0 the one that is written, 1 the one before. free(3), NULL when out of memory. */
char *brig_log_path(const char *base, unsigned k);
/* Opens all files of a log, oldest first, each once. -errno; no file is no error. */
int brig_log_open_all(const char *base, int fds[BRIG_LOG_MAX_FILES], size_t *ret_n) _must_use_;
/* The file that comes after the one that fd is, -ENOENT when fd is the newest. */
int brig_log_open_next(const char *base, int fd) _must_use_;
/* Where the last n lines begin: index of the file and offset in it. A last line without newline counts. */
int brig_log_find_tail(const int *fds, size_t n_fds, int64_t n, size_t *ret_index, int64_t *ret_offset) _must_use_;
