/*
 * Health checks: a command in the container at intervals (HEALTHCHECK,
 * --health-*), with Docker's rules for the start period, retries and what is
 * remembered of a probe. A probe belongs to one run of the container: `generation` tells one that comes too late.
 */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <poll.h>
#include <sys/socket.h>

#define DEFAULT_INTERVAL (30 * BRIG_NSEC_PER_SEC)
#define DEFAULT_TIMEOUT (30 * BRIG_NSEC_PER_SEC)
#define DEFAULT_START_INTERVAL (5 * BRIG_NSEC_PER_SEC)
#define DEFAULT_RETRIES 3
#define MAX_OUTPUT 4096
/* What a probe wrote is there when its end is told; this much later it is not waited for (a process that it left behind may hold the stream). */
#define DRAIN_NS (50 * BRIG_NSEC_PER_MSEC)

typedef struct ProbeJob { Container *container; uint64_t generation; } ProbeJob;

static const char *const status_names[] = { [HEALTH_NONE] = "none", [HEALTH_STARTING] = "starting", [HEALTH_HEALTHY] = "healthy", [HEALTH_UNHEALTHY] = "unhealthy" };

static int64_t or_default(int64_t value, int64_t fallback)
{
        return value > 0 ? value : fallback;
}

bool brig_health_configured(const ContainerDefinition *d)
{
        const HealthConfig *h = d->config.healthcheck;

        return h && brig_strv_len(h->test) > 0 && !streq(h->test[0], "NONE");
}

void brig_health_clear(HealthState *h)
{
        for (size_t i = 0; i < h->n_probes; i++)
                free(h->probes[i].output);
        *h = (HealthState){ 0 };
}

void brig_health_end(Container *c)
{
        c->health.generation = 0;
}

/* --- running one probe -------------------------------------------------- */

/* The stream of a session without terminal: frames of {stream, 0, 0, 0, length} and bytes. Collects the bytes, up to what is kept. */
typedef struct Deframer { unsigned char header[8]; size_t have, left; BrigBuffer *out; } Deframer;

static void deframe(Deframer *d, const unsigned char *data, size_t len)
{
        while (len > 0) {
                size_t n;

                if (d->left == 0) {
                        d->header[d->have++] = *data++;
                        len--;
                        if (d->have < sizeof d->header)
                                continue;
                        d->have = 0;
                        d->left = (size_t)d->header[4] << 24 | (size_t)d->header[5] << 16 | (size_t)d->header[6] << 8 | d->header[7];
                        continue;
                }
                n = MIN2(d->left, len);
                (void)brig_buffer_append(d->out, data, MIN2(n, MAX_OUTPUT - d->out->len)); /* without memory the output is shorter */
                d->left -= n;
                data += n;
                len -= n;
        }
}

/* false at the end of the stream. */
static bool read_some(int fd, Deframer *d)
{
        unsigned char data[4096];
        ssize_t n = recv(fd, data, sizeof data, MSG_DONTWAIT);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        deframe(d, data, (size_t)n);
        return n > 0;
}

static int milliseconds_until(int64_t deadline)
{
        int64_t left = (deadline - brig_now_monotonic() + BRIG_NSEC_PER_MSEC - 1) / BRIG_NSEC_PER_MSEC;

        return (int)(left < 0 ? 0 : MIN2(left, INT64_C(3600000)));
}

/* Collects output until the session ends, the time is up (-ETIMEDOUT), or the engine goes (-ECANCELED). */
static int collect(Engine *e, const ExecSession *s, int stream, int64_t timeout, BrigBuffer *out)
{
        Deframer d = { .out = out };
        int64_t deadline = brig_now_monotonic() + timeout;
        bool ended = false;
        struct pollfd fds[] = {
                { .fd = stream, .events = POLLIN }, { .fd = brig_exec_done_fd(s), .events = POLLIN },
                { .fd = e->cancel_fd, .events = POLLIN }, { .fd = brig_link_hangup_fd(e->link), .events = POLLIN },
        };

        for (;;) {
                int n = poll(fds, ARRAY_SIZE(fds), milliseconds_until(deadline));

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0 && (fds[2].revents || fds[3].revents))
                        return -ECANCELED;
                if (n > 0 && fds[0].revents && !read_some(stream, &d))
                        fds[0].fd = -EBADF;
                if (n > 0 && fds[1].revents) {
                        ended = true;
                        fds[1].fd = -EBADF;
                        deadline = MIN2(deadline, brig_now_monotonic() + DRAIN_NS);
                }
                if (ended && fds[0].fd < 0)
                        return 0;
                if (brig_now_monotonic() >= deadline)
                        return ended ? 0 : -ETIMEDOUT;
        }
}

static int probe_command(const Container *c, ExecConfig *config)
{
        const HealthConfig *h = c->definition.config.healthcheck;
        static const char *const sh[] = { "/bin/sh", "-c", NULL };
        const char *const *shell = brig_strv_len(c->definition.config.shell) > 0 ? (const char *const *)c->definition.config.shell : sh;

        *config = (ExecConfig){ .attach_stdout = true, .attach_stderr = true };
        for (; streq(h->test[0], "CMD-SHELL") && *shell; shell++)
                if (brig_strv_push(&config->cmd, *shell) < 0)
                        return -ENOMEM;
        BRIG_STRV_FOREACH(word, h->test + 1)
                if (brig_strv_push(&config->cmd, *word) < 0)
                        return -ENOMEM;
        return config->cmd ? 0 : -EINVAL;
}

static void describe_timeout(BrigBuffer *out, int64_t timeout)
{
        _cleanup_free_ char *before = out->len > 0 ? strndup(out->data, MAX_OUTPUT / 2) : NULL;

        brig_buffer_reset(out);
        (void)brig_buffer_printf(out, "Health check exceeded timeout (%lld.%03llds)%s%s", (long long)(timeout / BRIG_NSEC_PER_SEC),
                                 (long long)(timeout % BRIG_NSEC_PER_SEC / BRIG_NSEC_PER_MSEC), before ? ": " : "", before ? before : "");
}

/* -ECANCELED: nothing to tell. */
static int run_probe(Container *c, HealthProbe *probe, BrigBuffer *out)
{
        int64_t timeout = or_default(c->definition.config.healthcheck->timeout, DEFAULT_TIMEOUT);
        _cleanup_close_ int ours = -EBADF;
        BrigError err = BRIG_ERROR_INIT;
        ExecSession *s = NULL;
        ExecConfig config;
        int pair[2], r = probe_command(c, &config);

        probe->exit_code = -1;
        if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                r = -errno;
        if (r < 0) {
                brig_exec_config_clear(&config);
                return r;
        }
        ours = pair[0];
        r = brig_exec_begin(c, &config, pair[1], &s, &err);
        if (r < 0) {
                (void)brig_buffer_puts(out, err.message); /* without memory the output is shorter */
                return brig_link_gone(c->engine->link) ? -ECANCELED : 0;
        }
        r = collect(c->engine, s, ours, timeout, out);
        probe->exit_code = brig_exec_finish(s);
        if (r == -ETIMEDOUT) {
                probe->exit_code = -1;
                describe_timeout(out, timeout);
        }
        return r == -ECANCELED ? r : 0;
}

/* --- judging it --------------------------------------------------------- */

static bool in_start_period(const Container *c, int64_t now)
{
        return c->health.status == HEALTH_STARTING && now - c->health.started < c->definition.config.healthcheck->start_period;
}

static void remember(HealthState *h, const HealthProbe *probe)
{
        if (h->n_probes == BRIG_HEALTH_PROBES) {
                free(h->probes[0].output);
                memmove(h->probes, h->probes + 1, (BRIG_HEALTH_PROBES - 1) * sizeof *h->probes);
                h->n_probes--;
        }
        h->probes[h->n_probes++] = *probe;
}

/* Engine.lock is held. Whether the status changed. */
static bool judge(Container *c, const HealthProbe *probe, int64_t started)
{
        HealthState *h = &c->health;
        HealthStatus before = h->status;
        int64_t retries = or_default(c->definition.config.healthcheck->retries, DEFAULT_RETRIES);

        remember(h, probe);
        if (probe->exit_code == 0) {
                h->failing = 0;
                h->status = HEALTH_HEALTHY;
        } else if (!in_start_period(c, started)) {
                h->failing++;
                if (h->failing >= retries)
                        h->status = HEALTH_UNHEALTHY;
        }
        return h->status != before;
}

static bool is_current(const Container *c, const ProbeJob *job)
{
        return c->published && c->health.generation == job->generation;
}

/* Takes the buffer's text. */
static void conclude(ProbeJob *job, HealthProbe *probe, BrigBuffer *out, int64_t started)
{
        Container *c = job->container;
        char action[32] = "";

        probe->end = brig_now_realtime();
        probe->output = brig_buffer_take(out);
        pthread_mutex_lock(&c->engine->lock);
        if (!is_current(c, job))
                brig_freep(&probe->output);
        else if (judge(c, probe, started))
                (void)snprintf(action, sizeof action, "health_status: %s", status_names[c->health.status]);
        pthread_mutex_unlock(&c->engine->lock);
        if (*action)
                brig_container_emit(c, action, NULL);
}

/* --- the sequence ------------------------------------------------------- */

static void schedule(Container *c, uint64_t generation);

static void drop_probe(void *context)
{
        ProbeJob *job = context;

        brig_container_unref(job->container);
        free(job);
}

static void run_probe_job(void *owner, void *context)
{
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(MAX_OUTPUT);
        ProbeJob *job = context;
        Container *c = job->container;
        HealthProbe probe = { .start = brig_now_realtime() };
        int64_t started = brig_now_monotonic();
        bool current, running;
        int r = 0;

        pthread_mutex_lock(&c->engine->lock);
        current = is_current(c, job);
        running = c->run.state == CONTAINER_RUNNING; /* a paused one is left alone */
        pthread_mutex_unlock(&c->engine->lock);
        if (current && running)
                r = run_probe(c, &probe, &out);
        if (current && running && r == 0)
                conclude(job, &probe, &out, started);
        if (current && r != -ECANCELED)
                schedule(c, job->generation);
        drop_probe(job);
}

static void schedule(Container *c, uint64_t generation)
{
        const HealthConfig *h = c->definition.config.healthcheck;
        ProbeJob *job = calloc(1, sizeof *job);
        int64_t wait = or_default(h->interval, DEFAULT_INTERVAL), now = brig_now_monotonic();

        if (!job)
                return; /* no memory: the status stays as it is */
        *job = (ProbeJob){ .container = brig_container_ref(c), .generation = generation };
        pthread_mutex_lock(&c->engine->lock);
        if (in_start_period(c, now))
                wait = or_default(h->start_interval, DEFAULT_START_INTERVAL);
        pthread_mutex_unlock(&c->engine->lock);
        BRIG_IGNORE(brig_jobs_post(c->engine->probes, now + wait, &(JobCall){ .run = run_probe_job, .drop = drop_probe, .context = job })); /* likewise */
}

void brig_health_begin(Container *c)
{
        uint64_t generation;

        if (!brig_health_configured(&c->definition))
                return;
        pthread_mutex_lock(&c->engine->lock);
        generation = c->health.generation = c->generation;
        c->health.status = HEALTH_STARTING;
        c->health.failing = 0;
        c->health.started = brig_now_monotonic();
        pthread_mutex_unlock(&c->engine->lock);
        schedule(c, generation);
}
