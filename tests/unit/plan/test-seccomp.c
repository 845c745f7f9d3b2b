/*
 * Seccomp profiles: compiled, loaded into a child, and asked. P5 and N10, with the
 * same calls before the filter to show that it is the filter that refuses.
 */
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "plan/capability.h"
#include "plan/seccomp.h"
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

typedef long (*Attempt)(void);

static long try_keyctl(void) { return syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3 /* session */, 1); }
static long try_mount(void) { return mount("none", "/proc", "tmpfs", 0, NULL); }
static long try_userns(void) { return unshare(CLONE_NEWUSER); }
static long try_clone3(void) { return syscall(SYS_clone3, NULL, 0); }
static long try_clone_newns(void) { return syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, 0); }
static long try_bpf(void) { return syscall(SYS_bpf, 0, NULL, 0); }
static long try_module(void) { return syscall(SYS_init_module, NULL, 0, ""); }
static long try_unknown(void) { return syscall(1023); }
static long try_getpid(void) { return syscall(SYS_getppid) > 0 ? 0 : -1; }
static long try_alg(void) { return socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0); }
static long try_inet(void) { int fd = socket(AF_UNIX, SOCK_STREAM, 0); if (fd >= 0) close(fd); return fd >= 0 ? 0 : -1; }

static long try_wide_alg(void) { return syscall(SYS_socket, 38 + (1L << 32), SOCK_SEQPACKET, 0); }
static long try_wide_vsock(void) { return syscall(SYS_socket, 40 + (1L << 32), SOCK_STREAM, 0); }

#ifdef __x86_64__
static unsigned *arguments;

/* The 32-bit entry, whose arguments lie in memory: socketcall(SYS_SOCKET, { family, ... }). */
static long try_socketcall(void)
{
        long r;

        arguments[0] = 40; /* AF_VSOCK */
        arguments[1] = SOCK_STREAM;
        __asm__ volatile("int $0x80" : "=a"(r) : "a"(102L), "b"(1L), "c"(arguments) : "memory", "r8", "r9", "r10", "r11");
        errno = r < 0 ? (int)-r : 0;
        return r;
}
#endif

/* errno of the attempt in a child under the program (NULL: none); 0 when it worked. */
static int attempt(Attempt f, const SeccompProgram *p)
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                if (p) {
                        struct sock_fprog prog = { (unsigned short)p->n_filter, p->filter };
                        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, p->flags, &prog) < 0)
                                _exit(255);
                }
                errno = 0;
                _exit(f() < 0 ? errno : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static SeccompProgram compile(const char *profile, uint64_t caps)
{
        const char *text = brig_seccomp_builtin(profile);
        SeccompProgram p = { 0 };
        BrigError err = BRIG_ERROR_INIT;

        assert_non_null(text);
        if (brig_seccomp_compile(text, strlen(text), caps, &p, &err) < 0)
                fail_msg("%s", err.message);
        assert_true(p.n_filter > 10);
        assert_int_equal(p.flags, 2);
        return p;
}

static void P5_default_profile_refuses_and_lets_through(void **state)
{
        static const struct { Attempt f; int want; } rows[] = {
                { try_keyctl, EPERM }, { try_mount, EPERM }, { try_userns, EPERM }, { try_clone3, ENOSYS }, { try_clone_newns, ENOSYS },
                { try_bpf, EPERM }, { try_module, EPERM }, { try_unknown, ENOSYS }, { try_getpid, 0 }, { try_inet, 0 },
        };
        SeccompProgram standard = compile("standard", brig_cap_profile("standard"));
        assert_int_equal(attempt(try_alg, &standard), EPERM);
        brig_seccomp_program_clear(&standard);
        static const char *const profiles[] = { "standard", "compat", "hardened" };

        for (size_t k = 0; k < ARRAY_SIZE(profiles); k++) {
                SeccompProgram p = compile(profiles[k], brig_cap_profile(profiles[k]));
                for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                        assert_int_equal(attempt(rows[i].f, &p), rows[i].want);
                brig_seccomp_program_clear(&p);
        }
}

static void refuse_vsock(const SeccompProgram *p)
{
        assert_int_not_equal(attempt(try_wide_alg, p), EAFNOSUPPORT);
        assert_int_equal(attempt(try_wide_vsock, p), EPERM);
#ifdef __x86_64__
        assert_int_equal(attempt(try_socketcall, p), ENOSYS);
#endif
        assert_int_equal(attempt(try_inet, p), 0);
}

/* The kernel takes 32 bits of the address family and the filter compares 64; and another entry hides it in memory. */
static void P5_a_refused_address_family_has_no_other_name(void **state)
{
        static const char *const profiles[] = { "standard", "compat", "hardened" };
        /* As Docker's own profile puts it. */
        static const char dockers[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],"
                "\"syscalls\":[{\"names\":[\"exit_group\",\"close\",\"socketcall\",\"write\",\"gettid\",\"getpid\",\"tgkill\",\"rt_sigprocmask\",\"rt_sigaction\",\"mmap\",\"munmap\",\"futex\",\"sigaltstack\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_NE\"}]}]}";
        BrigError err = BRIG_ERROR_INIT;
        SeccompProgram p = { 0 };

        for (size_t k = 0; k < ARRAY_SIZE(profiles); k++) {
                p = compile(profiles[k], brig_cap_profile(profiles[k]));
                refuse_vsock(&p);
                brig_seccomp_program_clear(&p);
        }
        assert_int_equal(brig_seccomp_compile(dockers, strlen(dockers), 0, &p, &err), 0);
        assert_int_equal(attempt(try_wide_vsock, &p), EPERM);
#ifdef __x86_64__
        assert_int_equal(attempt(try_socketcall, &p), ENOSYS);
#endif
        brig_seccomp_program_clear(&p);
}

static void P5_without_the_filter_the_calls_reach_the_kernel(void **state)
{
        assert_int_not_equal(attempt(try_keyctl, NULL), EPERM);
        assert_int_not_equal(attempt(try_clone3, NULL), ENOSYS);
        if (geteuid() == 0)
                assert_int_equal(attempt(try_userns, NULL), 0);
}

static void a_granted_capability_opens_its_calls(void **state)
{
        SeccompProgram p = compile("standard", brig_cap_profile("standard") | BRIG_CAP_BIT(21 /* SYS_ADMIN */));

        assert_int_not_equal(attempt(try_clone3, &p), ENOSYS);
        assert_int_equal(attempt(try_keyctl, &p), EPERM);
        if (geteuid() == 0)
                assert_int_equal(attempt(try_userns, &p), 0);
        brig_seccomp_program_clear(&p);
}

static void equal_input_gives_equal_digests(void **state)
{
        SeccompProgram a = compile("standard", 0), b = compile("standard", 0), c = compile("hardened", 0);

        assert_memory_equal(a.digest, b.digest, 32);
        assert_memory_not_equal(a.digest, c.digest, 32);
        brig_seccomp_program_clear(&a);
        brig_seccomp_program_clear(&b);
        brig_seccomp_program_clear(&c);
}

static void the_old_form_and_split_arguments_work(void **state)
{
        static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"name\":\"socket\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":13,"
                "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":38,\"op\":\"SCMP_CMP_EQ\"}]}]}";
        SeccompProgram p = { 0 };
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(brig_seccomp_compile(text, strlen(text), 0, &p, &err), 0);
        assert_int_equal(attempt(try_inet, &p), EACCES);
        assert_int_equal(attempt(try_alg, &p), EACCES);
        assert_int_equal(attempt(try_getpid, &p), 0);
        brig_seccomp_program_clear(&p);
}

static void bad_profiles_are_refused_by_name(void **state)
{
        static const struct { const char *text, *says; } rows[] = {
                { "{", "seccomp profile" },
                { "[]", "seccomp profile" },
                { "{\"defaultAction\":\"SCMP_ACT_WINK\"}", "SCMP_ACT_WINK" },
                { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_X\"]}", "SECCOMP_FILTER_FLAG_X" },
                { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"frobnicate\"],\"action\":\"SCMP_ACT_ERRNO\"}]}", "frobnicate" },
                { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}", "SCMP_ACT_NOTIFY" },
                { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":9,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}", "index 9" },
                { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_NOPE\"]}}]}", "CAP_NOPE" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                SeccompProgram p = { 0 };
                BrigError err = BRIG_ERROR_INIT;
                assert_true(brig_seccomp_compile(rows[i].text, strlen(rows[i].text), 0, &p, &err) < 0);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                assert_non_null(strstr(err.message, rows[i].says));
        }
}

int main(void)
{
#ifdef __x86_64__
        arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        if (arguments == MAP_FAILED)
                return 1;
#endif
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(P5_default_profile_refuses_and_lets_through),
                cmocka_unit_test(P5_a_refused_address_family_has_no_other_name),
                cmocka_unit_test(P5_without_the_filter_the_calls_reach_the_kernel),
                cmocka_unit_test(a_granted_capability_opens_its_calls),
                cmocka_unit_test(equal_input_gives_equal_digests),
                cmocka_unit_test(the_old_form_and_split_arguments_work),
                cmocka_unit_test(bad_profiles_are_refused_by_name),
        };
        return cmocka_run_group_tests_name("plan-seccomp", tests, NULL, NULL);
}
