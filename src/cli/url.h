#pragma once
/*
 * Request targets, built piece by piece and percent-encoded (RFC 3986):
 *
 *   _cleanup_url_ Url u = URL("/containers");
 *   brig_url_segment(&u, name); brig_url_segment(&u, "kill"); brig_url_query(&u, "signal", s);
 *
 * The version prefix is put in front. Failures are sticky and come out of brig_url_text.
 */
#include "base/buffer.h"
#include "base/error.h"
#include <jansson.h>

#define URL_API_VERSION "1.50"
#define URL_MAX (256u << 10)

typedef struct Url {
        BrigBuffer text;
        const char *prefix;      /* not yet in `text` */
        bool has_query;
        bool empty_segment;      /* an empty name was given: would address something else */
} Url;
#define URL_PREFIX "/v" URL_API_VERSION
#define URL(path) { .text = BRIG_BUFFER_INIT(URL_MAX), .prefix = URL_PREFIX path }
#define _cleanup_url_ _cleanup_(brig_url_done)

/* Appends "/" and the encoded name; '/' and ':' stay as they are, image names contain them. A leading '/' is dropped. */
void brig_url_segment(Url *u, const char *name);
void brig_url_query(Url *u, const char *name, const char *value);
/* name=1 when `on`. */
void brig_url_flag(Url *u, const char *name, bool on);
/* Compact JSON as the value; nothing for NULL and {}. */
void brig_url_query_json(Url *u, const char *name, const json_t *value);
/* A time as users write it ("42m", RFC 3339, a date, seconds) as "seconds.nanoseconds"; nothing for NULL and "". */
int brig_url_query_time(Url *u, const char *name, const char *value, BrigError *err) _must_use_;
/* NULL on failure: out of memory, too long, or an empty segment. */
const char *brig_url_text(Url *u);
void brig_url_done(Url *u);
