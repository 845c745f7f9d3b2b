#pragma once
/*
 * The monitor's own seccomp filter, from the moment it is no longer root: it reads
 * what a payload writes, so whoever took it over by that must gain nothing. It can
 * serve descriptors, open what its empty mount namespace shows, and signal; it
 * cannot execute, fork, trace, mount, change ids, or make a socket to anywhere.
 */
#include "base/macros.h"

int lockdown(void) _must_use_;
