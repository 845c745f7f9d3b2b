/* logs: the container's log as one long, multiplexed (or, with a terminal, raw) answer. */
#include "base/strings.h"
#include "cli/demux.h"
#include "cli/verbs/container-calls.h"
#include "cli/verbs/verbs.h"

typedef struct LogsOptions {
        bool details, follow, timestamps;
        const char *since, *until, *tail;
} LogsOptions;

static const Option logs_options[] = {
        OPTION("details", 0, BOOL, LogsOptions, details, NULL, "Show extra details provided to logs"),
        OPTION("follow", 'f', BOOL, LogsOptions, follow, NULL, "Follow log output"),
        OPTION("since", 0, STRING, LogsOptions, since, NULL,
               "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
        OPTION("tail", 'n', STRING, LogsOptions, tail, NULL, "Number of lines to show from the end of the logs (default \"all\")"),
        OPTION("timestamps", 't', BOOL, LogsOptions, timestamps, NULL, "Show timestamps"),
        OPTION("until", 0, STRING, LogsOptions, until, NULL,
               "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
        OPTIONS_END
};

static int make_query(Url *u, const LogsOptions *o, BrigError *err)
{
        const struct { const char *name, *value; } times[] = { { "since", o->since }, { "until", o->until } };

        brig_url_query(u, "stdout", "1");
        brig_url_query(u, "stderr", "1");
        brig_url_query(u, "tail", brig_str_empty(o->tail) ? "all" : o->tail);
        brig_url_flag(u, "follow", o->follow);
        brig_url_flag(u, "timestamps", o->timestamps);
        brig_url_flag(u, "details", o->details);
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                int r = brig_url_query_time(u, times[i].name, times[i].value, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int copy_log(HttpConn *c, bool raw, BrigError *err)
{
        Demux demux = { .have = 0 };
        const char *data;
        size_t len;
        int r;

        while ((r = brig_http_next(c, &data, &len, err)) >= 0 && len > 0) {
                r = raw ? brig_write_all(STDOUT_FILENO, data, len) : brig_demux_write(&demux, data, len, STDOUT_FILENO, STDERR_FILENO);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "copying the log");
        }
        return r;
}

static int do_logs(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        json_t *inspect = NULL;
        HttpResponse response;
        bool raw;
        int r = brig_container_inspect(cli, args[0], &inspect, err);

        if (r < 0)
                return r;
        raw = json_is_true(brig_json_path(inspect, "Config", "Tty"));
        brig_url_segment(&u, brig_json_text_of(inspect, "Id"));
        json_decref(inspect);
        brig_url_segment(&u, "logs");
        r = make_query(&u, options, err);
        if (r >= 0)
                r = brig_daemon_open(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, false, &c, &response, err);
        brig_daemon_release(&cli->daemon);
        return r < 0 ? r : copy_log(c, raw, err);
}

const Verb brig_verb_logs = {
        .usage = "[OPTIONS] CONTAINER", .summary = "Fetch the logs of a container",
        .options = logs_options, .size = sizeof(LogsOptions), .min_args = 1, .max_args = 1, .run = do_logs,
};
