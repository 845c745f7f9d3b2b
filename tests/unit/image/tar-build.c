#include "tests/unit/image/tar-build.h"

#include "base/strings.h"
#include <inttypes.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <zstd.h>

#define BLOCK 512

static void put(char *field, size_t size, uint64_t value)
{
        if (value >> (3 * (size - 1))) {
                for (size_t i = size; i > 0; i--, value >>= 8)
                        field[i - 1] = (char)(value & 0xff);
                field[0] |= (char)0x80;
                return;
        }
        for (size_t i = size - 1; i > 0; i--, value >>= 3)
                field[i - 1] = (char)('0' + (value & 7));
}

static void header(BrigBuffer *tar, const TarEntry *e, uint64_t size)
{
        char h[BLOCK] = { 0 };
        unsigned sum = 0;

        memcpy(h, e->name, strnlen(e->name, 100));
        put(h + 100, 8, e->mode ? e->mode : e->type == '5' ? 0755 : 0644);
        put(h + 108, 8, e->uid);
        put(h + 116, 8, e->gid);
        put(h + 124, 12, size);
        put(h + 136, 12, (uint64_t)e->mtime);
        h[156] = e->type ? e->type : '0';
        if (e->link)
                memcpy(h + 157, e->link, strnlen(e->link, 100));
        memcpy(h + 257, "ustar\00000", 8);
        memset(h + 148, ' ', 8);
        for (size_t i = 0; i < BLOCK; i++)
                sum += (unsigned char)h[i];
        put(h + 148, 7, sum);
        brig_assert(brig_buffer_append(tar, h, BLOCK) == 0);
}

static void content(BrigBuffer *tar, const void *data, size_t len)
{
        static const char zeros[BLOCK];

        brig_assert(brig_buffer_append(tar, data, len) == 0);
        if (len % BLOCK)
                brig_assert(brig_buffer_append(tar, zeros, BLOCK - len % BLOCK) == 0);
}

static size_t digits(size_t n)
{
        size_t d = 1;

        while (n /= 10)
                d++;
        return d;
}

static void record(BrigBuffer *records, const char *key, const void *value, size_t len)
{
        size_t body = strlen(key) + len + 3, total = body + digits(body);

        if (digits(total) != digits(body))
                total = body + digits(total);
        (void)brig_buffer_printf(records, "%zu %s=", total, key);
        (void)brig_buffer_append(records, value, len);
        brig_assert(brig_buffer_putc(records, '\n') == 0);
}

static void pax_header(BrigBuffer *tar, BrigBuffer *records)
{
        header(tar, &(TarEntry){ .name = "PaxHeaders/x", .type = 'x' }, records->len);
        content(tar, records->data, records->len);
}

void tar_add_pax(BrigBuffer *tar, const char *key, const void *value, size_t len)
{
        _cleanup_buffer_ BrigBuffer records = BRIG_BUFFER_INIT(1 << 20);

        record(&records, key, value, len);
        pax_header(tar, &records);
}

static void add_pax_text(BrigBuffer *tar, const char *text)
{
        _cleanup_buffer_ BrigBuffer records = BRIG_BUFFER_INIT(1 << 20);
        _cleanup_strv_ char **lines = NULL;

        brig_assert(brig_strv_split(text, '\n', &lines) == 0);
        BRIG_STRV_FOREACH(line, lines) {
                char *equals = strchr(*line, '=');

                brig_assert(equals);
                *equals = '\0';
                record(&records, *line, equals + 1, strlen(equals + 1));
        }
        pax_header(tar, &records);
}

void tar_add(BrigBuffer *tar, const TarEntry *e)
{
        size_t len = e->len ? e->len : e->data ? strlen(e->data) : 0;

        if (e->pax)
                add_pax_text(tar, e->pax);
        if (strlen(e->name) > 100)
                tar_add_pax(tar, "path", e->name, strlen(e->name));
        if (e->link && strlen(e->link) > 100)
                tar_add_pax(tar, "linkpath", e->link, strlen(e->link));
        header(tar, e, e->claim ? e->claim : len);
        if (len)
                content(tar, e->data, len);
}

void tar_end(BrigBuffer *tar)
{
        static const char zeros[2 * BLOCK];

        brig_assert(brig_buffer_append(tar, zeros, sizeof(zeros)) == 0);
}

void tar_sha256(const void *data, size_t len, char ret_hex[65])
{
        unsigned char sum[EVP_MAX_MD_SIZE];

        brig_assert(EVP_Digest(data, len, sum, NULL, EVP_sha256(), NULL) == 1);
        brig_hex_encode(sum, 32, ret_hex);
}

void tar_gzip(const void *data, size_t len, BrigBuffer *out)
{
        struct isal_zstream *s = calloc(1, sizeof(*s));
        uint8_t *level = malloc(ISAL_DEF_LVL1_DEFAULT), *packed = malloc(len + 1024);

        brig_assert(s && level && packed);
        isal_deflate_init(s);
        s->gzip_flag = IGZIP_GZIP;
        s->level = 1;
        s->level_buf = level;
        s->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
        s->end_of_stream = 1;
        s->flush = NO_FLUSH;
        s->next_in = (uint8_t *)data;
        s->avail_in = (uint32_t)len;
        s->next_out = packed;
        s->avail_out = (uint32_t)len + 1024;
        brig_assert(isal_deflate(s) == COMP_OK && s->avail_in == 0);
        brig_assert(brig_buffer_append(out, packed, s->total_out) == 0);
        free(packed);
        free(level);
        free(s);
}

void tar_zstd(const void *data, size_t len, BrigBuffer *out)
{
        size_t room = ZSTD_compressBound(len), n;
        void *packed = malloc(room);

        brig_assert(packed);
        n = ZSTD_compress(packed, room, data, len, 3);
        brig_assert(!ZSTD_isError(n) && brig_buffer_append(out, packed, n) == 0);
        free(packed);
}
