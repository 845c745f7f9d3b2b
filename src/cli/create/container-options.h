#pragma once
/* Every option of `run` and `create`: the struct that parsing fills. What becomes of them stands in create-body.h. */
#include "cli/options.h"

typedef struct ContainerOptions {
        /* of `run` alone */
        bool detach, sig_proxy;
        const char *detach_keys;

        /* the client's own business */
        const char *name, *platform, *pull, *cidfile;
        bool quiet, disable_content_trust, use_api_socket;

        /* process */
        char **attach, **env, **env_file, **label, **label_file, **annotation;
        bool interactive, tty;
        const char *entrypoint, *user, *workdir, *hostname, *domainname, *stop_signal;
        OptInt stop_timeout;
        int init;

        /* health check */
        const char *health_cmd;
        OptInt health_interval, health_timeout, health_start_period, health_start_interval, health_retries;
        bool no_healthcheck;

        /* storage */
        char **volume, **mount, **tmpfs, **volumes_from, **storage_opt;
        const char *volume_driver;
        bool read_only;

        /* network */
        char **network, **network_alias, **publish, **expose, **add_host, **dns, **dns_option, **dns_search, **link;
        char **link_local_ip;
        bool publish_all;
        const char *ip, *ip6, *mac_address;

        /* isolation */
        const char *pid, *ipc, *uts, *userns, *cgroupns, *isolation, *runtime;
        bool privileged;
        char **cap_add, **cap_drop, **security_opt, **group_add, **sysctl;
        char **device, **device_cgroup_rule, **gpus;

        /* limits */
        OptInt memory, memory_reservation, memory_swap, memory_swappiness, kernel_memory, shm_size;
        OptInt cpus, cpu_shares, cpu_period, cpu_quota, cpu_rt_period, cpu_rt_runtime, cpu_count, cpu_percent;
        OptInt pids_limit, oom_score_adj, blkio_weight, io_maxbandwidth, io_maxiops;
        const char *cpuset_cpus, *cpuset_mems, *cgroup_parent;
        bool oom_kill_disable;
        char **ulimit, **blkio_weight_device;
        char **device_read_bps, **device_write_bps, **device_read_iops, **device_write_iops;

        /* life */
        const char *restart, *log_driver;
        char **log_opt;
        bool remove;
} ContainerOptions;

/* The rows of `run`. `create` takes those behind the first ones, which only `run` has. */
#define RUN_OPTIONS_ONLY 3
extern const Option brig_run_options[];
