#pragma once
/* What /info says about the machine, read from /proc, /sys and the data root. */
#include "base/error.h"

typedef struct HostFacts {
        char *kernel, *machine, *hostname, *os_name, *os_version, *id;
        const char *backing_fs;
        int64_t memory;                 /* bytes */
        int64_t n_cpus;
        bool cgroup_v2, cgroup_memory, cgroup_swap, cgroup_cpu, cgroup_cpuset, cgroup_pids;
        bool apparmor, selinux, landlock, ipv4_forwarding;
} HostFacts;

int brig_host_facts_read(const char *data_root, HostFacts *ret, BrigError *err) _must_use_;
void brig_host_facts_done(HostFacts *h);
