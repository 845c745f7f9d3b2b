#pragma once
/*
 * From a container's definition to the two inputs of the plan compiler: an OCI
 * runtime specification, and the options that OCI has no word for. Each file
 * fills its part of ContainerSpec; container-spec.c has the order.
 */
#include "engine/definition.h"
#include "plan/compile.h"
#include "plan/seccomp.h"
#include "spec/runtime-spec.h"

/* What one of DESIGN's profiles says; spec-security.c has the table. */
typedef struct SecurityProfile {
        const char *name;
        bool no_new_privs, readonly_rootfs, memory_required;
        int64_t pids;
        const char *seccomp;            /* name of a built-in profile */
} SecurityProfile;

/* The outcome of profile, --security-opt, --privileged and the capability options. */
typedef struct SecurityChoice {
        const SecurityProfile *profile;
        bool no_new_privs;
        bool system_paths;              /* masked and read-only paths apply */
        char *seccomp;                  /* JSON text of the user; NULL: the profile's built-in one */
        bool seccomp_unconfined;
        char *apparmor;                 /* NULL: none asked for */
        uint64_t caps;
} SecurityChoice;

/* What the definition leaves to the daemon. */
typedef struct SpecDefaults {
        const char *profile;
        int64_t pids, nofile, memory, log_max_size;
        uint32_t log_max_files;
        bool init;
} SpecDefaults;

#define SPEC_FILES 3
typedef struct ContainerSpec {
        RuntimeSpec spec;
        SecurityChoice security;
        uint32_t flags;                 /* PLAN_F_* */
        PlanFile files[SPEC_FILES];     /* their data is owned */
        size_t n_files;
        PlanLandlockRule landlock;
        uint64_t log_max_size;
        uint32_t log_max_files;
        int stop_signal;
} ContainerSpec;

/* Builds all of it; *ret is to be cleared. */
int brig_container_spec_build(const ContainerDefinition *d, const char *id, const SpecDefaults *defaults, ContainerSpec *ret, BrigError *err) _must_use_;
void brig_container_spec_clear(ContainerSpec *s);

/* --- spec-security.c ---------------------------------------------------- */

const SecurityProfile *brig_security_profile(const char *name);  /* NULL when there is none of that name */
int brig_security_choose(const HostConfig *host, const char *default_profile, SecurityChoice *ret, BrigError *err) _must_use_;
void brig_security_clear(SecurityChoice *c);
/* Docker's lists of paths that are hidden or read-only. */
extern const char *const brig_masked_paths[], *const brig_readonly_paths[];
/* process.capabilities of a mask; NULL when out of memory. */
RuntimeCapabilities *brig_capabilities_of(uint64_t mask, bool ambient) _must_use_;
/* Creates that grant much say so: texts for the create response. */
int brig_security_warnings(const ContainerDefinition *d, const SecurityChoice *c, char ***warnings) _must_use_;

/* --- the parts of a specification --------------------------------------- */

int brig_spec_mounts(const ContainerDefinition *d, ContainerSpec *s, BrigError *err) _must_use_;
int brig_spec_resources(const ContainerDefinition *d, const SpecDefaults *defaults, ContainerSpec *s, BrigError *err) _must_use_;
int brig_spec_files(const ContainerDefinition *d, ContainerSpec *s, BrigError *err) _must_use_;
/* Whether a mode word asks for the host's own namespace. */
bool brig_is_host_mode(const char *mode);

#define BRIG_ULIMIT_AT(host, i) (&((UlimitRequest *)(host)->ulimits.items)[i])
#define BRIG_MOUNT_AT(host, i) (&((MountRequest *)(host)->mounts.items)[i])
