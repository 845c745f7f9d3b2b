#pragma once
/*
 * The message table: every message that brig-api, brigd and the monitors
 * exchange, over SOCK_SEQPACKET (one packet is one message), as OpenSSH's
 * monitor does it. The table says for each message on which links it may
 * travel, which fields it has with their maximal sizes, and how many
 * descriptors may come with it. The decoder refuses anything else: unknown
 * type, wrong link, a field over its maximum, bytes left over, a missing or a
 * surplus descriptor, a first message that is not HELLO. A refused message ends the link.
 *
 * Frame, little endian: u32 magic, u16 type, u16 fd count, u32 serial, u32 length
 * of the whole frame; then the fields in table order. Integers have their width;
 * strings and byte fields are u32 length + bytes (strings end in a NUL that is
 * counted, and have no NUL inside).
 *
 * Serial: a request carries a serial > 0, unique on its link; each reply repeats
 * it. Unasked messages (EXITED, ...) have serial 0.
 *
 * The monitors' core (HELLO, STATUS, EXITED, ATTACH, EXEC, SIGNAL) only grows:
 * brigd speaks BRIG_WIRE_VERSION and the two before it.
 */
#include "base/error.h"
#include "base/id.h"

#define BRIG_WIRE_MAGIC UINT32_C(0x31475242) /* "BRG1" */
#define BRIG_WIRE_VERSION 1u
#define BRIG_WIRE_MAX_BYTES (64u * 1024)
#define BRIG_WIRE_MAX_FDS 16
#define BRIG_WIRE_MAX_TEXT 4096u
#define BRIG_WIRE_MAX_REPORT (60u * 1024)

/*
 * In the container's folder: how a monitor leaves the exit behind before it reports it. One EXITED
 * message as brig_wire_encode makes it for WIRE_MONITOR_TO_BRIGD, written under another name and
 * renamed to this one.
 */
#define BRIG_WIRE_EXIT_RECORD "exit"

/* The descriptors of MONITOR_START, in this order; its streams follow. */
enum {
        WIRE_START_PLAN,         /* sealed memfd */
        WIRE_START_STORAGE,      /* folder: layers/<diff ID>, uppers/<container id>/{upper,work} */
        WIRE_START_CONTAINER,    /* folder containers/<id>, owner range_base + range_size, set-group-id brig, 02750: logs, exit record */
        WIRE_START_LISTENER,     /* listening SOCK_SEQPACKET, for a brigd that was started anew; the monitor calls listen(2)
                                    once more itself, so that SO_PEERPIDFD of who connects names it */
        WIRE_START_CEILING,      /* sealed memfd with the ceiling's text */
        WIRE_START_INIT,         /* the file of brig-init, opened read-only */
        BRIG_WIRE_START_FDS,
};

typedef enum WireLink {
        WIRE_API_TO_BRIGD = 1 << 0,
        WIRE_BRIGD_TO_API = 1 << 1,
        WIRE_BRIGD_TO_MONITOR = 1 << 2,
        WIRE_MONITOR_TO_BRIGD = 1 << 3,
} WireLink;

typedef enum WireType {
        /* every link */
        WIRE_HELLO = 1,          /* first on each link, both ways */
        WIRE_OK,                 /* reply: done */
        WIRE_ERROR,              /* reply: refused or failed */
        /* brig-api asks brigd; those marked M are passed on to the monitor of the container */
        WIRE_LAUNCH = 16,        /* fds: plan, then one per stream. Reply LAUNCHED or ERROR */
        WIRE_EXEC,               /* M fds: exec plan, then 0 or 1 stream. Reply EXEC_STARTED or ERROR */
        WIRE_ATTACH,             /* M fd: the stream. Reply OK or ERROR */
        WIRE_SIGNAL,             /* M Reply OK or ERROR (ESRCH when it has ended) */
        WIRE_RESIZE,             /* M Reply OK or ERROR */
        WIRE_PAUSE,              /* reply OK or ERROR */
        WIRE_PIDS,               /* reply PID_LIST */
        WIRE_READBACK,           /* M reply READBACK_REPORT */
        WIRE_EXIT_ACK,           /* M the exit record is stored by brig-api; drop it. No reply */
        WIRE_REMOVE,             /* container folder and upper go to the trash. Reply OK */
        WIRE_LIST,               /* reply: a STATUS per container, then OK */
        WIRE_UNPACK,             /* fds: blob, report pipe. Reply OK or ERROR when the layer is in place or gone */
        WIRE_LAYER_REMOVE,       /* reply OK */
        WIRE_LAYER_LIST,         /* reply: a LAYER per layer, then OK */
        /* brigd to a monitor */
        WIRE_MONITOR_START = 48, /* fds: the BRIG_WIRE_START_FDS below, then streams. Reply LAUNCHED or ERROR */
        /* upwards; brigd passes those of a monitor on to brig-api */
        WIRE_LAUNCHED = 64,
        WIRE_EXEC_STARTED,
        WIRE_PID_LIST,
        WIRE_READBACK_REPORT,
        WIRE_LAYER,
        WIRE_STATUS,             /* a container's state; also a monitor's answer to a new brigd's HELLO */
        WIRE_EXITED,             /* unasked, repeated after each reconnect until EXIT_ACK */
        WIRE_EXEC_EXITED,        /* unasked */
        WIRE_OOM,                /* unasked */
        WIRE_DETACHED,           /* unasked: a client left by its detach keys */
} WireType;

/* Stream bits (LAUNCH.streams holds one byte per stream; EXEC and ATTACH one u32) */
enum {
        WIRE_STREAM_STDIN = 1 << 0,
        WIRE_STREAM_STDOUT = 1 << 1,
        WIRE_STREAM_STDERR = 1 << 2,
};

enum WireContainerState { WIRE_STATE_STARTING = 1, WIRE_STATE_RUNNING, WIRE_STATE_PAUSED, WIRE_STATE_EXITED };
enum { WIRE_SIGNAL_ALL = 1 << 0 /* every process of the container, not init alone */ };

typedef struct WireBytes { const void *data; size_t len; } WireBytes;

typedef struct WireHello { uint32_t version; const char *program; const char *id; /* container id, "" from brigd and brig-api */ } WireHello;
typedef struct WireErrorBody { uint32_t kind; int32_t errnum; const char *message; } WireErrorBody;
typedef struct WireLaunch { const char *id; WireBytes streams; WireBytes detach_keys; } WireLaunch;
typedef struct WireExec { const char *id; const char *exec_id; uint32_t streams; WireBytes detach_keys; uint32_t rows; uint32_t cols; } WireExec;
typedef struct WireAttach { const char *id; const char *exec_id; uint32_t streams; WireBytes detach_keys; } WireAttach;
typedef struct WireSignal { const char *id; const char *exec_id; int32_t signo; uint32_t flags; } WireSignal;
typedef struct WireResize { const char *id; const char *exec_id; uint32_t rows; uint32_t cols; } WireResize;
typedef struct WirePause { const char *id; uint32_t paused; } WirePause;
/* PIDS, READBACK, EXIT_ACK, REMOVE: */
typedef struct WireId { const char *id; } WireId;
/* UNPACK, LAYER_REMOVE, LAYER: `digest` is 64 hex characters (the diff ID without "sha256:"), the layer's folder name */
typedef struct WireLayer { const char *digest; uint64_t max_bytes; uint64_t max_entries; } WireLayer;
typedef struct WireMonitorStart {
        const char *id;
        uint32_t range_base;     /* host id of container id 0 */
        uint32_t range_size;     /* ids mapped into the container; range_base + range_size is the owner of its user namespace */
        uint32_t storage_base;   /* host id of id 0 in layers and uppers (range S) */
        const char *cgroup_parent; /* below each hierarchy's root, e.g. "brig-1a2b"; the container's own is <parent>/<id> */
        const char *disable;     /* layers switched off by the test build only ("seccomp,caps"), else "" */
        WireBytes streams;
        WireBytes detach_keys;
} WireMonitorStart;
typedef struct WireLaunched { const char *id; int32_t pid; uint32_t range_base; uint64_t started_at; const char *warnings; } WireLaunched;
typedef struct WireExecStarted { const char *id; const char *exec_id; int32_t pid; } WireExecStarted;
typedef struct WirePidList { WireBytes pids; /* int32_t each, host pids */ } WirePidList;
typedef struct WireReport { const char *text; /* lines "key<TAB>value" */ } WireReport;
typedef struct WireStatus { const char *id; uint32_t state; int32_t pid; int32_t exit_code; uint32_t oom; uint64_t started_at; uint64_t finished_at; } WireStatus;
/* exit_code as Docker has it: status, or 128 + signal. `reason` is "" or why the engine ended it ("monitor lost") */
typedef struct WireExited { const char *id; int32_t exit_code; uint32_t oom; uint64_t finished_at; const char *reason; uint64_t started_at; } WireExited;
typedef struct WireExecExited { const char *id; const char *exec_id; int32_t exit_code; } WireExecExited;

typedef struct WireMessage {
        WireType type;
        uint32_t serial;
        union {
                WireHello hello;
                WireErrorBody error;
                WireLaunch launch;
                WireExec exec;
                WireAttach attach;
                WireSignal signal;
                WireResize resize;
                WirePause pause;
                WireId id;              /* PIDS READBACK EXIT_ACK REMOVE OOM */
                WireLayer layer;        /* UNPACK LAYER_REMOVE LAYER */
                WireMonitorStart monitor_start;
                WireLaunched launched;
                WireExecStarted exec_started;
                WirePidList pid_list;
                WireReport report;
                WireStatus status;
                WireExited exited;
                WireExecExited exec_exited;
                WireExecExited detached;
        };
        size_t n_fds;
        int fds[BRIG_WIRE_MAX_FDS];     /* owned by the message after receive; borrowed for send */
} WireMessage;

/* One end of a link. Not thread-safe; brig-api guards its own. */
typedef struct WireChannel {
        int fd;                  /* owned, SOCK_SEQPACKET, CLOEXEC */
        WireLink in, out;
        bool greeted;            /* HELLO came in */
        uint32_t peer_version;
        char *buffer;            /* BRIG_WIRE_MAX_BYTES, allocated at init; strings of the last message point into it */
} WireChannel;

int brig_wire_channel_init(WireChannel *c, int fd, WireLink in, WireLink out) _must_use_; /* takes fd; -ENOMEM */
void brig_wire_channel_done(WireChannel *c);

/*
 * Sends one message with its descriptors (MSG_NOSIGNAL). 0 or -errno: -EAGAIN on a
 * full non-blocking socket, -EPIPE when the peer is gone, -EMSGSIZE over the table's limits.
 */
int brig_wire_send(WireChannel *c, const WireMessage *m) _must_use_;
/*
 * Receives one message. 1: *ret is filled (its strings live until the next receive on c;
 * its fds are CLOEXEC and the caller's). 0: orderly end of the peer. -EAGAIN: nothing there.
 * -EBADMSG: the table refuses it (all its descriptors are closed); the link must be closed.
 */
int brig_wire_receive(WireChannel *c, WireMessage *ret) _must_use_;
/* Closes descriptors that nobody took (TAKE_FD from m->fds[i] what you keep). */
void brig_wire_message_done(WireMessage *m);
#define _cleanup_message_ _cleanup_(brig_wire_message_done)

/* Pure encoder and decoder (fuzzed). encode: bytes written or -errno. decode: 0 or -EBADMSG; strings point into data. */
ssize_t brig_wire_encode(const WireMessage *m, WireLink link, void *out, size_t size) _must_use_;
int brig_wire_decode(const void *data, size_t len, size_t n_fds, WireLink link, WireMessage *ret) _must_use_;
const char *brig_wire_type_name(WireType t);

/* Shorthands for replies. */
int brig_wire_send_ok(WireChannel *c, uint32_t serial) _must_use_;
int brig_wire_send_error(WireChannel *c, uint32_t serial, const BrigError *err) _must_use_;
/* Turns a received ERROR into *err; returns negative. */
int brig_wire_take_error(const WireMessage *m, BrigError *err);
