/* The cgroup v1 escape (CVE-2022-0492): a writable release_agent runs a program as the host's root. */
#include "attack.h"
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>

static bool opens_for_writing(const char *path)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        close(fd);
        return true;
}

static bool mounted_writable(const char *type, const char *options)
{
        mkdir("/tmp/cgroup", 0700);
        if (mount("cgroup", "/tmp/cgroup", type, 0, options) < 0)
                return false;
        bool through = opens_for_writing("/tmp/cgroup/release_agent") ||
                       (strcmp(type, "cgroup2") == 0 && opens_for_writing("/tmp/cgroup/cgroup.procs"));
        umount2("/tmp/cgroup", MNT_DETACH);
        return through;
}

static bool existing_hierarchies(void)
{
        DIR *folder = opendir("/sys/fs/cgroup");
        bool through = false;
        if (!folder)
                return false;
        for (struct dirent *entry; (entry = readdir(folder));) {
                static const char *const names[] = { "release_agent", "notify_on_release", "cgroup.procs", "devices.allow", "memory.limit_in_bytes", "memory.max" };
                for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                        char path[512];
                        snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s", entry->d_name, names[i]);
                        through = through || opens_for_writing(path);
                }
        }
        closedir(folder);
        return through;
}

int main(void)
{
        static const char *const controllers[] = { "memory", "cpu", "cpuset", "devices", "freezer", "blkio", "pids", "rdma", "none,name=attack" };
        attempt("the hierarchies at /sys/fs/cgroup", existing_hierarchies());
        for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
                attempt(controllers[i], mounted_writable("cgroup", controllers[i]));
        attempt("cgroup2", mounted_writable("cgroup2", NULL));
        if (unshare(CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWNS) < 0)
                attempt("namespaces of its own", false);
        else
                attempt("namespaces of its own", mounted_writable("cgroup", "memory") || mounted_writable("cgroup", "rdma"));
        return verdict();
}
