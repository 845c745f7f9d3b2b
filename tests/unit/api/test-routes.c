#include "api/routes.h"
#include "base/strings.h"

#include "tests/unit/cmocka-all.h"

static int find(const char *method, const char *target, Request **ret, BrigError *err)
{
        Request *r = brig_request_new(NULL, target);

        assert_non_null(r);
        *ret = r;
        r->method = method;
        assert_int_equal(brig_target_parse(target, &r->target, NULL), 0);
        return brig_route_find(r, err);
}

static void expect(const char *method, const char *target, const char *pattern, const char *argument)
{
        _cleanup_(brig_request_freep) Request *r = NULL;

        assert_int_equal(find(method, target, &r, NULL), 0);
        assert_string_equal(r->route->pattern, pattern);
        if (argument)
                assert_string_equal(r->argument, argument);
        else
                assert_null(r->argument);
}

static void test_D4_paths_find_their_rows(void **state)
{
        expect("GET", "/_ping", "/_ping", NULL);
        expect("HEAD", "/v1.24/_ping", "/_ping", NULL);
        expect("GET", "/v1.50/containers/json?all=1", "/containers/json", NULL);
        expect("GET", "/containers/json/json", "/containers/{id}/json", "json");
        expect("POST", "/containers/create", "/containers/create", NULL);
        expect("DELETE", "/containers/abc", "/containers/{id}", "abc");
        expect("GET", "/images/json", "/images/json", NULL);
        expect("GET", "/images/host:5000/a/b:tag/json", "/images/{name}/json", "host:5000/a/b:tag");
        expect("GET", "/images/a%2Fb/get", "/images/{name}/get", "a/b");
        expect("GET", "/images/get?names=x", "/images/get", NULL);
        expect("DELETE", "/images/a/b@sha256:00", "/images/{name}", "a/b@sha256:00");
        expect("GET", "/version", "/version", NULL);
        expect("GET", "/v1.41/version", "/version", NULL);
        expect("POST", "/containers/prune", "/containers/prune", NULL);
}

static void test_D4_unknown_paths_and_methods(void **state)
{
        static const char *const bad[][2] = {
                { "GET", "/" }, { "GET", "/nothing" }, { "PUT", "/_ping" }, { "GET", "/containers/create" }, { "DELETE", "/containers/" },
                { "GET", "/containers/a/b/json" }, { "GET", "//_ping" }, { "GET", "/_ping/" }, { "get", "/_ping" }, { "GET", "/v1.50" },
                { "GET", "/v1.50/v1.50/_ping" }, { "GET", "/vx/_ping" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_(brig_request_freep) Request *r = NULL;
                BrigError err = BRIG_ERROR_INIT;

                assert_true(find(bad[i][0], bad[i][1], &r, &err) < 0);
                assert_int_equal(err.kind, BRIG_ERR_NOT_FOUND);
                assert_string_equal(err.message, "page not found");
        }
}

static void test_D4_versions_are_negotiated(void **state)
{
        static const struct { const char *target; const char *says; unsigned version; } rows[] = {
                { "/_ping", NULL, API_VERSION(1, 50) }, { "/v1.24/_ping", NULL, API_VERSION(1, 24) }, { "/v1.50/_ping", NULL, API_VERSION(1, 50) },
                { "/v1.23/_ping", "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version", 0 },
                { "/v1.51/_ping", "client version 1.51 is too new. Maximum supported API version is 1.50", 0 },
                { "/v2.0/_ping", "client version 2.0 is too new. Maximum supported API version is 1.50", 0 },
                { "/v0.9/_ping", "client version 0.9 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version", 0 },
                { "/v99999999999999999999999/_ping", "client version 99999999999999999999 is too new. Maximum supported API version is 1.50", 0 },
                { "/v.../_ping", "client version ... is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(brig_request_freep) Request *r = NULL;
                BrigError err = BRIG_ERROR_INIT;
                int result = find("GET", rows[i].target, &r, &err);

                if (!rows[i].says) {
                        assert_int_equal(result, 0);
                        assert_int_equal(r->version, rows[i].version);
                        continue;
                }
                assert_true(result < 0);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                assert_string_equal(err.message, rows[i].says);
        }
}

/* No row hides behind another, and every row can be checked by a role. */
static void test_the_table_is_sound(void **state)
{
        size_t n;
        const Route *routes = brig_routes(&n);

        for (size_t i = 0; i < n; i++) {
                assert_non_null(routes[i].handler);
                assert_non_null(routes[i].permission);
                assert_non_null(strchr(routes[i].permission, '.'));
                for (size_t k = 0; k < i; k++)
                        assert_false(streq(routes[i].method, routes[k].method) && streq(routes[i].pattern, routes[k].pattern));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_D4_paths_find_their_rows), cmocka_unit_test(test_D4_unknown_paths_and_methods),
                cmocka_unit_test(test_D4_versions_are_negotiated), cmocka_unit_test(test_the_table_is_sound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
