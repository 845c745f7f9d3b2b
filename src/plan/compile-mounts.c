/*
 * The member "mounts". The executor mounts a closed list of file systems, each
 * in one way; the words of the specification are attributes, a propagation,
 * or data of that file system, and a word that is none of them is refused.
 */
#include "plan/compile-internal.h"

#include "base/buffer.h"
#include "base/strings.h"
#include <sys/mount.h>

typedef struct MountWord {
        const char *word;
        uint64_t set, clear;      /* MOUNT_ATTR_* */
        uint32_t propagation;
        uint32_t flags;           /* PLAN_MOUNT_F_* */
} MountWord;

static const MountWord words[] = {
        { "ro", .set = MOUNT_ATTR_RDONLY }, { "rw", .clear = MOUNT_ATTR_RDONLY },
        { "rro", .set = MOUNT_ATTR_RDONLY, .flags = PLAN_MOUNT_F_RO_RECURSIVE },
        { "nosuid", .set = MOUNT_ATTR_NOSUID }, { "suid", .clear = MOUNT_ATTR_NOSUID },
        { "nodev", .set = MOUNT_ATTR_NODEV }, { "dev", .clear = MOUNT_ATTR_NODEV },
        { "noexec", .set = MOUNT_ATTR_NOEXEC }, { "exec", .clear = MOUNT_ATTR_NOEXEC },
        { "nosymfollow", .set = MOUNT_ATTR_NOSYMFOLLOW }, { "symfollow", .clear = MOUNT_ATTR_NOSYMFOLLOW },
        { "noatime", .set = MOUNT_ATTR_NOATIME, .clear = MOUNT_ATTR__ATIME }, { "relatime", .clear = MOUNT_ATTR__ATIME },
        { "strictatime", .set = MOUNT_ATTR_STRICTATIME, .clear = MOUNT_ATTR__ATIME }, { "atime", .clear = MOUNT_ATTR__ATIME },
        { "nodiratime", .set = MOUNT_ATTR_NODIRATIME }, { "diratime", .clear = MOUNT_ATTR_NODIRATIME },
        { "private", .propagation = MS_PRIVATE }, { "rprivate", .propagation = MS_PRIVATE | MS_REC },
        { "slave", .propagation = MS_SLAVE }, { "rslave", .propagation = MS_SLAVE | MS_REC },
        { "shared", .propagation = MS_SHARED }, { "rshared", .propagation = MS_SHARED | MS_REC },
        { "unbindable", .propagation = MS_UNBINDABLE }, { "runbindable", .propagation = MS_UNBINDABLE | MS_REC },
        { "bind" }, { "rbind", .flags = PLAN_MOUNT_F_RECURSIVE }, { "defaults" }, { "async" },
        { "tmpcopyup", .flags = PLAN_MOUNT_F_COPY_UP }, { BRIG_MOUNT_WORD_CREATE, .flags = PLAN_MOUNT_F_CREATE_SOURCE },
};

/*
 * Which data words a type takes. NULL as value: any, kept for the executor; else the executor does
 * exactly this on its own, and another value is refused.
 */
typedef struct DataWord {
        PlanMountType type;
        const char *key, *value;
} DataWord;

static const DataWord data_words[] = {
        { PLAN_MOUNT_TMPFS, "size=", NULL }, { PLAN_MOUNT_TMPFS, "mode=", NULL }, { PLAN_MOUNT_TMPFS, "uid=", NULL },
        { PLAN_MOUNT_TMPFS, "gid=", NULL }, { PLAN_MOUNT_TMPFS, "nr_inodes=", NULL },
        { PLAN_MOUNT_SHM, "size=", NULL }, { PLAN_MOUNT_SHM, "mode=", "1777" },
        { PLAN_MOUNT_DEV, "mode=", "755" }, { PLAN_MOUNT_DEV, "size=", "65536k" },
        { PLAN_MOUNT_DEVPTS, "newinstance", "" }, { PLAN_MOUNT_DEVPTS, "ptmxmode=", "0666" },
        { PLAN_MOUNT_DEVPTS, "mode=", "0620" }, { PLAN_MOUNT_DEVPTS, "gid=", "5" },
};

typedef struct TypeRow {
        const char *type, *destination;    /* destination NULL: any */
        PlanMountType plan_type;
} TypeRow;

/* The first row that fits. */
static const TypeRow types[] = {
        { "proc", NULL, PLAN_MOUNT_PROC }, { "sysfs", NULL, PLAN_MOUNT_SYSFS }, { "tmpfs", "/dev", PLAN_MOUNT_DEV },
        { "tmpfs", "/dev/shm", PLAN_MOUNT_SHM }, { "tmpfs", NULL, PLAN_MOUNT_TMPFS }, { "devpts", NULL, PLAN_MOUNT_DEVPTS },
        { "mqueue", NULL, PLAN_MOUNT_MQUEUE }, { "cgroup", NULL, PLAN_MOUNT_CGROUP }, { "cgroup2", NULL, PLAN_MOUNT_CGROUP },
        { "bind", NULL, PLAN_MOUNT_BIND }, { "none", NULL, PLAN_MOUNT_BIND }, { "", NULL, PLAN_MOUNT_BIND },
};

/* "mounts[3] (/data): unknown option "x"" */
static int fail_mount(const Compiler *c, size_t index, BrigErrorKind kind, const char *what, const char *word)
{
        return brig_error_set(c->err, kind, kind == BRIG_ERR_UNSUPPORTED ? ENOTSUP : EINVAL, "mounts[%zu] (%.200s): %s \"%.100s\"", index,
                              BRIG_JSON_AT(RuntimeMount, &c->spec->mounts, index)->destination, what, word);
}

static bool is_bind(const RuntimeMount *m)
{
        return brig_strv_contains(m->options, "bind") || brig_strv_contains(m->options, "rbind");
}

static int mount_type(const Compiler *c, size_t index, PlanMountType *ret)
{
        const RuntimeMount *m = BRIG_JSON_AT(RuntimeMount, &c->spec->mounts, index);
        const char *type = is_bind(m) ? "bind" : m->type ? m->type : "";

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (streq(types[i].type, type) && (!types[i].destination || streq(types[i].destination, m->destination))) {
                        *ret = types[i].plan_type;
                        return 0;
                }
        return fail_mount(c, index, BRIG_ERR_UNSUPPORTED, "this file system is not supported:", type);
}

static bool apply_word(PlanMount *to, const char *word)
{
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (streq(words[i].word, word)) {
                        to->attr = (to->attr & ~words[i].clear) | words[i].set;
                        to->flags |= words[i].flags;
                        if (words[i].propagation)
                                to->propagation = words[i].propagation;
                        return true;
                }
        return false;
}

/* Octal numbers may come with or without leading zero. */
static bool same_value(const char *a, const char *b)
{
        return streq(a + strspn(a, "0"), b + strspn(b, "0"));
}

static int apply_data(const Compiler *c, size_t index, PlanMount *to, const char *word, BrigBuffer *options)
{
        for (size_t i = 0; i < ARRAY_SIZE(data_words); i++) {
                const DataWord *row = &data_words[i];

                if (row->type != to->type || !brig_str_has_prefix(word, row->key))
                        continue;
                if (row->value && !same_value(word + strlen(row->key), row->value))
                        return fail_mount(c, index, BRIG_ERR_UNSUPPORTED, "this value is not supported:", word);
                /* A comma would smuggle a second word past this table. */
                if (strchr(word, ','))
                        return fail_mount(c, index, BRIG_ERR_INVALID, "malformed option", word);
                if (!row->value)
                        (void)brig_buffer_printf(options, "%s%s", options->len ? "," : "", word);   /* sticky: judged at the end */
                return 0;
        }
        return fail_mount(c, index, BRIG_ERR_INVALID, "unknown option", word);
}

static int apply_options(const Compiler *c, size_t index, PlanMount *to)
{
        _cleanup_buffer_ BrigBuffer options = BRIG_BUFFER_INIT(4096);

        BRIG_STRV_FOREACH(word, BRIG_JSON_AT(RuntimeMount, &c->spec->mounts, index)->options) {
                int r = apply_word(to, *word) ? 0 : apply_data(c, index, to, *word, &options);

                if (r < 0)
                        return r;
        }
        if (options.error == -ENOMEM)
                return brig_error_errno(c->err, BRIG_ERR_INTERNAL, ENOMEM, "launch plan");
        if (options.error)
                return fail_mount(c, index, BRIG_ERR_TOO_LARGE, "too many options", "");
        if (options.len == 0)
                return 0;
        to->options = brig_plan_strdup(c->plan, options.data);
        return to->options ? 0 : brig_error_errno(c->err, BRIG_ERR_INTERNAL, ENOMEM, "launch plan");
}

/* The plan says the size of /dev/shm also as a number, which inspect and the executor's check read. */
static int shm_size(const Compiler *c, size_t index, const PlanMount *m)
{
        const char *size = m->type == PLAN_MOUNT_SHM ? strstr(m->options, "size=") : NULL;
        uint64_t bytes;

        if (!size)
                return 0;
        if (brig_parse_size(size + strlen("size="), &bytes) < 0 || bytes / 1024 > UINT32_MAX)
                return fail_mount(c, index, BRIG_ERR_INVALID, "malformed option", size);
        c->plan->shm_size_kib = (uint32_t)((bytes + 1023) / 1024);
        return 0;
}

/* The one id map that a bind may have: the container's root is this user of the source. */
static int apply_idmap(const Compiler *c, size_t index, const RuntimeMount *from, PlanMount *to)
{
        const RuntimeIdMapping *uid, *gid;

        if (from->uid_mappings.count == 0 && from->gid_mappings.count == 0)
                return 0;
        if (to->type != PLAN_MOUNT_BIND)
                return fail_mount(c, index, BRIG_ERR_UNSUPPORTED, "no id mappings on", from->type ? from->type : "");
        if (from->uid_mappings.count != 1 || from->gid_mappings.count != 1)
                return fail_mount(c, index, BRIG_ERR_UNSUPPORTED, "more than one id mapping on", "bind");
        uid = BRIG_JSON_AT(RuntimeIdMapping, &from->uid_mappings, 0);
        gid = BRIG_JSON_AT(RuntimeIdMapping, &from->gid_mappings, 0);
        if (uid->container_id != 0 || uid->size != 1 || gid->container_id != 0 || gid->size != 1)
                return fail_mount(c, index, BRIG_ERR_UNSUPPORTED, "id mappings other than of id 0 on", "bind");
        to->flags |= PLAN_MOUNT_F_IDMAP;
        to->idmap_uid = (uint32_t)uid->host_id;
        to->idmap_gid = (uint32_t)gid->host_id;
        return 0;
}

static int compile_mount(const Compiler *c, size_t index, PlanMount *to)
{
        const RuntimeMount *from = BRIG_JSON_AT(RuntimeMount, &c->spec->mounts, index);
        int r;

        *to = (PlanMount){ .source = "", .target = from->destination, .options = "" };
        r = mount_type(c, index, &to->type);
        if (r < 0)
                return r;
        r = apply_options(c, index, to);
        if (r < 0)
                return r;
        if (to->type == PLAN_MOUNT_BIND) {
                if (brig_str_empty(from->source) || from->source[0] != '/')
                        return fail_mount(c, index, BRIG_ERR_INVALID, "the source is not an absolute path:", from->source ? from->source : "");
                to->source = from->source;
        } else if (to->flags & (PLAN_MOUNT_F_RO_RECURSIVE | PLAN_MOUNT_F_CREATE_SOURCE)) {
                return fail_mount(c, index, BRIG_ERR_INVALID, "these options are for binds:", "rro, " BRIG_MOUNT_WORD_CREATE);
        }
        if ((to->flags & PLAN_MOUNT_F_COPY_UP) && to->type != PLAN_MOUNT_TMPFS)
                return fail_mount(c, index, BRIG_ERR_INVALID, "this option is for tmpfs:", "tmpcopyup");
        r = shm_size(c, index, to);
        return r < 0 ? r : apply_idmap(c, index, from, to);
}

int brig_compile_mounts(const Compiler *c)
{
        size_t count = c->spec->mounts.count;
        int r;

        if (count == 0)
                return 0;
        if (count > BRIG_PLAN_MAX_MOUNTS)
                return brig_error_set(c->err, BRIG_ERR_TOO_LARGE, E2BIG, "mounts: %zu entries, at most %d are allowed", count, BRIG_PLAN_MAX_MOUNTS);
        r = brig_compile_array(c, count, sizeof(PlanMount), &c->plan->mounts);
        for (size_t i = 0; r >= 0 && i < count; i++)
                r = compile_mount(c, i, &c->plan->mounts[i]);
        c->plan->n_mounts = r < 0 ? 0 : count;
        return r;
}
