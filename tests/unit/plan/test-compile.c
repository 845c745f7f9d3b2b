/* The compiler: what a specification says is in the plan, what a plan cannot say is refused by name. */
#include "plan/capability.h"
#include "plan/compile.h"

#include "base/strings.h"
#include "tests/unit/cmocka-all.h"
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PROCESS "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]}"
#define NAMESPACES "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"user\"},{\"type\":\"time\"},{\"type\":\"uts\"}]"
#define SPEC(members, linux_members) "{\"ociVersion\":\"1.2.0\"," members ",\"linux\":{" NAMESPACES linux_members "}}"

typedef struct Compiled {
        RuntimeSpec spec;
        LaunchPlan plan;
} Compiled;

static const PlanCompileOptions plain = { .container_id = ID, .profile = "standard", .stop_signal = 15 };

static int compile(const char *text, const PlanCompileOptions *options, Compiled *out, BrigError *err)
{
        int r;

        if (brig_runtime_spec_read(text, strlen(text), &out->spec, err) < 0)
                fail_msg("%s", err->message);
        r = brig_plan_compile(&out->spec, options, &out->plan, err);
        if (r < 0)
                brig_runtime_spec_clear(&out->spec);
        return r;
}

static void compile_ok(const char *text, const PlanCompileOptions *options, Compiled *out)
{
        BrigError err = BRIG_ERROR_INIT;

        if (compile(text, options, out, &err) < 0)
                fail_msg("%s", err.message);
}

static void done(Compiled *c)
{
        brig_plan_done(&c->plan);
        brig_runtime_spec_clear(&c->spec);
}

static void process_and_identity(void **state)
{
        static const char text[] = SPEC("\"hostname\":\"h\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"process\":{\"terminal\":true,"
                "\"consoleSize\":{\"height\":24,\"width\":80},\"cwd\":\"/srv\",\"args\":[\"a\",\"b\"],\"env\":[\"X=1\"],\"user\":{\"uid\":7,\"gid\":8,\"umask\":63,"
                "\"additionalGids\":[9]},\"noNewPrivileges\":true,\"oomScoreAdj\":-5,\"apparmorProfile\":\"p\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\","
                "\"CAP_KILL\"],\"permitted\":[\"CAP_CHOWN\"],\"effective\":[\"CAP_CHOWN\"]},\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":"
                "18446744073709551615}]}", "");
        char *groups[] = { (char *)"audio", NULL };
        PlanCompileOptions options = plain;
        Compiled c;

        options.group_add = groups;
        options.flags = PLAN_F_INIT;
        compile_ok(text, &options, &c);
        assert_int_equal(c.plan.kind, PLAN_KIND_CONTAINER);
        assert_int_equal(c.plan.flags, PLAN_F_TTY | PLAN_F_NO_NEW_PRIVS | PLAN_F_READONLY_ROOTFS | PLAN_F_INIT | PLAN_F_TIME_NS);
        assert_int_equal(c.plan.namespaces, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWUTS);
        assert_string_equal(c.plan.user, "7:8");
        assert_int_equal(c.plan.n_group_add, 2);
        assert_string_equal(c.plan.group_add[0], "9");
        assert_string_equal(c.plan.group_add[1], "audio");
        assert_int_equal(c.plan.umask, 077);
        assert_int_equal(c.plan.oom_score_adj, -5);
        assert_int_equal(c.plan.tty_rows, 24);
        assert_int_equal(c.plan.caps.bounding, BRIG_CAP_BIT(CAP_CHOWN) | BRIG_CAP_BIT(CAP_KILL));
        assert_int_equal(c.plan.caps.effective, BRIG_CAP_BIT(CAP_CHOWN));
        assert_int_equal(c.plan.rlimits[0].resource, RLIMIT_NOFILE);
        assert_true(c.plan.rlimits[0].hard == RLIM_INFINITY);
        assert_int_equal(c.plan.n_args, 2);
        done(&c);
}

static void docker_like_mounts(void **state)
{
        static const char text[] = SPEC(PROCESS ",\"mounts\":["
                "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
                "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
                "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"options\":[\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
                "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"options\":[\"nosuid\",\"mode=1777\",\"size=65536k\"]},"
                "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"ro\"]},{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\"},"
                "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup2\",\"options\":[\"ro\",\"relatime\"]},"
                "{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"options\":[\"size=1m\",\"noexec\",\"uid=5\",\"tmpcopyup\"]},"
                "{\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"/srv/data\",\"options\":[\"rbind\",\"rro\",\"rslave\",\"x-brig.create\"],"
                "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1001,\"size\":1}]},"
                "{\"destination\":\"/etc/hosts\",\"source\":\"/srv/hosts\",\"options\":[\"bind\",\"ro\",\"rw\"]}]", "");
        static const PlanMountType types[] = { PLAN_MOUNT_PROC, PLAN_MOUNT_DEV, PLAN_MOUNT_DEVPTS, PLAN_MOUNT_SHM, PLAN_MOUNT_SYSFS, PLAN_MOUNT_MQUEUE,
                                               PLAN_MOUNT_CGROUP, PLAN_MOUNT_TMPFS, PLAN_MOUNT_BIND, PLAN_MOUNT_BIND };
        Compiled c;

        compile_ok(text, &plain, &c);
        assert_int_equal(c.plan.n_mounts, ARRAY_SIZE(types));
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                assert_int_equal(c.plan.mounts[i].type, types[i]);
        assert_int_equal(c.plan.mounts[0].attr, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV);
        assert_string_equal(c.plan.mounts[3].options, "size=65536k");
        assert_int_equal(c.plan.shm_size_kib, 65536);
        assert_string_equal(c.plan.mounts[7].options, "size=1m,uid=5");
        assert_int_equal(c.plan.mounts[7].flags, PLAN_MOUNT_F_COPY_UP);
        assert_int_equal(c.plan.mounts[8].flags, PLAN_MOUNT_F_RECURSIVE | PLAN_MOUNT_F_RO_RECURSIVE | PLAN_MOUNT_F_CREATE_SOURCE | PLAN_MOUNT_F_IDMAP);
        assert_int_equal(c.plan.mounts[8].propagation, MS_SLAVE | MS_REC);
        assert_int_equal(c.plan.mounts[8].idmap_gid, 1001);
        assert_int_equal(c.plan.mounts[9].attr, 0);
        done(&c);
}

static void devices_and_their_rules(void **state)
{
        static const char text[] = SPEC(PROCESS, ",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/fuse\",\"major\":10,\"minor\":229,\"fileMode\":432},"
                "{\"type\":\"c\",\"path\":\"/dev/x\",\"major\":10,\"minor\":1}],\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
                "{\"allow\":true,\"type\":\"c\",\"access\":\"m\"},{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"rw\"},"
                "{\"allow\":false,\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"w\"}]}");
        Compiled c;

        compile_ok(text, &plain, &c);
        assert_int_equal(c.plan.n_devices, 2);
        assert_int_equal(c.plan.devices[0].access, 4 | 1);
        assert_int_equal(c.plan.devices[0].mode, 0660);
        assert_int_equal(c.plan.devices[1].access, 1);
        assert_int_equal(c.plan.devices[1].mode, 0666);
        done(&c);
}

static void limits_and_paths(void **state)
{
        static const char text[] = SPEC(PROCESS, ",\"resources\":{\"memory\":{\"limit\":1000,\"swap\":-1,\"swappiness\":0},\"cpu\":{\"shares\":1,\"quota\":50000,"
                "\"period\":100000,\"cpus\":\"0-1,3\"},\"pids\":{\"limit\":-1}},\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},"
                "\"maskedPaths\":[\"/proc/kcore\",\"/proc/keys\"],\"readonlyPaths\":[\"/proc/sys\"]");
        Compiled c;

        compile_ok(text, &plain, &c);
        assert_int_equal(c.plan.resources.memory, 1000);
        assert_int_equal(c.plan.resources.memory_swap, -1);
        assert_int_equal(c.plan.resources.memory_swappiness, 0);
        assert_int_equal(c.plan.resources.cpu_shares, 2);
        assert_int_equal(c.plan.resources.pids, -1);
        assert_string_equal(c.plan.resources.cpuset_cpus, "0-1,3");
        assert_int_equal(c.plan.n_masked, 2);
        assert_int_equal(c.plan.n_readonly, 1);
        assert_string_equal(c.plan.sysctls[0].key, "net.ipv4.ip_forward");
        done(&c);
}

static void the_plan_can_be_encoded_and_read_back(void **state)
{
        static const struct sock_filter filter[] = { { .code = 6, .k = 0x7fff0000 } };
        static const char text[] = SPEC(PROCESS ",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"}]", ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
        static const char *layers[] = { ID };
        const PlanFile files[] = { { .mode = 0644, .path = "/etc/hosts", .data = "x", .len = 1 } };
        const PlanLandlockRule rules[] = { { .access = 1, .path = "/" } };
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        PlanCompileOptions options = plain;
        BrigError err = BRIG_ERROR_INIT;
        LaunchPlan back;
        Compiled c;

        options.bpf = filter, options.n_bpf = 1, options.seccomp_name = "standard";
        options.layers = layers, options.n_layers = 1, options.files = files, options.n_files = 1;
        options.landlock = rules, options.n_landlock = 1;
        compile_ok(text, &options, &c);
        assert_int_equal(brig_plan_encode(&c.plan, &b, &err), 0);
        assert_int_equal(brig_plan_decode(b.data, b.len, &back, &err), 0);
        assert_string_equal(back.files[0].path, "/etc/hosts");
        assert_int_equal(back.n_bpf, 1);
        assert_string_equal(back.layers[0], ID);
        brig_plan_done(&back);
        done(&c);
}

static void an_exec_plan_has_the_process_alone(void **state)
{
        static const char text[] = SPEC(PROCESS ",\"hooks\":{},\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"}]", ",\"maskedPaths\":[\"/x\"]");
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        PlanCompileOptions options = plain;
        BrigError err = BRIG_ERROR_INIT;
        Compiled c;

        options.exec_id = ID;
        options.user = "nobody:users";
        compile_ok(text, &options, &c);
        assert_int_equal(c.plan.kind, PLAN_KIND_EXEC);
        assert_int_equal(c.plan.n_mounts, 0);
        assert_int_equal(c.plan.n_masked, 0);
        assert_string_equal(c.plan.user, "nobody:users");
        assert_int_equal(brig_plan_encode(&c.plan, &b, &err), 0);
        done(&c);
}

#define MOUNT(m) SPEC(PROCESS ",\"mounts\":[{\"destination\":\"/m\"," m "}]", "")
#define WITH(members) SPEC("\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]," members "}", "")

static const struct { const char *text; BrigErrorKind kind; const char *message; } refused[] = {
        { "{\"ociVersion\":\"1.2.0\"," PROCESS "}", BRIG_ERR_INVALID, "linux.namespaces: a container needs a mount namespace" },
        { SPEC("\"hostname\":\"x\"", ""), BRIG_ERR_INVALID, "process: missing" },
        { SPEC(PROCESS, ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"}"), BRIG_ERR_INVALID, "linux.seccomp: no compiled filter" },
        { SPEC(PROCESS ",\"hooks\":{\"poststop\":[{\"path\":\"/x\"}]}", ""), BRIG_ERR_UNSUPPORTED, "hooks: programs beside" },
        { SPEC(PROCESS, ",\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]"), BRIG_ERR_UNSUPPORTED, "linux.uidMappings:" },
        { SPEC(PROCESS, ",\"cgroupsPath\":\"/x\""), BRIG_ERR_UNSUPPORTED, "linux.cgroupsPath:" },
        { SPEC(PROCESS, ",\"timeOffsets\":{\"monotonic\":{\"secs\":1}}"), BRIG_ERR_UNSUPPORTED, "linux.timeOffsets:" },
        { SPEC(PROCESS, ",\"rootfsPropagation\":\"shared\""), BRIG_ERR_UNSUPPORTED, "linux.rootfsPropagation:" },
        { SPEC(PROCESS, ",\"personality\":{\"domain\":\"LINUX32\"}"), BRIG_ERR_UNSUPPORTED, "linux.personality:" },
        { SPEC(PROCESS, ",\"sysctl\":{\"../../etc/x\":\"1\"}"), BRIG_ERR_INVALID, "linux.sysctl: \"../../etc/x\" is not a name" },
        { SPEC(PROCESS, ",\"resources\":{\"unified\":{\"memory.high\":\"1\"}}"), BRIG_ERR_UNSUPPORTED, "linux.resources.unified:" },
        { SPEC(PROCESS, ",\"resources\":{\"cpu\":{\"burst\":1}}"), BRIG_ERR_UNSUPPORTED, "linux.resources.cpu: burst" },
        { SPEC(PROCESS, ",\"resources\":{\"cpu\":{\"cpus\":\"0\\n1\"}}"), BRIG_ERR_INVALID, "linux.resources.cpu.cpus: not a list" },
        { SPEC(PROCESS, ",\"resources\":{\"memory\":{\"limit\":2,\"swap\":1}}"), BRIG_ERR_INVALID, "linux.resources.memory.swap:" },
        { SPEC(PROCESS, ",\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}"), BRIG_ERR_UNSUPPORTED, "linux.resources.devices:" },
        { SPEC(PROCESS, ",\"devices\":[{\"type\":\"p\",\"path\":\"/p\"}]"), BRIG_ERR_UNSUPPORTED, "linux.devices: a named pipe" },
        { MOUNT("\"type\":\"nfs\""), BRIG_ERR_UNSUPPORTED, "mounts[0] (/m): this file system is not supported: \"nfs\"" },
        { MOUNT("\"type\":\"bind\",\"source\":\"rel\""), BRIG_ERR_INVALID, "mounts[0] (/m): the source is not an absolute path: \"rel\"" },
        { MOUNT("\"type\":\"tmpfs\",\"options\":[\"huge=always\"]"), BRIG_ERR_INVALID, "mounts[0] (/m): unknown option \"huge=always\"" },
        { MOUNT("\"type\":\"tmpfs\",\"options\":[\"size=1k,huge=always\"]"), BRIG_ERR_INVALID, "mounts[0] (/m): malformed option" },
        { MOUNT("\"type\":\"devpts\",\"options\":[\"mode=0666\"]"), BRIG_ERR_UNSUPPORTED, "mounts[0] (/m): this value is not supported: \"mode=0666\"" },
        { MOUNT("\"type\":\"proc\",\"options\":[\"hidepid=2\"]"), BRIG_ERR_INVALID, "mounts[0] (/m): unknown option" },
        { MOUNT("\"type\":\"tmpfs\",\"options\":[\"x-brig.create\"]"), BRIG_ERR_INVALID, "mounts[0] (/m): these options are for binds" },
        { MOUNT("\"type\":\"bind\",\"source\":\"/a\",\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":2}],"
                "\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]"), BRIG_ERR_UNSUPPORTED, "mounts[0] (/m): id mappings other than of id 0" },
        { WITH("\"capabilities\":{\"effective\":[\"CAP_CHOWN\"]}"), BRIG_ERR_INVALID, "process.capabilities.effective: more than is permitted" },
        { WITH("\"capabilities\":{\"bounding\":[\"CAP_FLY\"]}"), BRIG_ERR_INVALID, "process.capabilities.bounding: \"CAP_FLY\" is not a capability" },
        { WITH("\"capabilities\":{\"ambient\":[\"CAP_CHOWN\"]}"), BRIG_ERR_INVALID, "process.capabilities.ambient:" },
        { WITH("\"rlimits\":[{\"type\":\"RLIMIT_FUN\",\"soft\":1,\"hard\":1}]"), BRIG_ERR_INVALID, "process.rlimits[0]: \"RLIMIT_FUN\" is not" },
        { WITH("\"scheduler\":{\"policy\":\"SCHED_IDLE\"}"), BRIG_ERR_UNSUPPORTED, "process.scheduler:" },
};

static void what_cannot_be_carried_out_is_refused_by_name(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                BrigError err = BRIG_ERROR_INIT;
                Compiled c;

                assert_true(compile(refused[i].text, &plain, &c, &err) < 0);
                if (!brig_str_has_prefix(err.message, refused[i].message))
                        assert_string_equal(err.message, refused[i].message);
                assert_int_equal(err.kind, refused[i].kind);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(process_and_identity),
                cmocka_unit_test(docker_like_mounts),
                cmocka_unit_test(devices_and_their_rules),
                cmocka_unit_test(limits_and_paths),
                cmocka_unit_test(the_plan_can_be_encoded_and_read_back),
                cmocka_unit_test(an_exec_plan_has_the_process_alone),
                cmocka_unit_test(what_cannot_be_carried_out_is_refused_by_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
