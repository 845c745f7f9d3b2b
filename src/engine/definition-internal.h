#pragma once
/* What the files of the definition share. */
#include "engine/definition.h"

/* Looks through a raw create body for members that Brig does not build yet and that are not at a harmless value. */
int brig_definition_refuse_unsupported(const json_t *body, BrigError *err) _must_use_;
