#pragma once
/*
 * Work that no client waits for: exits to be written down, restarts and health
 * probes at their time. A small pool of threads, grown on demand, shrunk when
 * idle; jobs run in order of their time, several at once.
 *
 * A job cannot be taken back: its function looks whether what it was meant for still stands.
 */
#include "base/macros.h"

typedef struct Jobs Jobs;

typedef struct JobCall {
        void (*run)(void *owner, void *context);        /* owns the context */
        void (*drop)(void *context);    /* frees the context of a job that never ran (at close, or when it could not be posted); may be NULL */
        void *context;
} JobCall;

typedef struct JobsOptions {
        void *owner;                    /* first argument of every run */
        unsigned max_threads;
} JobsOptions;

Jobs *brig_jobs_new(const JobsOptions *o);      /* NULL when out of memory */
/* Nothing runs until the first brig_jobs_go. */
void brig_jobs_go(Jobs *j);
/* Waits for running jobs, drops the others. */
Jobs *brig_jobs_close(Jobs *j);
/* run(owner, context) at `due` (monotonic ns; 0: now). -ENOMEM, or -ESHUTDOWN while closing: dropped. */
int brig_jobs_post(Jobs *j, int64_t due, const JobCall *call) _must_use_;
