#include "log-file.h"

#include "base/clock.h"
#include "base/log.h"
#include "sys/fd.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OUT_MAX (1u << 20)
#define OUT_FLUSH (64u * 1024)
#define ESCAPED_MAX 6u /* \u00XX for one byte */

static int open_file(const LogFile *f)
{
        int fd = openat(f->dir, f->name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);

        return fd < 0 ? -errno : fd;
}

/* The folder belonged to the owner of an earlier run: what that one may have put in our file's place is not given away. */
static int take_over(int fd, uid_t owner, struct stat *st)
{
        if (fstat(fd, st) < 0)
                return -errno;
        if (!S_ISREG(st->st_mode) || st->st_nlink != 1)
                return -EPERM;
        return st->st_uid != owner && fchown(fd, owner, (gid_t)-1) < 0 ? -errno : 0;
}

int log_file_open(LogFile *f, const LogConfig *config)
{
        struct stat st;
        int r;

        *f = (LogFile){ .dir = config->dir, .fd = -EBADF, .max_size = config->max_size, .max_files = MAX2(config->max_files, 1u),
                        .out = BRIG_BUFFER_INIT(OUT_MAX) };
        if (f->max_size == 0)
                return 0;
        (void)snprintf(f->name, sizeof f->name, "%.64s-json.log", config->id);
        f->fd = open_file(f);
        r = f->fd < 0 ? f->fd : take_over(f->fd, config->owner, &st);
        if (r >= 0)
                f->size = (uint64_t)st.st_size;
        return r;
}

void log_file_done(LogFile *f)
{
        f->dir = brig_close(f->dir);
        f->fd = brig_close(f->fd);
        for (size_t i = 0; i < LOG_STREAMS; i++)
                free(f->lines[i].text);
        brig_buffer_done(&f->out);
}

/* Length of a well-formed UTF-8 sequence at p (RFC 3629: no overlong forms, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *p, size_t len)
{
        static const struct { unsigned char first, last, low, high; unsigned char n; } forms[] = {
                { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
                { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                if (p[0] < forms[i].first || p[0] > forms[i].last)
                        continue;
                if (len < forms[i].n || p[1] < forms[i].low || p[1] > forms[i].high)
                        return 0;
                for (size_t j = 2; j < forms[i].n; j++)
                        if ((p[j] & 0xc0) != 0x80)
                                return 0;
                return forms[i].n;
        }
        return 0;
}

static bool is_plain(unsigned char c)
{
        return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

static void escape_ascii(BrigBuffer *out, unsigned char c)
{
        static const char hex[] = "0123456789abcdef";

        switch (c) {
        case '"':
        case '\\':
                (void)brig_buffer_putc(out, '\\');
                (void)brig_buffer_putc(out, (char)c);
                break;
        case '\n':
                (void)brig_buffer_puts(out, "\\n");
                break;
        case '\r':
                (void)brig_buffer_puts(out, "\\r");
                break;
        default: {
                const char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

                (void)brig_buffer_append(out, text, sizeof text);
        }
        }
}

/* Bytes consumed by one character that is not ASCII. */
static size_t escape_wide(BrigBuffer *out, const unsigned char *p, size_t len)
{
        size_t n = utf8_length(p, len);

        if (n == 0) {
                (void)brig_buffer_puts(out, "\\ufffd");
                return 1;
        }
        /* Line and paragraph separator: legal in JSON, not in JavaScript. */
        if (n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8)
                (void)brig_buffer_puts(out, p[2] & 1 ? "\\u2029" : "\\u2028");
        else
                (void)brig_buffer_append(out, p, n);
        return n;
}

void log_escape(BrigBuffer *out, const char *text, size_t len)
{
        const unsigned char *p = (const unsigned char *)text;

        for (size_t i = 0; i < len;) {
                size_t run = i;

                while (run < len && is_plain(p[run]))
                        run++;
                if (run > i)
                        (void)brig_buffer_append(out, p + i, run - i);
                i = run;
                if (i == len)
                        break;
                if (p[i] < 0x80)
                        escape_ascii(out, p[i++]);
                else
                        i += escape_wide(out, p + i, len - i);
        }
}

/* name.(n-1) → name.n from the top, then name → name.1. A step that fails leaves a hole, never a lost newest file. */
static void rotate(LogFile *f)
{
        char from[sizeof f->name + 16], to[sizeof from];

        for (uint32_t i = f->max_files - 1; i > 0; i--) {
                if (i == 1)
                        (void)snprintf(from, sizeof from, "%s", f->name);
                else
                        (void)snprintf(from, sizeof from, "%s.%u", f->name, i - 1);
                (void)snprintf(to, sizeof to, "%s.%u", f->name, i);
                (void)renameat(f->dir, from, f->dir, to);
        }
        if (f->max_files == 1)
                (void)unlinkat(f->dir, f->name, 0);
        f->fd = brig_close(f->fd);
        f->fd = open_file(f);
        f->size = 0;
}

/* A full disk loses records, not the container. */
static void flush(LogFile *f)
{
        int r = f->out.error < 0 ? f->out.error : brig_fd_write_all(f->fd, f->out.data, f->out.len);

        if (r < 0 && f->lost++ == 0)
                log_warn("%s: output is lost: %s", f->name, strerror(-r));
        f->size += f->out.len;
        brig_buffer_reset(&f->out);
        if (f->size >= f->max_size)
                rotate(f);
}

static void put_record(LogFile *f, unsigned stream, const char *text, size_t len, bool ends, int64_t time)
{
        static const char *const names[LOG_STREAMS] = { "stdout", "stderr" };
        char stamp[BRIG_TIME_STRING];

        brig_time_format(time, stamp);
        (void)brig_buffer_puts(&f->out, "{\"log\":\"");
        log_escape(&f->out, text, len);
        (void)brig_buffer_printf(&f->out, "%s\",\"stream\":\"%s\",\"time\":\"%s\"}\n", ends ? "\\n" : "", names[stream], stamp);
        if (f->out.len >= OUT_FLUSH || f->size + f->out.len >= f->max_size)
                flush(f);
}

/* One line, or what was seen of it so far, of at most LOG_LINE_MAX bytes. */
static void put_line(LogFile *f, unsigned stream, const char *text, size_t len, bool ends, int64_t now)
{
        LogLine *line = &f->lines[stream];

        put_record(f, stream, text, len, ends, line->partial ? line->time : now);
        if (!ends && !line->partial)
                line->time = now;
        line->partial = !ends;
}

/* Adds to the unfinished line; a full one is written as a part. */
static void keep(LogFile *f, unsigned stream, const char *text, size_t len, int64_t now)
{
        LogLine *line = &f->lines[stream];

        if (!line->text)
                line->text = malloc(LOG_LINE_MAX);
        if (!line->text) {
                put_line(f, stream, text, len, false, now);
                return;
        }
        memcpy(line->text + line->len, text, len);
        line->len += len;
        if (line->len == LOG_LINE_MAX) {
                put_line(f, stream, line->text, line->len, false, now);
                line->len = 0;
        }
}

static void end_kept(LogFile *f, unsigned stream, bool ends, int64_t now)
{
        LogLine *line = &f->lines[stream];

        put_line(f, stream, line->text, line->len, ends, now);
        free(line->text);
        line->text = NULL;
        line->len = 0;
}

void log_file_write(LogFile *f, unsigned stream, const char *data, size_t len, int64_t now)
{
        LogLine *line = &f->lines[stream];

        if (f->max_size == 0 || f->fd < 0)
                return;
        while (len > 0) {
                size_t room = LOG_LINE_MAX - line->len;
                const char *end = memchr(data, '\n', MIN2(len, room));
                size_t n = end ? (size_t)(end - data) : MIN2(len, room);

                if (end && line->len == 0)
                        put_line(f, stream, data, n, true, now);
                else
                        keep(f, stream, data, n, now);
                if (end && line->len > 0)
                        end_kept(f, stream, true, now);
                data += n + (end != NULL);
                len -= n + (end != NULL);
        }
        if (f->out.len > 0)
                flush(f);
}

void log_file_end(LogFile *f, unsigned stream, int64_t now)
{
        if (f->max_size == 0 || f->fd < 0)
                return;
        if (f->lines[stream].len > 0)
                end_kept(f, stream, false, now);
        if (f->out.len > 0)
                flush(f);
}
