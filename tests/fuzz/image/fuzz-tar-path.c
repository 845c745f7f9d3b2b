/* Names in layers: whatever is accepted is clean, and cleaning it again changes nothing. */
#include "base/strings.h"
#include "image/tar-path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No "..", no ".", no empty part, no slash at either end, and within the limits. */
static void check_clean(const char *path)
{
        size_t depth = 0;

        brig_assert(strlen(path) <= BRIG_TAR_PATH_MAX && *path != '/');
        for (const char *p = path; *p;) {
                size_t n = strcspn(p, "/");

                brig_assert(n > 0 && n <= BRIG_TAR_PART_MAX && ++depth <= BRIG_TAR_DEPTH_MAX);
                brig_assert(!(n == 1 && *p == '.') && !(n == 2 && p[0] == '.' && p[1] == '.'));
                brig_assert(p[n] == '\0' || p[n + 1] != '\0');
                p += n + (p[n] == '/');
        }
}

static void check_name(const char *raw)
{
        TarName n, again;
        const char *reason = NULL;

        if (brig_tar_name_parse(raw, &n, &reason) < 0) {
                brig_assert(reason);
                return;
        }
        check_clean(n.path);
        brig_assert(n.name_at <= strlen(n.path) && n.parent_len <= n.name_at && !strchr(n.path + n.name_at, '/'));
        if (n.kind == TAR_NAME_ROOT) {
                brig_assert(!*n.path);
                return;
        }
        brig_assert(n.name_at == 0 ? n.parent_len == 0 : n.path[n.parent_len] == '/' && n.name_at == n.parent_len + 1);
        if (n.kind == TAR_NAME_ENTRY) {
                brig_assert(brig_tar_name_parse(n.path, &again, &reason) == 0 && again.kind == TAR_NAME_ENTRY);
                brig_assert(streq(again.path, n.path) && again.name_at == n.name_at && again.parent_len == n.parent_len);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *raw = strndup((const char *)data, size);
        const char *reason = NULL;
        TarName n;

        brig_assert(raw);
        check_name(raw);
        if (brig_tar_link_parse(raw, &n, &reason) == 0)
                brig_assert(*raw != '/' && n.kind == TAR_NAME_ENTRY);
        (void)!brig_tar_symlink_check(raw, &reason);
        return 0;
}
