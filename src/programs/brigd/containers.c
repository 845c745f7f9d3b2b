#include "containers.h"
#include "api-process.h"
#include "base/strings.h"
#include <fcntl.h>
#include <stdio.h>

Container *container_get(Brigd *d, const char *id)
{
        return brig_map_get(d->containers, id);
}

Container *container_new(Brigd *d, const char *id)
{
        Container *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->d = d;
        c->phase = CONTAINER_STARTING;
        c->monitor = (Child)CHILD_NONE;
        c->monitor_source = c->link_source = (LoopSource)LOOP_SOURCE_INIT;
        c->link.fd = -EBADF;
        (void)memccpy(c->id, id, 0, sizeof(c->id)); /* 64 characters: the wire's table has seen to it */
        if (brig_map_put(d->containers, id, c) < 0) {
                free(c);
                return NULL;
        }
        return c;
}

void container_free(void *container)
{
        Container *c = container;

        loop_clear_timer(&c->d->loop, &c->timer);
        loop_remove(&c->d->loop, &c->link_source);
        loop_remove(&c->d->loop, &c->monitor_source);
        brig_wire_channel_done(&c->link);
        c->monitor.pidfd = brig_close(c->monitor.pidfd);
        launch_free(c->next);
        free(c->reason);
        free(c);
}

char *container_socket_path(const Brigd *d, const char *id)
{
        return brig_str_printf("%s/c/%s", d->places.exec_path, id);
}

bool containers_ending(const Brigd *d)
{
        const char *id;
        void *value;

        for (size_t i = 0; brig_map_next(d->containers, &i, &id, &value);) {
                const Container *c = value;
                if (c->phase == CONTAINER_ENDING || c->phase == CONTAINER_LOST)
                        return true;
        }
        return false;
}

int container_mark_paused(Container *c, bool paused)
{
        char name[BRIG_ID_LEN + 16];
        _cleanup_close_ int fd = -EBADF;

        if (c->paused == paused)
                return 0;
        (void)snprintf(name, sizeof(name), "%s" CONTAINER_PAUSED_SUFFIX, c->id);
        c->paused = paused;
        if (!paused)
                return unlinkat(c->d->places.sockets, name, 0) < 0 && errno != ENOENT ? -errno : 0;
        fd = openat(c->d->places.sockets, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        return fd < 0 ? -errno : 0;
}

static uint32_t wire_state(const Container *c)
{
        static const uint32_t states[] = {
                [CONTAINER_STARTING] = WIRE_STATE_STARTING, [CONTAINER_RUNNING] = WIRE_STATE_RUNNING,
                [CONTAINER_LOST] = WIRE_STATE_RUNNING, [CONTAINER_EXITED] = WIRE_STATE_EXITED, [CONTAINER_ENDING] = WIRE_STATE_EXITED,
        };

        return c->phase == CONTAINER_RUNNING && c->paused ? WIRE_STATE_PAUSED : states[c->phase];
}

void container_tell_status(const Container *c, uint32_t serial)
{
        WireMessage m = { .type = WIRE_STATUS, .serial = serial, .status = {
                .id = c->id, .state = wire_state(c), .pid = c->pid, .exit_code = c->exit_code, .oom = c->oom,
                .started_at = c->started_at, .finished_at = c->finished_at,
        } };

        api_send(c->d, &m);
}

void container_tell_exit(const Container *c)
{
        WireMessage m = { .type = WIRE_EXITED, .exited = {
                .id = c->id, .exit_code = c->exit_code, .oom = c->oom, .finished_at = c->finished_at, .reason = c->reason,
                .started_at = c->started_at,
        } };

        api_send(c->d, &m);
}
