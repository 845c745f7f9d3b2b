/* AppArmor: "exec <profile>" into attr/apparmor/exec; a profile that is not loaded is refused there (ENOENT). */
#include "runtime/lsm/lsm-internal.h"

static const char *asked(const LaunchPlan *p)
{
        return p->apparmor_profile ? p->apparmor_profile : "";
}

const LabelModule brig_lsm_apparmor = {
        .name = "apparmor",
        .asked = asked,
        .exec_file = "apparmor/exec",
        .current_file = "apparmor/current",
        .exec_prefix = "exec ",
};
