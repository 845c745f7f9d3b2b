/*
 * Plans are compiled when a container is created (what can't be carried out is
 * refused there) and kept, sealed, for its first start. Later starts compile
 * again: that takes a fraction of a millisecond, a kept plan takes memory for as long as the container exists.
 */
#include "engine/engine-internal.h"
#include "engine/spec-internal.h"

#include "base/strings.h"

/* Plans that wait for a first start; the oldest go first. */
#define MAX_KEPT 64

SpecDefaults brig_spec_defaults(const EngineOptions *o, const char *profile)
{
        return (SpecDefaults){
                .profile = profile, .pids = o->default_pids, .nofile = o->default_nofile, .memory = o->default_memory,
                .log_max_size = o->log_max_size, .log_max_files = o->log_max_files, .init = o->init,
        };
}

static const char *seccomp_text(const SecurityChoice *s)
{
        if (s->seccomp_unconfined)
                return NULL;
        return s->seccomp ? s->seccomp : brig_seccomp_builtin(s->profile->seccomp);
}

/* Topmost first, as the executor stacks them. NULL when out of memory; pointers into the image. */
static const char **layers_of(const Image *image, size_t *ret_n)
{
        size_t n = brig_strv_len(image->layers);
        const char **layers = calloc(n + 1, sizeof *layers);

        for (size_t i = 0; layers && i < n; i++)
                layers[i] = image->layers[n - 1 - i];
        *ret_n = n;
        return layers;
}

typedef struct PlanInput { const ContainerSpec *spec; const PlanTarget *target; const SeccompProgram *program; const char **layers; size_t n_layers; } PlanInput;

static int compile_and_seal(Container *c, const PlanInput *in, int *ret_fd, BrigError *err)
{
        const ContainerSpec *s = in->spec;
        const SecurityChoice *sec = &s->security;
        PlanCompileOptions o = {
                .container_id = c->id, .exec_id = in->target->exec_id, .profile = sec->profile->name, .flags = s->flags, .layers = in->layers, .n_layers = in->n_layers,
                .files = s->files, .n_files = s->n_files, .user = in->target->user,
                .group_add = c->definition.host.group_add, .landlock = &s->landlock, .n_landlock = s->flags & PLAN_F_LANDLOCK ? 1 : 0,
                .log_max_size = s->log_max_size, .log_max_files = s->log_max_files, .stop_signal = s->stop_signal,
                .seccomp_name = sec->seccomp_unconfined ? "unconfined" : sec->seccomp ? "custom" : sec->profile->seccomp,
        };
        LaunchPlan plan;
        int r;

        if (in->program) {
                o.bpf = in->program->filter;
                o.n_bpf = in->program->n_filter;
                o.seccomp_digest = in->program->digest;
                o.seccomp_flags = in->program->flags;
        }
        r = brig_plan_compile(&s->spec, &o, &plan, err);
        if (r < 0)
                return r;
        r = brig_plan_to_memfd(&plan, ret_fd, err);
        brig_plan_done(&plan);
        return r;
}

/* An exec session runs on what is mounted already: it needs no image. */
static int find_layers(Container *c, Image **ret_image, PlanInput *in, BrigError *err)
{
        int r;

        if (in->target->exec_id)
                return 0;
        /* by id: "rmi -f" may have taken the image out of sight, its layers stay for this container */
        r = brig_image_by_id(c->engine->images, c->image_id, ret_image, err);
        if (r < 0)
                return r;
        in->layers = layers_of(*ret_image, &in->n_layers);
        return in->layers ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "compile the launch plan");
}

int brig_plan_seal(Container *c, const ContainerSpec *s, const PlanTarget *target, int *ret_fd, BrigError *err)
{
        _cleanup_(brig_image_unrefp) Image *image = NULL;
        const char *text = seccomp_text(&s->security);
        PlanInput in = { .spec = s, .target = target };
        int r = find_layers(c, &image, &in, err);

        if (r == 0 && text)
                r = brig_seccomp_acquire(c->engine->seccomp, text, s->security.caps, &in.program, err);
        if (r == 0)
                r = compile_and_seal(c, &in, ret_fd, err);
        brig_seccomp_release(c->engine->seccomp, in.program);
        free(in.layers);
        return r;
}

static int compile_plan(Container *c, int *ret_fd, BrigError *err)
{
        PlanTarget target = { .user = c->definition.config.user ? c->definition.config.user : "" };
        SpecDefaults defaults = brig_spec_defaults(&c->engine->options, c->profile);
        ContainerSpec s;
        int r = brig_container_spec_build(&c->definition, c->id, &defaults, &s, err);

        if (r < 0)
                return r;
        r = brig_plan_seal(c, &s, &target, ret_fd, err);
        brig_container_spec_clear(&s);
        return r;
}

/* Engine.lock is held. */
static void drop_oldest_kept(Engine *e)
{
        Container *oldest = NULL;
        size_t kept = 0;
        const char *id;
        void *value;

        for (size_t i = 0; brig_map_next(e->containers, &i, &id, &value);) {
                Container *c = value;

                if (c->plan_fd < 0)
                        continue;
                kept++;
                if (!oldest || c->plan_order < oldest->plan_order)
                        oldest = c;
        }
        if (kept > MAX_KEPT)
                oldest->plan_fd = brig_close(oldest->plan_fd);
}

int brig_container_prepare(Container *c, BrigError *err)
{
        Engine *e = c->engine;
        int fd, r = compile_plan(c, &fd, err);

        if (r < 0)
                return r;
        pthread_mutex_lock(&e->lock);
        c->plan_fd = fd;
        c->plan_order = e->plan_order++;
        e->kept_plans++;
        if (e->kept_plans > MAX_KEPT) {
                drop_oldest_kept(e);
                e->kept_plans--;
        }
        pthread_mutex_unlock(&e->lock);
        return 0;
}

void brig_container_drop_plan(Container *c)
{
        if (c->plan_fd >= 0)
                c->engine->kept_plans--;
        c->plan_fd = brig_close(c->plan_fd);
}

int brig_container_plan(Container *c, int *ret_fd, BrigError *err)
{
        int fd = -EBADF;

        pthread_mutex_lock(&c->engine->lock);
        if (c->plan_fd >= 0) {
                fd = TAKE_FD(c->plan_fd);
                c->engine->kept_plans--;
        }
        pthread_mutex_unlock(&c->engine->lock);
        if (fd < 0)
                return compile_plan(c, ret_fd, err);
        *ret_fd = fd;
        return 0;
}
