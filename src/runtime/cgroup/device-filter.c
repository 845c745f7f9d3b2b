#include "runtime/cgroup/device-filter.h"

#include "sys/bpf.h"
#include <stddef.h>

#define ANY UINT32_MAX
#define FILTER_RULES_MAX 128u
#define RULE_INSNS_MAX 8u

#define INSN(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (int16_t)(o), .imm = (int32_t)(i) })
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
#define COPY(d, s) INSN(BPF_ALU | BPF_MOV | BPF_X, d, s, 0, 0)
#define ALU(op, d, i) INSN(BPF_ALU | (op) | BPF_K, d, 0, 0, i)
#define JUMP_UNLESS(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define ANSWER(i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, i), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

typedef struct DeviceRule { uint32_t type, major, minor, access; } DeviceRule;

#define ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)
static const DeviceRule fixed[] = {
        { BPF_DEVCG_DEV_CHAR, 1, 3, ALL }, { BPF_DEVCG_DEV_CHAR, 1, 5, ALL }, { BPF_DEVCG_DEV_CHAR, 1, 7, ALL }, /* null zero full */
        { BPF_DEVCG_DEV_CHAR, 1, 8, ALL }, { BPF_DEVCG_DEV_CHAR, 1, 9, ALL },                                  /* random urandom */
        { BPF_DEVCG_DEV_CHAR, 5, 0, ALL }, { BPF_DEVCG_DEV_CHAR, 5, 1, ALL }, { BPF_DEVCG_DEV_CHAR, 5, 2, ALL }, /* tty console ptmx */
        { BPF_DEVCG_DEV_CHAR, 136, ANY, ALL },                                                                /* pts */
        /* mknod itself is harmless and decided by capability; opening is what counts. */
        { BPF_DEVCG_DEV_CHAR, ANY, ANY, BPF_DEVCG_ACC_MKNOD }, { BPF_DEVCG_DEV_BLOCK, ANY, ANY, BPF_DEVCG_ACC_MKNOD },
};

/* Registers while it runs: 2 type, 3 wanted access, 4 major, 5 minor, 6 scratch. */
static size_t put_rule(struct bpf_insn *out, const DeviceRule *r)
{
        size_t n = 0, first = 0;
        struct bpf_insn body[RULE_INSNS_MAX];

        body[n++] = JUMP_UNLESS(BPF_REG_2, r->type, 0);
        if (r->major != ANY)
                body[n++] = JUMP_UNLESS(BPF_REG_4, r->major, 0);
        if (r->minor != ANY)
                body[n++] = JUMP_UNLESS(BPF_REG_5, r->minor, 0);
        body[n++] = COPY(BPF_REG_6, BPF_REG_3);
        body[n++] = ALU(BPF_AND, BPF_REG_6, ~r->access);
        body[n++] = JUMP_UNLESS(BPF_REG_6, 0, 0);
        const struct bpf_insn yes[] = { ANSWER(1) };

        for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
                body[n++] = yes[i];
        for (; first < n; first++) {
                out[first] = body[first];
                /* Every condition that fails goes to the next rule. */
                if (BPF_CLASS(body[first].code) == BPF_JMP && BPF_OP(body[first].code) == BPF_JNE)
                        out[first].off = (int16_t)(n - first - 1);
        }
        return n;
}

static DeviceRule rule_of(const PlanDevice *d)
{
        return (DeviceRule){
                .type = d->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
                .major = d->major,
                .minor = d->minor,
                .access = (d->access & 4 ? BPF_DEVCG_ACC_READ : 0) | (d->access & 2 ? BPF_DEVCG_ACC_WRITE : 0) | (d->access & 1 ? BPF_DEVCG_ACC_MKNOD : 0),
        };
}

static size_t compile(struct bpf_insn *out, const PlanDevice *devices, size_t n_devices)
{
        const struct bpf_insn start[] = {
                LOAD(BPF_REG_2, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type)),
                COPY(BPF_REG_3, BPF_REG_2),
                ALU(BPF_AND, BPF_REG_2, 0xffff),
                ALU(BPF_RSH, BPF_REG_3, 16),
                LOAD(BPF_REG_4, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major)),
                LOAD(BPF_REG_5, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor)),
        };
        const struct bpf_insn end[] = { ANSWER(0) };
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(start); i++)
                out[n++] = start[i];
        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
                n += put_rule(out + n, &fixed[i]);
        for (size_t i = 0; i < n_devices; i++) {
                DeviceRule rule = rule_of(&devices[i]);

                n += put_rule(out + n, &rule);
        }
        for (size_t i = 0; i < ARRAY_SIZE(end); i++)
                out[n++] = end[i];
        return n;
}

int brig_device_filter_attach(int cgroup_fd, const PlanDevice *devices, size_t n_devices, BrigError *err)
{
        _cleanup_free_ struct bpf_insn *program = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (n_devices > FILTER_RULES_MAX)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "more than %u devices", FILTER_RULES_MAX);
        program = calloc((ARRAY_SIZE(fixed) + n_devices + 2) * RULE_INSNS_MAX, sizeof program[0]);
        if (!program)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot compile the device rules");
        fd = brig_bpf_load(BPF_PROG_TYPE_CGROUP_DEVICE, program, compile(program, devices, n_devices));
        r = fd < 0 ? fd : brig_bpf_attach(cgroup_fd, fd, BPF_CGROUP_DEVICE);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_UNSUPPORTED, r, "cannot set the device rules of the cgroup (eBPF)") : 0;
}
