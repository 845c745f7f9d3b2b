/*
 * Who the payload is: the plan's "name", "uid", "name:group" and so on, looked up
 * in the container's own /etc/passwd and /etc/group, from inside, by a process
 * that has no more rights than container root. The rules are Docker's. The files
 * are hostile: only so much of them is read, and a line that is not well formed
 * is no line.
 */
#include "runtime/launch-internal.h"
#include "runtime/user-internal.h"

#include "base/strings.h"
#include "sys/path.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define USER_FIELDS 7

/* Cuts "a:b:c" in place; missing fields are "". */
static void split_fields(char *line, char *out[USER_FIELDS])
{
        for (size_t i = 0; i < USER_FIELDS; i++) {
                char *end = line + strcspn(line, ":");

                out[i] = line;
                line = *end ? end + 1 : end;
                *end = '\0';
        }
}

static char *next_line(char **at)
{
        char *line = *at, *end;

        if (!*line)
                return NULL;
        end = line + strcspn(line, "\n");
        *at = *end ? end + 1 : end;
        *end = '\0';
        return line;
}

static bool list_contains(const char *list, const char *name)
{
        size_t len = strlen(name);

        for (const char *p = list; *p; p += *p == ',') {
                size_t part = strcspn(p, ",");

                if (part == len && strncmp(p, name, len) == 0)
                        return true;
                p += part;
        }
        return false;
}

bool brig_user_find(char *passwd, const char *user, UserRecord *ret)
{
        uint32_t number = 0;
        bool numeric = brig_parse_u32(user, &number) >= 0;

        for (char *line; (line = next_line(&passwd));) {
                char *f[USER_FIELDS];
                uint32_t uid, gid;

                split_fields(line, f);
                if (!*f[0] || brig_parse_u32(f[2], &uid) < 0 || brig_parse_u32(f[3], &gid) < 0)
                        continue;
                if (*user ? streq(f[0], user) || (numeric && uid == number) : uid == 0) {
                        *ret = (UserRecord){ .name = f[0], .uid = uid, .gid = gid, .home = f[5] };
                        return true;
                }
        }
        return false;
}

bool brig_group_find(char *group, const char *name, gid_t *ret)
{
        uint32_t number = 0;
        bool numeric = brig_parse_u32(name, &number) >= 0;

        for (char *line; (line = next_line(&group));) {
                char *f[USER_FIELDS];
                uint32_t gid;

                split_fields(line, f);
                if (*f[0] && brig_parse_u32(f[2], &gid) >= 0 && (streq(f[0], name) || (numeric && gid == number))) {
                        *ret = gid;
                        return true;
                }
        }
        return false;
}

size_t brig_group_memberships(char *group, const char *user, gid_t *out, size_t max)
{
        size_t n = 0;

        for (char *line; n < max && (line = next_line(&group));) {
                char *f[USER_FIELDS];
                uint32_t gid;

                split_fields(line, f);
                if (*f[0] && brig_parse_u32(f[2], &gid) >= 0 && list_contains(f[3], user))
                        out[n++] = gid;
        }
        return n;
}

/* The file as one string; a missing one is "". */
static int read_database(const char *path, char **ret, BrigError *err)
{
        _cleanup_close_ int fd = -EBADF, root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(RUNTIME_PASSWD_MAX);
        struct stat st;
        ssize_t n = 0;

        /* O_NONBLOCK: a fifo in its place must not hold us up. */
        fd = root < 0 ? -errno : brig_path_open_in(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "\"%s\" of the container is not a regular file", path);
        for (char *to = NULL; fd >= 0; brig_buffer_commit(&text, (size_t)n)) {
                to = brig_buffer_reserve(&text, 4096);
                if (!to)
                        return brig_error_set(err, BRIG_ERR_TOO_LARGE, EFBIG, "\"%s\" of the container is too large", path);
                n = read(fd, to, 4096);
                if (n <= 0)
                        break;
        }
        if (n < 0 || (fd < 0 && fd != -ENOENT && fd != -ENOTDIR))
                return brig_error_errno(err, BRIG_ERR_INVALID, n < 0 ? errno : fd, "cannot read \"%s\" of the container", path);
        *ret = brig_buffer_take(&text);
        return *ret ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read \"%s\" of the container", path);
}

static int resolve_group(Launch *l, const char *name, gid_t *ret, BrigError *err)
{
        _cleanup_free_ char *group = NULL;
        uint32_t number;
        int r = read_database("/etc/group", &group, err);

        if (r < 0)
                return r;
        if (brig_group_find(group, name, ret))
                return 0;
        if (brig_parse_u32(name, &number) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "unable to find group %s: no matching entries in group file", name);
        *ret = number;
        return 0;
}

static int add_memberships(Launch *l, const char *user, BrigError *err)
{
        _cleanup_free_ char *group = NULL;
        int r = read_database("/etc/group", &group, err);

        if (r < 0)
                return r;
        l->n_groups += brig_group_memberships(group, user, l->groups + l->n_groups, ARRAY_SIZE(l->groups) - l->n_groups);
        return 0;
}

/*
 * The primary group is a supplementary one too: else a set-group-id program could
 * shed it, and with it a restriction that is meant for its members (CVE-2022-36109).
 */
static void add_primary_group(Launch *l)
{
        for (size_t i = 0; i < l->n_groups; i++)
                if (l->groups[i] == l->gid)
                        return;
        if (l->n_groups < ARRAY_SIZE(l->groups))
                l->groups[l->n_groups++] = l->gid;
}

static int resolve_user(Launch *l, const char *user, const char *group, BrigError *err)
{
        _cleanup_free_ char *passwd = NULL;
        UserRecord record = { .name = "", .home = "" };
        uint32_t number;
        int r = read_database("/etc/passwd", &passwd, err);
        bool found;

        if (r < 0)
                return r;
        found = brig_user_find(passwd, user, &record);
        if (!found && *user && brig_parse_u32(user, &number) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "unable to find user %s: no matching entries in passwd file", user);
        if (!found)
                record.uid = *user ? number : 0;
        l->uid = record.uid;
        l->gid = record.gid;
        l->home = brig_str_dup(*record.home ? record.home : "/");
        if (!l->home)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot resolve user \"%s\"", user);
        if (*group)
                return resolve_group(l, group, &l->gid, err);
        return found ? add_memberships(l, record.name, err) : 0;
}

static int add_groups(Launch *l, BrigError *err)
{
        for (size_t i = 0; i < l->plan->n_group_add; i++) {
                int r;

                if (l->n_groups == ARRAY_SIZE(l->groups))
                        return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "more than %zu supplementary groups", ARRAY_SIZE(l->groups));
                r = resolve_group(l, l->plan->group_add[i], &l->groups[l->n_groups], err);
                if (r < 0)
                        return r;
                l->n_groups++;
        }
        return 0;
}

static int check_mapped(const Launch *l, BrigError *err)
{
        uint32_t size = l->userns ? l->request->range_size : UINT32_MAX;

        if (l->uid >= size || l->gid >= size)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "user %u:%u is outside of the container's %u ids", l->uid, l->gid, size);
        for (size_t i = 0; i < l->n_groups; i++)
                if (l->groups[i] >= size)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "group %u is outside of the container's %u ids", l->groups[i], size);
        return 0;
}

int brig_step_user(Launch *l, BrigError *err)
{
        _cleanup_free_ char *user = brig_str_dup(l->plan->user ? l->plan->user : "");
        char *colon;
        int r;

        if (!user)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot resolve the user");
        l->n_groups = 0;
        colon = strchr(user, ':');
        if (colon)
                *colon++ = '\0';
        r = resolve_user(l, user, colon ? colon : "", err);
        if (r >= 0)
                r = add_groups(l, err);
        if (r < 0)
                return r;
        add_primary_group(l);
        return check_mapped(l, err);
}
