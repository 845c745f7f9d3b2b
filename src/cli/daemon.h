#pragma once
/*
 * Calls to the daemon. One connection is kept and used for one call after the
 * other; what streams for long (attach, wait, logs) opens its own.
 *
 * An answer of 400 and above becomes an error: "Error response from daemon: "
 * and the daemon's words, with the kind that belongs to the status.
 */
#include "base/buffer.h"
#include "cli/http-client.h"
#include "cli/url.h"

/* Most bytes of a JSON answer: a list of some hundred thousand containers. */
#define DAEMON_ANSWER_MAX (512u << 20)

typedef struct Daemon {
        const char *host;         /* as the user gave it, for messages and `info` */
        const char *socket_path;  /* points into host */
        HttpConn *conn;           /* NULL until the first call */
        bool used;                /* conn has carried a call: it may have timed out since */
} Daemon;

typedef struct DaemonCall {
        const char *method;
        Url *url;
        const json_t *body;         /* JSON body, or NULL */
        int body_fd;                /* > 0: upload of what can be read there */
        const char *content_type;   /* of body_fd */
} DaemonCall;

/* From -H, BRIG_HOST, DOCKER_HOST or the default socket. BRIG_ERR_INVALID for what is no unix:// address. */
int brig_daemon_init(Daemon *d, const char *host, BrigError *err) _must_use_;
void brig_daemon_done(Daemon *d);
/* Lets the kept connection go, and with it the daemon's thread that serves it. */
void brig_daemon_release(Daemon *d);

/* The whole call. ret (may be NULL) is a new reference, NULL for an answer without a body. */
int brig_daemon_call(Daemon *d, const DaemonCall *call, json_t **ret, BrigError *err) _must_use_;
/* As text. `out` is appended to. */
int brig_daemon_fetch(Daemon *d, const DaemonCall *call, BrigBuffer *out, BrigError *err) _must_use_;
/*
 * The call on a connection of its own, up to and with the head of the answer;
 * the body (or, with `upgrade`, the raw stream) is the caller's to read.
 */
int brig_daemon_open(Daemon *d, const DaemonCall *call, bool upgrade, HttpConn **ret, HttpResponse *ret_response,
                     BrigError *err) _must_use_;
/* A connection made in advance, for two calls of brig_daemon_begin and brig_daemon_finish that overlap. */
int brig_daemon_begin(Daemon *d, const DaemonCall *call, bool upgrade, HttpConn **ret, BrigError *err) _must_use_;
int brig_daemon_finish(HttpConn *c, HttpResponse *ret, BrigError *err) _must_use_;

/*
 * "--filter name=value" words as the API's {"name":{"value":true}}; NULL for no words.
 * New reference. CLI_BAD_OPTION (cli.h) for a word without '='.
 */
int brig_daemon_filters(char *const *words, json_t **ret, BrigError *err) _must_use_;
