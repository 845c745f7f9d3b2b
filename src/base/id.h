#pragma once
/* Random identifiers: 64 lower-case hex characters, as Docker's container and exec ids. */
#include "base/macros.h"
#define BRIG_ID_LEN 64
typedef char BrigId[BRIG_ID_LEN + 1];
void brig_id_random(BrigId out);          /* getrandom(2); never all digits in its first 12 characters */
bool brig_id_valid(const char *s);        /* exactly 64 lower-case hex characters */
