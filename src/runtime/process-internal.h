#pragma once
/* The bodies of W, I and E, and what M does on their behalf. */
#include "runtime/birth-internal.h"
#include "runtime/launch-internal.h"

_noreturn_ void brig_waiter_main(Launch *l);
/* I and E from their birth to execve. `first`: pid 1. */
_noreturn_ void brig_process_main(Launch *l, bool first);
/* 0, 1 and 2 on the null device at path: no descriptor of brigd's outlives the first birth. */
int brig_process_null_stdio(const char *path, BrigError *err) _must_use_;
/* BRIG_ERR_DENIED when an exec plan is weaker than the container it is for. */
int brig_session_check_plan(const RuntimeRequest *request, const LaunchPlan *p, BrigError *err) _must_use_;
/* M's side of the message STDIO. */
int brig_process_take_stdio(RuntimeStdio *s, BirthMessage *m, BrigError *err) _must_use_;
/* Writes the plan's oom_score_adj for pid: its children inherit it. */
int brig_oom_adjust(Launch *l, pid_t pid, BrigError *err) _must_use_;
/* "nofile" for RLIMIT_NOFILE. */
const char *brig_rlimit_name(unsigned resource);
