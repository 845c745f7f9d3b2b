/* Makes and opens device nodes: disks, memory, kernel log. argv: MAJOR MINOR of the host's disk */
#include "attack.h"
#include <dirent.h>
#include <sys/sysmacros.h>

static bool opens(mode_t type, unsigned major, unsigned minor)
{
        char byte;
        unlink("/tmp/node");
        if (mknod("/tmp/node", type | 0666, makedev(major, minor)) < 0)
                return false;
        int fd = open("/tmp/node", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return false;
        bool through = read(fd, &byte, 1) == 1 || errno == EAGAIN;
        close(fd);
        return through;
}

/* Nodes that somebody else may have put into /dev. */
static bool foreign_node_in_dev(void)
{
        DIR *dev = opendir("/dev");
        bool found = false;
        if (!dev)
                return false;
        errno = ENOENT;
        for (struct dirent *entry; (entry = readdir(dev));) {
                struct stat st;
                if (fstatat(dirfd(dev), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                bool memory = S_ISCHR(st.st_mode) && major(st.st_rdev) == 1 &&
                              (minor(st.st_rdev) < 3 || minor(st.st_rdev) == 4 || minor(st.st_rdev) == 11);
                found = found || S_ISBLK(st.st_mode) || memory;
        }
        closedir(dev);
        return found;
}

int main(int argc, char **argv)
{
        if (argc != 3)
                return 2;
        attempt("the host's disk", opens(S_IFBLK, (unsigned)strtoul(argv[1], NULL, 10), (unsigned)strtoul(argv[2], NULL, 10)));
        attempt("loop device", opens(S_IFBLK, 7, 0));
        attempt("/dev/mem", opens(S_IFCHR, 1, 1));
        attempt("/dev/port", opens(S_IFCHR, 1, 4));
        attempt("/dev/kmsg", opens(S_IFCHR, 1, 11));
        attempt("/dev/fuse", opens(S_IFCHR, 10, 229));
        attempt("/dev/net/tun", opens(S_IFCHR, 10, 200));
        attempt("/dev/loop-control", opens(S_IFCHR, 10, 237));
        attempt("a disk or memory in /dev", foreign_node_in_dev());
        return verdict();
}
