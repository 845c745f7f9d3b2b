#pragma once
/*
 * A bounded byte pipe between two threads of one request. The HTTP library pushes
 * a body and pulls a response; the image store pulls a body and pushes a
 * tar. A conveyor stands where the two directions meet, so that both sides stay
 * straight-line code. 256 KiB in memory: large enough that the threads rarely wait on
 * each other, and no kernel buffer to copy through.
 *
 * One producer, one consumer. Each side ends its own: finish (no more bytes) and
 * abandon (no more readers).
 */
#include "base/macros.h"
#include <sys/types.h>

#define BRIG_CONVEYOR_BYTES (256u * 1024)

typedef struct Conveyor Conveyor;
Conveyor *brig_conveyor_new(void);      /* NULL when out of memory */
Conveyor *brig_conveyor_free(Conveyor *c);
BRIG_DEFINE_CLEANUP(Conveyor *, brig_conveyor_free)

/* Producer: blocks until all bytes are taken over; -EPIPE once the consumer has abandoned. */
int brig_conveyor_put(Conveyor *c, const void *data, size_t len) _must_use_;
/* Producer: the end. error 0: an orderly one; else the consumer reads -error behind the last byte. Idempotent, the first call counts. */
void brig_conveyor_finish(Conveyor *c, int error);
/* Consumer: blocks for at least one byte; the number read, 0 at the end, -error of finish. */
ssize_t brig_conveyor_get(Conveyor *c, void *data, size_t len) _must_use_;
/* Consumer: blocks until there is a byte or the end; true for a byte. */
bool brig_conveyor_wait(Conveyor *c);
/* Consumer: what comes is thrown away from now on. */
void brig_conveyor_abandon(Conveyor *c);
