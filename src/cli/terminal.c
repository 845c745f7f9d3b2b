#include "cli/terminal.h"
#include "base/strings.h"
#include <sys/ioctl.h>

int brig_terminal_raw(Terminal *t, int fd)
{
        struct termios raw;

        if (tcgetattr(fd, &t->saved) < 0)
                return -errno;
        raw = t->saved;
        cfmakeraw(&raw);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        if (tcsetattr(fd, TCSANOW, &raw) < 0)
                return -errno;
        t->fd = fd;
        return 0;
}

void brig_terminal_restore(Terminal *t)
{
        if (t->fd >= 0)
                (void)tcsetattr(t->fd, TCSANOW, &t->saved);   /* nothing better can be done when it fails */
        t->fd = -EBADF;
}

bool brig_terminal_size(int fd, unsigned *ret_rows, unsigned *ret_columns)
{
        struct winsize ws;

        if (ioctl(fd, TIOCGWINSZ, &ws) < 0 || (ws.ws_row == 0 && ws.ws_col == 0))
                return false;
        *ret_rows = ws.ws_row;
        *ret_columns = ws.ws_col;
        return true;
}

/* One key: a character, or "ctrl-" and one of @ a..z [ \ ] ^ _ */
static int parse_key(const char *word, char *ret)
{
        static const char prefix[] = "ctrl-";
        static const char controls[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
        const char *c;

        if (strlen(word) == 1) {
                *ret = *word;
                return 0;
        }
        if (!brig_str_has_prefix(word, prefix) || strlen(word) != strlen(prefix) + 1)
                return -EINVAL;
        c = strchr(controls, word[strlen(prefix)]);
        if (!c)
                return -EINVAL;
        *ret = (char)(c - controls);
        return 0;
}

int brig_detach_keys_parse(const char *text, DetachKeys *ret, BrigError *err)
{
        _cleanup_strv_ char **words = NULL;
        int r = brig_strv_split(text, ',', &words);

        *ret = (DetachKeys) { 0 };
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "reading detach keys");
        BRIG_STRV_FOREACH(word, words)
                if (ret->count == DETACH_KEYS_MAX || parse_key(*word, &ret->keys[ret->count++]) < 0)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid detach keys \"%s\": unknown key \"%s\"", text, *word);
        return 0;
}

bool brig_detach_keys_filter(DetachKeys *d, const char *in, size_t len, char *out, size_t *ret_len)
{
        size_t n = 0;

        for (size_t i = 0; i < len; i++) {
                if (d->count > 0 && in[i] == d->keys[d->matched]) {
                        if (++d->matched < d->count)
                                continue;
                        d->matched = 0;
                        *ret_len = n;
                        return true;
                }
                /* It was not the sequence after all: what was held back goes first. */
                memcpy(out + n, d->keys, d->matched);
                n += d->matched;
                d->matched = d->count > 0 && in[i] == d->keys[0] && d->matched > 0;
                if (!d->matched)
                        out[n++] = in[i];
        }
        *ret_len = n;
        return false;
}
