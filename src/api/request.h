#pragma once
/*
 * One HTTP request on its way through the room: what came in (target, version,
 * body), and the reply that a handler fills. Handlers know nothing of the HTTP
 * library, they return 0 after one brig_reply_*() call, or a negative number with *err filled,
 * which the server turns into {"message": …} with the status of its kind.
 *
 * This header is for the files of this room; other rooms use api.h.
 */
#include "api/conveyor.h"
#include "api/target.h"
#include "engine/engine.h"

/* Engine API versions as comparable numbers: API_VERSION(1, 42) */
#define API_VERSION(major, minor) ((major) * 1000u + (minor))

#define BRIG_REQUEST_MAX_JSON (4u << 20)
#define BRIG_REPLY_MAX_CHUNK (1u << 20)

typedef struct Api Api;
typedef struct Route Route;
typedef struct Request Request;

/* 1: call again (perhaps nothing was appended yet), 0: the end, negative: broken off. (may block for about a second) */
typedef int (*ReplyNextFn)(void *context, BrigBuffer *out);
/* Runs in a thread of its own and writes the body; its error becomes the HTTP error when nothing was written yet. */
typedef int (*ReplyProduceFn)(void *context, Conveyor *out, BrigError *err);
/* Takes the client's stream, also on failure. */
typedef int (*ReplyHijackFn)(void *context, int fd, BrigError *err);
typedef void (*ReplyFreeFn)(void *context);

typedef enum ReplyKind { REPLY_NONE, REPLY_TEXT, REPLY_STREAM, REPLY_PRODUCE, REPLY_HIJACK } ReplyKind;

typedef struct Reply {
        ReplyKind kind;
        unsigned status;
        const char *content_type;       /* NULL: no such header */
        char *text;                     /* REPLY_TEXT; owned */
        size_t text_len;
        JsonPairs headers;
        union {
                ReplyNextFn next;
                ReplyProduceFn produce;
                ReplyHijackFn hijack;
        };
        void *context;                  /* of the functions; freed by free_context */
        ReplyFreeFn free_context;
        bool framed;                    /* REPLY_HIJACK: errors are written as stderr frames */
} Reply;

struct Request {
        Api *api;
        Engine *engine;
        const char *method;             /* of the HTTP library; lives as long as the request */
        char *raw_target;
        Target target;
        char *argument;                 /* what {id} or {name} of the route's pattern stands for, or NULL */
        const Route *route;
        unsigned version;               /* API_VERSION(); BRIG_API_VERSION where the path has none */
        bool upgrade;                   /* the client asks for Connection: Upgrade, Upgrade: tcp */
        bool has_body;
        const char *content_type;       /* request header or NULL */
        int client_fd;                  /* borrowed: only for seeing whether the client is still there */
        BrigBuffer body;                /* whole body of routes without ROUTE_STREAM_BODY */
        Conveyor *upload;               /* running body of routes with it */
        Reply reply;
};

Request *brig_request_new(Api *api, const char *raw_target);
Request *brig_request_free(Request *r);
BRIG_DEFINE_CLEANUP(Request *, brig_request_free)

/* --- what came in ------------------------------------------------------ */

static inline const char *brig_request_get(const Request *r, const char *name) { return brig_target_get(&r->target, name); }
static inline bool brig_request_bool(const Request *r, const char *name) { return brig_target_bool(&r->target, name); }
/* The JSON body. Docker's rules: none is an empty object, one needs Content-Type: application/json. */
int brig_request_json(Request *r, json_t **ret, BrigError *err) _must_use_;
/* As json, but a missing body is an error. */
int brig_request_json_required(Request *r, json_t **ret, BrigError *err) _must_use_;
/* The "filters" parameter, an empty object when absent. */
int brig_request_filters(const Request *r, json_t **ret, BrigError *err) _must_use_;
/* The parameters h and w. */
int brig_request_terminal_size(const Request *r, uint32_t *ret_rows, uint32_t *ret_cols, BrigError *err) _must_use_;
/* ImageReadFn over r->upload. */
ssize_t brig_request_read_upload(void *request, void *data, size_t len);
/* The client has hung up: a long answer may end. */
bool brig_request_client_gone(int client_fd);

/* ApiOptions.debug of the server. */
bool brig_api_debug(const Api *api);

/* --- what goes out ----------------------------------------------------- */

int brig_reply_empty(Request *r, unsigned status);
/* Takes value, also on failure; NULL means that building it ran out of memory. */
int brig_reply_json(Request *r, unsigned status, json_t *value, BrigError *err) _must_use_;
int brig_reply_text(Request *r, unsigned status, const char *content_type, const char *text, BrigError *err) _must_use_;
int brig_reply_header(Request *r, const char *name, const char *value, BrigError *err) _must_use_;

typedef struct ReplyStream { const char *content_type; void *context; ReplyFreeFn free_context; } ReplyStream;
/* These take the context. Status is 200 (101 for a hijack when the client asked for an upgrade). */
void brig_reply_stream(Request *r, const ReplyStream *s, ReplyNextFn next);
void brig_reply_produce(Request *r, const ReplyStream *s, ReplyProduceFn produce);
void brig_reply_hijack(Request *r, const ReplyStream *s, ReplyHijackFn hijack, bool framed);
void brig_reply_clear(Reply *reply);
/* ImageWriteFn over a conveyor. */
int brig_reply_write(void *conveyor, const void *data, size_t len);
