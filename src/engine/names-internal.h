#pragma once
/* Names of containers. */
#include "base/error.h"

/* "brave_hopper": a name for a container that was given none; attempt > 0 adds digits. free(3), NULL when out of memory. */
char *brig_name_generate(unsigned attempt);
/*
 * Docker's grammar [a-zA-Z0-9][a-zA-Z0-9_.-]+, a slash before it is dropped. *ret points into name.
 * BRIG_ERR_INVALID with Docker's text.
 */
int brig_name_check(const char *name, const char **ret, BrigError *err) _must_use_;
