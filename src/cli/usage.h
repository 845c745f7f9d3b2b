#pragma once
/* `--help` texts, made from the tables. All on stdout, 80 columns wide. */
#include "cli/cli.h"

void brig_usage_verb(const Cli *cli, const Verb *verb);
/* A group ("brig container") or, with `globals`, the whole program. */
void brig_usage_group(const Cli *cli, const Command *group, const char *summary, const Option *globals);
