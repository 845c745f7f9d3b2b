#pragma once
/* The addresses that clients connect to. Root opens them, brig-api accepts. */
#include "brigd.h"

typedef struct Listener {
        char *path;
        int fd;
        uint64_t inode;          /* of the socket file: only our own is unlinked at the end */
} Listener;

/*
 * Opens all of options.hosts. A socket file that nobody answers on is replaced,
 * one that is in use is BRIG_ERR_CONFLICT. Mode 0600, root: until roles
 * exist, whoever can connect is an administrator.
 */
int listeners_open(Brigd *d, BrigError *err) _must_use_;
void listeners_close(Brigd *d);
