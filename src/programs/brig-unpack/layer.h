#pragma once
/*
 * One layer from a blob into an empty folder, in the form that overlayfs reads
 * with `userxattr`: whiteouts become character devices 0/0 (which a user namespace
 * may make, Linux 5.8), opaque folders get user.overlay.opaque=y. Device nodes and
 * sockets are left out and counted: a container has its own /dev, and a node that
 * works nowhere helps nobody. A later entry replaces an earlier one of its name.
 *
 * On failure the folder holds a part of the layer; whoever made it throws it away.
 */
#include "image/unpack-report.h"
#include "programs/brig-unpack/stream.h"

typedef struct LayerLimits {
        uint64_t max_bytes;     /* of all files together, by their apparent size */
        uint64_t max_entries;
        uint32_t max_id;        /* ids of the image are below it */
} LayerLimits;

int brig_layer_unpack(BlobStream *stream, int dir_fd, const LayerLimits *limits, UnpackReport *ret, BrigError *err) _must_use_;
