#include "sys/process.h"

#include <link.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

pid_t brig_process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
        int pidfd = -EBADF;
        struct clone_args args = {
                .flags = flags | (ret_pidfd ? CLONE_PIDFD : 0) | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
                .pidfd = (uint64_t)(uintptr_t)&pidfd,
                /* clone3 forbids an exit signal with CLONE_PARENT: the child takes over the caller's own. */
                .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
                .cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
        };
        long pid = syscall(SYS_clone3, &args, sizeof args);

        if (pid < 0)
                return -errno;
        if (pid > 0 && ret_pidfd)
                *ret_pidfd = pidfd;
        return (pid_t)pid;
}

int brig_pidfd_open(pid_t pid)
{
        long fd = syscall(SYS_pidfd_open, pid, 0);

        return fd < 0 ? -errno : (int)fd;
}

int brig_pidfd_send_signal(int pidfd, int signo)
{
        return syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

static void end_of(const siginfo_t *info, ProcessEnd *ret)
{
        *ret = (ProcessEnd){
                .pid = info->si_pid,
                .exit_code = info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status,
                .core = info->si_code == CLD_DUMPED,
        };
}

static int wait_for(idtype_t type, id_t id, int options, ProcessEnd *ret)
{
        siginfo_t info = { 0 };

        while (waitid(type, id, &info, WEXITED | options) < 0)
                if (errno != EINTR)
                        return -errno;
        if (info.si_pid == 0)
                return 0;
        end_of(&info, ret);
        return 1;
}

int brig_process_reap(ProcessEnd *ret)
{
        return wait_for(P_ALL, 0, WNOHANG, ret);
}

int brig_process_wait(int pidfd, ProcessEnd *ret)
{
        int r = wait_for((idtype_t)P_PIDFD, (id_t)pidfd, 0, ret);

        return r < 0 ? r : 0;
}

int brig_process_harden(int parent_death_signal)
{
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        if (parent_death_signal > 0 && prctl(PR_SET_PDEATHSIG, parent_death_signal, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

void brig_process_reset_signals(void)
{
        /* The kernel's structure, all zero: SIG_DFL. The library's sigaction would refuse its own two signals,
         * which a parent of another library may have left ignored. KILL and STOP refuse: they are at their default. */
        static const uint64_t action[4];
        sigset_t none;

        for (int signo = 1; signo < NSIG; signo++)
                (void)syscall(SYS_rt_sigaction, signo, action, NULL, sizeof(uint64_t));
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int forget_segments(struct dl_phdr_info *info, size_t size, void *data)
{
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

        (void)size;
        (void)data;
        for (unsigned i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
                uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
                uintptr_t end = info->dlpi_addr + segment->p_vaddr + segment->p_filesz;

                /* Only what nobody can have written to; whole pages, so that none is shared with data. */
                if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
                        (void)madvise((void *)start, (end & ~(page - 1)) - start, MADV_DONTNEED);
        }
        return 1; /* the first object is the program itself */
}

void brig_process_forget_program(void)
{
        (void)dl_iterate_phdr(forget_segments, NULL);
}
