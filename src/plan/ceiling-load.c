/* Where the ceiling comes from: the built-in rules, root's file, and the engine's own folders. */
#include "plan/ceiling-internal.h"
#include "base/strings.h"
#include <fcntl.h>
#include <sys/stat.h>

/* Made from data/ceiling-builtin.conf by the build. */
extern const char brig_ceiling_default_text[];

const char *brig_ceiling_default(void)
{
        return brig_ceiling_default_text;
}

/* Whoever can write the file, or put another in its place, decides what is forbidden. */
static int check_file(int fd, const char *path, BrigError *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "ceiling \"%s\"", path);
        if (!S_ISREG(st.st_mode))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "ceiling \"%s\": is not a regular file", path);
        if (st.st_uid != 0 || (st.st_mode & 022))
                return brig_error_set(err, BRIG_ERR_INVALID, EPERM, "ceiling \"%s\": must belong to root and be writable by root alone", path);
        return 0;
}

static int read_file(const char *path, BrigBuffer *out, BrigError *err)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        ssize_t n;
        int r;

        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "ceiling \"%s\"", path);
        r = check_file(fd, path, err);
        if (r < 0)
                return r;
        do {
                char *at = brig_buffer_reserve(out, 4096);
                n = at ? read(fd, at, 4096) : -1;
                if (n < 0)
                        return brig_error_errno(err, BRIG_ERR_INVALID, at ? errno : E2BIG, "ceiling \"%s\"", path);
                brig_buffer_commit(out, (size_t)n);
        } while (n > 0);
        return 0;
}

static int deny_own(Ceiling *c, const char *path, BrigError *err)
{
        CeilingRule rule = { .type = CEILING_BIND, .origin = CEILING_FROM_FOLDERS, .tree = true, .path = realpath(path, NULL) };
        int r;

        if (!rule.path) /* it is made later in this start */
                rule.path = brig_str_dup(path);
        r = !rule.path ? -ENOMEM : ceiling_is_plain_path(rule.path) ? ceiling_add_rule(c, &rule) : -EINVAL;

        if (r >= 0)
                return 0;
        free(rule.path);
        return brig_error_errno(err, BRIG_ERR_INVALID, r, "ceiling: own folder \"%s\"", path);
}

/* Takes over all rules of `from`. */
static int append(Ceiling *c, Ceiling *from)
{
        for (size_t i = 0; i < from->n_rules; i++) {
                int r = ceiling_add_rule(c, &from->rules[i]);
                if (r < 0)
                        return r;
                from->rules[i].path = NULL;
        }
        return 0;
}

/* The file's rules come behind the built-in ones, so that each of them can be lifted by a line and none is lost by writing a file. */
static int put_behind_builtin(Ceiling **c, BrigError *err)
{
        const char *text = brig_ceiling_default();
        _cleanup_(brig_ceiling_freep) Ceiling *all = NULL;
        int r = brig_ceiling_parse(text, strlen(text), (*c)->file, &all, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < all->n_rules; i++) {
                all->rules[i].origin = CEILING_FROM_ENGINE;
                all->rules[i].line = 0;
        }
        r = append(all, *c);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "ceiling \"%s\"", all->file);
        brig_ceiling_free(*c);
        *c = TAKE_PTR(all);
        return 0;
}

int brig_ceiling_load(const char *path, const char *const *own, Ceiling **ret, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(CEILING_MAX_BYTES + 4096);
        _cleanup_(brig_ceiling_freep) Ceiling *c = NULL;
        int r = read_file(path, &text, err);

        if (r >= 0)
                r = brig_ceiling_parse(text.data ? text.data : "", text.len, path, &c, err);
        if (r >= 0 && !c->no_defaults)
                r = put_behind_builtin(&c, err);
        for (; r >= 0 && own && *own; own++)
                r = deny_own(c, *own, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}
