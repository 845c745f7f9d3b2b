/* version: the client's and the daemon's. The plain form is a template too, over the same object as --format. */
#include "base/strings.h"
#include "brig-config.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include <sys/utsname.h>

#define VERSION_COLUMN_MIN 20

typedef struct VersionOptions {
        const char *format;
} VersionOptions;

static const Option version_options[] = {
        OPTION("format", 'f', STRING, VersionOptions, format, NULL, CLI_FORMAT_OBJECT_HELP),
        OPTIONS_END
};

static const char client_template[] =
        "Client:\n"
        " Version:\t{{.Client.Version}}\n"
        " API version:\t{{.Client.ApiVersion}}\n"
        " OS/Arch:\t{{.Client.Os}}/{{.Client.Arch}}\n";

static const char server_template[] =
        "\n"
        "Server:{{with .Server.Platform}}{{with .Name}} {{.}}{{end}}{{end}}\n"
        "{{range .Server.Components}} {{.Name}}:\n"
        "  Version:\t{{.Version}}\n"
        "{{if eq .Name \"Engine\"}}"
        "  API version:\t{{index .Details \"ApiVersion\"}} (minimum version {{index .Details \"MinAPIVersion\"}})\n"
        "{{with index .Details \"GoVersion\"}}  Go version:\t{{.}}\n{{end}}"
        "{{with index .Details \"GitCommit\"}}  Git commit:\t{{.}}\n{{end}}"
        "{{with index .Details \"BuildTime\"}}  Built:\t{{.}}\n{{end}}"
        "  OS/Arch:\t{{index .Details \"Os\"}}/{{index .Details \"Arch\"}}\n"
        "  Experimental:\t{{index .Details \"Experimental\"}}\n"
        "{{else}}{{range $k, $v := .Details}}  {{$k}}:\t{{$v}}\n{{end}}{{end}}"
        "{{end}}";

/* Debian's word for the machine, as the daemon and docker say it. */
static const char *architecture(const char *machine)
{
        static const struct { const char *machine, *word; } words[] = {
                { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "386" }, { "armv7l", "arm" }, { "ppc64le", "ppc64le" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (streq(words[i].machine, machine))
                        return words[i].word;
        return machine;
}

static json_t *client_version(void)
{
        struct utsname uts;

        if (uname(&uts) < 0)
                return NULL;
        return json_pack("{ss ss ss ss ss ss}", "Version", BRIG_VERSION, "ApiVersion", URL_API_VERSION, "DefaultAPIVersion",
                         URL_API_VERSION, "Os", "linux", "Arch", architecture(uts.machine), "Context", "default");
}

static int print_template(const char *text, json_t *value, BrigError *err)
{
        _cleanup_(brig_template_freep) Template *t = NULL;
        _cleanup_buffer_ BrigBuffer out = BRIG_BUFFER_INIT(1u << 20), aligned = BRIG_BUFFER_INIT(1u << 20);
        const TemplateScope scope = { .value = value };
        int r = brig_template_parse(text, &t, err);

        if (r >= 0)
                r = brig_template_execute(t, &scope, &out, err);
        if (r < 0)
                return r;
        brig_table_print(out.data ?: "", VERSION_COLUMN_MIN, &aligned);
        brig_words_write(stdout, aligned.data ?: "", aligned.len);
        return 0;
}

static int print_plain(json_t *both, bool have_server, BrigError *err)
{
        int r = print_template(client_template, both, err);

        return r < 0 || !have_server ? r : print_template(server_template, both, err);
}

static int do_version(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const VersionOptions *o = options;
        _cleanup_url_ Url u = URL("/version");
        _cleanup_unref_ json_t *both = json_object(), *server = NULL;
        BrigError unreachable = BRIG_ERROR_INIT;
        int r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &server, &unreachable);
        bool have_server = r >= 0 && server;

        if (json_object_set_new(both, "Client", client_version()) < 0 ||
            json_object_set(both, "Server", server ?: json_null()) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "reading versions");
        r = brig_str_empty(o->format) ? print_plain(both, have_server, err) : brig_format_object(o->format, both, err);
        if (r < 0 || have_server)
                return r;
        brig_cli_complain(&unreachable);
        return 1;
}

const Verb brig_verb_version = {
        .usage = "[OPTIONS]", .summary = "Show the version information of the client and the daemon",
        .options = version_options, .size = sizeof(VersionOptions), .max_args = 0, .run = do_version,
};
