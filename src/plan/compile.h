#pragma once
/*
 * The compiler: OCI runtime specification → launch plan. A pure function: no
 * file, no clock, no environment. What OCI has no word for comes in the options.
 */
#include "plan/plan.h"
#include "spec/runtime-spec.h"

/*
 * What the words of a specification become where OCI leaves a choice:
 * mounts     "tmpfs" at /dev is the fixed device folder, at /dev/shm the shared memory (size= goes to shm_size_kib too);
 *            type "bind", "none", "" or the option bind/rbind is a bind of an absolute source; this option beside
 *            them makes a missing source folder (docker -v). One uidMappings/gidMappings row {0, id, 1} maps the
 *            container's root to that id of the source (PLAN_MOUNT_F_IDMAP).
 * devices    access of a node comes from linux.resources.devices; without any rule it is rwm.
 * user       options.user wins over process.user; process.user.additionalGids and options.group_add add up.
 * namespaces a missing type is the host's, which the ceiling judges; "time" also sets PLAN_F_TIME_NS.
 * seccomp    linux.seccomp is not compiled here: the program comes in the options, and is demanded when the member is there.
 */
#define BRIG_MOUNT_WORD_CREATE "x-brig.create"

typedef struct PlanCompileOptions {
        const char *container_id, *exec_id;      /* exec_id NULL: a container plan */
        const char *profile;
        uint32_t flags;                          /* PLAN_F_* beyond what the spec says (TTY, NNP, READONLY_ROOTFS come from it) */
        const char **layers; size_t n_layers;    /* topmost first */
        const PlanFile *files; size_t n_files;
        const struct sock_filter *bpf; size_t n_bpf; const uint8_t *seccomp_digest; uint32_t seccomp_flags; const char *seccomp_name;
        const char *user; char *const *group_add; /* unresolved user text, as Docker has it */
        const PlanLandlockRule *landlock; size_t n_landlock;
        uint64_t log_max_size; uint32_t log_max_files;
        int32_t stop_signal;
} PlanCompileOptions;

/*
 * Compiles into *ret (brig_plan_done), whose strings point into *spec and *options:
 * both must outlive it. BRIG_ERR_UNSUPPORTED / BRIG_ERR_INVALID name the member that can't be carried out.
 */
int brig_plan_compile(const RuntimeSpec *spec, const PlanCompileOptions *options, LaunchPlan *ret, BrigError *err) _must_use_;
