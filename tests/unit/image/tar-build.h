#pragma once
/* Tars as an attacker writes them: every field as given, nothing checked. */
#include "base/buffer.h"
#include <sys/types.h>

typedef struct TarEntry {
        const char *name;               /* at most 100 bytes; longer ones go into pax */
        char type;                      /* 0: '0' */
        const char *link;
        const char *data;
        size_t len;                     /* 0: strlen(data) */
        unsigned mode;                  /* 0: 0644, folders 0755 */
        uint64_t uid, gid;
        int64_t mtime;
        const char *pax;                /* "key=value\nkey=value": a pax header in front */
        uint64_t claim;                 /* size in the header when it shall differ from len */
} TarEntry;

void tar_add(BrigBuffer *tar, const TarEntry *e);
/* One pax header with a record that may hold any bytes. */
void tar_add_pax(BrigBuffer *tar, const char *key, const void *value, size_t len);
void tar_end(BrigBuffer *tar);
/* 64 hex of the SHA-256 */
void tar_sha256(const void *data, size_t len, char ret_hex[65]);
/* gzip by stored blocks' worth of zlib-free work: whole text through the igzip deflater. Appends to out. */
void tar_gzip(const void *data, size_t len, BrigBuffer *out);
void tar_zstd(const void *data, size_t len, BrigBuffer *out);
