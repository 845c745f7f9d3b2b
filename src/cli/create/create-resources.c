/* Limits, life cycle and logging: HostConfig members that are mostly copies. */
#include "cli/create/create-internal.h"
#include "base/strings.h"

static const CopyRow rows[] = {
        COPY("ContainerIDFile", STRING, cidfile), COPY("AutoRemove", BOOL, remove), COPY("OomScoreAdj", INT, oom_score_adj),
        COPY("ShmSize", SIZE, shm_size), COPY("Isolation", STRING, isolation), COPY("Runtime", STRING, runtime),
        COPY("CpuShares", INT, cpu_shares), COPY("Memory", SIZE, memory), COPY("NanoCpus", CPUS, cpus),
        COPY("CgroupParent", STRING, cgroup_parent), COPY("BlkioWeight", INT, blkio_weight), COPY("CpuPeriod", INT, cpu_period),
        COPY("CpuQuota", INT, cpu_quota), COPY("CpuRealtimePeriod", INT, cpu_rt_period),
        COPY("CpuRealtimeRuntime", INT, cpu_rt_runtime), COPY("CpusetCpus", STRING, cpuset_cpus),
        COPY("CpusetMems", STRING, cpuset_mems), COPY("KernelMemory", SIZE, kernel_memory),
        COPY("MemoryReservation", SIZE, memory_reservation), COPY("MemorySwap", SIZE, memory_swap),
        COPY("MemorySwappiness", INT, memory_swappiness), COPY("OomKillDisable", BOOL, oom_kill_disable),
        COPY("PidsLimit", INT, pids_limit), COPY("CpuCount", INT, cpu_count), COPY("CpuPercent", INT, cpu_percent),
        COPY("IOMaximumIOps", INT, io_maxiops), COPY("IOMaximumBandwidth", SIZE, io_maxbandwidth),
};

/* "no", "always", "unless-stopped", "on-failure[:N]". */
static int put_restart(const ContainerOptions *o, json_t *host, BrigError *err)
{
        const char *word = o->restart, *colon = strchr(word, ':');
        uint32_t count = 0;
        int name_len = (int)(colon ? (size_t)(colon - word) : strlen(word));

        if (colon && (name_len == 0 || brig_parse_u32(colon + 1, &count) < 0))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid restart policy format: maximum retry count must be an integer");
        if (o->remove && name_len > 0 && !streq(word, "no"))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "conflicting options: cannot specify both --restart and --rm");
        return brig_create_set(host, "RestartPolicy", json_pack("{so sI}", "Name", json_sprintf("%.*s", name_len, word),
                                                                "MaximumRetryCount", (json_int_t)count), err);
}

static int put_logging(const ContainerOptions *o, json_t *host, BrigError *err)
{
        json_t *log;
        int r;

        if (brig_str_empty(o->log_driver) && !o->log_opt)
                return 0;
        if (o->log_opt && brig_str_equal(o->log_driver, "none"))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid logging opts for driver none");
        log = brig_create_object(host, "LogConfig");
        r = brig_create_set(log, "Type", json_string(o->log_driver ?: ""), err);
        return r < 0 ? r : brig_create_map(log, "Config", o->log_opt, err);
}

int brig_create_limits(const ContainerOptions *o, json_t *host, BrigError *err)
{
        int r;

        if (o->memory_swappiness.set && (o->memory_swappiness.value < -1 || o->memory_swappiness.value > 100))
                return brig_error_set(err, BRIG_ERR_INVALID, ERANGE, "invalid value: %lld. Valid memory swappiness range is 0-100",
                                      (long long)o->memory_swappiness.value);
        r = brig_create_copy(rows, ARRAY_SIZE(rows), o, host, err);
        if (r >= 0 && o->restart)
                r = put_restart(o, host, err);
        return r < 0 ? r : put_logging(o, host, err);
}
