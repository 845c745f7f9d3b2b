#pragma once
/*
 * The container's log in the format of Docker's json-file driver: one JSON object
 * per line of output, {"log":"…\n","stream":"stdout","time":"…Z"}. A line over 16 KiB
 * becomes several records, of which only the last ends in \n; all of them carry
 * the time of the first. A rotated file is <name>.1, then .2 and so on.
 *
 * Records are never held back: what has been read from the payload is written in
 * the same call, but for a line that has not ended yet.
 */
#include "base/buffer.h"
#include "base/error.h"
#include <sys/types.h>

#define LOG_LINE_MAX 16384u
#define LOG_STREAMS 2u

typedef struct LogLine {
        char *text;              /* an unfinished line; NULL most of the time */
        size_t len;
        bool partial;            /* earlier records hold its beginning */
        int64_t time;            /* of that beginning */
} LogLine;

typedef struct LogFile {
        int dir;                 /* owned */
        int fd;                  /* owned; -EBADF: nothing is written */
        char name[80];
        uint64_t size, max_size;
        uint32_t max_files;
        LogLine lines[LOG_STREAMS];     /* stdout, stderr */
        BrigBuffer out;
        uint64_t lost;           /* records that the file system refused */
} LogFile;

typedef struct LogConfig {
        int dir;                 /* taken */
        const char *id;
        uint64_t max_size;       /* 0: no log at all */
        uint32_t max_files;
        uid_t owner;             /* of the file from now on: an earlier run had another id range */
} LogConfig;
/* Opens "<id>-json.log" for appending, beneath dir, never through a link. By root where the owner has to change. */
int log_file_open(LogFile *f, const LogConfig *config) _must_use_;
void log_file_done(LogFile *f);
/* stream 0 stdout, 1 stderr; now in ns. */
void log_file_write(LogFile *f, unsigned stream, const char *data, size_t len, int64_t now);
/* The stream has ended: its unfinished line is written as it is. */
void log_file_end(LogFile *f, unsigned stream, int64_t now);

/* Appends text as the inside of a JSON string, with Go's escapes; invalid UTF-8 becomes \ufffd. */
void log_escape(BrigBuffer *out, const char *text, size_t len);
