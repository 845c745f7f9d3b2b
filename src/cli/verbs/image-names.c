/* tag and rmi: what has to do with the names of images. */
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/verbs/image-calls.h"
#include "cli/verbs/verbs.h"

static int do_tag(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_free_ char *repository = NULL, *tag = NULL;
        _cleanup_url_ Url u = URL("/images");
        int r = brig_image_split(args[1], &repository, &tag, err);

        if (r < 0)
                return r;
        brig_url_segment(&u, args[0]);
        brig_url_segment(&u, "tag");
        brig_url_query(&u, "repo", repository);
        if (*tag)
                brig_url_query(&u, "tag", tag);
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, NULL, err);
}

const Verb brig_verb_tag = {
        .usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", .summary = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
        .options = brig_cli_no_options, .min_args = 2, .max_args = 2, .run = do_tag,
};

typedef struct RmiOptions {
        bool force, no_prune;
        char **platform;
} RmiOptions;

static const Option rmi_options[] = {
        OPTION("force", 'f', BOOL, RmiOptions, force, NULL, "Force removal of the image"),
        OPTION("no-prune", 0, BOOL, RmiOptions, no_prune, NULL, "Do not delete untagged parents"),
        OPTION("platform", 0, LIST, RmiOptions, platform, "strings",
               "Remove only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
        OPTIONS_END
};

static int remove_one(Cli *cli, const RmiOptions *o, const char *name, BrigError *err)
{
        _cleanup_url_ Url u = URL("/images");
        _cleanup_unref_ json_t *answer = NULL;
        json_t *item;
        size_t i;
        int r;

        brig_url_segment(&u, name);
        brig_url_flag(&u, "force", o->force);
        brig_url_flag(&u, "noprune", o->no_prune);
        BRIG_STRV_FOREACH(p, o->platform)
                brig_url_query(&u, "platforms", *p);
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "DELETE", .url = &u }, &answer, err);
        json_array_foreach(answer, i, item) {
                const char *deleted = brig_json_text_of(item, "Deleted");

                printf("%s: %s\n", *deleted ? "Deleted" : "Untagged", *deleted ? deleted : brig_json_text_of(item, "Untagged"));
        }
        return r;
}

static int do_rmi(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const RmiOptions *o = options;
        int status = 0;

        for (; *args; args++) {
                BrigError one = BRIG_ERROR_INIT;

                if (remove_one(cli, o, *args, &one) >= 0)
                        continue;
                brig_cli_complain(&one);
                /* With --force an image that is gone already is what was wanted. */
                if (!o->force || one.kind != BRIG_ERR_NOT_FOUND)
                        status = 1;
        }
        return status;
}

const Verb brig_verb_rmi = {
        .usage = "[OPTIONS] IMAGE [IMAGE...]", .summary = "Remove one or more images",
        .options = rmi_options, .size = sizeof(RmiOptions), .min_args = 1, .max_args = VERB_ANY, .run = do_rmi,
};
