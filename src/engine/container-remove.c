/*
 * Removal in two phases: the state says "removing" before brigd is asked to
 * throw the folder away, the rows go when it has. Whatever dies in between, the
 * next engine asks again (reconcile.c).
 */
#include "engine/engine-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include <time.h>

#define BURIAL_PATIENCE (10 * BRIG_NSEC_PER_SEC)

static int write_state(Container *c, ContainerState state, const char *error, BrigError *err)
{
        _cleanup_run_ ContainerRun next = { 0 };

        if (brig_run_copy(&next, &c->run) < 0 || brig_str_set(&next.error, error) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "remove container \"%.12s\"", c->id);
        next.state = state;
        return brig_container_commit(c, &next, false, err);
}

/* brigd refuses while it still buries the run (a monitor that died, processes that have to be killed): asked again until it has. */
static int remove_folder(Container *c, BrigError *err)
{
        int64_t until = brig_now_monotonic() + BURIAL_PATIENCE, pause = BRIG_NSEC_PER_MSEC;
        int r = 0;

        while (c->run.launched) {
                WireMessage m = { .type = WIRE_REMOVE, .id = { .id = c->id } };
                struct timespec ts = { .tv_sec = pause / BRIG_NSEC_PER_SEC, .tv_nsec = pause % BRIG_NSEC_PER_SEC };

                brig_error_clear(err);
                r = brig_link_ask(c->engine->link, &m, NULL, NULL, err);
                if (r != -EBUSY || brig_now_monotonic() >= until)
                        break;
                (void)nanosleep(&ts, NULL); /* short of a signal it sleeps that long; then it asks the earlier */
                pause = MIN2(pause * 2, 100 * BRIG_NSEC_PER_MSEC);
        }
        return r;
}

/* Out of the maps: nobody finds it any more, who has a reference sees `published` fall. */
static void unpublish(Container *c)
{
        Engine *e = c->engine;

        pthread_mutex_lock(&e->lock);
        c->published = false;
        c->generation++;
        brig_map_take(e->names, c->run.name);
        brig_map_take(e->containers, c->id);
        brig_exec_forget_all(c);
        brig_container_drop_pending(c);
        brig_health_end(c);
        brig_container_drop_plan(c);
        brig_container_wake(c, true, NULL);
        pthread_mutex_unlock(&e->lock);
        brig_container_unref(c); /* the map's */
}

/* It could not be removed: state "dead", which a later removal tries again. */
static void note_failure(Container *c, const BrigError *failure)
{
        if (write_state(c, CONTAINER_DEAD, failure->message, NULL) < 0)
                return; /* "removing" is stored: the next engine removes it */
        pthread_mutex_lock(&c->engine->lock);
        brig_container_wake(c, true, failure->message);
        pthread_mutex_unlock(&c->engine->lock);
}

/* The container may have been the last that kept an image which "rmi -f" took out of sight. */
static void sweep_images(Engine *e)
{
        /* one that cannot go now goes with the next container */
        if (e->images && brig_image_sweep(e->images, brig_engine_image_in_use, e, NULL) < 0)
                return;
}

int brig_container_destroy(Container *c, BrigError *err)
{
        BrigError failure = BRIG_ERROR_INIT;
        int r = write_state(c, CONTAINER_REMOVING, c->run.error, &failure);

        if (r == 0)
                r = remove_folder(c, &failure);
        if (r == 0)
                r = brig_container_forget(c, true, &failure);
        if (r < 0) {
                note_failure(c, &failure);
                return brig_error_set(err, failure.kind, failure.errnum, "unable to remove container \"%.12s\": %s", c->id, failure.message);
        }
        brig_container_emit(c, "destroy", NULL);
        unpublish(c);
        sweep_images(c->engine);
        return 0;
}

static int refuse_running(const Container *c, BrigError *err)
{
        const char *what = c->run.state == CONTAINER_PAUSED ? "container is paused and must be unpaused first"
                           : c->run.state == CONTAINER_RESTARTING ? "container is restarting: stop the container before removing or force remove"
                                                                  : "container is running: stop the container before removing or force remove";

        return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "cannot remove container \"%s\": %s", c->run.name, what);
}

/* Ends it first when it runs; it may have been started again between the end and the turn, hence the loop of the caller. */
static int try_remove(Container *c, bool force, bool *ret_again, BrigError *err)
{
        int r;

        *ret_again = false;
        brig_container_begin(c);
        if (!c->published)
                r = force ? 0 : brig_container_unknown(c->id, err);
        else if (!brig_container_is_running(c))
                r = brig_container_destroy(c, err);
        else if (!force)
                r = refuse_running(c, err);
        else {
                *ret_again = true;
                r = 0;
        }
        brig_container_end(c);
        return r;
}

int brig_container_remove(Engine *e, const char *ref, const RemoveRequest *request, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        bool again;
        int r;

        if (request->link)
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, EOPNOTSUPP, "not supported yet: removing a link (--link)");
        r = brig_container_find(e, ref, &c, err);
        if (r < 0)
                return r;
        r = try_remove(c, request->force, &again, err);
        while (r == 0 && again) {
                r = brig_container_kill_and_wait(c, err);
                if (r == 0)
                        r = try_remove(c, request->force, &again, err);
        }
        return r;
}
