#include "runtime/bind-judge-internal.h"

#include "base/strings.h"
#include "runtime/mountinfo-internal.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define ANCESTORS_MAX 1024
/* Above the length of any path: a rule that holds within the source's own file system is nearer than one of a mount above it. */
#define SAME_FILE_SYSTEM ((size_t)1 << 16)

/* Where something is: by inode, and by its place in its own file system. */
typedef struct Place {
        bool there;
        uint64_t device, inode;
        unsigned major, minor;   /* of the mount's file system; differs from device on btrfs */
        char *inside;            /* path from the file system's own root */
        char *seen;              /* path in this mount namespace */
} Place;

typedef struct JudgedRule { const CeilingRule *rule; Place place; } JudgedRule;
struct BindJudge {
        const Ceiling *ceiling;
        MountTable table;
        JudgedRule *rules;
        size_t n_rules;
};

static void place_done(Place *p)
{
        free(p->inside);
        free(p->seen);
        *p = (Place){ 0 };
}

static char *join_paths(const char *a, const char *b)
{
        return brig_str_printf("%s%s%s", streq(a, "/") ? "" : a, *b && *b != '/' ? "/" : "", streq(a, "/") && !*b ? "/" : b);
}

static int seen_path(int fd, char **ret)
{
        char link[64], path[PATH_MAX];
        ssize_t n;

        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof path - 1);
        if (n < 0)
                return -errno;
        path[n] = '\0';
        *ret = brig_str_dup(path);
        return *ret ? 0 : -ENOMEM;
}

/* Mount id, then the mount's root inside its file system, then what lies between mount point and path. */
static int place_of(const MountTable *table, int fd, Place *ret)
{
        _cleanup_(place_done) Place p = { .there = true };
        struct statx st;
        const MountEntry *mount;
        const char *rest;
        int r;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st) < 0)
                return -errno;
        p.device = makedev(st.stx_dev_major, st.stx_dev_minor);
        p.inode = st.stx_ino;
        r = seen_path(fd, &p.seen);
        if (r < 0)
                return r;
        mount = st.stx_mask & STATX_MNT_ID ? brig_mount_table_by_id(table, st.stx_mnt_id) : NULL;
        if (!mount || !brig_path_is_beneath(p.seen, mount->point))
                return -ESTALE; /* moved while we looked: refuse rather than guess */
        rest = streq(mount->point, "/") ? p.seen : p.seen + strlen(mount->point);
        p.major = mount->major;
        p.minor = mount->minor;
        p.inside = join_paths(mount->root, streq(rest, "/") ? "" : rest);
        if (!p.inside)
                return -ENOMEM;
        *ret = p;
        p = (Place){ 0 };
        return 0;
}

static bool same_inode(const Place *a, const Place *b)
{
        return a->device == b->device && a->inode == b->inode;
}

static bool same_fs(const Place *a, const Place *b)
{
        return a->major == b->major && a->minor == b->minor;
}

int brig_bind_judge_new(const Ceiling *ceiling, BindJudge **ret, BrigError *err)
{
        _cleanup_(brig_bind_judge_freep) BindJudge *j = calloc(1, sizeof *j);
        int r = j ? brig_mount_table_read(AT_FDCWD, "/proc/self/mountinfo", &j->table) : -ENOMEM;

        if (r >= 0) {
                j->ceiling = ceiling;
                j->rules = calloc(ceiling->n_rules + 1, sizeof j->rules[0]);
                r = j->rules ? 0 : -ENOMEM;
        }
        for (size_t i = 0; r >= 0 && i < ceiling->n_rules; i++) {
                _cleanup_close_ int fd = -EBADF;

                if (ceiling->rules[i].type != CEILING_BIND)
                        continue;
                j->rules[j->n_rules].rule = &ceiling->rules[i];
                fd = open(ceiling->rules[i].path, O_PATH | O_CLOEXEC);
                /* What is not there now cannot be what a source is; a source that is made later is judged then. */
                if (fd >= 0)
                        r = place_of(&j->table, fd, &j->rules[j->n_rules].place);
                j->n_rules++;
        }
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot compare bind sources with the ceiling");
        *ret = TAKE_PTR(j);
        return 0;
}

BindJudge *brig_bind_judge_free(BindJudge *j)
{
        if (!j)
                return NULL;
        for (size_t i = 0; j->rules && i < j->n_rules; i++)
                place_done(&j->rules[i].place);
        free(j->rules);
        brig_mount_table_done(&j->table);
        free(j);
        return NULL;
}

/*
 * How near a rule is: 0 not at all, else more for a rule further down the path.
 * Lengths are compared within one measure only: "/" inside of the disk that holds
 * the data root is nearer than an exception for the folder where that disk is mounted.
 */
static size_t rule_weight(const JudgedRule *j, const Place *source, const Place *above, size_t n_above)
{
        bool tree = j->rule->tree;

        if (!j->place.there)
                return 0;
        if (same_inode(&j->place, source) || (same_fs(&j->place, source) && streq(j->place.inside, source->inside)))
                return SIZE_MAX;
        if (!tree && !j->rule->allow)
                return 0;
        /* An exception covers what lies beneath it: "allow bind /etc/ssl/certs" means its files too. */
        if (same_fs(&j->place, source) && brig_path_is_beneath(source->inside, j->place.inside))
                return SAME_FILE_SYSTEM + strlen(j->place.inside) + 1;
        for (size_t i = 0; i < n_above; i++)
                if (same_inode(&j->place, &above[i]))
                        return strlen(j->place.seen) + 1;
        return 0;
}

static int open_parent(int fd, const char *seen)
{
        _cleanup_free_ char *parent = NULL;
        struct stat st;
        char *slash;
        int at;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode)) {
                at = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
                return at < 0 ? -errno : at;
        }
        parent = brig_str_dup(seen);
        if (!parent)
                return -ENOMEM;
        slash = strrchr(parent, '/');
        if (!slash)
                return -ESTALE;
        slash[slash == parent] = '\0';
        at = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return at < 0 ? -errno : at;
}

/* Folders above, up to the root, by "..": as the kernel sees them now. What cannot be seen to its end is not judged, but refused. */
static int walk_up(int fd, const char *seen, Place *out, size_t max, size_t *ret_n)
{
        _cleanup_close_ int at = open_parent(fd, seen);
        struct stat st;

        for (size_t n = 0; at >= 0 && n < max; n++) {
                if (fstat(at, &st) < 0)
                        return -errno;
                out[n] = (Place){ .there = true, .device = st.st_dev, .inode = st.st_ino };
                if (n > 0 && same_inode(&out[n], &out[n - 1])) {
                        *ret_n = n; /* ".." of the root is the root */
                        return 0;
                }
                int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

                (void)brig_close(at);
                at = up < 0 ? -errno : up;
        }
        return at < 0 ? at : -ENAMETOOLONG;
}

/*
 * `really` is what would have to be allowed, never the spelling that was asked for:
 * that may be a link of the user's own, and the administrator would allow whatever it points to tomorrow.
 */
static int refuse(const BindJudge *j, const CeilingRule *rule, const BindQuestion *q, const char *really, const char *what, BrigError *err)
{
        char name[512];
        const CeilingSubject subject = { .name = name, .allow_path = really };

        (void)snprintf(name, sizeof name, "bind source \"%.200s\" %.200s", q->source, what);
        return brig_ceiling_deny(j->ceiling, rule, &subject, err);
}

static bool is_own(const CeilingRule *rule)
{
        return rule->origin == CEILING_FROM_FOLDERS;
}

/* The nearest rule, or NULL; of two equally near ones the later line. */
static const CeilingRule *nearest_rule(const BindJudge *j, const Place *place, const Place *above, size_t n_above, const BindQuestion *q, bool *ret_exact)
{
        const CeilingRule *best = NULL;
        size_t best_weight = 1;

        for (size_t i = 0; i < j->n_rules; i++) {
                const CeilingRule *rule = j->rules[i].rule;
                size_t weight = rule_weight(&j->rules[i], place, above, n_above);

                /* No exception reaches into the engine's own folders. */
                if (weight > 0 && is_own(rule))
                        weight = SIZE_MAX;
                if (q->missing && weight == SIZE_MAX)
                        weight = rule->tree || rule->allow ? SIZE_MAX - 1 : 0;
                if (weight >= best_weight) {
                        best = rule;
                        best_weight = weight;
                }
        }
        *ret_exact = best && best_weight == SIZE_MAX;
        return best;
}

/* A forbidden tree that does not exist yet has no inode: whoever makes it is known by the path that it will have. */
static int judge_missing(const BindJudge *j, const Place *place, const BindQuestion *q, BrigError *err)
{
        _cleanup_free_ char *path = join_paths(place->seen, q->missing);

        if (!path)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot judge bind source \"%s\"", q->source);
        for (size_t i = 0; i < j->n_rules; i++) {
                const JudgedRule *rule = &j->rules[i];

                if (!rule->place.there && !rule->rule->allow &&
                    (rule->rule->tree ? brig_path_is_beneath(path, rule->rule->path) : streq(path, rule->rule->path)))
                        return refuse(j, rule->rule, q, path, "is not there", err);
        }
        return 0;
}

static int judge_place(const BindJudge *j, const Place *place, int fd, const BindQuestion *q, BrigError *err)
{
        _cleanup_free_ Place *above = calloc(ANCESTORS_MAX, sizeof *above);
        _cleanup_free_ char *really = join_paths(place->seen, q->missing ? q->missing : "");
        const CeilingRule *best = NULL;
        size_t n_above = 0;
        bool exact;
        char what[PATH_MAX + 16];
        int r = above && really ? walk_up(fd, place->seen, above, ANCESTORS_MAX, &n_above) : -ENOMEM;

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot judge bind source \"%s\"", q->source);
        best = nearest_rule(j, place, above, n_above, q, &exact);
        (void)snprintf(what, sizeof what, "(%s)", place->seen);
        if (best && (!best->allow || (best->readonly && q->writable)))
                return refuse(j, best, q, really, what, err);
        if (q->missing)
                return judge_missing(j, place, q, err);
        /* A forbidden tree beneath the source would be reached through it, unless the source itself is an exception; the engine's own in any case. */
        for (size_t i = 0; i < j->n_rules; i++) {
                const JudgedRule *rule = &j->rules[i];

                if (exact && !is_own(rule->rule))
                        continue;
                if (rule->place.there && rule->rule->tree && !rule->rule->allow && same_fs(&rule->place, place) &&
                    brig_path_is_beneath(rule->place.inside, place->inside)) {
                        (void)snprintf(what, sizeof what, "contains \"%s\", which", rule->place.seen);
                        return refuse(j, rule->rule, q, really, what, err);
                }
        }
        return 0;
}

/* A recursive bind brings every mount beneath the source along: each is a source of its own. */
static int judge_submounts(const BindJudge *j, const Place *source, const BindQuestion *q, BrigError *err)
{
        const BindQuestion below = { .fd = q->fd, .source = q->source, .writable = q->writable_below };

        for (size_t i = 0; i < j->table.n; i++) {
                const MountEntry *mount = &j->table.entries[i];
                _cleanup_close_ int fd = -EBADF;
                _cleanup_(place_done) Place place = { 0 };
                int r;

                if (streq(mount->point, source->seen) || !brig_path_is_beneath(mount->point, source->seen))
                        continue;
                fd = open(mount->point, O_PATH | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0)
                        continue; /* covered by a later mount, or gone */
                r = place_of(&j->table, fd, &place);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot judge \"%s\" beneath bind source \"%s\"", mount->point, q->source);
                r = judge_place(j, &place, fd, &below, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int brig_bind_judge(const BindJudge *j, const BindQuestion *q, BrigError *err)
{
        _cleanup_(place_done) Place place = { 0 };
        int r = place_of(&j->table, q->fd, &place);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot judge bind source \"%s\"", q->source);
        r = judge_place(j, &place, q->fd, q, err);
        return r < 0 || !q->recursive ? r : judge_submounts(j, &place, q, err);
}
