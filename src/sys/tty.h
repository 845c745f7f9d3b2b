#pragma once
/* Pseudo terminals of a given devpts (pty(7), ioctl_tty(2)). */
#include "base/macros.h"

/*
 * A terminal pair out of the devpts whose root is devpts_fd. The slave comes from
 * its master (TIOCGPTPEER), never from a path: /dev/pts/N of a hostile image
 * could be anything (CVE-2025-52565).
 */
int brig_tty_open(int devpts_fd, int *ret_master, int *ret_slave) _must_use_;
/* rows or cols 0: left as it is. */
int brig_tty_resize(int fd, unsigned rows, unsigned cols) _must_use_;
/* New session with fd as its controlling terminal. */
int brig_tty_control(int fd) _must_use_;
