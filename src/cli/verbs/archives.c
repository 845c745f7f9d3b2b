/* load, import, save, export: tar streams between files and the daemon. */
#include "base/strings.h"
#include "cli/demux.h"
#include "cli/progress.h"
#include "cli/verbs/verbs.h"
#include <fcntl.h>
#include <sys/stat.h>

/* ---- to the daemon ---- */

static int open_input(const char *path, int *ret, BrigError *err)
{
        *ret = open(path, O_RDONLY | O_CLOEXEC);
        return *ret < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, errno, "open %s", path) : 0;
}

/* Uploads what can be read at fd (a copy of it: 0, standard input, means no body) and prints the answer. */
static int upload(Cli *cli, Url *u, int fd, bool quiet, BrigError *err)
{
        _cleanup_close_ int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        HttpResponse response;
        const DaemonCall call = { .method = "POST", .url = u, .body_fd = copy, .content_type = "application/x-tar" };
        int r = copy < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, errno, "reading the archive") : 0;

        if (r >= 0)
                r = brig_daemon_open(&cli->daemon, &call, false, &c, &response, err);
        return r < 0 ? r : brig_progress_copy(c, stdout, quiet, err);
}

typedef struct LoadOptions {
        const char *input;
        char **platform;
        bool quiet;
} LoadOptions;

static const Option load_options[] = {
        OPTION("input", 'i', STRING, LoadOptions, input, NULL, "Read from tar archive file, instead of STDIN"),
        OPTION("platform", 0, LIST, LoadOptions, platform, "string",
               "Load only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
        OPTION("quiet", 'q', BOOL, LoadOptions, quiet, NULL, "Suppress the load output"),
        OPTIONS_END
};

static int do_load(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const LoadOptions *o = options;
        _cleanup_close_ int file = -EBADF;
        _cleanup_url_ Url u = URL("/images/load");
        int r = o->input ? open_input(o->input, &file, err) : 0;

        if (r < 0)
                return r;
        if (!o->input && isatty(STDIN_FILENO))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "requested load from stdin, but stdin is empty");
        brig_url_flag(&u, "quiet", o->quiet || !isatty(STDOUT_FILENO));
        BRIG_STRV_FOREACH(p, o->platform)
                brig_url_query(&u, "platform", *p);
        return upload(cli, &u, o->input ? file : STDIN_FILENO, o->quiet, err);
}

const Verb brig_verb_load = {
        .usage = "[OPTIONS]", .summary = "Load an image from a tar archive or STDIN",
        .options = load_options, .size = sizeof(LoadOptions), .max_args = 0, .run = do_load,
};

typedef struct ImportOptions {
        char **change;
        const char *message, *platform;
} ImportOptions;

static const Option import_options[] = {
        OPTION("change", 'c', LIST, ImportOptions, change, NULL, "Apply Dockerfile instruction to the created image"),
        OPTION("message", 'm', STRING, ImportOptions, message, NULL, "Set commit message for imported image"),
        OPTION("platform", 0, STRING, ImportOptions, platform, NULL, "Set platform if server is multi-platform capable"),
        OPTIONS_END
};

static bool is_url(const char *s)
{
        return brig_str_has_prefix(s, "http://") || brig_str_has_prefix(s, "https://");
}

static int import_from_url(Cli *cli, Url *u, BrigError *err)
{
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        HttpResponse response;
        int r = brig_daemon_open(&cli->daemon, &(DaemonCall) { .method = "POST", .url = u }, false, &c, &response, err);

        return r < 0 ? r : brig_progress_copy(c, stdout, false, err);
}

static int do_import(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const ImportOptions *o = options;
        _cleanup_close_ int file = -EBADF;
        _cleanup_url_ Url u = URL("/images/create");
        bool from_url = is_url(args[0]), from_stdin = streq(args[0], "-");
        int r = from_url || from_stdin ? 0 : open_input(args[0], &file, err);

        if (r < 0)
                return r;
        brig_url_query(&u, "fromSrc", from_url ? args[0] : "-");
        if (args[1])
                brig_url_query(&u, "repo", args[1]);
        if (!brig_str_empty(o->message))
                brig_url_query(&u, "message", o->message);
        if (!brig_str_empty(o->platform))
                brig_url_query(&u, "platform", o->platform);
        BRIG_STRV_FOREACH(c, o->change)
                brig_url_query(&u, "changes", *c);
        return from_url ? import_from_url(cli, &u, err) : upload(cli, &u, from_stdin ? STDIN_FILENO : file, false, err);
}

const Verb brig_verb_import = {
        .usage = "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]", .summary = "Import the contents from a tarball to create a filesystem image",
        .options = import_options, .size = sizeof(ImportOptions), .min_args = 1, .max_args = 2, .run = do_import,
};

/* ---- from the daemon ---- */

typedef struct SaveOptions {
        const char *output;
        char **platform;
} SaveOptions;

static const Option save_options[] = {
        OPTION("output", 'o', STRING, SaveOptions, output, NULL, "Write to a file, instead of STDOUT"),
        OPTION("platform", 0, LIST, SaveOptions, platform, "string",
               "Save only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
        OPTIONS_END
};

static const Option export_options[] = {
        OPTION("output", 'o', STRING, SaveOptions, output, NULL, "Write to a file, instead of STDOUT"),
        OPTIONS_END
};

static int copy_body(HttpConn *c, int fd, BrigError *err)
{
        const char *data;
        size_t len;
        int r;

        while ((r = brig_http_next(c, &data, &len, err)) >= 0 && len > 0) {
                r = brig_write_all(fd, data, len);
                if (r < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "writing the archive");
        }
        return r;
}

/* The file appears under its name only when it is whole. */
static int copy_to_file(HttpConn *c, const char *path, BrigError *err)
{
        _cleanup_free_ char *partial = brig_str_printf("%s.partial-XXXXXX", path);
        _cleanup_close_ int fd = partial ? mkostemp(partial, O_CLOEXEC) : -1;
        int r;

        if (fd < 0)
                return brig_error_errno(err, BRIG_ERR_INVALID, errno, "failed to save \"%s\"", path);
        r = copy_body(c, fd, err);
        if (r >= 0 && (fchmod(fd, 0600) < 0 || rename(partial, path) < 0))
                r = brig_error_errno(err, BRIG_ERR_INVALID, errno, "failed to save \"%s\"", path);
        if (r < 0)
                (void)unlink(partial);
        return r;
}

static int download(Cli *cli, Url *u, const char *output, const char *verb, BrigError *err)
{
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        HttpResponse response;
        int r;

        if (!output && isatty(STDOUT_FILENO))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "cowardly refusing to %s to a terminal. Use the -o flag or redirect", verb);
        r = brig_daemon_open(&cli->daemon, &(DaemonCall) { .method = "GET", .url = u }, false, &c, &response, err);
        if (r < 0)
                return r;
        return output ? copy_to_file(c, output, err) : copy_body(c, STDOUT_FILENO, err);
}

static int do_save(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const SaveOptions *o = options;
        _cleanup_url_ Url u = URL("/images/get");

        for (; *args; args++)
                brig_url_query(&u, "names", *args);
        BRIG_STRV_FOREACH(p, o->platform)
                brig_url_query(&u, "platform", *p);
        return download(cli, &u, o->output, "save", err);
}

const Verb brig_verb_save = {
        .usage = "[OPTIONS] IMAGE [IMAGE...]", .summary = "Save one or more images to a tar archive (streamed to STDOUT by default)",
        .options = save_options, .size = sizeof(SaveOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_save,
};

static int do_export(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const SaveOptions *o = options;
        _cleanup_url_ Url u = URL("/containers");

        brig_url_segment(&u, args[0]);
        brig_url_segment(&u, "export");
        return download(cli, &u, o->output, "export", err);
}

const Verb brig_verb_export = {
        .usage = "[OPTIONS] CONTAINER", .summary = "Export a container's filesystem as a tar archive",
        .options = export_options, .size = sizeof(SaveOptions), .min_args = 1, .max_args = 1, .run = do_export,
};
