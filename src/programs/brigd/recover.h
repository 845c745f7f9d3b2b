#pragma once
/* A new brigd finds what an earlier one left: running monitors, and traces of dead ones. */
#include "brigd.h"

/* Connects to each monitor and waits a moment for their answers; brig-api is started behind this. */
int recover_containers(Brigd *d, BrigError *err) _must_use_;
