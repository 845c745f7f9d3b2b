#pragma once
/* Ports as docker words them. */
#include "base/buffer.h"
#include <jansson.h>

/* The Ports of one element of containers/json: "443/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"; neighbours join to ranges. */
void brig_ports_display(const json_t *ports, BrigBuffer *out);
