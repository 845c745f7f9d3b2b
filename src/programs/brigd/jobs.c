#include "jobs.h"
#include "api-process.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

/* Removals that come together are swept together. */
#define SWEEP_AFTER (100 * BRIG_NSEC_PER_MSEC)
#define SWEEP_AGAIN (30 * BRIG_NSEC_PER_SEC)

typedef char Name[24];

struct Job {
        Job *next;
        Brigd *d;
        Child child;
        LoopSource source;
        bool running;
        uint32_t generation, serial; /* who asked */
        BrigId digest;
        Name name;                   /* in staging */
        uint64_t max_bytes, max_entries;
        int blob, report;
};

static void job_free(Job *j)
{
        loop_remove(&j->d->loop, &j->source);
        j->child.pidfd = brig_close(j->child.pidfd);
        j->blob = brig_close(j->blob);
        j->report = brig_close(j->report);
        free(j);
}

static void unlink_job(Job **list, Job *j)
{
        for (Job **at = list; *at; at = &(*at)->next)
                if (*at == j) {
                        *at = j->next;
                        return;
                }
}

static void next_name(Brigd *d, Name out)
{
        (void)snprintf(out, sizeof(Name), "%llu", (unsigned long long)d->jobs.next++);
}

static void sweep(void *context);

/*
 * Into the trash, and to the storage range, so that brig-unpack may remove what is
 * in it. Names of an earlier brigd may be there still: the next one is tried.
 */
static int trash(Brigd *d, int folder, const char *name)
{
        Name to;
        int r;

        do {
                next_name(d, to);
                r = renameat2(folder, name, d->places.trash, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
        } while (r == -EEXIST);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (fchownat(d->places.trash, to, BRIGD_STORAGE_BASE, BRIGD_STORAGE_BASE, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        loop_set_timer(&d->loop, &d->jobs.sweep_timer, SWEEP_AFTER, sweep, d);
        return 0;
}

static void on_swept(void *context, uint32_t events)
{
        Job *j = context;
        Brigd *d = j->d;

        loop_remove(&d->loop, &j->source);
        int status = child_wait(&j->child);
        d->jobs.sweeping = NULL;
        job_free(j);
        if (status == 0)
                return;
        log_warn("the trash can't be emptied yet: brig-unpack ended with status %d", status);
        loop_set_timer(&d->loop, &d->jobs.sweep_timer, SWEEP_AGAIN, sweep, d);
}

static Job *job_new(Brigd *d)
{
        Job *j = calloc(1, sizeof(*j));

        if (j)
                *j = (Job){ .d = d, .child = CHILD_NONE, .source = LOOP_SOURCE_INIT, .blob = -EBADF, .report = -EBADF };
        return j;
}

static int start_child(Job *j, const char *const *argv, const int *fds, size_t n_fds, LoopHandler on_end)
{
        _cleanup_close_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        const Spawn s = { .program = j->d->programs.unpack, .argv = argv, .flags = SPAWN_STORAGE | SPAWN_DIES_WITH_US,
                          .fds = fds, .n_fds = n_fds, .out = null, .storage_base = BRIGD_STORAGE_BASE };
        int r = null < 0 ? -errno : spawn(&s, &j->child);

        if (r < 0)
                return r;
        r = loop_add(&j->d->loop, &j->source, j->child.pidfd, EPOLLIN, on_end, j);
        if (r >= 0)
                return 0;
        child_kill(&j->child, SIGKILL);
        (void)child_wait(&j->child); /* it was killed */
        return r;
}

/* One at a time: it takes whatever is in the trash. */
static void sweep(void *context)
{
        static const char *const argv[] = { "brig-unpack", "--remove", "--dir-fd", "3", NULL };
        Brigd *d = context;
        Job *j = d->jobs.sweeping ? NULL : job_new(d);
        int r = j ? start_child(j, argv, &d->places.trash, 1, on_swept) : -EBUSY;

        if (r >= 0) {
                d->jobs.sweeping = j;
                return;
        }
        if (j)
                job_free(j);
        if (r != -EBUSY)
                log_warn("the trash can't be emptied yet: %s", strerror(-r));
        loop_set_timer(&d->loop, &d->jobs.sweep_timer, r == -EBUSY ? SWEEP_AFTER : SWEEP_AGAIN, sweep, d);
}

static int trash_folder(Brigd *d, int folder, const char *name, const char *what, BrigError *err)
{
        int r = trash(d, folder, name);

        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "remove %s \"%s\"", what, name) : 0;
}

int jobs_trash_container(Brigd *d, const char *id, BrigError *err)
{
        int r;

        places_disown_upper(&d->places, id, BRIGD_STORAGE_BASE);
        r = trash_folder(d, d->places.uppers, id, "writable layer", err);

        return r < 0 ? r : trash_folder(d, d->places.containers, id, "container", err);
}

int jobs_trash_layer(Brigd *d, const char *digest, BrigError *err)
{
        return trash_folder(d, d->places.layers, digest, "layer", err);
}

static void reply(const Job *j, const BrigError *err)
{
        if (err)
                api_reply_error(j->d, j->generation, j->serial, err);
        else
                api_reply_ok(j->d, j->generation, j->serial);
}

static int reply_error(const Job *j, int r, const char *what)
{
        BrigError err = BRIG_ERROR_INIT;

        (void)brig_error_errno(&err, BRIG_ERR_INTERNAL, r, "layer \"%s\": %s", j->digest, what);
        reply(j, &err);
        return r;
}

/* In place with one rename: a layer that is there is whole. Another job may have been faster with the same one. */
static int place_layer(Job *j)
{
        Places *p = &j->d->places;

        if (renameat2(p->staging, j->name, p->layers, j->digest, RENAME_NOREPLACE) >= 0)
                return 0;
        return errno == EEXIST ? trash(j->d, p->staging, j->name) : -errno;
}

static void start_waiting(Brigd *d);

static void finish(Job *j, int status)
{
        BrigError err = BRIG_ERROR_INIT;
        int r;

        if (status == 0) {
                r = place_layer(j);
                if (r >= 0)
                        reply(j, NULL);
                else
                        (void)reply_error(j, r, "rename"); /* the reply is all there is to do */
                return;
        }
        r = trash(j->d, j->d->places.staging, j->name);
        if (r < 0)
                log_warn("a refused layer stays in staging until the next start: %s", strerror(-r));
        (void)brig_error_set(&err, BRIG_ERR_INVALID, 0, "layer \"%s\" is refused (brig-unpack ended with status %d)", j->digest, status);
        reply(j, &err);
}

static void on_unpacked(void *context, uint32_t events)
{
        Job *j = context;
        Brigd *d = j->d;

        loop_remove(&d->loop, &j->source);
        int status = child_wait(&j->child);
        unlink_job(&d->jobs.unpacking, j);
        d->jobs.n_unpacking--;
        finish(j, status);
        job_free(j);
        start_waiting(d);
}

static int make_staging(Job *j, int *ret_fd)
{
        int staging = j->d->places.staging;
        _cleanup_close_ int fd = -EBADF;

        next_name(j->d, j->name);
        if (mkdirat(staging, j->name, 0755) < 0)
                return -errno;
        fd = openat(staging, j->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fchown(fd, BRIGD_STORAGE_BASE, BRIGD_STORAGE_BASE) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int start_unpacking(Job *j)
{
        char bytes[24], entries[24];
        const char *const argv[] = { "brig-unpack", "--layer", "--blob-fd", "3", "--dir-fd", "4", "--report-fd", "5", "--diff-id", j->digest,
                                     "--max-bytes", bytes, "--max-entries", entries, NULL };
        _cleanup_close_ int dir = -EBADF;
        int r = make_staging(j, &dir);

        (void)snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)j->max_bytes);
        (void)snprintf(entries, sizeof(entries), "%llu", (unsigned long long)j->max_entries);
        if (r < 0)
                return r;
        const int fds[] = { j->blob, dir, j->report };
        r = start_child(j, argv, fds, ARRAY_SIZE(fds), on_unpacked);
        /* Nobody but the child writes to the report: its end is the end of the pipe. */
        j->blob = brig_close(j->blob);
        j->report = brig_close(j->report);
        if (r < 0)
                (void)unlinkat(j->d->places.staging, j->name, AT_REMOVEDIR); /* else the next start does */
        return r;
}

static void start_waiting(Brigd *d)
{
        Job *next;
        unsigned running = 0;

        for (Job *j = d->jobs.unpacking; j; j = next) {
                next = j->next;
                if (j->running && ++running)
                        continue;
                if (running >= JOBS_MAX_RUNNING)
                        return;
                int r = start_unpacking(j);
                j->running = r >= 0;
                running += j->running;
                if (j->running)
                        continue;
                (void)reply_error(j, r, "brig-unpack can't be started"); /* the reply is all there is to do */
                unlink_job(&d->jobs.unpacking, j);
                d->jobs.n_unpacking--;
                job_free(j);
        }
}

/* Never something that a reader waits for: a pipe as the blob, its other end as the report, and the job would never end. */
static bool is_blob_and_report(const int fds[2])
{
        struct stat blob, report;

        return fstat(fds[0], &blob) == 0 && S_ISREG(blob.st_mode) && fstat(fds[1], &report) == 0 && S_ISFIFO(report.st_mode);
}

void jobs_unpack(Brigd *d, WireMessage *m)
{
        BrigError err = BRIG_ERROR_INIT;
        Job *j, **end = &d->jobs.unpacking;

        if (!is_blob_and_report(m->fds)) {
                (void)brig_error_set(&err, BRIG_ERR_INVALID, EINVAL, "layer \"%s\": needs a regular file and a pipe for the report", m->layer.digest);
                api_reply_error(d, d->api.generation, m->serial, &err);
                return;
        }
        if (faccessat(d->places.layers, m->layer.digest, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
                api_reply_ok(d, d->api.generation, m->serial);
                return;
        }
        j = d->jobs.n_unpacking < JOBS_MAX_WAITING ? job_new(d) : NULL;
        if (!j) {
                (void)brig_error_set(&err, BRIG_ERR_UNAVAILABLE, EAGAIN, "layer \"%s\": too many layers are being unpacked", m->layer.digest);
                api_reply_error(d, d->api.generation, m->serial, &err);
                return;
        }
        j->generation = d->api.generation;
        j->serial = m->serial;
        (void)memccpy(j->digest, m->layer.digest, 0, sizeof(j->digest)); /* 64 characters: the wire's table has seen to it */
        j->max_bytes = m->layer.max_bytes;
        j->max_entries = m->layer.max_entries;
        j->blob = TAKE_FD(m->fds[0]);
        j->report = TAKE_FD(m->fds[1]);
        while (*end)
                end = &(*end)->next;
        *end = j;
        d->jobs.n_unpacking++;
        start_waiting(d);
}

void jobs_forsake(Brigd *d)
{
        for (Job *j = d->jobs.unpacking, *next; j; j = next) {
                next = j->next;
                if (j->running) {
                        child_kill(&j->child, SIGKILL); /* on_unpacked does the rest */
                        continue;
                }
                unlink_job(&d->jobs.unpacking, j);
                d->jobs.n_unpacking--;
                job_free(j);
        }
}

/* Counts on from the greatest number in use, so that names of two runs never meet. */
static int trash_all(Brigd *d, int folder)
{
        int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!dir)
                return -errno;
        while (r >= 0 && (entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        r = trash(d, folder, entry->d_name);
        (void)closedir(dir); /* only read */
        return r;
}

int jobs_start(Brigd *d, BrigError *err)
{
        int r;

        /* Names are numbers that a former run has hardly used; where it has, trash() counts on. */
        d->jobs.next = (uint64_t)brig_now_realtime();
        r = trash_all(d, d->places.staging);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "left-over layers");
        loop_set_timer(&d->loop, &d->jobs.sweep_timer, SWEEP_AFTER, sweep, d);
        return 0;
}

static void free_list(Job *list)
{
        for (Job *j = list, *next; j; j = next) {
                next = j->next;
                job_free(j);
        }
}

/* The children die with brigd; what they leave in staging is trash for the next start. */
void jobs_free(Brigd *d)
{
        loop_clear_timer(&d->loop, &d->jobs.sweep_timer);
        free_list(d->jobs.unpacking);
        free_list(d->jobs.sweeping);
        d->jobs = (Jobs){ 0 };
}
