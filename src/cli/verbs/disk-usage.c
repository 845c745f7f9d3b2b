/* system df: what images, containers, volumes and the build cache take, and how much of it nobody uses. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

typedef struct UsageOptions {
        const char *format;
} UsageOptions;

static const Option usage_options[] = {
        OPTION("format", 0, STRING, UsageOptions, format, NULL, CLI_FORMAT_HELP),
        OPTIONS_END
};

typedef struct Usage {
        const char *type;
        int64_t total, active, size, reclaimable;
} Usage;

static const Usage *usage_of(const ListRow *row)
{
        return row->extra;
}

static void put_type(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, usage_of(row)->type);
}

static void put_total(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_printf(out, "%lld", (long long)usage_of(row)->total);
}

static void put_active(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_printf(out, "%lld", (long long)usage_of(row)->active);
}

static void put_size(const ListRow *row, BrigBuffer *out)
{
        char words[WORD_SIZE];

        brig_words_size(usage_of(row)->size, 4, words);
        (void)brig_buffer_puts(out, words);
}

static void put_reclaimable(const ListRow *row, BrigBuffer *out)
{
        const Usage *u = usage_of(row);
        char words[WORD_SIZE];

        brig_words_size(u->reclaimable, 4, words);
        (void)brig_buffer_puts(out, words);
        if (u->size > 0)
                (void)brig_buffer_printf(out, " (%lld%%)", (long long)(u->reclaimable * 100 / u->size));
}

static const ListField usage_fields[] = {
        { "Active", "ACTIVE", put_active },
        { "Reclaimable", "RECLAIMABLE", put_reclaimable },
        { "Size", "SIZE", put_size },
        { "TotalCount", "TOTAL", put_total },
        { "Type", "TYPE", put_type },
        { NULL },
};

static const ListFormat usage_format = {
        .fields = usage_fields, .table = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}", .quiet = "{{.Type}}",
};

static Usage image_usage(const json_t *df)
{
        const json_t *images = json_object_get(df, "Images");
        Usage u = { .type = "Images", .total = (int64_t)json_array_size(images), .size = brig_json_int_of(df, "LayersSize") };
        int64_t used = 0;
        json_t *image;
        size_t i;

        json_array_foreach(images, i, image) {
                int64_t size = brig_json_int_of(image, "Size"), shared = brig_json_int_of(image, "SharedSize");

                if (brig_json_int_of(image, "Containers") <= 0)
                        continue;
                u.active++;
                if (size >= 0 && shared >= 0)
                        used += size - shared;
        }
        u.reclaimable = MAX2(u.size - used, (int64_t)0);
        return u;
}

static bool is_active(const json_t *container)
{
        static const char *const states[] = { "running", "paused", "restarting" };

        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                if (streq(states[i], brig_json_text_of(container, "State")))
                        return true;
        return false;
}

static Usage container_usage(const json_t *df)
{
        const json_t *containers = json_object_get(df, "Containers");
        Usage u = { .type = "Containers", .total = (int64_t)json_array_size(containers) };
        json_t *container;
        size_t i;

        json_array_foreach(containers, i, container) {
                int64_t size = brig_json_int_of(container, "SizeRw");

                u.size += size;
                if (is_active(container))
                        u.active++;
                else
                        u.reclaimable += size;
        }
        return u;
}

static Usage volume_usage(const json_t *df)
{
        const json_t *volumes = json_object_get(df, "Volumes");
        Usage u = { .type = "Local Volumes", .total = (int64_t)json_array_size(volumes) };
        json_t *volume;
        size_t i;

        json_array_foreach(volumes, i, volume) {
                const json_t *data = json_object_get(volume, "UsageData");
                int64_t size = MAX2(brig_json_int_of(data, "Size"), (int64_t)0);

                u.size += size;
                if (brig_json_int_of(data, "RefCount") > 0)
                        u.active++;
                else
                        u.reclaimable += size;
        }
        return u;
}

static Usage cache_usage(const json_t *df)
{
        const json_t *cache = json_object_get(df, "BuildCache");
        Usage u = { .type = "Build Cache", .total = (int64_t)json_array_size(cache) };
        json_t *record;
        size_t i;

        json_array_foreach(cache, i, record) {
                bool in_use = json_is_true(json_object_get(record, "InUse")), shared = json_is_true(json_object_get(record, "Shared"));
                int64_t size = shared ? 0 : brig_json_int_of(record, "Size");

                u.size += size;
                u.active += in_use;
                u.reclaimable += in_use ? 0 : size;
        }
        return u;
}

static int do_usage(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        static Usage (*const kinds[])(const json_t *) = { image_usage, container_usage, volume_usage, cache_usage };
        _cleanup_url_ Url u = URL("/system/df");
        _cleanup_(brig_list_freep) ListPrinter *p = NULL;
        _cleanup_unref_ json_t *df = NULL;
        int r = brig_list_new(&usage_format, ((const UsageOptions *)options)->format, false, &p, err);

        if (r >= 0)
                r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, &df, err);
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(kinds); i++) {
                Usage usage = kinds[i](df);

                r = brig_list_row(p, &(ListRow) { .extra = &usage }, err);
        }
        return r < 0 ? r : brig_list_finish(p, err);
}

const Verb brig_verb_disk_usage = {
        .usage = "[OPTIONS]", .summary = "Show disk usage",
        .options = usage_options, .size = sizeof(UsageOptions), .max_args = 0, .run = do_usage,
};
