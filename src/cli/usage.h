#pragma once
/* `--help` texts, made from the tables, 80 columns wide. */
#include "cli/cli.h"
#include <stdio.h>

void brig_usage_verb(FILE *out, const Cli *cli, const Verb *verb);
/* A group ("brig container") or, with `globals`, the whole program. */
void brig_usage_group(FILE *out, const Cli *cli, const Command *group, const char *summary, const Option *globals);
