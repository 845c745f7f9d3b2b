/*
 * The floor: the least that a container of this kind costs the kernel. All
 * namespaces in one clone3, an overlay, proc, a /dev of tmpfs with devpts, shm and
 * mqueue, sysfs, pivot_root, exec. No id range, no filter, no limits, no log, no
 * error messages: an engine that comes near it has nothing left to win.
 *
 * floor LOWER SCRATCH PROGRAM [ARGUMENT...]: LOWER is an unpacked root file system, SCRATCH an empty folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP)

static void must(long result, const char *what)
{
        if (result < 0) {
                fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
                _exit(125);
        }
}

static void write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        must(fd, path);
        must(write(fd, text, strlen(text)), path);
        close(fd);
}

static void mount_dev(void)
{
        static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
        must(mount("none", "dev", "tmpfs", MS_NOSUID, "mode=755,size=64k"), "mount /dev");
        must(mkdir("dev/pts", 0755) | mkdir("dev/shm", 01777) | mkdir("dev/mqueue", 0755), "folders of /dev");
        must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"), "mount /dev/pts");
        must(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m"), "mount /dev/shm");
        must(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount /dev/mqueue");
        for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
                char inside[32], outside[32];
                snprintf(inside, sizeof(inside), "dev/%s", nodes[i]);
                snprintf(outside, sizeof(outside), "/dev/%s", nodes[i]);
                int fd = open(inside, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
                must(fd, inside);
                close(fd);
                must(mount(outside, inside, NULL, MS_BIND, NULL), inside);
        }
        must(symlink("/proc/self/fd", "dev/fd") | symlink("pts/ptmx", "dev/ptmx"), "links of /dev");
}

static void enter_root(const char *lower, const char *scratch)
{
        char options[8192];
        must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
        snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work,userxattr", lower, scratch, scratch);
        must(chdir(scratch), scratch);
        must(mount("overlay", "merged", "overlay", 0, options), "mount the overlay");
        must(chdir("merged"), "merged");
        mkdir("proc", 0755);
        mkdir("sys", 0755);
        mkdir("dev", 0755);
        must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount /proc");
        must(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL), "mount /sys");
        mount_dev();
        must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
        must(umount2(".", MNT_DETACH), "leave the old root");
        must(chdir("/"), "/");
}

int main(int argc, char **argv)
{
        char path[4200];
        int ready[2], status;
        if (argc < 4)
                return 125;
        static const char *const folders[] = { "upper", "work", "merged" };
        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
                snprintf(path, sizeof(path), "%s/%s", argv[2], folders[i]);
                mkdir(path, 0755);
        }
        must(pipe2(ready, O_CLOEXEC), "pipe");
        struct clone_args args = { .flags = NAMESPACES, .exit_signal = SIGCHLD };
        pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
        must(pid, "clone3");
        if (pid == 0) {
                char go;
                must(read(ready[0], &go, 1), "wait for the id map");
                enter_root(argv[1], argv[2]);
                execv(argv[3], argv + 3);
                must(-1, argv[3]);
        }
        snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
        write_file(path, "0 0 65536");
        snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
        write_file(path, "0 0 65536");
        must(write(ready[1], "x", 1), "tell the child");
        must(waitpid(pid, &status, 0), "wait");
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
