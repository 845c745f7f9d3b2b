/* /containers/{id}/top */
#include "api/ps.h"
#include "api/routes.h"

static int compare_pids(const void *a, const void *b)
{
        int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

        return (x > y) - (x < y);
}

static json_t *shape_titles(const PsFormat *f)
{
        _cleanup_json_ json_t *titles = json_array();

        for (size_t i = 0; titles && i < f->n; i++)
                if (json_array_append_new(titles, json_string(f->columns[i].title)) < 0)
                        return NULL;
        return TAKE_PTR(titles);
}

static json_t *shape_process(const PsFormat *f, const PsProcess *p, const PsHost *h)
{
        _cleanup_json_ json_t *row = json_array();

        for (size_t i = 0; row && i < f->n; i++) {
                _cleanup_buffer_ BrigBuffer cell = BRIG_BUFFER_INIT(64u << 10);

                f->columns[i].print(p, h, &cell);
                if (json_array_append_new(row, json_string(cell.data ?: "")) < 0)
                        return NULL;
        }
        return TAKE_PTR(row);
}

static json_t *shape_processes(const PsFormat *f, const int32_t *pids, size_t n, uint32_t range_base)
{
        _cleanup_json_ json_t *rows = json_array();
        const PsHost host = brig_ps_host(range_base);

        for (size_t i = 0; rows && i < n; i++) {
                _cleanup_(brig_ps_done) PsProcess p = { 0 };

                /* It may have ended since the list was made. */
                if (brig_ps_read(pids[i], &p) < 0)
                        continue;
                if (json_array_append_new(rows, shape_process(f, &p, &host)) < 0)
                        return NULL;
        }
        return TAKE_PTR(rows);
}

int brig_handle_container_top(Request *r, BrigError *err)
{
        _cleanup_(brig_container_view_freep) ContainerView *v = NULL;
        _cleanup_free_ int32_t *pids = NULL;
        PsFormat format;
        size_t n = 0;
        int result = brig_container_get(r->engine, r->argument, &v, err);

        if (result >= 0)
                result = brig_ps_format(brig_request_get(r, "ps_args"), &format, err);
        if (result >= 0)
                result = brig_container_pids(r->engine, r->argument, &pids, &n, err);
        if (result < 0)
                return result;
        qsort(pids, n, sizeof(*pids), compare_pids);
        return brig_reply_json(r, 200, json_pack("{s:o, s:o}", "Titles", shape_titles(&format), "Processes",
                                                 shape_processes(&format, pids, n, v->range_base)), err);
}
