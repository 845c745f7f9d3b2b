#pragma once
/*
 * A tar that is the same for the same content: POSIX ustar headers with every time
 * at the epoch and every owner root. Sizes from 8 GiB on are written in GNU's
 * base-256 form, which every reader of today knows. Names have at most 100 bytes:
 * what an image layout needs.
 */
#include "base/macros.h"
#include <sys/types.h>

typedef int (*BrigTarWriteFn)(void *context, const void *data, size_t len);
typedef struct BrigTarWriter {
        BrigTarWriteFn write;
        void *context;
        uint64_t left;          /* of the member at hand */
        unsigned padding;
} BrigTarWriter;

/* All return 0 or what `write` said. */
int brig_tar_folder(BrigTarWriter *w, const char *name) _must_use_;
int brig_tar_file(BrigTarWriter *w, const char *name, uint64_t size) _must_use_;
/* Together exactly `size` bytes. */
int brig_tar_data(BrigTarWriter *w, const void *data, size_t len) _must_use_;
int brig_tar_end(BrigTarWriter *w) _must_use_;
