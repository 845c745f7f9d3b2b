#pragma once
/* Clocks and RFC 3339 times. All times are nanoseconds, since the epoch unless said otherwise. */
#include "base/macros.h"

#define BRIG_NSEC_PER_SEC INT64_C(1000000000)
#define BRIG_NSEC_PER_MSEC INT64_C(1000000)

/*
 * What lies before the year 1678 reads as this and is written as Go's zero time,
 * "0001-01-01T00:00:00Z", which Docker prints for "never". What lies behind 2262 reads as INT64_MAX.
 */
#define BRIG_TIME_ZERO INT64_MIN

int64_t brig_now_realtime(void);
int64_t brig_now_monotonic(void);
/* "2026-01-02T03:04:05.123456789Z": as Go's RFC3339Nano in UTC, fraction cut of trailing zeros (none left: no dot). out: 40 bytes. */
#define BRIG_TIME_STRING 40
void brig_time_format(int64_t ns, char out[BRIG_TIME_STRING]);
/* Always nine digits of fraction, as in json-file logs. */
void brig_time_format_full(int64_t ns, char out[BRIG_TIME_STRING]);
/*
 * RFC 3339 with any fraction and zone; also docker's since/until forms:
 * "1700000000", "1700000000.123456789", a Go duration ("10m", "1h30m": back from now),
 * "2026-01-02", "2026-01-02T03:04:05" (UTC). 0 or -EINVAL.
 */
int brig_time_parse(const char *s, int64_t now, int64_t *ret) _must_use_;
/* Go duration "1h2m3.5s", "100ms", "0"; ns. */
int brig_duration_parse(const char *s, int64_t *ret) _must_use_;
/* "Up 5 minutes"-style words of docker's units.HumanDuration. out: 40 bytes. */
void brig_duration_human(int64_t ns, char out[40]);
