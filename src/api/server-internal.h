#pragma once
/* What the HTTP library's side of the room shares: the server, and one exchange (a request and its worker). */
#include "api/api.h"
#include "api/routes.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* Header block of a request, and the size of the library's buffers. */
#define SERVER_CONNECTION_MEMORY (64u * 1024)
/* Deep enough for a JSON document of the greatest depth and an SQLite statement; untouched pages cost nothing. */
#define SERVER_STACK_BYTES (512u * 1024)
#define SERVER_MAX_CONNECTIONS 512u
/* What a streamed upload may bring at most. */
#define SERVER_MAX_UPLOAD (INT64_C(256) << 30)
/* A refused body is read to its end, so that the client sees the answer and not a broken pipe; up to here. */
#define SERVER_MAX_DISCARD (INT64_C(1) << 30)

struct Api {
        ApiOptions options;
        struct MHD_Daemon **daemons;
        size_t n_daemons;
        atomic_uint busy;               /* requests between their header and their reply */
};

typedef struct Exchange {
        Request *request;
        struct MHD_Connection *connection;
        bool begun;                     /* the header was looked at */
        bool failed;                    /* err is set: the handler does not run, the body is thrown away */
        bool joinable;                  /* worker runs */
        bool busy;                      /* counted in Api.busy */
        pthread_t worker;
        int64_t received;               /* bytes of body */
        int64_t started;                /* monotonic ns */
        int handler_result;
        BrigError err;
} Exchange;

/* Queues x->request->reply, or the error. */
enum MHD_Result brig_server_respond(Exchange *x);
/* The 101 response of a REPLY_HIJACK. */
struct MHD_Response *brig_server_upgrade(Request *r);
/* A REPLY_HIJACK whose client did not ask for an upgrade becomes a REPLY_STREAM of the output. */
int brig_server_downgrade(Request *r, BrigError *err) _must_use_;
/* A thread with this room's stack size; 0 or -errno. */
int brig_server_thread(pthread_t *ret, void *(*run)(void *), void *argument) _must_use_;
