/* container, image, network, volume and system prune: ask, call, list what went. */
#include "base/strings.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

typedef struct PruneOptions {
        bool all, force, volumes;
        char **filter;
} PruneOptions;

#define FILTER OPTION("filter", 0, LIST, PruneOptions, filter, "filter", "Provide filter values (e.g. \"until=<timestamp>\")")
#define FORCE OPTION("force", 'f', BOOL, PruneOptions, force, NULL, "Do not prompt for confirmation")

static const Option plain_options[] = { FILTER, FORCE, OPTIONS_END };

static const Option image_options[] = {
        OPTION("all", 'a', BOOL, PruneOptions, all, NULL, "Remove all unused images, not just dangling ones"),
        FILTER, FORCE, OPTIONS_END
};

static const Option volume_options[] = {
        OPTION("all", 'a', BOOL, PruneOptions, all, NULL, "Remove all unused volumes, not just anonymous ones"),
        FILTER, FORCE, OPTIONS_END
};

static const Option system_options[] = {
        OPTION("all", 'a', BOOL, PruneOptions, all, NULL, "Remove all unused images not just dangling ones"),
        OPTION("volumes", 0, BOOL, PruneOptions, volumes, NULL, "Prune anonymous volumes"),
        FILTER, FORCE, OPTIONS_END
};

/* What --all says in the call. */
typedef enum AllMeans { ALL_NOTHING, ALL_DANGLING_FALSE, ALL_FILTER, ALL_FLAG } AllMeans;

typedef struct PruneKind {
        const char *path, *title, *member;
        AllMeans all;
        const char *warnings[2];     /* without and with --all */
} PruneKind;

enum { PRUNE_CONTAINERS, PRUNE_IMAGES, PRUNE_NETWORKS, PRUNE_VOLUMES, PRUNE_CACHE };

static const PruneKind kinds[] = {
        [PRUNE_CONTAINERS] = { URL_PREFIX "/containers/prune", "Deleted Containers:", "ContainersDeleted", ALL_NOTHING,
                { "WARNING! This will remove all stopped containers." } },
        [PRUNE_IMAGES] = { URL_PREFIX "/images/prune", "Deleted Images:", "ImagesDeleted", ALL_DANGLING_FALSE,
                { "WARNING! This will remove all dangling images.",
                  "WARNING! This will remove all images without at least one container associated to them." } },
        [PRUNE_NETWORKS] = { URL_PREFIX "/networks/prune", "Deleted Networks:", "NetworksDeleted", ALL_NOTHING,
                { "WARNING! This will remove all custom networks not used by at least one container." } },
        [PRUNE_VOLUMES] = { URL_PREFIX "/volumes/prune", "Deleted Volumes:", "VolumesDeleted", ALL_FILTER,
                { "WARNING! This will remove anonymous local volumes not used by at least one container.",
                  "WARNING! This will remove all local volumes not used by at least one container." } },
        [PRUNE_CACHE] = { URL_PREFIX "/build/prune", "Deleted build cache objects:", "CachesDeleted", ALL_FLAG, { NULL } },
};

static bool confirm(const char *warning)
{
        char answer[16] = "";

        printf("%s\nAre you sure you want to continue? [y/N] ", warning);
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

static void print_list(const PruneKind *k, const json_t *answer)
{
        const json_t *list = json_object_get(answer, k->member);
        json_t *item;
        size_t i;

        if (json_array_size(list) == 0)
                return;
        printf("%s\n", k->title);
        json_array_foreach(list, i, item)
                print_deleted(item);
        (void)putchar('\n');
}

static int put_all(const PruneKind *k, bool all, Url *u, json_t *filters)
{
        if (k->all == ALL_FLAG)
                brig_url_flag(u, "all", all);
        if (k->all == ALL_DANGLING_FALSE)
                return json_object_set_new(filters, "dangling", json_pack("{sb}", all ? "false" : "true", 1));
        if (k->all == ALL_FILTER && all)
                return json_object_set_new(filters, "all", json_pack("{sb}", "true", 1));
        return 0;
}

static int prune(Cli *cli, const PruneKind *k, const PruneOptions *o, int64_t *reclaimed, BrigError *err)
{
        _cleanup_url_ Url u = { .text = BRIG_BUFFER_INIT(URL_MAX), .prefix = k->path };
        _cleanup_unref_ json_t *filters = NULL, *answer = NULL;
        int r = brig_daemon_filters(o->filter, &filters, err);

        if (r < 0)
                return r;
        filters = filters ?: json_object();
        if (put_all(k, o->all, &u, filters) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "preparing to prune");
        brig_url_query_json(&u, "filters", filters);
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "POST", .url = &u }, &answer, err);
        if (r < 0)
                return r;
        print_list(k, answer);
        *reclaimed += brig_json_int_of(answer, "SpaceReclaimed");
        return 0;
}

static void print_total(int64_t reclaimed)
{
        char size[WORD_SIZE];

        brig_words_size(reclaimed, 4, size);
        printf("Total reclaimed space: %s\n", size);
}

static int do_prune(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const PruneOptions *o = options;
        const PruneKind *k = &kinds[cli->verb->variant];
        int64_t reclaimed = 0;
        int r;

        if (!o->force && !confirm(k->warnings[o->all]))
                return 0;
        r = prune(cli, k, o, &reclaimed, err);
        if (r >= 0 && cli->verb->variant != PRUNE_NETWORKS)
                print_total(reclaimed);
        return r;
}

const Verb brig_verb_container_prune = {
        .usage = "[OPTIONS]", .summary = "Remove all stopped containers",
        .options = plain_options, .size = sizeof(PruneOptions), .max_args = 0, .run = do_prune, .variant = PRUNE_CONTAINERS,
};

const Verb brig_verb_image_prune = {
        .usage = "[OPTIONS]", .summary = "Remove unused images",
        .options = image_options, .size = sizeof(PruneOptions), .max_args = 0, .run = do_prune, .variant = PRUNE_IMAGES,
};

const Verb brig_verb_network_prune = {
        .usage = "[OPTIONS]", .summary = "Remove all unused networks",
        .options = plain_options, .size = sizeof(PruneOptions), .max_args = 0, .run = do_prune, .variant = PRUNE_NETWORKS,
};

const Verb brig_verb_volume_prune = {
        .usage = "[OPTIONS]", .summary = "Remove unused local volumes",
        .options = volume_options, .size = sizeof(PruneOptions), .max_args = 0, .run = do_prune, .variant = PRUNE_VOLUMES,
};

/* ---- system prune ---- */

static bool confirm_system(const PruneOptions *o)
{
        char warning[512];

        (void)snprintf(warning, sizeof(warning),
                       "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n"
                       "%s  - %s\n  - %s build cache\n",
                       o->volumes ? "  - all anonymous volumes not used by at least one container\n" : "",
                       o->all ? "all images without at least one container associated to them" : "all dangling images",
                       o->all ? "all" : "unused");
        return confirm(warning);
}

static int do_system(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        static const int order[] = { PRUNE_CONTAINERS, PRUNE_NETWORKS, PRUNE_VOLUMES, PRUNE_IMAGES, PRUNE_CACHE };
        const PruneOptions *o = options;
        int64_t reclaimed = 0;
        int r = 0;

        if (!o->force && !confirm_system(o))
                return 0;
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(order); i++) {
                PruneOptions one = *o;

                /* --all is about images here: named volumes are data. */
                one.all = o->all && order[i] != PRUNE_VOLUMES;
                if (order[i] != PRUNE_VOLUMES || o->volumes)
                        r = prune(cli, &kinds[order[i]], &one, &reclaimed, err);
        }
        if (r >= 0)
                print_total(reclaimed);
        return r;
}

const Verb brig_verb_system_prune = {
        .usage = "[OPTIONS]", .summary = "Remove unused data",
        .options = system_options, .size = sizeof(PruneOptions), .max_args = 0, .run = do_system,
};
