#pragma once
/*
 * A real brigd beside a fake brig-api and a fake brig-monitor, in a scratch
 * folder of its own. The test holds brig-api's end of the channel and so can say
 * whatever a taken-over brig-api could.
 */
#include "base/id.h"
#include "plan/plan.h"
#include "wire/wire.h"

typedef struct Daemon {
        char folder[64];         /* <folder>/{bin,data,run,ids,test.sock,config} */
        int meeting;             /* where fake brig-apis report */
        pid_t pid;               /* of brigd; 0: not running */
        int api_link;            /* connection to the fake brig-api */
        WireChannel link;        /* its channel */
} Daemon;

/* cmocka group fixtures make the folder, each test starts brigd. Tests skip where they may not (not root). */
int daemon_setup(void **state);
int daemon_teardown(void **state);

/* Starts brigd and waits for its brig-api; HELLO is exchanged. */
void daemon_start(Daemon *d);
/* SIGKILL, or SIGTERM and a clean exit. The channel is closed. */
void daemon_kill(Daemon *d);
void daemon_stop(Daemon *d);
/* A brig-api that brigd starts after the one before has gone. greet: exchange HELLO. */
void daemon_meet_api(Daemon *d, bool greet);
/* Closes the channel and ends the fake brig-api. */
void daemon_leave_api(Daemon *d);

void daemon_send(Daemon *d, const WireMessage *m);
/* The next message; fails the test after a few seconds without one. */
WireMessage daemon_receive(Daemon *d);
/* Skips unasked messages until the answer to serial comes. */
WireMessage daemon_answer(Daemon *d, uint32_t serial);
/* The link must end without another message. */
void daemon_expect_hangup(Daemon *d);
/* A request with nothing but an id. */
WireMessage daemon_ask_id(Daemon *d, WireType type, uint32_t serial, const char *id);

/* Sealed plan of a container whose fake monitor behaves as said. */
int daemon_plan(const char *id, const char *behaviour);
/* Sealed plan of a session in it. */
int daemon_exec_plan(const char *id, const char *exec_id);
/* LAUNCH with it; the answer. */
WireMessage daemon_launch(Daemon *d, uint32_t serial, const char *id, const char *behaviour);

/* Whether <folder>/<path> exists; waits up to a few seconds for `wanted`. */
bool daemon_wait_path(const Daemon *d, const char *path, bool wanted);
/* Entries of <folder>/<path> without "." and "..". */
int daemon_count(const Daemon *d, const char *path);
