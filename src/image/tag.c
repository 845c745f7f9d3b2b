/*
 * Names given and taken: docker tag, docker rmi, docker image prune. What may be
 * taken from whom follows Docker's rules, and so do the refusals' texts.
 *
 * An image that is deleted by force while a stopped container uses it becomes
 * hidden: nothing lists or resolves it, but its layers stay until the container is
 * gone (brig_image_sweep).
 */
#include "image/store-internal.h"

#include "base/clock.h"
#include "base/strings.h"
#include "image/reference.h"

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot change the image's names");
}

/* --- tag ---------------------------------------------------------------------- */

static int target_name(const char *repo, const char *tag, char **ret, BrigError *err)
{
        Reference r;
        int status = brig_reference_parse(repo, &r, err);

        if (status < 0)
                return status;
        if (*r.digest)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "refusing to create a tag with a digest reference");
        if (!brig_str_empty(tag)) {
                if (!brig_reference_tag_valid(tag))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid tag format");
                memcpy(r.tag, tag, strlen(tag) + 1);
        }
        *ret = brig_reference_text(&r, true);
        return *ret ? 0 : no_memory(err);
}

/* One name on one image that is there; the caller holds `change`. */
static int write_name(ImageStore *s, const char *name, const char *id, BrigError *err)
{
        StoredImage row = brig_store_find(s, id)->row;
        _cleanup_free_ char *document = NULL;
        int r;

        row.tagged = brig_now_realtime();
        document = brig_store_image_document(&row);
        if (!document)
                return no_memory(err);
        r = brig_state_begin(s->db, err);
        if (r == 0)
                r = brig_state_put(s->db, "image", id, document, false, err);
        if (r == 0)
                r = brig_state_put(s->db, "reference", name, id, false, err);
        if (r == 0)
                r = brig_state_commit(s->db, true, err);
        if (r < 0)
                brig_state_rollback(s->db);
        return r;
}

/* Under the lock, when the rows are written. */
static int show_name(ImageStore *s, const char *name, const char *id)
{
        const char *owner = brig_map_get(s->references, name);
        _cleanup_free_ char *loser = owner && !streq(owner, id) ? strdup(owner) : NULL;
        char *copy = strdup(id);
        int r = copy ? brig_map_set(s->references, name, copy) : -ENOMEM;

        if (r < 0) {
                free(copy);
                return r;
        }
        brig_store_find(s, id)->row.tagged = brig_now_realtime();
        r = brig_store_refresh(s, id);
        if (r == 0 && loser && brig_store_find(s, loser))
                r = brig_store_refresh(s, loser);
        return r;
}

static int lookup_id(ImageStore *s, const char *name, char ret_id[BRIG_DIGEST_SIZE], char **ret_reference, BrigError *err)
{
        const char *reference = NULL;
        ImageEntry *e;
        int r;

        pthread_mutex_lock(&s->lock);
        r = brig_store_lookup(s, name, &e, &reference, err);
        if (r == 0) {
                memcpy(ret_id, e->image->id, BRIG_DIGEST_SIZE);
                if (ret_reference && reference && !(*ret_reference = strdup(reference)))
                        r = no_memory(err);
        }
        pthread_mutex_unlock(&s->lock);
        return r;
}

static int tag_image(ImageStore *s, const char *name, const char *target, BrigError *err)
{
        char id[BRIG_DIGEST_SIZE];
        int r = lookup_id(s, name, id, NULL, err);

        if (r == 0)
                r = write_name(s, target, id, err);
        if (r < 0)
                return r;
        pthread_mutex_lock(&s->lock);
        r = show_name(s, target, id);
        pthread_mutex_unlock(&s->lock);
        return r < 0 ? no_memory(err) : 0;
}

int brig_image_tag(ImageStore *s, const char *name, const char *repo, const char *tag, BrigError *err)
{
        _cleanup_free_ char *target = NULL;
        int r = target_name(repo, tag, &target, err);

        if (r < 0)
                return r;
        pthread_mutex_lock(&s->change);
        r = tag_image(s, name, target, err);
        pthread_mutex_unlock(&s->change);
        return r;
}
