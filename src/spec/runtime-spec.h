#pragma once
/*
 * OCI runtime-spec 1.2 model (config.json, Linux), with the tables that read and
 * write it. brig_runtime_spec_read validates what the schema says (types,
 * ranges, words) and what its prose says (absolute paths, unique namespaces,
 * arguments present); whether a member can be carried out is for the plan
 * compiler. Unknown names are ignored, as the specification demands; the parts of
 * other platforms are among them. Zeroed memory is the empty value of every struct here.
 */
#include "spec/json-table.h"

#define BRIG_RUNTIME_SPEC_VERSION "1.2.0"      /* what we write; every 0.x and 1.x is read */
#define BRIG_RUNTIME_MAX_ARRAY (32u * 1024)    /* arguments, variables, masked and read-only paths, each */

typedef struct RuntimeIdMapping { int64_t container_id, host_id, size; } RuntimeIdMapping;

typedef struct RuntimeUser {
        int64_t uid, gid;
        JsonInt umask;
        JsonInts additional_gids;
        char *username;
} RuntimeUser;

typedef struct RuntimeConsoleSize { int64_t height, width; } RuntimeConsoleSize;
typedef struct RuntimeRlimit { char *type; uint64_t soft, hard; } RuntimeRlimit;     /* "RLIMIT_NOFILE" */
typedef struct RuntimeCapabilities { char **bounding, **effective, **inheritable, **permitted, **ambient; } RuntimeCapabilities;
typedef struct RuntimeScheduler { char *policy; int64_t nice, priority; char **flags; uint64_t runtime, deadline, period; } RuntimeScheduler;
typedef struct RuntimeIoPriority { char *class_; int64_t priority; } RuntimeIoPriority;
typedef struct RuntimeCpuAffinity { char *initial, *final; } RuntimeCpuAffinity;

typedef struct RuntimeProcess {
        bool terminal, no_new_privileges;
        RuntimeConsoleSize *console_size;
        RuntimeUser user;
        char **args, **env;
        char *cwd;                              /* absolute */
        RuntimeCapabilities *capabilities;      /* NULL: none are granted */
        JsonArray rlimits;                      /* RuntimeRlimit, each type once */
        char *apparmor_profile, *selinux_label;
        JsonInt oom_score_adj;
        RuntimeScheduler *scheduler;
        RuntimeIoPriority *io_priority;
        RuntimeCpuAffinity *exec_cpu_affinity;
} RuntimeProcess;

typedef struct RuntimeRoot { char *path; bool readonly; } RuntimeRoot;

typedef struct RuntimeMount {
        char *destination, *type, *source;      /* destination absolute; type "" for a bind by options */
        char **options;
        JsonArray uid_mappings, gid_mappings;   /* RuntimeIdMapping */
} RuntimeMount;

typedef struct RuntimeHook { char *path; char **args, **env; JsonInt timeout; /* seconds */ } RuntimeHook;
typedef struct RuntimeHooks {
        JsonArray prestart, create_runtime, create_container, start_container, poststart, poststop;   /* RuntimeHook */
} RuntimeHooks;

typedef struct RuntimeNamespace { char *type, *path; /* path NULL: a new one */ } RuntimeNamespace;
typedef struct RuntimeDevice { char *type, *path; int64_t major, minor; JsonInt file_mode, uid, gid; } RuntimeDevice;
typedef struct RuntimeNetDevice { char *key /* name on the host */, *name; } RuntimeNetDevice;

typedef struct RuntimeDeviceRule { bool allow; char *type, *access; JsonInt major, minor; /* absent: all */ } RuntimeDeviceRule;
typedef struct RuntimeMemory {
        JsonInt limit, reservation, swap, kernel, kernel_tcp, swappiness;
        bool disable_oom_killer, use_hierarchy, check_before_update;
} RuntimeMemory;
typedef struct RuntimeCpu {
        JsonInt shares, quota, burst, period, realtime_runtime, realtime_period, idle;
        char *cpus, *mems;
} RuntimeCpu;
typedef struct RuntimePids { JsonInt limit; } RuntimePids;
typedef struct RuntimeWeightDevice { int64_t major, minor; JsonInt weight, leaf_weight; } RuntimeWeightDevice;
typedef struct RuntimeThrottleDevice { int64_t major, minor; uint64_t rate; } RuntimeThrottleDevice;
typedef struct RuntimeBlockIo {
        JsonInt weight, leaf_weight;
        JsonArray weight_device;                                /* RuntimeWeightDevice */
        JsonArray throttle_read_bps, throttle_write_bps, throttle_read_iops, throttle_write_iops;   /* RuntimeThrottleDevice */
} RuntimeBlockIo;
typedef struct RuntimeHugepageLimit { char *page_size; uint64_t limit; } RuntimeHugepageLimit;
typedef struct RuntimeNetworkPriority { char *name; int64_t priority; } RuntimeNetworkPriority;
typedef struct RuntimeNetworkResources { JsonInt class_id; JsonArray priorities; } RuntimeNetworkResources;
typedef struct RuntimeRdma { char *key; JsonInt hca_handles, hca_objects; } RuntimeRdma;

typedef struct RuntimeResources {
        JsonArray devices;                      /* RuntimeDeviceRule, later ones win */
        RuntimeMemory *memory;
        RuntimeCpu *cpu;
        RuntimePids *pids;
        RuntimeBlockIo *block_io;
        JsonArray hugepage_limits;              /* RuntimeHugepageLimit */
        RuntimeNetworkResources *network;
        JsonArray rdma;                         /* RuntimeRdma by device */
        JsonPairs unified;                      /* cgroup v2 file → text */
} RuntimeResources;

typedef struct RuntimeSeccompArg { int64_t index; uint64_t value, value_two; char *op; } RuntimeSeccompArg;
typedef struct RuntimeSyscall { char **names; char *action; JsonInt errno_ret; JsonArray args; /* RuntimeSeccompArg */ } RuntimeSyscall;
typedef struct RuntimeSeccomp {
        char *default_action, *listener_path, *listener_metadata;
        JsonInt default_errno_ret;
        char **architectures, **flags;
        JsonArray syscalls;                     /* RuntimeSyscall */
} RuntimeSeccomp;

typedef struct RuntimePersonality { char *domain; char **flags; } RuntimePersonality;
typedef struct RuntimeIntelRdt { char *clos_id, *l3_cache_schema, *mem_bw_schema; char **schemata; bool enable_monitoring; } RuntimeIntelRdt;
typedef struct RuntimeMemoryPolicy { char *mode, *nodes; char **flags; } RuntimeMemoryPolicy;
typedef struct RuntimeTimeOffset { char *key; /* "monotonic", "boottime" */ int64_t secs, nanosecs; } RuntimeTimeOffset;

typedef struct RuntimeLinux {
        JsonArray devices;                      /* RuntimeDevice */
        JsonArray net_devices;                  /* RuntimeNetDevice */
        JsonArray uid_mappings, gid_mappings;   /* RuntimeIdMapping */
        JsonArray namespaces;                   /* RuntimeNamespace, each type once; a missing type is the caller's own */
        JsonArray time_offsets;                 /* RuntimeTimeOffset */
        RuntimeResources *resources;
        char *cgroups_path, *rootfs_propagation, *mount_label;
        RuntimeSeccomp *seccomp;
        JsonPairs sysctl;
        char **masked_paths, **readonly_paths;
        RuntimePersonality *personality;
        RuntimeIntelRdt *intel_rdt;
        RuntimeMemoryPolicy *memory_policy;
} RuntimeLinux;

typedef struct RuntimeSpec {
        char *oci_version;
        RuntimeProcess *process;                /* NULL: create may do without, start not */
        RuntimeRoot *root;
        char *hostname, *domainname;
        JsonArray mounts;                       /* RuntimeMount, in order */
        RuntimeHooks *hooks;
        JsonPairs annotations;
        RuntimeLinux *linux_;                   /* the bare word is a macro of GNU C */
} RuntimeSpec;

extern const JsonField runtime_spec_fields[], runtime_process_fields[];

/* Empty specification: ociVersion is set, nothing else. */
int brig_runtime_spec_init(RuntimeSpec *spec) _must_use_;
/* Parses and validates; on failure *ret is empty. BRIG_ERR_INVALID names the member: "config.json: linux.namespaces[1].type: ...". */
int brig_runtime_spec_read(const char *text, size_t len, RuntimeSpec *ret, BrigError *err) _must_use_;
/* The process document of an exec ("runc exec --process"). */
int brig_runtime_process_read(const char *text, size_t len, RuntimeProcess *ret, BrigError *err) _must_use_;
/* The same rules for a specification that was built in memory. */
int brig_runtime_spec_validate(const RuntimeSpec *spec, BrigError *err) _must_use_;
void brig_runtime_spec_clear(RuntimeSpec *spec);
void brig_runtime_process_clear(RuntimeProcess *process);
/* Compact JSON text, free(3); NULL when out of memory. */
char *brig_runtime_spec_text(const RuntimeSpec *spec);

/* Builders: append one zeroed element; NULL when out of memory. */
RuntimeMount *brig_runtime_add_mount(RuntimeSpec *spec);
/* As above, for the member `linux`, which is made when it is missing. */
RuntimeNamespace *brig_runtime_add_namespace(RuntimeSpec *spec);
