#pragma once
/*
 * Request targets, built piece by piece and percent-encoded (RFC 3986):
 *
 *   _cleanup_target_ Target t = TARGET("/containers");
 *   brig_target_segment(&t, name); brig_target_segment(&t, "kill"); brig_target_query(&t, "signal", s);
 *
 * The version prefix is put in front. Failures are sticky and come out of brig_target_text.
 */
#include "base/buffer.h"
#include "base/error.h"
#include <jansson.h>

#define TARGET_API_VERSION "1.50"
#define TARGET_MAX (256u << 10)

typedef struct Target {
        BrigBuffer text;
        const char *prefix;      /* not yet in `text` */
        bool has_query;
        bool empty_segment;      /* an empty name was given: would address something else */
} Target;
#define TARGET(path) { .text = BRIG_BUFFER_INIT(TARGET_MAX), .prefix = "/v" TARGET_API_VERSION path }
#define _cleanup_target_ _cleanup_(brig_target_done)

/* Appends "/" and the encoded name; '/' and ':' stay as they are, image names contain them. A leading '/' is dropped. */
void brig_target_segment(Target *t, const char *name);
void brig_target_query(Target *t, const char *name, const char *value);
/* name=1 when `on`. */
void brig_target_flag(Target *t, const char *name, bool on);
/* Compact JSON as the value; nothing for NULL and {}. */
void brig_target_query_json(Target *t, const char *name, const json_t *value);
/* A time as users write it ("42m", RFC 3339, a date, seconds) as "seconds.nanoseconds"; nothing for NULL and "". */
int brig_target_query_time(Target *t, const char *name, const char *value, BrigError *err) _must_use_;
/* NULL on failure: out of memory, too long, or an empty segment. */
const char *brig_target_text(Target *t);
void brig_target_done(Target *t);
