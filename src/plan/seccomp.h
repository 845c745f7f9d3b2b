#pragma once
/*
 * Seccomp profiles in Docker's JSON format, compiled to BPF by libseccomp. Only
 * brig-api calls this; compiled programs are cached by (profile digest, capabilities, arch).
 */
#include "base/error.h"
#include <linux/filter.h>

typedef struct SeccompProgram {
        struct sock_filter *filter; /* owned */
        size_t n_filter;
        uint8_t digest[32];         /* SHA-256 of the instructions */
        uint32_t flags;             /* SECCOMP_FILTER_FLAG_* from the profile */
} SeccompProgram;

/*
 * Compiles Docker-format JSON: defaultAction, defaultErrnoRet, archMap, syscalls {names, action, args,
 * includes/excludes {caps, arches, minKernel}, errnoRet}. `caps` is the mask of granted capabilities that includes/excludes
 * look at. Names that libseccomp does not know are skipped (as runc does) when their action is weaker or
 * equal to the default, refused otherwise. BRIG_ERR_INVALID names the offending entry.
 */
int brig_seccomp_compile(const char *json, size_t len, uint64_t caps, SeccompProgram *ret, BrigError *err) _must_use_;
void brig_seccomp_program_clear(SeccompProgram *p);
/* The text of a profile that ships with Brig ("standard"; "compat"; "hardened"), or NULL. Built in. */
const char *brig_seccomp_builtin(const char *name);
