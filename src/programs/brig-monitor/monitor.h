#pragma once
/*
 * brig-monitor: one per container. It starts the container as root, drops to the
 * id that owns the container's user namespace, and then serves: streams, log,
 * exec sessions, signals, exit record. It waits for nobody: when brigd is gone it
 * works on and lets the next brigd in by its listener. When it ends, the container
 * ends (parent-death signal), so it ends last: after EXIT_ACK.
 *
 * Life: STARTING (main.c) → RUNNING → EXITED (exit record written, told to every
 * brigd that comes) → the end.
 */
#include "exit-record.h"
#include "log-file.h"
#include "loop.h"
#include "oom.h"
#include "runtime/runtime.h"
#include "session.h"
#include "sys/process.h"
#include "wire/wire.h"

#define MONITOR_MAX_SESSIONS 256u
#define MONITOR_MAX_CLIENTS 64u          /* per session */
#define MONITOR_OUTBOX_MAX (1u << 20)    /* bytes of messages that a slow brigd leaves in our hands */

typedef struct Exec Exec;

typedef struct Monitor {
        Loop loop;
        const char *id;
        LaunchPlan plan;
        RuntimeContainer container;
        LogFile log;
        OomWatch oom;
        int container_dir;               /* borrowed from log */

        WireChannel link;                /* to brigd; link.fd -EBADF while there is none */
        uint32_t link_number;            /* how many there were: replies to an earlier one are dropped */
        LoopSource link_source;
        BrigBuffer outbox;               /* u32 length + frame each */
        int listener;
        LoopSource listener_source;
        int signals;                     /* signalfd: SIGCHLD, SIGTERM */
        LoopSource signals_source;

        Session *main_session;
        Exec *execs;                     /* linked */
        size_t n_execs;
        char *chunk;                     /* SESSION_CHUNK bytes that all sessions read into */

        uint64_t started_at;
        bool exited, told, acknowledged;
        int exit_code;
        uint64_t finished_at;
} Monitor;

/* control.c: the link to brigd */
/* HELLO both ways, then MONITOR_START: *ret keeps it. Blocking: there is nothing else to do yet. */
int control_receive_start(Monitor *m, WireMessage *ret) _must_use_;
int control_watch(Monitor *m) _must_use_;
/* Sends or queues; a link that is beyond help is closed. */
void control_send(Monitor *m, const WireMessage *message);
/* An answer to a request of link `number`: dropped when that link is gone. */
void control_reply(Monitor *m, uint32_t number, const WireMessage *message);
void control_reply_error(Monitor *m, uint32_t number, uint32_t serial, const BrigError *err);
void control_close(Monitor *m);

/* exec.c: sessions beside pid 1 */
int exec_begin(Monitor *m, WireMessage *message, BrigError *err) _must_use_;
/* The running session of that id, or NULL. */
Session *exec_find(Monitor *m, const char *exec_id);
/* A child of ours has ended; false when it was no session's. */
bool exec_child_ended(Monitor *m, const ProcessEnd *end);
/* Frees what has ended and has no client left; time until the next stalled client is dropped, in ms, or -1. */
int exec_sweep(Monitor *m, int64_t now);
void exec_free_all(Monitor *m);

/* serve.c: from the birth of the payload to EXIT_ACK */
int serve(Monitor *m, BrigError *err) _must_use_;
void serve_detached(void *monitor, Session *s);
void serve_tell_exit(Monitor *m);
