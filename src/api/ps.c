/* Reading processes from /proc. The columns are in ps-format.c. */
#include "api/ps.h"

#include "base/clock.h"
#include "base/strings.h"
#include "sys/procinfo.h"

#include <fcntl.h>
#include <sys/sysinfo.h>
#include <time.h>

#define MAX_COMMAND 8192

/* The n-th blank-separated field behind the command's name, from 3 (the state) on, as proc(5) counts. */
static const char *stat_field(const char *after_name, int n)
{
        const char *at = after_name;

        for (int i = 3; i < n && at; i++) {
                at = strchr(at, ' ');
                at += at != NULL;
        }
        return at;
}

static int64_t stat_number(const char *after_name, int n)
{
        const char *at = stat_field(after_name, n);

        return at ? strtoll(at, NULL, 10) : 0;
}

int brig_ps_parse_stat(const char *text, PsProcess *ret)
{
        /* The name may hold blanks and parentheses: it ends at the last one. */
        const char *open = strchr(text, '('), *close = strrchr(text, ')'), *rest;
        size_t len;

        if (!open || !close || close < open || close[1] != ' ' || !close[2])
                return -EBADMSG;
        rest = close + 2;
        if (!stat_field(rest, 24))
                return -EBADMSG;
        len = MIN2((size_t)(close - open - 1), sizeof(ret->comm) - 1);
        memcpy(ret->comm, open + 1, len);
        ret->comm[len] = '\0';
        ret->pid = (int)strtol(text, NULL, 10);
        ret->state = rest[0];
        ret->ppid = (int)stat_number(rest, 4);
        ret->pgrp = (int)stat_number(rest, 5);
        ret->session = (int)stat_number(rest, 6);
        ret->tty = (int)stat_number(rest, 7);
        ret->tty_pgrp = (int)stat_number(rest, 8);
        ret->ticks = (uint64_t)(stat_number(rest, 14) + stat_number(rest, 15));
        ret->priority = (int)stat_number(rest, 18);
        ret->nice = (int)stat_number(rest, 19);
        ret->threads = (int)stat_number(rest, 20);
        ret->start_ticks = (uint64_t)stat_number(rest, 22);
        ret->vsize = (uint64_t)stat_number(rest, 23);
        ret->rss = stat_number(rest, 24);
        ret->processor = (int)stat_number(rest, 39);
        return 0;
}

/* Real ids would do too; ps shows the effective ones. */
static void read_ids(const char *status, PsProcess *p)
{
        const char *uid = strstr(status, "\nUid:"), *gid = strstr(status, "\nGid:"), *blank;

        blank = uid ? strchr(uid + 6, '\t') : NULL;
        p->uid = blank ? (uint32_t)strtoul(blank, NULL, 10) : 0;
        blank = gid ? strchr(gid + 6, '\t') : NULL;
        p->gid = blank ? (uint32_t)strtoul(blank, NULL, 10) : 0;
}

/* Arguments are the payload's own bytes: what is not printable text becomes '?', as in ps. */
static char *command_text(const char *cmdline, size_t len, const char *comm)
{
        char *text;

        while (len && !cmdline[len - 1])
                len--;
        if (len == 0)
                return brig_str_printf("[%s]", comm);
        text = malloc(len + 1);
        for (size_t i = 0; text && i < len; i++) {
                unsigned char c = (unsigned char)cmdline[i];

                text[i] = (char)(c == '\0' ? ' ' : c < 0x20 || c >= 0x7f ? '?' : c);
        }
        if (text)
                text[len] = '\0';
        return text;
}

static void clean_name(char *comm)
{
        for (; *comm; comm++)
                if ((unsigned char)*comm < 0x20 || (unsigned char)*comm >= 0x7f)
                        *comm = '?';
}

int brig_ps_read(int pid, PsProcess *ret)
{
        _cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        char text[MAX_COMMAND];
        PsProcess p = { 0 };
        ssize_t n;

        if (proc < 0)
                return -errno;
        n = brig_procinfo_read(proc, pid, "stat", text, sizeof(text));
        if (n < 0 || brig_ps_parse_stat(text, &p) < 0)
                return -ESRCH;
        clean_name(p.comm);
        if (brig_procinfo_read(proc, pid, "status", text, sizeof(text)) < 0)
                return -ESRCH;
        read_ids(text, &p);
        n = brig_procinfo_read(proc, pid, "cmdline", text, sizeof(text));
        p.command = command_text(text, n < 0 ? 0 : (size_t)n, p.comm);
        if (!p.command)
                return -ENOMEM;
        *ret = p;
        return 0;
}

void brig_ps_done(PsProcess *p)
{
        free(TAKE_PTR(p->command));
}

PsHost brig_ps_host(uint32_t range_base)
{
        struct timespec up = { 0 };
        struct sysinfo info = { 0 };

        (void)clock_gettime(CLOCK_BOOTTIME, &up);
        (void)sysinfo(&info);
        return (PsHost){
                .now = brig_now_realtime(), .uptime = (int64_t)up.tv_sec * BRIG_NSEC_PER_SEC + up.tv_nsec,
                .memory = (int64_t)info.totalram * info.mem_unit, .ticks_per_second = sysconf(_SC_CLK_TCK),
                .page_size = sysconf(_SC_PAGESIZE), .range_base = range_base,
        };
}
