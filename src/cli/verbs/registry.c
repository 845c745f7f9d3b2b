/*
 * pull, push, search, login, logout, build: what needs a registry or a builder.
 * The daemon answers for what it does not have yet; its words are passed on.
 */
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/progress.h"
#include "cli/verbs/image-calls.h"
#include "cli/verbs/verbs.h"

typedef struct PullOptions {
        bool all_tags, quiet, disable_content_trust;
        const char *platform;
} PullOptions;

static const Option pull_options[] = {
        OPTION_F("disable-content-trust", 0, BOOL, PullOptions, disable_content_trust, "Skip image verification (default true)", OPT_F_DEFAULT_TRUE),
        OPTION("platform", 0, STRING, PullOptions, platform, NULL, "Set platform if server is multi-platform capable"),
        OPTION("quiet", 'q', BOOL, PullOptions, quiet, NULL, "Suppress verbose output"),
        OPTIONS_END
};

static int do_pull(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const PullOptions *o = options;
        bool tagged = brig_image_is_tagged(args[0]);
        int r;

        if (!o->disable_content_trust)
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "--disable-content-trust=false: the client does not verify images, the daemon does");
        if (!tagged && !o->quiet)
                printf("Using default tag: latest\n");
        (void)fflush(stdout);
        r = brig_image_pull(cli, args[0], o->platform, stdout, o->quiet, err);
        if (r >= 0)
                printf("%s%s\n", args[0], tagged ? "" : ":latest");
        return r;
}

const Verb brig_verb_pull = {
        .usage = "[OPTIONS] NAME[:TAG|@DIGEST]", .summary = "Download an image from a registry",
        .options = pull_options, .size = sizeof(PullOptions), .min_args = 1, .max_args = 1, .run = do_pull,
};

/* A call whose answer is a stream of progress lines. */
static int stream_call(Cli *cli, Url *u, bool quiet, BrigError *err)
{
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        HttpResponse response;
        int r = brig_daemon_open(&cli->daemon, &(DaemonCall) { .method = "POST", .url = u }, false, &c, &response, err);

        return r < 0 ? r : brig_progress_copy(c, stdout, quiet, err);
}

static int do_push(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const PullOptions *o = options;
        _cleanup_free_ char *repository = NULL, *tag = NULL;
        _cleanup_url_ Url u = URL("/images");
        int r = brig_image_split(args[0], &repository, &tag, err);

        if (r < 0)
                return r;
        brig_url_segment(&u, repository);
        brig_url_segment(&u, "push");
        if (!o->all_tags)
                brig_url_query(&u, "tag", *tag ? tag : "latest");
        return stream_call(cli, &u, o->quiet, err);
}

static const Option push_options[] = {
        OPTION("all-tags", 'a', BOOL, PullOptions, all_tags, NULL, "Push all tags of an image to the repository"),
        OPTION("quiet", 'q', BOOL, PullOptions, quiet, NULL, "Suppress verbose output"),
        OPTIONS_END
};

const Verb brig_verb_push = {
        .usage = "[OPTIONS] NAME[:TAG]", .summary = "Upload an image to a registry",
        .options = push_options, .size = sizeof(PullOptions), .min_args = 1, .max_args = 1, .run = do_push,
};

/* ---- login, logout ---- */

typedef struct LoginOptions {
        const char *username, *password;
        bool password_stdin;
} LoginOptions;

static const Option login_options[] = {
        OPTION("password", 'p', STRING, LoginOptions, password, NULL, "Password or Personal Access Token (PAT)"),
        OPTION("password-stdin", 0, BOOL, LoginOptions, password_stdin, NULL, "Take the Password or Personal Access Token (PAT) from stdin"),
        OPTION("username", 'u', STRING, LoginOptions, username, NULL, "Username"),
        OPTIONS_END
};

static int read_password(const LoginOptions *o, char out[512], BrigError *err)
{
        if (o->password && o->password_stdin)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "--password and --password-stdin are mutually exclusive");
        if (o->password)
                fprintf(stderr, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
        if (o->password_stdin && !fgets(out, 512, stdin))
                out[0] = '\0';
        if (o->password)
                (void)snprintf(out, 512, "%s", o->password);
        out[strcspn(out, "\r\n")] = '\0';
        return *out ? 0 : brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "a password is needed: use --password-stdin");
}

static int do_login(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const LoginOptions *o = options;
        _cleanup_url_ Url u = URL("/auth");
        _cleanup_unref_ json_t *body = NULL, *answer = NULL;
        char password[512] = "";
        int r = brig_str_empty(o->username) ? brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Must provide --username with --password-stdin") : 0;

        if (r >= 0)
                r = read_password(o, password, err);
        if (r < 0)
                return r;
        body = json_pack("{ss ss ss}", "username", o->username, "password", password, "serveraddress", args[0] ?: "");
        explicit_bzero(password, sizeof(password));
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u, .body = body }, &answer, err);
        if (r < 0)
                return r;
        printf("%s\n", brig_json_text_of(answer, "Status"));
        fprintf(stderr, "The credentials were checked, not stored: this client keeps none yet.\n");
        return 0;
}

const Verb brig_verb_login = {
        .usage = "[OPTIONS] [SERVER]", .summary = "Authenticate to a registry",
        .options = login_options, .size = sizeof(LoginOptions), .max_args = 1, .run = do_login,
};

static int do_logout(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        printf("Not logged in to %s\n", args[0] ?: "a registry");
        return 0;
}

const Verb brig_verb_logout = {
        .usage = "[SERVER]", .summary = "Log out from a registry",
        .options = brig_cli_no_options, .max_args = 1, .run = do_logout,
};

/* ---- build ---- */

typedef struct BuildOptions {
        char **tag, **build_arg, **label;
        const char *file, *target, *platform, *network;
        bool no_cache, pull, quiet, rm, force_rm;
} BuildOptions;

static const Option build_options[] = {
        OPTION("build-arg", 0, LIST, BuildOptions, build_arg, NULL, "Set build-time variables"),
        OPTION("file", 'f', STRING, BuildOptions, file, NULL, "Name of the Dockerfile (Default is \"PATH/Dockerfile\")"),
        OPTION("force-rm", 0, BOOL, BuildOptions, force_rm, NULL, "Always remove intermediate containers"),
        OPTION("label", 0, LIST, BuildOptions, label, NULL, "Set metadata for an image"),
        OPTION("network", 0, STRING, BuildOptions, network, NULL, "Set the networking mode for the RUN instructions during build"),
        OPTION("no-cache", 0, BOOL, BuildOptions, no_cache, NULL, "Do not use cache when building the image"),
        OPTION("platform", 0, STRING, BuildOptions, platform, NULL, "Set platform if server is multi-platform capable"),
        OPTION("pull", 0, BOOL, BuildOptions, pull, NULL, "Always attempt to pull a newer version of the image"),
        OPTION("quiet", 'q', BOOL, BuildOptions, quiet, NULL, "Suppress the build output and print image ID on success"),
        OPTION_F("rm", 0, BOOL, BuildOptions, rm, "Remove intermediate containers after a successful build (default true)", OPT_F_DEFAULT_TRUE),
        OPTION("tag", 't', LIST, BuildOptions, tag, NULL, "Name and optionally a tag in the \"name:tag\" format"),
        OPTION("target", 0, STRING, BuildOptions, target, NULL, "Set the target build stage to build."),
        OPTIONS_END
};

/* Asks the daemon whether it builds, before a context is packed for it. */
static int do_build(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_url_ Url u = URL("/build");
        int r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, NULL, err);

        return r < 0 ? r : brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "this client cannot send a build context yet");
}

const Verb brig_verb_build = {
        .usage = "[OPTIONS] PATH | URL | -", .summary = "Build an image from a Dockerfile",
        .options = build_options, .size = sizeof(BuildOptions), .min_args = 1, .max_args = 1, .run = do_build,
};
