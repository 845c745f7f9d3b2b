/* The tables of config.json but for its member "linux": OCI runtime-spec 1.2, config.md. */
#include "spec/runtime-spec-internal.h"

static const char *const io_priority_classes[] = { "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", NULL };
static const char *const scheduler_policies[] = { "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE", NULL };
static const char *const scheduler_flags[] = { "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
                                               "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX", NULL };

static const JsonField console_size_fields[] = {
        JSON_RANGE("height", INT64, RuntimeConsoleSize, height, JSON_F_REQUIRED, 0, UINT32_MAX),
        JSON_RANGE("width", INT64, RuntimeConsoleSize, width, JSON_F_REQUIRED, 0, UINT32_MAX),
        JSON_END,
};

static const JsonField user_fields[] = {
        JSON_RANGE("uid", INT64, RuntimeUser, uid, 0, 0, UINT32_MAX),
        JSON_RANGE("gid", INT64, RuntimeUser, gid, 0, 0, UINT32_MAX),
        JSON_RANGE("umask", OPT_INT64, RuntimeUser, umask, JSON_F_OMIT_EMPTY, 0, 0777),
        JSON_RANGE("additionalGids", INT64V, RuntimeUser, additional_gids, JSON_F_OMIT_EMPTY, 0, UINT32_MAX),
        JSON_FIELD("username", STRING, RuntimeUser, username, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField rlimit_fields[] = {
        JSON_FIELD("type", STRING, RuntimeRlimit, type, JSON_F_REQUIRED),
        JSON_FIELD("soft", UINT64, RuntimeRlimit, soft, JSON_F_REQUIRED),
        JSON_FIELD("hard", UINT64, RuntimeRlimit, hard, JSON_F_REQUIRED),
        JSON_END,
};

static const JsonField capabilities_fields[] = {
        JSON_FIELD("bounding", STRV, RuntimeCapabilities, bounding, JSON_F_OMIT_EMPTY),
        JSON_FIELD("effective", STRV, RuntimeCapabilities, effective, JSON_F_OMIT_EMPTY),
        JSON_FIELD("inheritable", STRV, RuntimeCapabilities, inheritable, JSON_F_OMIT_EMPTY),
        JSON_FIELD("permitted", STRV, RuntimeCapabilities, permitted, JSON_F_OMIT_EMPTY),
        JSON_FIELD("ambient", STRV, RuntimeCapabilities, ambient, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField scheduler_fields[] = {
        JSON_WORD("policy", RuntimeScheduler, policy, JSON_F_REQUIRED, scheduler_policies),
        JSON_RANGE("nice", INT64, RuntimeScheduler, nice, JSON_F_OMIT_EMPTY, INT32_MIN, INT32_MAX),
        JSON_RANGE("priority", INT64, RuntimeScheduler, priority, JSON_F_OMIT_EMPTY, INT32_MIN, INT32_MAX),
        { .name = "flags", .kind = JSON_K_STRV, .offset = offsetof(RuntimeScheduler, flags), .flags = JSON_F_OMIT_EMPTY, .words = scheduler_flags },
        JSON_FIELD("runtime", UINT64, RuntimeScheduler, runtime, JSON_F_OMIT_EMPTY),
        JSON_FIELD("deadline", UINT64, RuntimeScheduler, deadline, JSON_F_OMIT_EMPTY),
        JSON_FIELD("period", UINT64, RuntimeScheduler, period, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField io_priority_fields[] = {
        JSON_WORD("class", RuntimeIoPriority, class_, JSON_F_REQUIRED, io_priority_classes),
        JSON_RANGE("priority", INT64, RuntimeIoPriority, priority, 0, 0, 7),
        JSON_END,
};

static const JsonField cpu_affinity_fields[] = {
        JSON_FIELD("initial", STRING, RuntimeCpuAffinity, initial, JSON_F_OMIT_EMPTY),
        JSON_FIELD("final", STRING, RuntimeCpuAffinity, final, JSON_F_OMIT_EMPTY),
        JSON_END,
};

const JsonField runtime_process_fields[] = {
        JSON_FIELD("terminal", BOOL, RuntimeProcess, terminal, JSON_F_OMIT_EMPTY),
        JSON_SUB("consoleSize", OBJECT_PTR, RuntimeProcess, console_size, JSON_F_OMIT_EMPTY, console_size_fields, RuntimeConsoleSize),
        JSON_SUB("user", OBJECT, RuntimeProcess, user, 0, user_fields, RuntimeUser),
        JSON_FIELD("args", STRV, RuntimeProcess, args, JSON_F_OMIT_EMPTY),
        JSON_FIELD("env", STRV, RuntimeProcess, env, JSON_F_OMIT_EMPTY),
        JSON_FIELD("cwd", STRING, RuntimeProcess, cwd, JSON_F_REQUIRED),
        JSON_SUB("capabilities", OBJECT_PTR, RuntimeProcess, capabilities, JSON_F_OMIT_EMPTY, capabilities_fields, RuntimeCapabilities),
        JSON_SUB("rlimits", OBJECT_ARRAY, RuntimeProcess, rlimits, JSON_F_OMIT_EMPTY, rlimit_fields, RuntimeRlimit),
        JSON_FIELD("noNewPrivileges", BOOL, RuntimeProcess, no_new_privileges, JSON_F_OMIT_EMPTY),
        JSON_FIELD("apparmorProfile", STRING, RuntimeProcess, apparmor_profile, JSON_F_OMIT_EMPTY),
        JSON_FIELD("selinuxLabel", STRING, RuntimeProcess, selinux_label, JSON_F_OMIT_EMPTY),
        JSON_RANGE("oomScoreAdj", OPT_INT64, RuntimeProcess, oom_score_adj, JSON_F_OMIT_EMPTY, -1000, 1000),
        JSON_SUB("scheduler", OBJECT_PTR, RuntimeProcess, scheduler, JSON_F_OMIT_EMPTY, scheduler_fields, RuntimeScheduler),
        JSON_SUB("ioPriority", OBJECT_PTR, RuntimeProcess, io_priority, JSON_F_OMIT_EMPTY, io_priority_fields, RuntimeIoPriority),
        JSON_SUB("execCPUAffinity", OBJECT_PTR, RuntimeProcess, exec_cpu_affinity, JSON_F_OMIT_EMPTY, cpu_affinity_fields, RuntimeCpuAffinity),
        JSON_END,
};

static const JsonField root_fields[] = {
        JSON_FIELD("path", STRING, RuntimeRoot, path, JSON_F_REQUIRED),
        JSON_FIELD("readonly", BOOL, RuntimeRoot, readonly, JSON_F_OMIT_EMPTY),
        JSON_END,
};

static const JsonField mount_fields[] = {
        JSON_FIELD("destination", STRING, RuntimeMount, destination, JSON_F_REQUIRED),
        JSON_FIELD("type", STRING, RuntimeMount, type, JSON_F_OMIT_EMPTY),
        JSON_FIELD("source", STRING, RuntimeMount, source, JSON_F_OMIT_EMPTY),
        JSON_FIELD("options", STRV, RuntimeMount, options, JSON_F_OMIT_EMPTY),
        JSON_SUB("uidMappings", OBJECT_ARRAY, RuntimeMount, uid_mappings, JSON_F_OMIT_EMPTY, brig_runtime_id_mapping_fields, RuntimeIdMapping),
        JSON_SUB("gidMappings", OBJECT_ARRAY, RuntimeMount, gid_mappings, JSON_F_OMIT_EMPTY, brig_runtime_id_mapping_fields, RuntimeIdMapping),
        JSON_END,
};

static const JsonField hook_fields[] = {
        JSON_FIELD("path", STRING, RuntimeHook, path, JSON_F_REQUIRED),
        JSON_FIELD("args", STRV, RuntimeHook, args, JSON_F_OMIT_EMPTY),
        JSON_FIELD("env", STRV, RuntimeHook, env, JSON_F_OMIT_EMPTY),
        JSON_RANGE("timeout", OPT_INT64, RuntimeHook, timeout, JSON_F_OMIT_EMPTY, 1, INT32_MAX),
        JSON_END,
};

#define HOOKS(name, member) JSON_SUB(name, OBJECT_ARRAY, RuntimeHooks, member, JSON_F_OMIT_EMPTY, hook_fields, RuntimeHook)

static const JsonField hooks_fields[] = {
        HOOKS("prestart", prestart),
        HOOKS("createRuntime", create_runtime),
        HOOKS("createContainer", create_container),
        HOOKS("startContainer", start_container),
        HOOKS("poststart", poststart),
        HOOKS("poststop", poststop),
        JSON_END,
};

const JsonField runtime_spec_fields[] = {
        JSON_FIELD("ociVersion", STRING, RuntimeSpec, oci_version, JSON_F_REQUIRED),
        JSON_SUB("process", OBJECT_PTR, RuntimeSpec, process, JSON_F_OMIT_EMPTY, runtime_process_fields, RuntimeProcess),
        JSON_SUB("root", OBJECT_PTR, RuntimeSpec, root, JSON_F_OMIT_EMPTY, root_fields, RuntimeRoot),
        JSON_FIELD("hostname", STRING, RuntimeSpec, hostname, JSON_F_OMIT_EMPTY),
        JSON_FIELD("domainname", STRING, RuntimeSpec, domainname, JSON_F_OMIT_EMPTY),
        JSON_SUB("mounts", OBJECT_ARRAY, RuntimeSpec, mounts, JSON_F_OMIT_EMPTY, mount_fields, RuntimeMount),
        JSON_SUB("hooks", OBJECT_PTR, RuntimeSpec, hooks, JSON_F_OMIT_EMPTY, hooks_fields, RuntimeHooks),
        JSON_FIELD("annotations", STRMAP, RuntimeSpec, annotations, JSON_F_OMIT_EMPTY),
        JSON_SUB("linux", OBJECT_PTR, RuntimeSpec, linux_, JSON_F_OMIT_EMPTY, brig_runtime_linux_fields, RuntimeLinux),
        JSON_END,
};
