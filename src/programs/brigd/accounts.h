#pragma once
/* Who brig-api is. Read from /etc/passwd itself: no NSS module is loaded into a root process. */
#include "base/error.h"
#include <sys/types.h>

#define BRIG_DEFAULT_USER "brig"
/*
 * Where no user "brig" exists (a build tree that was never installed): ids that
 * distributions leave free, between systemd's dynamic users and nobody (65534).
 */
#define BRIG_FALLBACK_ID 65530u

typedef struct Account { uid_t uid; gid_t gid; } Account;

/* NULL: the default user, or the fallback ids. A named user must exist and not be root. */
int account_lookup(const char *user, Account *ret, BrigError *err) _must_use_;
