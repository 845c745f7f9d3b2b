#include "engine/seccomp-cache-internal.h"

#include "base/strings.h"
#include <pthread.h>

#define MAX_ENTRIES 16

typedef struct CacheEntry {
        struct CacheEntry *next;        /* newest first */
        SeccompProgram program;
        char *text;                     /* the key, with caps: compared whole, so that no digest has to be trusted */
        uint64_t caps;
        unsigned refs;                  /* users; the list itself is none */
        bool listed;
} CacheEntry;

struct SeccompCache {
        pthread_mutex_t lock;
        pthread_cond_t compiled;
        CacheEntry *entries;
        bool compiling;                 /* one at a time: libseccomp takes its memory only once */
};

static CacheEntry *entry_free(CacheEntry *e)
{
        if (!e)
                return NULL;
        brig_seccomp_program_clear(&e->program);
        free(e->text);
        free(e);
        return NULL;
}
BRIG_DEFINE_CLEANUP(CacheEntry *, entry_free)

SeccompCache *brig_seccomp_cache_new(void)
{
        SeccompCache *c = calloc(1, sizeof *c);

        if (!c)
                return NULL;
        (void)pthread_mutex_init(&c->lock, NULL); /* the default kinds cannot fail */
        (void)pthread_cond_init(&c->compiled, NULL);
        return c;
}

SeccompCache *brig_seccomp_cache_free(SeccompCache *c)
{
        if (!c)
                return NULL;
        for (CacheEntry *e = c->entries, *next; e; e = next) {
                next = e->next;
                brig_assert(e->refs == 0);
                entry_free(e);
        }
        (void)pthread_cond_destroy(&c->compiled);
        (void)pthread_mutex_destroy(&c->lock);
        free(c);
        return NULL;
}

static CacheEntry *find(SeccompCache *c, const char *text, uint64_t caps)
{
        for (CacheEntry *e = c->entries; e; e = e->next)
                if (e->caps == caps && streq(e->text, text))
                        return e;
        return NULL;
}

/* Drops the oldest entries over the limit; one in use lives until it is released. */
static void trim(SeccompCache *c)
{
        size_t n = 0;

        for (CacheEntry **p = &c->entries, *e; (e = *p);) {
                if (++n <= MAX_ENTRIES) {
                        p = &e->next;
                        continue;
                }
                *p = e->next;
                e->listed = false;
                if (e->refs == 0)
                        entry_free(e);
        }
}

static int compile(SeccompCache *c, const char *text, uint64_t caps, CacheEntry **ret, BrigError *err)
{
        _cleanup_(entry_freep) CacheEntry *e = calloc(1, sizeof *e);
        int r;

        if (!e)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "compile the seccomp profile");
        e->caps = caps;
        e->text = strdup(text);
        if (!e->text)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "compile the seccomp profile");
        r = brig_seccomp_compile(text, strlen(text), caps, &e->program, err);
        if (r == 0)
                *ret = TAKE_PTR(e);
        return r;
}

int brig_seccomp_acquire(SeccompCache *c, const char *text, uint64_t caps, const SeccompProgram **ret, BrigError *err)
{
        CacheEntry *e;
        int r = 0;

        pthread_mutex_lock(&c->lock);
        while (!(e = find(c, text, caps)) && c->compiling)
                pthread_cond_wait(&c->compiled, &c->lock);
        if (!e) {
                c->compiling = true;
                pthread_mutex_unlock(&c->lock);
                r = compile(c, text, caps, &e, err);
                pthread_mutex_lock(&c->lock);
                c->compiling = false;
                pthread_cond_broadcast(&c->compiled);
                if (r == 0) {
                        e->listed = true;
                        e->next = c->entries;
                        c->entries = e;
                }
        }
        if (r == 0) {
                e->refs++;
                *ret = &e->program;
                trim(c);
        }
        pthread_mutex_unlock(&c->lock);
        return r;
}

void brig_seccomp_release(SeccompCache *c, const SeccompProgram *p)
{
        CacheEntry *e = (CacheEntry *)((char *)p - offsetof(CacheEntry, program));

        if (!p)
                return;
        pthread_mutex_lock(&c->lock);
        if (--e->refs == 0 && !e->listed)
                entry_free(e);
        pthread_mutex_unlock(&c->lock);
}
