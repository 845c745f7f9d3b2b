#pragma once
/*
 * The request target as text: path and query decoded, everything else refused.
 * The library's own decoding is not used: it ends a path at %00, and a name that
 * looks checked must not change its meaning further down.
 *
 * Path: percent-decoded; a NUL, a control character or text that is not UTF-8 is BRIG_ERR_INVALID.
 * Query: application/x-www-form-urlencoded ('+' is a blank), order and repeats kept; values may hold
 * newlines and tabs (Dockerfile changes, ps arguments), no other control character.
 * A broken escape ("%", "%4", "%zz") is refused, as Go does.
 */
#include "spec/json-table.h"

#define BRIG_TARGET_MAX_BYTES (32u * 1024)
#define BRIG_TARGET_MAX_PARAMETERS 256

typedef struct Target {
        char *path;
        JsonPairs query;
} Target;

int brig_target_parse(const char *raw, Target *ret, BrigError *err) _must_use_;
void brig_target_clear(Target *t);
#define _cleanup_target_ _cleanup_(brig_target_clear)

/* First value of a parameter, NULL when absent. */
const char *brig_target_get(const Target *t, const char *name);
/* All values of a repeated parameter, in order (brig_strv_free); NULL vector when there is none. 0 or -ENOMEM. */
int brig_target_get_all(const Target *t, const char *name, char ***ret) _must_use_;
/* Docker's idea of truth: anything but "", 0, no, false, none (any case, blanks around ignored). */
bool brig_target_bool(const Target *t, const char *name);
/* As bool, with the value for an absent or empty parameter. */
bool brig_target_bool_or(const Target *t, const char *name, bool absent);
/* Decimal integer; absent or empty gives `absent`. BRIG_ERR_INVALID names the parameter. */
int brig_target_int(const Target *t, const char *name, int64_t absent, int64_t *ret, BrigError *err) _must_use_;
