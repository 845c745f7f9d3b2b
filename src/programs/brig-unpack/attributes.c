#include "programs/brig-unpack/attributes.h"

#include "base/strings.h"
#include <archive.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define MODE_BITS 07777
/* More than a real file system stores; each entry is 8 bytes of a value that the kernel limits to 64 KB. */
#define ACL_ENTRIES_MAX 1024u

/* --- ids, mode, times -------------------------------------------------- */

static int check_id(int64_t id, uint32_t max_id, const char *what, BrigError *err)
{
        if (id >= 0 && id < max_id)
                return 0;
        return brig_error_set(err, BRIG_ERR_INVALID, ERANGE, "its %s %lld is outside of 0-%u", what, (long long)id, max_id - 1);
}

int brig_attributes_read(struct archive_entry *entry, uint32_t max_id, Attributes *ret, BrigError *err)
{
        int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
        int r = check_id(uid, max_id, "owner", err);

        if (r == 0)
                r = check_id(gid, max_id, "group", err);
        if (r < 0)
                return r;
        ret->uid = (uid_t)uid;
        ret->gid = (gid_t)gid;
        ret->mode = archive_entry_mode(entry) & MODE_BITS;
        ret->times[1].tv_sec = archive_entry_mtime(entry);
        ret->times[1].tv_nsec = archive_entry_mtime_nsec(entry);
        if (ret->times[1].tv_nsec < 0 || ret->times[1].tv_nsec > 999999999)
                ret->times[1].tv_nsec = 0;
        /* The time of a build machine's last read is noise; two unpackings of a layer shall be equal. */
        ret->times[0] = ret->times[1];
        return 0;
}

/* --- extended attributes ----------------------------------------------- */

typedef enum Verdict { DROP, KEEP, KEEP_IF_SUPPORTED } Verdict;

/* The first row that fits decides; a prefix ends in a dot. What no row names is dropped. */
static const struct { const char *name; Verdict verdict; } xattr_rules[] = {
        { "user.overlay.", DROP },
        { "user.", KEEP_IF_SUPPORTED },
        { "security.capability", KEEP },
        { XATTR_NAME_POSIX_ACL_ACCESS, KEEP },
};

static Verdict judge(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(xattr_rules); i++) {
                const char *rule = xattr_rules[i].name;

                if (brig_str_has_suffix(rule, ".") ? brig_str_has_prefix(name, rule) : streq(name, rule))
                        return xattr_rules[i].verdict;
        }
        return DROP;
}

static int apply_xattrs(int fd, struct archive_entry *entry, BrigError *err)
{
        const char *name;
        const void *value;
        size_t len;

        (void)archive_entry_xattr_reset(entry);
        while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK) {
                Verdict verdict = name ? judge(name) : DROP;

                if (verdict == DROP || fsetxattr(fd, name, value, len, 0) == 0)
                        continue;
                /* user.* on a tmpfs before Linux 6.6, as Docker: a missing remark is no weaker defence */
                if (verdict == KEEP_IF_SUPPORTED && (errno == EOPNOTSUPP || errno == EPERM))
                        continue;
                return brig_error_errno(err, errno == EINVAL || errno == ERANGE || errno == E2BIG ? BRIG_ERR_INVALID : BRIG_ERR_INTERNAL,
                                        errno, "cannot set its attribute \"%.200s\"", name);
        }
        return 0;
}

/* --- ACLs -------------------------------------------------------------- */

/* In the order that the kernel wants. */
static const struct { int archive; uint16_t tag; } acl_tags[] = {
        { ARCHIVE_ENTRY_ACL_USER_OBJ, ACL_USER_OBJ },
        { ARCHIVE_ENTRY_ACL_USER, ACL_USER },
        { ARCHIVE_ENTRY_ACL_GROUP_OBJ, ACL_GROUP_OBJ },
        { ARCHIVE_ENTRY_ACL_GROUP, ACL_GROUP },
        { ARCHIVE_ENTRY_ACL_MASK, ACL_MASK },
        { ARCHIVE_ENTRY_ACL_OTHER, ACL_OTHER },
};

typedef struct AclValue {
        struct posix_acl_xattr_header header;
        struct posix_acl_xattr_entry entries[];
} AclValue;

/* Appends the entries of one tag behind the n that are there; returns the new count. */
static size_t collect_acl(struct archive_entry *entry, int type, size_t tag, AclValue *v, size_t n)
{
        int entry_type, permset, entry_tag, id;
        const char *name;

        (void)archive_entry_acl_reset(entry, type);
        while (n < ACL_ENTRIES_MAX && archive_entry_acl_next(entry, type, &entry_type, &permset, &entry_tag, &id, &name) == ARCHIVE_OK) {
                bool named = acl_tags[tag].tag == ACL_USER || acl_tags[tag].tag == ACL_GROUP;

                /* A user of whom only a name is told (tar --acls) is nobody here: without the entry the file gives less, not more. */
                if (entry_tag != acl_tags[tag].archive || (named && id < 0))
                        continue;
                v->entries[n++] = (struct posix_acl_xattr_entry){
                        .e_tag = htole16(acl_tags[tag].tag),
                        .e_perm = htole16((uint16_t)(permset & (ACL_READ | ACL_WRITE | ACL_EXECUTE))),
                        .e_id = htole32(named ? (uint32_t)id : (uint32_t)ACL_UNDEFINED_ID),
                };
        }
        return n;
}

/* The kernel's form of an ACL that the archive has as text; *ret NULL when there is none. NFSv4 ones have no place on Linux' own file systems. */
static int build_acl(struct archive_entry *entry, int type, void **ret, size_t *ret_len, BrigError *err)
{
        _cleanup_free_ AclValue *v = NULL;
        size_t n = 0;

        *ret = NULL;
        if (!(archive_entry_acl_types(entry) & type))
                return 0;
        v = malloc(sizeof(*v) + ACL_ENTRIES_MAX * sizeof(v->entries[0]));
        if (!v)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read its ACL");
        v->header.a_version = htole32(POSIX_ACL_XATTR_VERSION);
        for (size_t tag = 0; tag < ARRAY_SIZE(acl_tags); tag++)
                n = collect_acl(entry, type, tag, v, n);
        if (n == ACL_ENTRIES_MAX)
                return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "its ACL has too many entries");
        *ret_len = sizeof(*v) + n * sizeof(v->entries[0]);
        *ret = TAKE_PTR(v);
        return 0;
}

static int apply_access_acl(int fd, struct archive_entry *entry, BrigError *err)
{
        _cleanup_free_ void *value = NULL;
        size_t len = 0;
        int r = build_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, &value, &len, err);

        if (r < 0 || !value)
                return r;
        if (fsetxattr(fd, XATTR_NAME_POSIX_ACL_ACCESS, value, len, 0) < 0)
                return brig_error_errno(err, errno == EINVAL ? BRIG_ERR_INVALID : BRIG_ERR_INTERNAL, errno, "cannot set its ACL");
        return 0;
}

static int copy_raw_default(struct archive_entry *entry, void **ret_value, size_t *ret_len)
{
        const char *name;
        const void *value;
        size_t len;

        (void)archive_entry_xattr_reset(entry);
        while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK) {
                if (!name || !streq(name, XATTR_NAME_POSIX_ACL_DEFAULT) || len == 0)
                        continue;
                *ret_value = malloc(len);
                if (!*ret_value)
                        return -ENOMEM;
                memcpy(*ret_value, value, len);
                *ret_len = len;
                break;
        }
        return 0;
}

int brig_attributes_default_acl(struct archive_entry *entry, void **ret_value, size_t *ret_len, BrigError *err)
{
        *ret_value = NULL;
        if (copy_raw_default(entry, ret_value, ret_len) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read its default ACL");
        return *ret_value ? 0 : build_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, ret_value, ret_len, err);
}

/* ----------------------------------------------------------------------- */

int brig_attributes_apply(int fd, struct archive_entry *entry, const Attributes *a, BrigError *err)
{
        int r;

        /* The owner first: a change of owner clears the set-id bits and file capabilities. */
        if (fchown(fd, a->uid, a->gid) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set its owner");
        if (fchmod(fd, a->mode) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set its mode");
        /* Then the ACL, whose mask chmod would change. */
        r = apply_access_acl(fd, entry, err);
        return r < 0 ? r : apply_xattrs(fd, entry, err);
}

int brig_attributes_apply_at(int parent, const char *name, const Attributes *a, BrigError *err)
{
        if (fchownat(parent, name, a->uid, a->gid, AT_SYMLINK_NOFOLLOW) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set its owner");
        if (utimensat(parent, name, a->times, AT_SYMLINK_NOFOLLOW) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot set its times");
        return 0;
}
