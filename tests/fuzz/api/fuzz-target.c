/*
 * A request target as it comes off the wire: decoded, split, routed, its filters
 * read. What was accepted must be free of what the parser promises to refuse.
 */
#include "api/routes.h"
#include "api/target.h"
#include "base/strings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s, bool in_query)
{
        for (; *s; s++)
                brig_assert((unsigned char)*s >= 0x20 || (in_query && strchr("\n\t\r", *s)));
}

static void check_request(Request *r)
{
        BrigError err = BRIG_ERROR_INIT;
        json_t *filters = NULL;
        int64_t n;

        check_text(r->target.path, false);
        for (size_t i = 0; i < r->target.query.count; i++) {
                check_text(r->target.query.items[i].key, true);
                check_text(r->target.query.items[i].value, true);
                (void)brig_target_bool(&r->target, r->target.query.items[i].key);
                if (brig_target_int(&r->target, r->target.query.items[i].key, 0, &n, NULL) < 0)
                        continue;
        }
        r->method = "GET";
        if (brig_route_find(r, &err) >= 0)
                brig_assert(r->route && r->version >= API_VERSION(1, 24) && r->version <= API_VERSION(1, 50));
        else
                brig_assert(err.kind == BRIG_ERR_NOT_FOUND || err.kind == BRIG_ERR_INVALID);
        if (brig_request_filters(r, &filters, &err) >= 0) {
                brig_assert(json_is_object(filters));
                (void)brig_filters_match(filters, "label", "a=b");
                (void)brig_filters_match_labels(filters, "label", &(JsonPairs){ 0 });
        }
        json_decref(filters);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *raw = strndup((const char *)data, size);
        _cleanup_(brig_request_freep) Request *r = brig_request_new(NULL, raw);
        BrigError err = BRIG_ERROR_INIT;

        brig_assert(raw && r);
        if (brig_target_parse(raw, &r->target, &err) >= 0)
                check_request(r);
        else
                brig_assert(err.kind == BRIG_ERR_INVALID && !r->target.path);
        return 0;
}
