#pragma once
/*
 * Dockerfile instructions that change an image's configuration, as `import
 * --change` (and later commit) takes them: CMD, ENTRYPOINT, ENV, EXPOSE,
 * HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. One text may
 * hold several lines. Quotes, backslashes and $NAME, ${NAME}, ${NAME:-word},
 * ${NAME:+word} work as in a Dockerfile; variables are the ENV of the configuration.
 */
#include "spec/image.h"

/* Applies in order. BRIG_ERR_INVALID names the instruction. `changes` may be NULL. */
int brig_changes_apply(ImageContainerConfig *config, char *const *changes, BrigError *err) _must_use_;
/* Are they well-formed? Nothing is changed. */
int brig_changes_check(char *const *changes, BrigError *err) _must_use_;

/* changes-words.c: */
/* Splits at blanks outside of quotes, quotes and backslashes stay. */
int brig_changes_split(const char *text, char ***ret, BrigError *err) _must_use_;
/* Takes quotes and backslashes away and puts variables in; free(3). */
int brig_changes_expand(const char *word, char *const *env, char **ret, BrigError *err) _must_use_;
