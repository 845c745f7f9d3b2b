#include "programs.h"
#include "base/strings.h"
#include "brig-config.h"
#include "sys/memfd.h"
#include <fcntl.h>
#include <limits.h>

static const struct {
        const char *folder;      /* NULL: that of brigd's binary */
        bool nested;             /* a folder each, side by side with brigd's */
} places[] = {
        { NULL, false },         /* build/brigd, build/brig-api */
        { NULL, true },          /* build/src/programs/brigd/brigd */
        { BRIG_LIBEXECDIR, false },
};

static int own_folder(char out[PATH_MAX])
{
        ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

        if (n <= 0)
                return -errno;
        out[n] = 0;
        char *slash = strrchr(out, '/');
        if (!slash)
                return -ENOENT;
        *slash = 0;
        return 0;
}

static int open_program(const char *own, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                const char *folder = places[i].folder ? places[i].folder : own;
                _cleanup_free_ char *path = places[i].nested ? brig_str_printf("%s/../%s/%s", folder, name, name)
                                                             : brig_str_printf("%s/%s", folder, name);
                int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -ENOMEM;
                if (fd >= 0)
                        return fd;
        }
        return -ENOENT;
}

int programs_open(Programs *p, BrigError *err)
{
        char folder[PATH_MAX];
        _cleanup_close_ int monitor = -EBADF;
        const char *missing = NULL;
        int r = own_folder(folder);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "programs: /proc/self/exe");
        p->api = open_program(folder, "brig-api");
        p->unpack = open_program(folder, "brig-unpack");
        p->init = open_program(folder, "brig-init");
        monitor = open_program(folder, "brig-monitor");
        if (p->api < 0)
                missing = "brig-api";
        else if (p->unpack < 0)
                missing = "brig-unpack";
        else if (monitor < 0)
                missing = "brig-monitor";
        if (missing)
                return brig_error_set(err, BRIG_ERR_INTERNAL, ENOENT, "programs: \"%s\" is neither beside brigd nor in " BRIG_LIBEXECDIR, missing);
        r = brig_memfd_sealed_copy("brig-monitor", monitor, BRIG_MEMFD_EXECUTABLE, &p->monitor);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "programs: copy of brig-monitor") : 0;
}

void programs_done(Programs *p)
{
        p->api = brig_close(p->api);
        p->unpack = brig_close(p->unpack);
        p->monitor = brig_close(p->monitor);
        p->init = brig_close(p->init);
}
