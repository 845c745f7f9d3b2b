/* images: one row for each name that an image has. */
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/verbs/image-calls.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"

#define NONE "<none>"

typedef struct ImagesOptions {
        bool all, digests, no_trunc, quiet;
        char **filter;
        const char *format;
} ImagesOptions;

static const Option images_options[] = {
        OPTION("all", 'a', BOOL, ImagesOptions, all, NULL, "Show all images (default hides intermediate images)"),
        OPTION("digests", 0, BOOL, ImagesOptions, digests, NULL, "Show digests"),
        OPTION("filter", 'f', LIST, ImagesOptions, filter, "filter", "Filter output based on conditions provided"),
        OPTION("format", 0, STRING, ImagesOptions, format, NULL, CLI_FORMAT_HELP),
        OPTION("no-trunc", 0, BOOL, ImagesOptions, no_trunc, NULL, "Don't truncate output"),
        OPTION("quiet", 'q', BOOL, ImagesOptions, quiet, NULL, "Only show image IDs"),
        OPTIONS_END
};

/* Which of the image's names this row shows. */
typedef struct ImageName {
        const char *repository, *tag, *digest;
} ImageName;

static void put_repository(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, ((const ImageName *)row->extra)->repository);
}

static void put_tag(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, ((const ImageName *)row->extra)->tag);
}

static void put_digest(const ListRow *row, BrigBuffer *out)
{
        (void)brig_buffer_puts(out, ((const ImageName *)row->extra)->digest);
}

static void put_id(const ListRow *row, BrigBuffer *out)
{
        const char *id = brig_json_text_of(row->item, "Id");
        char brief[WORD_SIZE];

        brig_words_short_id(id, brief);
        (void)brig_buffer_puts(out, row->no_trunc ? id : brief);
}

static void put_created_at(const ListRow *row, BrigBuffer *out)
{
        char words[WORD_SIZE];

        brig_words_time(brig_json_int_of(row->item, "Created"), words);
        (void)brig_buffer_puts(out, words);
}

static void put_created_since(const ListRow *row, BrigBuffer *out)
{
        char words[WORD_SIZE];

        brig_words_ago(brig_json_int_of(row->item, "Created"), words);
        (void)brig_buffer_puts(out, words);
}

static void put_bytes(const ListRow *row, const char *member, int digits, BrigBuffer *out)
{
        int64_t bytes = brig_json_int_of(row->item, member);
        char words[WORD_SIZE];

        brig_words_size(bytes, digits, words);
        (void)brig_buffer_puts(out, bytes < 0 ? "N/A" : words);
}

static void put_size(const ListRow *row, BrigBuffer *out)
{
        put_bytes(row, "Size", 3, out);
}

static void put_virtual_size(const ListRow *row, BrigBuffer *out)
{
        put_bytes(row, "Size", 4, out);
}

static void put_shared_size(const ListRow *row, BrigBuffer *out)
{
        put_bytes(row, "SharedSize", 4, out);
}

static void put_unique_size(const ListRow *row, BrigBuffer *out)
{
        int64_t size = brig_json_int_of(row->item, "Size"), shared = brig_json_int_of(row->item, "SharedSize");
        char words[WORD_SIZE];

        brig_words_size(size - shared, 4, words);
        (void)brig_buffer_puts(out, size < 0 || shared < 0 ? "N/A" : words);
}

static void put_containers(const ListRow *row, BrigBuffer *out)
{
        int64_t n = brig_json_int_of(row->item, "Containers");

        if (n < 0)
                (void)brig_buffer_puts(out, "N/A");
        else
                (void)brig_buffer_printf(out, "%lld", (long long)n);
}

static const ListField image_fields[] = {
        { "Containers", "CONTAINERS", put_containers },
        { "CreatedAt", "CREATED AT", put_created_at },
        { "CreatedSince", "CREATED", put_created_since },
        { "Digest", "DIGEST", put_digest },
        { "ID", "IMAGE ID", put_id },
        { "Repository", "REPOSITORY", put_repository },
        { "SharedSize", "SHARED SIZE", put_shared_size },
        { "Size", "SIZE", put_size },
        { "Tag", "TAG", put_tag },
        { "UniqueSize", "UNIQUE SIZE", put_unique_size },
        { "VirtualSize", "SIZE", put_virtual_size },
        { NULL },
};

static const ListFormat plain_format = {
        .fields = image_fields, .quiet = "{{.ID}}",
        .table = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
};
static const ListFormat digest_format = {
        .fields = image_fields, .quiet = "{{.ID}}",
        .table = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
};

typedef struct Lister {
        ListPrinter *printer;
        bool digests;
        ListRow row;
        BrigError *err;
} Lister;

static int add_row(Lister *l, const char *repository, const char *tag, const char *digest)
{
        const ImageName name = { .repository = repository, .tag = tag, .digest = digest };

        l->row.extra = &name;
        return brig_list_row(l->printer, &l->row, l->err);
}

/* The digest that "repository@digest" of the image gives; NULL when there is none. */
static const char *digest_of(const json_t *image, const char *repository)
{
        size_t i, len = strlen(repository);
        json_t *item;

        json_array_foreach(json_object_get(image, "RepoDigests"), i, item) {
                const char *s = json_string_value(item) ?: "";

                if (strncmp(s, repository, len) == 0 && s[len] == '@')
                        return s + len + 1;
        }
        return NULL;
}

static int list_tag(Lister *l, const char *name)
{
        _cleanup_free_ char *repository = NULL, *tag = NULL;
        const char *digest;

        if (brig_image_split(name, &repository, &tag, l->err) < 0)
                return -EINVAL;
        digest = l->digests ? digest_of(l->row.item, repository) : NULL;
        return add_row(l, repository, tag, digest ?: NONE);
}

/* A name by digest alone is only worth a row of its own when no tag shows the repository. */
static int list_untagged_digest(Lister *l, const char *name)
{
        _cleanup_free_ char *repository = strndup(name, strcspn(name, "@"));
        size_t i, len = repository ? strlen(repository) : 0;
        json_t *tag;

        if (!repository)
                return brig_error_errno(l->err, BRIG_ERR_INTERNAL, ENOMEM, "listing images");
        json_array_foreach(json_object_get(l->row.item, "RepoTags"), i, tag) {
                const char *s = json_string_value(tag) ?: "";

                if (strncmp(s, repository, len) == 0 && s[len] == ':')
                        return 0;
        }
        return add_row(l, repository, NONE, l->digests && name[len] ? name + len + 1 : NONE);
}

static int list_image(Lister *l, const json_t *image)
{
        const json_t *tags = json_object_get(image, "RepoTags"), *digests = json_object_get(image, "RepoDigests");
        json_t *item;
        size_t i;
        int r = 0;

        l->row.item = image;
        if (json_array_size(tags) + json_array_size(digests) == 0)
                return add_row(l, NONE, NONE, NONE);
        json_array_foreach(tags, i, item)
                if (r >= 0)
                        r = list_tag(l, json_string_value(item) ?: "");
        json_array_foreach(digests, i, item)
                if (r >= 0)
                        r = list_untagged_digest(l, json_string_value(item) ?: "");
        return r;
}

static int fetch(Cli *cli, const ImagesOptions *o, const char *reference, json_t **ret, BrigError *err)
{
        _cleanup_url_ Url u = URL("/images/json");
        _cleanup_unref_ json_t *filters = NULL;
        int r = brig_daemon_filters(o->filter, &filters, err);

        if (r < 0)
                return r;
        brig_url_flag(&u, "all", o->all);
        if (reference) {
                filters = filters ?: json_object();
                if (json_object_set_new(filters, "reference", json_pack("{sb}", reference, 1)) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "listing images");
        }
        brig_url_query_json(&u, "filters", filters);
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, ret, err);
}

static int do_images(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        const ImagesOptions *o = options;
        _cleanup_(brig_list_freep) ListPrinter *p = NULL;
        _cleanup_unref_ json_t *answer = NULL;
        Lister l = { .row = { .no_trunc = o->no_trunc }, .err = err };
        json_t *image;
        size_t i;
        int r = brig_list_new(o->digests ? &digest_format : &plain_format, o->format, o->quiet, &p, err);

        if (r >= 0)
                r = fetch(cli, o, args[0], &answer, err);
        if (r < 0)
                return r;
        l.printer = p;
        l.digests = o->digests || brig_list_uses(p, "Digest");
        json_array_foreach(answer, i, image)
                if (r >= 0)
                        r = list_image(&l, image);
        return r < 0 ? r : brig_list_finish(p, err);
}

const Verb brig_verb_images = {
        .usage = "[OPTIONS] [REPOSITORY[:TAG]]", .summary = "List images",
        .options = images_options, .size = sizeof(ImagesOptions), .max_args = 1, .run = do_images,
};
