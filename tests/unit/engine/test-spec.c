/* From a definition to an OCI specification and a launch plan: profiles, security options, mounts, limits, files. */
#include "tests/unit/engine/fake-brigd.h"

#include "base/strings.h"
#include "engine/spec-internal.h"
#include "plan/capability.h"
#include "tests/unit/cmocka-all.h"
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

typedef struct Built { ContainerDefinition d; ContainerSpec s; LaunchPlan plan; bool compiled; } Built;

static int try_build(const char *text, Built *b, BrigError *err)
{
        SpecDefaults defaults = { .profile = "standard" };
        const char *layers[] = { id };
        PlanCompileOptions o = { .container_id = id, .layers = layers, .n_layers = 1, .user = "" };
        int r;

        *b = (Built){ 0 };
        definition_of(text, &b->d);
        r = brig_container_spec_build(&b->d, id, &defaults, &b->s, err);
        if (r < 0) {
                brig_definition_clear(&b->d);
                return r;
        }
        o.profile = b->s.security.profile->name;
        o.flags = b->s.flags;
        o.files = b->s.files;
        o.n_files = b->s.n_files;
        r = brig_plan_compile(&b->s.spec, &o, &b->plan, err);
        b->compiled = r == 0;
        return r;
}

static void built_done(Built *b)
{
        if (b->compiled)
                brig_plan_done(&b->plan);
        brig_container_spec_clear(&b->s);
        brig_definition_clear(&b->d);
}
#define _cleanup_built_ _cleanup_(built_done)

static void build(const char *text, Built *b)
{
        BrigError err = BRIG_ERROR_INIT;

        if (try_build(text, b, &err) < 0)
                fail_msg("%s: %s", text, err.message);
}

#define SIMPLE "'Image':'i','Cmd':['true']"
#define HOST(members) "{" SIMPLE ",'HostConfig':{'ShmSize':1024," members "}}"

static const PlanMount *mount_at(const LaunchPlan *p, const char *target)
{
        for (size_t i = 0; i < p->n_mounts; i++)
                if (streq(p->mounts[i].target, target))
                        return &p->mounts[i];
        return NULL;
}

/* P2, P8: DESIGN 5, row by row. */
static void profiles(void **state)
{
        static const struct { const char *name; bool nnp, readonly, suid; int64_t pids; } rows[] = {
                { "standard", true, false, false, 1024 }, { "compat", false, false, true, 4096 }, { "hardened", true, true, false, 1024 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *text = brig_str_printf("{" SIMPLE ",'HostConfig':{'ShmSize':1024,'Memory':10000000,'SecurityOpt':['profile=%s']}}", rows[i].name);
                _cleanup_built_ Built b;

                build(text, &b);
                assert_int_equal(!!(b.plan.flags & PLAN_F_NO_NEW_PRIVS), rows[i].nnp);
                assert_int_equal(!!(b.plan.flags & PLAN_F_READONLY_ROOTFS), rows[i].readonly);
                assert_int_equal(!!(b.plan.flags & PLAN_F_ROOTFS_SUID), rows[i].suid);
                assert_int_equal(b.plan.resources.pids, rows[i].pids);
                assert_true(b.plan.caps.bounding == brig_cap_profile(rows[i].name));
                assert_true(b.plan.caps.inheritable == 0 && b.plan.caps.ambient == 0);
                assert_true(b.plan.flags & PLAN_F_LANDLOCK);
                assert_int_equal(mount_at(&b.plan, "/tmp") != NULL, rows[i].readonly);
        }
}

static void hardened_demands_a_memory_limit(void **state)
{
        BrigError err = BRIG_ERROR_INIT;
        Built b;

        assert_true(try_build(HOST("'SecurityOpt':['profile=hardened']"), &b, &err) < 0);
        assert_non_null(strstr(err.message, "demands a memory limit"));
}

/* N1 to N6, N10, N12, N15: everything private. */
static void namespaces_are_private(void **state)
{
        const uint32_t all = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME;
        static const struct { const char *member; uint32_t missing; } rows[] = {
                { "'PidMode':'host'", CLONE_NEWPID }, { "'IpcMode':'host'", CLONE_NEWIPC }, { "'UTSMode':'host'", CLONE_NEWUTS }, { "'UsernsMode':'host'", CLONE_NEWUSER },
                { "'CgroupnsMode':'host'", CLONE_NEWCGROUP }, { "'IpcMode':'none'", 0 },
        };
        _cleanup_built_ Built b;

        build(HOST("'Memory':0"), &b);
        assert_true(b.plan.namespaces == all);
        assert_true(b.plan.flags & PLAN_F_TIME_NS);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *text = brig_str_printf("{" SIMPLE ",'HostConfig':{'ShmSize':1024,%s}}", rows[i].member);
                _cleanup_built_ Built one;

                build(text, &one);
                assert_true(one.plan.namespaces == (all & ~rows[i].missing)); /* the ceiling judges it */
        }
}

static void security_options(void **state)
{
        static const struct { const char *options; bool nnp, unconfined, own, paths; } rows[] = {
                { "'SecurityOpt':[]", true, false, false, true }, { "'SecurityOpt':['no-new-privileges']", true, false, false, true },
                { "'SecurityOpt':['no-new-privileges:false']", false, false, false, true }, { "'SecurityOpt':['no-new-privileges=0']", false, false, false, true },
                { "'SecurityOpt':['seccomp=unconfined']", true, true, false, true }, { "'SecurityOpt':['seccomp={}']", true, false, true, true },
                { "'SecurityOpt':['seccomp:unconfined','apparmor:unconfined','label=disable']", true, true, false, true },
                { "'SecurityOpt':['systempaths=unconfined']", true, false, false, false }, { "'Privileged':true", false, true, false, false },
                { "'Privileged':true,'SecurityOpt':['no-new-privileges','seccomp=builtin']", true, false, false, false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *text = brig_str_printf("{" SIMPLE ",'HostConfig':{'ShmSize':1024,%s}}", rows[i].options);
                _cleanup_built_ Built b;

                build(text, &b);
                if (b.s.security.no_new_privs != rows[i].nnp || b.s.security.seccomp_unconfined != rows[i].unconfined ||
                    !!b.s.security.seccomp != rows[i].own || (b.plan.n_masked > 0) != rows[i].paths || (b.plan.n_readonly > 0) != rows[i].paths)
                        fail_msg("%s", rows[i].options);
        }
}

static void bad_security_options(void **state)
{
        static const struct { const char *options, *words; } rows[] = {
                { "'SecurityOpt':['profile=lax']", "unknown security profile \"lax\"" }, { "'SecurityOpt':['seccomp']", "invalid --security-opt" },
                { "'SecurityOpt':['magic=on']", "invalid --security-opt: \"magic=on\"" }, { "'SecurityOpt':['no-new-privileges=maybe']", "no-new-privileges=maybe" },
                { "'SecurityOpt':['label=type:x']", "SELinux labels" }, { "'SecurityOpt':['systempaths=all']", "systempaths=all" },
                { "'CapAdd':['FLY']", "FLY" }, { "'CapDrop':['FLY']", "FLY" }, { "'SecurityOpt':['']", "invalid --security-opt" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *text = brig_str_printf("{" SIMPLE ",'HostConfig':{'ShmSize':1024,%s}}", rows[i].options);
                BrigError err = BRIG_ERROR_INIT;
                Built b;

                if (try_build(text, &b, &err) >= 0 || !strstr(err.message, rows[i].words))
                        fail_msg("%s: %s", rows[i].options, err.message);
        }
}

/* P3: dropping the capability closes the low ports as well. */
static void capabilities(void **state)
{
        _cleanup_built_ Built added, dropped, low, privileged;

        build(HOST("'CapAdd':['NET_RAW','cap_sys_admin']"), &added);
        assert_true(added.plan.caps.effective & BRIG_CAP_BIT(CAP_NET_RAW));
        assert_false(added.plan.flags & PLAN_F_LANDLOCK);
        build(HOST("'CapDrop':['ALL'],'CapAdd':['CHOWN']"), &dropped);
        assert_true(dropped.plan.caps.bounding == BRIG_CAP_BIT(CAP_CHOWN));
        assert_null(brig_pairs_get(&dropped.s.spec.linux_->sysctl, "net.ipv4.ip_unprivileged_port_start"));
        build(HOST("'Memory':0"), &low);
        assert_string_equal(brig_pairs_get(&low.s.spec.linux_->sysctl, "net.ipv4.ip_unprivileged_port_start"), "0");
        assert_string_equal(brig_pairs_get(&low.s.spec.linux_->sysctl, "net.ipv4.ping_group_range"), "0 65535");
        build(HOST("'Privileged':true"), &privileged);
        assert_true(privileged.plan.caps.bounding == brig_cap_all());
        assert_true(privileged.plan.flags & PLAN_F_PRIVILEGED);
        assert_int_equal(privileged.plan.n_devices, 0);
}

static void fixed_mounts(void **state)
{
        static const struct { const char *target; PlanMountType type; uint64_t attr; } rows[] = {
                { "/proc", PLAN_MOUNT_PROC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV },
                { "/dev", PLAN_MOUNT_DEV, MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME },
                { "/dev/pts", PLAN_MOUNT_DEVPTS, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC },
                { "/sys", PLAN_MOUNT_SYSFS, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY },
                { "/sys/fs/cgroup", PLAN_MOUNT_CGROUP, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY },
                { "/dev/mqueue", PLAN_MOUNT_MQUEUE, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV },
                { "/dev/shm", PLAN_MOUNT_SHM, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV },
        };
        _cleanup_built_ Built b, none;

        build(HOST("'Memory':0"), &b);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const PlanMount *m = mount_at(&b.plan, rows[i].target);

                if (!m || m->type != rows[i].type || m->attr != rows[i].attr)
                        fail_msg("%s", rows[i].target);
        }
        assert_int_equal(b.plan.shm_size_kib, 1);
        build(HOST("'IpcMode':'none'"), &none);
        assert_null(mount_at(&none.plan, "/dev/shm"));
        assert_null(mount_at(&none.plan, "/dev/mqueue"));
}

/* Deep targets come after what holds them, an own mount takes a fixed one's place. */
static void own_mounts(void **state)
{
        _cleanup_built_ Built b;
        const PlanMount *m;

        build(HOST("'Binds':['/s:/a/b/c:ro,z','/s2:/a:idmap=1000:100,rslave','/s3:/dev/shm','/plain'],'Tmpfs':{'/t':'size=1m,exec'},"
                   "'Mounts':[{'Type':'bind','Source':'/s4','Target':'/m','ReadOnly':true},{'Type':'bind','Source':'/s5','Target':'/n','BindOptions':"
                   "{'NonRecursive':true,'CreateMountpoint':true}},{'Type':'tmpfs','Target':'/u','TmpfsOptions':{'SizeBytes':4096,'Mode':448}}]"), &b);
        m = mount_at(&b.plan, "/a/b/c");
        assert_true(m->type == PLAN_MOUNT_BIND && (m->attr & MOUNT_ATTR_RDONLY));
        assert_true((m->flags & PLAN_MOUNT_F_RO_RECURSIVE) && (m->flags & PLAN_MOUNT_F_RECURSIVE) && (m->flags & PLAN_MOUNT_F_CREATE_SOURCE));
        assert_false(m->flags & PLAN_MOUNT_F_IDMAP);
        assert_true(mount_at(&b.plan, "/a") < m);
        m = mount_at(&b.plan, "/a");
        assert_true((m->flags & PLAN_MOUNT_F_IDMAP) && m->idmap_uid == 1000 && m->idmap_gid == 100 && m->propagation == (MS_SLAVE | MS_REC));
        assert_int_equal(mount_at(&b.plan, "/dev/shm")->type, PLAN_MOUNT_BIND);
        assert_null(mount_at(&b.plan, "/plain"));
        m = mount_at(&b.plan, "/t");
        assert_string_equal(m->options, "size=1m");
        assert_true(m->attr == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
        m = mount_at(&b.plan, "/m");
        assert_true((m->attr & MOUNT_ATTR_RDONLY) && !(m->flags & PLAN_MOUNT_F_CREATE_SOURCE));
        m = mount_at(&b.plan, "/n");
        assert_true(!(m->flags & PLAN_MOUNT_F_RECURSIVE) && (m->flags & PLAN_MOUNT_F_CREATE_SOURCE));
        assert_string_equal(mount_at(&b.plan, "/u")->options, "size=4096,mode=700");
}

static void bad_mounts(void **state)
{
        static const struct { const char *options, *words; } rows[] = {
                { "'Binds':['/a:b']", "invalid volume specification: '/a:b'" }, { "'Binds':['/a:/b:quick']", "invalid mode: quick" },
                { "'Binds':['/a:/b:']", "invalid volume specification" }, { "'Binds':['/a:/']", "destination can't be '/'" }, { "'Binds':['/a:/..']", "destination can't be '/'" },
                { "'Binds':['/a:/b','/c:/b']", "Duplicate mount point: /b" }, { "'Binds':['/a:/b:idmap=x']", "expected idmap[=UID[:GID]]" },
                { "'Binds':['/a:/b:idmap=1:2:3']", "expected idmap" }, { "'Tmpfs':{'t':''}", "mount path must be absolute" }, { "'Tmpfs':{'/t':'bind'}", "/t" },
                { "'Mounts':[{'Type':'bind','Source':'s','Target':'/t'}]", "mount source must be absolute" }, { "'Mounts':[{'Type':'bind','Source':'/s'}]", "field Target must not be empty" },
                { "'Mounts':[{'Target':'/t'}]", "mount type unknown" }, { "'Mounts':[{'Type':'tmpfs','Source':'/s','Target':'/t'}]", "field Source must not be specified" },
                { "'Mounts':[{'Type':'tmpfs','Target':'/t','TmpfsOptions':{'Mode':9999}}]", "invalid size or mode" },
                { "'Mounts':[{'Type':'bind','Source':'/s','Target':'/t','BindOptions':{'Propagation':'sideways'}}]", "sideways" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *text = brig_str_printf("{" SIMPLE ",'HostConfig':{'ShmSize':1024,%s}}", rows[i].options);
                BrigError err = BRIG_ERROR_INIT;
                Built b;
                int r = try_build(text, &b, &err);

                if (r >= 0 || !strstr(err.message, rows[i].words))
                        fail_msg("%s: %d %s", rows[i].options, r, err.message);
                if (b.s.security.profile)
                        built_done(&b);
        }
}

/* R1, R2, R4 */
static void limits(void **state)
{
        _cleanup_built_ Built b, plain;
        bool found = false;

        build(HOST("'Memory':10000000,'MemorySwappiness':0,'MemoryReservation':7000000,'NanoCpus':500000000,'CpuShares':1,'CpusetCpus':'0','PidsLimit':-1,'OomScoreAdj':5,"
                   "'Ulimits':[{'Name':'nofile','Soft':10,'Hard':20},{'Name':'core','Soft':-1,'Hard':-1}],'Sysctls':{'net.core.somaxconn':'5'}"), &b);
        assert_int_equal(b.plan.resources.memory, 10000000);
        assert_int_equal(b.plan.resources.memory_swap, 20000000);
        assert_int_equal(b.plan.resources.memory_swappiness, 0);
        assert_int_equal(b.plan.resources.memory_reservation, 7000000);
        assert_int_equal(b.plan.resources.cpu_quota, 50000);
        assert_int_equal(b.plan.resources.cpu_period, 100000);
        assert_int_equal(b.plan.resources.cpu_shares, 2);
        assert_string_equal(b.plan.resources.cpuset_cpus, "0");
        assert_int_equal(b.plan.resources.pids, -1);
        assert_int_equal(b.plan.oom_score_adj, 5);
        assert_int_equal(b.plan.n_rlimits, 2);
        assert_true(b.plan.rlimits[1].resource == RLIMIT_CORE && b.plan.rlimits[1].hard == RLIM_INFINITY);
        assert_string_equal(brig_pairs_get(&b.s.spec.linux_->sysctl, "net.core.somaxconn"), "5");

        build(HOST("'Memory':0"), &plain);
        assert_int_equal(plain.plan.resources.memory, 0);
        for (size_t i = 0; i < plain.plan.n_rlimits; i++)
                found = found || (plain.plan.rlimits[i].resource == RLIMIT_NOFILE && plain.plan.rlimits[i].hard <= 20000);
        assert_true(found);
        assert_true(plain.s.log_max_size > 0 && plain.s.log_max_files > 0);
}

static const char *file_at(const Built *b, const char *path)
{
        for (size_t i = 0; i < b->s.n_files; i++)
                if (streq(b->s.files[i].path, path))
                        return b->s.files[i].data;
        return NULL;
}

static void files_and_process(void **state)
{
        _cleanup_built_ Built b, plain;

        build("{'Image':'i','Entrypoint':['/e'],'Cmd':['a','b'],'Tty':true,'Hostname':'h','Domainname':'d.e','Env':['A=1','PATH=/x','TERM=vt100'],'WorkingDir':'/w',"
              "'OpenStdin':true,'StdinOnce':true,'StopSignal':'SIGINT','HostConfig':{'ShmSize':1024,'Dns':['1.2.3.4'],'DnsSearch':['x.y','z'],'DnsOptions':['ndots:1'],"
              "'ExtraHosts':['db:10.0.0.1','six:[::1]'],'Init':true,'AutoRemove':true,'ConsoleSize':[24,80],'LogConfig':{'Type':'none'},'GroupAdd':['audio']}}", &b);
        assert_string_equal(file_at(&b, "/etc/hostname"), "h\n");
        assert_non_null(strstr(file_at(&b, "/etc/hosts"), "10.0.0.1\tdb\n::1\tsix\n127.0.1.1\th.d.e h\n"));
        assert_string_equal(file_at(&b, "/etc/resolv.conf"), "# Written by Brig.\nnameserver 1.2.3.4\nsearch x.y z\noptions ndots:1\n");
        assert_string_equal(b.plan.argv[0], "/e");
        assert_string_equal(b.plan.argv[2], "b");
        assert_string_equal(b.plan.env[0], "PATH=/x");
        assert_string_equal(b.plan.env[1], "HOSTNAME=h");
        assert_string_equal(b.plan.env[2], "TERM=vt100");
        assert_string_equal(b.plan.env[3], "A=1");
        assert_string_equal(b.plan.cwd, "/w");
        assert_int_equal(b.plan.tty_rows, 24);
        assert_int_equal(b.s.stop_signal, SIGINT);
        assert_int_equal(b.s.log_max_size, 0);
        assert_true((b.plan.flags & (PLAN_F_TTY | PLAN_F_STDIN_OPEN | PLAN_F_STDIN_ONCE | PLAN_F_INIT | PLAN_F_EPHEMERAL)) ==
                    (PLAN_F_TTY | PLAN_F_STDIN_OPEN | PLAN_F_STDIN_ONCE | PLAN_F_INIT | PLAN_F_EPHEMERAL));
        build(HOST("'Memory':0"), &plain);
        assert_string_equal(plain.plan.hostname, "0123456789ab");
        assert_string_equal(plain.plan.cwd, "/");
        assert_null(brig_strv_env_get(plain.plan.env, "TERM"));
}

static void bad_files(void **state)
{
        static const struct { const char *options, *words; } rows[] = {
                { "'ExtraHosts':['db']", "bad format for add-host: \"db\"" }, { "'ExtraHosts':['db:nowhere']", "bad format" },
                { "'ExtraHosts':['a b:1.2.3.4']", "bad format" }, { "'ExtraHosts':['db:host-gateway']", "host-gateway" }, { "'Dns':['one.one']", "invalid DNS server" },
                { "'DnsSearch':['a\\nnameserver 6.6.6.6']", "invalid DNS search" }, { "'LogConfig':{'Type':'json-file','Config':{'max-size':'big'}}", "max-size" },
                { "'LogConfig':{'Type':'json-file','Config':{'max-file':'0'}}", "max-file" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *text = brig_str_printf("{" SIMPLE ",'HostConfig':{'ShmSize':1024,%s}}", rows[i].options);
                BrigError err = BRIG_ERROR_INIT;
                Built b;

                if (try_build(text, &b, &err) >= 0 || !strstr(err.message, rows[i].words))
                        fail_msg("%s: %s", rows[i].options, err.message);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(profiles), cmocka_unit_test(hardened_demands_a_memory_limit), cmocka_unit_test(namespaces_are_private),
                cmocka_unit_test(security_options), cmocka_unit_test(bad_security_options), cmocka_unit_test(capabilities), cmocka_unit_test(fixed_mounts),
                cmocka_unit_test(own_mounts), cmocka_unit_test(bad_mounts), cmocka_unit_test(limits), cmocka_unit_test(files_and_process), cmocka_unit_test(bad_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
