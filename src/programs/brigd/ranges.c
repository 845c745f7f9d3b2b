#include "ranges.h"
#include "base/strings.h"
#include "places.h"
#include "runtime/cgroup.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define NEXT "next"              /* link to the index where the next search starts */
#define MAX_SUBID_LINES 65536

static uint32_t base_of(uint32_t index)
{
        return BRIG_RANGE_FIRST + index * BRIG_RANGE_IDS;
}

void ranges_avoid_line(Ranges *r, const char *line)
{
        const char *first_text = strchr(line, ':'), *count_text = first_text ? strchr(first_text + 1, ':') : NULL;
        char *end_first, *end_count;

        if (!count_text)
                return;
        uint64_t first = strtoull(first_text + 1, &end_first, 10), count = strtoull(count_text + 1, &end_count, 10);
        if (end_first != count_text || end_count == count_text + 1 || count == 0)
                return;
        uint64_t end = first > UINT64_MAX - count ? UINT64_MAX : first + count;
        for (uint32_t i = 0; i < BRIG_RANGE_COUNT; i++)
                if (first < (uint64_t)base_of(i) + BRIG_RANGE_IDS && end > base_of(i))
                        r->avoided[i / 8] |= (uint8_t)(1u << i % 8);
}

static void avoid_file(Ranges *r, const char *path)
{
        FILE *f = fopen(path, "re");
        char line[512];

        for (unsigned n = 0; f && n < MAX_SUBID_LINES && fgets(line, sizeof(line), f); n++)
                ranges_avoid_line(r, line);
        if (f)
                (void)fclose(f); /* only read */
}

/* Nobody else may even open it: whoever can takes the lock, keeps it, and no container starts any more. */
static int open_registry(const char *folder)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid())
                return -EPERM;
        return fchmod(fd, 0700) < 0 ? -errno : TAKE_FD(fd);
}

int ranges_open(Ranges *r, const char *folder, BrigError *err)
{
        r->avoided = calloc(BRIG_RANGE_COUNT / 8 + 1, 1);
        if (!r->avoided)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "id ranges");
        avoid_file(r, "/etc/subuid");
        avoid_file(r, "/etc/subgid");
        r->registry = open_registry(folder);
        return r->registry < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r->registry, "registry of id ranges \"%s\"", folder) : 0;
}

void ranges_done(Ranges *r)
{
        r->registry = brig_close(r->registry);
        brig_freep(&r->avoided);
}

/* The other holders are brigds in the same few lines: the wait is short, and ends with their death. */
static int lock(Ranges *r)
{
        int e;

        do
                e = flock(r->registry, LOCK_EX);
        while (e < 0 && errno == EINTR);
        return e < 0 ? -errno : 0;
}

static void unlock(Ranges *r)
{
        (void)flock(r->registry, LOCK_UN); /* cannot fail on our own descriptor */
}

static ssize_t read_link(const Ranges *r, const char *name, char out[PATH_MAX])
{
        ssize_t n = readlinkat(r->registry, name, out, PATH_MAX - 1);

        if (n >= 0)
                out[n] = 0;
        return n;
}

static uint32_t read_next(const Ranges *r)
{
        char text[PATH_MAX];
        uint32_t next;

        if (read_link(r, NEXT, text) < 0 || brig_parse_u32(text, &next) < 0)
                return 0;
        return next % BRIG_RANGE_COUNT;
}

/* Only a hint: a lost one means that a range is used again early, not twice. */
static void write_next(const Ranges *r, uint32_t next)
{
        char text[16];

        (void)snprintf(text, sizeof(text), "%u", next);
        (void)unlinkat(r->registry, NEXT, 0);
        BRIG_IGNORE(symlinkat(text, r->registry, NEXT)); /* only a hint */
}

/* "<exec root>/c/<id>" names the cgroup too: processes in it use the range, whatever became of the socket. */
static bool has_processes(const char *owner)
{
        _cleanup_cgroup_ Cgroup group;
        _cleanup_free_ pid_t *pids = NULL;
        const char *id = strrchr(owner, '/');
        char parent[PLACES_CGROUP_NAME];
        size_t n = 0;
        int r;

        brig_cgroup_init(&group);
        if (!id || id - owner < 2)
                return false;
        places_cgroup_name(owner, (size_t)(id - owner) - strlen("/c"), parent);
        r = brig_cgroup_open(parent, id + 1, &group);
        if (r >= 0)
                r = brig_cgroup_pids(&group, &pids, &n);
        return r < 0 ? r != -ENOENT : n > 0;
}

/* An owner whose socket is gone: a brigd died between the two, or its exec-root was deleted. */
static bool is_gone(const char *owner)
{
        struct stat st;

        return lstat(owner, &st) < 0 && errno == ENOENT && !has_processes(owner);
}

static bool is_stale(const Ranges *r, const char *name)
{
        char target[PATH_MAX];

        return read_link(r, name, target) >= 0 && is_gone(target);
}

static int try_index(Ranges *r, uint32_t index, const char *owner, bool reclaim)
{
        char name[16];

        if (r->avoided[index / 8] & (1u << index % 8))
                return -EEXIST;
        (void)snprintf(name, sizeof(name), "%u", index);
        if (reclaim && is_stale(r, name))
                (void)unlinkat(r->registry, name, 0); /* the next line tells */
        return symlinkat(owner, r->registry, name) < 0 ? -errno : 0;
}

/* Two rounds: stale entries are taken over only when nothing was never used or given back. */
static int search(Ranges *r, const char *owner, uint32_t *ret_index)
{
        uint32_t start = read_next(r);

        for (unsigned round = 0; round < 2; round++)
                for (uint32_t i = 0; i < BRIG_RANGE_COUNT; i++) {
                        uint32_t index = (start + i) % BRIG_RANGE_COUNT;
                        int e = try_index(r, index, owner, round > 0);
                        if (e == -EEXIST)
                                continue;
                        *ret_index = index;
                        return e;
                }
        return -EEXIST;
}

int ranges_take(Ranges *r, const char *owner, uint32_t *ret_base, BrigError *err)
{
        uint32_t index;
        int e = lock(r);

        if (e >= 0) {
                e = search(r, owner, &index);
                if (e >= 0)
                        write_next(r, (index + 1) % BRIG_RANGE_COUNT);
                unlock(r);
        }
        if (e == -EEXIST)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EAGAIN, "id ranges: all %u of this host are in use", BRIG_RANGE_COUNT);
        if (e < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, e, "id ranges");
        *ret_base = base_of(index);
        return 0;
}

static bool belongs_to(const Ranges *r, const char *name, const char *owner)
{
        char target[PATH_MAX];

        return read_link(r, name, target) >= 0 && streq(target, owner);
}

void ranges_give_back(Ranges *r, uint32_t base, const char *owner)
{
        char name[16];

        if (base < BRIG_RANGE_FIRST || lock(r) < 0)
                return;
        (void)snprintf(name, sizeof(name), "%u", (base - BRIG_RANGE_FIRST) / BRIG_RANGE_IDS);
        if (belongs_to(r, name, owner))
                (void)unlinkat(r->registry, name, 0); /* what remains is swept as stale */
        unlock(r);
}

typedef void (*EntryVisitor)(void *context, const char *owner, uint32_t base);

void ranges_each(const Ranges *r, const char *folder, EntryVisitor visit, void *context)
{
        int fd = openat(r->registry, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!d) {
                (void)brig_close(fd);
                return;
        }
        while ((entry = readdir(d))) {
                char owner[PATH_MAX];
                uint32_t index;
                if (brig_parse_u32(entry->d_name, &index) < 0 || index >= BRIG_RANGE_COUNT)
                        continue;
                if (read_link(r, entry->d_name, owner) >= 0 && brig_str_has_prefix(owner, folder))
                        visit(context, owner, base_of(index));
        }
        (void)closedir(d);
}

static void give_back_stale(void *context, const char *owner, uint32_t base)
{
        if (is_gone(owner))
                ranges_give_back(context, base, owner);
}

void ranges_sweep(Ranges *r, const char *folder)
{
        ranges_each(r, folder, give_back_stale, r);
}
