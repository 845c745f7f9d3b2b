#include "image/tar-write.h"

#include "base/strings.h"
#include <inttypes.h>

#define BLOCK 512u
#define OCTAL_SIZE_MAX UINT64_C(077777777777)

typedef struct UstarHeader {
        char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
        char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], unused[12];
} UstarHeader;
_Static_assert(sizeof(UstarHeader) == BLOCK, "a tar header is one block");

/* Octal digits up to the last byte, which stays NUL. */
static void put_octal(char *field, size_t size, uint64_t value)
{
        for (size_t i = size - 1; i > 0; i--, value >>= 3)
                field[i - 1] = (char)('0' + (value & 7));
}

static void put_size(UstarHeader *h, uint64_t size)
{
        if (size <= OCTAL_SIZE_MAX) {
                put_octal(h->size, sizeof(h->size), size);
                return;
        }
        for (size_t i = sizeof(h->size); i > 0; i--, size >>= 8)
                h->size[i - 1] = (char)(size & 0xff);
        h->size[0] = (char)0x80;
}

static void put_checksum(UstarHeader *h)
{
        const unsigned char *p = (const unsigned char *)h;
        uint64_t sum = 0;

        memset(h->checksum, ' ', sizeof(h->checksum));
        for (size_t i = 0; i < BLOCK; i++)
                sum += p[i];
        /* six digits, NUL, blank: as tar has always written it */
        put_octal(h->checksum, 7, sum);
        h->checksum[6] = '\0';
}

static int header(BrigTarWriter *w, const char *name, char type, unsigned mode, uint64_t size)
{
        UstarHeader h = { .type = type, .magic = "ustar", .version = { '0', '0' } };
        size_t n = strlen(name);

        brig_assert(n <= sizeof(h.name) && w->left == 0);
        memcpy(h.name, name, n);
        put_octal(h.mode, sizeof(h.mode), mode);
        put_octal(h.uid, sizeof(h.uid), 0);
        put_octal(h.gid, sizeof(h.gid), 0);
        put_size(&h, size);
        put_octal(h.mtime, sizeof(h.mtime), 0);
        put_octal(h.major, sizeof(h.major), 0);
        put_octal(h.minor, sizeof(h.minor), 0);
        put_checksum(&h);
        w->left = size;
        w->padding = (unsigned)((BLOCK - size % BLOCK) % BLOCK);
        return w->write(w->context, &h, sizeof(h));
}

static int zeros(BrigTarWriter *w, size_t len)
{
        static const char nothing[2 * BLOCK];

        return len ? w->write(w->context, nothing, len) : 0;
}

int brig_tar_folder(BrigTarWriter *w, const char *name)
{
        return header(w, name, '5', 0755, 0);
}

int brig_tar_file(BrigTarWriter *w, const char *name, uint64_t size)
{
        return header(w, name, '0', 0644, size);
}

int brig_tar_data(BrigTarWriter *w, const void *data, size_t len)
{
        int r;

        brig_assert(len <= w->left);
        w->left -= len;
        r = w->write(w->context, data, len);
        return r == 0 && w->left == 0 ? zeros(w, w->padding) : r;
}

int brig_tar_end(BrigTarWriter *w)
{
        brig_assert(w->left == 0);
        return zeros(w, 2 * BLOCK);
}
