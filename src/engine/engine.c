/* The engine's birth and end. */
#include "engine/engine-internal.h"

#include "base/strings.h"
#include <sys/eventfd.h>
#include <time.h>

#define MAX_EXIT_THREADS 4
#define MAX_START_THREADS 8
#define MAX_PROBE_THREADS 64
#define DEFAULT_PROFILE "standard"

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "open the engine");
}

/* The engine outlives the configuration that its options came from. */
static int copy_options(EngineOptions *to, const EngineOptions *from)
{
        *to = *from;
        to->data_root = brig_str_dup(from->data_root);
        to->exec_root = brig_str_dup(from->exec_root);
        to->default_profile = strdup(brig_str_empty(from->default_profile) ? DEFAULT_PROFILE : from->default_profile);
        to->disable = strdup(from->disable ? from->disable : "");
        to->labels = brig_strv_copy(from->labels);
        to->channel_fd = -EBADF;
        return !to->data_root || (from->exec_root && !to->exec_root) || !to->default_profile || !to->disable || (from->labels && !to->labels) ? -ENOMEM : 0;
}

static void free_options(EngineOptions *o)
{
        free((char *)o->data_root);
        free((char *)o->exec_root);
        free((char *)o->default_profile);
        free((char *)o->disable);
        brig_strv_free((char **)o->labels);
}

static void drop_container(void *container)
{
        brig_container_unref(container);
}

static int make_parts(Engine *e, BrigError *err)
{
        e->containers = brig_map_new(drop_container);
        e->names = brig_map_new(NULL);
        e->execs = brig_map_new(NULL);
        e->events = brig_event_ring_new();
        e->seccomp = brig_seccomp_cache_new();
        e->exits = brig_jobs_new(&(JobsOptions){ .owner = e, .max_threads = MAX_EXIT_THREADS });
        e->starts = brig_jobs_new(&(JobsOptions){ .owner = e, .max_threads = MAX_START_THREADS });
        e->probes = brig_jobs_new(&(JobsOptions){ .owner = e, .max_threads = MAX_PROBE_THREADS });
        if (!e->containers || !e->names || !e->execs || !e->events || !e->seccomp || !e->exits || !e->starts || !e->probes)
                return no_memory(err);
        e->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return e->cancel_fd < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "open the engine") : 0;
}

static int open_state(Engine *e, BrigError *err)
{
        _cleanup_free_ char *path = brig_str_printf("%s/state/state.db", e->options.data_root);
        int r;

        if (!path)
                return no_memory(err);
        r = brig_state_open(path, &e->db, err);
        return r < 0 ? r : brig_containers_load(e, err);
}

static int open_images(Engine *e, BrigError *err)
{
        _cleanup_strv_ char **layers = NULL;
        ImageLayerOps ops = brig_layer_ops(e);
        int r = brig_image_store_open(e->options.data_root, e->db, &ops, &e->images, err);

        if (r == 0)
                r = brig_layers_present(e, &layers, err);
        return r < 0 ? r : brig_image_store_repair(e->images, layers, err);
}

/* The most used program is ready before the first container asks: compiling it takes longer than starting one. */
static void warm_up(void *owner, void *context)
{
        Engine *e = owner;
        ContainerDefinition d = { .host.init = -1 };
        SecurityChoice choice;
        const SeccompProgram *program;

        if (brig_security_choose(&d.host, e->options.default_profile, &choice, NULL) < 0)
                return;
        if (brig_seccomp_acquire(e->seccomp, brig_seccomp_builtin(choice.profile->seccomp), choice.caps, &program, NULL) == 0)
                brig_seccomp_release(e->seccomp, program);
        brig_security_clear(&choice);
}

static int check_profile(const Engine *e, BrigError *err)
{
        if (brig_security_profile(e->options.default_profile))
                return 0;
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "unknown security profile \"%s\": there are standard, compat and hardened", e->options.default_profile);
}

/* glibc: none of these can fail */
static void init_locks(Engine *e)
{
        pthread_condattr_t monotonic;

        (void)pthread_condattr_init(&monotonic);
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        (void)pthread_mutex_init(&e->lock, NULL);
        (void)pthread_cond_init(&e->turn, NULL);
        (void)pthread_cond_init(&e->exec_changed, &monotonic);
        (void)pthread_condattr_destroy(&monotonic);
}

int brig_engine_open(const EngineOptions *o, Engine **ret, BrigError *err)
{
        _cleanup_(brig_engine_closep) Engine *e = calloc(1, sizeof *e);
        _cleanup_close_ int channel = o->channel_fd;
        int r;

        if (!e)
                return no_memory(err);
        e->cancel_fd = -EBADF;
        init_locks(e);
        if (copy_options(&e->options, o) < 0)
                return no_memory(err);
        r = check_profile(e, err);
        if (r == 0)
                r = make_parts(e, err);
        if (r == 0)
                r = open_state(e, err);
        if (r == 0)
                r = brig_link_open(&(LinkOptions){ .fd = TAKE_FD(channel), .unasked = brig_engine_unasked, .context = e }, &e->link, err);
        if (r == 0)
                r = open_images(e, err);
        if (r == 0)
                r = brig_engine_reconcile(e, err);
        if (r < 0)
                return r;
        BRIG_IGNORE(brig_jobs_post(e->starts, 0, &(JobCall){ .run = warm_up })); /* without it the first create compiles */
        brig_jobs_go(e->exits);
        brig_jobs_go(e->starts);
        brig_jobs_go(e->probes);
        *ret = TAKE_PTR(e);
        return 0;
}

void brig_engine_cancel(Engine *e)
{
        (void)eventfd_write(e->cancel_fd, 1); /* fails only at 2^64 - 1 */
        brig_event_ring_cancel(e->events);
}

/* A session and its container hold each other: this lets go. */
static void forget_sessions(Engine *e)
{
        const char *id;
        void *container;

        for (size_t i = 0; e->containers && e->execs && brig_map_next(e->containers, &i, &id, &container);)
                brig_exec_forget_all(container);
}

Engine *brig_engine_close(Engine *e)
{
        if (!e)
                return NULL;
        if (e->cancel_fd >= 0)
                brig_engine_cancel(e);
        /* The reader first: it posts jobs. Then nobody asks any more once the jobs have ended. */
        if (e->link)
                brig_link_stop(e->link);
        brig_jobs_close(e->exits);
        brig_jobs_close(e->starts);
        brig_jobs_close(e->probes);
        brig_link_close(e->link);
        forget_sessions(e);
        brig_image_store_close(e->images);
        brig_map_free(e->names);
        brig_map_free(e->containers);
        brig_map_free(e->execs);
        brig_state_close(e->db);
        brig_event_ring_free(e->events);
        brig_seccomp_cache_free(e->seccomp);
        brig_close(e->cancel_fd);
        free_options(&e->options);
        (void)pthread_cond_destroy(&e->turn);
        (void)pthread_cond_destroy(&e->exec_changed);
        (void)pthread_mutex_destroy(&e->lock);
        free(e);
        return NULL;
}

ImageStore *brig_engine_images(Engine *e)
{
        return e->images;
}

const EngineOptions *brig_engine_options(const Engine *e)
{
        return &e->options;
}

int brig_engine_wait_brigd(Engine *e)
{
        return brig_link_hangup_fd(e->link);
}

void brig_engine_emit(Engine *e, const char *type, const char *action, const char *actor_id, const JsonPairs *attributes)
{
        brig_event_ring_emit(e->events, type, action, actor_id, attributes);
}

int brig_events_open(Engine *e, int64_t since, int64_t until, const json_t *filters, EventCursor **ret, BrigError *err)
{
        return brig_event_ring_open(e->events, &(EventQuery){ .since = since, .until = until, .filters = filters }, ret, err);
}
