#pragma once
/*
 * A container's definition: what the user asked for, in Docker's vocabulary
 * (Engine API 1.50, ContainerCreate), with tables that read and write it as JSON
 * (for the request and for the state database). Extra members that Docker knows
 * and Brig does not build yet are listed in definition-unsupported.c with how each is refused.
 */
#include "spec/json-table.h"

typedef struct HealthConfig { char **test; int64_t interval, timeout, start_period, start_interval; int64_t retries; } HealthConfig;

typedef struct ContainerConfig {
        char *hostname, *domainname, *user, *image, *working_dir, *stop_signal, *mac_address;
        bool attach_stdin, attach_stdout, attach_stderr, tty, open_stdin, stdin_once, args_escaped, network_disabled;
        char **env, **cmd, **entrypoint, **on_build, **shell;
        bool has_entrypoint;           /* an explicit [] or "" resets the image's */
        JsonPairs labels;
        json_t *exposed_ports, *volumes;   /* objects, kept as they came */
        HealthConfig *healthcheck;
        int64_t stop_timeout; bool has_stop_timeout;
} ContainerConfig;

typedef struct MountRequest { char *type, *source, *target, *consistency; bool read_only; json_t *bind_options, *volume_options, *tmpfs_options; } MountRequest;
typedef struct UlimitRequest { char *name; int64_t soft, hard; } UlimitRequest;
typedef struct RestartPolicy { char *name; int64_t maximum_retry_count; } RestartPolicy;
typedef struct LogConfig { char *type; JsonPairs options; } LogConfig;

typedef struct HostConfig {
        char **binds; JsonArray mounts /* MountRequest */; JsonPairs tmpfs;
        char *network_mode, *pid_mode, *ipc_mode, *uts_mode, *userns_mode, *cgroupns_mode, *cgroup_parent, *runtime, *isolation, *container_id_file;
        char **cap_add, **cap_drop, **security_opt, **group_add, **dns, **dns_search, **dns_options, **extra_hosts, **masked_paths, **readonly_paths;
        bool masked_paths_set, readonly_paths_set;   /* an explicit [] is systempaths=unconfined */
        bool privileged, publish_all, readonly_rootfs, auto_remove, oom_kill_disable_set, oom_kill_disable;
        int init;                      /* -1 daemon's default */
        int64_t memory, memory_swap, memory_reservation, memory_swappiness, cpu_shares, nano_cpus, cpu_quota, cpu_period, pids_limit, shm_size, oom_score_adj;
        char *cpuset_cpus, *cpuset_mems;
        JsonArray ulimits /* UlimitRequest */;
        JsonPairs sysctls, storage_opt, annotations;
        RestartPolicy restart_policy;
        LogConfig log_config;
        json_t *port_bindings, *devices, *device_requests, *device_cgroup_rules, *links, *volumes_from, *blkio;   /* refused when not empty, or kept for inspect */
        int64_t console_size[2];
} HostConfig;

typedef struct ContainerDefinition {
        ContainerConfig config;
        HostConfig host;
        json_t *networking;            /* NetworkingConfig as it came */
} ContainerDefinition;

/*
 * Reads Docker's create body. Unknown names are ignored as Docker does; known ones
 * that are not built yet are BRIG_ERR_UNSUPPORTED/INVALID when dropping them would weaken or change what was asked.
 */
int brig_definition_read(const json_t *body, ContainerDefinition *ret, BrigError *err) _must_use_;
/* Config and HostConfig as inspect shows them (new references). */
json_t *brig_definition_config_json(const ContainerDefinition *d);
json_t *brig_definition_host_json(const ContainerDefinition *d);
void brig_definition_clear(ContainerDefinition *d);
