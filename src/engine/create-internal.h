#pragma once
/* The steps between a create request and a container. */
#include "engine/definition.h"
#include "spec/image.h"

/* Puts the image's configuration under the user's. BRIG_ERR_INVALID "no command specified". */
int brig_definition_merge(ContainerDefinition *d, const ImageContainerConfig *image, BrigError *err) _must_use_;
