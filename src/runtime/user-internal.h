#pragma once
/* The lines of passwd(5) and group(5), as Docker reads them. The texts are cut in place. */
#include "base/macros.h"
#include <sys/types.h>

typedef struct UserRecord { const char *name, *home; uid_t uid; gid_t gid; } UserRecord;
/* First line whose name, or number, is `user` ("": uid 0). *ret points into passwd. */
bool brig_user_find(char *passwd, const char *user, UserRecord *ret);
/* First group whose name, or number, is `name`. */
bool brig_group_find(char *group, const char *name, gid_t *ret);
/* Groups that list `user` as a member; at most max. */
size_t brig_group_memberships(char *group, const char *user, gid_t *out, size_t max);
