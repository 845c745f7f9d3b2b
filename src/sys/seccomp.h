#pragma once
/* Loading a seccomp filter that somebody else compiled (seccomp(2)). */
#include "base/macros.h"
#include <linux/filter.h>

/* For the calling process and its later children. Needs no_new_privs or CAP_SYS_ADMIN. */
int brig_seccomp_load(const struct sock_filter *filter, size_t n, uint32_t flags) _must_use_;
