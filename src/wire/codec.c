/*
 * Encoder and decoder, both driven by the rows of table.c. Pure: no system
 * call, no allocation. Every length is compared with what is left before it is
 * used, and a frame that decodes is exactly what the encoder would have made
 * of it (the fuzz target holds it to that).
 */
#include "wire/wire-internal.h"
#include "base/strings.h"
#include <endian.h>

typedef struct Writer { char *at; size_t left; } Writer;
typedef struct Reader { const char *at; size_t left; } Reader;

typedef struct Header { uint32_t magic; uint16_t type, n_fds; uint32_t serial, length; } Header;
_Static_assert(sizeof(Header) == WIRE_HEADER_BYTES, "the frame's header has no padding");

static bool text_fits(const WireField *f, const char *s, size_t len)
{
        if (len > f->max)
                return false;
        if (f->kind == WIRE_FIELD_ID_OPTIONAL && len == 0)
                return true;
        return f->kind == WIRE_FIELD_TEXT || brig_is_hex(s, BRIG_ID_LEN);
}

static bool bytes_fit(const WireField *f, size_t len)
{
        return len <= f->max && len % f->unit == 0;
}

/* The descriptors that a message names one by one must all be there. */
static bool streams_match(const WireRow *row, const WireMessage *m, size_t n_fds)
{
        if (row->streams == 0)
                return true;
        const WireBytes *streams = (const WireBytes *)((const char *)m + row->streams);
        return n_fds - row->min_fds == streams->len;
}

static int put(Writer *w, const void *data, size_t len)
{
        if (w->left < len)
                return -EMSGSIZE;
        if (len > 0)
                memcpy(w->at, data, len);
        w->at += len;
        w->left -= len;
        return 0;
}

static int put_u32(Writer *w, uint32_t v)
{
        uint32_t le = htole32(v);
        return put(w, &le, sizeof(le));
}

static int put_sized(Writer *w, const void *data, size_t len)
{
        int r = put_u32(w, (uint32_t)len);
        return r < 0 ? r : put(w, data, len);
}

static int put_text(Writer *w, const WireField *f, const char *s)
{
        size_t len;

        s = s ? s : "";
        len = strlen(s);
        if (len > f->max)
                return -EMSGSIZE;
        return text_fits(f, s, len) ? put_sized(w, s, len + 1) : -EINVAL;
}

static int put_field(Writer *w, const WireField *f, const WireMessage *m)
{
        const void *member = (const char *)m + f->offset;
        const WireBytes *bytes = member;
        uint64_t wide;

        switch (f->kind) {
        case WIRE_FIELD_U32:
                return put_u32(w, *(const uint32_t *)member);
        case WIRE_FIELD_U64:
                wide = htole64(*(const uint64_t *)member);
                return put(w, &wide, sizeof(wide));
        case WIRE_FIELD_TEXT:
        case WIRE_FIELD_ID:
        case WIRE_FIELD_ID_OPTIONAL:
                return put_text(w, f, *(const char *const *)member);
        case WIRE_FIELD_BYTES:
                return bytes_fit(f, bytes->len) ? put_sized(w, bytes->data, bytes->len) : -EMSGSIZE;
        }
        return -EINVAL;
}

ssize_t brig_wire_encode(const WireMessage *m, WireLink link, void *out, size_t size)
{
        const WireRow *row = wire_row((uint32_t)m->type);
        Writer w = { .at = out, .left = MIN2(size, (size_t)BRIG_WIRE_MAX_BYTES) };
        size_t room = w.left;

        if (!row || !wire_row_permits(row, link, m->serial, m->n_fds) || !streams_match(row, m, m->n_fds))
                return -EINVAL;
        if (room < sizeof(Header))
                return -EMSGSIZE;
        w.at += sizeof(Header);
        w.left -= sizeof(Header);
        for (size_t i = 0; i < row->n_fields; i++) {
                int r = put_field(&w, &row->fields[i], m);
                if (r < 0)
                        return r;
        }
        Header h = {
                .magic = htole32(BRIG_WIRE_MAGIC),
                .type = htole16((uint16_t)m->type),
                .n_fds = htole16((uint16_t)m->n_fds),
                .serial = htole32(m->serial),
                .length = htole32((uint32_t)(room - w.left)),
        };
        memcpy(out, &h, sizeof(h));
        return (ssize_t)(room - w.left);
}

static int get(Reader *r, size_t len, const void **ret)
{
        if (r->left < len)
                return -EBADMSG;
        *ret = r->at;
        r->at += len;
        r->left -= len;
        return 0;
}

static int get_u32(Reader *r, uint32_t *ret)
{
        const void *at;
        if (get(r, sizeof(*ret), &at) < 0)
                return -EBADMSG;
        memcpy(ret, at, sizeof(*ret));
        *ret = le32toh(*ret);
        return 0;
}

static int get_u64(Reader *r, uint64_t *ret)
{
        const void *at;
        if (get(r, sizeof(*ret), &at) < 0)
                return -EBADMSG;
        memcpy(ret, at, sizeof(*ret));
        *ret = le64toh(*ret);
        return 0;
}

static int get_sized(Reader *r, const char **ret, size_t *ret_len)
{
        const void *at;
        uint32_t len;

        if (get_u32(r, &len) < 0 || get(r, len, &at) < 0)
                return -EBADMSG;
        *ret = at;
        *ret_len = len;
        return 0;
}

static int get_text(Reader *r, const WireField *f, const char **ret)
{
        const char *s;
        size_t len;

        if (get_sized(r, &s, &len) < 0 || len == 0 || memchr(s, 0, len) != s + len - 1)
                return -EBADMSG;
        if (!text_fits(f, s, len - 1))
                return -EBADMSG;
        *ret = s;
        return 0;
}

static int get_bytes(Reader *r, const WireField *f, WireBytes *ret)
{
        const char *data;
        size_t len;

        if (get_sized(r, &data, &len) < 0 || !bytes_fit(f, len))
                return -EBADMSG;
        *ret = (WireBytes){ .data = data, .len = len };
        return 0;
}

static int get_field(Reader *r, const WireField *f, WireMessage *m)
{
        void *member = (char *)m + f->offset;

        switch (f->kind) {
        case WIRE_FIELD_U32:
                return get_u32(r, member);
        case WIRE_FIELD_U64:
                return get_u64(r, member);
        case WIRE_FIELD_TEXT:
        case WIRE_FIELD_ID:
        case WIRE_FIELD_ID_OPTIONAL:
                return get_text(r, f, member);
        case WIRE_FIELD_BYTES:
                return get_bytes(r, f, member);
        }
        return -EBADMSG;
}

static const WireRow *get_header(Reader *r, size_t len, size_t n_fds, WireMessage *m)
{
        const WireRow *row;
        const void *at;
        Header h;

        if (len > BRIG_WIRE_MAX_BYTES || get(r, sizeof(h), &at) < 0)
                return NULL;
        memcpy(&h, at, sizeof(h));
        if (le32toh(h.magic) != BRIG_WIRE_MAGIC || le32toh(h.length) != len || le16toh(h.n_fds) != n_fds)
                return NULL;
        row = wire_row(le16toh(h.type));
        if (!row)
                return NULL;
        m->type = row->type;
        m->serial = le32toh(h.serial);
        return row;
}

int brig_wire_decode(const void *data, size_t len, size_t n_fds, WireLink link, WireMessage *ret)
{
        Reader r = { .at = data, .left = len };
        WireMessage m = { 0 };
        const WireRow *row = get_header(&r, len, n_fds, &m);

        if (!row || !wire_row_permits(row, link, m.serial, n_fds))
                return -EBADMSG;
        for (size_t i = 0; i < row->n_fields; i++)
                if (get_field(&r, &row->fields[i], &m) < 0)
                        return -EBADMSG;
        if (r.left > 0 || !streams_match(row, &m, n_fds))
                return -EBADMSG;
        m.n_fds = n_fds;
        for (size_t i = 0; i < BRIG_WIRE_MAX_FDS; i++)
                m.fds[i] = -EBADF;
        *ret = m;
        return 0;
}
