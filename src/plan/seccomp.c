/*
 * Docker-format seccomp profiles to BPF. The document is read by table, its rules
 * are narrowed to this architecture, kernel and capability set, and libseccomp makes
 * the program. Follows the profile format of Docker's seccomp documentation and seccomp(2).
 */
#include "plan/seccomp.h"
#include "plan/seccomp-internal.h"
#include "base/strings.h"
#include "plan/capability.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <openssl/evp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#define OPTIMIZE_BINARY_TREE 2

extern const char brig_seccomp_standard_text[], brig_seccomp_hardened_text[];

const char *brig_seccomp_builtin(const char *name)
{
        /* compat differs in capabilities and no_new_privs, which the conditions of the profile see. */
        if (streq(name, "standard") || streq(name, "compat"))
                return brig_seccomp_standard_text;
        return streq(name, "hardened") ? brig_seccomp_hardened_text : NULL;
}

void brig_seccomp_program_clear(SeccompProgram *p)
{
        free(p->filter);
        *p = (SeccompProgram){ 0 };
}

typedef struct Word { const char *name; uint32_t value; } Word;

static const Word actions[] = {
        { "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD }, { "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
        { "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS }, { "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
        { "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) }, { "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW }, { "SCMP_ACT_LOG", SCMP_ACT_LOG },
};
static const Word operators[] = {
        { "SCMP_CMP_NE", SCMP_CMP_NE }, { "SCMP_CMP_LT", SCMP_CMP_LT }, { "SCMP_CMP_LE", SCMP_CMP_LE }, { "SCMP_CMP_EQ", SCMP_CMP_EQ },
        { "SCMP_CMP_GE", SCMP_CMP_GE }, { "SCMP_CMP_GT", SCMP_CMP_GT }, { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};
static const Word flags[] = {
        /* TSYNC is a matter of the loader: the filter is loaded by a single thread. */
        { "SECCOMP_FILTER_FLAG_TSYNC", 0 }, { "SECCOMP_FILTER_FLAG_LOG", 2 }, { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4 },
};

static const Word *find_word(const Word *table, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (name && streq(table[i].name, name))
                        return &table[i];
        return NULL;
}

/* The word for this architecture in includes and excludes, which use Go's names. */
static const char *native_arch(void)
{
        static const struct { uint32_t arch; const char *name; } names[] = {
                { SCMP_ARCH_X86_64, "amd64" }, { SCMP_ARCH_X86, "x86" }, { SCMP_ARCH_AARCH64, "arm64" }, { SCMP_ARCH_ARM, "arm" },
                { SCMP_ARCH_PPC64LE, "ppc64le" }, { SCMP_ARCH_RISCV64, "riscv64" }, { SCMP_ARCH_S390X, "s390x" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (names[i].arch == seccomp_arch_native())
                        return names[i].name;
        return "unknown";
}

static bool kernel_at_least(const char *want)
{
        struct utsname u;
        char *end;

        if (uname(&u) < 0)
                return false;
        unsigned long have_major = strtoul(u.release, &end, 10), have_minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
        unsigned long major = strtoul(want, &end, 10), minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
        return have_major > major || (have_major == major && have_minor >= minor);
}

/* How many of the named capabilities are granted; an unknown name is an error of the profile. */
static int count_granted(char *const *names, uint64_t caps, size_t *ret, BrigError *err)
{
        size_t n = 0;
        int cap;

        BRIG_STRV_FOREACH(name, names) {
                if (brig_cap_parse(*name, &cap) < 0)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "seccomp profile: unknown capability \"%s\"", *name);
                n += (caps & BRIG_CAP_BIT(cap)) != 0;
        }
        *ret = n;
        return 0;
}

/* 1: the rule counts here, 0: it does not. */
static int rule_applies(const SeccompRule *rule, uint64_t caps, BrigError *err)
{
        const SeccompCondition *in = &rule->includes, *out = &rule->excludes;
        size_t wanted, unwanted;

        int r = count_granted(in->caps, caps, &wanted, err);
        if (r >= 0)
                r = count_granted(out->caps, caps, &unwanted, err);
        if (r < 0)
                return r;
        if (wanted < brig_strv_len(in->caps) || unwanted > 0)
                return 0;
        if (brig_strv_len(in->arches) > 0 && !brig_strv_contains(in->arches, native_arch()))
                return 0;
        if (brig_strv_contains(out->arches, native_arch()))
                return 0;
        if (!brig_str_empty(in->min_kernel) && !kernel_at_least(in->min_kernel))
                return 0;
        return brig_str_empty(out->min_kernel) || !kernel_at_least(out->min_kernel);
}

static int action_value(const char *name, const JsonInt *errno_ret, uint32_t *ret, BrigError *err)
{
        const Word *w = find_word(actions, ARRAY_SIZE(actions), name);

        if (!w)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "seccomp profile: action \"%s\" is not supported", name ? name : "");
        if (errno_ret->set && (errno_ret->value < 0 || errno_ret->value > 4095))
                return brig_error_set(err, BRIG_ERR_INVALID, ERANGE, "seccomp profile: errnoRet %lld is out of range (0 to 4095)", (long long)errno_ret->value);
        *ret = w->value == SCMP_ACT_ERRNO(0) ? SCMP_ACT_ERRNO(errno_ret->set ? (uint16_t)errno_ret->value : EPERM) : w->value;
        return 0;
}

static int read_args(const SeccompRule *rule, struct scmp_arg_cmp out[SECCOMP_MAX_ARGS], bool *ret_split, BrigError *err)
{
        unsigned used = 0;

        if (rule->args.count > SECCOMP_MAX_ARGS)
                return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "seccomp profile: more than %d argument conditions in one rule", SECCOMP_MAX_ARGS);
        *ret_split = false;
        for (size_t i = 0; i < rule->args.count; i++) {
                const SeccompArg *a = BRIG_JSON_AT(const SeccompArg, &rule->args, i);
                const Word *op = find_word(operators, ARRAY_SIZE(operators), a->op);
                if (!op || a->index < 0 || a->index > 5)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "seccomp profile: bad argument condition (index %lld, op \"%s\")", (long long)a->index, a->op ? a->op : "");
                *ret_split = *ret_split || (used & (1u << a->index));
                used |= 1u << a->index;
                /* Of a masked comparison `value` is the mask and `valueTwo` the datum. */
                out[i] = (struct scmp_arg_cmp){ (unsigned)a->index, (enum scmp_compare)op->value, a->value, a->value_two };
        }
        return 0;
}

/* libseccomp joins conditions by AND and knows one per argument; the format means OR when an argument is named twice (as runc reads it). */
static int add_rule(scmp_filter_ctx ctx, uint32_t action, int nr, const struct scmp_arg_cmp *args, unsigned n, bool split)
{
        if (!split)
                return seccomp_rule_add_array(ctx, action, nr, n, args);
        for (unsigned i = 0; i < n; i++) {
                int r = seccomp_rule_add_array(ctx, action, nr, 1, &args[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_named(scmp_filter_ctx ctx, const SeccompRule *rule, const char *name, uint32_t action, uint32_t fallback, BrigError *err)
{
        struct scmp_arg_cmp args[SECCOMP_MAX_ARGS];
        bool split = false;

        int r = read_args(rule, args, &split, err);
        if (r < 0)
                return r;
        int nr = seccomp_syscall_resolve_name(name);
        if (nr == __NR_SCMP_ERROR) {
                /* Never heard of: an allowance that is lost refuses more, a refusal that is lost would refuse less. */
                if (action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG || fallback != SCMP_ACT_ALLOW)
                        return 0;
                return brig_error_set(err, BRIG_ERR_INVALID, ENOSYS, "seccomp profile: system call \"%s\" is not known here and cannot be refused", name);
        }
        r = add_rule(ctx, action, nr, args, (unsigned)rule->args.count, split);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, r, "seccomp profile: rule for \"%s\"", name) : 0;
}

static int add_rules(scmp_filter_ctx ctx, const SeccompDocument *d, uint64_t caps, uint32_t fallback, BrigError *err)
{
        for (size_t i = 0; i < d->syscalls.count; i++) {
                const SeccompRule *rule = BRIG_JSON_AT(const SeccompRule, &d->syscalls, i);
                uint32_t action;

                int r = rule_applies(rule, caps, err);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                r = action_value(rule->action, &rule->errno_ret, &action, err);
                if (r < 0)
                        return r;
                if (action == fallback)
                        continue; /* libseccomp refuses what would change nothing */
                if (rule->name)
                        r = add_named(ctx, rule, rule->name, action, fallback, err);
                BRIG_STRV_FOREACH(name, rule->names)
                        if (r >= 0)
                                r = add_named(ctx, rule, *name, action, fallback, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* "SCMP_ARCH_X86_64" → libseccomp's token; 0: of no machine that this libseccomp knows, so not of this one. */
static uint32_t arch_token(const char *name)
{
        char word[32] = "";
        size_t skip = strlen("SCMP_ARCH_");

        if (!name || !brig_str_has_prefix(name, "SCMP_ARCH_") || strlen(name) - skip >= sizeof(word))
                return 0;
        for (size_t i = 0; name[skip + i]; i++)
                word[i] = name[skip + i] >= 'A' && name[skip + i] <= 'Z' ? (char)(name[skip + i] + 32) : name[skip + i];
        return seccomp_arch_resolve_name(word);
}

static int add_arch(scmp_filter_ctx ctx, const char *name, BrigError *err)
{
        uint32_t arch = arch_token(name);
        int r = arch == 0 ? 0 : seccomp_arch_add(ctx, arch);

        return r < 0 && r != -EEXIST ? brig_error_errno(err, BRIG_ERR_INVALID, r, "seccomp profile: architecture \"%s\"", name) : 0;
}

static int add_arches(scmp_filter_ctx ctx, const SeccompDocument *d, BrigError *err)
{
        int r = 0;

        BRIG_STRV_FOREACH(name, d->architectures)
                if (r >= 0)
                        r = add_arch(ctx, *name, err);
        for (size_t i = 0; r >= 0 && i < d->arch_map.count; i++) {
                const SeccompArchMap *m = BRIG_JSON_AT(const SeccompArchMap, &d->arch_map, i);
                if (arch_token(m->architecture) != seccomp_arch_native())
                        continue;
                BRIG_STRV_FOREACH(name, m->sub)
                        if (r >= 0)
                                r = add_arch(ctx, *name, err);
        }
        return r;
}

/*
 * Whoever filters address families means the number that the kernel takes. Two ways led
 * around the comparison: the kernel reads 32 bits of it and the filter 64 (40 + 2^32 is
 * AF_VSOCK, and not 40); and on x86 socketcall hides it in memory, which libseccomp lets
 * through as soon as socket is. Both are refused first; other calls pay four instructions.
 */
static const struct sock_filter socket_guard[] = {
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 3),
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 102 /* socketcall */, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 4 : 0)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
#undef LOAD
};

/* Whether a rule looks at the arguments of socket. */
static bool filters_sockets(const SeccompDocument *d)
{
        for (size_t i = 0; i < d->syscalls.count; i++) {
                const SeccompRule *rule = BRIG_JSON_AT(const SeccompRule, &d->syscalls, i);

                if (rule->args.count > 0 && ((rule->name && streq(rule->name, "socket")) || brig_strv_contains(rule->names, "socket")))
                        return true;
        }
        return false;
}

static int export_program(scmp_filter_ctx ctx, bool guard, SeccompProgram *p, BrigError *err)
{
        size_t before = guard ? sizeof(socket_guard) : 0, size;
        struct stat st;
        _cleanup_close_ int fd = memfd_create("brig-seccomp", MFD_CLOEXEC);
        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot make a memory file");
        int r = seccomp_export_bpf(ctx, fd);
        if (r < 0 || fstat(fd, &st) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r < 0 ? r : errno, "cannot export the seccomp program");
        size = (size_t)st.st_size + before;
        if (st.st_size == 0 || size > BPF_MAXINSNS * sizeof(struct sock_filter))
                return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "seccomp profile: it needs more than the %d instructions that the kernel takes", BPF_MAXINSNS);
        p->filter = malloc(size);
        if (!p->filter || pread(fd, (char *)p->filter + before, (size_t)st.st_size, 0) != st.st_size)
                return brig_error_set(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the seccomp program back");
        memcpy(p->filter, socket_guard, before);
        p->n_filter = size / sizeof(struct sock_filter);
        if (EVP_Digest(p->filter, size, p->digest, NULL, EVP_sha256(), NULL) != 1)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EIO, "cannot hash the seccomp program");
        return 0;
}

static void release(scmp_filter_ctx *ctx)
{
        if (*ctx)
                seccomp_release(*ctx);
}

static int compile_document(const SeccompDocument *d, uint64_t caps, SeccompProgram *p, BrigError *err)
{
        uint32_t fallback;

        int r = action_value(d->default_action, &d->default_errno_ret, &fallback, err);
        if (r < 0)
                return r;
        BRIG_STRV_FOREACH(name, d->flags) {
                const Word *w = find_word(flags, ARRAY_SIZE(flags), *name);
                if (!w)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "seccomp profile: flag \"%s\" is not supported", *name);
                p->flags |= w->value;
        }
        _cleanup_(release) scmp_filter_ctx ctx = seccomp_init(fallback);
        if (!ctx)
                return brig_error_set(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot start a seccomp filter");
        /* A call by another ABI's numbers (x32) ends as an unknown call does, not in a kill. */
        r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, fallback == SCMP_ACT_ALLOW ? SCMP_ACT_KILL_PROCESS : fallback);
        if (r >= 0)
                r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_BINARY_TREE);
        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot set up a seccomp filter");
        r = add_arches(ctx, d, err);
        if (r >= 0)
                r = add_rules(ctx, d, caps, fallback, err);
        return r < 0 ? r : export_program(ctx, filters_sockets(d), p, err);
}

int brig_seccomp_compile(const char *json, size_t len, uint64_t caps, SeccompProgram *ret, BrigError *err)
{
        _cleanup_json_ json_t *root = NULL;
        _cleanup_(brig_seccomp_program_clear) SeccompProgram program = { 0 };
        SeccompDocument document;

        int r = brig_json_parse(json, len, &root, err);
        if (r < 0)
                return brig_error_prefix(err, "seccomp profile"), r;
        brig_json_init(brig_seccomp_fields, &document, sizeof(document));
        r = brig_json_read(root, brig_seccomp_fields, &document, sizeof(document), 0, err);
        if (r < 0)
                return brig_error_prefix(err, "seccomp profile"), r;
        r = compile_document(&document, caps, &program, err);
        brig_json_clear(brig_seccomp_fields, &document);
        if (r < 0)
                return r;
        *ret = program;
        program = (SeccompProgram){ 0 };
        return 0;
}
