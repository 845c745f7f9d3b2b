/* container prune, image prune: ask, call, list what went. */
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

typedef struct PruneOptions {
        bool all, force;
        char **filter;
} PruneOptions;

static const Option container_options[] = {
        OPTION("filter", 0, LIST, PruneOptions, filter, "filter", "Provide filter values (e.g. \"until=<timestamp>\")"),
        OPTION("force", 'f', BOOL, PruneOptions, force, NULL, "Do not prompt for confirmation"),
        OPTIONS_END
};

static const Option image_options[] = {
        OPTION("all", 'a', BOOL, PruneOptions, all, NULL, "Remove all unused images, not just dangling ones"),
        OPTION("filter", 0, LIST, PruneOptions, filter, "filter", "Provide filter values (e.g. \"until=<timestamp>\")"),
        OPTION("force", 'f', BOOL, PruneOptions, force, NULL, "Do not prompt for confirmation"),
        OPTIONS_END
};

typedef struct PruneKind {
        const char *what, *path, *title, *member;
        const char *warnings[2];     /* without and with --all */
        bool images;
} PruneKind;

static const PruneKind kinds[] = {
        { "container prune", URL_PREFIX "/containers/prune", "Deleted Containers:", "ContainersDeleted",
          { "WARNING! This will remove all stopped containers." }, false },
        { "image prune", URL_PREFIX "/images/prune", "Deleted Images:", "ImagesDeleted",
          { "WARNING! This will remove all dangling images.",
            "WARNING! This will remove all images without at least one container associated to them." }, true },
};

static bool confirm(const PruneKind *k, bool all)
{
        char answer[16] = "";

        printf("%s\nAre you sure you want to continue? [y/N] ", k->warnings[all]);
        (void)fflush(stdout);
        return fgets(answer, sizeof(answer), stdin) && (strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0);
}

static void print_deleted(const json_t *item)
{
        const char *deleted = json_string_value(json_object_get(item, "Deleted"));
        const char *untagged = json_string_value(json_object_get(item, "Untagged"));

        if (json_is_string(item))
                printf("%s\n", json_string_value(item));
        if (untagged)
                printf("untagged: %s\n", untagged);
        if (deleted)
                printf("deleted: %s\n", deleted);
}

static void print_result(const PruneKind *k, const json_t *answer)
{
        const json_t *list = json_object_get(answer, k->member);
        char size[WORD_SIZE];
        json_t *item;
        size_t i;

        if (json_array_size(list) > 0) {
                printf("%s\n", k->title);
                json_array_foreach(list, i, item)
                        print_deleted(item);
                (void)putchar('\n');
        }
        brig_words_size(brig_json_int_of(answer, "SpaceReclaimed"), 4, size);
        printf("Total reclaimed space: %s\n", size);
}

static int do_prune(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const PruneOptions *o = options;
        const PruneKind *k = &kinds[cli->verb->variant];
        _cleanup_url_ Url u = { .text = BRIG_BUFFER_INIT(URL_MAX), .prefix = k->path };
        _cleanup_unref_ json_t *filters = NULL, *answer = NULL;
        int r = brig_daemon_filters(o->filter, &filters, err);

        if (r < 0 || (!o->force && !confirm(k, o->all)))
                return r;
        if (k->images) {
                filters = filters ?: json_object();
                if (json_object_set_new(filters, "dangling", json_pack("{sb}", o->all ? "false" : "true", 1)) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "%s", k->what);
        }
        brig_url_query_json(&u, "filters", filters);
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, &answer, err);
        if (r >= 0)
                print_result(k, answer);
        return r;
}

const Verb brig_verb_container_prune = {
        .usage = "[OPTIONS]", .summary = "Remove all stopped containers",
        .options = container_options, .size = sizeof(PruneOptions), .max_args = 0, .run = do_prune, .variant = 0,
};

const Verb brig_verb_image_prune = {
        .usage = "[OPTIONS]", .summary = "Remove unused images",
        .options = image_options, .size = sizeof(PruneOptions), .max_args = 0, .run = do_prune, .variant = 1,
};
