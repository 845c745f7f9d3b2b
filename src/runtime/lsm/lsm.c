#include "runtime/lsm/lsm-internal.h"

#include "base/strings.h"
#include "runtime/launch-internal.h"
#include "sys/fd.h"
#include "sys/procinfo.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

const LabelModule *const brig_lsm_modules[] = { &brig_lsm_apparmor, &brig_lsm_selinux, NULL };

/* The image's idea of /proc must not get the label: only a real procfs does (CVE-2019-16884). */
static int open_attr(void)
{
        _cleanup_close_ int fd = open("/proc/self/attr", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct statfs fs;

        if (fd < 0)
                return -errno;
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        return fs.f_type == PROC_SUPER_MAGIC ? TAKE_FD(fd) : -ENOTTY;
}

static int apply(const LabelModule *m, const char *label, BrigError *err)
{
        _cleanup_close_ int attr = open_attr();
        _cleanup_free_ char *text = brig_str_printf("%s%s", m->exec_prefix, label);
        int r = attr < 0 ? attr : !text ? -ENOMEM : brig_file_write(attr, m->exec_file, text);

        /* Asked for and not to be had: the start ends here. */
        return r < 0 ? brig_error_errno(err, BRIG_ERR_UNSUPPORTED, r, "cannot apply the %s label \"%s\"", m->name, label) : 0;
}

int brig_step_label(Launch *l, BrigError *err)
{
        for (const LabelModule *const *m = brig_lsm_modules; *m; m++) {
                const char *label = (*m)->asked(l->plan);
                int r = *label ? apply(*m, label, err) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

int brig_lsm_effective(const LabelModule *m, const LaunchPlan *p, int proc_fd, pid_t pid)
{
        const char *label = m->asked(p);
        char file[64], text[512];
        ssize_t n;

        (void)snprintf(file, sizeof file, "attr/%s", m->current_file);
        n = brig_procinfo_read(proc_fd, pid, file, text, sizeof text);
        if (n < 0)
                return (int)n;
        text[strcspn(text, "\n")] = '\0';
        /* AppArmor appends its mode: "profile (enforce)". A profile in complain mode is not in force. */
        return brig_str_has_prefix(text, label) && (streq(text + strlen(label), "") || streq(text + strlen(label), " (enforce)"));
}
