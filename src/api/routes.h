#pragma once
/*
 * The route table: every path of the API, once. What a route may do to a request
 * before its handler runs (limits, streaming) is a property of its row, and so is
 * the permission that roles will be checked against.
 */
#include "api/request.h"

typedef int (*RouteHandler)(Request *r, BrigError *err);

enum {
        ROUTE_STREAM_BODY = 1 << 0,     /* the handler reads the body while it arrives, from r->upload, in a thread of its own */
        ROUTE_ANY_BODY = 1 << 1,        /* the body is read and ignored */
};

struct Route {
        const char *method;
        const char *pattern;            /* {id}: one path segment; {name}: anything, slashes included */
        RouteHandler handler;
        const char *permission;
        unsigned flags;
};

/*
 * Splits the optional /vX.Y off r->target.path, finds the route, fills r->version,
 * r->route, r->argument. BRIG_ERR_INVALID for a version out of range, BRIG_ERR_NOT_FOUND
 * "page not found" for anything that is not in the table (a wrong method too, as Docker).
 */
int brig_route_find(Request *r, BrigError *err) _must_use_;
/* Pure parts, for tests. */
bool brig_route_match(const char *pattern, const char *path, char **ret_argument);
const Route *brig_routes(size_t *ret_count);

/* Handlers, one file per family. */
int brig_handle_ping(Request *r, BrigError *err);
int brig_handle_version(Request *r, BrigError *err);
int brig_handle_info(Request *r, BrigError *err);
int brig_handle_events(Request *r, BrigError *err);
int brig_handle_disk_usage(Request *r, BrigError *err);

int brig_handle_image_list(Request *r, BrigError *err);
int brig_handle_image_create(Request *r, BrigError *err);
int brig_handle_image_load(Request *r, BrigError *err);
int brig_handle_image_save(Request *r, BrigError *err);
int brig_handle_image_inspect(Request *r, BrigError *err);
int brig_handle_image_history(Request *r, BrigError *err);
int brig_handle_image_tag(Request *r, BrigError *err);
int brig_handle_image_delete(Request *r, BrigError *err);
int brig_handle_image_prune(Request *r, BrigError *err);

int brig_handle_container_create(Request *r, BrigError *err);
int brig_handle_container_list(Request *r, BrigError *err);
int brig_handle_container_inspect(Request *r, BrigError *err);
int brig_handle_container_start(Request *r, BrigError *err);
int brig_handle_container_stop(Request *r, BrigError *err);
int brig_handle_container_restart(Request *r, BrigError *err);
int brig_handle_container_kill(Request *r, BrigError *err);
int brig_handle_container_pause(Request *r, BrigError *err);
int brig_handle_container_unpause(Request *r, BrigError *err);
int brig_handle_container_rename(Request *r, BrigError *err);
int brig_handle_container_resize(Request *r, BrigError *err);
int brig_handle_container_remove(Request *r, BrigError *err);
int brig_handle_container_prune(Request *r, BrigError *err);
int brig_handle_container_top(Request *r, BrigError *err);
int brig_handle_container_security(Request *r, BrigError *err);
int brig_handle_container_wait(Request *r, BrigError *err);
int brig_handle_container_attach(Request *r, BrigError *err);
int brig_handle_container_logs(Request *r, BrigError *err);

int brig_handle_exec_create(Request *r, BrigError *err);
int brig_handle_exec_start(Request *r, BrigError *err);
int brig_handle_exec_inspect(Request *r, BrigError *err);
int brig_handle_exec_resize(Request *r, BrigError *err);

/* What other daemons have and this one does not build yet: an empty shape, or an error that says so. */
int brig_handle_absent(Request *r, BrigError *err);
