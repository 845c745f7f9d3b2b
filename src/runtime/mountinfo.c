#include "runtime/mountinfo-internal.h"

#include "base/buffer.h"
#include "base/strings.h"
#include <fcntl.h>

/* "\040" → " ", in place: blanks, tabs, newlines and backslashes of paths are written so. */
static void unescape(char *s)
{
        char *to = s;

        while (*s) {
                if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
                        *to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
                        s += 4;
                } else {
                        *to++ = *s++;
                }
        }
        *to = '\0';
}

static char *next_word(char **at)
{
        char *word = *at, *end = word + strcspn(word, " ");

        *at = *end ? end + 1 : end;
        *end = '\0';
        return word;
}

/* "36 35 98:0 /root /point options [optional...] - type source super" */
static int parse_line(char *line, MountEntry *ret)
{
        char *at = line, *word, *end;

        ret->id = strtoull(next_word(&at), NULL, 10);
        (void)next_word(&at);
        word = next_word(&at);
        ret->major = (unsigned)strtoul(word, &end, 10);
        if (*end != ':')
                return -EBADMSG;
        ret->minor = (unsigned)strtoul(end + 1, NULL, 10);
        ret->root = next_word(&at);
        ret->point = next_word(&at);
        ret->options = next_word(&at);
        do
                word = next_word(&at);
        while (*word && !streq(word, "-"));
        ret->type = next_word(&at);
        if (!*ret->type)
                return -EBADMSG;
        unescape(ret->root);
        unescape(ret->point);
        return 0;
}

static int read_text(int dirfd, const char *file, char **ret)
{
        _cleanup_close_ int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC);
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(MOUNTINFO_MAX_BYTES);

        if (fd < 0)
                return -errno;
        for (;;) {
                char *to = brig_buffer_reserve(&text, 8192);
                ssize_t n = to ? read(fd, to, 8192) : -1;

                if (!to)
                        return text.error;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                brig_buffer_commit(&text, (size_t)n);
        }
        *ret = brig_buffer_take(&text);
        return *ret ? 0 : -ENOMEM;
}

int brig_mount_table_read(int dirfd, const char *file, MountTable *ret)
{
        _cleanup_(brig_mount_table_done) MountTable t = { 0 };
        size_t lines = 0;
        int r = read_text(dirfd, file, &t.text);

        if (r < 0)
                return r;
        for (const char *p = t.text; *p; p++)
                lines += *p == '\n';
        t.entries = calloc(lines + 1, sizeof t.entries[0]);
        if (!t.entries)
                return -ENOMEM;
        for (char *line = t.text, *end; *line; line = end) {
                end = line + strcspn(line, "\n");
                if (*end)
                        *end++ = '\0';
                r = parse_line(line, &t.entries[t.n]);
                if (r < 0)
                        return r;
                t.n++;
        }
        *ret = t;
        t = (MountTable){ 0 };
        return 0;
}

void brig_mount_table_done(MountTable *t)
{
        free(t->entries);
        free(t->text);
        *t = (MountTable){ 0 };
}

const MountEntry *brig_mount_table_by_id(const MountTable *t, uint64_t id)
{
        for (size_t i = 0; i < t->n; i++)
                if (t->entries[i].id == id)
                        return &t->entries[i];
        return NULL;
}

const MountEntry *brig_mount_table_at(const MountTable *t, const char *point)
{
        for (size_t i = t->n; i > 0; i--)
                if (streq(t->entries[i - 1].point, point))
                        return &t->entries[i - 1];
        return NULL;
}

bool brig_path_is_beneath(const char *path, const char *base)
{
        size_t len = strlen(base);

        if (streq(base, "/"))
                return true;
        return strncmp(path, base, len) == 0 && (path[len] == '\0' || path[len] == '/');
}
