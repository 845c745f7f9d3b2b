/* diff and commit: what a container has changed, and an image of it. */
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/verbs/image-calls.h"
#include "cli/verbs/verbs.h"

static int do_diff(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        static const char kinds[] = { 'C', 'A', 'D' };
        _cleanup_url_ Url u = URL("/containers");
        _cleanup_unref_ json_t *answer = NULL;
        json_t *change;
        size_t i;
        int r;

        brig_url_segment(&u, args[0]);
        brig_url_segment(&u, "changes");
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &answer, err);
        json_array_foreach(answer, i, change) {
                size_t kind = (size_t)brig_json_int_of(change, "Kind");

                printf("%c %s\n", kind < sizeof(kinds) ? kinds[kind] : '?', brig_json_text_of(change, "Path"));
        }
        return r;
}

const Verb brig_verb_diff = {
        .usage = "CONTAINER", .summary = "Inspect changes to files or directories on a container's filesystem",
        .options = brig_cli_no_options, .min_args = 1, .max_args = 1, .run = do_diff,
};

typedef struct CommitOptions {
        const char *author, *message;
        char **change;
        bool pause;
} CommitOptions;

static const Option commit_options[] = {
        OPTION("author", 'a', STRING, CommitOptions, author, NULL, "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"),
        OPTION("change", 'c', LIST, CommitOptions, change, NULL, "Apply Dockerfile instruction to the created image"),
        OPTION("message", 'm', STRING, CommitOptions, message, NULL, "Commit message"),
        OPTION_F("pause", 'p', BOOL, CommitOptions, pause, "Pause container during commit (default true)", OPT_F_DEFAULT_TRUE),
        OPTIONS_END
};

static int name_image(Url *u, const char *name, BrigError *err)
{
        _cleanup_free_ char *repository = NULL, *tag = NULL;
        int r = brig_image_split(name, &repository, &tag, err);

        if (r < 0)
                return r;
        brig_url_query(u, "repo", repository);
        brig_url_query(u, "tag", tag);
        return 0;
}

static int do_commit(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const CommitOptions *o = options;
        _cleanup_url_ Url u = URL("/commit");
        _cleanup_unref_ json_t *answer = NULL;
        int r = 0;

        brig_url_query(&u, "container", args[0]);
        if (args[1])
                r = name_image(&u, args[1], err);
        if (r < 0)
                return r;
        brig_url_query(&u, "author", o->author ?: "");
        brig_url_query(&u, "comment", o->message ?: "");
        if (!o->pause)
                brig_url_query(&u, "pause", "0");
        BRIG_STRV_FOREACH(c, o->change)
                brig_url_query(&u, "changes", *c);
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, &answer, err);
        if (r >= 0)
                printf("%s\n", brig_json_text_of(answer, "Id"));
        return r;
}

const Verb brig_verb_commit = {
        .usage = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]", .summary = "Create a new image from a container's changes",
        .options = commit_options, .size = sizeof(CommitOptions), .min_args = 1, .max_args = 2, .run = do_commit,
};
