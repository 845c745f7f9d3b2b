#pragma once
/* The engine object, shared by the files of this room. Lock order: container-internal.h. */
#include "engine/brigd-link-internal.h"
#include "engine/container-internal.h"
#include "engine/engine.h"
#include "engine/events-internal.h"
#include "engine/jobs-internal.h"
#include "engine/seccomp-cache-internal.h"
#include "engine/spec-internal.h"
#include "state/database.h"
#include <pthread.h>

struct Engine {
        EngineOptions options;          /* its strings belong to the engine */
        StateDb *db;
        ImageStore *images;
        BrigdLink *link;
        EventRing *events;
        SeccompCache *seccomp;
        /*
         * Three queues, so that none waits for another: exits (short), starts (as long as a mount
         * takes), health probes (as long as the user lets them).
         */
        Jobs *exits, *starts, *probes;
        int cancel_fd;                  /* eventfd: readable once the engine is cancelled */

        pthread_mutex_t lock;           /* guards all below and the containers' members */
        pthread_cond_t turn;            /* some container's turn ended */
        pthread_cond_t exec_changed;    /* some session began or ended; monotonic clock */
        BrigMap *containers;            /* id → Container, one reference each */
        BrigMap *names;                 /* name → Container, no reference */
        BrigMap *execs;                 /* exec id → ExecSession, no reference: its container has it */
        int64_t plan_order;
        size_t kept_plans;              /* containers with a plan_fd */
};

/* --- container-plan.c --------------------------------------------------- */

SpecDefaults brig_spec_defaults(const EngineOptions *o, const char *profile);
typedef struct PlanTarget { const char *exec_id; /* NULL: the container itself */ const char *user; } PlanTarget;
/* Compiles a specification with the container's layers and its seccomp program into a sealed memfd. */
int brig_plan_seal(Container *c, const ContainerSpec *s, const PlanTarget *target, int *ret_fd, BrigError *err) _must_use_;

/* --- layer-ops.c -------------------------------------------------------- */

/* The image room's way to brig-unpack. context is the Engine. */
ImageLayerOps brig_layer_ops(Engine *e);
/* Names of the layer folders that exist; strv. */
int brig_layers_present(Engine *e, char ***ret, BrigError *err) _must_use_;

/* --- reconcile.c -------------------------------------------------------- */

/* Makes what runs and what is stored agree; called once, before the queues go. */
int brig_engine_reconcile(Engine *e, BrigError *err) _must_use_;
/* What brigd says unasked, on the reader thread. */
void brig_engine_unasked(void *context, const WireMessage *m);
