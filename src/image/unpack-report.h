#pragma once
/*
 * The one line that brig-unpack leaves on its report descriptor. Either
 *   ok <bytes> <entries> <skipped>
 * (bytes of regular files, entries put in place, entries left out: devices, sockets) or
 *   error <kind> <text>
 * with kind one of invalid, too-large, no-space, internal. The text is printable
 * ASCII; other bytes of foreign names stand as \xNN. No line at all: the program died.
 */
#include "base/error.h"

#define BRIG_UNPACK_REPORT_MAX 1200u

typedef struct UnpackReport { uint64_t bytes, entries, skipped; } UnpackReport;

/* With the newline, into out. */
void brig_unpack_report_ok(const UnpackReport *report, char out[BRIG_UNPACK_REPORT_MAX]);
void brig_unpack_report_error(const BrigError *error, char out[BRIG_UNPACK_REPORT_MAX]);
/* `line` with or without newline, "" when nothing came. An error line fills *err and returns negative. */
int brig_unpack_report_parse(const char *line, UnpackReport *ret, BrigError *err) _must_use_;
