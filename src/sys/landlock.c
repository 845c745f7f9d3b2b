#include "sys/landlock.h"

#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The fields of ABI 6; the kernel takes longer structures of older programs and shorter ones of newer. */
typedef struct RulesetAttr { uint64_t fs, net, scoped; } RulesetAttr;

/* Accesses by the ABI that brought them: 1: 0–12, 2: REFER, 3: TRUNCATE, 5: IOCTL_DEV. */
static const uint64_t fs_by_abi[] = {
        [0] = 0,
        [1] = (UINT64_C(1) << 13) - 1,
        [2] = (UINT64_C(1) << 14) - 1,
        [3] = (UINT64_C(1) << 15) - 1,
        [4] = (UINT64_C(1) << 15) - 1,
        [5] = (UINT64_C(1) << 16) - 1,
};

/* Accesses that a rule on a file (not a folder) may name: EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV. */
#define FILE_ACCESS (UINT64_C(7) | UINT64_C(1) << 14 | UINT64_C(1) << 15)
#define ABI_WITH_SCOPES 6

int brig_landlock_abi(void)
{
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

        return abi > 0 ? (int)abi : 0;
}

uint64_t brig_landlock_fs_all(int abi)
{
        return fs_by_abi[MIN2((size_t)MAX2(abi, 0), ARRAY_SIZE(fs_by_abi) - 1)];
}

uint64_t brig_landlock_scopes(int abi)
{
        return abi >= ABI_WITH_SCOPES ? BRIG_LANDLOCK_SCOPE_ABSTRACT_UNIX | BRIG_LANDLOCK_SCOPE_SIGNAL : 0;
}

int brig_landlock_new(int abi)
{
        RulesetAttr attr = { .fs = brig_landlock_fs_all(abi), .scoped = brig_landlock_scopes(abi) };
        size_t size = abi >= ABI_WITH_SCOPES ? sizeof attr : sizeof attr.fs;
        long fd = syscall(SYS_landlock_create_ruleset, &attr, size, 0);

        return fd < 0 ? -errno : (int)fd;
}

int brig_landlock_allow(int ruleset, int abi, uint64_t access, int path_fd)
{
        struct landlock_path_beneath_attr rule = { .parent_fd = path_fd };
        struct stat st;

        if (fstat(path_fd, &st) < 0)
                return -errno;
        rule.allowed_access = access & brig_landlock_fs_all(abi) & (S_ISDIR(st.st_mode) ? ~UINT64_C(0) : FILE_ACCESS);
        if (rule.allowed_access == 0)
                return 0;
        return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int brig_landlock_restrict(int ruleset)
{
        return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}
