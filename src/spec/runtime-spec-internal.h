#pragma once
/* What the files behind runtime-spec.h share. */
#include "spec/runtime-spec.h"

extern const JsonField brig_runtime_linux_fields[], brig_runtime_id_mapping_fields[];
