/*
 * Not run in a container but on the host, by the test: takes the credentials that a
 * container's root has (its user namespace and nothing else of it), so it stands where a
 * process stands that broke out of every other namespace. Then it tries what root could
 * do. argv: host pid of the container's init, a file of the host's root, a host pid
 */
#include "attack.h"
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static bool become_container_root(const char *pid)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%s/ns/user", pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(fd, CLONE_NEWUSER) < 0)
                return false;
        close(fd);
        return setgroups(0, NULL) == 0 && setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0;
}

static bool writable(const char *path)
{
        int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        return fd >= 0;
}

int main(int argc, char **argv)
{
        if (argc != 4 || !become_container_root(argv[1])) {
                perror("breakout: could not take the container's credentials");
                return 2;
        }
        pid_t victim = (pid_t)strtol(argv[3], NULL, 10);
        attempt("read root's file", sees(argv[2]));
        attempt("write root's file", writable(argv[2]));
        attempt("read /etc/shadow", sees("/etc/shadow"));
        attempt("write /etc/passwd", writable("/etc/passwd"));
        attempt("write core_pattern", writable("/proc/sys/kernel/core_pattern"));
        attempt("signal a host process", kill(victim, 0) == 0);
        attempt("ptrace a host process", ptrace(PTRACE_SEIZE, victim, NULL, NULL) == 0);
        attempt("mount over the host", mount("none", "/mnt", "tmpfs", 0, NULL) == 0);
        attempt("make a disk node", mknod("/tmp/brig-breakout-node", S_IFBLK | 0600, makedev(7, 0)) == 0);
        attempt("load a module", syscall(SYS_init_module, "", 0, "") == 0 || (errno != EPERM && errno != ENOSYS));
        attempt("chroot to the host's root and keep rights", chroot("/proc/1/root") == 0 && sees(argv[2]));
        attempt("set the host's name", sethostname("owned", 5) == 0);
        return verdict();
}
