#pragma once
/*
 * Names of images: the grammar of distribution/reference, taken apart. Pure.
 *
 *   [domain/]path[:tag][@sha256:hex]
 *
 * Normalised as Docker does: no domain is docker.io, a docker.io path of one part
 * is library/path. brig_reference_parse accepts what a user types; a bare image id
 * (64 hex) is no name.
 */
#include "base/error.h"

#define BRIG_REFERENCE_NAME_MAX 255u
#define BRIG_REFERENCE_TAG_MAX 128u
/* domain/path, ":", tag, "@sha256:" and hex */
#define BRIG_REFERENCE_MAX (BRIG_REFERENCE_NAME_MAX + 1 + BRIG_REFERENCE_TAG_MAX + 1 + 71)

typedef struct Reference {
        char name[BRIG_REFERENCE_NAME_MAX + 1 + 20];    /* "docker.io/library/busybox" */
        char tag[BRIG_REFERENCE_TAG_MAX + 1];           /* "" when none was given */
        char digest[72];                                /* "" when none was given */
} Reference;

/* BRIG_ERR_INVALID with the texts of distribution/reference. */
int brig_reference_parse(const char *text, Reference *ret, BrigError *err) _must_use_;
bool brig_reference_tag_valid(const char *tag);
/* "docker.io/library/busybox:latest"; without tag or digest ":latest" when `latest`. free(3), NULL when out of memory. */
char *brig_reference_text(const Reference *r, bool latest);
/* "docker.io/library/busybox" → "busybox": a place in `name`. */
const char *brig_reference_familiar_name(const char *name);
