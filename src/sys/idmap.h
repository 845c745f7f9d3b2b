#pragma once
/* User namespaces and their id maps (user_namespaces(7)). */
#include "base/macros.h"
#include <sys/types.h>

typedef struct IdRange { uint32_t inside, outside, count; } IdRange;
#define BRIG_IDMAP_MAX 8

/* Writes both maps of the namespace that pid has just been born into; gids may be NULL (as uids). */
int brig_idmap_write(pid_t pid, const IdRange *uids, const IdRange *gids, size_t n) _must_use_;
/*
 * A user namespace that exists only for idmapped mounts (mount_setattr(2)): the
 * on-disk id `inside` appears as `outside`. An fd that keeps it alive. Needs /proc.
 */
int brig_idmap_namespace(const IdRange *uids, const IdRange *gids, size_t n) _must_use_;
