/*
 * docker rmi and docker image prune. What may be taken from whom follows Docker's
 * rules, and so do the refusals' texts.
 *
 * An image that is deleted by force while a stopped container uses it becomes
 * hidden: nothing lists or resolves it, but its layers stay until the container is
 * gone (brig_image_sweep).
 */
#include "image/store-internal.h"

#include "base/clock.h"
#include "base/strings.h"

#define SHORT_ID 12

enum { USE_NONE, USE_STOPPED, USE_RUNNING };

/* One image under deletion; `change` is held throughout. */
typedef struct Deletion {
        ImageStore *store;
        const ImageDelete *request;
        char id[BRIG_DIGEST_SIZE];
        char *reference;                /* by which it was asked for; NULL: by id */
        char **names;                   /* its references at the start */
        char **untag;                   /* those that go */
        bool whole;                     /* the image goes too */
        char ***lines;
        int64_t freed;
        BrigError *err;
} Deletion;

static int no_memory(const Deletion *d)
{
        return brig_error_errno(d->err, BRIG_ERR_INTERNAL, ENOMEM, "cannot delete the image");
}

static const char *short_id(const Deletion *d)
{
        return brig_digest_hex(d->id);
}

static int use_of(const Deletion *d, const char *id, char ret_container[16])
{
        ret_container[0] = '\0';
        return d->request->in_use ? d->request->in_use(d->request->context, id, ret_container) : USE_NONE;
}

/* --- rules ---------------------------------------------------------------------- */

static bool is_digest_reference(const char *name)
{
        return strchr(name, '@') != NULL;
}

/* Length of the repository in a full reference. */
static size_t repository_len(const char *name)
{
        const char *slash = strrchr(name, '/'), *end = strpbrk(slash ? slash : name, ":@");

        return end ? (size_t)(end - name) : strlen(name);
}

static bool same_repository(const char *a, const char *b)
{
        size_t n = repository_len(a);

        return n == repository_len(b) && strncmp(a, b, n) == 0;
}

/* All in one repository, at most one of them a tag. */
static bool is_single_reference(char *const *names)
{
        size_t tags = 0;

        if (brig_strv_len(names) == 0)
                return false;
        BRIG_STRV_FOREACH(name, names) {
                tags += !is_digest_reference(*name);
                if (!same_repository(*name, names[0]))
                        return false;
        }
        return tags <= 1;
}

static int conflict(const Deletion *d, bool hard, const char *why, const char *container)
{
        return brig_error_set(d->err, BRIG_ERR_CONFLICT, EBUSY, "conflict: unable to delete %.*s (%s) - %s%s", SHORT_ID, short_id(d),
                              hard ? "cannot be forced" : "must be forced", why, container);
}

static bool has_children(const Deletion *d)
{
        void *value;
        bool found = false;

        pthread_mutex_lock(&d->store->lock);
        for (size_t i = 0; !found && brig_map_next(d->store->images, &i, NULL, &value);)
                found = !((ImageEntry *)value)->row.hidden && brig_str_equal(((ImageEntry *)value)->row.parent, d->id);
        pthread_mutex_unlock(&d->store->lock);
        return found;
}

/* May the whole image go? `names_count`: do references that would be left stand in the way? */
static int check_conflicts(const Deletion *d, bool names_count)
{
        char container[16];
        int use = use_of(d, d->id, container);

        if (has_children(d))
                return conflict(d, true, "image has dependent child images", "");
        if (use == USE_RUNNING)
                return conflict(d, true, "image is being used by running container ", container);
        if (names_count && !d->request->force && brig_strv_len(d->names) > 0)
                return conflict(d, false, "image is referenced in multiple repositories", "");
        if (use == USE_STOPPED && !d->request->force)
                return conflict(d, false, "image is being used by stopped container ", container);
        return 0;
}

/* Asked for by name: this name goes, and the image with its last one. */
static int plan_by_name(Deletion *d)
{
        bool other_tag = false;
        char container[16];

        if (!d->request->force && is_single_reference(d->names) && use_of(d, d->id, container) != USE_NONE)
                return brig_error_set(d->err, BRIG_ERR_CONFLICT, EBUSY,
                                      "conflict: unable to remove repository reference \"%s\" (must force) - container %s is using its referenced image %.*s",
                                      d->request->name, container, SHORT_ID, short_id(d));
        if (brig_strv_push(&d->untag, d->reference) < 0)
                return no_memory(d);
        BRIG_STRV_FOREACH(name, d->names)
                other_tag |= !streq(*name, d->reference) && !is_digest_reference(*name) && same_repository(*name, d->reference);
        /* With the repository's last tag its digests go too. */
        BRIG_STRV_FOREACH(name, d->names)
                if (!is_digest_reference(d->reference) && !other_tag && is_digest_reference(*name) && same_repository(*name, d->reference) &&
                    brig_strv_push(&d->untag, *name) < 0)
                        return no_memory(d);
        d->whole = brig_strv_len(d->untag) == brig_strv_len(d->names);
        return d->whole ? check_conflicts(d, false) : 0;
}

/* Asked for by id: everything goes, if the names are of one piece or force is used. */
static int plan_by_id(Deletion *d)
{
        int r = check_conflicts(d, !is_single_reference(d->names));

        if (r < 0)
                return r;
        d->whole = true;
        d->untag = brig_strv_copy(d->names);
        return d->names && !d->untag ? no_memory(d) : 0;
}

static int plan(Deletion *d)
{
        const char *reference = NULL;
        ImageEntry *e;
        int r;

        pthread_mutex_lock(&d->store->lock);
        r = brig_store_lookup(d->store, d->request->name, &e, &reference, d->err);
        if (r == 0) {
                memcpy(d->id, e->image->id, sizeof(d->id));
                r = brig_store_references_of(d->store, d->id, &d->names);
                if (r == 0 && reference && !(d->reference = strdup(reference)))
                        r = -ENOMEM;
                r = r < 0 ? no_memory(d) : 0;
        }
        pthread_mutex_unlock(&d->store->lock);
        if (r < 0)
                return r;
        return d->reference ? plan_by_name(d) : plan_by_id(d);
}

/* --- rows ------------------------------------------------------------------------ */

static int write_image(const Deletion *d, bool hide)
{
        StoredImage row = brig_store_find(d->store, d->id)->row;
        _cleanup_free_ char *document = NULL;

        if (!hide)
                return brig_state_delete(d->store->db, "image", d->id, false, d->err);
        row.hidden = true;
        document = brig_store_image_document(&row);
        return document ? brig_state_put(d->store->db, "image", d->id, document, false, d->err) : no_memory(d);
}

/* Rows of layers that no other image needs. A draft that holds one puts the row again with its image. */
static int delete_layer_rows(const Deletion *d, char *const *layers)
{
        int r = 0;

        BRIG_STRV_FOREACH(layer, layers) {
                const LayerEntry *e;
                unsigned holds;

                pthread_mutex_lock(&d->store->lock);
                e = brig_map_get(d->store->layers, *layer);
                holds = e ? e->holds : 0;
                pthread_mutex_unlock(&d->store->lock);
                if (r == 0 && holds <= 1)
                        r = brig_state_delete(d->store->db, "layer", *layer, false, d->err);
        }
        return r;
}

static int write_rows(const Deletion *d, bool hide, char *const *layers)
{
        int r = brig_state_begin(d->store->db, d->err);

        BRIG_STRV_FOREACH(name, d->untag)
                if (r == 0)
                        r = brig_state_delete(d->store->db, "reference", *name, false, d->err);
        if (r == 0 && d->whole)
                r = write_image(d, hide);
        if (r == 0 && d->whole && !hide)
                r = delete_layer_rows(d, layers);
        if (r == 0)
                r = brig_state_commit(d->store->db, true, d->err);
        if (r < 0)
                brig_state_rollback(d->store->db);
        return r;
}

/* --- tables ---------------------------------------------------------------------- */

/* Forgets names; takes the entry out when the image goes for good. */
static int update_tables(const Deletion *d, bool hide, ImageEntry **ret_gone)
{
        int r = 0;

        *ret_gone = NULL;
        pthread_mutex_lock(&d->store->lock);
        BRIG_STRV_FOREACH(name, d->untag)
                (void)brig_map_remove(d->store->references, *name);
        if (d->whole && !hide)
                *ret_gone = brig_map_take(d->store->images, d->id);
        else {
                brig_store_find(d->store, d->id)->row.hidden = hide;
                r = brig_store_refresh(d->store, d->id);
        }
        pthread_mutex_unlock(&d->store->lock);
        return r < 0 ? no_memory(d) : 0;
}

static int add_line(const Deletion *d, const char *verb, const char *what)
{
        return !d->lines || brig_strv_consume(d->lines, brig_str_printf("%s: %s", verb, what)) == 0 ? 0 : no_memory(d);
}

/* ChainID(L0..Ln) = SHA-256(ChainID(L0..Ln-1) + " " + DiffID(Ln)): OCI image-spec, "Layer ChainID". */
static int chain_ids(char *const *diff_ids, char ***ret, BrigError *err)
{
        char chain[BRIG_DIGEST_SIZE] = "";

        BRIG_STRV_FOREACH(diff_id, diff_ids) {
                _cleanup_hasher_ Hasher h = { 0 };
                int r = 0;

                if (!*chain)
                        memcpy(chain, *diff_id, sizeof(chain));
                else {
                        r = brig_hasher_init(&h, err);
                        if (r == 0)
                                r = brig_hasher_update(&h, chain, BRIG_DIGEST_LEN, err);
                        if (r == 0)
                                r = brig_hasher_update(&h, " ", 1, err);
                        if (r == 0)
                                r = brig_hasher_update(&h, *diff_id, BRIG_DIGEST_LEN, err);
                        if (r == 0)
                                r = brig_hasher_final(&h, chain, err);
                }
                if (r == 0 && brig_strv_push(ret, chain) < 0)
                        r = brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot delete the image");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The uppermost first, as Docker tells them; a layer that another image holds stays and is not told. */
static int release_layers(Deletion *d, const Image *image)
{
        char *const *diff_ids = image->config.rootfs.diff_ids;
        _cleanup_strv_ char **chains = NULL;
        int r = chain_ids(diff_ids, &chains, d->err);

        for (size_t n = brig_strv_len(diff_ids); n > 0; n--) {
                /* repeated further up: released there */
                if (brig_strv_contains(diff_ids + n, diff_ids[n - 1]))
                        continue;
                if (!brig_store_release_layer(d->store, brig_digest_hex(diff_ids[n - 1])))
                        continue;
                d->freed += image->layer_sizes[n - 1];
                if (r == 0)
                        r = add_line(d, "Deleted", chains[n - 1]);
        }
        return r;
}

static int release_image(Deletion *d, ImageEntry *e)
{
        int r = release_layers(d, e->image);

        BRIG_STRV_FOREACH(blob, e->row.blobs)
                brig_store_release_blob(d->store, *blob);
        brig_store_entry_free(e);
        return r;
}

static int tell(const Deletion *d)
{
        int r = 0;

        BRIG_STRV_FOREACH(name, d->untag) {
                _cleanup_free_ char *familiar = brig_reference_familiar(*name);

                if (r == 0)
                        r = familiar ? add_line(d, "Untagged", familiar) : no_memory(d);
        }
        return r == 0 && d->whole ? add_line(d, "Deleted", d->id) : r;
}

static void set_hidden(const Deletion *d, bool hidden)
{
        pthread_mutex_lock(&d->store->lock);
        brig_store_find(d->store, d->id)->row.hidden = hidden;
        pthread_mutex_unlock(&d->store->lock);
}

/*
 * A container that is being created first counts as a user, then looks whether its image is
 * still there. So the image is hidden first and its users are asked for after that: one of the two sees the other.
 */
static int take_out_of_sight(Deletion *d, bool *ret_stays)
{
        bool was_hidden = brig_store_find(d->store, d->id)->row.hidden;
        char container[16];
        int r;

        set_hidden(d, true);
        r = was_hidden ? 0 : check_conflicts(d, false);
        if (r < 0)
                set_hidden(d, false);
        *ret_stays = use_of(d, d->id, container) != USE_NONE;
        return r;
}

static int carry_out(Deletion *d)
{
        ImageEntry *e = brig_store_find(d->store, d->id), *gone = NULL;
        bool was_hidden = e->row.hidden, stays = false;
        int r = d->whole ? take_out_of_sight(d, &stays) : 0;

        if (r < 0)
                return r;
        r = write_rows(d, stays, e->image->layers);
        if (r < 0) {
                set_hidden(d, was_hidden);
                return r;
        }
        r = update_tables(d, stays, &gone);
        if (r == 0)
                r = tell(d);
        return r == 0 && gone ? release_image(d, gone) : r;
}

static void deletion_done(Deletion *d)
{
        free(d->reference);
        brig_strv_free(d->names);
        brig_strv_free(d->untag);
}

/* --- rmi --------------------------------------------------------------------------- */

int brig_image_delete(ImageStore *s, const ImageDelete *request, char ***ret_lines, BrigError *err)
{
        _cleanup_(deletion_done) Deletion d = { .store = s, .request = request, .err = err };
        _cleanup_strv_ char **lines = NULL;
        int r;

        d.lines = &lines;
        pthread_mutex_lock(&s->change);
        r = plan(&d);
        if (r == 0)
                r = carry_out(&d);
        pthread_mutex_unlock(&s->change);
        if (r == 0)
                *ret_lines = TAKE_PTR(lines);
        return r;
}

/* --- prune -------------------------------------------------------------------------- */

/* No container uses it; no name unless all; the caller's filters. */
static bool may_go(const ImageDelete *request, const Image *image, bool all)
{
        bool named = brig_strv_len(image->repo_tags) + brig_strv_len(image->repo_digests) > 0;
        char container[16];

        if ((named && !all) || (request->wanted && !request->wanted(request->wanted_context, image)))
                return false;
        return !request->in_use || request->in_use(request->context, image->id, container) == USE_NONE;
}

static int candidates(ImageStore *s, const ImageDelete *request, bool all, char ***ret)
{
        Image **list = NULL;
        int r = brig_image_list(s, &list, NULL);

        for (size_t i = 0; r == 0 && list[i]; i++)
                if (may_go(request, list[i], all))
                        r = brig_strv_push(ret, list[i]->id);
        brig_image_list_free(list);
        return r;
}

static int prune_one(ImageStore *s, const ImageDelete *in_use, const char *id, char ***lines, int64_t *bytes)
{
        const ImageDelete request = { .name = id, .force = true, .in_use = in_use->in_use, .context = in_use->context };
        _cleanup_(deletion_done) Deletion d = { .store = s, .request = &request, .lines = lines };
        char container[16];
        int r;

        pthread_mutex_lock(&s->change);
        r = plan(&d);
        /* Used since we looked: left alone, force is only for its many names. */
        if (r == 0 && use_of(&d, d.id, container) == USE_NONE)
                r = carry_out(&d);
        pthread_mutex_unlock(&s->change);
        *bytes += d.freed;
        return r;
}

int brig_image_prune(ImageStore *s, const ImageDelete *in_use, bool all, char ***ret_lines, int64_t *ret_bytes, BrigError *err)
{
        _cleanup_strv_ char **ids = NULL, **lines = NULL;
        int64_t bytes = 0;

        if (candidates(s, in_use, all, &ids) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot prune images");
        /* One that cannot go (a child, a race) does not keep the others; children stand before their parents. */
        BRIG_STRV_FOREACH(id, ids)
                (void)prune_one(s, in_use, *id, &lines, &bytes);
        *ret_lines = TAKE_PTR(lines);
        *ret_bytes = bytes;
        return 0;
}

/* --- hidden images ------------------------------------------------------------------- */

static int hidden_ids(ImageStore *s, char ***ret)
{
        const char *id;
        void *value;
        int r = 0;

        pthread_mutex_lock(&s->lock);
        for (size_t i = 0; r == 0 && brig_map_next(s->images, &i, &id, &value);)
                if (((ImageEntry *)value)->row.hidden)
                        r = brig_strv_push(ret, id);
        pthread_mutex_unlock(&s->lock);
        return r;
}

static int sweep_one(ImageStore *s, const ImageDelete *request, const char *id, BrigError *err)
{
        _cleanup_(deletion_done) Deletion d = { .store = s, .request = request, .whole = true, .err = err };
        const ImageEntry *e;
        char container[16];
        int r = 0;

        (void)snprintf(d.id, sizeof(d.id), "%s", id);
        pthread_mutex_lock(&s->change);
        e = brig_store_find(s, id);
        /* loaded again meanwhile: not hidden any more */
        if (e && e->row.hidden && use_of(&d, id, container) == USE_NONE)
                r = carry_out(&d);
        pthread_mutex_unlock(&s->change);
        return r;
}

int brig_image_sweep(ImageStore *s, ImageInUseFn in_use, void *context, BrigError *err)
{
        const ImageDelete request = { .in_use = in_use, .context = context };
        _cleanup_strv_ char **ids = NULL;
        int r = 0;

        if (hidden_ids(s, &ids) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot sweep images");
        BRIG_STRV_FOREACH(id, ids)
                if (r == 0)
                        r = sweep_one(s, &request, *id, err);
        return r;
}
