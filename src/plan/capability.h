#pragma once
/* Capability names and masks: one table (capability.c). No libcap: names and numbers are uapi facts. */
#include "base/error.h"

#define BRIG_CAP_BIT(n) (UINT64_C(1) << (n))
/* "CHOWN" or "CAP_CHOWN" in any case → number; -EINVAL when unknown. */
int brig_cap_parse(const char *name, int *ret) _must_use_;
/* "CAP_CHOWN"; NULL over the last known. */
const char *brig_cap_name(int cap);
uint64_t brig_cap_all(void);            /* all that this table knows */
uint64_t brig_cap_profile(const char *profile); /* default set of "standard", "compat", "hardened" */
/* Docker's rule: start from base; drop ALL empties, add ALL fills; then single names. BRIG_ERR_INVALID names an unknown one. */
int brig_cap_tweak(uint64_t base, char *const *add, char *const *drop, uint64_t *ret, BrigError *err) _must_use_;
