/* Touches processes of the host by their host numbers. argv: pids (of the engine and its like) */
#include "attack.h"
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static void attack_pid(pid_t pid)
{
        char buffer[16], what[128], path[64];
        struct iovec local = { buffer, sizeof(buffer) }, remote = { (void *)0x400000, sizeof(buffer) };

        snprintf(what, sizeof(what), "kill(%d, 0)", pid);
        attempt(what, kill(pid, 0) == 0 || errno == EPERM);
        snprintf(what, sizeof(what), "ptrace %d", pid);
        attempt(what, ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0);
        snprintf(what, sizeof(what), "process_vm_readv %d", pid);
        attempt(what, process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0);
        snprintf(what, sizeof(what), "pidfd of %d", pid);
        attempt(what, syscall(SYS_pidfd_open, pid, 0) >= 0);
        snprintf(path, sizeof(path), "/proc/%d/mem", pid);
        attempt(path, open(path, O_RDWR) >= 0);
        snprintf(path, sizeof(path), "/proc/%d/environ", pid);
        attempt(path, open(path, O_RDONLY) >= 0);
}

int main(int argc, char **argv)
{
        if (argc < 2)
                return 2;
        for (int i = 1; i < argc; i++)
                attack_pid((pid_t)strtol(argv[i], NULL, 10));
        return verdict();
}
