/* Opens for writing what steers the whole kernel. Nothing is written: that the file opens is the finding. */
#include "attack.h"

static const char *const files[] = {
        "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/proc/sys/kernel/panic",
        "/proc/sys/kernel/sysrq", "/proc/sys/kernel/randomize_va_space", "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/drop_caches",
        "/proc/sys/fs/binfmt_misc/register", "/proc/sys/fs/protected_symlinks", "/proc/sys/kernel/dmesg_restrict",
        "/proc/sys/kernel/unprivileged_bpf_disabled", "/proc/sysrq-trigger", "/proc/irq/0/smp_affinity", "/proc/mtrr", "/proc/kmem",
        "/sys/kernel/uevent_helper", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state",
        "/sys/module/kernel/parameters/panic", "/sys/kernel/debug/clear_warn_once", "/sys/fs/cgroup/release_agent", "/sys/kernel/profiling",
};

/* Unreadable from a container: they hold what belongs to the whole machine. */
static const char *const secrets[] = {
        "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/latency_stats", "/proc/sched_debug", "/proc/kmsg", "/dev/mem", "/dev/kmsg",
        "/sys/firmware/acpi/tables/DSDT", "/sys/kernel/security/lockdown", "/sys/kernel/debug/sched/debug",
};

static bool has_content(const char *path)
{
        char byte;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return false;
        errno = 0;
        ssize_t n = read(fd, &byte, 1);
        close(fd);
        return n == 1;
}

int main(void)
{
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                int fd = open(files[i], O_WRONLY | O_CLOEXEC);
                attempt(files[i], fd >= 0);
                if (fd >= 0)
                        close(fd);
        }
        for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
                attempt(secrets[i], has_content(secrets[i]));
        return verdict();
}
