#pragma once
/*
 * The device rules of cgroup v2, where no controller but a program says yes or no
 * to every open and mknod (BPF_PROG_TYPE_CGROUP_DEVICE). The same set as on v1:
 * everything is refused but the fixed nodes of /dev, terminals, and the plan's devices.
 */
#include "plan/plan.h"

/* Compiles the rules and attaches them to the group. BRIG_ERR_UNSUPPORTED where the kernel has no such programs. */
int brig_device_filter_attach(int cgroup_fd, const PlanDevice *devices, size_t n_devices, BrigError *err) _must_use_;
