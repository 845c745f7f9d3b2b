#pragma once
/*
 * A hijacked connection between the user's terminal and a container or exec
 * session, from attach to the end of the stream:
 *
 *   Session s = { ... };  brig_session_open (signals, raw mode)
 *   start the container or the exec session
 *   brig_session_resize, brig_session_run, brig_session_close
 *
 * Close restores the terminal and is right at any point, also without open.
 */
#include "cli/daemon.h"
#include "cli/demux.h"
#include "cli/terminal.h"

typedef struct Session Session;
struct Session {
        /* The caller's wishes. */
        Daemon *daemon;
        HttpConn *stream;          /* upgraded; borrowed */
        HttpConn *wait;            /* a pending wait call whose answer also ends the session, or NULL; borrowed */
        void (*renew)(Session *s); /* `wait` was lost before its answer came: put the question again, set s->wait; may be NULL */
        void *renew_data;
        const char *collection;    /* "containers" or "exec": where resize and kill go */
        const char *id;
        const char *detach_keys;   /* NULL: the default; "" none */
        bool tty;                  /* a raw stream; else multiplexed */
        bool input;                /* forward standard input */
        bool output, error;        /* copy standard output, error */
        bool proxy_signals;        /* to the container, by kill */

        /* Its own. */
        Terminal terminal;
        DetachKeys keys;
        Demux demux;
        int signal_fd;
        bool opened;
        bool stream_ended, input_ended;
        char *pending;             /* input that the socket did not take yet */
        size_t pending_start, pending_len;
        bool wait_answered;
};
#define SESSION_INIT(...) { __VA_ARGS__, .terminal = TERMINAL_INIT, .signal_fd = -EBADF }

typedef enum SessionEnd { SESSION_ENDED, SESSION_DETACHED } SessionEnd;

int brig_session_open(Session *s, BrigError *err) _must_use_;
/* Tells the daemon the terminal's size; what fails here is not worth an error. */
void brig_session_resize(Session *s);
int brig_session_run(Session *s, SessionEnd *ret, BrigError *err) _must_use_;
void brig_session_close(Session *s);
#define _cleanup_session_ _cleanup_(brig_session_close)

/* "the input device is not a TTY" when a terminal was asked for and standard input is none. */
int brig_session_check_tty(bool input, bool tty, BrigError *err) _must_use_;
