/*
 * daemon.json without a JSON parser: brig-api, as the unprivileged user, turns
 * the file, which brigd opens because it may be root's alone, into lines "key<TAB>value"; brigd takes the keys that it knows
 * and judges each value as if it stood on its own command line.
 */
#include "api-process.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/strings.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#define TABLE_MAX (64u * 1024)
#define PATIENCE (10 * BRIG_NSEC_PER_SEC)

static int read_all(int fd, BrigBuffer *out)
{
        int64_t until = brig_now_monotonic() + PATIENCE;

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                int64_t left = (until - brig_now_monotonic()) / BRIG_NSEC_PER_MSEC;
                if (left <= 0 || poll(&p, 1, (int)left) == 0)
                        return -ETIMEDOUT;
                char *at = brig_buffer_reserve(out, 4096);
                if (!at)
                        return out->error;
                ssize_t n = read(fd, at, 4096);
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                brig_buffer_commit(out, (size_t)n);
        }
}

static int run_compiler(Brigd *d, BrigBuffer *out, int *ret_status)
{
        const char *const argv[] = { "brig-api", "--compile-config", d->options.config_file, "--config-fd", "3", NULL };
        _cleanup_close_ int in = -EBADF, their_out = -EBADF;
        Child child = CHILD_NONE;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        in = fds[0];
        their_out = fds[1];
        const Spawn s = { .program = d->programs.api, .argv = argv, .flags = SPAWN_DROP | SPAWN_DIES_WITH_US, .fds = &d->config, .n_fds = 1,
                          .out = their_out, .uid = d->account.uid, .gid = d->account.gid };
        r = spawn(&s, &child);
        if (r < 0)
                return r;
        their_out = brig_close(their_out);
        r = read_all(in, out);
        if (r < 0)
                child_kill(&child, SIGKILL);
        *ret_status = child_wait(&child);
        return r;
}

static int take_line(Brigd *d, char *line, BrigError *err)
{
        char *tab = strchr(line, '\t');

        if (!*line)
                return 0;
        if (!tab)
                return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "configuration \"%s\": brig-api's table is broken", d->options.config_file);
        *tab = 0;
        return options_set_from_file(&d->options, line, tab + 1, err);
}

int api_compile_config(Brigd *d, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer table = BRIG_BUFFER_INIT(TABLE_MAX);
        _cleanup_strv_ char **lines = NULL;
        int status = 0, r;

        d->config = open(d->options.config_file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (d->config < 0 && errno == ENOENT && !d->options.config_named)
                return 0;
        if (d->config < 0)
                return brig_error_errno(err, BRIG_ERR_INVALID, errno, "configuration \"%s\"", d->options.config_file);
        r = run_compiler(d, &table, &status);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "configuration \"%s\": brig-api", d->options.config_file);
        if (status != 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "configuration \"%s\" is refused (brig-api says why above)", d->options.config_file);
        r = brig_buffer_putc(&table, 0);
        if (r >= 0)
                r = brig_strv_split(table.data, '\n', &lines);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "configuration \"%s\"", d->options.config_file);
        BRIG_STRV_FOREACH(line, lines) {
                r = take_line(d, *line, err);
                if (r < 0)
                        return r;
        }
        return 0;
}
