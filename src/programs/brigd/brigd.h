#pragma once
/*
 * The state of one brigd: made in main.c, handed to every handler. The files of
 * this folder each look after one member of it.
 */
#include "accounts.h"
#include "base/id.h"
#include "base/map.h"
#include "loop.h"
#include "options.h"
#include "places.h"
#include "plan/ceiling.h"
#include "programs.h"
#include "ranges.h"
#include "spawn.h"
#include "wire/wire.h"

/* Owner of everything in layers and uppers on disk (docs/design/id-ranges.md). */
#define BRIGD_STORAGE_BASE UINT32_C(0x70000000)

typedef struct Outgoing Outgoing;

/* The link to brig-api and its process (api-process.c). */
typedef struct Api {
        Child child;
        LoopSource child_source;
        WireChannel link;
        LoopSource link_source;
        Outgoing *queue, **queue_end; /* frames that did not fit the socket, oldest first */
        size_t queued;
        uint32_t generation;     /* which brig-api: a reply to an earlier one is dropped */
        unsigned failures;       /* in a row, for the back-off */
        int64_t started_at;
        LoopTimer restart;
        uint32_t list_serial, list_generation; /* a LIST that waits for launches */
        int64_t list_until;
        LoopTimer list_timer;
} Api;

/* Children in the storage range: layers being unpacked, trash being removed (unpack.c). */
typedef struct Job Job;
typedef struct Jobs {
        Job *unpacking;
        size_t n_unpacking;
        Job *sweeping;
        LoopTimer sweep_timer;
        uint64_t next;           /* names in staging and trash */
} Jobs;

typedef struct Brigd {
        Options options;
        Account account;
        int config;              /* the configuration file, which brig-api may not be able to open; -EBADF: there is none */
        Programs programs;
        Places places;
        Ranges ranges;
        Ceiling *ceiling;
        int ceiling_text;        /* sealed memfd, for monitors */
        char *cgroup_parent;
        Loop loop;
        int signals;
        LoopSource signal_source;
        bool stopping;           /* brig-api and what is ending are waited for, nothing is started */
        int64_t stop_until;
        LoopTimer stop_timer;
        struct Listener *listeners;
        size_t n_listeners;
        BrigMap *containers;     /* id → Container */
        Api api;
        Jobs jobs;
} Brigd;
