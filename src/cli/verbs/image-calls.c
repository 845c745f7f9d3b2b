#include "cli/verbs/image-calls.h"
#include "base/strings.h"
#include "cli/progress.h"

int brig_image_split(const char *name, char **ret_repository, char **ret_tag, BrigError *err)
{
        const char *slash = strrchr(name, '/'), *colon = strrchr(slash ?: name, ':');
        _cleanup_free_ char *repository = NULL, *tag = NULL;

        if (strchr(name, '@'))
                colon = NULL;
        repository = colon ? strndup(name, (size_t)(colon - name)) : strdup(name);
        tag = strdup(colon ? colon + 1 : "");
        if (!repository || !tag)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "reading image name \"%s\"", name);
        if (!*repository || (colon && !*tag))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid reference format: \"%s\"", name);
        *ret_repository = TAKE_PTR(repository);
        *ret_tag = TAKE_PTR(tag);
        return 0;
}

bool brig_image_is_tagged(const char *name)
{
        const char *slash = strrchr(name, '/');

        return strchr(slash ?: name, ':') || strchr(name, '@');
}

int brig_image_pull(Cli *cli, const char *name, const char *platform, FILE *to, bool quiet, BrigError *err)
{
        _cleanup_url_ Url u = URL("/images/create");
        _cleanup_free_ char *repository = NULL, *tag = NULL;
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        HttpResponse response;
        int r = brig_image_split(name, &repository, &tag, err);

        if (r < 0)
                return r;
        brig_url_query(&u, "fromImage", repository);
        if (!strchr(repository, '@'))
                brig_url_query(&u, "tag", *tag ? tag : "latest");
        if (!brig_str_empty(platform))
                brig_url_query(&u, "platform", platform);
        r = brig_daemon_open(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, false, &c, &response, err);
        return r < 0 ? r : brig_progress_copy(c, to, quiet, err);
}
