/* Attempts that need more than a shell: each prints what the kernel said and ends with 0 when it succeeded. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

typedef int (*Attempt)(int argc, char **argv);

/* One echo over an unprivileged ICMP socket. */
static int ping(int argc, char **argv)
{
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct icmphdr echo = { .type = ICMP_ECHO };
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (fd < 0 || sendto(fd, &echo, sizeof echo, 0, (struct sockaddr *)&to, sizeof to) < 0)
                return -errno;
        return poll(&p, 1, 3000) == 1 ? 0 : -ETIMEDOUT;
}


static int do_mount(int argc, char **argv)
{
        return mount("none", "/tmp", "tmpfs", 0, NULL) < 0 ? -errno : 0;
}

static int do_umount(int argc, char **argv)
{
        return umount2(argc > 0 ? argv[0] : "/proc/sys", MNT_DETACH) < 0 ? -errno : 0;
}

static int remount(int argc, char **argv)
{
        return mount(NULL, argv[0], NULL, MS_REMOUNT | MS_BIND, NULL) < 0 ? -errno : 0;
}

static int new_userns(int argc, char **argv)
{
        return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

/* Takes its time in a user namespace of its own, where it has every capability. */
static int nested(int argc, char **argv)
{
        if (unshare(CLONE_NEWUSER) < 0)
                return -errno;
        (void)usleep(100000);
        return 0;
}

static int keyring(int argc, char **argv)
{
        char text[256];
        long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
        long n = id < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof text);

        if (n < 0)
                return -errno;
        (void)printf("%s\n", text);
        return 0;
}

static int search_key(int argc, char **argv)
{
        return syscall(SYS_request_key, "user", argv[0], NULL, 0) < 0 ? -errno : 0;
}

static int trace(int argc, char **argv)
{
        return ptrace(PTRACE_ATTACH, (pid_t)strtol(argv[0], NULL, 10), NULL, NULL) < 0 ? -errno : 0;
}

static int send_kill(int argc, char **argv)
{
        return kill((pid_t)strtol(argv[0], NULL, 10), 0) < 0 ? -errno : 0;
}

static int block_device(int argc, char **argv)
{
        (void)unlink("/tmp/disk");
        if (mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)) < 0)
                return -errno;
        return open("/tmp/disk", O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int load_module(int argc, char **argv)
{
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

        return syscall(SYS_finit_module, fd, "", 0) < 0 ? -errno : 0;
}

static int open_write(int argc, char **argv)
{
        return open(argv[0], O_WRONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int open_read(int argc, char **argv)
{
        return open(argv[0], O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int abstract(int argc, char **argv)
{
        struct sockaddr_un to = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(to.sun_path + 1, sizeof to.sun_path - 1, "%s", argv[0]);
        return connect(fd, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[0]))) < 0 ? -errno : 0;
}

static int enter_mnt(int argc, char **argv)
{
        int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

        return fd < 0 || setns(fd, 0) < 0 ? -errno : 0;
}

/* Writes argv[0] MiB of memory. */
static int memory(int argc, char **argv)
{
        size_t n = strtoul(argv[0], NULL, 10) << 20;
        char *p = malloc(n);

        for (size_t i = 0; p && i < n; i += 4096)
                ((volatile char *)p)[i] = 1;
        return p ? 0 : -ENOMEM;
}

static int pivot(int argc, char **argv)
{
        return chdir("/") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ? -errno : 0;
}

static int set_time(int argc, char **argv)
{
        struct timespec now;

        return clock_gettime(CLOCK_REALTIME, &now) < 0 || clock_settime(CLOCK_REALTIME, &now) < 0 ? -errno : 0;
}

static int parent(int argc, char **argv)
{
        (void)printf("%d\n", (int)getppid());
        return 0;
}

static const struct { const char *name; Attempt run; } attempts[] = {
        { "ping", ping }, { "mount", do_mount }, { "umount", do_umount }, { "remount", remount }, { "userns", new_userns }, { "nested", nested },
        { "keyring", keyring }, { "key", search_key }, { "trace", trace }, { "kill", send_kill }, { "block", block_device }, { "module", load_module },
        { "write", open_write }, { "read", open_read }, { "abstract", abstract }, { "setns", enter_mnt }, { "memory", memory }, { "pivot", pivot },
        { "ppid", parent }, { "settime", set_time },
};

int main(int argc, char **argv)
{
        for (size_t i = 0; argc > 1 && i < sizeof attempts / sizeof attempts[0]; i++)
                if (strcmp(attempts[i].name, argv[1]) == 0) {
                        int r = attempts[i].run(argc - 2, argv + 2);

                        (void)printf("%s: %s\n", argv[1], r < 0 ? strerrorname_np(-r) : "ok");
                        return r < 0;
                }
        return 2;
}
