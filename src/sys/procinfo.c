#include "sys/procinfo.h"

#include "sys/fd.h"
#include <stdio.h>
#include <string.h>
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
