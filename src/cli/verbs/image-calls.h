#pragma once
/* Calls on images that several verbs share. */
#include "cli/cli.h"
#include <stdio.h>

/* "host:5000/a/b:tag" into repository and tag; no tag: *ret_tag is "" (a digest stays with the repository). Both free(3). */
int brig_image_split(const char *name, char **ret_repository, char **ret_tag, BrigError *err) _must_use_;
/* Does the name say which: by tag or by digest? */
bool brig_image_is_tagged(const char *name);
/* POST /images/create?fromImage=..., progress to `to`. */
int brig_image_pull(Cli *cli, const char *name, const char *platform, FILE *to, bool quiet, BrigError *err) _must_use_;
