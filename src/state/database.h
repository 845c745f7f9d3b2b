#pragma once
/*
 * The engine's state on disk: one SQLite file, WAL mode. Small on purpose: typed
 * rows whose documents are JSON text that the owning room reads and writes with its own
 * tables. Thread-safe (one connection behind a mutex).
 *
 * Durability: a durable transaction is on disk when the call returns; a plain one
 * survives the death of every process, not of the machine. A full disk is BRIG_ERR_NO_SPACE.
 *
 * One process at a time: a second opener waits a little, then gets BRIG_ERR_UNAVAILABLE.
 */
#include "base/error.h"

typedef struct StateDb StateDb;
/* Opens or creates path, runs the migrations. A file of a newer Brig is refused, a damaged one named. */
int brig_state_open(const char *path, StateDb **ret, BrigError *err) _must_use_;
StateDb *brig_state_close(StateDb *db);
BRIG_DEFINE_CLEANUP(StateDb *, brig_state_close)

/* Tables: "container", "image", "reference", "layer", "volume", "network", "meta", "container_state": each key TEXT PRIMARY KEY, document TEXT. */
int brig_state_put(StateDb *db, const char *table, const char *key, const char *document, bool durable, BrigError *err) _must_use_;
int brig_state_delete(StateDb *db, const char *table, const char *key, bool durable, BrigError *err) _must_use_;
typedef int (*StateRowFn)(void *context, const char *key, const char *document, BrigError *err);
/* Calls fn for every row in key order; a negative return ends the walk and is returned. fn must not change the database. */
int brig_state_each(StateDb *db, const char *table, StateRowFn fn, void *context, BrigError *err) _must_use_;
/* Several changes as one: between begin and commit the calling thread owns the database. A failed begin or commit has ended the transaction. */
int brig_state_begin(StateDb *db, BrigError *err) _must_use_;
int brig_state_commit(StateDb *db, bool durable, BrigError *err) _must_use_;
/* Gives the transaction up; nothing when the thread is in none, so it may follow any failure. */
void brig_state_rollback(StateDb *db);
