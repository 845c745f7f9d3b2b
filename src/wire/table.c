/*
 * The table itself: one row a message. What is not written here cannot be
 * said: codec.c has no knowledge of any message of its own.
 */
#include "wire/wire-internal.h"

#define A2B WIRE_API_TO_BRIGD
#define B2A WIRE_BRIGD_TO_API
#define B2M WIRE_BRIGD_TO_MONITOR
#define M2B WIRE_MONITOR_TO_BRIGD
#define DOWN (A2B | B2M)
#define UP (M2B | B2A)

#define MAX_PROGRAM 64
#define MAX_DETACH_KEYS 64
/* A launch carries plan + streams; a monitor's start six descriptors + streams. */
#define MAX_STREAMS (BRIG_WIRE_MAX_FDS - BRIG_WIRE_START_FDS)
#define MAX_PARENT 255
#define MAX_DISABLE 255
#define MAX_PIDS_BYTES (BRIG_WIRE_MAX_REPORT & ~3u)

#define OFF(m) (uint16_t)offsetof(WireMessage, m)
#define U32(m) { .kind = WIRE_FIELD_U32, .offset = OFF(m) }
#define U64(m) { .kind = WIRE_FIELD_U64, .offset = OFF(m) }
#define TEXT(m, maximum) { .kind = WIRE_FIELD_TEXT, .offset = OFF(m), .max = (maximum) }
#define ID(m) { .kind = WIRE_FIELD_ID, .offset = OFF(m), .max = BRIG_ID_LEN }
#define ID_OPT(m) { .kind = WIRE_FIELD_ID_OPTIONAL, .offset = OFF(m), .max = BRIG_ID_LEN }
#define BYTES(m, maximum, u) { .kind = WIRE_FIELD_BYTES, .offset = OFF(m), .max = (maximum), .unit = (u) }

#define FIELDS(...) .n_fields = ARRAY_SIZE(((WireField[]){ __VA_ARGS__ })), .fields = { __VA_ARGS__ }
#define ROW(t, l, s, least, most) .type = WIRE_##t, .name = #t, .links = (l), .serial = WIRE_SERIAL_##s, .min_fds = (least), .max_fds = (most)
#define ID_ROW(t, l, s) { ROW(t, l, s, 0, 0), FIELDS(ID(id.id)) }
#define LAYER_ROW(t, l, fds) { ROW(t, l, SET, fds, fds), FIELDS(ID(layer.digest), U64(layer.max_bytes), U64(layer.max_entries)) }

static const WireRow rows[] = {
        { ROW(HELLO, DOWN | UP, ANY, 0, 0), FIELDS(U32(hello.version), TEXT(hello.program, MAX_PROGRAM), ID_OPT(hello.id)) },
        { ROW(OK, UP, SET, 0, 0) },
        { ROW(ERROR, UP, SET, 0, 0), FIELDS(U32(error.kind), U32(error.errnum), TEXT(error.message, BRIG_WIRE_MAX_TEXT)) },

        { ROW(LAUNCH, A2B, SET, 1, 1 + MAX_STREAMS), .streams = OFF(launch.streams),
          FIELDS(ID(launch.id), BYTES(launch.streams, MAX_STREAMS, 1), BYTES(launch.detach_keys, MAX_DETACH_KEYS, 1)) },
        { ROW(EXEC, DOWN, SET, 1, 2),
          FIELDS(ID(exec.id), ID(exec.exec_id), U32(exec.streams), BYTES(exec.detach_keys, MAX_DETACH_KEYS, 1), U32(exec.rows), U32(exec.cols)) },
        { ROW(ATTACH, DOWN, SET, 1, 1),
          FIELDS(ID(attach.id), ID_OPT(attach.exec_id), U32(attach.streams), BYTES(attach.detach_keys, MAX_DETACH_KEYS, 1)) },
        { ROW(SIGNAL, DOWN, SET, 0, 0), FIELDS(ID(signal.id), ID_OPT(signal.exec_id), U32(signal.signo), U32(signal.flags)) },
        { ROW(RESIZE, DOWN, SET, 0, 0), FIELDS(ID(resize.id), ID_OPT(resize.exec_id), U32(resize.rows), U32(resize.cols)) },
        { ROW(PAUSE, A2B, SET, 0, 0), FIELDS(ID(pause.id), U32(pause.paused)) },
        ID_ROW(PIDS, A2B, SET),
        ID_ROW(READBACK, DOWN, SET),
        ID_ROW(EXIT_ACK, DOWN, ANY),
        ID_ROW(REMOVE, A2B, SET),
        { ROW(LIST, A2B, SET, 0, 0) },
        LAYER_ROW(UNPACK, A2B, 2),
        LAYER_ROW(LAYER_REMOVE, A2B, 0),
        { ROW(LAYER_LIST, A2B, SET, 0, 0) },

        { ROW(MONITOR_START, B2M, SET, BRIG_WIRE_START_FDS, BRIG_WIRE_MAX_FDS), .streams = OFF(monitor_start.streams),
          FIELDS(ID(monitor_start.id), U32(monitor_start.range_base), U32(monitor_start.range_size), U32(monitor_start.storage_base),
                 TEXT(monitor_start.cgroup_parent, MAX_PARENT), TEXT(monitor_start.disable, MAX_DISABLE),
                 BYTES(monitor_start.streams, MAX_STREAMS, 1), BYTES(monitor_start.detach_keys, MAX_DETACH_KEYS, 1)) },

        { ROW(LAUNCHED, UP, SET, 0, 0),
          FIELDS(ID(launched.id), U32(launched.pid), U32(launched.range_base), U64(launched.started_at), TEXT(launched.warnings, BRIG_WIRE_MAX_TEXT)) },
        { ROW(EXEC_STARTED, UP, SET, 0, 0), FIELDS(ID(exec_started.id), ID(exec_started.exec_id), U32(exec_started.pid)) },
        { ROW(PID_LIST, B2A, SET, 0, 0), FIELDS(BYTES(pid_list.pids, MAX_PIDS_BYTES, 4)) },
        { ROW(READBACK_REPORT, UP, SET, 0, 0), FIELDS(TEXT(report.text, BRIG_WIRE_MAX_REPORT)) },
        LAYER_ROW(LAYER, B2A, 0),
        { ROW(STATUS, UP, ANY, 0, 0),
          FIELDS(ID(status.id), U32(status.state), U32(status.pid), U32(status.exit_code), U32(status.oom), U64(status.started_at), U64(status.finished_at)) },
        { ROW(EXITED, UP, ZERO, 0, 0),
          FIELDS(ID(exited.id), U32(exited.exit_code), U32(exited.oom), U64(exited.finished_at), TEXT(exited.reason, BRIG_WIRE_MAX_TEXT),
                 U64(exited.started_at)) },
        { ROW(EXEC_EXITED, UP, ZERO, 0, 0), FIELDS(ID(exec_exited.id), ID(exec_exited.exec_id), U32(exec_exited.exit_code)) },
        ID_ROW(OOM, UP, ZERO),
        { ROW(DETACHED, UP, ZERO, 0, 0), FIELDS(ID(detached.id), ID_OPT(detached.exec_id), U32(detached.exit_code)) },
};

const WireRow *wire_row(uint32_t type)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if ((uint32_t)rows[i].type == type)
                        return &rows[i];
        return NULL;
}

static bool serial_permitted(WireSerial rule, uint32_t serial)
{
        return rule == WIRE_SERIAL_ANY || (rule == WIRE_SERIAL_SET) == (serial != 0);
}

bool wire_row_permits(const WireRow *row, WireLink link, uint32_t serial, size_t n_fds)
{
        return (row->links & link) && serial_permitted(row->serial, serial) && n_fds >= row->min_fds && n_fds <= row->max_fds;
}

const char *brig_wire_type_name(WireType t)
{
        const WireRow *row = wire_row((uint32_t)t);
        return row ? row->name : "unknown";
}
