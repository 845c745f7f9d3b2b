#pragma once
/*
 * The Docker Engine API over HTTP. One call starts the servers on sockets that
 * someone else opened; from then on every connection is served by a thread of its
 * own (docs/design/http.md says why).
 *
 * start → (serving) → stop. Stop only closes the doors: threads that wait for a container
 * hold the engine, so the process ends by exit, not by tearing the engine down under them.
 */
#include "engine/engine.h"

#define BRIG_API_VERSION "1.50"
#define BRIG_API_MIN_VERSION "1.24"

typedef struct Api Api;

typedef struct ApiAccess {
        const char *method, *target;
        unsigned status;
        const char *message;            /* of the error, or NULL */
        int64_t nanoseconds;
} ApiAccess;

typedef struct ApiOptions {
        Engine *engine;                 /* borrowed, outlives the process' threads */
        const int *listen_fds;          /* listening stream sockets; taken by start, also on failure */
        size_t n_listen_fds;
        unsigned max_connections;       /* per listener; 0: 512 */
        bool debug;                     /* as `docker info` shows it */
        void (*on_access)(const ApiAccess *access);   /* after each request, from many threads; may be NULL */
} ApiOptions;

int brig_api_start(const ApiOptions *o, Api **ret, BrigError *err) _must_use_;
/*
 * No new connections; waits until no request is being answered any more, `grace_ms` at most, then cancels what
 * the engine blocks. Long streams are not waited for.
 */
void brig_api_stop(Api *api, int grace_ms);
