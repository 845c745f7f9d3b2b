#pragma once
/* The JSON lines that load, import, pull, push and build answer with (Engine API, "CreateImageInfo"). */
#include "cli/http-client.h"
#include <stdio.h>

/*
 * Prints them to `to` as docker does without a terminal, until the body ends.
 * A line with an "error" ends it: *err has its words. quiet: print nothing but what `stream` carries.
 */
int brig_progress_copy(HttpConn *c, FILE *to, bool quiet, BrigError *err) _must_use_;
