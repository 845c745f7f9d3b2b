#pragma once
/*
 * Real containers without brigd: the test plays brigd's part over the link of a
 * real brig-monitor, on a scratch storage folder with one layer of busybox. What
 * is proved here is the kernel's answer, not a mock's.
 */
#include "base/buffer.h"
#include "plan/plan.h"
#include "wire/wire.h"

#define TEST_RANGE_BASE 3000000u
#define TEST_RANGE_SIZE 65536u
#define TEST_STORAGE_BASE 2000000u
#define TEST_CGROUP_PARENT "brig-test"

typedef struct Scratch {
        char folder[64];         /* <folder>/{storage,containers} */
        int storage;
        int program, init;       /* brig-monitor, brig-init */
        unsigned containers;     /* made so far */
        pid_t monitors[64];      /* not ended yet: of tests that failed in between */
} Scratch;

/* cmocka group fixtures. Where the tests may not run (not root, no busybox) every one of them is skipped. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* A plan as brig-api makes it for profile "standard", and arrays that a test may change before the start. */
typedef struct TestPlan {
        LaunchPlan plan;
        PlanMount mounts[16];
        PlanFile files[4];
        const char *masked[16], *readonly[16], *groups[8];
        PlanSysctl sysctls[4];
        PlanRlimit rlimits[8];
        PlanLandlockRule landlock[8];
        char *argv[64], *env[16];
        BrigId id;
} TestPlan;
void test_plan_init(TestPlan *t, const char *command, ...) __attribute__((sentinel));
/* The same with `/bin/sh -c script`. */
void test_plan_shell(TestPlan *t, const char *script);
PlanMount *test_plan_mount(TestPlan *t, const char *target);
PlanMount *test_plan_bind(TestPlan *t, const char *source, const char *target, uint64_t attr);
void test_plan_exec(TestPlan *t, const char *script);

typedef struct Container {
        Scratch *scratch;
        BrigId id;
        pid_t monitor;
        WireChannel link;
        char folder[192];        /* containers/<id> */
        int folder_fd, listener;
        char socket_path[192];
        WireMessage last;        /* strings live until the next receive */
        pid_t pid;               /* of the payload */
        uint32_t serial;
} Container;

typedef struct StartOptions {
        const char *disable;     /* layers */
        const char *ceiling;     /* text; NULL: nothing is forbidden */
        int stream;              /* our peer's end of a stream, taken; -EBADF */
        uint8_t stream_bits;
        const char *storage;     /* another storage folder */
        uint32_t range_base;     /* 0: TEST_RANGE_BASE */
        int enosys;              /* this system call does not exist for the monitor: forces a fallback. 0: none */
} StartOptions;
#define START_OPTIONS_INIT { .stream = -EBADF }

/* Starts; true: LAUNCHED came. false: ERROR, which is in c->last. */
bool container_start(Scratch *s, Container *c, const TestPlan *t, const StartOptions *options);
/* Next message of this type; others are skipped. Fails the test after some seconds. */
void container_expect(Container *c, WireType type);
/* Sends a request and waits for its answer. */
void container_ask(Container *c, WireMessage *m);
void container_signal(Container *c, int signo, uint32_t flags);
/* Waits for EXITED: its code; acknowledges, waits for the monitor's end. */
int container_end(Container *c);
/* Ends it whatever its state; checks that nothing stays (cgroup). */
void container_kill(Container *c);

/* Pair of stream sockets; *ret_theirs for the monitor. */
int stream_pair(int *ret_theirs);
/* Reads frames to the end: text of stdout and stderr. raw: a terminal's bytes. */
void stream_collect(int fd, bool raw, BrigBuffer *out, BrigBuffer *err);

/* Runs to the end: exit code, stdout in out (NUL-terminated, truncated), or -1 and the error's text in out. */
int run_collect(Scratch *s, TestPlan *t, char *out, size_t size);
int run_with(Scratch *s, TestPlan *t, const StartOptions *options, char *out, size_t size);
/* Exec session to its end. */
int exec_collect(Container *c, const TestPlan *t, char *out, size_t size);
bool text_has_line(const char *text, const char *line);
