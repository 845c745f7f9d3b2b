/* attach, and start with --attach: a session with a container that exists. */
#include "base/strings.h"
#include "cli/session.h"
#include "cli/verbs/container-calls.h"
#include "cli/verbs/verbs.h"

typedef struct AttachOptions {
        const char *detach_keys;
        bool no_stdin, sig_proxy;
} AttachOptions;

static const Option attach_options[] = {
        OPTION("detach-keys", 0, STRING, AttachOptions, detach_keys, NULL, "Override the key sequence for detaching a container"),
        OPTION("no-stdin", 0, BOOL, AttachOptions, no_stdin, NULL, "Do not attach STDIN"),
        OPTION_F("sig-proxy", 0, BOOL, AttachOptions, sig_proxy, "Proxy all received signals to the process (default true)", OPT_F_DEFAULT_TRUE),
        OPTIONS_END
};

static bool flag(const json_t *inspect, const char *group, const char *member)
{
        return json_is_true(brig_json_path(inspect, group, member));
}

static int check_attachable(const json_t *inspect, BrigError *err)
{
        static const struct { const char *member, *words; } refused[] = {
                { "Paused", "cannot attach to a paused container, unpause it first" },
                { "Restarting", "cannot attach to a restarting container, wait until it is running" },
        };

        if (!flag(inspect, "State", "Running"))
                return brig_error_set(err, BRIG_ERR_CONFLICT, 0, "cannot attach to a stopped container, start it first");
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                if (flag(inspect, "State", refused[i].member))
                        return brig_error_set(err, BRIG_ERR_CONFLICT, 0, "%s", refused[i].words);
        return 0;
}

typedef struct Follow {
        const char *name;
        const json_t *inspect;
        AttachWishes wishes;
        bool sig_proxy;
        bool start;              /* start it once the streams are in place */
        const char *condition;
} Follow;

/* Attach, start when asked to, and stay until the stream's end. The container's status, or negative. */
static int follow(Cli *cli, const Follow *f, BrigError *err)
{
        bool tty = flag(f->inspect, "Config", "Tty");
        _cleanup_attachment_ Attachment a = { .cli = NULL };
        _cleanup_session_ Session s = SESSION_INIT(.daemon = &cli->daemon, .collection = "containers", .id = f->name,
                                                   .detach_keys = f->wishes.detach_keys, .tty = tty, .input = f->wishes.input,
                                                   .output = true, .error = true, .proxy_signals = f->sig_proxy && !tty);
        SessionEnd end = SESSION_ENDED;
        int status = 0, r = brig_session_check_tty(f->wishes.input, tty, err);

        if (r >= 0)
                r = brig_container_attach(cli, f->name, &f->wishes, f->condition, &a, err);
        s.stream = a.stream;
        s.wait = a.wait;
        s.renew = brig_attachment_renew;
        s.renew_data = &a;
        if (r >= 0)
                r = brig_session_open(&s, err);
        if (r >= 0 && f->start)
                r = brig_container_start(cli, f->name, err);
        if (r < 0)
                return r;
        brig_daemon_release(&cli->daemon);
        brig_session_resize(&s);
        r = brig_session_run(&s, &end, err);
        if (r >= 0 && end == SESSION_DETACHED)
                return f->start ? 0 : brig_error_set(err, BRIG_ERR_INVALID, 0, "read escape sequence");
        if (r >= 0)
                r = brig_attachment_exit_status(&a, &status, err);
        return r < 0 ? r : status;
}

static int do_attach(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const AttachOptions *o = options;
        _cleanup_unref_ json_t *inspect = NULL;
        Follow f = { .name = args[0], .sig_proxy = o->sig_proxy };
        int r = brig_container_inspect(cli, args[0], &inspect, err);

        if (r >= 0)
                r = check_attachable(inspect, err);
        if (r < 0)
                return r;
        f.inspect = inspect;
        f.wishes = (AttachWishes) { .input = !o->no_stdin && flag(inspect, "Config", "OpenStdin"), .output = true, .error = true,
                                    .detach_keys = o->detach_keys };
        return follow(cli, &f, err);
}

const Verb brig_verb_attach = {
        .usage = "[OPTIONS] CONTAINER", .summary = "Attach local standard input, output, and error streams to a running container",
        .options = attach_options, .size = sizeof(AttachOptions), .min_args = 1, .max_args = 1, .run = do_attach,
};

/* ---- start ---- */

typedef struct StartOptions {
        const char *detach_keys;
        bool attach, interactive;
} StartOptions;

static const Option start_options[] = {
        OPTION("attach", 'a', BOOL, StartOptions, attach, NULL, "Attach STDOUT/STDERR and forward signals"),
        OPTION("detach-keys", 0, STRING, StartOptions, detach_keys, NULL, "Override the key sequence for detaching a container"),
        OPTION("interactive", 'i', BOOL, StartOptions, interactive, NULL, "Attach container's STDIN"),
        OPTIONS_END
};

static int start_attached(Cli *cli, const StartOptions *o, const char *name, BrigError *err)
{
        _cleanup_unref_ json_t *inspect = NULL;
        Follow f = { .name = name, .sig_proxy = true, .start = true };
        int r = brig_container_inspect(cli, name, &inspect, err);

        if (r < 0)
                return r;
        f.inspect = inspect;
        f.condition = flag(inspect, "HostConfig", "AutoRemove") ? "removed" : "next-exit";
        f.wishes = (AttachWishes) { .input = o->interactive && flag(inspect, "Config", "OpenStdin"), .output = true, .error = true,
                                    .detach_keys = o->detach_keys };
        return follow(cli, &f, err);
}

static int start_each(Cli *cli, char *const *names)
{
        _cleanup_strv_ char **bad = NULL;
        _cleanup_free_ char *list = NULL;

        for (; *names; names++) {
                BrigError err = BRIG_ERROR_INIT;

                if (brig_container_start(cli, *names, &err) >= 0) {
                        printf("%s\n", *names);
                        continue;
                }
                brig_cli_complain(&err);
                (void)!brig_strv_push(&bad, *names);   /* only a name less in the last line */
        }
        if (!bad)
                return 0;
        list = brig_strv_join(bad, ", ");
        fprintf(stderr, "Error: failed to start containers: %s\n", list ?: "");
        return 1;
}

static int do_start(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const StartOptions *o = options;

        if (!o->attach && !o->interactive)
                return start_each(cli, args);
        if (args[1])
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "you cannot start and attach multiple containers at once");
        return start_attached(cli, o, args[0], err);
}

const Verb brig_verb_start = {
        .usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Start one or more stopped containers",
        .options = start_options, .size = sizeof(StartOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_start,
};
