/* SELinux: the whole context into attr/exec. */
#include "runtime/lsm/lsm-internal.h"

static const char *asked(const LaunchPlan *p)
{
        return p->selinux_label ? p->selinux_label : "";
}

const LabelModule brig_lsm_selinux = {
        .name = "selinux",
        .asked = asked,
        .exec_file = "exec",
        .current_file = "current",
        .exec_prefix = "",
};
