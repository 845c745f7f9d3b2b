#pragma once
/* Names and numbers of signals, as Docker takes them. */
#include "base/error.h"

/* "SIGTERM", "term", "15", "RTMIN+3" → 15. BRIG_ERR_INVALID "invalid signal: x". */
int brig_signal_parse(const char *text, int *ret, BrigError *err) _must_use_;
