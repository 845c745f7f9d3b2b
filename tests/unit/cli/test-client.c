/* The HTTP client against a scripted peer on a real unix socket: keep-alive, early refusals, upgrades, nonsense. */
#include "tests/unit/cmocka-all.h"
#include "base/buffer.h"
#include "base/strings.h"
#include "cli/daemon.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/* One exchange of the peer: wait for `expect` (a part of what arrives), say `answer`, then perhaps close. */
typedef struct Step {
        const char *expect, *answer;
        bool close;
} Step;

typedef struct Peer {
        char folder[32], host[128];
        pid_t pid;
} Peer;

static bool wait_for(int fd, const char *expect)
{
        char data[1 << 16];
        size_t len = 0;

        while (len < sizeof(data) - 1) {
                ssize_t n = read(fd, data + len, sizeof(data) - 1 - len);

                if (n <= 0)
                        return false;
                len += (size_t)n;
                data[len] = '\0';
                if (strstr(data, expect))
                        return true;
        }
        return false;
}

/* The child: plays the script, one connection after the other. 0: all of it was played. */
static int play(int listener, const Step *steps)
{
        int fd = -EBADF;

        for (; steps->expect; steps++) {
                if (fd < 0)
                        fd = accept(listener, NULL, NULL);
                if (fd < 0 || !wait_for(fd, steps->expect))
                        return 1;
                if (write(fd, steps->answer, strlen(steps->answer)) < 0)
                        return 2;
                if (steps->close)
                        fd = brig_close(fd);
        }
        return 0;
}

static void start_peer(Peer *p, const Step *steps)
{
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(p->folder, sizeof(p->folder), "/tmp/brig-test-XXXXXX");
        assert_non_null(mkdtemp(p->folder));
        (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/s", p->folder);
        (void)snprintf(p->host, sizeof(p->host), "unix://%s", sa.sun_path);
        assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
        assert_int_equal(listen(listener, 4), 0);
        p->pid = fork();
        assert_true(p->pid >= 0);
        if (p->pid == 0) {
                (void)alarm(20);
                _exit(play(listener, steps));
        }
        brig_close(listener);
}

/* The peer must have seen its whole script. */
static void end_peer(Peer *p)
{
        int status;

        (void)unlink(p->host + strlen("unix://"));
        (void)rmdir(p->folder);
        assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static int get(Daemon *d, const char *name, json_t **ret, BrigError *err)
{
        _cleanup_url_ Url u = URL("/x");

        brig_url_segment(&u, name);
        return brig_daemon_call(d, &(DaemonCall) { .method = "GET", .url = &u }, ret, err);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void test_keeps_the_connection(void **state)
{
        static const Step steps[] = {
                { "GET /v1.50/x/a HTTP/1.1\r\nHost: ", OK_HEAD "Content-Length: 7\r\n\r\n{\"a\":1}" },
                { "GET /v1.50/x/b ", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"b\r\n4\r\n\":2}\r\n0\r\n\r\n" },
                { "GET /v1.50/x/c ", "HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\n{\"message\":\"no\"}\n" },
                { "GET /v1.50/x/d ", "HTTP/1.1 204 No Content\r\n\r\n" },
                { "GET /v1.50/x/e ", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\"to the end\"", true },
                { NULL },
        };
        json_t *answer = NULL;
        BrigError err = BRIG_ERROR_INIT;
        Daemon d;
        Peer p;

        start_peer(&p, steps);
        assert_int_equal(brig_daemon_init(&d, p.host, &err), 0);
        assert_int_equal(get(&d, "a", &answer, &err), 0);
        assert_int_equal(json_integer_value(json_object_get(answer, "a")), 1);
        json_decref(answer);
        assert_int_equal(get(&d, "b", &answer, &err), 0);
        assert_int_equal(json_integer_value(json_object_get(answer, "b")), 2);
        json_decref(answer);
        assert_true(get(&d, "c", &answer, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_NOT_FOUND);
        assert_string_equal(err.message, "Error response from daemon: no");
        assert_int_equal(get(&d, "d", &answer, &err), 0);
        assert_null(answer);
        assert_int_equal(get(&d, "e", &answer, &err), 0);
        assert_string_equal(json_string_value(answer), "to the end");
        json_decref(answer);
        brig_daemon_done(&d);
        end_peer(&p);
}

/* The daemon lets idle connections go: the next call takes a new one. */
static void test_connects_again(void **state)
{
        static const Step steps[] = {
                { "/x/a ", OK_HEAD "Content-Length: 2\r\n\r\n{}", true },
                { "/x/b ", OK_HEAD "Content-Length: 2\r\n\r\n[]", true },
                { "/x/c ", OK_HEAD "Connection: close\r\nContent-Length: 2\r\n\r\n{}", true },
                { "/x/d ", OK_HEAD "Content-Length: 2\r\n\r\n{}", true },
                { NULL },
        };
        BrigError err = BRIG_ERROR_INIT;
        Daemon d;
        Peer p;

        start_peer(&p, steps);
        assert_int_equal(brig_daemon_init(&d, p.host, &err), 0);
        for (const char *name = "a\0b\0c\0d\0"; *name; name += 2)
                if (get(&d, name, NULL, &err) < 0)
                        fail_msg("%s: %s", name, err.message);
        brig_daemon_done(&d);
        end_peer(&p);
}

static void test_refused_upload(void **state)
{
        static const Step steps[] = {
                { "POST ", "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 18\r\n\r\n{\"message\":\"full\"}", true },
                { NULL },
        };
        _cleanup_url_ Url u = URL("/images/load");
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        _cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        HttpResponse response;
        BrigError err = BRIG_ERROR_INIT;
        Daemon d;
        Peer p;

        start_peer(&p, steps);
        assert_int_equal(brig_daemon_init(&d, p.host, &err), 0);
        /* Endless input: only the daemon's answer can end it. */
        assert_true(brig_daemon_open(&d, &(DaemonCall) { .method = "POST", .url = &u, .body_fd = fd, .content_type = "application/x-tar" },
                                     false, &c, &response, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_TOO_LARGE);
        assert_string_equal(err.message, "Error response from daemon: full");
        brig_daemon_done(&d);
        end_peer(&p);
}

static void test_upgrade(void **state)
{
        static const Step steps[] = {
                { "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n", "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly" },
                { "ping", "pong", true },
                { NULL },
        };
        _cleanup_url_ Url u = URL("/containers/x/attach");
        _cleanup_(brig_http_freep) HttpConn *c = NULL;
        BrigError err = BRIG_ERROR_INIT;
        HttpResponse response;
        const char *early;
        char rest[16] = "";
        size_t len;
        Daemon d;
        Peer p;

        start_peer(&p, steps);
        assert_int_equal(brig_daemon_init(&d, p.host, &err), 0);
        assert_int_equal(brig_daemon_open(&d, &(DaemonCall) { .method = "POST", .url = &u }, true, &c, &response, &err), 0);
        assert_true(response.upgraded);
        brig_http_early(c, &early, &len);
        assert_int_equal(len, 5);
        assert_memory_equal(early, "early", 5);
        brig_http_early(c, &early, &len);
        assert_int_equal(len, 0);
        assert_int_equal(write(brig_http_fd(c), "ping", 4), 4);
        assert_int_equal(recv(brig_http_fd(c), rest, sizeof(rest) - 1, MSG_WAITALL), 4);
        assert_string_equal(rest, "pong");
        brig_daemon_done(&d);
        end_peer(&p);
}

static void test_nonsense(void **state)
{
        static const char *const answers[] = {
                "nonsense\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                OK_HEAD "Content-Length: x\r\n\r\n", OK_HEAD "Content-Length: -1\r\n\r\n", OK_HEAD "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                OK_HEAD "Transfer-Encoding: gzip\r\n\r\n", OK_HEAD "Content-Length: 10\r\n\r\n{}", OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                OK_HEAD "Content-Length: 3\r\n\r\n{]}", "",
        };

        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                const Step steps[] = { { "GET ", answers[i], true }, { NULL } };
                BrigError err = BRIG_ERROR_INIT;
                json_t *answer = NULL;
                Daemon d;
                Peer p;

                start_peer(&p, steps);
                assert_int_equal(brig_daemon_init(&d, p.host, &err), 0);
                if (get(&d, "a", &answer, &err) >= 0)
                        fail_msg("case %zu was taken", i);
                assert_true(err.message[0] != '\0');
                brig_daemon_done(&d);
                end_peer(&p);
        }
}

static void test_addresses(void **state)
{
        BrigError err = BRIG_ERROR_INIT;
        json_t *answer = NULL;
        Daemon d;

        assert_true(brig_daemon_init(&d, "tcp://127.0.0.1:2375", &err) < 0);
        assert_int_equal(brig_daemon_init(&d, "unix:///nonexistent/brig.sock", &err), 0);
        assert_true(get(&d, "a", &answer, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_UNAVAILABLE);
        assert_non_null(strstr(err.message, "unix:///nonexistent/brig.sock"));
        setenv("BRIG_HOST", "unix:///a", 1);
        setenv("DOCKER_HOST", "unix:///b", 1);
        assert_int_equal(brig_daemon_init(&d, NULL, &err), 0);
        assert_string_equal(d.socket_path, "/a");
        unsetenv("BRIG_HOST");
        assert_int_equal(brig_daemon_init(&d, NULL, &err), 0);
        assert_string_equal(d.socket_path, "/b");
        unsetenv("DOCKER_HOST");
        assert_int_equal(brig_daemon_init(&d, NULL, &err), 0);
        assert_string_equal(d.socket_path, "/run/brig/brig.sock");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_keeps_the_connection), cmocka_unit_test(test_connects_again), cmocka_unit_test(test_refused_upload),
                cmocka_unit_test(test_upgrade), cmocka_unit_test(test_nonsense), cmocka_unit_test(test_addresses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
