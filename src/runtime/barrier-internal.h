#pragma once
/*
 * Nothing weaker in silence: what the kernel says of a process that stands
 * before its execve, compared with the plan. The error names the defence.
 */
#include "runtime/runtime.h"

/* Before GO, by root. Pid 1: namespaces, ids, mounts, cgroups and all that follows; a session: its privileges and namespaces. */
int brig_barrier_check(const RuntimeContainer *c, const StartedProcess *p, const LaunchPlan *plan, BrigError *err) _must_use_;
/* What only execve can change: file capabilities, label. A process that has ended passes. */
int brig_barrier_after_exec(const RuntimeContainer *c, const StartedProcess *p, const LaunchPlan *plan, BrigError *err) _must_use_;
