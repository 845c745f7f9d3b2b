/*
 * Small questions that no busybox applet asks. probe VERB [ARGUMENT] prints "ok" or the
 * error's name, and exits 0 in both cases; verbs are one table at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int chown_file(const char *path) { return chown(path, 1000, 1000); }
static int read_file(const char *path) { return open(path, O_RDONLY | O_CLOEXEC); }
static int chmod_file(const char *path) { return chmod(path, 0600); }
static int kill_pid(const char *pid) { return kill((pid_t)strtol(pid, NULL, 10), 0); }
static int set_gid(const char *id) { return setresgid((gid_t)strtoul(id, NULL, 10), (gid_t)strtoul(id, NULL, 10), (gid_t)strtoul(id, NULL, 10)); }
static int set_uid(const char *id) { return setresuid((uid_t)strtoul(id, NULL, 10), (uid_t)strtoul(id, NULL, 10), (uid_t)strtoul(id, NULL, 10)); }
static int drop_bound(const char *cap) { return prctl(PR_CAPBSET_DROP, strtoul(cap, NULL, 10), 0, 0, 0); }
static int change_root(const char *path) { return chroot(path); }
static int raw_socket(const char *unused) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int ping_socket(const char *unused) { return socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); }
static int make_null(const char *path) { return mknod(path, S_IFCHR | 0666, makedev(1, 3)); }
static int user_namespace(const char *unused) { return unshare(CLONE_NEWUSER); }
static int mount_tmpfs(const char *path) { return mount("none", path, "tmpfs", 0, NULL); }
static int bpf(const char *unused) { return (int)syscall(SYS_bpf, 5 /* BPF_PROG_LOAD */, NULL, 0); }
static int get_session_keyring(const char *unused) { return (int)syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0); }
static int request_key(const char *name) { return (int)syscall(SYS_request_key, "user", name, NULL, 0); }
static int unknown_call(const char *number) { return (int)syscall(strtol(number, NULL, 10), 0, 0, 0, 0, 0, 0); }
/* The kernel takes the lower half of the register. */
static int wide_socket(const char *family) { return (int)syscall(SYS_socket, strtol(family, NULL, 10) + (1L << 32), SOCK_STREAM, 0); }

/* socket by the 32-bit entry, whose arguments lie in memory */
static int socket_call(const char *family)
{
#ifdef __x86_64__
        unsigned *arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        long r;
        if (arguments == MAP_FAILED)
                return -1;
        arguments[0] = (unsigned)strtoul(family, NULL, 10);
        arguments[1] = SOCK_STREAM;
        __asm__ volatile("int $0x80" : "=a"(r) : "a"(102L), "b"(1L), "c"(arguments) : "memory", "r8", "r9", "r10", "r11");
        errno = r < 0 ? (int)-r : 0;
        return r < 0 ? -1 : (int)r;
#else
        (void)family;
        errno = ENOSYS;
        return -1;
#endif
}

static int file_caps(const char *path)
{
        static const unsigned char value[20] = { 0, 0, 0, 2, 1 };   /* VFS_CAP_REVISION_2, CAP_CHOWN */
        return (int)syscall(SYS_setxattr, path, "security.capability", value, sizeof(value), 0);
}

/*
 * chmod by one who is not in the file's group clears the set-gid bit, unless FSETID is there.
 * (A write clears it in any user namespace: there the kernel asks for FSETID of the host's.)
 */
static int keeps_setgid(const char *path)
{
        struct stat st;
        int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0 || fchown(fd, (uid_t)-1, 12345) < 0 || fchmod(fd, 02775) < 0 || fstat(fd, &st) < 0)
                return -1;
        errno = EPERM;
        return st.st_mode & S_ISGID ? 0 : -1;
}

static int bind_port(const char *port)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
        return bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

static int connect_abstract(const char *name)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        strncpy(address.sun_path + 1, name, sizeof(address.sun_path) - 2);
        return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address,
                       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

static int audit_write(const char *unused)
{
        struct { struct nlmsghdr head; char text[64]; } message = { .head = { .nlmsg_type = AUDIT_USER, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
        struct { struct nlmsghdr head; struct nlmsgerr error; } answer = { 0 };
        int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
        message.head.nlmsg_len = sizeof(message);
        if (fd < 0 || send(fd, &message, sizeof(message), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
                return -1;
        errno = -answer.error.error;
        return answer.error.error ? -1 : 0;
}

static int add_key(const char *name)
{
        return (int)syscall(SYS_add_key, "user", name, "secret", 6, KEY_SPEC_USER_KEYRING);
}

static int find_key(const char *name)
{
        return (int)syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0);
}

static int set_clock(const char *unused)
{
        struct timespec now;
        return clock_gettime(CLOCK_REALTIME, &now) < 0 ? -1 : clock_settime(CLOCK_REALTIME, &now);
}

/* Touches that many MiB, a page at a time. */
static int use_memory(const char *mib)
{
        size_t size = strtoul(mib, NULL, 10) << 20;
        char *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED)
                return -1;
        for (size_t at = 0; at < size; at += 4096)
                room[at] = 1;
        return 0;
}

/* Opens files until it fails; prints how many. */
static int open_files(const char *unused)
{
        int n = 0;
        while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
                n++;
        printf("%d ", n);
        return -1;
}

/* Forks sleeping children until it fails; prints how many. */
static int fork_many(const char *unused)
{
        int n = 0;
        for (pid_t pid; (pid = fork()) >= 0; n++)
                if (pid == 0) {
                        pause();
                        _exit(0);
                }
        int saved = errno;
        printf("%d ", n);
        signal(SIGTERM, SIG_IGN);
        kill(0, SIGTERM);
        errno = saved;
        return -1;
}

static int soft_limit(const char *resource)
{
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)strtol(resource, NULL, 10), &limit) < 0)
                return -1;
        printf("%llu %llu ", (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
        return 0;
}

static int effective_user(const char *unused)
{
        printf("%u ", (unsigned)geteuid());
        return 0;
}

/* Lines of 80 bytes until that many MiB are written. */
static int flood(const char *mib)
{
        static const char line[81] = "flood flood flood flood flood flood flood flood flood flood flood flood flood \n";
        for (size_t left = (strtoul(mib, NULL, 10) << 20) / 80; left; left--)
                if (write(1, line, 80) != 80)
                        return -1;
        return 0;
}

static int spin(const char *unused)
{
        for (volatile unsigned long n = 0;; n++)
                continue;
        return 0;
}

/* Orphans that exit: a reaping init leaves no zombie. */
static int orphan(const char *unused)
{
        pid_t pid = fork();
        if (pid == 0) {
                if (fork() == 0)
                        _exit(0);
                _exit(0);
        }
        return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static const struct { const char *verb; int (*run)(const char *); } verbs[] = {
        { "chown", chown_file }, { "read", read_file }, { "chmod", chmod_file }, { "kill", kill_pid }, { "setgid", set_gid },
        { "setuid", set_uid }, { "capbset-drop", drop_bound }, { "chroot", change_root }, { "raw-socket", raw_socket },
        { "ping-socket", ping_socket }, { "mknod-null", make_null }, { "userns", user_namespace }, { "mount-tmpfs", mount_tmpfs },
        { "bpf", bpf }, { "session-keyring", get_session_keyring }, { "request-key", request_key }, { "syscall", unknown_call },
        { "file-caps", file_caps }, { "keep-setgid", keeps_setgid }, { "bind", bind_port }, { "connect-abstract", connect_abstract },
        { "audit-write", audit_write }, { "add-key", add_key }, { "find-key", find_key }, { "set-clock", set_clock },
        { "memory", use_memory }, { "open-files", open_files }, { "fork-many", fork_many }, { "rlimit", soft_limit }, { "flood", flood },
        { "spin", spin }, { "euid", effective_user }, { "orphan", orphan }, { "wide-socket", wide_socket }, { "socketcall", socket_call },
};

int main(int argc, char **argv)
{
        for (size_t i = 0; argc >= 2 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
                if (strcmp(verbs[i].verb, argv[1]) != 0)
                        continue;
                int result = verbs[i].run(argc > 2 ? argv[2] : "");
                puts(result >= 0 ? "ok" : strerrorname_np(errno));
                return 0;
        }
        fprintf(stderr, "probe: no such verb\n");
        return 2;
}
