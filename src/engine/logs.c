/* The log reader: what `docker logs` and an attach with logs=1 get, with follow by inotify. */
#include "engine/engine-internal.h"
#include "engine/logs-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define READ_SIZE (64u << 10)
#define OUT_ENOUGH (64u << 10)
/* Without inotify (its instances are limited per user) the file is looked at this often. */
#define POLL_MS 200

struct LogReader {
        Container *container;
        LogRequest request;
        bool tty;
        char *base;                     /* path of the newest file */
        int fds[BRIG_LOG_MAX_FILES];    /* oldest first */
        size_t n_fds, current;
        int64_t offset;                 /* in the current file */
        BrigBuffer raw;                 /* bytes read, from the first line not yet taken */
        size_t taken;                   /* bytes of raw that were taken */
        bool skipping;                  /* inside a line that is too long */
        bool finished;                  /* until was passed */
        int watch;                      /* inotify; -EBADF without */
        ContainerWait *end;             /* follow: the end of the run; NULL: no follow */
};

LogReader *brig_logs_close(LogReader *l)
{
        if (!l)
                return NULL;
        brig_container_wait_cancel(l->end);
        for (size_t i = l->current; i < l->n_fds; i++)
                brig_close(l->fds[i]);
        brig_buffer_done(&l->raw);
        brig_close(l->watch);
        brig_container_unref(l->container);
        free(l->base);
        free(l);
        return NULL;
}

/* --- opening ------------------------------------------------------------ */

static void start_watch(LogReader *l)
{
        _cleanup_free_ char *folder = strndup(l->base, (size_t)(strrchr(l->base, '/') - l->base));

        l->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (l->watch >= 0 && folder && inotify_add_watch(l->watch, folder, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0)
                return;
        l->watch = brig_close(l->watch);
}

static int start_follow(LogReader *l, Engine *e, BrigError *err)
{
        bool running;

        pthread_mutex_lock(&e->lock);
        running = l->container->run.state == CONTAINER_RUNNING || l->container->run.state == CONTAINER_PAUSED;
        pthread_mutex_unlock(&e->lock);
        if (!l->request.follow || !running)
                return 0;
        start_watch(l);
        return brig_container_wait_begin(e, l->container->id, WAIT_NOT_RUNNING, &l->end, err);
}

static int open_files(LogReader *l, BrigError *err)
{
        int r = brig_log_open_all(l->base, l->fds, &l->n_fds);
        size_t first = 0;

        if (r == 0 && l->request.tail >= 0)
                r = brig_log_find_tail(l->fds, l->n_fds, l->request.tail, &first, &l->offset);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "read the logs of container \"%.12s\"", l->container->id);
        /* tail 0: nothing but what comes; the newest file stays open at its end */
        if (first == l->n_fds && l->n_fds > 0) {
                struct stat st;

                first = l->n_fds - 1;
                l->offset = fstat(l->fds[first], &st) == 0 ? st.st_size : 0;
        }
        for (; l->current < first; l->current++)
                brig_close(l->fds[l->current]);
        return 0;
}

static int check_request(const Container *c, const LogRequest *r, BrigError *err)
{
        if (!r->stdout_ && !r->stderr_)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Bad parameters: you must choose at least one stream");
        if (brig_str_equal(c->definition.host.log_config.type, "none"))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "configured logging driver does not support reading");
        return 0;
}

int brig_logs_open(Engine *e, const char *ref, const LogRequest *request, LogReader **ret, bool *ret_tty, BrigError *err)
{
        _cleanup_(brig_logs_closep) LogReader *l = calloc(1, sizeof *l);
        int r;

        if (!l)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read logs");
        l->watch = -EBADF;
        l->request = *request;
        l->raw.max = BRIG_LOG_MAX_LINE + READ_SIZE;
        r = brig_container_find(e, ref, &l->container, err);
        if (r == 0)
                r = check_request(l->container, request, err);
        if (r < 0)
                return r;
        l->tty = l->container->definition.config.tty;
        l->base = brig_str_printf("%s/containers/%s/%s-json.log", e->options.data_root, l->container->id, l->container->id);
        if (!l->base)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read logs");
        /* first the watch, then the files: what is written in between is seen */
        r = start_follow(l, e, err);
        if (r == 0)
                r = open_files(l, err);
        if (r < 0)
                return r;
        *ret_tty = l->tty;
        *ret = TAKE_PTR(l);
        return 0;
}

/* --- entries to output -------------------------------------------------- */

static void put_entry(const LogReader *l, const LogEntry *e, BrigBuffer *out)
{
        char time[BRIG_TIME_STRING] = "";
        size_t prefix = 0, len;

        if (l->request.timestamps) {
                brig_time_format_full(e->time, time);
                prefix = strlen(time) + 1;
        }
        len = prefix + (l->request.details ? 1 : 0) + e->len;
        if (!l->tty) {
                unsigned char header[8] = { (unsigned char)e->stream, 0, 0, 0, (unsigned char)(len >> 24), (unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len };

                (void)brig_buffer_append(out, header, sizeof header); /* sticky: the caller looks */
        }
        if (prefix > 0)
                (void)brig_buffer_printf(out, "%s ", time);
        if (l->request.details)
                (void)brig_buffer_putc(out, ' ');
        (void)brig_buffer_append(out, e->text, e->len);
}

static void take_line(LogReader *l, char *line, size_t len, BrigBuffer *out)
{
        const LogRequest *r = &l->request;
        LogEntry e;

        /* a line that a crash cut, or a power loss filled with zeros */
        if (brig_log_entry_parse(line, len, &e) < 0)
                return;
        if (r->until > 0 && e.time > r->until) {
                l->finished = true;
                return;
        }
        if ((r->since > 0 && e.time < r->since) || (e.stream == 1 ? !r->stdout_ : !r->stderr_))
                return;
        put_entry(l, &e, out);
}

/* Takes whole lines until there is enough output; true when one was taken. */
static bool take_lines(LogReader *l, size_t enough, BrigBuffer *out)
{
        bool any = false;

        while (!l->finished && out->len < enough && out->error == 0) {
                char *from = l->raw.data ? l->raw.data + l->taken : NULL;
                char *newline = from ? memchr(from, '\n', l->raw.len - l->taken) : NULL;

                if (!newline)
                        break;
                if (!l->skipping)
                        take_line(l, from, (size_t)(newline - from), out);
                l->skipping = false;
                l->taken += (size_t)(newline - from) + 1;
                any = true;
        }
        brig_buffer_consume(&l->raw, l->taken);
        l->taken = 0;
        return any;
}

/* --- reading ------------------------------------------------------------ */

/* A line over the limit is thrown away up to its end. */
static void drop_long_line(LogReader *l)
{
        if (l->raw.len < BRIG_LOG_MAX_LINE)
                return;
        brig_buffer_reset(&l->raw);
        l->skipping = true;
}

/* 1: bytes came; 0: the end of the file that is there now. */
static int read_more(LogReader *l)
{
        void *to;
        ssize_t n;

        if (l->current == l->n_fds)
                return 0;
        drop_long_line(l);
        to = brig_buffer_reserve(&l->raw, READ_SIZE);
        if (!to)
                return l->raw.error;
        do
                n = pread(l->fds[l->current], to, READ_SIZE, l->offset);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? -errno : 0;
        brig_buffer_commit(&l->raw, (size_t)n);
        l->offset += n;
        return 1;
}

static void begin_file(LogReader *l, int fd)
{
        l->fds[l->current] = fd;
        l->offset = 0;
        l->skipping = false;
        brig_buffer_reset(&l->raw); /* half a line at the end of a file has no rest */
}

/* A last line without newline of a file that is written no more. */
static void take_rest(LogReader *l, BrigBuffer *out)
{
        if (l->raw.len > 0 && !l->skipping && !l->finished)
                take_line(l, l->raw.data, l->raw.len, out);
        brig_buffer_reset(&l->raw);
}

/* At the end of a file: 1 when another one is current now, 0 when this is the newest. */
static int next_file(LogReader *l, BrigBuffer *out)
{
        int fd, r;

        if (l->current + 1 < l->n_fds) {
                take_rest(l, out);
                brig_close(l->fds[l->current++]);
                begin_file(l, l->fds[l->current]);
                return 1;
        }
        if (!l->end)
                return 0;
        if (l->n_fds == 0) {
                r = brig_log_open_all(l->base, l->fds, &l->n_fds);
                return r < 0 ? r : l->n_fds > 0;
        }
        fd = brig_log_open_next(l->base, l->fds[l->current]);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        /* it was rotated away; what was written between our last read and that is still in it */
        r = read_more(l);
        if (r != 0) {
                brig_close(fd);
                return r;
        }
        take_rest(l, out);
        brig_close(l->fds[l->current]);
        begin_file(l, fd);
        return 1;
}

/* --- follow ------------------------------------------------------------- */

static void drain_watch(const LogReader *l)
{
        char events[4096];

        while (l->watch >= 0 && read(l->watch, events, sizeof events) > 0)
                ;
}

/* Whether the run has ended: what it wrote is in the file already. */
static bool run_ended(const LogReader *l)
{
        struct pollfd p = { .fd = brig_container_wait_poll_fd(l->end), .events = POLLIN };

        return poll(&p, 1, 0) > 0;
}

static bool until_passed(const LogReader *l)
{
        return l->request.until > 0 && brig_now_realtime() > l->request.until;
}

/* Sleeps until there may be more: 0, -ETIMEDOUT, -ECANCELED. */
static int sleep_for_more(LogReader *l, int64_t deadline)
{
        int64_t left = (deadline - brig_now_monotonic()) / BRIG_NSEC_PER_MSEC;
        struct pollfd fds[] = {
                { .fd = l->watch, .events = POLLIN }, { .fd = brig_container_wait_poll_fd(l->end), .events = POLLIN },
                { .fd = l->container->engine->cancel_fd, .events = POLLIN },
        };

        if (left <= 0)
                return -ETIMEDOUT;
        if (l->watch < 0 || l->request.until > 0)
                left = MIN2(left, (int64_t)POLL_MS);
        (void)poll(fds, ARRAY_SIZE(fds), (int)left); /* EINTR and a timeout lead to another look */
        return fds[2].revents ? -ECANCELED : 0;
}

/* Reads until there is output, or the end of what is there. 1, 0, or an error. */
static int fill(LogReader *l, size_t enough, BrigBuffer *out)
{
        for (;;) {
                int r;

                if (take_lines(l, enough, out) && (out->len >= enough || l->finished))
                        return 1;
                if (out->error != 0)
                        return out->error;
                r = read_more(l);
                if (r == 0)
                        r = next_file(l, out);
                if (r <= 0)
                        return r;
        }
}

int brig_logs_next(LogReader *l, int timeout_ms, BrigBuffer *out)
{
        int64_t deadline = brig_now_monotonic() + timeout_ms * BRIG_NSEC_PER_MSEC;
        size_t before = out->len;

        while (!l->finished) {
                bool ended = l->end && run_ended(l);
                int r;

                drain_watch(l);
                r = fill(l, before + OUT_ENOUGH, out);
                if (r < 0)
                        return r;
                if (r > 0)
                        return 1;
                if (!l->end || ended || until_passed(l)) {
                        take_rest(l, out);
                        l->finished = true;
                        return 0;
                }
                if (out->len > before)
                        return 1;
                r = sleep_for_more(l, deadline);
                if (r < 0)
                        return r;
        }
        return 0;
}
