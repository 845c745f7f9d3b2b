#pragma once
/* The network namespace of the caller. */
#include "base/macros.h"

/* Brings `lo` up: 127.0.0.1 and ::1 answer from then on. */
int brig_network_loopback_up(void) _must_use_;
