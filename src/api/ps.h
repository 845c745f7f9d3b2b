#pragma once
/*
 * `docker top`: the columns of ps(1), read from /proc and written here, because this
 * process starts no other. Formats: -ef (default), -f, -e, -A, ax, aux and their
 * spellings, and lists (-o pid,user,comm=NAME).
 *
 * User and group are shown as the container has them: its root is "root", not the first id of its range.
 */
#include "base/buffer.h"
#include "base/error.h"

#define BRIG_PS_MAX_COLUMNS 48
#define BRIG_PS_TITLE 32

typedef struct PsProcess {
        int pid, ppid, pgrp, session, tty, tty_pgrp, nice, priority, threads, processor;
        char state;
        uint32_t uid, gid;              /* host ids */
        uint64_t ticks;                 /* user + system time */
        uint64_t start_ticks;           /* since boot */
        uint64_t vsize;                 /* bytes */
        int64_t rss;                    /* pages */
        char comm[64];
        char *command;                  /* arguments joined by blanks, or [comm]; owned */
} PsProcess;

/* What the columns need besides the process. */
typedef struct PsHost {
        int64_t now;                    /* ns since the epoch */
        int64_t uptime;                 /* ns since boot */
        int64_t memory;                 /* bytes */
        long ticks_per_second, page_size;
        uint32_t range_base;            /* host id of the container's root; 0: show host ids */
} PsHost;

typedef void (*PsPrint)(const PsProcess *p, const PsHost *h, BrigBuffer *out);
typedef struct PsColumn { PsPrint print; char title[BRIG_PS_TITLE]; } PsColumn;
typedef struct PsFormat { size_t n; PsColumn columns[BRIG_PS_MAX_COLUMNS]; } PsFormat;

/* ps_args as the user typed it; NULL or "" is -ef. BRIG_ERR_INVALID names what is not understood. */
int brig_ps_format(const char *ps_args, PsFormat *ret, BrigError *err) _must_use_;
/* Parses the text of /proc/PID/stat; -EBADMSG. */
int brig_ps_parse_stat(const char *text, PsProcess *ret) _must_use_;
/* Reads one process; -ESRCH when it has gone. ret: brig_ps_done. */
int brig_ps_read(int pid, PsProcess *ret) _must_use_;
void brig_ps_done(PsProcess *p);
PsHost brig_ps_host(uint32_t range_base);
