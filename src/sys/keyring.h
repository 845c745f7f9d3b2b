#pragma once
/* Session keyrings (keyrings(7)). */
#include "base/macros.h"

/* Leaves the inherited session keyring for a new, empty, nameless one. */
int brig_keyring_fresh(void) _must_use_;
