#pragma once
/*
 * A brigd of one thread at the other end of the channel: it launches nothing,
 * remembers what it was asked, and does what the test tells it. And an engine on
 * a scratch folder with one image, "base", that talks to it.
 */
#include "engine/engine.h"
#include "wire/wire.h"
#include <pthread.h>

#define FAKE_MAX 32

typedef struct FakeContainer {
        BrigId id;
        uint32_t state;                 /* WIRE_STATE_*; 0: nothing runs */
        int exit_code;
        int64_t finished_at;
        unsigned launches, acks, removes, paused, signals;
        int last_signal;
        size_t n_streams;               /* of the last launch; their descriptors, and those of later attaches */
        int streams[16];
        uint8_t bits[16];
        BrigId exec_id;                 /* the last exec */
        int exec_stream;
        unsigned execs;
} FakeContainer;

typedef struct FakeBrigd {
        WireChannel channel;
        pthread_t thread;
        pthread_mutex_t lock;           /* recursive; guards all below, and sending */
        pthread_cond_t changed;
        FakeContainer containers[FAKE_MAX];
        size_t n;
        /* switches */
        BrigErrorKind launch_error;     /* BRIG_OK: launches succeed */
        const char *launch_message;
        BrigErrorKind exec_error, remove_error;
        bool dies_of_term;              /* SIGTERM ends a container, as SIGKILL always does */
        bool exits_at_once;             /* EXITED (code 3) before LAUNCHED's next message */
        const char *exec_output;        /* what an exec writes, and ends with exec_code; NULL: it goes on */
        int exec_code;
        unsigned unpacked, layers_removed;
} FakeBrigd;

typedef struct Fixture {
        char root[64];
        FakeBrigd brigd;
        Engine *engine;
        int signal_fd;                  /* the engine's end, before open */
} Fixture;

/* cmocka set-up and teardown with an open engine. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* kill -9 of brig-api, and a new one: the engine's end of the channel closes, brigd's containers stay. */
void fixture_restart(Fixture *f);
/* The same for a test that changes what brigd knows or the database holds in between. */
void fixture_stop(Fixture *f);
void fixture_start(Fixture *f);

/* A definition out of JSON text with ' for ". */
void definition_of(const char *text, ContainerDefinition *ret);
/* Creates from such text; fails the test on an error. */
void must_create(Fixture *f, const char *name, const char *text, BrigId ret);
void must_start(Fixture *f, const char *ref);
/* The row of a container that brigd was asked to launch; waits for it. Called without the lock. */
FakeContainer *fake_find(FakeBrigd *b, const char *id);
/* Tells the end of a container. */
void fake_exit(FakeBrigd *b, const char *id, int exit_code);
void fake_send(FakeBrigd *b, WireMessage *m);
/* Waits until a container has that state in the engine. */
void await_state(Fixture *f, const char *ref, ContainerState s);
ContainerView *must_get(Fixture *f, const char *ref);
/* Waits for a container to be gone. */
void await_gone(Fixture *f, const char *ref);
/* Waits until *counter is at least n. */
void await_count(FakeBrigd *b, const unsigned *counter, unsigned n);
json_t *json_of(const char *text);
