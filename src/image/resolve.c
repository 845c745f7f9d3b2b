/*
 * From what a user types to an image, in Docker's order: a whole id, a reference,
 * then a unique prefix of an id. Hidden images are never found.
 */
#include "image/store-internal.h"

#include "base/strings.h"
#include "image/reference.h"

#define ID_PREFIX "sha256:"

static ImageEntry *visible(ImageEntry *e)
{
        return e && !e->row.hidden ? e : NULL;
}

static int not_found(const char *name, BrigError *err)
{
        Reference r;
        _cleanup_free_ char *full = brig_reference_parse(name, &r, NULL) == 0 ? brig_reference_text(&r, true) : NULL;

        return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "No such image: %.500s", full ? brig_reference_familiar_name(full) : name);
}

/* name[:tag]@digest: as it was recorded, or an image of that manifest which has a name in the same repository. */
static ImageEntry *find_by_digest(ImageStore *s, const Reference *r, const char **ret_reference)
{
        _cleanup_free_ char *canonical = brig_str_printf("%s@%s", r->name, r->digest);
        const char *name, *owner;
        size_t len = strlen(r->name);
        void *value;

        for (size_t i = 0; brig_map_next(s->references, &i, &name, &value);) {
                ImageEntry *e = visible(brig_store_find(s, value));

                owner = name;
                if (!e || strncmp(owner, r->name, len) != 0 || (owner[len] != ':' && owner[len] != '@'))
                        continue;
                if (brig_str_equal(owner, canonical) || brig_str_equal(e->row.manifest, r->digest)) {
                        *ret_reference = owner;
                        return e;
                }
        }
        return NULL;
}

static ImageEntry *find_by_tag(ImageStore *s, const Reference *r, const char **ret_reference)
{
        _cleanup_free_ char *full = brig_reference_text(r, true);
        const char *name;
        void *owner;

        if (!full || !brig_map_get(s->references, full))
                return NULL;
        for (size_t i = 0; brig_map_next(s->references, &i, &name, &owner);)
                if (streq(name, full)) {
                        *ret_reference = name;
                        return visible(brig_store_find(s, owner));
                }
        return NULL;
}

static bool is_hex_prefix(const char *s)
{
        size_t n = strspn(s, "0123456789abcdef");

        return n > 0 && n <= 64 && !s[n];
}

/* *ret NULL when none or several begin so. */
static ImageEntry *find_by_prefix(ImageStore *s, const char *name)
{
        const char *hex = brig_str_has_prefix(name, ID_PREFIX) ? name + strlen(ID_PREFIX) : name, *id;
        ImageEntry *found = NULL;
        void *value;

        if (!is_hex_prefix(hex))
                return NULL;
        for (size_t i = 0; brig_map_next(s->images, &i, &id, &value);) {
                if (!visible(value) || !brig_str_has_prefix(id + strlen(ID_PREFIX), hex))
                        continue;
                if (found)
                        return NULL;
                found = value;
        }
        return found;
}

int brig_store_lookup(ImageStore *s, const char *name, ImageEntry **ret, const char **ret_reference, BrigError *err)
{
        bool whole_id = brig_is_hex(name, 64) || brig_digest_valid(name);
        const char *reference = NULL;
        ImageEntry *e = NULL;
        Reference r;

        if (!whole_id) {
                int status = brig_reference_parse(name, &r, err);

                if (status < 0)
                        return status;
                e = *r.digest ? find_by_digest(s, &r, &reference) : find_by_tag(s, &r, &reference);
        }
        if (!e)
                e = find_by_prefix(s, name);
        if (!e)
                return not_found(name, err);
        *ret = e;
        if (ret_reference)
                *ret_reference = reference;
        return 0;
}

int brig_image_resolve(ImageStore *s, const char *name, Image **ret, BrigError *err)
{
        ImageEntry *e;
        int r;

        pthread_mutex_lock(&s->lock);
        r = brig_store_lookup(s, name, &e, NULL, err);
        if (r == 0)
                *ret = brig_image_ref(e->image);
        pthread_mutex_unlock(&s->lock);
        return r;
}
