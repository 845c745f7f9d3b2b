#pragma once
/*
 * Children in the storage range (jobs.c): brig-unpack makes layers and removes
 * trees; brigd itself only renames folders, which never waits for a disk full
 * of someone else's data.
 */
#include "brigd.h"

#define JOBS_MAX_RUNNING 4u
#define JOBS_MAX_WAITING 64u

/* At start: what an earlier brigd left in staging goes to the trash, and the trash is swept. */
int jobs_start(Brigd *d, BrigError *err) _must_use_;
void jobs_free(Brigd *d);
/* UNPACK. Replies when the layer is in place or refused. */
void jobs_unpack(Brigd *d, WireMessage *m);
/*
 * The brig-api that asked is gone: its layers are given up, so that one which
 * was taken over cannot leave jobs behind that wait for ever on its descriptors.
 */
void jobs_forsake(Brigd *d);
/* Out of sight at once, off the disk later. 0 when there was nothing. */
int jobs_trash_container(Brigd *d, const char *id, BrigError *err) _must_use_;
int jobs_trash_layer(Brigd *d, const char *digest, BrigError *err) _must_use_;
