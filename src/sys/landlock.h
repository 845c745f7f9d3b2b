#pragma once
/* Landlock (landlock(7)): a set of folder rules that the calling process puts itself, and all its later children, under. */
#include "base/macros.h"

/* ABI of the running kernel, 0 where Landlock is absent or switched off. */
int brig_landlock_abi(void);
/* Every file system access that this ABI can handle. */
uint64_t brig_landlock_fs_all(int abi);
enum { BRIG_LANDLOCK_SCOPE_ABSTRACT_UNIX = 1 << 0, BRIG_LANDLOCK_SCOPE_SIGNAL = 1 << 1 };
/* Both scopes where the ABI has them (6), else 0. */
uint64_t brig_landlock_scopes(int abi);
/* A rule set that handles everything of the ABI; an fd. */
int brig_landlock_new(int abi) _must_use_;
/* Allows `access` (cut to what is handled) on path_fd and everything beneath it. */
int brig_landlock_allow(int ruleset, int abi, uint64_t access, int path_fd) _must_use_;
/* Needs no_new_privs or CAP_SYS_ADMIN in the user namespace. */
int brig_landlock_restrict(int ruleset) _must_use_;
