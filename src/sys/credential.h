#pragma once
/*
 * Ids, capabilities, no_new_privs of the calling process (capabilities(7)).
 * Sets are masks: bit n is capability n.
 */
#include "base/macros.h"
#include <sys/types.h>

typedef struct CapabilitySets { uint64_t effective, permitted, inheritable; } CapabilitySets;

int brig_capability_get(CapabilitySets *ret) _must_use_;
int brig_capability_set(const CapabilitySets *sets) _must_use_;
/* Drops every capability that the kernel knows and `keep` lacks from the bounding set. Needs CAP_SETPCAP unless there is nothing to drop. */
int brig_capability_bound(uint64_t keep) _must_use_;
/* Empties the ambient set, then raises these. */
int brig_capability_ambient(uint64_t raise) _must_use_;
/* Highest number the running kernel knows, by asking prctl(2). */
int brig_capability_last(void);

int brig_no_new_privs(void) _must_use_;
/* Groups, then gid, then uid, all three of each (real, effective, saved). */
int brig_credential_switch(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups) _must_use_;
/* Becomes uid:gid without groups, a way back or dumps, and without capabilities (nor any that a program could bring) but those of `keep`. */
int brig_credential_drop(uid_t uid, gid_t gid, uint64_t keep) _must_use_;
/* Effective ids only; the capability sets stay as they are. For acting as the owner of something and going back. */
int brig_credential_effective(uid_t uid, gid_t gid) _must_use_;
