#pragma once
/* The exit record: how a monitor leaves a container's end behind before it reports it (wire.h, BRIG_WIRE_EXIT_RECORD). */
#include "wire/wire.h"

/* Writes the EXITED message under another name, flushes it unless ephemeral, and renames it. */
int exit_record_write(int dir, const WireMessage *exited, bool ephemeral) _must_use_;
