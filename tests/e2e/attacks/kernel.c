/* Changes the kernel itself: modules, kexec, time, swap, I/O ports. Arguments are such that success changes nothing. */
#include "attack.h"
#include <sys/io.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* The kernel looks at privilege first: any other answer than these means that privilege was there. */
static bool privileged(long result)
{
        return result == 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES);
}

int main(void)
{
        static const char module[64] = "\177ELF";
        struct timeval now;
        gettimeofday(&now, NULL);
        int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

        attempt("init_module", privileged(syscall(SYS_init_module, module, sizeof(module), "")));
        attempt("finit_module", privileged(syscall(SYS_finit_module, self, "", 0)));
        attempt("delete_module", privileged(syscall(SYS_delete_module, "brig_no_such_module", O_NONBLOCK)));
        attempt("kexec_load", privileged(syscall(SYS_kexec_load, 0, 1, NULL, 0)));
        attempt("settimeofday", privileged(settimeofday(&now, NULL)));
        attempt("clock_settime", privileged(syscall(SYS_clock_settime, 0, &(struct timespec){ now.tv_sec, now.tv_usec * 1000L })));
        attempt("swapon", privileged(swapon("/tmp/no-such-swap", 0)));
        attempt("iopl", privileged(iopl(3)));
        attempt("ioperm", privileged(ioperm(0x80, 1, 1)));
        attempt("acct", privileged(syscall(SYS_acct, NULL)));
        return verdict();
}
