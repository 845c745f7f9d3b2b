/* update: new limits for containers that exist. */
#include "base/strings.h"
#include "cli/create/create-body.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"

#define O(name, letter, kind, member, help) OPTION(name, letter, kind, ContainerOptions, member, NULL, help)

static const Option update_options[] = {
        O("blkio-weight", 0, INT, blkio_weight, "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)"),
        O("cpu-period", 0, INT, cpu_period, "Limit CPU CFS (Completely Fair Scheduler) period"),
        O("cpu-quota", 0, INT, cpu_quota, "Limit CPU CFS (Completely Fair Scheduler) quota"),
        O("cpu-rt-period", 0, INT, cpu_rt_period, "Limit the CPU real-time period in microseconds"),
        O("cpu-rt-runtime", 0, INT, cpu_rt_runtime, "Limit the CPU real-time runtime in microseconds"),
        O("cpu-shares", 'c', INT, cpu_shares, "CPU shares (relative weight)"),
        O("cpus", 0, CPUS, cpus, "Number of CPUs"),
        O("cpuset-cpus", 0, STRING, cpuset_cpus, "CPUs in which to allow execution (0-3, 0,1)"),
        O("cpuset-mems", 0, STRING, cpuset_mems, "MEMs in which to allow execution (0-3, 0,1)"),
        O("memory", 'm', SIZE, memory, "Memory limit"),
        O("memory-reservation", 0, SIZE, memory_reservation, "Memory soft limit"),
        O("memory-swap", 0, SIZE, memory_swap, "Swap limit equal to memory plus swap: -1 to enable unlimited swap"),
        O("pids-limit", 0, INT, pids_limit, "Tune container pids limit (set -1 for unlimited)"),
        O("restart", 0, STRING, restart, "Restart policy to apply when a container exits"),
        OPTIONS_END
};

static int update_one(Cli *cli, const char *name, const json_t *body, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");
        _cleanup_unref_ json_t *answer = NULL;
        json_t *warning;
        size_t i;
        int r;

        brig_url_segment(&u, name);
        brig_url_segment(&u, "update");
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, &answer, err);
        if (r < 0)
                return r;
        printf("%s\n", name);
        json_array_foreach(json_object_get(answer, "Warnings"), i, warning)
                fprintf(stderr, "%s\n", json_string_value(warning) ?: "");
        return 0;
}

static int do_update(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_unref_ json_t *body = json_object();
        int status = 0, r = body ? brig_create_limits(options, body, err) : -ENOMEM;

        if (r < 0)
                return r;
        if (json_object_size(body) == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "you must provide one or more flags when using this command");
        for (; *args; args++) {
                BrigError one = BRIG_ERROR_INIT;

                if (update_one(cli, *args, body, &one) >= 0)
                        continue;
                brig_cli_complain(&one);
                status = 1;
        }
        return status;
}

const Verb brig_verb_update = {
        .usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Update configuration of one or more containers",
        .options = update_options, .size = sizeof(ContainerOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_update,
};
