#pragma once
/*
 * Processes by descriptor: births by clone3(2), signals and waits by pidfd, so
 * that a recycled pid is never hit. A process that clones has no threads.
 */
#include "base/macros.h"
#include <sys/types.h>

/*
 * A child as by fork(2), with the namespaces of flags (CLONE_NEW*, CLONE_PARENT).
 * 0 in the child, its pid in the parent, or -errno. *ret_pidfd (may be NULL) is
 * the parent's. cgroup_fd >= 0: born there (CLONE_INTO_CGROUP, cgroup v2 only).
 * The child's signal mask is the parent's.
 */
pid_t brig_process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd) _must_use_;
int brig_pidfd_open(pid_t pid) _must_use_;
int brig_pidfd_send_signal(int pidfd, int signo) _must_use_;

/* Exit status as Docker counts it: the status, or 128 + signal. */
typedef struct ProcessEnd { pid_t pid; int exit_code; bool core; } ProcessEnd;
/* Reaps one ended child. 1: *ret is filled; 0: none has ended; -ECHILD: there is none. */
int brig_process_reap(ProcessEnd *ret) _must_use_;
/* Waits for the end of this child. */
int brig_process_wait(int pidfd, ProcessEnd *ret) _must_use_;

/*
 * What every process of ours beside a payload does first: it cannot be traced or
 * opened through /proc by another of its uid, and dies with its parent.
 */
int brig_process_harden(int parent_death_signal) _must_use_;
/* Default dispositions, empty mask: what execve(2) would hand down otherwise. */
void brig_process_reset_signals(void);
/*
 * Takes this program's text and constants out of its memory: they come back page
 * by page when they are needed. For a process that has done a lot and from now on
 * mostly waits; what it used once would stay accounted to it for ever.
 */
void brig_process_forget_program(void);
