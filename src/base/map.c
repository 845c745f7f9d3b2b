/*
 * The hash map: entries stand in an array in insertion order (removed ones
 * leave a hole until the next growth), an open-addressed table of indices
 * points into it. Hashing is SipHash-2-4 (Aumasson and Bernstein, 2012) under
 * a key drawn per map.
 */
#include "base/map.h"

#include "base/strings.h"
#include <sys/random.h>

typedef struct MapEntry {
        char *key;        /* NULL: a hole */
        void *value;
        uint64_t hash;
} MapEntry;

struct BrigMap {
        MapEntry *entries;
        size_t used;      /* entries with holes */
        size_t live;      /* entries without */
        uint32_t *slots;  /* index + 1 into entries, 0 is free; a power of two, at least twice `room` */
        size_t slot_count;
        size_t room;      /* allocated entries */
        uint64_t seed[2];
        void (*free_value)(void *);
};

#define MAP_MIN_ROOM 8
#define MAP_MAX_ROOM (UINT32_MAX / 4)

static uint64_t rotl(uint64_t x, int b)
{
        return (x << b) | (x >> (64 - b));
}

static void sip_round(uint64_t v[4])
{
        v[0] += v[1]; v[2] += v[3];
        v[1] = rotl(v[1], 13) ^ v[0]; v[3] = rotl(v[3], 16) ^ v[2];
        v[0] = rotl(v[0], 32);
        v[2] += v[1]; v[0] += v[3];
        v[1] = rotl(v[1], 17) ^ v[2]; v[3] = rotl(v[3], 21) ^ v[0];
        v[2] = rotl(v[2], 32);
}

static void sip_block(uint64_t v[4], uint64_t word)
{
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
}

static uint64_t sip_hash(const uint64_t seed[2], const char *data, size_t len)
{
        uint64_t v[4] = { seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
                          seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573) };
        uint64_t word, last = (uint64_t)len << 56;
        size_t whole = len & ~(size_t)7;

        for (size_t i = 0; i < whole; i += 8) {
                memcpy(&word, data + i, 8);
                sip_block(v, word);
        }
        for (size_t i = whole; i < len; i++)
                last |= (uint64_t)(unsigned char)data[i] << (8 * (i - whole));
        sip_block(v, last);
        v[2] ^= 0xff;
        for (int i = 0; i < 4; i++)
                sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

BrigMap *brig_map_new(void (*free_value)(void *))
{
        BrigMap *m = calloc(1, sizeof *m);

        if (!m)
                return NULL;
        m->free_value = free_value;
        /* GRND_INSECURE never blocks: before the pool is ready a weak seed is better than a hanging daemon. */
        if (getrandom(m->seed, sizeof m->seed, GRND_INSECURE) != (ssize_t)sizeof m->seed)
                m->seed[0] = (uintptr_t)m;
        return m;
}

static void free_value(const BrigMap *m, void *value)
{
        if (m->free_value && value)
                m->free_value(value);
}

BrigMap *brig_map_free(BrigMap *m)
{
        if (!m)
                return NULL;
        for (size_t i = 0; i < m->used; i++)
                if (m->entries[i].key) {
                        free(m->entries[i].key);
                        free_value(m, m->entries[i].value);
                }
        free(m->entries);
        free(m->slots);
        free(m);
        return NULL;
}

static void slot_insert(uint32_t *slots, size_t count, uint64_t hash, size_t index)
{
        size_t i = hash & (count - 1);

        while (slots[i] != 0)
                i = (i + 1) & (count - 1);
        slots[i] = (uint32_t)index + 1;
}

/* Makes room for one more: drops the holes, grows when more than half is live. The map is unchanged on failure. */
static int map_make_room(BrigMap *m)
{
        size_t room = m->live < m->room / 2 ? m->room : MAX2((size_t)MAP_MIN_ROOM, m->room * 2);
        MapEntry *entries;
        uint32_t *slots;
        size_t used = 0;

        if (m->used < m->room)
                return 0;
        if (room > MAP_MAX_ROOM)
                return -ENOMEM;
        entries = calloc(room, sizeof *entries);
        slots = calloc(room * 2, sizeof *slots);
        if (!entries || !slots) {
                free(entries);
                free(slots);
                return -ENOMEM;
        }
        for (size_t i = 0; i < m->used; i++)
                if (m->entries[i].key) {
                        slot_insert(slots, room * 2, m->entries[i].hash, used);
                        entries[used++] = m->entries[i];
                }
        free(m->entries);
        free(m->slots);
        m->entries = entries;
        m->slots = slots;
        m->room = room;
        m->slot_count = room * 2;
        m->used = used;
        return 0;
}

static MapEntry *map_find(const BrigMap *m, const char *key, uint64_t hash)
{
        if (m->live == 0)
                return NULL;
        /* Holes keep their slot until the next growth, so a probe never ends too early; `used` < slots / 2 ends it. */
        for (size_t i = hash & (m->slot_count - 1); m->slots[i] != 0; i = (i + 1) & (m->slot_count - 1)) {
                MapEntry *e = &m->entries[m->slots[i] - 1];

                if (e->key && e->hash == hash && streq(e->key, key))
                        return e;
        }
        return NULL;
}

static MapEntry *map_lookup(const BrigMap *m, const char *key)
{
        return m ? map_find(m, key, sip_hash(m->seed, key, strlen(key))) : NULL;
}

int brig_map_put(BrigMap *m, const char *key, void *value)
{
        uint64_t hash = sip_hash(m->seed, key, strlen(key));
        _cleanup_free_ char *copy = NULL;
        int r;

        if (map_find(m, key, hash))
                return -EEXIST;
        copy = strdup(key);
        if (!copy)
                return -ENOMEM;
        r = map_make_room(m);
        if (r < 0)
                return r;
        slot_insert(m->slots, m->slot_count, hash, m->used);
        m->entries[m->used++] = (MapEntry){ .key = TAKE_PTR(copy), .value = value, .hash = hash };
        m->live++;
        return 0;
}

int brig_map_set(BrigMap *m, const char *key, void *value)
{
        MapEntry *e = map_lookup(m, key);

        if (!e)
                return brig_map_put(m, key, value);
        if (e->value != value)
                free_value(m, e->value);
        e->value = value;
        return 0;
}

void *brig_map_get(const BrigMap *m, const char *key)
{
        MapEntry *e = map_lookup(m, key);

        return e ? e->value : NULL;
}

static void *entry_unlink(BrigMap *m, MapEntry *e)
{
        void *value = TAKE_PTR(e->value);

        free(TAKE_PTR(e->key));
        m->live--;
        return value;
}

void *brig_map_take(BrigMap *m, const char *key)
{
        MapEntry *e = map_lookup(m, key);

        return e ? entry_unlink(m, e) : NULL;
}

bool brig_map_remove(BrigMap *m, const char *key)
{
        MapEntry *e = map_lookup(m, key);

        if (!e)
                return false;
        free_value(m, entry_unlink(m, e));
        return true;
}

size_t brig_map_size(const BrigMap *m)
{
        return m ? m->live : 0;
}

bool brig_map_next(const BrigMap *m, size_t *iter, const char **ret_key, void **ret_value)
{
        for (; m && *iter < m->used; (*iter)++) {
                const MapEntry *e = &m->entries[*iter];

                if (!e->key)
                        continue;
                if (ret_key)
                        *ret_key = e->key;
                if (ret_value)
                        *ret_value = e->value;
                (*iter)++;
                return true;
        }
        return false;
}
