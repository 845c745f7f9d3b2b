#include "programs/brig-api/sandbox.h"

#include "base/strings.h"
#include "brig-config.h"
#include "sys/credential.h"
#include "sys/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* --- privilege --------------------------------------------------------- */

int sandbox_check_privilege(BrigError *err)
{
        CapabilitySets sets;
        uid_t r, e, s;
        int result;

        if (getresuid(&r, &e, &s) < 0 || r == 0 || e == 0 || s == 0)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "brig-api runs as root: it is started by brigd as an unprivileged user");
        result = brig_capability_get(&sets);
        if (result < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, result, "cannot read the capabilities of this process");
        if (sets.effective | sets.permitted | sets.inheritable)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "brig-api has capabilities: it is started by brigd without any");
        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "brig-api runs without no_new_privs: it is started by brigd");
        return 0;
}

/* --- Landlock ---------------------------------------------------------- */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define LIST LANDLOCK_ACCESS_FS_READ_DIR
/* No devices, sockets or programs are ever made or run here. */
#define OWN (~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
                         LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO))

typedef struct PathRule { const char *path; uint64_t access; } PathRule;

/* Below the data root; the rest of it belongs to root and to the storage range. */
static const PathRule own_folders[] = {
        { "", LIST }, { "/blobs", OWN }, { "/state", OWN }, { "/containers", READ },
};

/* A row whose file does not exist allows nothing. */
static const PathRule host_paths[] = {
        { BRIG_SYSCONFDIR, READ }, { BRIG_DATADIR, READ }, { "/etc/containers", READ }, { "/etc/ssl", READ }, { "/usr/share/ca-certificates", READ },
        { "/etc/pki", READ }, { "/etc/resolv.conf", READ }, { "/etc/hosts", READ }, { "/etc/host.conf", READ }, { "/etc/nsswitch.conf", READ },
        { "/etc/gai.conf", READ }, { "/etc/os-release", READ }, { "/usr/lib/os-release", READ }, { "/etc/machine-id", READ },
        { "/etc/localtime", READ }, { "/usr/share/zoneinfo", READ }, { "/proc", READ }, { "/sys", READ },
        { "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE }, { "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE },
};

static int allow(int ruleset, int abi, const char *path, uint64_t access)
{
        _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);

        if (fd < 0)
                return errno == ENOENT || errno == EACCES ? 0 : -errno;
        return brig_landlock_allow(ruleset, abi, access, fd);
}

static int allow_own(int ruleset, int abi, const char *data_root)
{
        for (size_t i = 0; i < ARRAY_SIZE(own_folders); i++) {
                _cleanup_free_ char *path = brig_str_printf("%s%s", data_root, own_folders[i].path);
                int r = path ? allow(ruleset, abi, path, own_folders[i].access) : -ENOMEM;

                if (r < 0)
                        return r;
        }
        return 0;
}

static int enter_landlock(const char *data_root, const char *config_file, bool *ret_landlock)
{
        int abi = brig_landlock_abi(), r;
        _cleanup_close_ int ruleset = -EBADF;

        *ret_landlock = abi > 0;
        if (abi == 0)
                return 0;
        ruleset = brig_landlock_new(abi);
        if (ruleset < 0)
                return ruleset;
        r = allow_own(ruleset, abi, data_root);
        for (size_t i = 0; i < ARRAY_SIZE(host_paths) && r >= 0; i++)
                r = allow(ruleset, abi, host_paths[i].path, host_paths[i].access);
        if (r >= 0)
                r = allow(ruleset, abi, config_file, LANDLOCK_ACCESS_FS_READ_FILE);
        return r < 0 ? r : brig_landlock_restrict(ruleset);
}

/* --- seccomp ----------------------------------------------------------- */

/* Sanitizers start threads and map memory in their own ways. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const char *const allowed[] = {
        /* bytes and descriptors */
        "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "lseek", "close", "close_range", "dup", "dup2", "dup3",
        "fcntl", "pipe2", "eventfd2", "timerfd_create", "timerfd_settime", "signalfd4", "memfd_create", "sendfile", "copy_file_range", "splice",
        "fadvise64", "fallocate", "flock", "inotify_init1", "inotify_add_watch",
        /* files */
        "open", "openat", "openat2", "access", "faccessat", "faccessat2", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs",
        "getdents64", "readlink", "readlinkat", "getcwd", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2",
        "link", "linkat", "ftruncate", "fsync", "fdatasync", "sync_file_range", "syncfs", "chmod", "fchmod", "fchmodat", "utimensat", "umask",
        "fchown", "geteuid",
        /* waiting */
        "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "futex", "nanosleep", "clock_nanosleep",
        "restart_syscall",
        /* sockets that exist, and pairs */
        "accept", "accept4", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg", "shutdown", "getsockname", "getpeername",
        "getsockopt", "setsockopt", "listen",
        /* memory and threads; mmap, mprotect, clone, socketpair, prctl are judged below */
        "brk", "munmap", "mremap", "madvise", "mlock", "munlock", "mincore", "membarrier", "set_robust_list", "rseq", "arch_prctl", "set_tid_address",
        "sched_yield", "sched_getaffinity", "gettid", "getpid", "getppid", "getuid", "getgid", "getegid", "getresuid", "getresgid", "exit", "exit_group",
        /* signals */
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "tgkill",
        /* facts */
        "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom", "uname", "sysinfo", "getrlimit", "prlimit64", "getrusage", "getcpu",
        "landlock_create_ruleset",
};

/* Never asked for by this program: whoever calls one of these is not it. */
static const char *const fatal[] = {
        "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2", "move_mount", "open_tree",
        "fsopen", "fsmount", "mount_setattr", "pivot_root", "chroot", "setns", "unshare", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
        "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "keyctl", "add_key", "request_key", "setuid", "setgid",
        "setresuid", "setresgid", "setgroups", "capset", "open_by_handle_at", "name_to_handle_at", "process_madvise", "pidfd_getfd", "reboot",
        "swapon", "swapoff", "acct", "quotactl", "iopl", "ioperm", "modify_ldt", "personality",
};

static int add_names(scmp_filter_ctx f, uint32_t action, const char *const *names, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                int nr = seccomp_syscall_resolve_name(names[i]), r;

                /* A call that this architecture does not have needs no rule. */
                if (nr < 0)
                        continue;
                r = seccomp_rule_add(f, action, nr, 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

typedef struct ArgumentRule { const char *name; unsigned argument; uint64_t mask, value; } ArgumentRule;

static const ArgumentRule judged[] = {
        { "clone", 0, CLONE_THREAD, CLONE_THREAD },
        { "mmap", 2, PROT_EXEC, SANITIZED ? PROT_EXEC : 0 }, { "mmap", 2, PROT_EXEC, 0 },
        { "mprotect", 2, PROT_EXEC, SANITIZED ? PROT_EXEC : 0 }, { "mprotect", 2, PROT_EXEC, 0 },
        { "socketpair", 0, UINT32_MAX, AF_UNIX },
        { "prctl", 0, UINT32_MAX, PR_SET_NAME },
        { "ioctl", 1, UINT32_MAX, 0x5401 /* TCGETS: isatty */ }, { "ioctl", 1, UINT32_MAX, 0x541b /* FIONREAD */ },
};

static int add_judged(scmp_filter_ctx f)
{
        for (size_t i = 0; i < ARRAY_SIZE(judged); i++) {
                const ArgumentRule *j = &judged[i];
                int nr = seccomp_syscall_resolve_name(j->name);
                int r = nr < 0 ? 0 : seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 1, SCMP_CMP(j->argument, SCMP_CMP_MASKED_EQ, j->mask, j->value));

                if (r < 0 && r != -EEXIST)
                        return r;
        }
        return 0;
}

/*
 * What is on neither list is ENOSYS: the C library then falls back (clone3 to clone). A thread is a
 * clone with CLONE_THREAD; without it the call answers ENOSYS too.
 */
static int enter_seccomp(void)
{
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
        int r;

        if (!f)
                return -ENOMEM;
        /* A stranger's architecture (32-bit calls) ends the process: libseccomp's default for calls of another ABI. */
        r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        if (r >= 0)
                r = add_names(f, SCMP_ACT_ALLOW, allowed, ARRAY_SIZE(allowed));
        if (r >= 0)
                r = add_names(f, SCMP_ACT_KILL_PROCESS, fatal, ARRAY_SIZE(fatal));
        if (r >= 0)
                r = add_judged(f);
        if (r >= 0)
                r = seccomp_load(f);
        seccomp_release(f);
        return r;
}

int sandbox_enter(const char *data_root, const char *config_file, bool *ret_landlock, BrigError *err)
{
        int r = enter_landlock(data_root, config_file, ret_landlock);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot enter the Landlock domain");
        /* Not readable through /proc by another process of the same user, and no core file with its memory. */
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot become undumpable");
        r = enter_seccomp();
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot load the seccomp filter") : 0;
}
