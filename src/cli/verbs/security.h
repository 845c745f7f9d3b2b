#pragma once
/* `brig inspect --security`: Brig's own part of inspect. */
#include "cli/cli.h"

/*
 * GET /containers/<name>/security for every name: what the kernel says of the
 * running container now, in groups. format "json": the daemon's answer as it is;
 * a template works on that answer. The exit status, or negative.
 */
int brig_security_show(Cli *cli, char *const *names, const char *format, BrigError *err) _must_use_;
