/*
 * `brig run` and `brig create`. The order of calls of run is fixed by what must
 * not be missed: create, attach and wait (side by side), then start. Attach
 * before start sees the first byte, wait before start sees the shortest life.
 */
#include "base/strings.h"
#include "cli/create/create-body.h"
#include "cli/session.h"
#include "cli/verbs/container-calls.h"
#include "cli/verbs/verbs.h"
#include <poll.h>

#define REMOVAL_PATIENCE_MSEC 10000

/* The daemon opens the terminal with the right size at once. */
static int put_console_size(const ContainerOptions *o, json_t *body, BrigError *err)
{
        unsigned rows, columns;

        if (!o->tty || !brig_terminal_size(STDOUT_FILENO, &rows, &columns))
                return 0;
        if (json_object_set_new(json_object_get(body, "HostConfig"), "ConsoleSize", json_pack("[ii]", (int)rows, (int)columns)) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "writing the container's configuration");
        return 0;
}

static int make_container(Cli *cli, const ContainerOptions *o, char *const *args, json_t **ret_body, char **ret_id, BrigError *err)
{
        int r = brig_create_body(o, args, ret_body, err);

        if (r >= 0)
                r = put_console_size(o, *ret_body, err);
        return r < 0 ? r : brig_container_create(cli, o, args, *ret_body, ret_id, err);
}

static int do_create(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_unref_ json_t *body = NULL;
        _cleanup_free_ char *id = NULL;
        int r = make_container(cli, options, args, &body, &id, err);

        if (r < 0)
                return r;
        printf("%s\n", id);
        return 0;
}

/* The container has not started: with --rm its removal is worth waiting for, so that its name is free again. */
static int start_failed(const ContainerOptions *o, Attachment *a, BrigError *err)
{
        struct pollfd p = { .fd = a->wait ? brig_http_fd(a->wait) : -1, .events = POLLIN };
        int status;

        if (o->remove && poll(&p, 1, REMOVAL_PATIENCE_MSEC) > 0)
                (void)!brig_container_wait_result(a->wait, &status, NULL);   /* err has the failure that counts */
        brig_payload_error(err);
        return -EIO;
}

static int run_attached(Cli *cli, const ContainerOptions *o, const char *id, const AttachWishes *wishes, BrigError *err)
{
        _cleanup_attachment_ Attachment a = { .cli = NULL };
        _cleanup_session_ Session s = SESSION_INIT(.daemon = &cli->daemon, .collection = "containers", .id = id,
                                                   .detach_keys = o->detach_keys, .tty = o->tty, .input = wishes->input,
                                                   .output = wishes->output, .error = wishes->error,
                                                   .proxy_signals = o->sig_proxy);
        SessionEnd end = SESSION_ENDED;
        int status = 0, r = brig_container_attach(cli, id, wishes, o->remove ? "removed" : "next-exit", &a, err);

        if (r < 0)
                return r;
        s.stream = a.stream;
        s.wait = a.wait;
        s.renew = brig_attachment_renew;
        s.renew_data = &a;
        r = brig_session_open(&s, err);
        if (r < 0)
                return r;
        r = brig_container_start(cli, id, err);
        if (r < 0) {
                brig_session_close(&s);
                return start_failed(o, &a, err);
        }
        brig_daemon_release(&cli->daemon);
        brig_session_resize(&s);
        r = brig_session_run(&s, &end, err);
        if (r < 0 || end == SESSION_DETACHED)
                return r;
        r = brig_attachment_exit_status(&a, &status, err);
        return r < 0 ? r : status;
}

static AttachWishes read_wishes(const ContainerOptions *o, const json_t *body)
{
        return (AttachWishes) {
                .input = json_is_true(json_object_get(body, "AttachStdin")),
                .output = json_is_true(json_object_get(body, "AttachStdout")),
                .error = json_is_true(json_object_get(body, "AttachStderr")),
                .detach_keys = o->detach_keys,
        };
}

/* What docker answers with 1, not 125. */
static int check_run(const ContainerOptions *o, BrigError *err)
{
        if (!o->detach)
                return brig_session_check_tty(o->interactive, o->tty, err);
        if (!o->attach)
                return 0;
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "conflicting options: cannot specify both --attach and --detach");
}

static int do_run(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const ContainerOptions *o = options;
        _cleanup_unref_ json_t *body = NULL;
        _cleanup_free_ char *id = NULL;
        AttachWishes wishes;
        int r = check_run(o, err);

        if (r < 0) {
                brig_cli_complain(err);
                return 1;
        }
        r = make_container(cli, o, args, &body, &id, err);
        if (r < 0) {
                brig_payload_error(err);
                return r;
        }
        if (!o->detach) {
                wishes = read_wishes(o, body);
                return run_attached(cli, o, id, &wishes, err);
        }
        r = brig_container_start(cli, id, err);
        if (r < 0) {
                brig_payload_error(err);
                return r;
        }
        printf("%s\n", id);
        return 0;
}

const Verb brig_verb_run = {
        .usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        .summary = "Create and run a new container from an image",
        .options = brig_run_options, .size = sizeof(ContainerOptions), .min_args = 1, .max_args = VERB_ANY,
        .flags = VERB_STOP_AT_FIRST | VERB_RUNS_PAYLOAD, .run = do_run,
};

const Verb brig_verb_create = {
        .usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        .summary = "Create a new container",
        .options = brig_run_options + RUN_OPTIONS_ONLY, .size = sizeof(ContainerOptions), .min_args = 1, .max_args = VERB_ANY,
        .flags = VERB_STOP_AT_FIRST, .run = do_create,
};
