#pragma once
/*
 * brig-api as a child: started as the unprivileged user with the channel and the
 * listeners, started again with growing pauses when it ends. The listeners stay
 * open meanwhile, so clients wait instead of failing.
 */
#include "brigd.h"

/* Starts it now; a failure is logged and tried again later. */
void api_start(Brigd *d);
/* For good: it is asked to end, and killed when it takes too long; api.child says when it is gone. */
void api_stop(Brigd *d);
void api_free(Brigd *d);

/*
 * Sends m, or keeps it until the socket takes it. Dropped when no brig-api is
 * there: the next one asks for everything. A brig-api that does not read is killed.
 */
void api_send(Brigd *d, const WireMessage *m);
/* Replies, to the brig-api that asked and to no other. */
void api_reply(Brigd *d, uint32_t generation, uint32_t serial, WireMessage *m);
void api_reply_ok(Brigd *d, uint32_t generation, uint32_t serial);
void api_reply_error(Brigd *d, uint32_t generation, uint32_t serial, const BrigError *err);

/* The table that `brig-api --compile-config` makes of the configuration file goes into d->options. */
int api_compile_config(Brigd *d, BrigError *err) _must_use_;

/* requests.c: one message of brig-api. */
void request_handle(Brigd *d, WireMessage *m);
