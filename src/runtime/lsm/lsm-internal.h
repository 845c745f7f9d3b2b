#pragma once
/* Mandatory access control that labels processes: one file per module behind this table. */
#include "plan/plan.h"

typedef struct LabelModule {
        const char *name;                               /* "apparmor": for reports */
        const char *(*asked)(const LaunchPlan *p);      /* "" when the plan names none */
        const char *exec_file;                          /* below /proc/<pid>/attr: the label of the next execve */
        const char *current_file;                       /* the label in force */
        const char *exec_prefix;                        /* what goes before the label in exec_file */
} LabelModule;
extern const LabelModule brig_lsm_apparmor, brig_lsm_selinux;

/* NULL-terminated. */
extern const LabelModule *const brig_lsm_modules[];
/* Is the label in force for pid the one that the plan asked for? 1, 0, or -errno when it cannot be read. */
int brig_lsm_effective(const LabelModule *m, const LaunchPlan *p, int proc_fd, pid_t pid) _must_use_;
