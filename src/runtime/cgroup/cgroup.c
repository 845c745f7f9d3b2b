/*
 * The driver-independent half: folders are made, joined, listed and removed the
 * same way in every hierarchy.
 */
#include "runtime/cgroup/cgroup-internal.h"
#include "base/strings.h"
#include "sys/fd.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define CGROUP_PIDS_MAX_BYTES (4u << 20)

bool brig_cgroup_is_fs(const char *path, unsigned long magic)
{
        struct statfs fs;

        return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == magic;
}

static const CgroupDriver *detect(void)
{
        if (brig_cgroup_is_fs(CGROUP_ROOT, CGROUP2_SUPER_MAGIC))
                return &brig_cgroup_v2;
        if (brig_cgroup_is_fs(CGROUP_ROOT "/pids", CGROUP_SUPER_MAGIC) || brig_cgroup_is_fs(CGROUP_ROOT "/memory", CGROUP_SUPER_MAGIC))
                return &brig_cgroup_v1;
        return &brig_cgroup_none;
}

const char *brig_cgroup_mode(void)
{
        return detect()->mode;
}

const char *brig_cgroup_mode_of(const Cgroup *c)
{
        return c->driver == &brig_cgroup_v1 && brig_cgroup_dir(c, "unified") >= 0 ? "hybrid" : c->driver->mode;
}

void brig_cgroup_init(Cgroup *c)
{
        *c = (Cgroup){ .driver = &brig_cgroup_none };
}

void brig_cgroup_close(Cgroup *c)
{
        for (size_t i = 0; i < c->n_dirs; i++) {
                brig_close(c->dirs[i].dir_fd);
                brig_close(c->dirs[i].procs_fd);
                brig_close(c->dirs[i].self_fd);
        }
        brig_cgroup_init(c);
}

int brig_cgroup_dir(const Cgroup *c, const char *controller)
{
        for (size_t i = 0; i < c->n_dirs; i++)
                if (streq(c->dirs[i].controller, controller))
                        return c->dirs[i].dir_fd;
        return -EBADF;
}

int brig_cgroup_write(int dir_fd, const char *name, const char *text)
{
        _cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        size_t len = strlen(text);
        ssize_t n = write(fd, text, len);
        if (n < 0)
                return -errno;
        return (size_t)n == len ? 0 : -EIO;
}

ssize_t brig_cgroup_read(int dir_fd, const char *name, char *out, size_t size)
{
        _cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        ssize_t n = read(fd, out, size - 1);
        if (n < 0)
                return -errno;
        out[n] = 0;
        return n;
}

uint64_t brig_cgroup_read_key(int dir_fd, const char *name, const char *key)
{
        char text[4096];
        size_t key_len = strlen(key);

        if (brig_cgroup_read(dir_fd, name, text, sizeof(text)) < 0)
                return 0;
        for (char *line = text; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strncmp(line, key, key_len) == 0 && line[key_len] == ' ')
                        return strtoull(line + key_len + 1, NULL, 10);
        }
        return 0;
}

int64_t brig_cgroup_read_limit(int dir_fd, const char *name)
{
        char text[64];
        if (brig_cgroup_read(dir_fd, name, text, sizeof(text)) < 0 || strncmp(text, "max", 3) == 0)
                return -1;
        uint64_t v = strtoull(text, NULL, 10);
        /* v1 says "no limit" as LONG_MAX rounded down to a page. */
        return v >= (uint64_t)LONG_MAX - 65536 ? -1 : (int64_t)v;
}

static int apply_setting(const Cgroup *c, const CgroupSetting *s, const char *unlimited, BrigError *err)
{
        char number[32];
        const char *text = s->text;
        int dir_fd = brig_cgroup_dir(c, s->controller);

        if (!text) {
                snprintf(number, sizeof(number), "%lld", (long long)s->value);
                text = s->value == -1 ? unlimited : number;
        }
        if (dir_fd < 0)
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENODEV, "%s cannot be limited: this host has no cgroup controller \"%s\"", s->what, s->controller);
        int r = brig_cgroup_write(dir_fd, s->file, text);
        if (r == -ENOENT)
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOENT, "%s cannot be limited: the kernel has no cgroup file \"%s\"", s->what, s->file);
        if (r < 0)
                return brig_error_errno(err, r == -EINVAL || r == -ERANGE ? BRIG_ERR_INVALID : BRIG_ERR_INTERNAL, r, "cannot set %s to \"%s\" (cgroup file \"%s\")", s->what, text, s->file);
        return 0;
}

int brig_cgroup_apply_settings(const Cgroup *c, const CgroupSetting *settings, size_t n, const char *unlimited, BrigError *err)
{
        for (size_t i = 0; i < n; i++) {
                if (settings[i].value == CGROUP_UNSET && !settings[i].text)
                        continue;
                int r = apply_setting(c, &settings[i], unlimited, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* mkdir -p of a relative path of at most a few parts; returns the folder. */
static int make_path(int root_fd, const char *path)
{
        char part[PATH_MAX];
        int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);

        while (fd >= 0 && *path) {
                size_t len = strcspn(path, "/");
                if (len >= sizeof(part))
                        return brig_close(fd), -ENAMETOOLONG;
                memcpy(part, path, len);
                part[len] = 0;
                path += len + (path[len] == '/');
                if (len == 0)
                        continue;
                int next = -1;
                if (mkdirat(fd, part, 0755) == 0 || errno == EEXIST)
                        next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                int saved = -errno;
                brig_close(fd);
                if (next < 0)
                        return saved;
                fd = next;
        }
        return fd < 0 ? -errno : fd;
}

static int open_dir(const char *root, const char *parent, const char *id, const CgroupDriver *create, CgroupDir *ret, BrigError *err)
{
        _cleanup_close_ int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
                return -errno;
        if (!create) {
                char path[PATH_MAX];
                snprintf(path, sizeof(path), "%s/%s", parent, id);
                ret->dir_fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                return ret->dir_fd < 0 ? -errno : 0;
        }
        _cleanup_close_ int parent_fd = make_path(root_fd, parent);
        if (parent_fd < 0)
                return parent_fd;
        if (create->prepare) {
                int r = create->prepare(root_fd, parent_fd, err);
                if (r < 0)
                        return r;
        }
        ret->dir_fd = make_path(parent_fd, id);
        if (ret->dir_fd < 0)
                return ret->dir_fd;
        ret->procs_fd = openat(ret->dir_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (ret->procs_fd < 0)
                return -errno;
        ret->self_fd = openat(ret->dir_fd, "tasks", O_WRONLY | O_CLOEXEC);
        return ret->self_fd < 0 && errno != ENOENT ? -errno : 0;
}

static int create_dirs(const CgroupRequest *r, Cgroup *c, BrigError *err)
{
        const char *controllers[BRIG_CGROUP_MAX_DIRS], *paths[BRIG_CGROUP_MAX_DIRS];
        size_t n = c->driver->hierarchies(r->resources, controllers, paths);

        for (size_t i = 0; i < n; i++) {
                CgroupDir *d = &c->dirs[c->n_dirs++];
                *d = (CgroupDir){ .controller = controllers[i], .dir_fd = -EBADF, .procs_fd = -EBADF, .self_fd = -EBADF };
                int e = open_dir(paths[i], r->parent, r->id, c->driver, d, err);
                if (e < 0)
                        return err && err->kind != BRIG_OK ? e : brig_error_errno(err, BRIG_ERR_INTERNAL, e, "cannot make cgroup \"%s/%s/%s\"", paths[i], r->parent, r->id);
        }
        return 0;
}

int brig_cgroup_create(const CgroupRequest *r, Cgroup *ret, BrigError *err)
{
        _cleanup_cgroup_ Cgroup c = { .driver = detect() };
        BrigError local = BRIG_ERROR_INIT;

        int e = create_dirs(r, &c, &local);
        if (e >= 0)
                e = c.driver->apply(&c, r, &local);
        if (e < 0) {
                /* A group of a container that still runs is busy and stays. */
                BRIG_IGNORE(brig_cgroup_remove(r->parent, r->id));
                if (err)
                        *err = local;
                return e;
        }
        *ret = c;
        brig_cgroup_init(&c);
        return 0;
}

int brig_cgroup_open(const char *parent, const char *id, Cgroup *ret)
{
        _cleanup_cgroup_ Cgroup c = { .driver = detect() };
        const char *controllers[BRIG_CGROUP_MAX_DIRS], *paths[BRIG_CGROUP_MAX_DIRS];
        size_t n = c.driver->hierarchies(NULL, controllers, paths);

        for (size_t i = 0; i < n; i++) {
                CgroupDir d = { .controller = controllers[i], .dir_fd = -EBADF, .procs_fd = -EBADF, .self_fd = -EBADF };
                int r = open_dir(paths[i], parent, id, NULL, &d, NULL);
                if (r >= 0)
                        c.dirs[c.n_dirs++] = d;
                else if (r != -ENOENT)
                        return r; /* a group that can't be opened is not a group that is gone */
        }
        if (c.n_dirs == 0)
                return -ENOENT;
        *ret = c;
        brig_cgroup_init(&c);
        return 0;
}

int brig_cgroup_join_self(const Cgroup *c)
{
        for (size_t i = 0; i < c->n_dirs; i++)
                if (c->dirs[i].self_fd >= 0 && write(c->dirs[i].self_fd, "0", 1) < 0)
                        return -errno;
        return 0;
}


void brig_cgroup_disarm(Cgroup *c)
{
        for (size_t i = 0; i < c->n_dirs; i++) {
                c->dirs[i].procs_fd = brig_close(c->dirs[i].procs_fd);
                c->dirs[i].self_fd = brig_close(c->dirs[i].self_fd);
        }
}

size_t brig_cgroup_self_fds(const Cgroup *c, int *out)
{
        size_t n = 0;

        for (size_t i = 0; i < c->n_dirs; i++)
                if (c->dirs[i].self_fd >= 0)
                        out[n++] = c->dirs[i].self_fd;
        return n;
}

size_t brig_cgroup_distinct(const Cgroup *c)
{
        size_t n = 0;

        for (size_t i = 0; i < c->n_dirs; i++) {
                struct stat a, b;
                bool seen = fstat(c->dirs[i].dir_fd, &a) < 0;

                for (size_t j = 0; !seen && j < i; j++)
                        seen = fstat(c->dirs[j].dir_fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
                n += !seen;
        }
        return n;
}

int brig_cgroup_clone_fd(const Cgroup *c)
{
        return brig_cgroup_dir(c, "unified");
}

int brig_cgroup_freeze(const Cgroup *c, bool freeze)
{
        return c->driver->freeze(c, freeze);
}

/* Every process of the payload is in every hierarchy, so one listing serves; the v1 ones hold nothing else. */
static int listing_dir(const Cgroup *c)
{
        static const char *const order[] = { "pids", "memory", "freezer", "unified" };

        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                int fd = brig_cgroup_dir(c, order[i]);
                if (fd >= 0)
                        return fd;
        }
        return c->n_dirs > 0 ? c->dirs[0].dir_fd : -EBADF;
}

static int read_pids_text(int dir_fd, char **ret)
{
        _cleanup_close_ int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(CGROUP_PIDS_MAX_BYTES);
        char chunk[4096];
        ssize_t n;

        if (fd < 0)
                return -errno;
        while ((n = read(fd, chunk, sizeof(chunk))) > 0)
                if (brig_buffer_append(&b, chunk, (size_t)n) < 0)
                        return b.error;
        if (n < 0)
                return -errno;
        *ret = brig_buffer_take(&b);
        return *ret ? 0 : -ENOMEM;
}

/* W stands in the v2 group and outside of the container's pid namespace. A container in the host's has nothing to tell it by: it shows. */
static bool is_payload(pid_t pid)
{
        char path[64], text[4096];
        const char *depth;

        (void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
        if (brig_file_read(AT_FDCWD, path, text, sizeof(text)) < 0)
                return true;
        depth = strstr(text, "\nNSpid:\t");
        return !depth || strcspn(depth + 8, "\t") < strcspn(depth + 8, "\n");
}

int brig_cgroup_pids(const Cgroup *c, pid_t **ret, size_t *ret_n)
{
        _cleanup_free_ char *text = NULL;
        size_t n = 0, lines = 0;
        int dir_fd = listing_dir(c);

        if (dir_fd < 0)
                return -ENOENT;
        int r = read_pids_text(dir_fd, &text);
        if (r < 0)
                return r == -ENODEV ? -ENOENT : r;
        for (const char *p = text; *p; p++)
                lines += *p == '\n';
        pid_t *pids = calloc(lines + 1, sizeof(pid_t));
        if (!pids)
                return -ENOMEM;
        for (char *p = text; *p && n < lines;) {
                pid_t pid = (pid_t)strtol(p, &p, 10);
                p += *p == '\n';
                /* 0: a process of a pid namespace that we do not see */
                if (pid > 0 && (dir_fd != brig_cgroup_dir(c, "unified") || is_payload(pid)))
                        pids[n++] = pid;
        }
        *ret = pids;
        *ret_n = n;
        return 0;
}

int brig_cgroup_signal(const Cgroup *c, int signo)
{
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        int sent = 0, unified = brig_cgroup_dir(c, "unified");

        int r = brig_cgroup_pids(c, &pids, &n);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        /* One write that no fork can outrun (Linux 5.14); the loop behind it is for older kernels. */
        if (signo == SIGKILL && n > 0 && unified >= 0)
                BRIG_IGNORE(brig_cgroup_write(unified, "cgroup.kill", "1"));
        for (size_t i = 0; i < n; i++)
                if (pids[i] > 1 && kill(pids[i], signo) == 0)
                        sent++;
        /* What v1 has frozen does not even die before it is thawed. */
        if (signo == SIGKILL && n > 0)
                BRIG_IGNORE(c->driver->freeze(c, false));
        return sent;
}

uint64_t brig_cgroup_oom_kills(const Cgroup *c)
{
        return c->driver->oom_kills(c);
}

int64_t brig_cgroup_limit(const Cgroup *c, const char *what)
{
        return c->driver->limit(c, what);
}

/* Payloads may have made groups of their own beneath (nested engines): two levels of depth-first removal. */
static int remove_tree(int parent_fd, const char *name, unsigned depth)
{
        if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return 0;
        if (errno != EBUSY || depth == 0)
                return -errno;
        int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        DIR *dir = fdopendir(fd);
        if (!dir)
                return brig_close(fd), -ENOMEM;
        for (struct dirent *d; (d = readdir(dir));)
                if (d->d_type == DT_DIR && d->d_name[0] != '.')
                        BRIG_IGNORE(remove_tree(fd, d->d_name, depth - 1));
        closedir(dir);
        return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

static int remove_at(const char *root, const char *parent, const char *id)
{
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", root, parent);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        return remove_tree(fd, id, 8);
}

int brig_cgroup_remove(const char *parent, const char *id)
{
        const char *controllers[BRIG_CGROUP_MAX_DIRS], *paths[BRIG_CGROUP_MAX_DIRS];
        size_t n = detect()->hierarchies(NULL, controllers, paths);
        int result = 0;

        for (size_t i = 0; i < n; i++) {
                int r = remove_at(paths[i], parent, id);
                if (r < 0)
                        result = r;
        }
        return result;
}

void brig_cgroup_remove_parent(const char *parent)
{
        const char *controllers[BRIG_CGROUP_MAX_DIRS], *paths[BRIG_CGROUP_MAX_DIRS];
        size_t n = detect()->hierarchies(NULL, controllers, paths);
        char path[PATH_MAX];

        for (size_t i = 0; i < n; i++) {
                snprintf(path, sizeof(path), "%s/%s", paths[i], parent);
                (void)rmdir(path);      /* not empty: another container's; next time */
        }
}
