#pragma once
/*
 * The events of one engine: a ring with sequence numbers. Readers hold a
 * cursor; who is slower than the ring loses the oldest ones, never blocks a writer.
 */
#include "engine/engine.h"

#define BRIG_EVENTS_KEPT 2048

typedef struct EventRing EventRing;
EventRing *brig_event_ring_new(void);   /* NULL when out of memory */
/* Ends every waiting cursor with -ECANCELED; cursors may outlive it no further than their close. */
void brig_event_ring_cancel(EventRing *r);
EventRing *brig_event_ring_free(EventRing *r);
/* Appends; attributes may be NULL. An event that finds no memory is dropped: no state depends on it. */
void brig_event_ring_emit(EventRing *r, const char *type, const char *action, const char *actor_id, const JsonPairs *attributes);

typedef struct EventQuery { int64_t since, until; const json_t *filters; } EventQuery;
int brig_event_ring_open(EventRing *r, const EventQuery *q, EventCursor **ret, BrigError *err) _must_use_;
