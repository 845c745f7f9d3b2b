/* exec: create a session, start it on a hijacked connection, ask for its status. */
#include "base/strings.h"
#include "cli/create/key-values.h"
#include "cli/session.h"
#include "cli/verbs/container-calls.h"
#include "cli/verbs/verbs.h"

typedef struct ExecOptions {
        bool detach, interactive, privileged, tty;
        const char *detach_keys, *user, *workdir;
        char **env, **env_file;
} ExecOptions;

static const Option exec_options[] = {
        OPTION("detach", 'd', BOOL, ExecOptions, detach, NULL, "Detached mode: run command in the background"),
        OPTION("detach-keys", 0, STRING, ExecOptions, detach_keys, NULL, "Override the key sequence for detaching a container"),
        OPTION("env", 'e', LIST, ExecOptions, env, NULL, "Set environment variables"),
        OPTION("env-file", 0, LIST, ExecOptions, env_file, NULL, "Read in a file of environment variables"),
        OPTION("interactive", 'i', BOOL, ExecOptions, interactive, NULL, "Keep STDIN open even if not attached"),
        OPTION("privileged", 0, BOOL, ExecOptions, privileged, NULL, "Give extended privileges to the command"),
        OPTION("tty", 't', BOOL, ExecOptions, tty, NULL, "Allocate a pseudo-TTY"),
        OPTION("user", 'u', STRING, ExecOptions, user, NULL, "Username or UID (format: \"<name|uid>[:<group|gid>]\")"),
        OPTION("workdir", 'w', STRING, ExecOptions, workdir, NULL, "Working directory inside the container"),
        OPTIONS_END
};

static int read_env(const ExecOptions *o, char ***ret, BrigError *err)
{
        int r = 0;

        for (char **w = o->env_file; r >= 0 && w && *w; w++)
                r = brig_key_values_file(*w, true, ret, err);
        for (char **w = o->env; r >= 0 && w && *w; w++)
                r = brig_key_values_env(*w, ret, err);
        return r;
}

/* ConsoleSize makes the terminal right from the first byte. */
static int put_console_size(const ExecOptions *o, json_t *body)
{
        unsigned rows, columns;

        if (!o->tty || !brig_terminal_size(STDOUT_FILENO, &rows, &columns))
                return 0;
        return json_object_set_new(body, "ConsoleSize", json_pack("[ii]", (int)rows, (int)columns));
}

static int make_body(const ExecOptions *o, char *const *command, json_t **ret, BrigError *err)
{
        _cleanup_strv_ char **env = NULL;
        bool attach = !o->detach;
        int r = read_env(o, &env, err);

        if (r < 0)
                return r;
        *ret = json_pack("{ss sb sb sb sb sb ss ss so so}", "User", o->user ?: "", "Privileged", o->privileged, "Tty", o->tty,
                         "AttachStdin", attach && o->interactive, "AttachStdout", attach, "AttachStderr", attach,
                         "DetachKeys", o->detach_keys ?: "", "WorkingDir", o->workdir ?: "", "Env", brig_json_strings(env),
                         "Cmd", brig_json_strings(command));
        if (!*ret || put_console_size(o, *ret) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EILSEQ, "writing the request: a value is not UTF-8 text (or memory is short)");
        return 0;
}

static int create_exec(Cli *cli, const ExecOptions *o, char *const *args, char **ret_id, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");
        _cleanup_unref_ json_t *body = NULL, *answer = NULL;
        int r = make_body(o, args + 1, &body, err);

        if (r < 0)
                return r;
        brig_url_segment(&u, args[0]);
        brig_url_segment(&u, "exec");
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, &answer, err);
        if (r < 0)
                return r;
        *ret_id = strdup(brig_json_text_of(answer, "Id"));
        return brig_str_empty(*ret_id) ? brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "the brig daemon answered without an exec ID") : 0;
}

static void exec_url(Url *u, const char *id, const char *verb)
{
        brig_url_segment(u, id);
        brig_url_segment(u, verb);
}

static int start_detached(Cli *cli, const char *id, const json_t *body, BrigError *err)
{
        _cleanup_url_ Url u = URL("/exec");

        exec_url(&u, id, "start");
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, NULL, err);
}

/* The status stands when the stream has ended. */
static int exec_status(Cli *cli, const char *id, BrigError *err)
{
        _cleanup_url_ Url u = URL("/exec");
        _cleanup_unref_ json_t *answer = NULL;
        int r;

        exec_url(&u, id, "json");
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &answer, err);
        return r < 0 ? r : (int)json_integer_value(json_object_get(answer, "ExitCode"));
}

static int start_attached(Cli *cli, const ExecOptions *o, const char *id, const json_t *body, BrigError *err)
{
        _cleanup_url_ Url u = URL("/exec");
        _cleanup_(brig_http_freep) HttpConn *stream = NULL;
        _cleanup_session_ Session s = SESSION_INIT(.daemon = &cli->daemon, .collection = "exec", .id = id,
                                                   .detach_keys = o->detach_keys, .tty = o->tty, .input = o->interactive,
                                                   .output = true, .error = true);
        SessionEnd end = SESSION_ENDED;
        HttpResponse response;
        int r;

        exec_url(&u, id, "start");
        r = brig_daemon_open(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, true, &stream, &response, err);
        if (r >= 0 && !response.upgraded)
                r = brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "the brig daemon answered exec with status %d instead of a stream", response.status);
        s.stream = stream;
        if (r >= 0)
                r = brig_session_open(&s, err);
        if (r < 0)
                return r;
        brig_session_resize(&s);
        r = brig_session_run(&s, &end, err);
        if (r >= 0 && end == SESSION_DETACHED)
                r = brig_error_set(err, BRIG_ERR_INVALID, 0, "read escape sequence");
        return r < 0 ? r : exec_status(cli, id, err);
}

static int do_exec(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const ExecOptions *o = options;
        _cleanup_unref_ json_t *body = NULL;
        _cleanup_free_ char *id = NULL;
        int r = o->detach ? 0 : brig_session_check_tty(o->interactive, o->tty, err);

        if (r >= 0)
                r = create_exec(cli, o, args, &id, err);
        if (r < 0)
                return r;
        body = json_pack("{sb sb}", "Detach", o->detach, "Tty", o->tty);
        return o->detach ? start_detached(cli, id, body, err) : start_attached(cli, o, id, body, err);
}

const Verb brig_verb_exec = {
        .usage = "[OPTIONS] CONTAINER COMMAND [ARG...]", .summary = "Execute a command in a running container",
        .options = exec_options, .size = sizeof(ExecOptions), .min_args = 2, .max_args = VERB_ANY,
        .flags = VERB_STOP_AT_FIRST, .run = do_exec,
};
