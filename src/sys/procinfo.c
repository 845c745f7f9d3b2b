#include "sys/procinfo.h"

#include "sys/fd.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void pid_path(pid_t pid, const char *file, char *out, size_t size)
{
        if (pid > 0)
                (void)snprintf(out, size, "%d/%s", pid, file);
        else
                (void)snprintf(out, size, "self/%s", file);
}

ssize_t brig_procinfo_read(int proc_fd, pid_t pid, const char *file, char *buf, size_t size)
{
        char path[64];

        pid_path(pid, file, path, sizeof path);
        return brig_file_read(proc_fd, path, buf, size);
}

int brig_procinfo_namespace(int proc_fd, pid_t pid, const char *name, NamespaceId *ret)
{
        char path[64], file[32];
        struct stat st;

        (void)snprintf(file, sizeof file, "ns/%s", name);
        pid_path(pid, file, path, sizeof path);
        if (fstatat(proc_fd, path, &st, 0) < 0)
                return -errno;
        *ret = (NamespaceId){ .device = st.st_dev, .inode = st.st_ino };
        return 0;
}

/* The text behind "\nName:\t", or NULL. */
static const char *status_field(const char *status, const char *name)
{
        size_t len = strlen(name);

        for (const char *line = status; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
                if (strncmp(line, name, len) == 0 && line[len] == ':')
                        return line + len + 1 + strspn(line + len + 1, "\t ");
        return NULL;
}

static uint64_t status_number(const char *status, const char *name, int base, unsigned skip)
{
        const char *at = status_field(status, name);

        for (; at && skip > 0; skip--) {
                at += strcspn(at, "\t\n");
                at += strspn(at, "\t");
        }
        return at ? strtoull(at, NULL, base) : 0;
}

static unsigned count_words(const char *status, const char *name)
{
        const char *at = status_field(status, name);
        unsigned n = 0;

        while (at && *at && *at != '\n') {
                n++;
                at += strcspn(at, "\t\n");
                at += strspn(at, "\t");
        }
        return n;
}

int brig_procinfo_status(int proc_fd, pid_t pid, ProcessStatus *ret)
{
        char text[4096];
        ssize_t n = brig_procinfo_read(proc_fd, pid, "status", text, sizeof text);

        if (n < 0)
                return (int)n;
        /* Without these lines the kernel could not say what the barrier has to know. */
        if (!status_field(text, "CapBnd") || !status_field(text, "NoNewPrivs"))
                return -ENODATA;
        *ret = (ProcessStatus){
                .inheritable = status_number(text, "CapInh", 16, 0),
                .permitted = status_number(text, "CapPrm", 16, 0),
                .effective = status_number(text, "CapEff", 16, 0),
                .bounding = status_number(text, "CapBnd", 16, 0),
                .ambient = status_number(text, "CapAmb", 16, 0),
                .uid = (uint32_t)status_number(text, "Uid", 10, 1),
                .gid = (uint32_t)status_number(text, "Gid", 10, 1),
                .no_new_privs = (unsigned)status_number(text, "NoNewPrivs", 10, 0),
                .seccomp = (unsigned)status_number(text, "Seccomp", 10, 0),
                .seccomp_filters = (unsigned)status_number(text, "Seccomp_filters", 10, 0),
                .pid_depth = count_words(text, "NSpid"),
        };
        return 0;
}

/* The kernel's own words (fs/proc/base.c), padded to 26 columns. */
static const char *const limit_names[] = {
        [RLIMIT_CPU] = "Max cpu time", [RLIMIT_FSIZE] = "Max file size", [RLIMIT_DATA] = "Max data size", [RLIMIT_STACK] = "Max stack size",
        [RLIMIT_CORE] = "Max core file size", [RLIMIT_RSS] = "Max resident set", [RLIMIT_NPROC] = "Max processes", [RLIMIT_NOFILE] = "Max open files",
        [RLIMIT_MEMLOCK] = "Max locked memory", [RLIMIT_AS] = "Max address space", [RLIMIT_LOCKS] = "Max file locks",
        [RLIMIT_SIGPENDING] = "Max pending signals", [RLIMIT_MSGQUEUE] = "Max msgqueue size", [RLIMIT_NICE] = "Max nice priority",
        [RLIMIT_RTPRIO] = "Max realtime priority", [RLIMIT_RTTIME] = "Max realtime timeout",
};

static uint64_t limit_value(const char **at)
{
        const char *start = *at + strspn(*at, " ");

        *at = start + strcspn(start, " \n");
        return strncmp(start, "unlimited", 9) == 0 ? UINT64_MAX : strtoull(start, NULL, 10);
}

int brig_procinfo_limit(int proc_fd, pid_t pid, unsigned resource, ProcessLimit *ret)
{
        char text[4096], name[40];
        const char *at;
        ssize_t n;

        if (resource >= ARRAY_SIZE(limit_names) || !limit_names[resource])
                return -EINVAL;
        n = brig_procinfo_read(proc_fd, pid, "limits", text, sizeof text);
        if (n < 0)
                return (int)n;
        (void)snprintf(name, sizeof name, "\n%s ", limit_names[resource]);
        at = strstr(text, name);
        if (!at)
                return -ENODATA;
        at += strlen(name);
        ret->soft = limit_value(&at);
        ret->hard = limit_value(&at);
        return 0;
}
