#include "sys/bpf.h"

#include <sys/syscall.h>

int brig_bpf_load(enum bpf_prog_type type, const struct bpf_insn *program, size_t n)
{
        union bpf_attr attr = {
                .prog_type = type,
                .insns = (uint64_t)(uintptr_t)program,
                .insn_cnt = (uint32_t)n,
                /* Helpers of GPL programs are not used; the licence only has to be a string. */
                .license = (uint64_t)(uintptr_t)"Apache-2.0",
        };
        long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);

        return fd < 0 ? -errno : (int)fd;
}

int brig_bpf_attach(int cgroup_fd, int program_fd, enum bpf_attach_type type)
{
        union bpf_attr attr = {
                .target_fd = (uint32_t)cgroup_fd,
                .attach_bpf_fd = (uint32_t)program_fd,
                .attach_type = type,
                .attach_flags = BPF_F_ALLOW_MULTI,
        };

        return syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr) < 0 ? -errno : 0;
}
