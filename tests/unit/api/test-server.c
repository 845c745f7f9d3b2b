/* The HTTP side over a real unix socket, with raw requests; the engine is the stand-in. */
#include "api/api.h"
#include "base/clock.h"
#include "base/strings.h"
#include "fake-engine.h"
#include "tests/unit/cmocka-all.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

typedef struct Server {
        char folder[32], path[64];
        Engine *engine;
        Api *api;
        atomic_uint requests;
} Server;

static int setup(void **state)
{
        Server *s = calloc(1, sizeof(*s));
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        BrigError err = BRIG_ERROR_INIT;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(s->folder, sizeof(s->folder), "/tmp/brig-api-XXXXXX");
        assert_non_null(mkdtemp(s->folder));
        (void)snprintf(s->path, sizeof(s->path), "%s/s", s->folder);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 16), 0);
        s->engine = fake_engine_new();
        assert_int_equal(brig_api_start(&(ApiOptions){ .engine = s->engine, .listen_fds = &fd, .n_listen_fds = 1 }, &s->api, &err), 0);
        *state = s;
        return 0;
}

/* The server's threads have no end of their own (api.h): the program's end is theirs. */
static int teardown(void **state)
{
        Server *s = *state;

        brig_api_stop(s->api, 1000);
        (void)unlink(s->path);
        (void)rmdir(s->folder);
        free(s);
        return 0;
}

static int dial(const Server *s)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static void say(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until `until` stands in the text, or the end; "" until: to the end. The caller frees. */
static char *hear(int fd, const char *until)
{
        BrigBuffer b = BRIG_BUFFER_INIT(16u << 20);

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                char *at = brig_buffer_reserve(&b, 65536);
                ssize_t n;

                assert_int_equal(poll(&p, 1, 10000), 1);
                n = recv(fd, at, 65536, 0);
                if (n <= 0)
                        break;
                brig_buffer_commit(&b, (size_t)n);
                if (*until && strstr(b.data, until))
                        break;
        }
        return brig_buffer_take(&b);
}

/* One request on a connection of its own; the whole answer. */
static char *ask(const Server *s, const char *method, const char *target, const char *headers, const char *body)
{
        _cleanup_free_ char *text = brig_str_printf("%s %s HTTP/1.1\r\nHost: brig\r\nConnection: close\r\n%s", method, target, headers);
        _cleanup_close_ int fd = dial(s);

        say(fd, text);
        if (body) {
                _cleanup_free_ char *length = brig_str_printf("Content-Length: %zu\r\n\r\n", strlen(body));

                say(fd, length);
                say(fd, body);
        } else
                say(fd, "\r\n");
        return hear(fd, "");
}

static void expect(const Server *s, const char *method, const char *target, const char *status, const char *contains)
{
        _cleanup_free_ char *answer = ask(s, method, target, "", NULL);
        _cleanup_free_ char *line = brig_str_printf("HTTP/1.1 %s ", status);

        if (!brig_str_has_prefix(answer, line) || !strstr(answer, contains))
                fail_msg("%s %s: expected %s and \"%s\" in: %s", method, target, status, contains, answer);
}

static const char *body_of(const char *answer)
{
        const char *body = strstr(answer, "\r\n\r\n");

        assert_non_null(body);
        return body + 4;
}

static void test_D4_ping(void **state)
{
        _cleanup_free_ char *get = ask(*state, "GET", "/_ping", "", NULL), *head = ask(*state, "HEAD", "/v1.30/_ping", "", NULL);
        static const char *const headers[] = {
                "Api-Version: 1.50\r\n", "Docker-Experimental: false\r\n", "Ostype: linux\r\n", "Server: Brig/", "Builder-Version: 1\r\n",
                "Cache-Control: no-cache, no-store, must-revalidate\r\n", "Pragma: no-cache\r\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
                assert_non_null(strstr(get, headers[i]));
                assert_non_null(strstr(head, headers[i]));
        }
        assert_string_equal(body_of(get), "OK");
        assert_string_equal(body_of(head), "");
}

static void test_D4_errors_have_dockers_shape(void **state)
{
        expect(*state, "GET", "/nothing", "404", "{\"message\":\"page not found\"}\n");
        expect(*state, "GET", "/v1.99/version", "400", "is too new");
        expect(*state, "GET", "/containers/nosuch/json", "404", "{\"message\":\"No such container: nosuch\"}\n");
        expect(*state, "POST", "/containers/web/resize?h=x&w=1", "400", "{\"message\":\"invalid resize height");
        expect(*state, "POST", "/build", "501", "\"message\"");
        expect(*state, "GET", "/swarm", "503", "not a swarm manager");
        expect(*state, "GET", "/volumes/a%22b", "404", "{\"message\":\"get a\\\"b: no such volume\"}");
}

static void test_304_has_no_body(void **state)
{
        _cleanup_free_ char *answer = ask(*state, "POST", "/containers/web/start", "", NULL);

        assert_true(brig_str_has_prefix(answer, "HTTP/1.1 304 "));
        assert_string_equal(body_of(answer), "");
}

static void test_bad_targets(void **state)
{
        expect(*state, "GET", "/containers/a%00b/json", "400", "control character");
        expect(*state, "GET", "/containers/json?filters=%0", "400", "percent escape");
        expect(*state, "GET", "/containers/json?filters=%7B", "400", "invalid filter");
        expect(*state, "GET", "/containers/json?limit=ten", "400", "limit");
}

static void test_create_reads_json(void **state)
{
        Server *s = *state;
        _cleanup_free_ char *good = ask(s, "POST", "/containers/create?name=n", "Content-Type: application/json; charset=utf-8\r\n", "{\"Image\":\"i\"}"),
                *untyped = ask(s, "POST", "/containers/create", "", "{\"Image\":\"i\"}"),
                *wrong = ask(s, "POST", "/containers/create", "Content-Type: text/plain\r\n", "{}"),
                *empty = ask(s, "POST", "/containers/create", "Content-Type: application/json\r\n", NULL),
                *broken = ask(s, "POST", "/containers/create", "Content-Type: application/json\r\n", "{\"Image\":"),
                *array = ask(s, "POST", "/containers/create", "Content-Type: application/json\r\n", "[]"),
                *none = ask(s, "POST", "/containers/create", "Content-Type: application/json\r\n", "{}");

        assert_true(brig_str_has_prefix(good, "HTTP/1.1 201 "));
        assert_string_equal(body_of(good), "{\"Id\":\"" FAKE_ID "\",\"Warnings\":[]}\n");
        assert_string_equal(s->engine->created_name, "n");
        assert_true(brig_str_has_prefix(untyped, "HTTP/1.1 400 "));
        assert_true(brig_str_has_prefix(wrong, "HTTP/1.1 400 "));
        assert_non_null(strstr(wrong, "must be 'application/json'"));
        assert_non_null(strstr(empty, "invalid JSON: got EOF while reading request body"));
        assert_true(brig_str_has_prefix(broken, "HTTP/1.1 400 "));
        assert_true(brig_str_has_prefix(array, "HTTP/1.1 400 "));
        assert_non_null(strstr(none, "config cannot be empty"));
}

static void test_bodies_over_the_limit(void **state)
{
        size_t len = 5u << 20;
        _cleanup_free_ char *body = malloc(len + 1);
        _cleanup_free_ char *answer = NULL;

        memset(body, ' ', len);
        body[len] = '\0';
        answer = ask(*state, "POST", "/containers/create", "Content-Type: application/json\r\n", body);
        assert_true(brig_str_has_prefix(answer, "HTTP/1.1 413 "));
        assert_non_null(strstr(answer, "\"message\""));
}

static void test_headers_over_the_limit(void **state)
{
        size_t len = 80u << 10;
        _cleanup_free_ char *value = malloc(len + 1), *headers = NULL, *answer = NULL;

        memset(value, 'a', len);
        value[len] = '\0';
        headers = brig_str_printf("X-Long: %s\r\n", value);
        answer = ask(*state, "GET", "/_ping", headers, NULL);
        assert_true(brig_str_has_prefix(answer, "HTTP/1.1 431 "));
}

static void raw(const Server *s, const char *request, const char *status)
{
        _cleanup_close_ int fd = dial(s);
        _cleanup_free_ char *answer = NULL;

        say(fd, request);
        answer = hear(fd, "\r\n\r\n");
        if (!brig_str_has_prefix(answer, status))
                fail_msg("expected %s after %s, got: %s", status, request, answer);
}

static void test_framing_that_two_servers_read_differently(void **state)
{
        raw(*state, "POST /containers/web/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 400 ");
        raw(*state, "POST /containers/web/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 ");
        raw(*state, "POST /containers/web/stop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 400 ");
        raw(*state, "POST /containers/web/stop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 ");
        raw(*state, "POST /containers/web/stop HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 ");
        raw(*state, "GET /_ping HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ");
        raw(*state, "POST /containers/web/stop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n  \r\n0\r\n\r\n", "HTTP/1.1 204 ");
}

static void test_stop_parameters(void **state)
{
        Server *s = *state;

        expect(s, "POST", "/containers/web/stop?t=5&signal=USR1", "204", "");
        assert_int_equal(s->engine->stop_timeout, 5);
        assert_string_equal(s->engine->stop_signal, "USR1");
        expect(s, "POST", "/containers/web/restart", "204", "");
        assert_int_equal(s->engine->stop_timeout, -1);
        expect(s, "POST", "/containers/web/stop?t=-1", "204", "");
        assert_int_equal(s->engine->stop_timeout, INT32_MAX);
        expect(s, "POST", "/containers/web/stop?t=soon", "400", "\"message\"");
}

static void test_connections_are_kept(void **state)
{
        _cleanup_close_ int fd = dial(*state);

        for (int i = 0; i < 3; i++) {
                _cleanup_free_ char *answer = NULL;

                say(fd, "GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n");
                answer = hear(fd, "\r\n\r\nOK");
                assert_true(brig_str_has_prefix(answer, "HTTP/1.1 200 "));
        }
}

/* The command line takes the header as the sign that its wait is registered. */
static void test_wait_answers_in_two_steps(void **state)
{
        Server *s = *state;
        _cleanup_close_ int fd = dial(s);
        _cleanup_free_ char *head = NULL, *rest = NULL;

        say(fd, "POST /v1.50/containers/web/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\n\r\n");
        head = hear(fd, "\r\n\r\n");
        assert_true(brig_str_has_prefix(head, "HTTP/1.1 200 "));
        assert_null(strstr(head, "StatusCode"));
        assert_int_equal(eventfd_write(s->engine->wait_fd, 1), 0);
        rest = hear(fd, "0\r\n\r\n");
        assert_non_null(strstr(rest, "{\"StatusCode\":42}\n"));
        expect(s, "POST", "/containers/web/wait?condition=never", "400", "invalid condition");
        expect(s, "POST", "/containers/nosuch/wait", "404", "No such container");
}

#define UPGRADE "Connection: Upgrade\r\nUpgrade: tcp\r\n"

static void test_attach_takes_the_connection_over(void **state)
{
        Server *s = *state;
        _cleanup_close_ int fd = dial(s);
        _cleanup_free_ char *head = NULL, *echo = NULL, *rest = NULL;

        say(fd, "POST /v1.50/containers/web/attach?stdin=1&stdout=1&stream=1&detachKeys=ctrl-a HTTP/1.1\r\nHost: x\r\n" UPGRADE "\r\n");
        head = hear(fd, "\r\n\r\n");
        assert_true(brig_str_has_prefix(head, "HTTP/1.1 101 "));
        assert_non_null(strstr(head, "Content-Type: application/vnd.docker.multiplexed-stream\r\n"));
        assert_non_null(strstr(head, "Upgrade: tcp\r\n"));
        say(fd, "hello");
        echo = hear(fd, "HELLO");
        assert_string_equal(echo, "HELLO");
        assert_true(s->engine->attached.stdin_ && s->engine->attached.stdout_ && !s->engine->attached.stderr_);
        /* A half-closed client still hears the rest. */
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        rest = hear(fd, "");
        assert_string_equal(rest, "bye");
}

static void test_bytes_on_the_heels_of_an_upgrade_are_kept(void **state)
{
        _cleanup_close_ int fd = dial(*state);
        _cleanup_free_ char *answer = NULL, *more = NULL, *rest = NULL;

        say(fd, "POST /v1.41/containers/web/attach?stdin=1&stdout=1&stream=1 HTTP/1.1\r\nHost: x\r\n" UPGRADE "Content-Length: 2\r\n\r\n{}early");
        answer = hear(fd, "EARLY");
        assert_true(brig_str_has_prefix(answer, "HTTP/1.1 101 "));
        assert_non_null(strstr(answer, "Content-Type: application/vnd.docker.raw-stream\r\n"));
        say(fd, "late");
        more = hear(fd, "LATE");
        assert_string_equal(more, "LATE");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        rest = hear(fd, "");
        assert_string_equal(rest, "bye");
}

static void test_attach_without_upgrade(void **state)
{
        expect(*state, "POST", "/containers/web/attach?stdout=1&stream=1", "200", "output only");
        expect(*state, "POST", "/containers/web/attach?stdin=1&stream=1", "400", "Upgrade: tcp");
        expect(*state, "POST", "/containers/nosuch/attach", "404", "No such container");
}

/* Docker's way: too late for a status, so the error is written into the stream. */
static void test_an_exec_that_fails_late_says_so(void **state)
{
        _cleanup_close_ int fd = dial(*state);
        _cleanup_free_ char *answer = NULL;

        say(fd, "POST /v1.50/exec/" FAKE_EXEC_ID "/start HTTP/1.1\r\nHost: x\r\n" UPGRADE
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        answer = hear(fd, "exec failed\r\n");
        assert_true(brig_str_has_prefix(answer, "HTTP/1.1 101 "));
        expect(*state, "POST", "/exec/" FAKE_EXEC_ID "/start", "400", "exec failed");
        expect(*state, "POST", "/exec/nosuch/start", "404", "No such exec instance");
        expect(*state, "GET", "/exec/" FAKE_EXEC_ID "/json", "200", "\"entrypoint\":\"ls\"");
}

static void test_logs_and_events_stream(void **state)
{
        expect(*state, "GET", "/containers/web/logs?stdout=1&follow=1", "200", "\r\nline\n\r\n5\r\nline\n");
        expect(*state, "GET", "/containers/web/logs", "400", "you must choose at least one stream");
        expect(*state, "GET", "/containers/web/logs?stdout=1&since=never", "400", "since");
        expect(*state, "GET", "/events?until=0", "200", "\"timeNano\":1700000000000000001");
        expect(*state, "GET", "/events", "200", "{\"status\":\"start\",\"id\":\"" FAKE_ID "\",\"from\":\"busybox\",\"Type\":\"container\"");
}

static void test_save_streams_or_fails_whole(void **state)
{
        _cleanup_close_ int fd = dial(*state);
        _cleanup_free_ char *answer = NULL;
        size_t xs = 0;

        say(fd, "GET /images/busybox/get HTTP/1.1\r\nHost: x\r\n\r\n");
        answer = hear(fd, "\r\n0\r\n\r\n");
        for (const char *at = body_of(answer); *at; at++)
                xs += *at == 'x';
        assert_int_equal(xs, 4u << 20);
        expect(*state, "GET", "/images/get?names=nosuch", "404", "No such image: nosuch");
        expect(*state, "GET", "/images/get", "400", "names");
}

/* A client that leaves in the middle must not leave a thread behind: stop() in teardown would wait for it. */
static void test_save_to_a_client_that_leaves(void **state)
{
        int fd = dial(*state);
        _cleanup_free_ char *head = NULL;

        say(fd, "GET /images/busybox/get HTTP/1.1\r\nHost: x\r\n\r\n");
        head = hear(fd, "\r\n\r\n");
        brig_close(fd);
        expect(*state, "GET", "/_ping", "200", "OK");
}

static void test_load_reads_the_body_as_it_comes(void **state)
{
        Server *s = *state;
        size_t len = 3u << 20;
        _cleanup_free_ char *body = malloc(len + 1), *answer = NULL, *broken = NULL, *import = NULL;

        memset(body, 'a', len);
        body[len] = '\0';
        answer = ask(s, "POST", "/images/load?quiet=1", "Content-Type: application/x-tar\r\n", body);
        assert_true(brig_str_has_prefix(answer, "HTTP/1.1 200 "));
        assert_string_equal(body_of(answer), "{\"stream\":\"Loaded image: busybox:latest\\n\"}\r\n");
        assert_int_equal(s->engine->uploaded, len);
        body[10] = '!';
        broken = ask(s, "POST", "/images/load", "", body);
        assert_true(brig_str_has_prefix(broken, "HTTP/1.1 400 "));
        assert_non_null(strstr(broken, "{\"message\":\"the archive is broken\"}"));
        body[10] = 'a';
        import = ask(s, "POST", "/images/create?fromSrc=-&repo=r&tag=t&changes=CMD%20x", "", body);
        assert_non_null(strstr(import, "{\"status\":\"" FAKE_IMAGE "\"}"));
        expect(s, "POST", "/images/create?fromImage=alpine&tag=latest", "501", "docker load");
}

static void test_load_of_a_client_that_leaves(void **state)
{
        int fd = dial(*state);

        say(fd, "POST /images/load HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc");
        brig_close(fd);
        expect(*state, "GET", "/_ping", "200", "OK");
}

static void test_images(void **state)
{
        expect(*state, "GET", "/images/json", "200", "\"RepoTags\":[\"busybox:latest\"]");
        expect(*state, "GET", "/images/json?filters=%7B%22reference%22%3A%5B%22busy*%22%5D%7D", "200", "busybox");
        expect(*state, "GET", "/images/json?filters=%7B%22reference%22%3A%5B%22alpine%22%5D%7D", "200", "\r\n\r\n[]");
        expect(*state, "GET", "/images/json?filters=%7B%22nosuch%22%3A%5B%22x%22%5D%7D", "400", "nosuch");
        expect(*state, "GET", "/images/nosuch/json", "404", "No such image");
        expect(*state, "DELETE", "/images/busybox", "200", "{\"Untagged\":\"busybox:latest\"}");
        expect(*state, "POST", "/images/busybox/tag?repo=r&tag=t", "201", "");
        expect(*state, "POST", "/images/busybox/tag", "400", "invalid reference format");
}

static void test_D1_image_verbs_are_events(void **state)
{
        Server *s = *state;

        expect(s, "POST", "/images/busybox/tag?repo=r", "201", "");
        assert_string_equal(s->engine->last_event, "image tag " FAKE_IMAGE " r:latest");
        expect(s, "DELETE", "/images/busybox", "200", "");
        assert_string_equal(s->engine->last_event, "image delete " FAKE_IMAGE " " FAKE_IMAGE);
        expect(s, "POST", "/images/load", "200", "Loaded image");
        assert_string_equal(s->engine->last_event, "image load " FAKE_IMAGE " " FAKE_IMAGE);
}

static void test_system(void **state)
{
        expect(*state, "GET", "/version", "200", "\"MinAPIVersion\":\"1.24\"");
        expect(*state, "GET", "/info", "200", "\"name=userns\"");
        expect(*state, "GET", "/system/df", "200", "\"LayersSize\":4096");
        expect(*state, "GET", "/containers/web/top", "200", "\"Titles\":[\"UID\",\"PID\"");
        expect(*state, "GET", "/containers/web/security", "200", "{\"seccomp\":\"filter\",\"mount\":[\"/proc\",\"/sys\",\"/dev\"]}");
        expect(*state, "GET", "/networks", "200", "\"Name\":\"none\"");
        expect(*state, "GET", "/networks/none", "200", "\"Name\":\"none\"");
        expect(*state, "GET", "/networks/other", "404", "network other not found");
        expect(*state, "GET", "/volumes", "200", "{\"Volumes\":[]");
        expect(*state, "GET", "/containers/json", "200", "\"Names\":[\"/web\"]");
        expect(*state, "GET", "/containers/web/json?size=1", "200", "\"SizeRootFs\":4096");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_D4_ping), cmocka_unit_test(test_D4_errors_have_dockers_shape), cmocka_unit_test(test_304_has_no_body),
                cmocka_unit_test(test_bad_targets), cmocka_unit_test(test_create_reads_json), cmocka_unit_test(test_bodies_over_the_limit),
                cmocka_unit_test(test_headers_over_the_limit), cmocka_unit_test(test_framing_that_two_servers_read_differently),
                cmocka_unit_test(test_stop_parameters), cmocka_unit_test(test_connections_are_kept), cmocka_unit_test(test_attach_takes_the_connection_over),
                cmocka_unit_test(test_bytes_on_the_heels_of_an_upgrade_are_kept), cmocka_unit_test(test_attach_without_upgrade),
                cmocka_unit_test(test_an_exec_that_fails_late_says_so), cmocka_unit_test(test_logs_and_events_stream),
                cmocka_unit_test(test_save_streams_or_fails_whole), cmocka_unit_test(test_save_to_a_client_that_leaves),
                cmocka_unit_test(test_load_reads_the_body_as_it_comes), cmocka_unit_test(test_load_of_a_client_that_leaves),
                cmocka_unit_test(test_images), cmocka_unit_test(test_D1_image_verbs_are_events), cmocka_unit_test(test_system), cmocka_unit_test(test_wait_answers_in_two_steps),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
