/* The plan's encoding: unique, complete, and refused when anything about it is odd. */
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "plan/plan.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>

#define ID_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID_B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static struct sock_filter filter[] = { { 0x20, 0, 0, 0 }, { 0x06, 0, 0, 0x7fff0000 } };

static void fill(LaunchPlan *p)
{
        static const char *layers[] = { ID_A, ID_B }, *masked[] = { "/proc/kcore" }, *readonly[] = { "/proc/sys" }, *groups[] = { "audio" };
        static PlanMount mounts[] = {
                { .type = PLAN_MOUNT_PROC, .source = "", .target = "/proc", .options = "" },
                { .type = PLAN_MOUNT_BIND, .flags = PLAN_MOUNT_F_IDMAP, .source = "/srv", .target = "/data", .options = "", .idmap_uid = 1000 },
        };
        static PlanFile files[] = { { 0644, "/etc/hosts", "127.0.0.1\tlocalhost\n", 20 }, { 0644, "/etc/empty", NULL, 0 } };
        static PlanDevice devices[] = { { 'c', 1, 3, 0666, 0, 0, 6, "/dev/null2" } };
        static PlanSysctl sysctls[] = { { "net.ipv4.ping_group_range", "0 65535" } };
        static char *argv[] = { (char *)"sh", (char *)"-c", (char *)"", NULL }, *env[] = { (char *)"A=b", NULL };
        static PlanRlimit limits[] = { { 7, 1024, UINT64_MAX } };
        static PlanLandlockRule rules[] = { { 15, "/" } };

        brig_plan_init(p, PLAN_KIND_CONTAINER);
        p->container_id = ID_A;
        p->profile = "standard";
        p->hostname = "0123456789ab";
        p->flags = PLAN_F_TTY | PLAN_F_TIME_NS;
        p->namespaces = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWTIME;
        p->layers = layers, p->n_layers = 2;
        p->mounts = mounts, p->n_mounts = 2;
        p->files = files, p->n_files = 2;
        p->masked = masked, p->n_masked = 1;
        p->readonly = readonly, p->n_readonly = 1;
        p->devices = devices, p->n_devices = 1;
        p->sysctls = sysctls, p->n_sysctls = 1;
        p->argv = argv, p->n_args = 3;
        p->env = env, p->n_env = 1;
        p->cwd = "/", p->user = "nobody:audio";
        p->group_add = groups, p->n_group_add = 1;
        p->caps = (PlanCaps){ 1, 2, 3, 4, UINT64_C(1) << 40 };
        p->rlimits = limits, p->n_rlimits = 1;
        p->oom_score_adj = -500;
        p->bpf = filter, p->n_bpf = 2;
        p->seccomp_name = "standard";
        p->seccomp_digest[31] = 0xaa;
        p->landlock = rules, p->n_landlock = 1;
        p->resources.memory = 64 << 20;
        p->resources.cpuset_cpus = "0-1";
        p->log_max_size = UINT64_C(10) << 20;
        p->stop_signal = 15;
}

static void encode(const LaunchPlan *p, BrigBuffer *b)
{
        BrigError err = BRIG_ERROR_INIT;

        if (brig_plan_encode(p, b, &err) < 0)
                fail_msg("%s", err.message);
}

/* BRIG_WRITE_CORPUS=tests/fuzz/plan/corpus-plan makes the seeds of the fuzz target anew after the table has changed. */
static void write_seed(const char *name, const BrigBuffer *b)
{
        const char *folder = getenv("BRIG_WRITE_CORPUS");
        char path[512];

        if (!folder)
                return;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        FILE *f = fopen(path, "we");
        assert_true(f && fwrite(b->data, 1, b->len, f) == b->len && fclose(f) == 0);
}

static void test_round_trip(void **state)
{
        _cleanup_buffer_ BrigBuffer first = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES), second = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        LaunchPlan p, q;

        fill(&p);
        encode(&p, &first);
        write_seed("container", &first);
        assert_int_equal(brig_plan_decode(first.data, first.len, &q, NULL), 0);
        assert_int_equal(q.n_layers, 2);
        assert_string_equal(q.layers[1], ID_B);
        assert_string_equal(q.mounts[1].source, "/srv");
        assert_int_equal(q.mounts[1].idmap_uid, 1000);
        assert_memory_equal(q.files[0].data, "127.0.0.1\tlocalhost\n", 20);
        assert_int_equal(q.files[1].len, 0);
        assert_int_equal(q.devices[0].type, 'c');
        assert_string_equal(q.argv[2], "");
        assert_null(q.argv[3]);
        assert_null(q.env[1]);
        assert_int_equal(q.oom_score_adj, -500);
        assert_int_equal(q.n_bpf, 2);
        assert_memory_equal(q.bpf, filter, sizeof(filter));
        assert_int_equal(q.resources.memory_swappiness, -1);
        encode(&q, &second);
        assert_int_equal(first.len, second.len);
        assert_memory_equal(first.data, second.data, first.len);
        brig_plan_done(&q);
}

static void test_exec_plan(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        char *argv[] = { (char *)"true", NULL };
        LaunchPlan p, q;

        brig_plan_init(&p, PLAN_KIND_EXEC);
        p.container_id = ID_A;
        p.exec_id = ID_B;
        p.argv = argv, p.n_args = 1;
        encode(&p, &b);
        write_seed("exec", &b);
        assert_int_equal(brig_plan_decode(b.data, b.len, &q, NULL), 0);
        assert_int_equal(q.kind, PLAN_KIND_EXEC);
        assert_string_equal(q.exec_id, ID_B);
        assert_int_equal(q.resources.memory_swappiness, -1);
        brig_plan_done(&q);
}

static void test_cut_and_changed(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        LaunchPlan p, q;

        fill(&p);
        encode(&p, &b);
        for (size_t cut = 0; cut < b.len; cut++) {
                _cleanup_free_ char *copy = malloc(b.len);
                uint32_t len = (uint32_t)cut;

                memcpy(copy, b.data, b.len);
                assert_true(brig_plan_decode(copy, cut, &q, NULL) < 0);
                memcpy(copy + 8, &len, sizeof(len));
                assert_true(brig_plan_decode(copy, cut, &q, NULL) < 0);
        }
        /* Any byte of the header, and the reserved half word and the padding of a record, are all meant. */
        static const size_t offsets[] = { 0, 4, 6, 8, 12, 16, 18, 20 };
        for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
                b.data[offsets[i]] ^= 0x40;
                assert_true(brig_plan_decode(b.data, b.len, &q, NULL) < 0);
                b.data[offsets[i]] ^= 0x40;
        }
        assert_int_equal(brig_plan_decode(b.data, b.len, &q, NULL), 0);
        brig_plan_done(&q);
}

static void refuse(const LaunchPlan *p)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        BrigError err = BRIG_ERROR_INIT;

        assert_true(brig_plan_encode(p, &b, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_INVALID);
}

static void test_bounds(void **state)
{
        LaunchPlan good, p;
        PlanMount relative = { .type = PLAN_MOUNT_TMPFS, .target = "tmp" }, sourceless = { .type = PLAN_MOUNT_BIND, .target = "/x" };
        PlanDevice odd = { .type = 'p', .path = "/dev/x" };
        const char *short_id[] = { "abc" };

        fill(&good);
        p = good, p.n_args = 0, refuse(&p);
        p = good, p.container_id = "../x", refuse(&p);
        p = good, p.exec_id = ID_B, refuse(&p);
        p = good, p.kind = PLAN_KIND_EXEC, refuse(&p);
        p = good, p.flags = 1u << 31, refuse(&p);
        p = good, p.namespaces = CLONE_VM, refuse(&p);
        p = good, p.mounts = &relative, p.n_mounts = 1, refuse(&p);
        p = good, p.mounts = &sourceless, p.n_mounts = 1, refuse(&p);
        p = good, p.devices = &odd, p.n_devices = 1, refuse(&p);
        p = good, p.layers = short_id, p.n_layers = 1, refuse(&p);
        p = good, p.n_layers = BRIG_PLAN_MAX_LAYERS + 1, refuse(&p);
        p = good, p.umask = 01000, refuse(&p);
        p = good, p.cwd = "relative", refuse(&p);
}

static void test_too_large(void **state)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        _cleanup_free_ char *text = malloc(100001);
        _cleanup_free_ char **env = calloc(101, sizeof(*env));
        BrigError err = BRIG_ERROR_INIT;
        LaunchPlan p;

        memset(text, 'e', 100000);
        text[100000] = 0;
        for (size_t i = 0; i < 100; i++)
                env[i] = text;
        fill(&p);
        p.env = env, p.n_env = 100;
        assert_true(brig_plan_encode(&p, &b, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_TOO_LARGE);
}

static void test_memfd(void **state)
{
        _cleanup_close_ int fd = -EBADF, plain = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        LaunchPlan p, q;
        size_t len;
        void *map;

        fill(&p);
        assert_int_equal(brig_plan_to_memfd(&p, &fd, NULL), 0);
        assert_int_equal(pwrite(fd, "x", 1, 0), -1);
        assert_int_equal(ftruncate(fd, 0), -1);
        assert_int_equal(brig_plan_from_memfd(fd, &q, &map, &len, NULL), 0);
        assert_string_equal(q.profile, "standard");
        brig_plan_done(&q);
        munmap(map, len);

        /* The same bytes without all four seals, a pipe, a file of the disk: none is taken. */
        encode(&p, &b);
        assert_int_equal(write(plain, b.data, b.len), (ssize_t)b.len);
        assert_true(brig_plan_from_memfd(plain, &q, &map, &len, NULL) < 0);
        assert_int_equal(fcntl(plain, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
        assert_true(brig_plan_from_memfd(plain, &q, &map, &len, NULL) < 0);
        _cleanup_close_ int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        assert_true(brig_plan_from_memfd(file, &q, &map, &len, NULL) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_exec_plan),
                cmocka_unit_test(test_cut_and_changed),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_too_large),
                cmocka_unit_test(test_memfd),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
