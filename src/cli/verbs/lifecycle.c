/* stop, restart, kill, pause, unpause, rm, wait, rename: one call for each container named. */
#include "base/strings.h"
#include "cli/verbs/container-calls.h"
#include "cli/verbs/each-container.h"
#include "cli/verbs/verbs.h"

#define NAMES "CONTAINER [CONTAINER...]"

/* ---- stop, restart ---- */

typedef struct StopOptions {
        const char *signal;
        OptInt timeout;
} StopOptions;

static const Option stop_options[] = {
        OPTION("signal", 's', STRING, StopOptions, signal, NULL, "Signal to send to the container"),
        OPTION("timeout", 't', INT, StopOptions, timeout, NULL, "Seconds to wait before killing the container"),
        OPTION_F("time", 0, INT, StopOptions, timeout, "Seconds to wait before killing the container", OPT_F_HIDDEN),
        OPTIONS_END
};

static void stop_query(Url *u, const void *options)
{
        const StopOptions *o = options;
        char seconds[24];

        if (!brig_str_empty(o->signal))
                brig_url_query(u, "signal", o->signal);
        if (!o->timeout.set)
                return;
        (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)o->timeout.value);
        brig_url_query(u, "t", seconds);
}

static int do_stop(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        static const char *const verbs[] = { "stop", "restart" };
        const EachCall call = { .method = "POST", .verb = verbs[cli->verb->variant], .query = stop_query, .options = options };

        return brig_each_container(cli, &call, args);
}

const Verb brig_verb_stop = {
        .usage = "[OPTIONS] " NAMES, .summary = "Stop one or more running containers",
        .options = stop_options, .size = sizeof(StopOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_stop, .variant = 0,
};

const Verb brig_verb_restart = {
        .usage = "[OPTIONS] " NAMES, .summary = "Restart one or more containers",
        .options = stop_options, .size = sizeof(StopOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_stop, .variant = 1,
};

/* ---- kill ---- */

typedef struct KillOptions {
        const char *signal;
} KillOptions;

static const Option kill_options[] = {
        OPTION("signal", 's', STRING, KillOptions, signal, NULL, "Signal to send to the container"),
        OPTIONS_END
};

static void kill_query(Url *u, const void *options)
{
        const KillOptions *o = options;

        if (!brig_str_empty(o->signal))
                brig_url_query(u, "signal", o->signal);
}

static int do_kill(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const EachCall call = { .method = "POST", .verb = "kill", .query = kill_query, .options = options };

        return brig_each_container(cli, &call, args);
}

const Verb brig_verb_kill = {
        .usage = "[OPTIONS] " NAMES, .summary = "Kill one or more running containers",
        .options = kill_options, .size = sizeof(KillOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_kill,
};

/* ---- pause, unpause ---- */

static int do_pause(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        static const char *const verbs[] = { "pause", "unpause" };
        const EachCall call = { .method = "POST", .verb = verbs[cli->verb->variant] };

        return brig_each_container(cli, &call, args);
}

const Verb brig_verb_pause = {
        .usage = NAMES, .summary = "Pause all processes within one or more containers",
        .options = brig_cli_no_options, .min_args = 1, .max_args = VERB_ANY, .run = do_pause, .variant = 0,
};

const Verb brig_verb_unpause = {
        .usage = NAMES, .summary = "Unpause all processes within one or more containers",
        .options = brig_cli_no_options, .min_args = 1, .max_args = VERB_ANY, .run = do_pause, .variant = 1,
};

/* ---- rm ---- */

typedef struct RemoveOptions {
        bool force, link, volumes;
} RemoveOptions;

static const Option remove_options[] = {
        OPTION("force", 'f', BOOL, RemoveOptions, force, NULL, "Force the removal of a running container (uses SIGKILL)"),
        OPTION("link", 'l', BOOL, RemoveOptions, link, NULL, "Remove the specified link"),
        OPTION("volumes", 'v', BOOL, RemoveOptions, volumes, NULL, "Remove anonymous volumes associated with the container"),
        OPTIONS_END
};

static void remove_query(Url *u, const void *options)
{
        const RemoveOptions *o = options;

        brig_url_flag(u, "force", o->force);
        brig_url_flag(u, "link", o->link);
        brig_url_flag(u, "v", o->volumes);
}

static int do_remove(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const RemoveOptions *o = options;
        const EachCall call = { .method = "DELETE", .query = remove_query, .options = o, .missing_is_fine = o->force };

        return brig_each_container(cli, &call, args);
}

const Verb brig_verb_rm = {
        .usage = "[OPTIONS] " NAMES, .summary = "Remove one or more containers",
        .options = remove_options, .size = sizeof(RemoveOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_remove,
};

/* ---- wait ---- */

static int print_status(HttpConn *c, const char *name, BrigError *err)
{
        int status, r = brig_container_wait_result(c, &status, err);

        if (r < 0)
                return r;
        printf("%d\n", status);
        (void)fflush(stdout);
        return 0;
}

static int do_wait(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const EachCall call = { .method = "POST", .verb = "wait", .answer = print_status };

        return brig_each_container(cli, &call, args);
}

const Verb brig_verb_wait = {
        .usage = NAMES, .summary = "Block until one or more containers stop, then print their exit codes",
        .options = brig_cli_no_options, .min_args = 1, .max_args = VERB_ANY, .run = do_wait,
};

/* ---- rename ---- */

static int do_rename(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");

        brig_url_segment(&u, args[0]);
        brig_url_segment(&u, "rename");
        brig_url_query(&u, "name", args[1]);
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, NULL, err);
}

const Verb brig_verb_rename = {
        .usage = "CONTAINER NEW_NAME", .summary = "Rename a container",
        .options = brig_cli_no_options, .min_args = 2, .max_args = 2, .run = do_rename,
};
