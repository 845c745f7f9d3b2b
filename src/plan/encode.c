/* Plan → bytes, by the rows of table.c. */
#include "plan/plan-internal.h"
#include "base/id.h"
#include "base/strings.h"
#include <endian.h>

typedef struct Encoder { BrigBuffer *out; uint32_t records; BrigError *err; } Encoder;

static void put_u32(BrigBuffer *b, uint32_t v)
{
        v = htole32(v);
        (void)brig_buffer_append(b, &v, sizeof(v)); /* sticky: asked once, at the end */
}

static void put_u64(BrigBuffer *b, uint64_t v)
{
        v = htole64(v);
        (void)brig_buffer_append(b, &v, sizeof(v));
}

static void put_sized(BrigBuffer *b, const void *data, size_t len)
{
        put_u32(b, (uint32_t)len);
        if (len > 0)
                (void)brig_buffer_append(b, data, len);
}

bool plan_text_ok(const PlanField *f, const char *s, size_t len)
{
        if (len > f->limit)
                return false;
        if (len == 0)
                return f->kind == PLAN_FIELD_TEXT || f->kind == PLAN_FIELD_PATH_OPT || f->kind == PLAN_FIELD_ID_OPT;
        if (f->kind == PLAN_FIELD_PATH || f->kind == PLAN_FIELD_PATH_OPT)
                return s[0] == '/';
        return f->kind == PLAN_FIELD_TEXT || brig_is_hex(s, BRIG_ID_LEN);
}

bool plan_number_ok(const PlanField *f, uint32_t v)
{
        switch (f->kind) {
        case PLAN_FIELD_U32:
                return v <= f->limit;
        case PLAN_FIELD_FLAGS:
                return (v & ~f->limit) == 0;
        case PLAN_FIELD_CHAR:
                return v == (f->limit >> 8) || v == (f->limit & 255);
        default:
                return false;
        }
}

bool plan_consistent(const LaunchPlan *p)
{
        if ((p->kind == PLAN_KIND_EXEC) == (brig_str_empty(p->exec_id)))
                return false;
        for (size_t i = 0; i < p->n_mounts; i++) {
                const PlanMount *m = &p->mounts[i];
                if (m->type == 0 || (m->type == PLAN_MOUNT_BIND) == brig_str_empty(m->source))
                        return false;
        }
        return true;
}

static int put_number(BrigBuffer *b, const PlanField *f, uint32_t v)
{
        if (!plan_number_ok(f, v))
                return -EINVAL;
        put_u32(b, v);
        return 0;
}

static int put_text(BrigBuffer *b, const PlanField *f, const char *s)
{
        s = s ? s : "";
        if (!plan_text_ok(f, s, strlen(s)))
                return -EINVAL;
        put_sized(b, s, strlen(s) + 1);
        return 0;
}

static int put_blob(BrigBuffer *b, const PlanField *f, const void *data, size_t count)
{
        size_t unit = f->kind == PLAN_FIELD_PROGRAM ? sizeof(struct sock_filter) : 1;

        if (count > f->limit)
                return -EINVAL;
        put_sized(b, data, count * unit);
        return 0;
}

static int put_field(BrigBuffer *b, const PlanField *f, const char *element)
{
        const void *member = element + f->offset;

        switch (f->kind) {
        case PLAN_FIELD_U32:
        case PLAN_FIELD_FLAGS:
                return put_number(b, f, *(const uint32_t *)member);
        case PLAN_FIELD_CHAR:
                return put_number(b, f, *(const unsigned char *)member);
        case PLAN_FIELD_U64:
                put_u64(b, *(const uint64_t *)member);
                return 0;
        case PLAN_FIELD_TEXT:
        case PLAN_FIELD_PATH:
        case PLAN_FIELD_PATH_OPT:
        case PLAN_FIELD_ID:
        case PLAN_FIELD_ID_OPT:
                return put_text(b, f, *(const char *const *)member);
        case PLAN_FIELD_FIXED:
                (void)brig_buffer_append(b, member, f->limit);
                return 0;
        case PLAN_FIELD_BLOB:
                return put_blob(b, f, *(const void *const *)member, *(const uint32_t *)(element + f->count));
        case PLAN_FIELD_PROGRAM:
                return put_blob(b, f, *(const void *const *)member, *(const size_t *)(element + f->count));
        }
        return -EINVAL;
}

static void put_padding(BrigBuffer *b)
{
        static const char zero[8];
        (void)brig_buffer_append(b, zero, -b->len & 7);
}

static int put_record(Encoder *e, const PlanRow *row, const char *element)
{
        BrigBuffer *b = e->out;
        size_t start = b->len;

        put_u32(b, row->type);
        put_u32(b, 0);
        for (const PlanField *f = row->fields; f < row->fields + PLAN_MAX_FIELDS && f->kind; f++)
                if (put_field(b, f, element) < 0)
                        return brig_error_set(e->err, BRIG_ERR_INVALID, EINVAL,
                                              "launch plan: field %zu of a record \"%s\" is out of bounds", (size_t)(f - row->fields) + 1, row->name);
        if (b->error)
                return b->error;
        uint32_t length = htole32((uint32_t)(b->len - start - PLAN_RECORD_BYTES));
        memcpy(b->data + start + 4, &length, sizeof(length));
        put_padding(b);
        e->records++;
        return 0;
}

static int put_row(Encoder *e, const PlanRow *row, const LaunchPlan *p)
{
        bool here = row->kinds & (1u << p->kind);

        if (!row->array)
                return here ? put_record(e, row, (const char *)p) : 0;
        size_t n = *(const size_t *)((const char *)p + row->count);
        const char *elements = *(const char *const *)((const char *)p + row->array);
        if (n > (here ? row->max : 0) || n < (here ? row->min : 0))
                return brig_error_set(e->err, BRIG_ERR_INVALID, EINVAL, "launch plan: %zu records \"%s\"", n, row->name);
        for (size_t i = 0; i < n; i++) {
                int r = put_record(e, row, elements + i * row->size);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void put_header(BrigBuffer *b, size_t start, const LaunchPlan *p, uint32_t records)
{
        uint32_t words[] = {
                htole32(BRIG_PLAN_MAGIC), htole32(BRIG_PLAN_VERSION | (uint32_t)p->kind << 16),
                htole32((uint32_t)(b->len - start)), htole32(records),
        };
        _Static_assert(sizeof(words) == PLAN_HEADER_BYTES, "the header of a plan");
        memcpy(b->data + start, words, sizeof(words));
}

static int full(const BrigBuffer *b, BrigError *err)
{
        if (b->error == -ENOMEM)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "launch plan");
        return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "launch plan: larger than %zu bytes", b->max);
}

int brig_plan_encode(const LaunchPlan *p, BrigBuffer *out, BrigError *err)
{
        static const char header[PLAN_HEADER_BYTES];
        Encoder e = { .out = out, .err = err };

        brig_assert(p->kind == PLAN_KIND_CONTAINER || p->kind == PLAN_KIND_EXEC);
        brig_assert(out->len == 0);
        if (!plan_consistent(p))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "launch plan: records contradict each other");
        (void)brig_buffer_append(out, header, sizeof(header));
        for (size_t i = 0; i < plan_n_rows && !out->error; i++) {
                int r = put_row(&e, &plan_rows[i], p);
                if (r < 0 && !out->error)
                        return r;
        }
        if (out->error)
                return full(out, err);
        if (out->len > BRIG_PLAN_MAX_BYTES || e.records > BRIG_PLAN_MAX_RECORDS)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "launch plan: %zu bytes in %u records are too much", out->len, e.records);
        put_header(out, 0, p, e.records);
        return 0;
}
