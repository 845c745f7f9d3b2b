#include "image/tar-path.h"

#include "base/strings.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

static int refuse(int errnum, const char **ret_reason, const char *reason)
{
        *ret_reason = reason;
        return -errnum;
}

/* One part is n bytes at p, not empty and not ".". */
static int check_part(const char *p, size_t n, const char **ret_reason)
{
        if (n == 2 && p[0] == '.' && p[1] == '.')
                return refuse(EINVAL, ret_reason, "the path has a \"..\"");
        if (n > BRIG_TAR_PART_MAX)
                return refuse(ENAMETOOLONG, ret_reason, "a part of the path is longer than 255 bytes");
        return 0;
}

/* Copies raw's parts to ret->path with single slashes; ret->path is "" for the root. */
static int clean(const char *raw, TarName *ret, const char **ret_reason)
{
        size_t len = 0, depth = 0;

        ret->parent_len = ret->name_at = 0;
        for (const char *p = raw; *p;) {
                size_t n = strcspn(p, "/");
                bool skip = n == 0 || (n == 1 && p[0] == '.');
                int r = skip ? 0 : check_part(p, n, ret_reason);

                if (r < 0)
                        return r;
                if (!skip) {
                        if (++depth > BRIG_TAR_DEPTH_MAX)
                                return refuse(ENAMETOOLONG, ret_reason, "the path is deeper than 256 folders");
                        if (len + 1 + n > BRIG_TAR_PATH_MAX)
                                return refuse(ENAMETOOLONG, ret_reason, "the path is longer than 4095 bytes");
                        ret->parent_len = len;
                        if (len > 0)
                                ret->path[len++] = '/';
                        ret->name_at = len;
                        memcpy(ret->path + len, p, n);
                        len += n;
                }
                p += n;
                if (*p == '/')
                        p++;
        }
        ret->path[len] = '\0';
        return 0;
}

/* Is there a part of the parent that begins with prefix? */
static bool parent_has_part(const TarName *n, const char *prefix)
{
        size_t len = strlen(prefix);

        for (size_t at = 0; at < n->parent_len;) {
                if (strncmp(n->path + at, prefix, len) == 0)
                        return true;
                while (at < n->parent_len && n->path[at] != '/')
                        at++;
                at++;
        }
        return false;
}

/* Takes the prefix off the last part, so that path names what is hidden. */
static int unwrap_whiteout(TarName *n, const char **ret_reason)
{
        char *name = n->path + n->name_at;
        const char *hidden = name + strlen(WHITEOUT_PREFIX);

        if (!*hidden || streq(hidden, ".") || streq(hidden, ".."))
                return refuse(EINVAL, ret_reason, "the whiteout hides no name");
        memmove(name, hidden, strlen(hidden) + 1);
        n->kind = TAR_NAME_WHITEOUT;
        return 0;
}

static int classify(TarName *n, const char **ret_reason)
{
        const char *name = n->path + n->name_at;

        n->kind = TAR_NAME_ENTRY;
        if (!*n->path)
                n->kind = TAR_NAME_ROOT;
        else if (parent_has_part(n, WHITEOUT_META_PREFIX))
                n->kind = TAR_NAME_IGNORED;
        else if (parent_has_part(n, WHITEOUT_PREFIX))
                return refuse(EINVAL, ret_reason, "the path leads through a whiteout");
        else if (streq(name, WHITEOUT_OPAQUE))
                n->kind = TAR_NAME_OPAQUE;
        else if (brig_str_has_prefix(name, WHITEOUT_META_PREFIX))
                n->kind = TAR_NAME_IGNORED;
        else if (brig_str_has_prefix(name, WHITEOUT_PREFIX))
                return unwrap_whiteout(n, ret_reason);
        return 0;
}

int brig_tar_name_parse(const char *raw, TarName *ret, const char **ret_reason)
{
        int r;

        if (!*raw)
                return refuse(EINVAL, ret_reason, "the path is empty");
        r = clean(raw, ret, ret_reason);
        return r < 0 ? r : classify(ret, ret_reason);
}

int brig_tar_link_parse(const char *raw, TarName *ret, const char **ret_reason)
{
        int r;

        if (*raw == '/')
                return refuse(EINVAL, ret_reason, "the hard link's target is absolute");
        r = brig_tar_name_parse(raw, ret, ret_reason);
        if (r < 0)
                return r;
        if (ret->kind != TAR_NAME_ENTRY)
                return refuse(EINVAL, ret_reason, "the hard link's target is no file of this layer");
        return 0;
}

int brig_tar_symlink_check(const char *target, const char **ret_reason)
{
        if (!*target)
                return refuse(EINVAL, ret_reason, "the symbolic link has no target");
        if (strlen(target) > BRIG_TAR_PATH_MAX)
                return refuse(ENAMETOOLONG, ret_reason, "the symbolic link's target is longer than 4095 bytes");
        return 0;
}
