#pragma once
/* What the files of the definition share. */
#include "engine/definition.h"

/* BRIG_ERR_INVALID when an argument or environment vector is longer than a plan can carry. */
int brig_definition_check_words(const char *what, char *const *words, BrigError *err) _must_use_;

/* Looks through a raw create body for members that Brig does not build yet and that are not at a harmless value. */
int brig_definition_refuse_unsupported(const json_t *body, BrigError *err) _must_use_;
