#pragma once
/*
 * Takes folder trees away by descriptors alone: no name is resolved twice, no
 * symbolic link is followed, another file system that is mounted inside is never
 * entered. The depth of a tree is unbounded (a payload can nest folders without
 * end), descriptors and stack are not: below BRIG_REMOVE_DEPTH levels a folder is
 * moved up to the root of the removal and emptied there.
 */
#include "base/error.h"

#define BRIG_REMOVE_DEPTH 32

/* Removes the folder parent/name with everything in it. */
int brig_remove_tree(int parent, const char *name, BrigError *err) _must_use_;
/* Removes everything in the folder fd (borrowed), which stays. */
int brig_remove_content(int fd, BrigError *err) _must_use_;
