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
        char **env, **cmd, **entrypoint, **on_build, **shell;  /* an explicit [] or [""] of entrypoint resets the image's; NULL takes it */
        JsonPairs labels;
        json_t *exposed_ports, *volumes;   /* objects, kept as they came */
        HealthConfig *healthcheck;
        JsonInt stop_timeout;          /* seconds; -1 waits for ever */
} ContainerConfig;

typedef struct MountRequest { char *type, *source, *target, *consistency; bool read_only; json_t *bind_options, *volume_options, *tmpfs_options; } MountRequest;
typedef struct UlimitRequest { char *name; int64_t soft, hard; } UlimitRequest;
typedef struct RestartPolicy { char *name; int64_t maximum_retry_count; } RestartPolicy;
typedef struct LogConfig { char *type; JsonPairs options; } LogConfig;

typedef struct HostConfig {
        char **binds; JsonArray mounts /* MountRequest */; JsonPairs tmpfs;
        char *network_mode, *pid_mode, *ipc_mode, *uts_mode, *userns_mode, *cgroupns_mode, *cgroup_parent, *runtime, *isolation, *container_id_file;
        char **cap_add, **cap_drop, **security_opt, **group_add, **dns, **dns_search, **dns_options, **extra_hosts, **masked_paths, **readonly_paths;
        /* masked_paths, readonly_paths: an explicit [] is systempaths=unconfined, NULL the default lists */
        bool privileged, publish_all, readonly_rootfs, auto_remove;
        int oom_kill_disable;          /* -1 not said */
        int init;                      /* -1 daemon's default */
        int64_t memory, memory_swap, memory_reservation, cpu_shares, nano_cpus, cpu_quota, cpu_period, shm_size, oom_score_adj;
        JsonInt memory_swappiness, pids_limit;
        char *cpuset_cpus, *cpuset_mems;
        JsonArray ulimits /* UlimitRequest */;
        JsonPairs sysctls, storage_opt, annotations;
        RestartPolicy restart_policy;
        LogConfig log_config;
        json_t *port_bindings, *devices, *device_requests, *device_cgroup_rules, *links, *volumes_from, *blkio;   /* refused when not empty, or kept for inspect */
        JsonInts console_size;         /* rows, columns; or empty */
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
/* The whole definition as one object for the state database, and back. NULL: out of memory. */
json_t *brig_definition_store(const ContainerDefinition *d);
int brig_definition_restore(const json_t *stored, ContainerDefinition *ret, BrigError *err) _must_use_;
/*
 * Docker's checks of values and their combinations ("Minimum memory limit allowed is 6MB");
 * before the image's configuration is merged in. BRIG_ERR_INVALID, or BRIG_ERR_UNSUPPORTED for what is not built yet.
 */
int brig_definition_check(const ContainerDefinition *d, BrigError *err) _must_use_;
/* Config and HostConfig as inspect shows them (new references). */
json_t *brig_definition_config_json(const ContainerDefinition *d);
json_t *brig_definition_host_json(const ContainerDefinition *d);
void brig_definition_clear(ContainerDefinition *d);
