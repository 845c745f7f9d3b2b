/* What only the kernel knows of a running container: its processes, its effective security state. */
#include "engine/engine-internal.h"

#include "base/strings.h"

static int require_running(Engine *e, const char *ref, BrigId ret_id, BrigError *err)
{
        _cleanup_(brig_container_unrefp) Container *c = NULL;
        ContainerState s;
        int r = brig_container_find(e, ref, &c, err);

        if (r < 0)
                return r;
        pthread_mutex_lock(&e->lock);
        s = c->run.state;
        pthread_mutex_unlock(&e->lock);
        if (s == CONTAINER_RESTARTING)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EBUSY, "Container %s is restarting, wait until the container is running", c->id);
        if (s != CONTAINER_RUNNING && s != CONTAINER_PAUSED)
                return brig_error_set(err, BRIG_ERR_CONFLICT, EINVAL, "Container %s is not running", c->id);
        memcpy(ret_id, c->id, sizeof c->id);
        return 0;
}

typedef struct Pids { int32_t *list; size_t n; bool failed; } Pids;

static void copy_pids(void *context, const WireMessage *m)
{
        Pids *p = context;
        size_t len = m->type == WIRE_PID_LIST ? m->pid_list.pids.len : 0;

        p->list = malloc(len + 1);
        p->failed = !p->list;
        if (len > 0 && p->list)
                memcpy(p->list, m->pid_list.pids.data, len);
        p->n = len / sizeof *p->list;
}

int brig_container_pids(Engine *e, const char *ref, int32_t **ret, size_t *ret_n, BrigError *err)
{
        BrigId id;
        WireMessage m = { .type = WIRE_PIDS, .id = { .id = id } };
        Pids pids = { 0 };
        int r = require_running(e, ref, id, err);

        if (r == 0)
                r = brig_link_ask(e->link, &m, copy_pids, &pids, err);
        if (r == 0 && pids.failed)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "list processes");
        if (r < 0) {
                free(pids.list);
                return r;
        }
        *ret = pids.list;
        *ret_n = pids.n;
        return 0;
}

static void copy_report(void *context, const WireMessage *m)
{
        if (m->type == WIRE_READBACK_REPORT)
                *(char **)context = strdup(m->report.text);
}

int brig_container_readback(Engine *e, const char *ref, char **ret, BrigError *err)
{
        BrigId id;
        WireMessage m = { .type = WIRE_READBACK, .id = { .id = id } };
        char *text = NULL;
        int r = require_running(e, ref, id, err);

        if (r == 0)
                r = brig_link_ask(e->link, &m, copy_report, &text, err);
        if (r == 0 && !text)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "read the container's state back");
        if (r < 0) {
                free(text);
                return r;
        }
        *ret = text;
        return 0;
}
