/*
 * Bytes → plan, by the rows of table.c. Runs with privilege on bytes that an
 * unprivileged process made: nothing is used before it was compared with what
 * is left, and nothing is skipped. Two passes: count and check the frame of each record, then
 * allocate each array once and fill it.
 */
#include "plan/plan-internal.h"
#include "base/strings.h"
#include <endian.h>

typedef struct Cursor { const char *at; size_t left; } Cursor;
typedef struct Record { const PlanRow *row; Cursor payload; } Record;

static int take(Cursor *c, size_t len, const void **ret)
{
        if (c->left < len)
                return -EBADMSG;
        *ret = c->at;
        c->at += len;
        c->left -= len;
        return 0;
}

static int take_u32(Cursor *c, uint32_t *ret)
{
        const void *at;
        if (take(c, sizeof(*ret), &at) < 0)
                return -EBADMSG;
        memcpy(ret, at, sizeof(*ret));
        *ret = le32toh(*ret);
        return 0;
}

static int take_u64(Cursor *c, uint64_t *ret)
{
        const void *at;
        if (take(c, sizeof(*ret), &at) < 0)
                return -EBADMSG;
        memcpy(ret, at, sizeof(*ret));
        *ret = le64toh(*ret);
        return 0;
}

static int take_sized(Cursor *c, const void **ret, uint32_t *ret_len)
{
        if (take_u32(c, ret_len) < 0)
                return -EBADMSG;
        return take(c, *ret_len, ret);
}

static int take_number(Cursor *c, const PlanField *f, void *member)
{
        uint32_t v;

        if (take_u32(c, &v) < 0 || !plan_number_ok(f, v))
                return -EBADMSG;
        if (f->kind == PLAN_FIELD_CHAR)
                *(char *)member = (char)v;
        else
                *(uint32_t *)member = v;
        return 0;
}

static int take_text(Cursor *c, const PlanField *f, const char **ret)
{
        const void *at;
        uint32_t len;

        if (take_sized(c, &at, &len) < 0 || len == 0)
                return -EBADMSG;
        const char *s = at;
        if (memchr(s, 0, len) != s + len - 1 || !plan_text_ok(f, s, len - 1))
                return -EBADMSG;
        *ret = s;
        return 0;
}

static int take_blob(Cursor *c, const PlanField *f, char *element)
{
        const void *at;
        uint32_t len;

        if (take_sized(c, &at, &len) < 0 || len > f->limit)
                return -EBADMSG;
        *(const void **)(element + f->offset) = len > 0 ? at : NULL;
        *(uint32_t *)(element + f->count) = len;
        return 0;
}

static int take_program(Cursor *c, const PlanField *f, char *element)
{
        const void *at;
        uint32_t len;
        size_t unit = sizeof(struct sock_filter);

        if (take_sized(c, &at, &len) < 0 || len % unit != 0 || len / unit > f->limit)
                return -EBADMSG;
        *(const void **)(element + f->offset) = len > 0 ? at : NULL;
        *(size_t *)(element + f->count) = len / unit;
        return 0;
}

static int take_fixed(Cursor *c, const PlanField *f, void *member)
{
        const void *at;
        if (take(c, f->limit, &at) < 0)
                return -EBADMSG;
        memcpy(member, at, f->limit);
        return 0;
}

static int take_field(Cursor *c, const PlanField *f, char *element)
{
        void *member = element + f->offset;

        switch (f->kind) {
        case PLAN_FIELD_U32:
        case PLAN_FIELD_FLAGS:
        case PLAN_FIELD_CHAR:
                return take_number(c, f, member);
        case PLAN_FIELD_U64:
                return take_u64(c, member);
        case PLAN_FIELD_TEXT:
        case PLAN_FIELD_PATH:
        case PLAN_FIELD_PATH_OPT:
        case PLAN_FIELD_ID:
        case PLAN_FIELD_ID_OPT:
                return take_text(c, f, member);
        case PLAN_FIELD_FIXED:
                return take_fixed(c, f, member);
        case PLAN_FIELD_BLOB:
                return take_blob(c, f, element);
        case PLAN_FIELD_PROGRAM:
                return take_program(c, f, element);
        }
        return -EBADMSG;
}

static int take_element(Cursor payload, const PlanRow *row, char *element)
{
        for (const PlanField *f = row->fields; f < row->fields + PLAN_MAX_FIELDS && f->kind; f++)
                if (take_field(&payload, f, element) < 0)
                        return -EBADMSG;
        return payload.left == 0 ? 0 : -EBADMSG;
}

static const PlanRow *row_of(uint32_t type)
{
        for (size_t i = 0; i < plan_n_rows; i++)
                if (plan_rows[i].type == type)
                        return &plan_rows[i];
        return NULL;
}

/* Frame of the next record; the upper half of the type word is the reserved zero. */
static int take_record(Cursor *c, Record *ret)
{
        const void *payload, *padding;
        uint32_t type, len;

        if (take_u32(c, &type) < 0 || take_u32(c, &len) < 0)
                return -EBADMSG;
        ret->row = row_of(type);
        if (!ret->row || take(c, len, &payload) < 0 || take(c, -len & 7, &padding) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < (-len & 7); i++)
                if (((const char *)padding)[i])
                        return -EBADMSG;
        ret->payload = (Cursor){ .at = payload, .left = len };
        return 0;
}

static int refuse(BrigError *err, const char *what)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EBADMSG, "launch plan: %s", what);
}

static int take_header(Cursor *c, size_t len, PlanKind *ret_kind, uint32_t *ret_records)
{
        uint32_t magic, version, length, records;

        if (take_u32(c, &magic) < 0 || take_u32(c, &version) < 0 || take_u32(c, &length) < 0 || take_u32(c, &records) < 0)
                return -EBADMSG;
        uint32_t kind = version >> 16;
        if (magic != BRIG_PLAN_MAGIC || (version & 0xffff) != BRIG_PLAN_VERSION || length != len || records > BRIG_PLAN_MAX_RECORDS)
                return -EBADMSG;
        if (kind != PLAN_KIND_CONTAINER && kind != PLAN_KIND_EXEC)
                return -EBADMSG;
        *ret_kind = (PlanKind)kind;
        *ret_records = records;
        return 0;
}

/* First pass: frames, order, kinds; how often each row occurs goes to counts. */
static int count_records(Cursor c, uint32_t records, PlanKind kind, uint32_t *counts)
{
        const PlanRow *last = plan_rows;

        for (uint32_t i = 0; i < records; i++) {
                Record rec;
                if (take_record(&c, &rec) < 0 || rec.row < last || !(rec.row->kinds & (1u << kind)))
                        return -EBADMSG;
                last = rec.row;
                counts[rec.row - plan_rows]++;
        }
        if (c.left > 0)
                return -EBADMSG;
        for (size_t i = 0; i < plan_n_rows; i++) {
                uint32_t min = plan_rows[i].kinds & (1u << kind) ? plan_rows[i].min : 0;
                if (counts[i] < min || counts[i] > plan_rows[i].max)
                        return -EBADMSG;
        }
        return 0;
}

/* One zeroed element more than there are records: vectors of strings end in NULL. */
static int make_arrays(LaunchPlan *p, const uint32_t *counts)
{
        for (size_t i = 0; i < plan_n_rows; i++) {
                const PlanRow *row = &plan_rows[i];
                if (!row->array)
                        continue;
                void *array = brig_plan_alloc(p, ((size_t)counts[i] + 1) * row->size);
                if (!array)
                        return -ENOMEM;
                *(void **)((char *)p + row->array) = array;
                *(size_t *)((char *)p + row->count) = counts[i];
        }
        return 0;
}

static int fill(LaunchPlan *p, Cursor c, uint32_t records)
{
        const PlanRow *last = NULL;
        size_t index = 0;

        for (uint32_t i = 0; i < records; i++) {
                char *element = (char *)p;
                Record rec;

                if (take_record(&c, &rec) < 0)
                        return -EBADMSG;
                index = rec.row == last ? index + 1 : 0;
                last = rec.row;
                if (rec.row->array)
                        element = *(char **)((char *)p + rec.row->array) + index * rec.row->size;
                if (take_element(rec.payload, rec.row, element) < 0)
                        return -EBADMSG;
        }
        return 0;
}

int brig_plan_decode(const void *data, size_t len, LaunchPlan *ret, BrigError *err)
{
        Cursor c = { .at = data, .left = len };
        uint32_t counts[64] = { 0 }, records;
        _cleanup_(brig_plan_done) LaunchPlan p = { 0 };
        PlanKind kind;

        brig_assert(plan_n_rows <= ARRAY_SIZE(counts));
        brig_assert(((uintptr_t)data & 7) == 0); /* the filter's instructions are used in place */
        if (len > BRIG_PLAN_MAX_BYTES || take_header(&c, len, &kind, &records) < 0)
                return refuse(err, "header or length are wrong");
        if (count_records(c, records, kind, counts) < 0)
                return refuse(err, "a record is unknown, out of order, too frequent, missing or cut off");
        brig_plan_init(&p, kind);
        if (make_arrays(&p, counts) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "launch plan");
        if (fill(&p, c, records) < 0)
                return refuse(err, "a field is out of bounds");
        if (!plan_consistent(&p))
                return refuse(err, "records contradict each other");
        *ret = p;
        p._owned = NULL;
        return 0;
}
