/*
 * What somebody tries who has taken over brig-api: he sends any message with any
 * descriptors. Each of these once got through, or would have held brigd up.
 */
#include "daemon.h"
#include "tests/unit/cmocka-all.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "plan/capability.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

BRIG_LOG_STATE;

#define ID_A "a000000000000000000000000000000000000000000000000000000000000001"
#define ID_B "b000000000000000000000000000000000000000000000000000000000000002"
#define EXEC_ID "e000000000000000000000000000000000000000000000000000000000000003"
#define EMPTY_LAYER "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
#define SLOTS 4

static void expect_error(WireMessage m, BrigErrorKind kind)
{
        assert_int_equal(m.type, WIRE_ERROR);
        assert_int_equal(m.error.kind, kind);
}

static WireMessage ask_unpack(Daemon *d, uint32_t serial, const char *digest, int blob, int report)
{
        WireMessage m = { .type = WIRE_UNPACK, .serial = serial, .layer = { .digest = digest, .max_bytes = 1 << 20, .max_entries = 100 },
                          .n_fds = 2, .fds = { blob, report } };

        daemon_send(d, &m);
        return m;
}

static int empty_blob(void)
{
        static const char zeros[1024];
        int blob = memfd_create("blob", MFD_CLOEXEC);

        assert_int_equal(pwrite(blob, zeros, sizeof(zeros), 0), sizeof(zeros));
        return blob;
}

/* A blob that never ends: the unpacker itself would hold the other end. */
static void unpack_takes_no_blob_to_wait_for(void **state)
{
        Daemon *d = *state;
        int ends[2];
        _cleanup_close_ int blob = empty_blob(), folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        daemon_start(d);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        const int bad[][2] = { { ends[0], ends[1] }, { folder, ends[1] }, { blob, blob }, { blob, folder } };
        for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
                (void)ask_unpack(d, i + 1, EMPTY_LAYER, bad[i][0], bad[i][1]);
                expect_error(daemon_answer(d, i + 1), BRIG_ERR_INVALID);
        }
        assert_int_equal(daemon_count(d, "data/storage/staging"), 0);
        close(ends[0]);
        close(ends[1]);
}

/* Number of brigd's unpackers whose root is a folder of staging. */
static unsigned confined_unpackers(const Daemon *d)
{
        char path[64], root[PATH_MAX], staging[128];
        unsigned n = 0;
        DIR *proc = opendir("/proc");
        struct dirent *entry;

        (void)snprintf(staging, sizeof(staging), "%s/data/storage/staging/", d->folder);
        while (proc && (entry = readdir(proc))) {
                (void)snprintf(path, sizeof(path), "/proc/%.20s/root", entry->d_name);
                ssize_t len = readlink(path, root, sizeof(root) - 1);
                root[len > 0 ? len : 0] = '\0';
                n += brig_str_has_prefix(root, staging);
        }
        if (proc)
                (void)closedir(proc);
        return n;
}

/* Landlock or none: its folder is all that an unpacker can name. */
static void expect_roots_in_staging(const Daemon *d)
{
        int64_t until = brig_now_monotonic() + 10 * BRIG_NSEC_PER_SEC;

        while (confined_unpackers(d) < SLOTS && brig_now_monotonic() < until)
                (void)sched_yield();
        assert_int_equal(confined_unpackers(d), SLOTS);
}

/* A report that nobody reads, and whose reading end is kept alive elsewhere: it holds up its own brig-api and not the next one. */
static void blocked_unpackers_end_with_the_api_that_asked(void **state)
{
        Daemon *d = *state;
        _cleanup_close_ int blob = empty_blob();
        int ends[2];

        daemon_start(d);
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        while (write(ends[1], "xxxxxxxx", 8) == 8)
                continue;
        assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
        for (uint32_t i = 0; i < SLOTS + 2; i++)
                (void)ask_unpack(d, i + 1, EMPTY_LAYER, blob, ends[1]);
        expect_roots_in_staging(d);
        daemon_leave_api(d);
        daemon_meet_api(d, true);
        int fresh[2];
        assert_int_equal(pipe2(fresh, O_CLOEXEC), 0);
        _cleanup_close_ int other = empty_blob();
        (void)ask_unpack(d, 1, EMPTY_LAYER, other, fresh[1]);
        assert_int_equal(daemon_answer(d, 1).type, WIRE_OK);
        for (unsigned i = 0; i < 2; i++) {
                close(ends[i]);
                close(fresh[i]);
        }
}

static void refused_exec(Daemon *d, uint32_t serial, int plan, BrigErrorKind kind)
{
        WireMessage m = { .type = WIRE_EXEC, .serial = serial, .exec = { .id = ID_A, .exec_id = EXEC_ID }, .n_fds = 1, .fds = { plan } };

        daemon_send(d, &m);
        expect_error(daemon_answer(d, serial), kind);
}

/* The ceiling stands above sessions too, and a plan is for the container and the session that it names. */
static void exec_plans_are_judged(void **state)
{
        Daemon *d = *state;
        char *argv[] = { (char *)"true", NULL };
        _cleanup_close_ int container = daemon_plan(ID_A, "run"), elsewhere = daemon_exec_plan(ID_B, EXEC_ID), another = daemon_exec_plan(ID_A, ID_B);
        _cleanup_close_ int module = -EBADF;
        LaunchPlan p;

        daemon_start(d);
        assert_int_equal(daemon_launch(d, 1, ID_A, "run").type, WIRE_LAUNCHED);
        refused_exec(d, 2, container, BRIG_ERR_INVALID);
        refused_exec(d, 3, elsewhere, BRIG_ERR_INVALID);
        refused_exec(d, 4, another, BRIG_ERR_INVALID);
        brig_plan_init(&p, PLAN_KIND_EXEC);
        p.container_id = ID_A, p.exec_id = EXEC_ID;
        p.argv = argv, p.n_args = 1;
        p.caps.permitted = BRIG_CAP_BIT(CAP_SYS_MODULE);
        assert_int_equal(brig_plan_to_memfd(&p, &module, NULL), 0);
        refused_exec(d, 5, module, BRIG_ERR_DENIED);
}

static WireMessage launch(Daemon *d, uint32_t serial, int plan)
{
        WireMessage m = { .type = WIRE_LAUNCH, .serial = serial, .launch = { .id = ID_A }, .n_fds = 1, .fds = { plan } };

        daemon_send(d, &m);
        return daemon_answer(d, serial);
}

/* What brigd maps must not be able to end it: nothing that can shrink, change, or be read as SIGBUS. */
static void plans_are_plain_sealed_memory(void **state)
{
        Daemon *d = *state;
        const int seals[] = { 0, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE, F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_WRITE, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW };
        _cleanup_close_ int huge = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB), folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint32_t serial = 1;

        daemon_start(d);
        for (size_t i = 0; i < ARRAY_SIZE(seals); i++) {
                _cleanup_close_ int fd = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
                assert_int_equal(ftruncate(fd, 4096), 0);
                assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
                expect_error(launch(d, serial++, fd), BRIG_ERR_INVALID);
        }
        expect_error(launch(d, serial++, folder), BRIG_ERR_INVALID);
        if (huge >= 0 && ftruncate(huge, 2 << 20) == 0 && fcntl(huge, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
                expect_error(launch(d, serial++, huge), BRIG_ERR_INVALID);
        /* It is still there. */
        assert_int_equal(daemon_launch(d, serial, ID_A, "run").type, WIRE_LAUNCHED);
}

/* Whoever can open the registry can lock it for ever: no container of this host would start again. */
static void the_registry_of_ids_is_closed_to_others(void **state)
{
        Daemon *d = *state;
        char path[128];
        int status;

        daemon_start(d);
        (void)snprintf(path, sizeof(path), "%s/ids", d->folder);
        pid_t pid = fork();
        if (pid == 0) {
                if (setgid(65534) < 0 || setuid(65534) < 0)
                        _exit(2);
                int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                _exit(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static int setup(void **state)
{
        return geteuid() == 0 ? daemon_setup(state) : 0;
}

static int teardown(void **state)
{
        return *state ? daemon_teardown(state) : 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(unpack_takes_no_blob_to_wait_for),
                TEST(blocked_unpackers_end_with_the_api_that_asked),
                TEST(exec_plans_are_judged),
                TEST(plans_are_plain_sealed_memory),
                TEST(the_registry_of_ids_is_closed_to_others),
        };

        if (geteuid() != 0) {
                print_message("skipped: needs root\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
