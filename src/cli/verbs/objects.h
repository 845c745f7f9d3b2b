#pragma once
/* What networks and volumes have in common. */
#include "cli/cli.h"
#include "cli/json-text.h"

/*
 * DELETE <path>/<name> for every name; prints names and complaints. `force` is
 * said to the daemon; with missing_is_fine what is not there is a remark, no error. The exit status.
 */
int brig_remove_each(Cli *cli, const char *path, char *const *names, bool force, bool missing_is_fine);
/* "name=value" words as an object of strings; NULL when memory is short or a word is not UTF-8. */
json_t *brig_words_object(char *const *words);
