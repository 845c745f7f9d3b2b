#pragma once
/* Files and words of "NAME=value": --env, --env-file, --label-file. */
#include "base/error.h"

#define KEY_VALUE_FILE_MAX (8u << 20)

/*
 * Appends the lines of the file: blank lines and those that begin with '#' are
 * skipped, white space in front is dropped, a name may not contain any. A line
 * without '=' takes its value from our own environment when `from_environment`
 * (and is left out when there is none), else stays as it is.
 */
int brig_key_values_file(const char *path, bool from_environment, char ***words, BrigError *err) _must_use_;
/* Appends one --env word; without '=' its value is taken from our environment, when there is one. */
int brig_key_values_env(const char *word, char ***words, BrigError *err) _must_use_;
/* A whole small file, NUL-terminated; *ret_len may be NULL. */
int brig_read_file(const char *path, size_t max, char **ret, size_t *ret_len, BrigError *err) _must_use_;
