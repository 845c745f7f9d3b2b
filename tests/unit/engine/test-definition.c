/* Docker's create body: what is read, kept, refused; D4's "known ones we do not support yet are refused". */
#include "tests/unit/engine/fake-brigd.h"

#include "base/strings.h"
#include "engine/env-internal.h"
#include "engine/signals-internal.h"
#include "tests/unit/cmocka-all.h"

static int read_text(const char *text, BrigError *err)
{
        _cleanup_json_ json_t *body = json_of(text);
        ContainerDefinition d;
        int r;

        brig_error_clear(err);
        r = brig_definition_read(body, &d, err);
        if (r < 0)
                return r;
        r = brig_definition_check(&d, err);
        brig_definition_clear(&d);
        return r;
}

/* What docker run of 28.x sends when nothing was asked for, and what must be harmless beside it. */
static const char docker_run[] =
        "{'Hostname':'','Domainname':'','User':'','AttachStdin':false,'AttachStdout':true,'AttachStderr':true,'Tty':false,'OpenStdin':false,'StdinOnce':false,"
        "'Env':null,'Cmd':['true'],'Image':'busybox','Volumes':{},'WorkingDir':'','Entrypoint':null,'OnBuild':null,'Labels':{},"
        "'HostConfig':{'Binds':null,'ContainerIDFile':'','LogConfig':{'Type':'','Config':{}},'NetworkMode':'default','PortBindings':{},"
        "'RestartPolicy':{'Name':'no','MaximumRetryCount':0},'AutoRemove':false,'VolumeDriver':'','VolumesFrom':null,'ConsoleSize':[0,0],'CapAdd':null,"
        "'CapDrop':null,'CgroupnsMode':'','Dns':[],'DnsOptions':[],'DnsSearch':[],'ExtraHosts':null,'GroupAdd':null,'IpcMode':'','Cgroup':'','Links':null,"
        "'OomScoreAdj':0,'PidMode':'','Privileged':false,'PublishAllPorts':false,'ReadonlyRootfs':false,'SecurityOpt':null,'UTSMode':'','UsernsMode':'',"
        "'ShmSize':0,'Isolation':'','CpuShares':0,'Memory':0,'NanoCpus':0,'CgroupParent':'','BlkioWeight':0,'BlkioWeightDevice':[],'BlkioDeviceReadBps':[],"
        "'BlkioDeviceWriteBps':[],'BlkioDeviceReadIOps':[],'BlkioDeviceWriteIOps':[],'CpuPeriod':0,'CpuQuota':0,'CpuRealtimePeriod':0,"
        "'CpuRealtimeRuntime':0,'CpusetCpus':'','CpusetMems':'','Devices':[],'DeviceCgroupRules':null,'DeviceRequests':null,'MemoryReservation':0,"
        "'MemorySwap':0,'MemorySwappiness':-1,'OomKillDisable':false,'PidsLimit':0,'Ulimits':[],'CpuCount':0,'CpuPercent':0,'IOMaximumIOps':0,"
        "'IOMaximumBandwidth':0,'MaskedPaths':null,'ReadonlyPaths':null},"
        "'NetworkingConfig':{'EndpointsConfig':{'default':{'IPAMConfig':null,'Links':null,'Aliases':null,'MacAddress':'','DriverOpts':null}}},"
        "'SomethingNew':{'x':1}}";

static void docker_run_is_accepted(void **state)
{
        BrigError err = BRIG_ERROR_INIT;

        if (read_text(docker_run, &err) < 0)
                fail_msg("%s", err.message);
}

static void definitions_survive_the_database(void **state)
{
        static const char text[] =
                "{'Image':'i','Cmd':'echo x','Entrypoint':[''],'Env':['A=1',''],'Labels':{'a':'b'},'StopTimeout':3,'Healthcheck':{'Test':['CMD','x'],'Interval':5000000},"
                "'ExposedPorts':{'80/tcp':{}},'HostConfig':{'Binds':['/a:/b:ro'],'Mounts':[{'Type':'bind','Source':'/s','Target':'/t','BindOptions':{'NonRecursive':true}}],"
                "'Init':true,'PidsLimit':5,'MemorySwappiness':0,'MaskedPaths':[],'Ulimits':[{'Name':'nofile','Soft':1,'Hard':2}],'ConsoleSize':[24,80],"
                "'Tmpfs':{'/x':'size=1m'},'Sysctls':{'net.x':'1'},'SecurityOpt':['no-new-privileges']},'NetworkingConfig':{'EndpointsConfig':{}}}";
        ContainerDefinition d, back;
        _cleanup_json_ json_t *stored = NULL, *again = NULL;

        definition_of(text, &d);
        assert_string_equal(d.config.cmd[0], "echo x");
        assert_int_equal(brig_strv_len(d.config.entrypoint), 1);
        assert_non_null(d.host.masked_paths);
        assert_null(d.host.readonly_paths);
        assert_true(d.host.memory_swappiness.set && d.host.memory_swappiness.value == 0);
        assert_int_equal(d.host.init, 1);
        assert_int_equal(d.host.oom_kill_disable, -1);
        stored = brig_definition_store(&d);
        assert_int_equal(brig_definition_restore(stored, &back, NULL), 0);
        again = brig_definition_store(&back);
        assert_true(json_equal(stored, again));
        brig_definition_clear(&d);
        brig_definition_clear(&back);
}

static void inspect_has_every_name_of_docker(void **state)
{
        static const char *const names[] = { "Binds", "LogConfig", "VolumeDriver", "CapAdd", "BlkioWeight", "CpuCount", "MaskedPaths", "PidsLimit", "Isolation", "Cgroup" };
        _cleanup_json_ json_t *host = NULL, *config = NULL;
        ContainerDefinition d;

        definition_of("{'Image':'i','StopTimeout':0}", &d);
        host = brig_definition_host_json(&d);
        config = brig_definition_config_json(&d);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (!json_object_get(host, names[i]))
                        fail_msg("%s is missing", names[i]);
        assert_int_equal(json_integer_value(json_object_get(config, "StopTimeout")), 0);
        assert_non_null(json_object_get(config, "StopTimeout"));
        assert_null(json_object_get(config, "Healthcheck"));
        brig_definition_clear(&d);
}

#define HOST(members) "{'Image':'i','HostConfig':{" members "}}"

static const struct { const char *text; BrigErrorKind kind; const char *words; } refused[] = {
        /* not built yet */
        { HOST("'Devices':[{'PathOnHost':'/dev/sda'}]"), BRIG_ERR_UNSUPPORTED, "--device" },
        { HOST("'DeviceRequests':[{'Count':-1}]"), BRIG_ERR_UNSUPPORTED, "--gpus" },
        { HOST("'NetworkMode':'host'"), BRIG_ERR_UNSUPPORTED, "network mode" },
        { HOST("'NetworkMode':'container:x'"), BRIG_ERR_UNSUPPORTED, "network mode" },
        { HOST("'PortBindings':{'80/tcp':[{'HostPort':'80'}]}"), BRIG_ERR_UNSUPPORTED, "--publish" },
        { HOST("'PublishAllPorts':true"), BRIG_ERR_UNSUPPORTED, "--publish-all" },
        { HOST("'VolumesFrom':['x']"), BRIG_ERR_UNSUPPORTED, "--volumes-from" },
        { HOST("'Links':['x']"), BRIG_ERR_UNSUPPORTED, "--link" },
        { HOST("'Binds':['data:/data']"), BRIG_ERR_UNSUPPORTED, "named volumes" },
        { HOST("'Mounts':[{'Type':'volume','Source':'v','Target':'/t'}]"), BRIG_ERR_UNSUPPORTED, "named volumes" },
        { HOST("'Mounts':[{'Type':'volume','Target':'/t','VolumeOptions':{'DriverConfig':{'Name':'local','Options':{'o':'bind','device':'/'}}}}]"),
          BRIG_ERR_UNSUPPORTED, "named volumes" },
        { HOST("'Mounts':[{'Type':'image','Source':'v','Target':'/t'}]"), BRIG_ERR_UNSUPPORTED, "mount type" },
        { HOST("'CpuRealtimeRuntime':1"), BRIG_ERR_UNSUPPORTED, "--cpu-rt-runtime" },
        { HOST("'BlkioDeviceReadBps':[{'Path':'/dev/sda','Rate':1}]"), BRIG_ERR_UNSUPPORTED, "--device-read-bps" },
        { HOST("'Runtime':'kata'"), BRIG_ERR_UNSUPPORTED, "runtime" },
        { HOST("'Isolation':'hyperv'"), BRIG_ERR_UNSUPPORTED, "isolation" },
        { HOST("'CgroupParent':'/x'"), BRIG_ERR_UNSUPPORTED, "--cgroup-parent" },
        { HOST("'IpcMode':'container:x'"), BRIG_ERR_UNSUPPORTED, "ipc" },
        { HOST("'PidMode':'container:x'"), BRIG_ERR_UNSUPPORTED, "pid" },
        { HOST("'LogConfig':{'Type':'syslog'}"), BRIG_ERR_UNSUPPORTED, "log driver" },
        { HOST("'LogConfig':{'Type':'json-file','Config':{'mode':'non-blocking'}}"), BRIG_ERR_UNSUPPORTED, "log options" },
        { HOST("'StorageOpt':{'size':'1g'}"), BRIG_ERR_UNSUPPORTED, "--storage-opt" },
        { "{'Image':'i','MacAddress':'02:00:00:00:00:01'}", BRIG_ERR_UNSUPPORTED, "--mac-address" },
        { "{'Image':'i','NetworkingConfig':{'EndpointsConfig':{'mine':{}}}}", BRIG_ERR_UNSUPPORTED, "networks other" },
        { "{'Image':'i','NetworkingConfig':{'EndpointsConfig':{'bridge':{'Aliases':['x']}}}}", BRIG_ERR_UNSUPPORTED, "Aliases" },
        /* wrong types */
        { "[]", BRIG_ERR_INVALID, "expected an object" }, { "{'Image':1}", BRIG_ERR_INVALID, "Image" }, { "{'HostConfig':[]}", BRIG_ERR_INVALID, "HostConfig" },
        { HOST("'Memory':'1g'"), BRIG_ERR_INVALID, "HostConfig" }, { HOST("'NetworkMode':7"), BRIG_ERR_INVALID, "NetworkMode" },
        { "{'Env':['A',1]}", BRIG_ERR_INVALID, "Env" },
        /* values, with Docker's words */
        { HOST("'Memory':1024"), BRIG_ERR_INVALID, "Minimum memory limit allowed is 6MB" },
        { HOST("'Memory':10000000,'MemorySwap':7000000"), BRIG_ERR_INVALID, "Minimum memoryswap limit should be larger than memory limit" },
        { HOST("'MemorySwap':10000000"), BRIG_ERR_INVALID, "You should always set the Memory limit when using Memoryswap limit" },
        { HOST("'MemorySwappiness':101"), BRIG_ERR_INVALID, "valid memory swappiness range is 0-100" },
        { HOST("'NanoCpus':1000000000,'CpuPeriod':1000"), BRIG_ERR_INVALID, "Nano CPUs and CPU Period cannot both be set" },
        { HOST("'NanoCpus':1"), BRIG_ERR_INVALID, "range of CPUs is from 0.01" },
        { HOST("'CpuPeriod':999"), BRIG_ERR_INVALID, "CPU cfs period" }, { HOST("'CpuQuota':999"), BRIG_ERR_INVALID, "CPU cfs quota" },
        { HOST("'CpusetCpus':'0;1'"), BRIG_ERR_INVALID, "Invalid value 0;1 for cpuset cpus" },
        { HOST("'OomScoreAdj':-1001"), BRIG_ERR_INVALID, "range for oom score adj is [-1000, 1000]" },
        { HOST("'ShmSize':-1"), BRIG_ERR_INVALID, "SHM size can not be less than 0" },
        { HOST("'Ulimits':[{'Name':'cows','Soft':1,'Hard':1}]"), BRIG_ERR_INVALID, "invalid ulimit type: cows" },
        { HOST("'Ulimits':[{'Name':'nofile','Soft':3,'Hard':2}]"), BRIG_ERR_INVALID, "soft limit must be less" },
        { HOST("'Sysctls':{'kernel.core_pattern':'|/x'}"), BRIG_ERR_INVALID, "is not in a separate kernel namespace" },
        { HOST("'Sysctls':{'vm.swappiness':'1'}"), BRIG_ERR_INVALID, "is not in a separate kernel namespace" },
        { HOST("'IpcMode':'host','Sysctls':{'kernel.shmmax':'1'}"), BRIG_ERR_INVALID, "not allowed in host namespace" },
        { HOST("'RestartPolicy':{'Name':'sometimes'}"), BRIG_ERR_INVALID, "unknown policy 'sometimes'" },
        { HOST("'RestartPolicy':{'Name':'always','MaximumRetryCount':1}"), BRIG_ERR_INVALID, "can only be used with 'on-failure'" },
        { HOST("'RestartPolicy':{'Name':'on-failure','MaximumRetryCount':-1}"), BRIG_ERR_INVALID, "cannot be negative" },
        { HOST("'AutoRemove':true,'RestartPolicy':{'Name':'always'}"), BRIG_ERR_INVALID, "can't create 'AutoRemove' container with restart policy" },
        { HOST("'LogConfig':{'Type':'none','Config':{'max-size':'1m'}}"), BRIG_ERR_INVALID, "none log driver" },
        { "{'Image':'i','StopSignal':'SIGCOW'}", BRIG_ERR_INVALID, "invalid signal: SIGCOW" },
        { "{'Image':'i','WorkingDir':'here'}", BRIG_ERR_INVALID, "the working directory 'here' is invalid, it needs to be an absolute path" },
        { "{'Image':'i','Env':['=x']}", BRIG_ERR_INVALID, "invalid environment variable: =x" },
        { "{'Image':'i','Hostname':'a b'}", BRIG_ERR_INVALID, "invalid hostname format: a b" },
        { "{'Image':'i','Hostname':'a\\nb'}", BRIG_ERR_INVALID, "invalid hostname format" },
        { "{'Image':'i','Healthcheck':{'Test':['CMD','x'],'Interval':10}}", BRIG_ERR_INVALID, "Interval in Healthcheck cannot be less than 1ms" },
        { "{'Image':'i','Healthcheck':{'Test':['MAGIC']}}", BRIG_ERR_INVALID, "Unknown type \"MAGIC\"" },
        { "{'Image':'i','Healthcheck':{'Test':['NONE'],'Retries':-1}}", BRIG_ERR_INVALID, "cannot be negative" },
};

static void what_cannot_be_done_is_refused(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                BrigError err = BRIG_ERROR_INIT;

                if (read_text(refused[i].text, &err) >= 0)
                        fail_msg("accepted: %s", refused[i].text);
                if (err.kind != refused[i].kind || !strstr(err.message, refused[i].words))
                        fail_msg("%s: kind %d: %s", refused[i].text, err.kind, err.message);
        }
}

static void too_many_words_are_refused_at_once(void **state)
{
        static const char *const members[] = { "Env", "Cmd", "Entrypoint" };

        for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
                _cleanup_json_ json_t *body = json_pack("{s:s}", "Image", "i"), *words = json_array();
                BrigError err = BRIG_ERROR_INIT;
                ContainerDefinition d;

                for (int n = 0; n < 40000; n++)
                        assert_int_equal(json_array_append_new(words, json_sprintf("N%d=1", n)), 0);
                assert_int_equal(json_object_set(body, members[i], words), 0);
                assert_int_equal(brig_definition_read(body, &d, &err), 0);
                assert_true(brig_definition_check(&d, &err) < 0);
                assert_int_equal(err.kind, BRIG_ERR_INVALID);
                assert_non_null(strstr(err.message, members[i]));
                brig_definition_clear(&d);
        }
}

static void environments_are_merged_by_name(void **state)
{
        static char *const words[] = { (char *)"A=1", (char *)"B=2", (char *)"A=3", (char *)"B", (char *)"C", (char *)"D=", NULL };
        EnvTable t = { 0 };
        _cleanup_strv_ char **v = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(brig_env_set_all(&t, words, 0), 0);
        assert_int_equal(brig_env_set(&t, "A=4", BRIG_ENV_KEEP), 0);
        v = brig_env_strv(&t);
        text = brig_strv_join(v, ",");
        assert_string_equal(text, "A=3,D=");
        brig_env_clear(&t);
}

static void harmless_values_are_accepted(void **state)
{
        static const char *const texts[] = {
                HOST("'NetworkMode':'none'"), HOST("'NetworkMode':'bridge'"), HOST("'Runtime':'runc'"), HOST("'Isolation':'default'"), HOST("'UsernsMode':'host'"),
                HOST("'Binds':['/data']"), HOST("'Binds':['/a:/b']"), HOST("'Mounts':[{'Type':'volume','Target':'/t'}]"), HOST("'PidsLimit':null"),
                HOST("'LogConfig':{'Type':'json-file','Config':{'max-size':'10m','max-file':'3'}}"), HOST("'RestartPolicy':{}"), HOST("'VolumeDriver':'local'"),
                HOST("'Sysctls':{'net.ipv4.ip_forward':'1','fs.mqueue.msg_max':'10'}"), "{'Image':'i','HostConfig':null,'NetworkingConfig':null}",
                "{'Image':'i','ExposedPorts':{'80/tcp':{}},'Volumes':{'/data':{}}}", "{'Image':'i','StopSignal':'RTMIN+3'}",
                HOST("'Ulimits':[{'Name':'nofile','Soft':-1,'Hard':-1}]"), HOST("'MemorySwap':-1,'Memory':10000000"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                BrigError err = BRIG_ERROR_INIT;

                if (read_text(texts[i], &err) < 0)
                        fail_msg("%s: %s", texts[i], err.message);
        }
}

static void signals(void **state)
{
        static const struct { const char *text; int number; } rows[] = {
                { "SIGTERM", 15 }, { "TERM", 15 }, { "term", 15 }, { "sigkill", 9 }, { "15", 15 }, { "64", 64 }, { "RTMIN", 34 }, { "SIGRTMIN+3", 37 }, { "RTMAX", 64 },
                { "RTMAX-1", 63 }, { "CLD", 17 }, { "POLL", 29 }, { "", 0 }, { "0", 0 }, { "65", 0 }, { "-9", 0 }, { "+9", 0 }, { "SIG", 0 }, { "TERMINATE", 0 },
                { "RTMIN+", 0 }, { "RTMIN+31", 0 }, { "9 ", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                int number = 0, r = brig_signal_parse(rows[i].text, &number, NULL);

                if ((r == 0) != (rows[i].number != 0) || number != rows[i].number)
                        fail_msg("%s: %d", rows[i].text, number);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(docker_run_is_accepted), cmocka_unit_test(definitions_survive_the_database), cmocka_unit_test(inspect_has_every_name_of_docker),
                cmocka_unit_test(what_cannot_be_done_is_refused), cmocka_unit_test(harmless_values_are_accepted), cmocka_unit_test(signals),
                cmocka_unit_test(too_many_words_are_refused_at_once), cmocka_unit_test(environments_are_merged_by_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
