#include "cli/verbs/each-container.h"
#include "base/strings.h"

#define BATCH 32

static int begin(Cli *cli, const EachCall *e, const char *name, HttpConn **ret, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");

        brig_url_segment(&u, name);
        if (e->verb)
                brig_url_segment(&u, e->verb);
        if (e->query)
                e->query(&u, e->options);
        return brig_daemon_begin(&cli->daemon, &(DaemonCall) { .method = e->method, .url = &u }, false, ret, err);
}

static int finish(const EachCall *e, HttpConn *c, const char *name, BrigError *err)
{
        HttpResponse response;
        int r = brig_daemon_finish(c, &response, err);

        if (r < 0)
                return r;
        if (e->answer)
                return e->answer(c, name, err);
        printf("%s\n", name);
        return 0;
}

static bool failed(const EachCall *e, const BrigError *err)
{
        brig_cli_complain(err);
        return !(e->missing_is_fine && err->kind == BRIG_ERR_NOT_FOUND);
}

static bool run_batch(Cli *cli, const EachCall *e, char *const *names, size_t n)
{
        HttpConn *conns[BATCH] = { NULL };
        BrigError errors[BATCH];
        bool bad = false;

        for (size_t i = 0; i < n; i++) {
                brig_error_clear(&errors[i]);
                if (begin(cli, e, names[i], &conns[i], &errors[i]) < 0)
                        conns[i] = NULL;
        }
        for (size_t i = 0; i < n; i++) {
                if (!conns[i] || finish(e, conns[i], names[i], &errors[i]) < 0)
                        bad = failed(e, &errors[i]) || bad;
                brig_http_free(conns[i]);
        }
        return bad;
}

int brig_each_container(Cli *cli, const EachCall *call, char *const *names)
{
        bool bad = false;

        for (size_t n; *names; names += n) {
                n = MIN2(brig_strv_len(names), (size_t)BATCH);
                bad = run_batch(cli, call, names, n) || bad;
        }
        return bad;
}
