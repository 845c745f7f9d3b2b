#pragma once
/*
 * Starting a child program. Children see exactly the descriptors that they are
 * given (0 /dev/null, 1 and 2 as said, then 3, 4, ...), no signal mask, no
 * environment but the given one, and a session of their own: a Ctrl-C for
 * brigd does not end a container.
 *
 * SPAWN_SHARED runs the child on brigd's memory until exec, as vfork(2) does: it is
 * for children that change nothing but descriptors. Whatever changes
 * credentials or namespaces gets memory of its own.
 */
#include "base/macros.h"
#include <sys/types.h>

enum {
        SPAWN_SHARED = 1 << 0,
        SPAWN_DROP = 1 << 1,     /* become uid:gid, without groups, capabilities and new privileges */
        SPAWN_STORAGE = 1 << 2,  /* in new user, mount, network, ipc and uts namespaces, as id 0 of the range at storage_base */
        SPAWN_DIES_WITH_US = 1 << 3, /* killed when brigd ends */
};

#define SPAWN_MAX_FDS 64

typedef struct Spawn {
        int program;             /* the binary, opened */
        const char *const *argv;
        const char *const *environment; /* NULL: PATH alone */
        unsigned flags;
        const int *fds;          /* become 3, 4, ... */
        size_t n_fds;
        int out;                 /* becomes stdout; < 0: brigd's stderr */
        uid_t uid;
        gid_t gid;
        uint32_t storage_base;
} Spawn;

typedef struct Child {
        pid_t pid;               /* 0: none, or not our child (a monitor that an earlier brigd started) */
        int pidfd;               /* readable when it has ended */
} Child;
#define CHILD_NONE { .pidfd = -EBADF }

/* Starts it. -errno when there was no process, or (SPAWN_SHARED) no exec; otherwise a failed exec ends the child with status 127. */
int spawn(const Spawn *s, Child *ret) _must_use_;
/* After pidfd was readable, or after a kill: collects it. Exit status as Docker counts it; -ECHILD for one that is not our child. Closes pidfd. */
int child_wait(Child *c);
void child_kill(const Child *c, int signo);
