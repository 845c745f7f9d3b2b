/*
 * The list of everything that happens between a plan and a payload, in order.
 * A feature is a file; here it says when its steps run. What has to come before
 * what is argued in docs/design/container-start.md.
 */
#include "runtime/launch-internal.h"

#include "runtime/birth-internal.h"
#include <stdarg.h>

#define CONTAINER (1u << PLAN_KIND_CONTAINER)
#define EXEC (1u << PLAN_KIND_EXEC)
#define BOTH (CONTAINER | EXEC)

static const Step steps[] = {
        { STAGE_HOST, CONTAINER, brig_step_binds_resolve },     /* first: the ceiling refuses before anything exists */
        { STAGE_HOST, CONTAINER, brig_step_storage_clone },
        { STAGE_HOST, CONTAINER, brig_step_cgroup_create },
        { STAGE_HOST, CONTAINER, brig_step_cgroup_clone },
        { STAGE_HOST, CONTAINER, brig_step_limits_raise },

        { STAGE_STAGING, CONTAINER, brig_step_staging_enter },
        { STAGE_STAGING, CONTAINER, brig_step_rootfs_mount },
        { STAGE_STAGING, CONTAINER, brig_step_dev_build },
        { STAGE_STAGING, CONTAINER, brig_step_binds_attach },
        { STAGE_STAGING, CONTAINER, brig_step_cgroup_attach },
        { STAGE_STAGING, CONTAINER, brig_step_time_namespace }, /* last: only the next birth may enter it */

        { STAGE_SETUP, CONTAINER, brig_step_hostname },
        { STAGE_SETUP, CONTAINER, brig_step_loopback },
        { STAGE_SETUP, CONTAINER, brig_step_sysctls },
        { STAGE_SETUP, CONTAINER, brig_step_root_attach },
        { STAGE_SETUP, CONTAINER, brig_step_mounts },
        { STAGE_SETUP, CONTAINER, brig_step_files },
        { STAGE_SETUP, CONTAINER, brig_step_cwd_make },
        { STAGE_SETUP, CONTAINER, brig_step_stdio_open },
        { STAGE_SETUP, CONTAINER, brig_step_console },

        { STAGE_DOMAIN, CONTAINER, brig_step_keyring },
        { STAGE_DOMAIN, CONTAINER, brig_step_landlock },

        { STAGE_BORN, CONTAINER, brig_step_proc_make },
        { STAGE_BORN, BOTH, brig_step_cgroup_join },

        { STAGE_ENTER, CONTAINER, brig_step_proc_attach },
        { STAGE_ENTER, CONTAINER, brig_step_masks },
        { STAGE_ENTER, CONTAINER, brig_step_root_readonly },
        { STAGE_ENTER, CONTAINER, brig_step_pivot },

        { STAGE_PROCESS, BOTH, brig_step_user },
        { STAGE_PROCESS, EXEC, brig_step_stdio_open },
        { STAGE_PROCESS, BOTH, brig_step_session },
        { STAGE_PROCESS, BOTH, brig_step_cwd_enter },
        { STAGE_PROCESS, BOTH, brig_step_command },
        { STAGE_PROCESS, BOTH, brig_step_rlimits },             /* late: a tight nofile must not break our own work */

        { STAGE_LOCK, BOTH, brig_step_label },                  /* before no_new_privs, which forbids a label change */
        { STAGE_LOCK, BOTH, brig_step_privilege },
};

int brig_stage_run(Stage stage, Launch *l, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                int r;

                if (steps[i].stage != stage || !(steps[i].kinds & 1u << l->plan->kind))
                        continue;
                r = steps[i].run(l, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool brig_launch_layer(const Launch *l, unsigned layer)
{
        return !(l->request->disabled & layer);
}

void brig_launch_warn(Launch *l, const char *fmt, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        if (vsnprintf(text, sizeof text, fmt, ap) < 0)
                text[0] = '\0';
        va_end(ap);
        if (l->warnings)
                (void)brig_buffer_printf(l->warnings, "%s\n", text);
        else
                brig_birth_warn(l->link, text);
}
