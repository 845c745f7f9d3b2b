#pragma once
/* eBPF programs (bpf(2)), as far as cgroups need them. */
#include "base/macros.h"
#include <linux/bpf.h>

/* Loads a program; an fd. -EPERM without CAP_BPF, -ENOSYS or -EINVAL where the kernel has no such type. */
int brig_bpf_load(enum bpf_prog_type type, const struct bpf_insn *program, size_t n) _must_use_;
/* Attaches it to a cgroup v2 folder for as long as the group lives. Groups below cannot loosen it. */
int brig_bpf_attach(int cgroup_fd, int program_fd, enum bpf_attach_type type) _must_use_;
