#pragma once
/*
 * A process with its standard streams, and the clients that are attached to it.
 * What the process writes goes to the log (pid 1 only) and to every client, raw
 * for a terminal, else in frames of eight bytes of header (Engine API, "attach":
 * stream number, three zeros, length big-endian).
 *
 * Nothing is buffered without bound. A piece that a client could not take whole
 * is kept, and nothing more is read from that stream until all clients have it:
 * the pipe fills and the payload waits, as in a shell's pipeline. A client that
 * came with the start or the exec may take its time, it is what the payload was
 * started for. One that attached later is dropped when it takes nothing for
 * SESSION_PATIENCE, so that nobody can stop a service by looking at it. After the
 * process has ended the log no longer waits for clients, and every client has
 * that patience from then on.
 */
#include "base/buffer.h"
#include "base/clock.h"
#include "base/id.h"
#include "detach.h"
#include "log-file.h"
#include "loop.h"
#include "runtime/runtime.h"

#define SESSION_CHUNK (64u * 1024)
#define SESSION_PENDING_MAX (8u << 20)   /* what a full pipe can still hold after the end, and one chunk */
#define SESSION_INPUT_MAX (16u * 1024)
#define SESSION_PATIENCE (8 * BRIG_NSEC_PER_SEC)
#define SESSION_LEAVE BRIG_NSEC_PER_SEC

typedef struct Session Session;
typedef struct Client Client;

struct Client {
        Client *next;
        Session *session;
        int fd;                          /* owned socket; its file flags are shared with whoever holds a copy, so they are left alone */
        LoopSource source;
        uint32_t streams;                /* WIRE_STREAM_* */
        bool patient;                    /* came with the start */
        bool input_ended;
        bool hung_up;                    /* the peer is gone, but what it has sent is still to be read */
        DetachKeys keys;
        size_t left[LOG_STREAMS];        /* bytes of the stream's pending piece that it has not got */
        int sending;                     /* stream whose piece is under way, or -1 */
        int64_t stalled_since;           /* 0: it is not */
        int64_t leaving_since;           /* it has ended its input, which ends the attachment after SESSION_LEAVE; 0: it stays */
};

typedef struct Output {
        Session *session;
        unsigned stream;
        LoopSource source;               /* the fd belongs to session->stdio */
        BrigBuffer pending;
        size_t after_end;                /* bytes read since the process ended */
        bool ended;
} Output;

/* What the owner hears of; `context` is its own. */
typedef struct SessionEvents {
        void (*detached)(void *context, Session *s);    /* a client left by its keys */
        void (*finished)(void *context, Session *s);    /* the process has ended and every stream with it */
        void *context;
} SessionEvents;

struct Session {
        Loop *loop;
        BrigId exec_id;                  /* "" for pid 1 */
        pid_t pid;                       /* -1: not started yet */
        int pidfd;                       /* owned */
        RuntimeStdio stdio;              /* owned, non-blocking */
        int keeper;                      /* our own slave of the terminal: without one the master reports a hang-up whenever the payload closes its own */
        bool terminal;
        bool close_input;                /* stdin ends with the first client that ends it */
        LogFile *log;                    /* NULL: not logged */
        Output outputs[LOG_STREAMS];
        LoopSource input_source;
        BrigBuffer input;                /* not yet taken by the process */
        bool input_ending;               /* close once input is empty */
        Client *clients;
        size_t n_clients;
        bool ended, finished;
        int exit_code;
        char *chunk;                     /* SESSION_CHUNK bytes, shared by all sessions of a monitor; borrowed */
        size_t touched;
        SessionEvents events;
};

typedef struct SessionConfig {
        Loop *loop;
        char *chunk;
        const char *exec_id;
        bool close_input;
        LogFile *log;
        SessionEvents events;
} SessionConfig;
Session *session_new(const SessionConfig *config);
Session *session_free(Session *s);
/* Takes the process' streams and starts to read. */
int session_start(Session *s, pid_t pid, RuntimeStdio *stdio) _must_use_;

typedef struct ClientConfig { uint32_t streams; const void *keys; size_t n_keys; bool patient; } ClientConfig;
/* Takes fd in any case. */
int session_attach(Session *s, int fd, const ClientConfig *config) _must_use_;
int session_resize(Session *s, unsigned rows, unsigned cols) _must_use_;
/* The process has ended: what is still in the pipes follows, then events.finished. */
void session_ended(Session *s, int exit_code);
/* Time until a stalled client is dropped, in ms; -1 when none stalls. Drops those whose time is over. */
int session_check_patience(Session *s, int64_t now);

/* For client.c. */
bool session_takes_input(const Session *s);
void session_input(Session *s, const char *data, size_t len);
/* A client has ended its side: closes stdin where that was agreed. */
void session_input_end(Session *s);
/* A client has got rid of a piece, or is gone. */
void session_client_moved(Session *s);
