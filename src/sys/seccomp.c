#include "sys/seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>

int brig_seccomp_load(const struct sock_filter *filter, size_t n, uint32_t flags)
{
        struct sock_fprog program = { .len = (unsigned short)n, .filter = (struct sock_filter *)(uintptr_t)filter };

        if (n == 0 || n > BPF_MAXINSNS)
                return -EINVAL;
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0 ? -errno : 0;
}
