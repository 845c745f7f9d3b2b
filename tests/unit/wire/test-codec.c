/* The codec alone: what the table permits survives the way there and back, what it does not is refused. */
#include "tests/unit/cmocka-all.h"
#include "base/strings.h"
#include "wire/wire.h"
#include <stdio.h>

#define ID_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID_B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static const WireMessage samples[] = {
        { .type = WIRE_HELLO, .hello = { 1, "brigd", "" } },
        { .type = WIRE_OK, .serial = 7 },
        { .type = WIRE_ERROR, .serial = 7, .error = { BRIG_ERR_DENIED, 13, "denied by rule" } },
        { .type = WIRE_LAUNCH, .serial = 1, .launch = { ID_A, { "\x01\x06", 2 }, { "\x10\x11", 2 } }, .n_fds = 3 },
        { .type = WIRE_EXEC, .serial = 2, .exec = { ID_A, ID_B, 7, { NULL, 0 }, 24, 80 }, .n_fds = 2 },
        { .type = WIRE_ATTACH, .serial = 3, .attach = { ID_A, "", 7, { NULL, 0 } }, .n_fds = 1 },
        { .type = WIRE_SIGNAL, .serial = 4, .signal = { ID_A, ID_B, 9, WIRE_SIGNAL_ALL } },
        { .type = WIRE_RESIZE, .serial = 5, .resize = { ID_A, "", 24, 80 } },
        { .type = WIRE_PAUSE, .serial = 6, .pause = { ID_A, 1 } },
        { .type = WIRE_PIDS, .serial = 7, .id = { ID_A } },
        { .type = WIRE_READBACK, .serial = 8, .id = { ID_A } },
        { .type = WIRE_EXIT_ACK, .id = { ID_A } },
        { .type = WIRE_REMOVE, .serial = 9, .id = { ID_A } },
        { .type = WIRE_LIST, .serial = 10 },
        { .type = WIRE_UNPACK, .serial = 11, .layer = { ID_A, 1u << 30, 100000 }, .n_fds = 2 },
        { .type = WIRE_LAYER_REMOVE, .serial = 12, .layer = { ID_A, 0, 0 } },
        { .type = WIRE_LAYER_LIST, .serial = 13 },
        { .type = WIRE_MONITOR_START, .serial = 1, .n_fds = BRIG_WIRE_START_FDS + 1,
          .monitor_start = { ID_A, 0x20000000, 65536, 0x70000000, "brig-1", "", { "\x07", 1 }, { NULL, 0 } } },
        { .type = WIRE_LAUNCHED, .serial = 1, .launched = { ID_A, 4242, 0x20000000, UINT64_C(1) << 60, "one\ntwo" } },
        { .type = WIRE_EXEC_STARTED, .serial = 2, .exec_started = { ID_A, ID_B, 99 } },
        { .type = WIRE_PID_LIST, .serial = 7, .pid_list = { { "\1\0\0\0\2\0\0\0", 8 } } },
        { .type = WIRE_READBACK_REPORT, .serial = 8, .report = { "caps\t0" } },
        { .type = WIRE_LAYER, .serial = 13, .layer = { ID_A, 0, 0 } },
        { .type = WIRE_STATUS, .serial = 10, .status = { ID_A, WIRE_STATE_EXITED, 0, 137, 1, 1, 2 } },
        { .type = WIRE_EXITED, .exited = { ID_A, -1, 0, 5, "monitor lost" } },
        { .type = WIRE_EXEC_EXITED, .exec_exited = { ID_A, ID_B, 127 } },
        { .type = WIRE_OOM, .id = { ID_A } },
        { .type = WIRE_DETACHED, .detached = { ID_A, "", 0 } },
};

/* The links of a message, found by asking: each sample travels on at least one. */
static WireLink link_of(const WireMessage *m)
{
        char frame[BRIG_WIRE_MAX_BYTES];

        for (unsigned link = 1; link <= WIRE_MONITOR_TO_BRIGD; link <<= 1)
                if (brig_wire_encode(m, (WireLink)link, frame, sizeof(frame)) > 0)
                        return (WireLink)link;
        fail_msg("%s travels on no link", brig_wire_type_name(m->type));
        return 0;
}

/* BRIG_WRITE_CORPUS=tests/fuzz/wire/corpus-wire makes the seeds of the fuzz target anew after the table has changed. */
static void write_seed(const WireMessage *m, WireLink link, const char *frame, size_t n)
{
        const char *folder = getenv("BRIG_WRITE_CORPUS");
        unsigned char head[2] = { (unsigned char)__builtin_ctz(link), (unsigned char)m->n_fds };
        char path[512];

        if (!folder)
                return;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, brig_wire_type_name(m->type));
        FILE *f = fopen(path, "we");
        assert_true(f && fwrite(head, 1, 2, f) == 2 && fwrite(frame, 1, n, f) == n && fclose(f) == 0);
}

static void test_round_trip(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
                char first[4096], second[4096];
                WireLink link = link_of(&samples[i]);
                WireMessage m;

                ssize_t n = brig_wire_encode(&samples[i], link, first, sizeof(first));
                assert_true(n > 0);
                write_seed(&samples[i], link, first, (size_t)n);
                assert_int_equal(brig_wire_decode(first, (size_t)n, samples[i].n_fds, link, &m), 0);
                assert_int_equal(m.type, samples[i].type);
                assert_int_equal(m.serial, samples[i].serial);
                assert_int_equal(brig_wire_encode(&m, link, second, sizeof(second)), n);
                assert_memory_equal(first, second, (size_t)n);
        }
}

static void test_truncated_at_every_byte(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
                WireLink link = link_of(&samples[i]);
                char frame[4096];
                WireMessage m;
                ssize_t n = brig_wire_encode(&samples[i], link, frame, sizeof(frame));

                for (ssize_t cut = 0; cut < n; cut++) {
                        _cleanup_free_ char *copy = malloc((size_t)cut + 1);
                        memcpy(copy, frame, (size_t)cut);
                        assert_int_equal(brig_wire_decode(copy, (size_t)cut, samples[i].n_fds, link, &m), -EBADMSG);
                        if (cut < 16)
                                continue;
                        /* A length that agrees with the cut frame does not help the missing fields. */
                        uint32_t length = (uint32_t)cut;
                        memcpy(copy + 12, &length, sizeof(length));
                        assert_int_equal(brig_wire_decode(copy, (size_t)cut, samples[i].n_fds, link, &m), -EBADMSG);
                }
        }
}

static void test_surplus_bytes(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
                WireLink link = link_of(&samples[i]);
                char frame[4096] = { 0 };
                WireMessage m;
                uint32_t n = (uint32_t)brig_wire_encode(&samples[i], link, frame, sizeof(frame));

                n += 1;
                memcpy(frame + 12, &n, sizeof(n));
                assert_int_equal(brig_wire_decode(frame, n, samples[i].n_fds, link, &m), -EBADMSG);
        }
}

static void test_wrong_link(void **state)
{
        char frame[4096];
        WireMessage m;
        ssize_t n = brig_wire_encode(&samples[3], WIRE_API_TO_BRIGD, frame, sizeof(frame));

        assert_true(n > 0);
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 3, WIRE_BRIGD_TO_API, &m), -EBADMSG);
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 3, WIRE_MONITOR_TO_BRIGD, &m), -EBADMSG);
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 3, WIRE_BRIGD_TO_MONITOR, &m), -EBADMSG);
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 3, WIRE_API_TO_BRIGD, &m), 0);
}

static void test_descriptor_counts(void **state)
{
        char frame[4096];
        WireMessage m = samples[3];
        ssize_t n = brig_wire_encode(&m, WIRE_API_TO_BRIGD, frame, sizeof(frame));

        assert_int_equal(brig_wire_decode(frame, (size_t)n, 2, WIRE_API_TO_BRIGD, &m), -EBADMSG);
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 4, WIRE_API_TO_BRIGD, &m), -EBADMSG);
        /* Frame and socket agree on four, but two stream bytes name only two of the three that would follow the plan. */
        uint16_t four = 4;
        memcpy(frame + 6, &four, sizeof(four));
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 4, WIRE_API_TO_BRIGD, &m), -EBADMSG);
        m = samples[3];
        m.n_fds = 2;
        assert_int_equal(brig_wire_encode(&m, WIRE_API_TO_BRIGD, frame, sizeof(frame)), -EINVAL);
}

static void test_unknown_type_and_magic(void **state)
{
        char frame[4096];
        WireMessage m;
        ssize_t n = brig_wire_encode(&samples[1], WIRE_BRIGD_TO_API, frame, sizeof(frame));
        uint16_t unknown = 200;

        memcpy(frame + 4, &unknown, sizeof(unknown));
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 0, WIRE_BRIGD_TO_API, &m), -EBADMSG);
        n = brig_wire_encode(&samples[1], WIRE_BRIGD_TO_API, frame, sizeof(frame));
        frame[0] ^= 1;
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 0, WIRE_BRIGD_TO_API, &m), -EBADMSG);
}

static void test_serial_rules(void **state)
{
        char frame[4096];
        WireMessage request = { .type = WIRE_LIST }, unasked = samples[24];

        assert_int_equal(brig_wire_encode(&request, WIRE_API_TO_BRIGD, frame, sizeof(frame)), -EINVAL);
        unasked.serial = 1;
        assert_int_equal(brig_wire_encode(&unasked, WIRE_BRIGD_TO_API, frame, sizeof(frame)), -EINVAL);
}

static void test_ids_are_hex(void **state)
{
        static const char *const bad[] = { "", "abc", "../../etc", ID_A "0",
                "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL };
        char frame[4096];

        for (size_t i = 0; bad[i]; i++) {
                WireMessage m = { .type = WIRE_REMOVE, .serial = 1, .id = { bad[i] } };
                assert_true(brig_wire_encode(&m, WIRE_API_TO_BRIGD, frame, sizeof(frame)) < 0);
        }
        /* The decoder does not trust the encoder: one character of a good id is changed on the way. */
        WireMessage good = { .type = WIRE_REMOVE, .serial = 1, .id = { ID_A } };
        ssize_t n = brig_wire_encode(&good, WIRE_API_TO_BRIGD, frame, sizeof(frame));
        static const char wrong[] = { '/', '.', 'A', 'g', 0, '\n' };
        for (size_t i = 0; i < sizeof(wrong); i++) {
                frame[16 + 4 + 10] = wrong[i];
                assert_int_equal(brig_wire_decode(frame, (size_t)n, 0, WIRE_API_TO_BRIGD, &good), -EBADMSG);
        }
}

static void test_text_limits(void **state)
{
        char text[BRIG_WIRE_MAX_TEXT + 2], frame[BRIG_WIRE_MAX_BYTES];
        WireMessage m = { .type = WIRE_ERROR, .serial = 1, .error = { 1, 0, text } };

        memset(text, 'x', sizeof(text));
        text[BRIG_WIRE_MAX_TEXT] = 0;
        assert_true(brig_wire_encode(&m, WIRE_BRIGD_TO_API, frame, sizeof(frame)) > 0);
        text[BRIG_WIRE_MAX_TEXT] = 'x';
        text[BRIG_WIRE_MAX_TEXT + 1] = 0;
        assert_int_equal(brig_wire_encode(&m, WIRE_BRIGD_TO_API, frame, sizeof(frame)), -EMSGSIZE);
        WireMessage pids = { .type = WIRE_PID_LIST, .serial = 1, .pid_list = { { text, 7 } } };
        assert_int_equal(brig_wire_encode(&pids, WIRE_BRIGD_TO_API, frame, sizeof(frame)), -EMSGSIZE);
}

/* A text whose length covers a NUL inside, and one without its NUL. */
static void test_text_nul(void **state)
{
        char frame[4096];
        WireMessage m = samples[2];
        ssize_t n = brig_wire_encode(&m, WIRE_BRIGD_TO_API, frame, sizeof(frame));

        frame[n - 3] = 0;
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 0, WIRE_BRIGD_TO_API, &m), -EBADMSG);
        n = brig_wire_encode(&samples[2], WIRE_BRIGD_TO_API, frame, sizeof(frame));
        frame[n - 1] = 'x';
        assert_int_equal(brig_wire_decode(frame, (size_t)n, 0, WIRE_BRIGD_TO_API, &m), -EBADMSG);
}

static void test_error_kinds(void **state)
{
        WireMessage m = { .type = WIRE_ERROR, .error = { BRIG_ERR_DENIED, EPERM, "no" } };
        BrigError err = BRIG_ERROR_INIT;

        assert_int_equal(brig_wire_take_error(&m, &err), -EPERM);
        assert_int_equal(err.kind, BRIG_ERR_DENIED);
        assert_string_equal(err.message, "no");
        m.error = (WireErrorBody){ 9999, -5, "odd" };
        brig_error_clear(&err);
        assert_true(brig_wire_take_error(&m, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_INTERNAL);
        m.error.kind = BRIG_OK;
        brig_error_clear(&err);
        assert_true(brig_wire_take_error(&m, &err) < 0);
        assert_int_equal(err.kind, BRIG_ERR_INTERNAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_truncated_at_every_byte),
                cmocka_unit_test(test_surplus_bytes),
                cmocka_unit_test(test_wrong_link),
                cmocka_unit_test(test_descriptor_counts),
                cmocka_unit_test(test_unknown_type_and_magic),
                cmocka_unit_test(test_serial_rules),
                cmocka_unit_test(test_ids_are_hex),
                cmocka_unit_test(test_text_limits),
                cmocka_unit_test(test_text_nul),
                cmocka_unit_test(test_error_kinds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
