/* /containers/{id}/exec and /exec: sessions in a running container. */
#include "api/routes.h"
#include "api/shapes.h"

#include "base/strings.h"

int brig_handle_exec_create(Request *r, BrigError *err)
{
        _cleanup_json_ json_t *body = NULL;
        ExecConfig config = { 0 };
        BrigId id;
        int result = brig_request_json(r, &body, err);

        if (result >= 0)
                result = brig_exec_read(body, &config, err);
        if (result < 0)
                return result;
        result = brig_exec_create(r->engine, r->argument, &config, id, err);
        if (result < 0) {
                brig_exec_config_clear(&config);
                return result;
        }
        return brig_reply_json(r, 201, json_pack("{s:s}", "Id", id), err);
}

typedef struct ExecStart { bool detach, tty; JsonInts console_size; } ExecStart;

static const JsonField start_fields[] = {
        JSON_FIELD("Detach", BOOL, ExecStart, detach, 0),
        JSON_FIELD("Tty", BOOL, ExecStart, tty, 0),
        JSON_FIELD("ConsoleSize", INT64V, ExecStart, console_size, 0),
        JSON_END,
};

static void start_clear(ExecStart *s)
{
        brig_json_clear(start_fields, s);
}

typedef struct ExecStream {
        Engine *engine;
        char *id;
        int64_t console_size[2];
} ExecStream;

static void exec_free(void *context)
{
        ExecStream *s = context;

        free(s->id);
        free(s);
}

static int exec_take(void *context, int fd, BrigError *err)
{
        ExecStream *s = context;

        return brig_exec_start(s->engine, s->id, fd, s->console_size, err);
}

static int start_attached(Request *r, const ExecStart *start, BrigError *err)
{
        _cleanup_(brig_exec_view_freep) ExecView *view = NULL;
        ExecStream *s;
        bool tty, raw;
        int result = brig_exec_get(r->engine, r->argument, &view, err);

        if (result < 0)
                return result;
        tty = view->config->tty;
        raw = tty || r->version < API_VERSION(1, 42);
        s = calloc(1, sizeof(*s));
        if (!s)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot start the session");
        s->engine = r->engine;
        s->id = brig_str_dup(r->argument);
        for (size_t i = 0; i < 2 && start->console_size.count == 2; i++)
                s->console_size[i] = start->console_size.items[i];
        brig_reply_hijack(r, &(ReplyStream){
                .content_type = raw ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream",
                .context = s, .free_context = exec_free,
        }, exec_take, !tty);
        return 0;
}

int brig_handle_exec_start(Request *r, BrigError *err)
{
        _cleanup_json_ json_t *body = NULL;
        _cleanup_(start_clear) ExecStart start = { 0 };
        int result = brig_request_json(r, &body, err);

        if (result >= 0)
                result = brig_json_read(body, start_fields, &start, sizeof(start), 0, err);
        if (result >= 0)
                result = brig_exec_check(r->engine, r->argument, err);
        if (result < 0)
                return result;
        if (!start.detach)
                return start_attached(r, &start, err);
        result = brig_exec_start(r->engine, r->argument, -1, (int64_t[]){ 0, 0 }, err);
        return result < 0 ? result : brig_reply_empty(r, 200);
}

int brig_handle_exec_inspect(Request *r, BrigError *err)
{
        _cleanup_(brig_exec_view_freep) ExecView *view = NULL;
        int result = brig_exec_get(r->engine, r->argument, &view, err);

        return result < 0 ? result : brig_reply_json(r, 200, brig_shape_exec(view), err);
}

int brig_handle_exec_resize(Request *r, BrigError *err)
{
        uint32_t rows, cols;
        int result = brig_request_terminal_size(r, &rows, &cols, err);

        if (result >= 0)
                result = brig_exec_resize(r->engine, r->argument, rows, cols, err);
        return result < 0 ? result : brig_reply_empty(r, 200);
}
