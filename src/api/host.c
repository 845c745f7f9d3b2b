/* Small readers of files that the kernel or the distribution keeps. */
#include "api/host.h"

#include "base/buffer.h"
#include "base/strings.h"
#include "sys/landlock.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#define MAX_FILE (256u << 10)

/* "" when there is no such file; NULL only when out of memory. */
static char *read_file(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(MAX_FILE);

        while (fd >= 0) {
                void *at = brig_buffer_reserve(&b, 4096);
                ssize_t n = at ? read(fd, at, 4096) : -1;

                if (n <= 0)
                        break;
                brig_buffer_commit(&b, (size_t)n);
        }
        /* A file over the maximum is read as far as it goes. */
        b.error = 0;
        return brig_buffer_take(&b);
}

static bool file_says(const char *path, char c)
{
        _cleanup_free_ char *text = read_file(path);

        return text && text[0] == c;
}

static bool has_word(const char *text, const char *word)
{
        size_t len = strlen(word);

        for (const char *at = text; (at = strstr(at, word)); at += len)
                if ((at == text || strchr(" ,\n\t", at[-1])) && (!at[len] || strchr(" ,\n\t", at[len])))
                        return true;
        return false;
}

/* NAME="Debian GNU/Linux" and the like, unquoted; free(3). */
static char *os_release(const char *text, const char *name)
{
        size_t len = strlen(name);

        for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                const char *value = line + len + 1;
                size_t n;

                if (strncmp(line, name, len) != 0 || line[len] != '=')
                        continue;
                value += *value == '"';
                n = strcspn(value, "\"\n");
                return strndup(value, n);
        }
        return NULL;
}

static int read_names(HostFacts *h)
{
        _cleanup_free_ char *release = read_file("/etc/os-release"), *machine_id = read_file("/etc/machine-id");
        struct utsname u;

        if (!release || !machine_id || uname(&u) < 0)
                return -ENOMEM;
        h->kernel = strdup(u.release);
        h->machine = strdup(u.machine);
        h->hostname = strdup(u.nodename);
        h->os_name = os_release(release, "PRETTY_NAME") ?: strdup("Linux");
        h->os_version = os_release(release, "VERSION_ID") ?: strdup("");
        machine_id[strcspn(machine_id, "\n")] = '\0';
        h->id = strdup(machine_id);
        return h->kernel && h->machine && h->hostname && h->os_name && h->os_version && h->id ? 0 : -ENOMEM;
}

/* A controller counts when its hierarchy is there (v1) or when the root offers it (v2). */
static int read_cgroups(HostFacts *h)
{
        _cleanup_free_ char *v2 = read_file("/sys/fs/cgroup/cgroup.controllers"), *v1 = read_file("/proc/cgroups");
        const struct { bool *flag; const char *name; } rows[] = {
                { &h->cgroup_memory, "memory" }, { &h->cgroup_cpu, "cpu" }, { &h->cgroup_cpuset, "cpuset" }, { &h->cgroup_pids, "pids" },
        };

        if (!v2 || !v1)
                return -ENOMEM;
        h->cgroup_v2 = v2[0] != '\0';
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                *rows[i].flag = has_word(h->cgroup_v2 ? v2 : v1, rows[i].name);
        h->cgroup_swap = h->cgroup_memory && (h->cgroup_v2 || access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) == 0);
        return 0;
}

static void read_lsms(HostFacts *h)
{
        h->apparmor = file_says("/sys/module/apparmor/parameters/enabled", 'Y');
        h->selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
        h->landlock = brig_landlock_abi() > 0;
}

static const char *file_system(const char *path)
{
        static const struct { long magic; const char *name; } names[] = {
                { EXT4_SUPER_MAGIC, "extfs" }, { XFS_SUPER_MAGIC, "xfs" }, { BTRFS_SUPER_MAGIC, "btrfs" }, { TMPFS_MAGIC, "tmpfs" },
                { OVERLAYFS_SUPER_MAGIC, "overlayfs" }, { F2FS_SUPER_MAGIC, "f2fs" }, { 0x2fc12fc1, "zfs" },
        };
        struct statfs s;

        if (statfs(path, &s) < 0)
                return "<unknown>";
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (s.f_type == names[i].magic)
                        return names[i].name;
        return "<unknown>";
}

int brig_host_facts_read(const char *data_root, HostFacts *ret, BrigError *err)
{
        _cleanup_(brig_host_facts_done) HostFacts h = { 0 };
        struct sysinfo s;

        if (sysinfo(&s) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot read the size of memory");
        if (read_names(&h) < 0 || read_cgroups(&h) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot describe the system");
        read_lsms(&h);
        h.memory = (int64_t)s.totalram * s.mem_unit;
        h.n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
        h.ipv4_forwarding = file_says("/proc/sys/net/ipv4/ip_forward", '1');
        h.backing_fs = file_system(data_root);
        *ret = h;
        h = (HostFacts){ 0 };
        return 0;
}

void brig_host_facts_done(HostFacts *h)
{
        free(h->kernel);
        free(h->machine);
        free(h->hostname);
        free(h->os_name);
        free(h->os_version);
        free(h->id);
        *h = (HostFacts){ 0 };
}
