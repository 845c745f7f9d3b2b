#pragma once
/*
 * What brig-unpack gives up before it reads the first foreign byte. It starts as
 * uid 0 of a user namespace whose ids are the storage range; afterwards it can
 * only read what it holds open and change files below the one folder:
 *   rlimits      no core, few descriptors, no file over the limit, bounded memory
 *   root         the folder itself (chroot): no other path has a name
 *   capabilities those over files of the range; the rest is dropped
 *   Landlock     the folder alone, no network, no signals outwards (as the kernel has it)
 *   seccomp      the calls that unpacking needs; any other kills the process
 * A kernel without Landlock loses that line only; one of root and Landlock must
 * hold. Every other failure is an error.
 */
#include "base/error.h"

int brig_unpack_sandbox_enter(int dir_fd, uint64_t max_file_bytes, BrigError *err) _must_use_;
