/* The columns of ps(1), and which of them a format is made of. */
#include "api/ps.h"

#include "base/clock.h"
#include "base/strings.h"

#include <ctype.h>
#include <time.h>

/* Ids of one container's range; more than the payload's own are never in it. */
#define RANGE 65536u

static void print_id(uint32_t id, const PsHost *h, bool name, BrigBuffer *out)
{
        uint32_t shown = h->range_base && id - h->range_base < RANGE ? id - h->range_base : id;

        if (name && shown == 0)
                (void)brig_buffer_puts(out, "root");
        else
                (void)brig_buffer_printf(out, "%u", shown);
}

static int64_t cpu_seconds(const PsProcess *p, const PsHost *h)
{
        return (int64_t)p->ticks / h->ticks_per_second;
}

/* ns since the process started. */
static int64_t elapsed(const PsProcess *p, const PsHost *h)
{
        int64_t start = (int64_t)(p->start_ticks / (uint64_t)h->ticks_per_second) * BRIG_NSEC_PER_SEC +
                (int64_t)(p->start_ticks % (uint64_t)h->ticks_per_second) * (BRIG_NSEC_PER_SEC / h->ticks_per_second);

        return h->uptime > start ? h->uptime - start : 0;
}

static double cpu_percent(const PsProcess *p, const PsHost *h)
{
        double seconds = (double)elapsed(p, h) / 1e9;

        return seconds > 0 ? (double)p->ticks / (double)h->ticks_per_second / seconds * 100 : 0;
}

static void print_pid(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", p->pid); }
static void print_ppid(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", p->ppid); }
static void print_pgid(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", p->pgrp); }
static void print_sid(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", p->session); }
static void print_nice(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", p->nice); }
static void print_priority(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", 39 - p->priority); }
static void print_threads(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", p->threads); }
static void print_processor(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", p->processor); }
static void print_state(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_putc(out, p->state); }
static void print_comm(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_puts(out, p->comm); }
static void print_command(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_puts(out, p->command ?: ""); }
static void print_user(const PsProcess *p, const PsHost *h, BrigBuffer *out) { print_id(p->uid, h, true, out); }
static void print_uid(const PsProcess *p, const PsHost *h, BrigBuffer *out) { print_id(p->uid, h, false, out); }
static void print_group(const PsProcess *p, const PsHost *h, BrigBuffer *out) { print_id(p->gid, h, true, out); }
static void print_gid(const PsProcess *p, const PsHost *h, BrigBuffer *out) { print_id(p->gid, h, false, out); }
static void print_c(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%d", (int)MIN2(cpu_percent(p, h), 99.0)); }
static void print_pcpu(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%.1f", cpu_percent(p, h)); }
static void print_vsz(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%llu", (unsigned long long)p->vsize / 1024); }
static void print_rss(const PsProcess *p, const PsHost *h, BrigBuffer *out) { (void)brig_buffer_printf(out, "%lld", (long long)p->rss * h->page_size / 1024); }

static void print_pmem(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        (void)brig_buffer_printf(out, "%.1f", h->memory ? (double)p->rss * (double)h->page_size / (double)h->memory * 100 : 0.0);
}

/* The kernel's packed device number: pts are majors 136 to 143, consoles major 4. */
static void print_tty(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        unsigned major = (unsigned)p->tty >> 8 & 0xfff, minor = ((unsigned)p->tty & 0xff) | ((unsigned)p->tty >> 12 & 0xfff00);

        if (major >= 136 && major <= 143)
                (void)brig_buffer_printf(out, "pts/%u", minor + (major - 136) * 256);
        else if (major == 4)
                (void)brig_buffer_printf(out, "tty%s%u", minor < 64 ? "" : "S", minor < 64 ? minor : minor - 64);
        else
                (void)brig_buffer_putc(out, '?');
}

static void print_stat(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        (void)brig_buffer_putc(out, p->state);
        if (p->nice != 0)
                (void)brig_buffer_putc(out, p->nice < 0 ? '<' : 'N');
        if (p->session == p->pid)
                (void)brig_buffer_putc(out, 's');
        if (p->threads > 1)
                (void)brig_buffer_putc(out, 'l');
        if (p->tty && p->tty_pgrp == p->pgrp)
                (void)brig_buffer_putc(out, '+');
}

static void print_time(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        int64_t s = cpu_seconds(p, h);

        if (s >= 86400)
                (void)brig_buffer_printf(out, "%lld-", (long long)(s / 86400));
        (void)brig_buffer_printf(out, "%02d:%02d:%02d", (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60));
}

static void print_bsd_time(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        int64_t s = cpu_seconds(p, h);

        (void)brig_buffer_printf(out, "%lld:%02d", (long long)(s / 60), (int)(s % 60));
}

static void print_etimes(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        (void)brig_buffer_printf(out, "%lld", (long long)(elapsed(p, h) / BRIG_NSEC_PER_SEC));
}

static void print_etime(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        int64_t s = elapsed(p, h) / BRIG_NSEC_PER_SEC;

        if (s >= 86400)
                (void)brig_buffer_printf(out, "%lld-", (long long)(s / 86400));
        if (s >= 3600)
                (void)brig_buffer_printf(out, "%02d:", (int)(s / 3600 % 24));
        (void)brig_buffer_printf(out, "%02d:%02d", (int)(s / 60 % 60), (int)(s % 60));
}

static struct tm start_time(const PsProcess *p, const PsHost *h)
{
        time_t start = (time_t)((h->now - elapsed(p, h)) / BRIG_NSEC_PER_SEC);
        struct tm tm = { 0 };

        (void)localtime_r(&start, &tm);
        return tm;
}

static void print_start(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        struct tm tm = start_time(p, h);
        char today[16], older[16];

        (void)strftime(today, sizeof(today), "%H:%M", &tm);
        (void)strftime(older, sizeof(older), "%b%d", &tm);
        (void)brig_buffer_puts(out, elapsed(p, h) < 86400 * BRIG_NSEC_PER_SEC ? today : older);
}

static void print_lstart(const PsProcess *p, const PsHost *h, BrigBuffer *out)
{
        struct tm tm = start_time(p, h);
        char text[40];

        (void)strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm);
        (void)brig_buffer_puts(out, text);
}

typedef struct Known { const char *name, *title; PsPrint print; } Known;

/* Names and titles of procps. */
static const Known known[] = {
        { "pid", "PID", print_pid }, { "tgid", "TGID", print_pid }, { "ppid", "PPID", print_ppid },
        { "pgid", "PGID", print_pgid }, { "pgrp", "PGRP", print_pgid },
        { "sid", "SID", print_sid }, { "sess", "SESS", print_sid }, { "session", "SESS", print_sid },
        { "user", "USER", print_user }, { "euser", "EUSER", print_user }, { "uname", "USER", print_user },
        { "uid", "UID", print_uid }, { "euid", "EUID", print_uid },
        { "group", "GROUP", print_group }, { "egroup", "EGROUP", print_group }, { "gid", "GID", print_gid }, { "egid", "EGID", print_gid },
        { "c", "C", print_c }, { "pcpu", "%CPU", print_pcpu }, { "%cpu", "%CPU", print_pcpu },
        { "pmem", "%MEM", print_pmem }, { "%mem", "%MEM", print_pmem },
        { "vsz", "VSZ", print_vsz }, { "vsize", "VSZ", print_vsz },
        { "rss", "RSS", print_rss }, { "rssize", "RSS", print_rss }, { "rsz", "RSZ", print_rss },
        { "tty", "TT", print_tty }, { "tt", "TT", print_tty }, { "tname", "TTY", print_tty },
        { "stat", "STAT", print_stat }, { "state", "S", print_state }, { "s", "S", print_state },
        { "time", "TIME", print_time }, { "cputime", "TIME", print_time }, { "bsdtime", "TIME", print_bsd_time },
        { "etime", "ELAPSED", print_etime }, { "etimes", "ELAPSED", print_etimes },
        { "start", "STARTED", print_start }, { "start_time", "START", print_start }, { "stime", "STIME", print_start },
        { "lstart", "STARTED", print_lstart }, { "bsdstart", "START", print_start },
        { "ni", "NI", print_nice }, { "nice", "NI", print_nice }, { "pri", "PRI", print_priority },
        { "nlwp", "NLWP", print_threads }, { "thcount", "THCNT", print_threads }, { "psr", "PSR", print_processor },
        { "comm", "COMMAND", print_comm }, { "ucmd", "CMD", print_comm }, { "ucomm", "COMMAND", print_comm },
        { "args", "COMMAND", print_command }, { "cmd", "CMD", print_command }, { "command", "COMMAND", print_command },
};

/* Letters of ps that stand for a list, with a dash or without. */
static const struct { const char *letters, *list; } shorthands[] = {
        { "ef", "user=UID,pid,ppid,c,stime,tname,time,cmd" },
        { "f", "user=UID,pid,ppid,c,stime,tname,time,cmd" },
        { "Af", "user=UID,pid,ppid,c,stime,tname,time,cmd" },
        { "aux", "user,pid,pcpu,pmem,vsz,rss,tname,stat,start_time,bsdtime,command" },
        { "u", "user,pid,pcpu,pmem,vsz,rss,tname,stat,start_time,bsdtime,command" },
        { "ax", "pid,tname,stat,bsdtime,command" },
        { "x", "pid,tname,stat,bsdtime,command" },
        { "e", "pid,tname,time,ucmd" },
        { "A", "pid,tname,time,ucmd" },
        { "a", "pid,tname,time,ucmd" },
};

static int refuse(const char *word, BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ps arguments \"%.60s\" are not understood: "
                              "there are -ef, aux, ax, -e and lists of columns (-o pid,user,args)", word);
}

/* "pid" or "comm=NAME" */
static int add_column(const char *word, PsFormat *f, BrigError *err)
{
        size_t len = strcspn(word, "=");

        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
                const char *title = word[len] ? word + len + 1 : known[i].title;

                if (strlen(known[i].name) != len || strncmp(known[i].name, word, len) != 0)
                        continue;
                if (f->n == BRIG_PS_MAX_COLUMNS || strlen(title) >= BRIG_PS_TITLE)
                        return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "too many columns for ps, or too long a title: \"%.60s\"", word);
                f->columns[f->n].print = known[i].print;
                (void)snprintf(f->columns[f->n++].title, BRIG_PS_TITLE, "%s", title);
                return 0;
        }
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ps has no column \"%.60s\"", word);
}

static int add_list(const char *list, PsFormat *f, BrigError *err)
{
        _cleanup_strv_ char **words = NULL;

        if (brig_strv_split(list, ',', &words) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the columns");
        BRIG_STRV_FOREACH(word, words) {
                int r = **word ? add_column(*word, f, err) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* The same letters in any order are the same wish: -fe, axu. */
static bool same_letters(const char *a, const char *b)
{
        if (strlen(a) != strlen(b))
                return false;
        for (; *a; a++)
                if (!strchr(b, *a))
                        return false;
        return true;
}

static int add_letters(const char *letters, PsFormat *f, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(shorthands); i++)
                if (same_letters(letters, shorthands[i].letters))
                        return add_list(shorthands[i].list, f, err);
        return refuse(letters, err);
}

/* Collects the letters of all words; what follows an 'o' is a list. */
static int read_words(char *const *words, PsFormat *f, BrigError *err)
{
        char letters[16] = "";
        size_t n = 0;

        BRIG_STRV_FOREACH(word, words) {
                const char *at = *word + (**word == '-');

                for (; *at && *at != 'o'; at++) {
                        if (!isalpha((unsigned char)*at) || n + 1 == sizeof(letters))
                                return refuse(*word, err);
                        if (!strchr(letters, *at))
                                letters[n++] = *at;
                }
                if (*at == 'o') {
                        const char *list = at[1] ? at + 1 : word[1] ? *++word : NULL;
                        int r = list ? add_list(list, f, err) : refuse("o", err);

                        if (r < 0)
                                return r;
                }
        }
        return f->n > 0 ? 0 : add_letters(n ? letters : "ef", f, err);
}

int brig_ps_format(const char *ps_args, PsFormat *ret, BrigError *err)
{
        _cleanup_strv_ char **words = NULL;
        const char *s = ps_args ?: "";

        ret->n = 0;
        while (*(s += strspn(s, " \t"))) {
                size_t len = strcspn(s, " \t");
                char *word = strndup(s, len);

                if (!word || brig_strv_consume(&words, word) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the arguments of ps");
                s += len;
        }
        return read_words(words, ret, err);
}
