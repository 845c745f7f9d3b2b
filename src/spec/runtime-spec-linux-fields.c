/* The tables of the member "linux": OCI runtime-spec 1.2, config-linux.md. */
#include "spec/runtime-spec-internal.h"

static const char *const namespace_types[] = { "mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time", NULL };
static const char *const device_types[] = { "c", "b", "u", "p", NULL };
static const char *const device_rule_types[] = { "a", "b", "c", "", NULL };
static const char *const propagations[] = { "private", "shared", "slave", "unbindable", "", NULL };
static const char *const personality_domains[] = { "LINUX", "LINUX32", NULL };
static const char *const seccomp_actions[] = { "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
                                               "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", NULL };
static const char *const seccomp_operators[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
                                                 "SCMP_CMP_MASKED_EQ", NULL };
static const char *const seccomp_flags[] = { "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                                             "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL };
static const char *const memory_policies[] = { "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED",
                                               "MPOL_PREFERRED_MANY", "MPOL_LOCAL", NULL };
static const char *const memory_policy_flags[] = { "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL };

const JsonField brig_runtime_id_mapping_fields[] = {
        JSON_RANGE("containerID", INT64, RuntimeIdMapping, container_id, JSON_F_REQUIRED, 0, UINT32_MAX),
        JSON_RANGE("hostID", INT64, RuntimeIdMapping, host_id, JSON_F_REQUIRED, 0, UINT32_MAX),
        JSON_RANGE("size", INT64, RuntimeIdMapping, size, JSON_F_REQUIRED, 1, UINT32_MAX),
        JSON_END,
};

static const JsonField namespace_fields[] = {
        JSON_WORD("type", RuntimeNamespace, type, JSON_F_REQUIRED, namespace_types),
        JSON_FIELD("path", STRING, RuntimeNamespace, path, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField device_fields[] = {
        JSON_WORD("type", RuntimeDevice, type, JSON_F_REQUIRED, device_types),
        JSON_FIELD("path", STRING, RuntimeDevice, path, JSON_F_REQUIRED),
        JSON_RANGE("major", INT64, RuntimeDevice, major, 0, -1, UINT32_MAX),
        JSON_RANGE("minor", INT64, RuntimeDevice, minor, 0, -1, UINT32_MAX),
        JSON_RANGE("fileMode", OPT_INT64, RuntimeDevice, file_mode, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_RANGE("uid", OPT_INT64, RuntimeDevice, uid, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_RANGE("gid", OPT_INT64, RuntimeDevice, gid, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_END,
};

static const JsonField net_device_fields[] = {
        JSON_FIELD("name", STRING, RuntimeNetDevice, name, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField device_rule_fields[] = {
        JSON_FIELD("allow", BOOL, RuntimeDeviceRule, allow, JSON_F_REQUIRED),
        JSON_WORD("type", RuntimeDeviceRule, type, JSON_F_OMIT_EMPTY, device_rule_types),
        JSON_RANGE("major", OPT_INT64, RuntimeDeviceRule, major, JSON_F_OMIT_EMPTY, -1, UINT32_MAX),
        JSON_RANGE("minor", OPT_INT64, RuntimeDeviceRule, minor, JSON_F_OMIT_EMPTY, -1, UINT32_MAX),
        JSON_FIELD("access", STRING, RuntimeDeviceRule, access, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField memory_fields[] = {
        JSON_RANGE("limit", OPT_INT64, RuntimeMemory, limit, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_RANGE("reservation", OPT_INT64, RuntimeMemory, reservation, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_RANGE("swap", OPT_INT64, RuntimeMemory, swap, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_RANGE("kernel", OPT_INT64, RuntimeMemory, kernel, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_RANGE("kernelTCP", OPT_INT64, RuntimeMemory, kernel_tcp, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_RANGE("swappiness", OPT_INT64, RuntimeMemory, swappiness, JSON_F_OMIT_EMPTY, 0, 200),
        JSON_FIELD("disableOOMKiller", BOOL, RuntimeMemory, disable_oom_killer, JSON_F_OMIT_EMPTY),
        JSON_FIELD("useHierarchy", BOOL, RuntimeMemory, use_hierarchy, JSON_F_OMIT_EMPTY),
        JSON_FIELD("checkBeforeUpdate", BOOL, RuntimeMemory, check_before_update, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField cpu_fields[] = {
        JSON_RANGE("shares", OPT_INT64, RuntimeCpu, shares, JSON_F_OMIT_EMPTY, 0, INT64_MAX),
        JSON_RANGE("quota", OPT_INT64, RuntimeCpu, quota, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_RANGE("burst", OPT_INT64, RuntimeCpu, burst, JSON_F_OMIT_EMPTY, 0, INT64_MAX),
        JSON_RANGE("period", OPT_INT64, RuntimeCpu, period, JSON_F_OMIT_EMPTY, 0, INT64_MAX),
        JSON_RANGE("realtimeRuntime", OPT_INT64, RuntimeCpu, realtime_runtime, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_RANGE("realtimePeriod", OPT_INT64, RuntimeCpu, realtime_period, JSON_F_OMIT_EMPTY, 0, INT64_MAX),
        JSON_FIELD("idle", OPT_INT64, RuntimeCpu, idle, JSON_F_OMIT_EMPTY),
        JSON_FIELD("cpus", STRING, RuntimeCpu, cpus, JSON_F_OMIT_EMPTY),
        JSON_FIELD("mems", STRING, RuntimeCpu, mems, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField pids_fields[] = {
        JSON_RANGE("limit", OPT_INT64, RuntimePids, limit, JSON_F_OMIT_EMPTY, -1, INT64_MAX),
        JSON_END,
};

#define DEVICE_NUMBER_FIELDS(type)                                                    \
        JSON_RANGE("major", INT64, type, major, JSON_F_REQUIRED, 0, UINT32_MAX),                \
        JSON_RANGE("minor", INT64, type, minor, JSON_F_REQUIRED, 0, UINT32_MAX)

static const JsonField weight_device_fields[] = {
        DEVICE_NUMBER_FIELDS(RuntimeWeightDevice),
        JSON_RANGE("weight", OPT_INT64, RuntimeWeightDevice, weight, JSON_F_OMIT_EMPTY, 0, UINT16_MAX),
        JSON_RANGE("leafWeight", OPT_INT64, RuntimeWeightDevice, leaf_weight, JSON_F_OMIT_EMPTY, 0, UINT16_MAX),
        JSON_END,
};

static const JsonField throttle_device_fields[] = {
        DEVICE_NUMBER_FIELDS(RuntimeThrottleDevice),
        JSON_FIELD("rate", UINT64, RuntimeThrottleDevice, rate, 0),
        JSON_END,
};

#define THROTTLE(name, member) \
        JSON_SUB(name, OBJECT_ARRAY, RuntimeBlockIo, member, JSON_F_OMIT_EMPTY, throttle_device_fields, RuntimeThrottleDevice)

static const JsonField block_io_fields[] = {
        JSON_RANGE("weight", OPT_INT64, RuntimeBlockIo, weight, JSON_F_OMIT_EMPTY, 0, UINT16_MAX),
        JSON_RANGE("leafWeight", OPT_INT64, RuntimeBlockIo, leaf_weight, JSON_F_OMIT_EMPTY, 0, UINT16_MAX),
        JSON_SUB("weightDevice", OBJECT_ARRAY, RuntimeBlockIo, weight_device, JSON_F_OMIT_EMPTY, weight_device_fields, RuntimeWeightDevice),
        THROTTLE("throttleReadBpsDevice", throttle_read_bps),
        THROTTLE("throttleWriteBpsDevice", throttle_write_bps),
        THROTTLE("throttleReadIOPSDevice", throttle_read_iops),
        THROTTLE("throttleWriteIOPSDevice", throttle_write_iops),
        JSON_END,
};

static const JsonField hugepage_limit_fields[] = {
        JSON_FIELD("pageSize", STRING, RuntimeHugepageLimit, page_size, JSON_F_REQUIRED),
        JSON_FIELD("limit", UINT64, RuntimeHugepageLimit, limit, JSON_F_REQUIRED),
        JSON_END,
};

static const JsonField network_priority_fields[] = {
        JSON_FIELD("name", STRING, RuntimeNetworkPriority, name, JSON_F_REQUIRED),
        JSON_RANGE("priority", INT64, RuntimeNetworkPriority, priority, JSON_F_REQUIRED, 0, UINT32_MAX),
        JSON_END,
};

static const JsonField network_fields[] = {
        JSON_RANGE("classID", OPT_INT64, RuntimeNetworkResources, class_id, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_SUB("priorities", OBJECT_ARRAY, RuntimeNetworkResources, priorities, JSON_F_OMIT_EMPTY, network_priority_fields, RuntimeNetworkPriority),
        JSON_END,
};

static const JsonField rdma_fields[] = {
        JSON_RANGE("hcaHandles", OPT_INT64, RuntimeRdma, hca_handles, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_RANGE("hcaObjects", OPT_INT64, RuntimeRdma, hca_objects, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_END,
};

static const JsonField resources_fields[] = {
        JSON_SUB("devices", OBJECT_ARRAY, RuntimeResources, devices, JSON_F_OMIT_EMPTY, device_rule_fields, RuntimeDeviceRule),
        JSON_SUB("memory", OBJECT_PTR, RuntimeResources, memory, JSON_F_OMIT_EMPTY, memory_fields, RuntimeMemory),
        JSON_SUB("cpu", OBJECT_PTR, RuntimeResources, cpu, JSON_F_OMIT_EMPTY, cpu_fields, RuntimeCpu),
        JSON_SUB("pids", OBJECT_PTR, RuntimeResources, pids, JSON_F_OMIT_EMPTY, pids_fields, RuntimePids),
        JSON_SUB("blockIO", OBJECT_PTR, RuntimeResources, block_io, JSON_F_OMIT_EMPTY, block_io_fields, RuntimeBlockIo),
        JSON_SUB("hugepageLimits", OBJECT_ARRAY, RuntimeResources, hugepage_limits, JSON_F_OMIT_EMPTY, hugepage_limit_fields, RuntimeHugepageLimit),
        JSON_SUB("network", OBJECT_PTR, RuntimeResources, network, JSON_F_OMIT_EMPTY, network_fields, RuntimeNetworkResources),
        JSON_SUB("rdma", OBJECT_MAP, RuntimeResources, rdma, JSON_F_OMIT_EMPTY, rdma_fields, RuntimeRdma),
        JSON_FIELD("unified", STRMAP, RuntimeResources, unified, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField seccomp_arg_fields[] = {
        JSON_RANGE("index", INT64, RuntimeSeccompArg, index, JSON_F_REQUIRED, 0, 5),
        JSON_FIELD("value", UINT64, RuntimeSeccompArg, value, JSON_F_REQUIRED),
        JSON_FIELD("valueTwo", UINT64, RuntimeSeccompArg, value_two, JSON_F_OMIT_EMPTY),
        JSON_WORD("op", RuntimeSeccompArg, op, JSON_F_REQUIRED, seccomp_operators),
        JSON_END,
};

static const JsonField syscall_fields[] = {
        JSON_FIELD("names", STRV, RuntimeSyscall, names, JSON_F_REQUIRED),
        JSON_WORD("action", RuntimeSyscall, action, JSON_F_REQUIRED, seccomp_actions),
        JSON_RANGE("errnoRet", OPT_INT64, RuntimeSyscall, errno_ret, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_SUB("args", OBJECT_ARRAY, RuntimeSyscall, args, JSON_F_OMIT_EMPTY, seccomp_arg_fields, RuntimeSeccompArg),
        JSON_END,
};

static const JsonField seccomp_fields[] = {
        JSON_WORD("defaultAction", RuntimeSeccomp, default_action, JSON_F_REQUIRED, seccomp_actions),
        JSON_RANGE("defaultErrnoRet", OPT_INT64, RuntimeSeccomp, default_errno_ret, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_FIELD("architectures", STRV, RuntimeSeccomp, architectures, JSON_F_OMIT_EMPTY),
        { .name = "flags", .kind = JSON_K_STRV, .offset = offsetof(RuntimeSeccomp, flags), .flags = JSON_F_OMIT_EMPTY, .words = seccomp_flags },
        JSON_FIELD("listenerPath", STRING, RuntimeSeccomp, listener_path, JSON_F_OMIT_EMPTY),
        JSON_FIELD("listenerMetadata", STRING, RuntimeSeccomp, listener_metadata, JSON_F_OMIT_EMPTY),
        JSON_SUB("syscalls", OBJECT_ARRAY, RuntimeSeccomp, syscalls, JSON_F_OMIT_EMPTY, syscall_fields, RuntimeSyscall),
        JSON_END,
};

static const JsonField personality_fields[] = {
        JSON_WORD("domain", RuntimePersonality, domain, JSON_F_OMIT_EMPTY, personality_domains),
        JSON_FIELD("flags", STRV, RuntimePersonality, flags, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField intel_rdt_fields[] = {
        JSON_FIELD("closID", STRING, RuntimeIntelRdt, clos_id, JSON_F_OMIT_EMPTY),
        JSON_FIELD("schemata", STRV, RuntimeIntelRdt, schemata, JSON_F_OMIT_EMPTY),
        JSON_FIELD("l3CacheSchema", STRING, RuntimeIntelRdt, l3_cache_schema, JSON_F_OMIT_EMPTY),
        JSON_FIELD("memBwSchema", STRING, RuntimeIntelRdt, mem_bw_schema, JSON_F_OMIT_EMPTY),
        JSON_FIELD("enableMonitoring", BOOL, RuntimeIntelRdt, enable_monitoring, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField memory_policy_fields[] = {
        JSON_WORD("mode", RuntimeMemoryPolicy, mode, JSON_F_REQUIRED, memory_policies),
        JSON_FIELD("nodes", STRING, RuntimeMemoryPolicy, nodes, JSON_F_OMIT_EMPTY),
        { .name = "flags", .kind = JSON_K_STRV, .offset = offsetof(RuntimeMemoryPolicy, flags), .flags = JSON_F_OMIT_EMPTY, .words = memory_policy_flags },
        JSON_END,
};

static const JsonField time_offset_fields[] = {
        JSON_FIELD("secs", INT64, RuntimeTimeOffset, secs, JSON_F_OMIT_EMPTY),
        JSON_RANGE("nanosecs", INT64, RuntimeTimeOffset, nanosecs, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_END,
};

#define MAPPINGS(name, member) \
        JSON_SUB(name, OBJECT_ARRAY, RuntimeLinux, member, JSON_F_OMIT_EMPTY, brig_runtime_id_mapping_fields, RuntimeIdMapping)

const JsonField brig_runtime_linux_fields[] = {
        JSON_SUB("devices", OBJECT_ARRAY, RuntimeLinux, devices, JSON_F_OMIT_EMPTY, device_fields, RuntimeDevice),
        JSON_SUB("netDevices", OBJECT_MAP, RuntimeLinux, net_devices, JSON_F_OMIT_EMPTY, net_device_fields, RuntimeNetDevice),
        MAPPINGS("uidMappings", uid_mappings),
        MAPPINGS("gidMappings", gid_mappings),
        JSON_SUB("namespaces", OBJECT_ARRAY, RuntimeLinux, namespaces, JSON_F_OMIT_EMPTY, namespace_fields, RuntimeNamespace),
        JSON_SUB("timeOffsets", OBJECT_MAP, RuntimeLinux, time_offsets, JSON_F_OMIT_EMPTY, time_offset_fields, RuntimeTimeOffset),
        JSON_SUB("resources", OBJECT_PTR, RuntimeLinux, resources, JSON_F_OMIT_EMPTY, resources_fields, RuntimeResources),
        JSON_FIELD("cgroupsPath", STRING, RuntimeLinux, cgroups_path, JSON_F_OMIT_EMPTY),
        JSON_WORD("rootfsPropagation", RuntimeLinux, rootfs_propagation, JSON_F_OMIT_EMPTY, propagations),
        JSON_SUB("seccomp", OBJECT_PTR, RuntimeLinux, seccomp, JSON_F_OMIT_EMPTY, seccomp_fields, RuntimeSeccomp),
        JSON_FIELD("sysctl", STRMAP, RuntimeLinux, sysctl, JSON_F_OMIT_EMPTY),
        JSON_FIELD("maskedPaths", STRV, RuntimeLinux, masked_paths, JSON_F_OMIT_EMPTY),
        JSON_FIELD("readonlyPaths", STRV, RuntimeLinux, readonly_paths, JSON_F_OMIT_EMPTY),
        JSON_FIELD("mountLabel", STRING, RuntimeLinux, mount_label, JSON_F_OMIT_EMPTY),
        JSON_SUB("personality", OBJECT_PTR, RuntimeLinux, personality, JSON_F_OMIT_EMPTY, personality_fields, RuntimePersonality),
        JSON_SUB("intelRdt", OBJECT_PTR, RuntimeLinux, intel_rdt, JSON_F_OMIT_EMPTY, intel_rdt_fields, RuntimeIntelRdt),
        JSON_SUB("memoryPolicy", OBJECT_PTR, RuntimeLinux, memory_policy, JSON_F_OMIT_EMPTY, memory_policy_fields, RuntimeMemoryPolicy),
        JSON_END,
};
