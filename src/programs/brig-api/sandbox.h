#pragma once
/*
 * brig-api reads what strangers wrote, so it is made harmless before the first
 * byte: no capabilities and no root (checked, brigd saw to it), its own folders
 * and a few files to read (Landlock), no way to start a process or to reach the kernel's
 * rarer doors (seccomp).
 */
#include "base/error.h"

/* Refuses to go on with uid 0, any capability, or without no_new_privs. */
int sandbox_check_privilege(BrigError *err) _must_use_;
/* Irreversible, before any thread. Without Landlock in the kernel the rest still holds; *ret_landlock says which. */
int sandbox_enter(const char *data_root, const char *config_file, bool *ret_landlock, BrigError *err) _must_use_;
