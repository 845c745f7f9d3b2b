#pragma once
/* The rows of the message table, shared by the codec and the channel. Private to the room. */
#include "wire/wire.h"

typedef enum WireFieldKind {
        WIRE_FIELD_U32 = 1,      /* also int32_t */
        WIRE_FIELD_U64,
        WIRE_FIELD_TEXT,         /* NUL at its end, none inside */
        WIRE_FIELD_ID,           /* text of exactly 64 lower-case hex characters */
        WIRE_FIELD_ID_OPTIONAL,  /* likewise, or "" */
        WIRE_FIELD_BYTES,
} WireFieldKind;

typedef struct WireField {
        WireFieldKind kind;
        uint16_t offset;         /* in WireMessage */
        uint16_t unit;           /* BYTES: the length is a multiple of it */
        uint32_t max;            /* TEXT, BYTES: bytes at most, the NUL not counted */
} WireField;

/* A request must be answerable, an unasked message must not look like an answer. */
typedef enum WireSerial { WIRE_SERIAL_ANY, WIRE_SERIAL_SET, WIRE_SERIAL_ZERO } WireSerial;

#define WIRE_MAX_FIELDS 8
#define WIRE_HEADER_BYTES 16u

typedef struct WireRow {
        WireType type;
        const char *name;
        unsigned links;          /* WireLink bits on which it may travel */
        WireSerial serial;
        uint8_t min_fds, max_fds;
        uint16_t streams;        /* offset of a WireBytes in WireMessage that holds one byte per descriptor beyond min_fds; 0: none */
        uint8_t n_fields;
        WireField fields[WIRE_MAX_FIELDS];
} WireRow;

/* NULL for a type that the table does not have. */
const WireRow *wire_row(uint32_t type);
/* Whether `row` may travel on `link` with this serial and this many descriptors (streams apart, which the fields tell). */
bool wire_row_permits(const WireRow *row, WireLink link, uint32_t serial, size_t n_fds);
