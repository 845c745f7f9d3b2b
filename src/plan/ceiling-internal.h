#pragma once
/* What the parser and the judge of the ceiling share. Private to the room. */
#include "plan/ceiling.h"

/* CeilingRule.mask of a DEVICE rule */
enum { CEILING_DEVICE_BLOCK = 1, CEILING_DEVICE_CHAR = 2 };

/* "pid" → CLONE_NEWPID; 0 when there is no such word. */
uint64_t ceiling_namespace(const char *word);
/* The rule in the words of the file, without a newline. */
void ceiling_print_rule(BrigBuffer *b, const CeilingRule *r);
/* Appends; the path becomes the ceiling's. -ENOMEM, also when there are too many. */
int ceiling_add_rule(Ceiling *c, const CeilingRule *rule) _must_use_;
/* Absolute, without "." and ".." and empty parts. */
bool ceiling_is_plain_path(const char *path);
