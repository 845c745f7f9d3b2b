#pragma once
/*
 * Owner, mode, times, extended attributes and ACLs of an archive entry, put on
 * the file that was just made for it. Ids are those of the image: the process
 * runs in the storage range's user namespace, which shifts them, and refuses an id
 * that the namespace does not have.
 *
 * Of the extended attributes "user.*", "security.capability" and the POSIX ACLs
 * are kept. Dropped are "user.overlay.*" and "trusted.*" (an archive would steer
 * overlayfs by them) and the labels of other hosts' security modules.
 */
#include "base/error.h"
#include <archive_entry.h>
#include <time.h>

typedef struct Attributes {
        uid_t uid;
        gid_t gid;
        mode_t mode;            /* permission and set-id bits */
        struct timespec times[2];
} Attributes;

/* max_id: the first id that the user namespace does not have. */
int brig_attributes_read(struct archive_entry *entry, uint32_t max_id, Attributes *ret, BrigError *err) _must_use_;
/* On an open file or folder; content first, for writing would clear file capabilities. Times come last, by the caller. */
int brig_attributes_apply(int fd, struct archive_entry *entry, const Attributes *a, BrigError *err) _must_use_;
/* On a symbolic link or fifo, by name; times included. */
int brig_attributes_apply_at(int parent, const char *name, const Attributes *a, BrigError *err) _must_use_;
/* The folder's default ACL goes on when its content is there, or each new entry would inherit it. 0: none. */
int brig_attributes_default_acl(struct archive_entry *entry, void **ret_value, size_t *ret_len, BrigError *err) _must_use_;
