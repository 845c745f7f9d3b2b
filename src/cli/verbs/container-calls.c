#include "cli/verbs/container-calls.h"
#include "base/strings.h"
#include "cli/progress.h"
#include "cli/verbs/image-calls.h"
#include <fcntl.h>
#include <poll.h>

#define WAIT_AGAIN_MSEC 200
#define WAIT_AGAIN_TRIES 25

int brig_container_inspect(Cli *cli, const char *name, json_t **ret, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");

        brig_url_segment(&u, name);
        brig_url_segment(&u, "json");
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, ret, err);
}

int brig_container_start(Cli *cli, const char *id, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");

        brig_url_segment(&u, id);
        brig_url_segment(&u, "start");
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, NULL, err);
}

/* ---- create ---- */

static int check_cidfile(const char *path, BrigError *err)
{
        if (!path || access(path, F_OK) < 0)
                return 0;
        return brig_error_set(err, BRIG_ERR_CONFLICT, EEXIST,
                              "container ID file found, make sure the other container isn't running or delete %s", path);
}

static int write_cidfile(const char *path, const char *id, BrigError *err)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!path)
                return 0;
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        r = fd < 0 ? -errno : brig_write_all(fd, id, strlen(id));
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, r, "failed to write the container ID to \"%s\"", path) : 0;
}

static int post_create(Cli *cli, const ContainerOptions *o, const json_t *body, json_t **ret, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers/create");

        if (!brig_str_empty(o->name))
                brig_url_query(&u, "name", o->name);
        if (!brig_str_empty(o->platform))
                brig_url_query(&u, "platform", o->platform);
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, ret, err);
}

static const char *const pull_words[] = { "missing", "always", "never" };
typedef enum Pull { PULL_MISSING, PULL_ALWAYS, PULL_NEVER, _PULL_MAX } Pull;

static int read_pull(const char *word, Pull *ret, BrigError *err)
{
        for (Pull p = 0; p < _PULL_MAX; p++)
                if (brig_str_empty(word) || streq(word, pull_words[p])) {
                        *ret = p;
                        return 0;
                }
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid pull option: '%s': must be one of \"always\", \"missing\" or \"never\"", word);
}

/* Only "no such image" is an invitation to pull; a 404 may also name a network or volume. */
static bool image_is_missing(const BrigError *err, Pull pull)
{
        return pull == PULL_MISSING && err->kind == BRIG_ERR_NOT_FOUND && strcasestr(err->message, "no such image");
}

static int create_or_pull(Cli *cli, const ContainerOptions *o, const char *image, const json_t *body, json_t **ret, BrigError *err)
{
        BrigError first = BRIG_ERROR_INIT;
        Pull pull = PULL_MISSING;
        int r = read_pull(o->pull, &pull, err);

        if (r >= 0 && pull == PULL_ALWAYS)
                r = brig_image_pull(cli, image, o->platform, stderr, o->quiet, err);
        if (r < 0)
                return r;
        r = post_create(cli, o, body, ret, &first);
        if (r >= 0)
                return r;
        if (image_is_missing(&first, pull)) {
                if (!o->quiet)
                        fprintf(stderr, "Unable to find image '%s%s' locally\n", image, brig_image_is_tagged(image) ? "" : ":latest");
                r = brig_image_pull(cli, image, o->platform, stderr, o->quiet, err);
                return r < 0 ? r : post_create(cli, o, body, ret, err);
        }
        if (err)
                *err = first;
        return r;
}

int brig_container_create(Cli *cli, const ContainerOptions *o, char *const *args, json_t *body, char **ret_id, BrigError *err)
{
        json_t *answer = NULL, *warning;
        size_t i;
        int r = check_cidfile(o->cidfile, err);

        if (r >= 0)
                r = create_or_pull(cli, o, args[0], body, &answer, err);
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(answer, "Warnings"), i, warning)
                fprintf(stderr, "WARNING: %s\n", json_string_value(warning) ?: "");
        *ret_id = strdup(brig_json_text_of(answer, "Id"));
        json_decref(answer);
        if (brig_str_empty(*ret_id))
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "the brig daemon answered without a container ID");
        return write_cidfile(o->cidfile, *ret_id, err);
}

/* ---- attach and wait ---- */

void brig_attachment_done(Attachment *a)
{
        a->stream = brig_http_free(a->stream);
        a->wait = brig_http_free(a->wait);
}

static int begin_attach(Cli *cli, const char *id, const AttachWishes *w, HttpConn **ret, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");

        brig_url_segment(&u, id);
        brig_url_segment(&u, "attach");
        brig_url_query(&u, "stream", "1");
        brig_url_flag(&u, "stdin", w->input);
        brig_url_flag(&u, "stdout", w->output);
        brig_url_flag(&u, "stderr", w->error);
        if (w->detach_keys)
                brig_url_query(&u, "detachKeys", w->detach_keys);
        return brig_daemon_begin(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, true, ret, err);
}

static int begin_wait(Cli *cli, const char *id, const char *condition, HttpConn **ret, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");

        brig_url_segment(&u, id);
        brig_url_segment(&u, "wait");
        if (condition)
                brig_url_query(&u, "condition", condition);
        return brig_daemon_begin(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, false, ret, err);
}

int brig_container_attach(Cli *cli, const char *id, const AttachWishes *w, const char *condition, Attachment *ret, BrigError *err)
{
        _cleanup_attachment_ Attachment a = { .cli = cli, .id = id, .condition = condition };
        bool streams = w->input || w->output || w->error;
        HttpResponse response;
        int r = streams ? begin_attach(cli, id, w, &a.stream, err) : 0;

        if (r >= 0)
                r = begin_wait(cli, id, condition, &a.wait, err);
        if (r >= 0 && streams)
                r = brig_daemon_finish(a.stream, &response, err);
        if (r >= 0 && streams && !response.upgraded)
                r = brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "the brig daemon answered attach with status %d instead of a stream", response.status);
        /* The daemon sends the head of the answer as soon as it listens for the exit. */
        if (r >= 0)
                r = brig_daemon_finish(a.wait, &response, err);
        if (r < 0)
                return r;
        *ret = a;
        a = (Attachment) { .cli = NULL };
        return 0;
}

int brig_container_wait_result(HttpConn *wait, int *ret_status, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(1u << 16);
        json_t *answer;
        const char *message, *data;
        size_t len;
        int r = 0;

        while (r >= 0 && (r = brig_http_next(wait, &data, &len, err)) >= 0 && len > 0)
                r = brig_buffer_append(&text, data, len);
        if (r < 0)
                return r;
        answer = json_loadb(text.data ?: "", text.len, JSON_DISABLE_EOF_CHECK, NULL);
        message = json_string_value(brig_json_path(answer, "Error", "Message"));
        if (!answer)
                r = brig_error_set(err, text.len == 0 ? BRIG_ERR_UNAVAILABLE : BRIG_ERR_INTERNAL, EBADMSG, "the brig daemon answered wait without a status");
        else if (!brig_str_empty(message))
                r = brig_error_set(err, BRIG_ERR_INTERNAL, 0, "Error waiting for container: %s", message);
        else
                *ret_status = (int)json_integer_value(json_object_get(answer, "StatusCode"));
        json_decref(answer);
        return r;
}

/* "next-exit" may have been missed in between; "not running" is what is left of it. */
static int wait_anew(Attachment *a, BrigError *err)
{
        HttpResponse response;
        int r;

        a->wait = brig_http_free(a->wait);
        r = begin_wait(a->cli, a->id, brig_str_equal(a->condition, "removed") ? "removed" : NULL, &a->wait, err);
        if (r >= 0)
                r = brig_daemon_finish(a->wait, &response, err);
        if (r < 0)
                a->wait = brig_http_free(a->wait);
        return r;
}

void brig_attachment_renew(Session *s)
{
        Attachment *a = s->renew_data;
        BrigError err = BRIG_ERROR_INIT;

        /* What fails here is tried again when the stream has ended. */
        s->wait = wait_anew(a, &err) < 0 ? NULL : a->wait;
}

int brig_attachment_exit_status(Attachment *a, int *ret_status, BrigError *err)
{
        int r = a->wait ? brig_container_wait_result(a->wait, ret_status, err)
                        : brig_error_set(err, BRIG_ERR_UNAVAILABLE, ECONNRESET, "the brig daemon closed the connection");

        for (unsigned i = 0; r < 0 && err->kind == BRIG_ERR_UNAVAILABLE && i < WAIT_AGAIN_TRIES; i++) {
                (void)poll(NULL, 0, i > 0 ? WAIT_AGAIN_MSEC : 0);
                brig_error_clear(err);
                r = wait_anew(a, err);
                if (r >= 0)
                        r = brig_container_wait_result(a->wait, ret_status, err);
        }
        return r;
}

/* docker's client looks for the same words: the API has no code for these. */
static const struct { const char *words; BrigErrorKind kind; } payload_errors[] = {
        { "executable file not found", BRIG_ERR_COMMAND_NOT_FOUND },
        { "no such file or directory", BRIG_ERR_COMMAND_NOT_FOUND },
        { "permission denied", BRIG_ERR_COMMAND_NOT_EXEC },
        { "is a directory", BRIG_ERR_COMMAND_NOT_EXEC },
};

void brig_payload_error(BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(payload_errors); i++)
                if (strstr(err->message, payload_errors[i].words)) {
                        err->kind = payload_errors[i].kind;
                        return;
                }
}
