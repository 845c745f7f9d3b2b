/*
 * The definition's shape: one table for each of Docker's objects, read and
 * written by spec/json-table. What Brig has no member for has its constant in
 * `constants` below, because clients read inspect's HostConfig by name.
 */
#include "engine/definition.h"

#include "base/strings.h"
#include "engine/definition-internal.h"

#define CONFIG(n, k, member, f) JSON_FIELD(n, k, ContainerConfig, member, f)
#define HOST(n, k, member, f) JSON_FIELD(n, k, HostConfig, member, f)
#define OMIT JSON_F_OMIT_EMPTY
#define NULLED JSON_F_NULL_EMPTY

static const JsonField health_fields[] = {
        JSON_FIELD("Test", STRV, HealthConfig, test, OMIT),
        JSON_FIELD("Interval", INT64, HealthConfig, interval, OMIT),
        JSON_FIELD("Timeout", INT64, HealthConfig, timeout, OMIT),
        JSON_FIELD("StartPeriod", INT64, HealthConfig, start_period, OMIT),
        JSON_FIELD("StartInterval", INT64, HealthConfig, start_interval, OMIT),
        JSON_FIELD("Retries", INT64, HealthConfig, retries, OMIT),
        JSON_END,
};

static const JsonField config_fields[] = {
        CONFIG("Hostname", STRING, hostname, 0),
        CONFIG("Domainname", STRING, domainname, 0),
        CONFIG("User", STRING, user, 0),
        CONFIG("AttachStdin", BOOL, attach_stdin, 0),
        CONFIG("AttachStdout", BOOL, attach_stdout, 0),
        CONFIG("AttachStderr", BOOL, attach_stderr, 0),
        CONFIG("ExposedPorts", RAW, exposed_ports, OMIT),
        CONFIG("Tty", BOOL, tty, 0),
        CONFIG("OpenStdin", BOOL, open_stdin, 0),
        CONFIG("StdinOnce", BOOL, stdin_once, 0),
        CONFIG("Env", STRV, env, NULLED),
        CONFIG("Cmd", STRING_OR_STRV, cmd, NULLED),
        JSON_SUB("Healthcheck", OBJECT_PTR, ContainerConfig, healthcheck, OMIT, health_fields, HealthConfig),
        CONFIG("ArgsEscaped", BOOL, args_escaped, OMIT),
        CONFIG("Image", STRING, image, 0),
        CONFIG("Volumes", RAW, volumes, 0),
        CONFIG("WorkingDir", STRING, working_dir, 0),
        CONFIG("Entrypoint", STRING_OR_STRV, entrypoint, NULLED),
        CONFIG("NetworkDisabled", BOOL, network_disabled, OMIT),
        CONFIG("MacAddress", STRING, mac_address, OMIT),
        CONFIG("OnBuild", STRV, on_build, NULLED),
        CONFIG("Labels", STRMAP, labels, 0),
        CONFIG("StopSignal", STRING, stop_signal, OMIT),
        CONFIG("StopTimeout", OPT_INT64, stop_timeout, OMIT),
        CONFIG("Shell", STRV, shell, OMIT),
        JSON_END,
};

static const JsonField mount_fields[] = {
        JSON_FIELD("Type", STRING, MountRequest, type, 0),
        JSON_FIELD("Source", STRING, MountRequest, source, OMIT),
        JSON_FIELD("Target", STRING, MountRequest, target, 0),
        JSON_FIELD("ReadOnly", BOOL, MountRequest, read_only, OMIT),
        JSON_FIELD("Consistency", STRING, MountRequest, consistency, OMIT),
        JSON_FIELD("BindOptions", RAW, MountRequest, bind_options, OMIT),
        JSON_FIELD("VolumeOptions", RAW, MountRequest, volume_options, OMIT),
        JSON_FIELD("TmpfsOptions", RAW, MountRequest, tmpfs_options, OMIT),
        JSON_END,
};

static const JsonField ulimit_fields[] = {
        JSON_FIELD("Name", STRING, UlimitRequest, name, 0),
        JSON_FIELD("Hard", INT64, UlimitRequest, hard, 0),
        JSON_FIELD("Soft", INT64, UlimitRequest, soft, 0),
        JSON_END,
};

static const JsonField restart_fields[] = {
        JSON_FIELD("Name", STRING, RestartPolicy, name, 0),
        JSON_FIELD("MaximumRetryCount", INT64, RestartPolicy, maximum_retry_count, 0),
        JSON_END,
};

static const JsonField log_fields[] = {
        JSON_FIELD("Type", STRING, LogConfig, type, 0),
        JSON_FIELD("Config", STRMAP, LogConfig, options, 0),
        JSON_END,
};

static const JsonField host_fields[] = {
        HOST("Binds", STRV, binds, NULLED),
        HOST("ContainerIDFile", STRING, container_id_file, 0),
        JSON_SUB("LogConfig", OBJECT, HostConfig, log_config, 0, log_fields, LogConfig),
        HOST("NetworkMode", STRING, network_mode, 0),
        HOST("PortBindings", RAW, port_bindings, 0),
        JSON_SUB("RestartPolicy", OBJECT, HostConfig, restart_policy, 0, restart_fields, RestartPolicy),
        HOST("AutoRemove", BOOL, auto_remove, 0),
        HOST("VolumesFrom", RAW, volumes_from, 0),
        HOST("ConsoleSize", INT64V, console_size, OMIT),
        HOST("Annotations", STRMAP, annotations, OMIT),
        HOST("CapAdd", STRV, cap_add, NULLED),
        HOST("CapDrop", STRV, cap_drop, NULLED),
        HOST("CgroupnsMode", STRING, cgroupns_mode, 0),
        HOST("Dns", STRV, dns, 0),
        HOST("DnsOptions", STRV, dns_options, 0),
        HOST("DnsSearch", STRV, dns_search, 0),
        HOST("ExtraHosts", STRV, extra_hosts, NULLED),
        HOST("GroupAdd", STRV, group_add, NULLED),
        HOST("IpcMode", STRING, ipc_mode, 0),
        HOST("Links", RAW, links, 0),
        HOST("OomScoreAdj", INT64, oom_score_adj, 0),
        HOST("PidMode", STRING, pid_mode, 0),
        HOST("Privileged", BOOL, privileged, 0),
        HOST("PublishAllPorts", BOOL, publish_all, 0),
        HOST("ReadonlyRootfs", BOOL, readonly_rootfs, 0),
        HOST("SecurityOpt", STRV, security_opt, NULLED),
        HOST("StorageOpt", STRMAP, storage_opt, OMIT),
        HOST("Tmpfs", STRMAP, tmpfs, OMIT),
        HOST("UTSMode", STRING, uts_mode, 0),
        HOST("UsernsMode", STRING, userns_mode, 0),
        HOST("ShmSize", INT64, shm_size, 0),
        HOST("Sysctls", STRMAP, sysctls, OMIT),
        HOST("Runtime", STRING, runtime, 0),
        HOST("Isolation", STRING, isolation, 0),
        HOST("CpuShares", INT64, cpu_shares, 0),
        HOST("Memory", INT64, memory, 0),
        HOST("NanoCpus", INT64, nano_cpus, 0),
        HOST("CgroupParent", STRING, cgroup_parent, 0),
        HOST("CpuPeriod", INT64, cpu_period, 0),
        HOST("CpuQuota", INT64, cpu_quota, 0),
        HOST("CpusetCpus", STRING, cpuset_cpus, 0),
        HOST("CpusetMems", STRING, cpuset_mems, 0),
        HOST("Devices", RAW, devices, 0),
        HOST("DeviceCgroupRules", RAW, device_cgroup_rules, 0),
        HOST("DeviceRequests", RAW, device_requests, 0),
        HOST("MemoryReservation", INT64, memory_reservation, 0),
        HOST("MemorySwap", INT64, memory_swap, 0),
        HOST("MemorySwappiness", OPT_INT64, memory_swappiness, 0),
        HOST("OomKillDisable", TRISTATE, oom_kill_disable, 0),
        HOST("PidsLimit", OPT_INT64, pids_limit, 0),
        JSON_SUB("Ulimits", OBJECT_ARRAY, HostConfig, ulimits, 0, ulimit_fields, UlimitRequest),
        JSON_SUB("Mounts", OBJECT_ARRAY, HostConfig, mounts, OMIT, mount_fields, MountRequest),
        HOST("MaskedPaths", STRV, masked_paths, NULLED),
        HOST("ReadonlyPaths", STRV, readonly_paths, NULLED),
        HOST("Init", TRISTATE, init, OMIT),
        JSON_END,
};

static const JsonField definition_fields[] = {
        JSON_SUB("Config", OBJECT, ContainerDefinition, config, 0, config_fields, ContainerConfig),
        JSON_SUB("HostConfig", OBJECT, ContainerDefinition, host, 0, host_fields, HostConfig),
        JSON_FIELD("NetworkingConfig", RAW, ContainerDefinition, networking, OMIT),
        JSON_END,
};

/* Members of HostConfig that definition-unsupported.c keeps at their zero value, as JSON text. */
static const struct { const char *name, *value; } constants[] = {
        { "VolumeDriver", "\"\"" }, { "Cgroup", "\"\"" },
        { "BlkioWeight", "0" }, { "BlkioWeightDevice", "[]" }, { "BlkioDeviceReadBps", "[]" }, { "BlkioDeviceWriteBps", "[]" },
        { "BlkioDeviceReadIOps", "[]" }, { "BlkioDeviceWriteIOps", "[]" }, { "CpuRealtimePeriod", "0" }, { "CpuRealtimeRuntime", "0" },
        { "CpuCount", "0" }, { "CpuPercent", "0" }, { "IOMaximumIOps", "0" }, { "IOMaximumBandwidth", "0" },
};

/* The create body is Config with HostConfig and NetworkingConfig as members of it. */
int brig_definition_read(const json_t *body, ContainerDefinition *ret, BrigError *err)
{
        ContainerDefinition d;
        const json_t *host = json_object_get(body, "HostConfig");
        int r;

        if (!json_is_object(body))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid JSON: expected an object");
        r = brig_definition_refuse_unsupported(body, err);
        if (r < 0)
                return r;
        brig_json_init(definition_fields, &d, sizeof d);
        r = brig_json_read(body, config_fields, &d.config, sizeof d.config, 0, err);
        if (r == 0 && json_is_object(host)) {
                r = brig_json_read(host, host_fields, &d.host, sizeof d.host, 0, err);
                if (r < 0)
                        brig_error_prefix(err, "HostConfig");
        } else if (r == 0 && host && !json_is_null(host)) {
                r = brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "HostConfig: expected an object");
        }
        if (r < 0) {
                brig_definition_clear(&d);
                return r;
        }
        d.networking = json_incref(json_object_get(body, "NetworkingConfig"));
        *ret = d;
        return 0;
}

json_t *brig_definition_store(const ContainerDefinition *d)
{
        return brig_json_write(definition_fields, d);
}

int brig_definition_restore(const json_t *stored, ContainerDefinition *ret, BrigError *err)
{
        ContainerDefinition d;
        int r;

        brig_json_init(definition_fields, &d, sizeof d);
        r = brig_json_read(stored, definition_fields, &d, sizeof d, 0, err);
        if (r == 0)
                *ret = d;
        return r;
}

json_t *brig_definition_config_json(const ContainerDefinition *d)
{
        return brig_json_write(config_fields, &d->config);
}

json_t *brig_definition_host_json(const ContainerDefinition *d)
{
        _cleanup_json_ json_t *host = brig_json_write(host_fields, &d->host);

        for (size_t i = 0; host && i < ARRAY_SIZE(constants); i++)
                if (json_object_set_new(host, constants[i].name, json_loads(constants[i].value, JSON_DECODE_ANY, NULL)) < 0)
                        return NULL;
        return TAKE_PTR(host);
}

void brig_definition_clear(ContainerDefinition *d)
{
        brig_json_clear(definition_fields, d);
}
