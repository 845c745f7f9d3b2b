#include "sys/idmap.h"

#include "sys/fd.h"
#include "sys/process.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

static int write_map(pid_t pid, const char *file, const IdRange *ranges, size_t n)
{
        char path[64], text[BRIG_IDMAP_MAX * 36];
        size_t len = 0;

        if (n == 0 || n > BRIG_IDMAP_MAX)
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                len += (size_t)snprintf(text + len, sizeof text - len, "%u %u %u\n", ranges[i].inside, ranges[i].outside, ranges[i].count);
        (void)snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
        return brig_file_write(AT_FDCWD, path, text);
}

int brig_idmap_write(pid_t pid, const IdRange *uids, const IdRange *gids, size_t n)
{
        int r = write_map(pid, "uid_map", uids, n);

        return r < 0 ? r : write_map(pid, "gid_map", gids ? gids : uids, n);
}

int brig_idmap_namespace(const IdRange *uids, const IdRange *gids, size_t n)
{
        _cleanup_close_ int pidfd = -EBADF, fd = -EBADF;
        char path[64];
        ProcessEnd end;
        pid_t parent = getpid(), pid = brig_process_clone(CLONE_NEWUSER, -EBADF, &pidfd);
        int r;

        if (pid < 0)
                return pid;
        if (pid == 0) {
                /* Only holds the namespace until its fd is open. */
                if (brig_process_harden(SIGKILL) < 0 || getppid() != parent)
                        _exit(1);
                for (;;)
                        (void)pause();
        }
        r = brig_idmap_write(pid, uids, gids, n);
        if (r >= 0) {
                (void)snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
                fd = open(path, O_RDONLY | O_CLOEXEC);
                r = fd < 0 ? -errno : 0;
        }
        BRIG_IGNORE(brig_pidfd_send_signal(pidfd, SIGKILL)); /* it cannot have ended by itself */
        BRIG_IGNORE(brig_process_wait(pidfd, &end));
        return r < 0 ? r : TAKE_FD(fd);
}
