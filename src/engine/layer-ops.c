/*
 * How the image room reaches brig-unpack: the blob and a pipe go to brigd, which
 * runs the unpacker. Its report is one line, smaller than a pipe holds, so it is read when brigd has answered.
 */
#include "engine/engine-internal.h"

#include "base/strings.h"
#include "image/unpack-report.h"
#include <fcntl.h>
#include <poll.h>

/* Bombs are refused by these in the unpacker: what one layer may hold. */
#define MAX_LAYER_BYTES (UINT64_C(256) << 30)
#define MAX_LAYER_ENTRIES (UINT64_C(1) << 20)
/* The unpacker has ended when brigd answers: its line is there, or never comes. */
#define REPORT_PATIENCE_MS 2000

static void read_line(int fd, char line[BRIG_UNPACK_REPORT_MAX])
{
        size_t len = 0;

        while (len + 1 < BRIG_UNPACK_REPORT_MAX) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                ssize_t n = poll(&p, 1, REPORT_PATIENCE_MS) > 0 ? read(fd, line + len, BRIG_UNPACK_REPORT_MAX - 1 - len) : 0;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        break;
                len += (size_t)n;
        }
        line[len] = '\0';
}

/* The unpacker's own words say more than brigd's; a layer that was there already has no report. */
static int judge(int answer, const char *line, ImageUnpackReport *report, BrigError *err)
{
        BrigError told = BRIG_ERROR_INIT;
        UnpackReport done = { 0 };
        int r = *line ? brig_unpack_report_parse(line, &done, &told) : 0;

        if (answer == 0 && r == 0) {
                report->bytes = done.bytes;
                report->entries = done.entries;
                return 0;
        }
        if (r < 0) {
                (void)snprintf(report->message, sizeof report->message, "%.*s", (int)sizeof report->message - 1, told.message);
                return brig_error_set(err, told.kind, told.errnum, "%s", told.message);
        }
        return answer;
}

static int unpack(void *context, int blob_fd, const char *diff_id, ImageUnpackReport *report, BrigError *err)
{
        Engine *e = context;
        _cleanup_close_ int from = -EBADF, to = -EBADF;
        int fds[2], r;
        char line[BRIG_UNPACK_REPORT_MAX];
        WireMessage m = { .type = WIRE_UNPACK, .layer = { .digest = diff_id, .max_bytes = MAX_LAYER_BYTES, .max_entries = MAX_LAYER_ENTRIES }, .n_fds = 2 };

        *report = (ImageUnpackReport){ 0 };
        if (pipe2(fds, O_CLOEXEC) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "unpack layer %.12s", diff_id);
        from = fds[0];
        to = fds[1];
        m.fds[0] = blob_fd;
        m.fds[1] = to;
        r = brig_link_ask(e->link, &m, NULL, NULL, err);
        to = brig_close(to);
        read_line(from, line);
        r = judge(r, line, report, err);
        if (r < 0)
                brig_error_prefix(err, "unpack layer %.12s", diff_id);
        return r;
}

static int remove_layer(void *context, const char *diff_id, BrigError *err)
{
        Engine *e = context;
        WireMessage m = { .type = WIRE_LAYER_REMOVE, .layer = { .digest = diff_id } };

        return brig_link_ask(e->link, &m, NULL, NULL, err);
}

ImageLayerOps brig_layer_ops(Engine *e)
{
        return (ImageLayerOps){ .unpack = unpack, .remove = remove_layer, .context = e };
}

typedef struct LayerNames { char **names; bool failed; } LayerNames;

static void note_layer(void *context, const WireMessage *m)
{
        LayerNames *list = context;

        if (m->type == WIRE_LAYER && brig_strv_push(&list->names, m->layer.digest) < 0)
                list->failed = true;
}

int brig_layers_present(Engine *e, char ***ret, BrigError *err)
{
        WireMessage m = { .type = WIRE_LAYER_LIST };
        LayerNames list = { 0 };
        int r = brig_link_ask(e->link, &m, note_layer, &list, err);

        if (r == 0 && list.failed)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "list layers");
        if (r < 0) {
                brig_strv_free(list.names);
                return r;
        }
        *ret = list.names;
        return 0;
}
