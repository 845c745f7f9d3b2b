/* The rows: what a plan can hold, how much of it, and in which kind of plan. */
#include "plan/plan-internal.h"
#include "base/id.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define BOTH (PLAN_IN_CONTAINER | PLAN_IN_EXEC)
#define ONLY PLAN_IN_CONTAINER

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME)
#define PROPAGATION (MS_PRIVATE | MS_SLAVE | MS_SHARED | MS_UNBINDABLE | MS_REC)
#define ALL_FLAGS (PLAN_F_TIME_NS * 2 - 1)
#define ALL_MOUNT_FLAGS (PLAN_MOUNT_F_COPY_UP * 2 - 1)

#define MAX_NAME 255
#define MAX_OPTIONS 1024
#define MAX_VALUE 4096
#define MAX_ARG (128u * 1024 - 1)       /* the kernel's MAX_ARG_STRLEN, NUL included there */
#define MAX_FILE (1u << 20)
#define MAX_FILES 64
#define MAX_PATHS 1024
#define MAX_DEVICES 256
#define MAX_SYSCTLS 256
#define MAX_LANDLOCK 1024

#define F(k, type, m, l) { .kind = PLAN_FIELD_##k, .offset = offsetof(type, m), .limit = (l) }
#define BLOB(k, type, m, c, l) { .kind = PLAN_FIELD_##k, .offset = offsetof(type, m), .count = offsetof(type, c), .limit = (l) }
#define P(k, m, l) F(k, LaunchPlan, m, l)
#define ANY UINT32_MAX

#define SINGLE(t, n, where) .type = (t), .name = (n), .kinds = (where), .min = 1, .max = 1
#define ARRAY(t, n, where, least, most, m, c) .type = (t), .name = (n), .kinds = (where), .min = (least), .max = (most), \
        .array = offsetof(LaunchPlan, m), .count = offsetof(LaunchPlan, c), .size = sizeof(*((LaunchPlan *)0)->m)
/* A repeated record of one string: the element is the pointer itself. */
#define TEXTS(k, l) .fields = { { .kind = PLAN_FIELD_##k, .offset = 0, .limit = (l) } }

const PlanRow plan_rows[] = {
        { SINGLE(1, "general", BOTH), .fields = {
                P(FLAGS, flags, ALL_FLAGS), P(FLAGS, namespaces, NAMESPACES), P(U32, umask, 0777), P(U32, oom_score_adj, ANY), P(U32, stop_signal, ANY),
                P(U32, tty_rows, UINT16_MAX), P(U32, tty_cols, UINT16_MAX), P(U64, log_max_size, 0), P(U32, log_max_files, 1000), P(U32, shm_size_kib, ANY) } },
        { SINGLE(2, "names", BOTH), .fields = {
                P(ID, container_id, BRIG_ID_LEN), P(ID_OPT, exec_id, BRIG_ID_LEN), P(TEXT, profile, MAX_NAME), P(TEXT, hostname, MAX_NAME), P(TEXT, domainname, MAX_NAME) } },
        { ARRAY(3, "layer", ONLY, 0, BRIG_PLAN_MAX_LAYERS, layers, n_layers), TEXTS(ID, BRIG_ID_LEN) },
        { ARRAY(4, "mount", ONLY, 0, BRIG_PLAN_MAX_MOUNTS, mounts, n_mounts), .fields = {
                F(U32, PlanMount, type, PLAN_MOUNT_BIND), F(FLAGS, PlanMount, flags, ALL_MOUNT_FLAGS), F(U64, PlanMount, attr, 0),
                F(FLAGS, PlanMount, propagation, PROPAGATION), F(U32, PlanMount, idmap_uid, ANY), F(U32, PlanMount, idmap_gid, ANY),
                F(PATH_OPT, PlanMount, source, BRIG_PLAN_MAX_PATH), F(PATH, PlanMount, target, BRIG_PLAN_MAX_PATH), F(TEXT, PlanMount, options, MAX_OPTIONS) } },
        { ARRAY(5, "file", ONLY, 0, MAX_FILES, files, n_files), .fields = {
                F(U32, PlanFile, mode, 07777), F(PATH, PlanFile, path, BRIG_PLAN_MAX_PATH), BLOB(BLOB, PlanFile, data, len, MAX_FILE) } },
        { ARRAY(6, "masked path", ONLY, 0, MAX_PATHS, masked, n_masked), TEXTS(PATH, BRIG_PLAN_MAX_PATH) },
        { ARRAY(7, "read-only path", ONLY, 0, MAX_PATHS, readonly, n_readonly), TEXTS(PATH, BRIG_PLAN_MAX_PATH) },
        { ARRAY(8, "device", ONLY, 0, MAX_DEVICES, devices, n_devices), .fields = {
                F(CHAR, PlanDevice, type, 'c' << 8 | 'b'), F(U32, PlanDevice, major, ANY), F(U32, PlanDevice, minor, ANY), F(U32, PlanDevice, mode, 07777),
                F(U32, PlanDevice, uid, ANY), F(U32, PlanDevice, gid, ANY), F(FLAGS, PlanDevice, access, 7), F(PATH, PlanDevice, path, BRIG_PLAN_MAX_PATH) } },
        { ARRAY(9, "sysctl", ONLY, 0, MAX_SYSCTLS, sysctls, n_sysctls), .fields = {
                F(TEXT, PlanSysctl, key, MAX_NAME), F(TEXT, PlanSysctl, value, MAX_VALUE) } },
        { ARRAY(10, "argument", BOTH, 1, BRIG_PLAN_MAX_ARGS, argv, n_args), TEXTS(TEXT, MAX_ARG) },
        { ARRAY(11, "environment", BOTH, 0, BRIG_PLAN_MAX_ARGS, env, n_env), TEXTS(TEXT, MAX_ARG) },
        { SINGLE(12, "process", BOTH), .fields = { P(PATH_OPT, cwd, BRIG_PLAN_MAX_PATH), P(TEXT, user, 2 * MAX_NAME) } },
        { ARRAY(13, "group", BOTH, 0, BRIG_PLAN_MAX_GROUPS, group_add, n_group_add), TEXTS(TEXT, MAX_NAME) },
        { SINGLE(14, "capabilities", BOTH), .fields = {
                P(U64, caps.bounding, 0), P(U64, caps.effective, 0), P(U64, caps.permitted, 0), P(U64, caps.inheritable, 0), P(U64, caps.ambient, 0) } },
        { ARRAY(15, "rlimit", BOTH, 0, RLIM_NLIMITS, rlimits, n_rlimits), .fields = {
                F(U32, PlanRlimit, resource, RLIM_NLIMITS - 1), F(U64, PlanRlimit, soft, 0), F(U64, PlanRlimit, hard, 0) } },
        { SINGLE(16, "seccomp", BOTH), .fields = {
                P(U32, seccomp_flags, ANY), P(FIXED, seccomp_digest, 32), P(TEXT, seccomp_name, MAX_NAME), BLOB(PROGRAM, LaunchPlan, bpf, n_bpf, BRIG_PLAN_MAX_BPF) } },
        { ARRAY(17, "landlock", BOTH, 0, MAX_LANDLOCK, landlock, n_landlock), .fields = {
                F(U64, PlanLandlockRule, access, 0), F(PATH, PlanLandlockRule, path, BRIG_PLAN_MAX_PATH) } },
        { SINGLE(18, "labels", BOTH), .fields = { P(TEXT, apparmor_profile, MAX_VALUE), P(TEXT, selinux_label, MAX_VALUE) } },
        { SINGLE(19, "resources", ONLY), .fields = {
                P(U64, resources.memory, 0), P(U64, resources.memory_swap, 0), P(U64, resources.memory_reservation, 0), P(U64, resources.pids, 0),
                P(U64, resources.cpu_quota, 0), P(U64, resources.cpu_period, 0), P(U64, resources.cpu_shares, 0), P(U64, resources.memory_swappiness, 0),
                P(U32, resources.oom_kill_disable, 1), P(TEXT, resources.cpuset_cpus, MAX_VALUE), P(TEXT, resources.cpuset_mems, MAX_VALUE) } },
};
const size_t plan_n_rows = ARRAY_SIZE(plan_rows);
