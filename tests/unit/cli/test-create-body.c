/* From the words of `run` to the body of the create call: what the docker command line sends for the same words. */
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "cli/cli.h"
#include "cli/create/create-body.h"
#include "cli/json-text.h"
#include <fcntl.h>

static int make(char *const *args, json_t **ret, BrigError *err)
{
        ContainerOptions o = { 0 };
        OptionsResult found = { 0 };
        int r;

        brig_options_init(brig_run_options, &o);
        r = brig_options_parse(brig_run_options, args, OPTIONS_STOP_AT_FIRST, &o, &found, err);
        if (r >= 0)
                r = brig_create_body(&o, found.positionals, ret, err);
        brig_options_done(brig_run_options, &o);
        brig_options_result_done(&found);
        return r;
}

/* Is every member of `part` in `whole`, arrays element by element? */
static bool contains(const json_t *whole, const json_t *part)
{
        const char *key;
        json_t *value;

        if (!json_is_object(part))
                return json_equal(whole, part);
        json_object_foreach((json_t *)part, key, value)
                if (!contains(json_object_get(whole, key), value))
                        return false;
        return true;
}

static void test_good(void **state)
{
        static const struct { const char *args[10], *json; } cases[] = {
                { { "img", "a", "-b" }, "{\"Image\":\"img\",\"Cmd\":[\"a\",\"-b\"],\"AttachStdout\":true,\"AttachStderr\":true,\"HostConfig\":{\"NetworkMode\":\"default\"}}" },
                { { "-it", "img" }, "{\"Tty\":true,\"OpenStdin\":true,\"StdinOnce\":true,\"AttachStdin\":true}" },
                { { "-d", "-i", "img" }, "{\"OpenStdin\":true,\"AttachStdout\":false,\"AttachStderr\":false}" },
                { { "-e", "A=1", "-e", "BRIG_TEST_UNSET", "img" }, "{\"Env\":[\"A=1\",\"BRIG_TEST_UNSET\"]}" },
                { { "-e", "BRIG_TEST_SET", "img" }, "{\"Env\":[\"BRIG_TEST_SET=value\"]}" },
                { { "--entrypoint", "", "img" }, "{\"Entrypoint\":[\"\"]}" },
                { { "-v", "/a:/b:ro", "-v", "/c", "-v", "n:/d", "img" }, "{\"Volumes\":{\"/c\":{}},\"HostConfig\":{\"Binds\":[\"/a:/b:ro\",\"n:/d\"]}}" },
                { { "--tmpfs", "/run:size=1m", "--tmpfs", "/t", "img" }, "{\"HostConfig\":{\"Tmpfs\":{\"/run\":\"size=1m\",\"/t\":\"\"}}}" },
                { { "--mount", "type=bind,src=/a,dst=/b,ro,bind-recursive=writable", "img" },
                  "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"ReadOnly\":true,\"BindOptions\":{\"ReadOnlyNonRecursive\":true}}]}}" },
                { { "--mount", "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777", "img" },
                  "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/t\",\"TmpfsOptions\":{\"SizeBytes\":1048576,\"Mode\":1023}}]}}" },
                { { "--mount", "dst=/t,\"volume-opt=o=a,b\"", "img" },
                  "{\"HostConfig\":{\"Mounts\":[{\"Target\":\"/t\",\"VolumeOptions\":{\"DriverConfig\":{\"Options\":{\"o\":\"a,b\"}}},\"Type\":\"volume\"}]}}" },
                { { "-m", "64m", "--memory-swap", "-1", "--cpus", "1.5", "--pids-limit", "100", "img" },
                  "{\"HostConfig\":{\"Memory\":67108864,\"MemorySwap\":-1,\"NanoCpus\":1500000000,\"PidsLimit\":100}}" },
                { { "--cap-add", "net_admin", "--cap-add", "CAP_NET_ADMIN", "--cap-drop", "all", "img" },
                  "{\"HostConfig\":{\"CapAdd\":[\"CAP_NET_ADMIN\"],\"CapDrop\":[\"ALL\"]}}" },
                { { "--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined", "img" },
                  "{\"HostConfig\":{\"SecurityOpt\":[\"no-new-privileges\",\"seccomp=unconfined\"]}}" },
                { { "--security-opt", "systempaths=unconfined", "img" }, "{\"HostConfig\":{\"MaskedPaths\":[],\"ReadonlyPaths\":[]}}" },
                { { "--ulimit", "nofile=1024:2048", "--ulimit", "core=0", "img" },
                  "{\"HostConfig\":{\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":2048,\"Soft\":1024},{\"Name\":\"core\",\"Hard\":0,\"Soft\":0}]}}" },
                { { "--health-cmd", "x", "--health-interval", "5s", "--health-retries", "3", "img" },
                  "{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"x\"],\"Interval\":5000000000,\"Retries\":3}}" },
                { { "--no-healthcheck", "img" }, "{\"Healthcheck\":{\"Test\":[\"NONE\"]}}" },
                { { "--restart", "on-failure:5", "img" }, "{\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":5}}}" },
                { { "-p", "127.0.0.1:81:82/udp", "-p", "80", "img" },
                  "{\"ExposedPorts\":{\"82/udp\":{},\"80/tcp\":{}},\"HostConfig\":{\"PortBindings\":{\"82/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"81\"}],"
                  "\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}}}" },
                { { "-p", "8000-8010:80", "-p", "[::1]:5-6:7-8", "img" },
                  "{\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8000-8010\"}],\"7/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"5\"}],"
                  "\"8/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"6\"}]}}}" },
                { { "--network", "none", "--init=false", "img" }, "{\"HostConfig\":{\"NetworkMode\":\"none\",\"Init\":false}}" },
                { { "--network", "name=foo,alias=a,ip=10.0.0.3", "img" },
                  "{\"HostConfig\":{\"NetworkMode\":\"foo\"},\"NetworkingConfig\":{\"EndpointsConfig\":{\"foo\":{\"Aliases\":[\"a\"],\"IPAMConfig\":{\"IPv4Address\":\"10.0.0.3\"}}}}}" },
                { { "--device", "/dev/null:r", "--device", "/dev/a:/dev/b:w", "--device", "v.io/c=d", "img" },
                  "{\"HostConfig\":{\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"/dev/null\",\"CgroupPermissions\":\"r\"},"
                  "{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/b\",\"CgroupPermissions\":\"w\"}],"
                  "\"DeviceRequests\":[{\"Driver\":\"cdi\",\"DeviceIDs\":[\"v.io/c=d\"]}]}}" },
                { { "--gpus", "all", "img" }, "{\"HostConfig\":{\"DeviceRequests\":[{\"Count\":-1,\"Capabilities\":[[\"gpu\"]]}]}}" },
                { { "--add-host", "a=::1", "--add-host", "b:[::2]", "--dns", "1.1.1.1", "img" },
                  "{\"HostConfig\":{\"ExtraHosts\":[\"a:::1\",\"b:::2\"],\"Dns\":[\"1.1.1.1\"]}}" },
        };

        setenv("BRIG_TEST_SET", "value", 1);
        unsetenv("BRIG_TEST_UNSET");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_unref_ json_t *body = NULL, *expected = json_loads(cases[i].json, 0, NULL);
                BrigError err = BRIG_ERROR_INIT;

                assert_non_null(expected);
                if (make((char *const *)cases[i].args, &body, &err) < 0)
                        fail_msg("case %zu: %s", i, err.message);
                if (!contains(body, expected))
                        fail_msg("case %zu: %s", i, json_dumps(body, JSON_COMPACT));
        }
}

static void test_refused(void **state)
{
        static const struct { const char *args[6], *words; } cases[] = {
                { { "-a", "foo", "img" }, "valid streams are STDIN, STDOUT and STDERR" },
                { { "--rm", "--restart", "always", "img" }, "cannot specify both --restart and --rm" },
                { { "--no-healthcheck", "--health-cmd", "x", "img" }, "--no-healthcheck conflicts" },
                { { "--health-retries", "-1", "img" }, "--health-retries cannot be negative" },
                { { "--ulimit", "foo=1", "img" }, "invalid ulimit type" },
                { { "--ulimit", "nofile=5:1", "img" }, "less than or equal to hard limit" },
                { { "--ulimit", "nofile=-1:5", "img" }, "less than or equal to hard limit" },
                { { "--dns", "x", "img" }, "IP address is not correctly formatted" },
                { { "--add-host", "x", "img" }, "bad format for add-host" },
                { { "--pid", "foo", "img" }, "--pid: invalid PID mode" },
                { { "--pid", "container:", "img" }, "--pid: invalid PID mode" },
                { { "--label", "=x", "img" }, "invalid label format" },
                { { "-e", "=x", "img" }, "invalid environment variable" },
                { { "--env-file", "/nonexistent", "img" }, "open /nonexistent" },
                { { "--mount", "type=bind,src=/x", "img" }, "target is required" },
                { { "--mount", "type=bind,dst=/x,tmpfs-size=1", "img" }, "cannot mix 'tmpfs-*' options" },
                { { "--mount", "type=bind,dst=/x,foo=1", "img" }, "unexpected key 'foo'" },
                { { "--mount", "\"dst=/x", "img" }, "invalid argument" },
                { { "--device", "foo:bar", "img" }, "bad format for device" },
                { { "-p", "80:70000", "img" }, "invalid publish specification" },
                { { "-p", "1-3:1-2", "img" }, "invalid ranges specified" },
                { { "-p", "80/foo", "img" }, "invalid publish specification" },
                { { "--expose", "1:2", "img" }, "invalid port format for --expose" },
                { { "--security-opt", "foo", "img" }, "Invalid --security-opt" },
                { { "--security-opt", "seccomp=/nonexistent", "img" }, "opening seccomp profile (/nonexistent) failed" },
                { { "--restart", "on-failure:x", "img" }, "maximum retry count must be an integer" },
                { { "--memory-swappiness", "200", "img" }, "Valid memory swappiness range is 0-100" },
                { { "--log-driver", "none", "--log-opt", "a=b", "img" }, "invalid logging opts for driver none" },
                { { "--use-api-socket", "img" }, "hand the engine to the container" },
                { { "--disable-content-trust=false", "img" }, "does not verify images" },
                { { "-e", "A=\xff", "img" }, "not UTF-8" },
                { { "-v", "", "img" }, "invalid empty volume spec" },
                { { "--gpus", "count=x", "img" }, "invalid count" },
                { { "--device-read-bps", "sda:1", "img" }, "bad format" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                json_t *body = NULL;
                BrigError err = BRIG_ERROR_INIT;

                assert_true(make((char *const *)cases[i].args, &body, &err) < 0);
                assert_null(body);
                if (!strstr(err.message, cases[i].words))
                        fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.message, cases[i].words);
        }
}

/* Writes text to a file of its own; the name is the caller's to unlink. */
static void write_file(char path[32], const char *text)
{
        int fd;

        (void)snprintf(path, 32, "/tmp/brig-test-XXXXXX");
        fd = mkostemp(path, O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        brig_close(fd);
}

static void test_files(void **state)
{
        _cleanup_unref_ json_t *body = NULL, *expected = json_loads(
                "{\"Env\":[\"A=1\",\"B=2 3\",\"BRIG_TEST_SET=value\",\"C=\",\"A=9\"],\"Labels\":{\"A\":\"1\",\"B\":\"2 3\",\"BRIG_TEST_SET\":\"\",\"C\":\"\",\"GONE\":\"\"},"
                "\"HostConfig\":{\"SecurityOpt\":[\"seccomp={\\\"a\\\":[1,2]}\"]}}", 0, NULL);
        char env[32], profile[32], option[64];
        BrigError err = BRIG_ERROR_INIT;

        setenv("BRIG_TEST_SET", "value", 1);
        unsetenv("GONE");
        write_file(env, "# comment\nA=1\r\n  B=2 3\n\nBRIG_TEST_SET\nGONE\nC=");
        write_file(profile, "{ \"a\": [1,\n 2] }\n");
        (void)snprintf(option, sizeof(option), "seccomp=%s", profile);
        if (make((char *const *)(const char *const[]) { "--env-file", env, "-e", "A=9", "--label-file", env, "--security-opt", option, "img", NULL }, &body, &err) < 0)
                fail_msg("%s", err.message);
        if (!contains(body, expected))
                fail_msg("%s", json_dumps(body, JSON_COMPACT));
        (void)unlink(env);
        (void)unlink(profile);
}

static void test_broken_files(void **state)
{
        static const struct { const char *option, *text, *words; } cases[] = {
                { "--env-file", "A B=1\n", "contains whitespaces" },
                { "--env-file", "=1\n", "no variable name" },
                { "--security-opt", "{ \"a\": ", "compacting json for seccomp profile" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                json_t *body = NULL;
                BrigError err = BRIG_ERROR_INIT;
                char path[32], value[64];

                write_file(path, cases[i].text);
                (void)snprintf(value, sizeof(value), "%s%s", *cases[i].option == '-' && cases[i].option[2] == 's' ? "seccomp=" : "", path);
                assert_true(make((char *const *)(const char *const[]) { cases[i].option, value, "img", NULL }, &body, &err) < 0);
                (void)unlink(path);
                if (!strstr(err.message, cases[i].words))
                        fail_msg("case %zu: %s", i, err.message);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good), cmocka_unit_test(test_refused), cmocka_unit_test(test_files), cmocka_unit_test(test_broken_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
