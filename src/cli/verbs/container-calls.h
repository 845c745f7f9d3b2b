#pragma once
/* Calls on containers that several verbs share. */
#include "cli/cli.h"
#include "cli/create/container-options.h"
#include "cli/json-text.h"
#include "cli/session.h"

/* GET /containers/<name>/json; *ret is a new reference. */
int brig_container_inspect(Cli *cli, const char *name, json_t **ret, BrigError *err) _must_use_;
int brig_container_start(Cli *cli, const char *id, BrigError *err) _must_use_;
/* POST /containers/create, pulling the image when it is missing (--pull); prints warnings, writes --cidfile. *ret_id: free(3). */
int brig_container_create(Cli *cli, const ContainerOptions *o, char *const *args, json_t *body, char **ret_id, BrigError *err) _must_use_;

typedef struct AttachWishes {
        bool input, output, error;
        const char *detach_keys;
} AttachWishes;

/*
 * Attaches and, at the same time, asks to be told of the exit; both are in
 * place when this returns. `condition`: "next-exit", "removed", NULL (not running).
 */
typedef struct Attachment {
        Cli *cli;
        const char *id, *condition;
        HttpConn *stream, *wait;
} Attachment;
void brig_attachment_done(Attachment *a);
#define _cleanup_attachment_ _cleanup_(brig_attachment_done)
int brig_container_attach(Cli *cli, const char *id, const AttachWishes *w, const char *condition, Attachment *ret, BrigError *err) _must_use_;
/* Session.renew for a session whose renew_data is the Attachment: waits on a new connection. */
void brig_attachment_renew(Session *s);
/* Waits for the answer of a wait call: the exit status of the container. */
int brig_container_wait_result(HttpConn *wait, int *ret_status, BrigError *err) _must_use_;
/*
 * The same, and when the connection is lost (brig-api is restarted; containers and
 * their streams live on without it) the question is put again for a few seconds.
 */
int brig_attachment_exit_status(Attachment *a, int *ret_status, BrigError *err) _must_use_;

/* Gives what the daemon said about a payload that could not be started docker's exit status: 127, 126, else 125. */
void brig_payload_error(BrigError *err);
