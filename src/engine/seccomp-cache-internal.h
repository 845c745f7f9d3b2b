#pragma once
/*
 * Compiled seccomp programs by (profile text, granted capabilities): compiling
 * one takes longer than all else of a start together.
 */
#include "plan/seccomp.h"

typedef struct SeccompCache SeccompCache;
SeccompCache *brig_seccomp_cache_new(void);     /* NULL when out of memory */
SeccompCache *brig_seccomp_cache_free(SeccompCache *c);
BRIG_DEFINE_CLEANUP(SeccompCache *, brig_seccomp_cache_free)
/* A reference to the program: brig_seccomp_release. Concurrent askers of one program compile it once. */
int brig_seccomp_acquire(SeccompCache *c, const char *text, uint64_t caps, const SeccompProgram **ret, BrigError *err) _must_use_;
void brig_seccomp_release(SeccompCache *c, const SeccompProgram *p);
