#include "programs/brig-unpack/sandbox.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "no seccomp filter for this architecture"
#endif

/* The sanitizers' runtimes reserve terabytes and probe the system: the filter then answers ENOSYS instead of killing. */
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

#define DENIED (SANITIZED ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_KILL_PROCESS)

#define MAX_DESCRIPTORS 96
#define MAX_MEMORY (UINT64_C(768) << 20)

/* --- limits and capabilities ------------------------------------------- */

static const struct { int resource; rlim_t limit; } limits[] = {
        { RLIMIT_CORE, 0 },
        { RLIMIT_NOFILE, MAX_DESCRIPTORS },
#if !SANITIZED
        { RLIMIT_DATA, MAX_MEMORY },
#endif
};

/* Only ever lowers: raising a hard limit needs a capability that the namespace does not give. */
static int lower_limit(int resource, rlim_t wanted)
{
        struct rlimit now;

        if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
                return -errno;
        if (now.rlim_max == RLIM_INFINITY || now.rlim_max > wanted)
                now.rlim_max = wanted;
        now.rlim_cur = now.rlim_max;
        return setrlimit((__rlimit_resource_t)resource, &now) < 0 ? -errno : 0;
}

static int lower_limits(uint64_t max_file_bytes)
{
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(limits) && r == 0; i++)
                r = lower_limit(limits[i].resource, limits[i].limit);
        /* A file over the limit is then EFBIG, which is reported, instead of a signal. */
        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
                return -errno;
        return r == 0 ? lower_limit(RLIMIT_FSIZE, max_file_bytes) : r;
}

static int drop_capabilities(void)
{
        uint32_t keep = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID | 1u << CAP_SETFCAP;
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct now[2] = { 0 }, wanted[2] = { 0 };

        if (syscall(SYS_capget, &header, now) < 0)
                return -errno;
        /* Started by hand without some of them the files of others just fail: not our concern here. */
        wanted[0].effective = wanted[0].permitted = now[0].permitted & keep;
        return syscall(SYS_capset, &header, wanted) < 0 ? -errno : 0;
}

/* --- Landlock ---------------------------------------------------------- */

/* Own definitions: the names of newer ABIs are missing from older headers. */
typedef struct LandlockRuleset { uint64_t handled_fs, handled_net, scoped; } LandlockRuleset;
typedef struct LandlockAbi { int abi; LandlockRuleset adds; } LandlockAbi;

#define FS_ABI1 UINT64_C(0x1fff)
#define FS_REFER (UINT64_C(1) << 13)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)

static const LandlockAbi landlock_abis[] = {
        { 1, { .handled_fs = FS_ABI1 } },
        { 2, { .handled_fs = FS_REFER } },
        { 3, { .handled_fs = FS_TRUNCATE } },
        { 4, { .handled_net = 3 } },
        { 5, { .handled_fs = FS_IOCTL_DEV } },
        { 6, { .scoped = 3 } },
};

/* Device nodes and sockets are never made here, but a whiteout is a character device 0/0. */
#define FS_NEVER (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_BLOCK | FS_IOCTL_DEV)

static int allow_folder(int ruleset, int dir_fd, uint64_t handled)
{
        struct landlock_path_beneath_attr rule = { .allowed_access = handled & ~(uint64_t)FS_NEVER, .parent_fd = dir_fd };

        return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

/* 1: in force; 0: this kernel has none. */
static int enter_landlock(int dir_fd)
{
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        LandlockRuleset rules = { 0 };
        _cleanup_close_ int ruleset = -EBADF;
        int r;

        if (abi < 0)
                return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
        for (size_t i = 0; i < ARRAY_SIZE(landlock_abis) && landlock_abis[i].abi <= abi; i++) {
                rules.handled_fs |= landlock_abis[i].adds.handled_fs;
                rules.handled_net |= landlock_abis[i].adds.handled_net;
                rules.scoped |= landlock_abis[i].adds.scoped;
        }
        ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
        if (ruleset < 0)
                return -errno;
        r = allow_folder(ruleset, dir_fd, rules.handled_fs);
        if (r < 0)
                return r;
        return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 1;
}

/*
 * The folder is all there is: no other path has a name here any more. Started by
 * hand, without the capability, Landlock alone has to do; neither is a refusal.
 */
static int enter_folder(int dir_fd)
{
        if (fchdir(dir_fd) < 0 || chroot(".") < 0)
                return errno == EPERM ? 0 : -errno;
        return 1;
}

static int confine(int dir_fd)
{
        int folder = enter_folder(dir_fd), landlock = enter_landlock(dir_fd);

        if (folder < 0 || landlock < 0)
                return folder < 0 ? folder : landlock;
        return folder + landlock > 0 ? 0 : -EPERM;
}

/* --- seccomp ----------------------------------------------------------- */

static const uint16_t allowed_calls[] = {
        /* bytes */
        SYS_read, SYS_write, SYS_writev, SYS_pwrite64, SYS_lseek, SYS_close, SYS_fcntl,
        /* files below the folder */
        SYS_openat, SYS_openat2, SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_linkat, SYS_unlinkat, SYS_renameat, SYS_renameat2,
        SYS_getdents64, SYS_fstat, SYS_newfstatat, SYS_statx,
        SYS_fchown, SYS_fchownat, SYS_fchmod, SYS_fchmodat, SYS_utimensat, SYS_fsetxattr, SYS_fremovexattr, SYS_ftruncate,
        SYS_fsync, SYS_syncfs,
        /* memory; mmap and mprotect are judged apart */
        SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise,
        /* what the C library does by itself */
        SYS_futex, SYS_getrandom, SYS_clock_gettime, SYS_gettid, SYS_getpid, SYS_tgkill,
        SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
        SYS_exit, SYS_exit_group,
};

static const uint16_t mapping_calls[] = { SYS_mmap, SYS_mprotect };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define HEADER_LEN 6
#define MAPPING_LEN 4
#define FILTER_LEN (HEADER_LEN + ARRAY_SIZE(mapping_calls) * (1 + MAPPING_LEN) + 2 * ARRAY_SIZE(allowed_calls) + 1)

static unsigned short build_filter(struct sock_filter f[FILTER_LEN])
{
        /* The low half of the third argument is PROT_* for both; x32 calls carry bit 30. */
        const struct sock_filter header[HEADER_LEN] = {
                LOAD(arch),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
                RETURN(DENIED),
                LOAD(nr),
                BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
                RETURN(DENIED),
        };
        const struct sock_filter mapping[MAPPING_LEN] = {
                LOAD(args[2]),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
                RETURN(DENIED),
                RETURN(SECCOMP_RET_ALLOW),
        };
        unsigned short n = HEADER_LEN;

        memcpy(f, header, sizeof(header));
        for (size_t i = 0; i < ARRAY_SIZE(mapping_calls); i++) {
                f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mapping_calls[i], 0, MAPPING_LEN);
                memcpy(f + n, mapping, sizeof(mapping));
                n += MAPPING_LEN;
        }
        for (size_t i = 0; i < ARRAY_SIZE(allowed_calls); i++) {
                f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed_calls[i], 0, 1);
                f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
        }
        f[n++] = (struct sock_filter)RETURN(DENIED);
        return n;
}

static int enter_seccomp(void)
{
        struct sock_filter code[FILTER_LEN];
        struct sock_fprog program = { .len = build_filter(code), .filter = code };

        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}

/* ----------------------------------------------------------------------- */

int brig_unpack_sandbox_enter(int dir_fd, uint64_t max_file_bytes, BrigError *err)
{
        int r = lower_limits(max_file_bytes);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot lower the resource limits");
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set no_new_privs");
        r = confine(dir_fd);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot confine itself to the folder");
        r = drop_capabilities();
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot drop capabilities");
        r = enter_seccomp();
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot load the seccomp filter");
        return 0;
}
