#pragma once
/*
 * The same call for many containers at once: `stop a b c` must not wait for a
 * before it asks b to stop. Every call has a connection of its own; answers are
 * printed in the order of the arguments.
 */
#include "cli/cli.h"

typedef struct EachCall {
        const char *method;
        const char *verb;                  /* behind /containers/<name>/; NULL: the container itself */
        void (*query)(Url *u, const void *options);   /* adds parameters; may be NULL */
        const void *options;
        bool missing_is_fine;              /* rm --force: a container that is not there is a remark, no error */
        /* Reads the answer; NULL: print the name. */
        int (*answer)(HttpConn *c, const char *name, BrigError *err);
} EachCall;

/* 0, or 1 when any failed (each failure has been printed). */
int brig_each_container(Cli *cli, const EachCall *call, char *const *names);
