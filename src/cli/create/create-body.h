#pragma once
/*
 * From options to the body of POST /containers/create (Engine API 1.50,
 * "ContainerCreate"): exactly what the docker command line sends for them,
 * less the members that keep their default. The daemon judges what it supports.
 */
#include "cli/create/container-options.h"
#include <jansson.h>

/* args: the image, then the command. *ret is a new reference. BRIG_ERR_INVALID for what docker's client refuses. */
int brig_create_body(const ContainerOptions *o, char *const *args, json_t **ret, BrigError *err) _must_use_;
/* The members of HostConfig that `update` may change too; host is the object that gets them. */
int brig_create_limits(const ContainerOptions *o, json_t *host, BrigError *err) _must_use_;
