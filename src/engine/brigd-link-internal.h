#pragma once
/*
 * The way to brigd: one SEQPACKET channel that many threads use at once. A
 * reader thread receives everything: an answer wakes the thread that asked (by
 * its serial), an unasked message goes to the owner's function, which runs on
 * the reader thread and must not block or ask.
 *
 * When brigd is gone every asker gets BRIG_ERR_UNAVAILABLE and brig_link_hangup_fd hangs up.
 */
#include "wire/wire.h"

typedef struct BrigdLink BrigdLink;
typedef void (*LinkUnaskedFn)(void *context, const WireMessage *m);
/* Copies out of an answer what the asker needs; runs on the reader thread, under the link's lock. */
typedef void (*LinkAnswerFn)(void *context, const WireMessage *m);

typedef struct LinkOptions {
        int fd;                         /* taken, also on failure */
        LinkUnaskedFn unasked;
        void *context;
} LinkOptions;

/* Greets brigd, waits for its HELLO and starts the reader. */
int brig_link_open(const LinkOptions *o, BrigdLink **ret, BrigError *err) _must_use_;
/* Ends the connection: every asker gets its error, the reader has ended when this returns. */
void brig_link_stop(BrigdLink *l);
/* Stops and frees. No thread may be asking. */
BrigdLink *brig_link_close(BrigdLink *l);
BRIG_DEFINE_CLEANUP(BrigdLink *, brig_link_close)
/*
 * Sends request (its serial is set here, its descriptors stay the caller's) and waits for the end of the answer: OK,
 * ERROR (which becomes *err), or one message of another type. With `answer` NULL only OK is right. LIST
 * and LAYER_LIST give any number of messages before their OK.
 */
int brig_link_ask(BrigdLink *l, WireMessage *request, LinkAnswerFn answer, void *context, BrigError *err) _must_use_;
/* For the one message without an answer (EXIT_ACK). A link that is gone is no error: brigd repeats what it has to say. */
void brig_link_tell(BrigdLink *l, WireMessage *m);
bool brig_link_gone(BrigdLink *l);
int brig_link_hangup_fd(const BrigdLink *l);
