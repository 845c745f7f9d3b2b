/* config.json: a full document survives, each broken rule is named. */
#include "spec/runtime-spec.h"

#include "base/strings.h"
#include "tests/unit/cmocka-all.h"

static const char full[] =
        "{\"ociVersion\":\"1.2.0\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},\"user\":{\"uid\":1000,\"gid\":4294967294,"
        "\"umask\":18,\"additionalGids\":[5,6]},\"args\":[\"sh\",\"-c\",\"\"],\"env\":[\"A=1\"],\"cwd\":\"/\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],"
        "\"ambient\":[\"CAP_KILL\"]},\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":4096}],\"noNewPrivileges\":true,\"apparmorProfile\":\"p\","
        "\"oomScoreAdj\":0,\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":-5},\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":4}},"
        "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"h\",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","
        "\"options\":[\"nosuid\"]}],\"hooks\":{\"poststop\":[{\"path\":\"/bin/true\",\"timeout\":3}]},\"annotations\":{\"a\":\"b\"},"
        "\"linux\":{\"devices\":[{\"type\":\"c\",\"path\":\"/dev/x\",\"major\":1,\"minor\":3,\"fileMode\":438,\"uid\":0}],"
        "\"netDevices\":{\"eth0\":{\"name\":\"e\"},\"eth1\":{}},\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
        "\"namespaces\":[{\"type\":\"uts\"},{\"type\":\"user\"},{\"type\":\"time\"},{\"type\":\"network\",\"path\":\"/run/n\"}],"
        "\"timeOffsets\":{\"monotonic\":{\"secs\":-1,\"nanosecs\":5}},\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],"
        "\"memory\":{\"limit\":-1,\"swappiness\":0},\"cpu\":{\"shares\":1024,\"cpus\":\"0-1\"},\"pids\":{\"limit\":0},\"blockIO\":{\"weight\":10,"
        "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}]},\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9}],"
        "\"network\":{\"classID\":1,\"priorities\":[{\"name\":\"eth0\",\"priority\":5}]},\"rdma\":{\"mlx\":{\"hcaHandles\":3}},\"unified\":{\"memory.high\":\"max\"}},"
        "\"cgroupsPath\":\"/a/b\",\"rootfsPropagation\":\"slave\",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
        "\"architectures\":[\"SCMP_ARCH_X86_64\"],\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
        "\"args\":[{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]},\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},\"maskedPaths\":[\"/proc/kcore\"],"
        "\"readonlyPaths\":[\"/proc/sys\"],\"personality\":{\"domain\":\"LINUX\"}}}";

static void full_document_round_trips(void **state)
{
        _cleanup_free_ char *text = NULL;
        BrigError err = BRIG_ERROR_INIT;
        RuntimeSpec spec;

        assert_int_equal(brig_runtime_spec_read(full, strlen(full), &spec, &err), 0);
        assert_true(spec.process->oom_score_adj.set);
        assert_true(spec.linux_->resources->pids->limit.set);
        assert_false(spec.linux_->resources->memory->swap.set);
        assert_int_equal(spec.process->user.additional_gids.items[1], 6);
        text = brig_runtime_spec_text(&spec);
        assert_string_equal(text, full);
        brig_runtime_spec_clear(&spec);
}

static const char unlimited[] = "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"rlimits\":"
                                "[{\"type\":\"RLIMIT_CORE\",\"soft\":18446744073709551615,\"hard\":18446744073709551615}]}}";

static void minimal_documents_and_other_platforms(void **state)
{
        static const char *const texts[] = {
                "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"rootfs\"}}",
                "{\"ociVersion\":\"1.3.0-dev\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0}},\"windows\":{\"x\":1},\"new\":[]}",
                unlimited,
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                BrigError err = BRIG_ERROR_INIT;
                RuntimeSpec spec;

                assert_int_equal(brig_runtime_spec_read(texts[i], strlen(texts[i]), &spec, &err), 0);
                if (i == 2)
                        assert_true(BRIG_JSON_AT(RuntimeRlimit, &spec.process->rlimits, 0)->hard == UINT64_MAX);
                brig_runtime_spec_clear(&spec);
        }
}

#define HEAD "{\"ociVersion\":\"1.2.0\","
#define LINUX(x) HEAD "\"linux\":{" x "}}"
#define PROCESS(x) HEAD "\"process\":{" x "}}"

static const struct { const char *text; const char *message; } bad[] = {
        { "{]", "config.json: JSON document is malformed" },
        { "{}", "config.json: ociVersion: missing" },
        { "{\"ociVersion\":\"2.0.0\"}", "config.json: ociVersion: \"2.0.0\" is not supported" },
        { HEAD "\"root\":{\"path\":\"\"}}", "config.json: root.path: empty" },
        { PROCESS("\"args\":[\"a\"]"), "config.json: process.cwd: missing" },
        { PROCESS("\"cwd\":\"a\",\"args\":[\"a\"]"), "config.json: process.cwd: not an absolute path" },
        { PROCESS("\"cwd\":\"/\",\"args\":[]"), "config.json: process.args: missing or empty" },
        { PROCESS("\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":-1}"), "config.json: process.user.uid: must lie between 0 and 4294967295" },
        { PROCESS("\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"additionalGids\":[4294967296]}"), "config.json: process.user.additionalGids[0]: must" },
        { PROCESS("\"cwd\":\"/\",\"args\":[\"a\"],\"oomScoreAdj\":1001"), "config.json: process.oomScoreAdj: must lie" },
        { PROCESS("\"cwd\":\"/\",\"args\":[\"a\"],\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":2,\"hard\":1}]"), "config.json: process.rlimits[0]: the soft" },
        { PROCESS("\"cwd\":\"/\",\"args\":[\"a\"],\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1}]"),
          "config.json: process.rlimits[1]: this type stands twice" },
        { PROCESS("\"cwd\":\"/\",\"args\":[\"a\"],\"scheduler\":{\"policy\":\"SCHED_FAST\"}"), "config.json: process.scheduler.policy: \"SCHED_FAST\" is none" },
        { HEAD "\"mounts\":[{\"destination\":\"proc\"}]}", "config.json: mounts[0]: the destination" },
        { HEAD "\"hooks\":{\"prestart\":[{\"path\":\"true\"}]}}", "config.json: hooks.prestart[0]: the path is not absolute" },
        { HEAD "\"hostname\":\"h\",\"linux\":{}}", "config.json: hostname: needs a uts namespace" },
        { LINUX("\"namespaces\":[{\"type\":\"net\"}]"), "config.json: linux.namespaces[0].type: \"net\" is none of mount, pid" },
        { LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]"), "config.json: linux.namespaces[1]: this type stands twice" },
        { LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]"), "config.json: linux.namespaces[0]: the path is not absolute" },
        { LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]"), "config.json: linux.uidMappings: need a user namespace" },
        { LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":0}]"), "config.json: linux.uidMappings[0].size: must lie" },
        { LINUX("\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"realtime\":{}}"), "config.json: linux.timeOffsets[0]: only monotonic" },
        { LINUX("\"devices\":[{\"type\":\"x\",\"path\":\"/a\"}]"), "config.json: linux.devices[0].type: \"x\" is none of c, b, u, p" },
        { LINUX("\"devices\":[{\"type\":\"c\",\"path\":\"a\"}]"), "config.json: linux.devices[0]: the path is not absolute" },
        { LINUX("\"netDevices\":{\"eth0\":{\"name\":23}}"), "config.json: linux.netDevices.eth0.name: expected a string" },
        { LINUX("\"resources\":{\"rdma\":{\"m\":{\"hcaHandles\":\"x\"}}}"), "config.json: linux.resources.rdma.m.hcaHandles: expected an integer" },
        { LINUX("\"resources\":{\"hugepageLimits\":[{\"limit\":1,\"pageSize\":\"64kB\"}]}"), "config.json: linux.resources.hugepageLimits[0]: malformed" },
        { LINUX("\"resources\":{\"unified\":{\"../cgroup.procs\":\"1\"}}"), "config.json: linux.resources.unified[0]: not the name" },
        { LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}"), "config.json: linux.resources.devices[0]: access knows" },
        { LINUX("\"seccomp\":{\"defaultAction\":\"ALLOW\"}"), "config.json: linux.seccomp.defaultAction: \"ALLOW\" is none" },
        { LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]}"), "config.json: linux.seccomp.flags[0]: \"X\" is none" },
        { LINUX("\"maskedPaths\":[\"/a\",\"b\"]"), "config.json: linux.maskedPaths[1]: not an absolute path" },
};

static void broken_rules_are_named(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                BrigError err = BRIG_ERROR_INIT;
                RuntimeSpec spec;

                assert_int_equal(brig_runtime_spec_read(bad[i].text, strlen(bad[i].text), &spec, &err), -EINVAL);
                if (!brig_str_has_prefix(err.message, bad[i].message))
                        assert_string_equal(err.message, bad[i].message);
                assert_null(spec.oci_version);
        }
}

static void built_in_memory(void **state)
{
        BrigError err = BRIG_ERROR_INIT;
        RuntimeNamespace *ns;
        RuntimeSpec spec;
        RuntimeMount *m;

        assert_int_equal(brig_runtime_spec_init(&spec), 0);
        m = brig_runtime_add_mount(&spec);
        assert_int_equal(brig_str_set(&m->destination, "relative"), 0);
        ns = brig_runtime_add_namespace(&spec);
        assert_int_equal(brig_str_set(&ns->type, "pid"), 0);
        assert_int_equal(brig_runtime_spec_validate(&spec, &err), -EINVAL);
        assert_int_equal(brig_str_set(&m->destination, "/abs"), 0);
        assert_int_equal(brig_runtime_spec_validate(&spec, &err), 0);
        brig_runtime_spec_clear(&spec);
}

static void process_of_an_exec(void **state)
{
        static const char good[] = "{\"cwd\":\"/\",\"args\":[\"ls\"],\"user\":{\"uid\":1,\"gid\":2}}", relative[] = "{\"cwd\":\".\",\"args\":[\"ls\"]}";
        BrigError err = BRIG_ERROR_INIT;
        RuntimeProcess p;

        assert_int_equal(brig_runtime_process_read(good, strlen(good), &p, &err), 0);
        assert_int_equal(p.user.gid, 2);
        brig_runtime_process_clear(&p);
        assert_int_equal(brig_runtime_process_read(relative, strlen(relative), &p, &err), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(full_document_round_trips),
                cmocka_unit_test(minimal_documents_and_other_platforms),
                cmocka_unit_test(broken_rules_are_named),
                cmocka_unit_test(built_in_memory),
                cmocka_unit_test(process_of_an_exec),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
