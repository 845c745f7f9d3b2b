#pragma once
/* Which platform an image is for, and how well that suits this machine (OCI image-spec, "image-index", platform). */
#include "base/strings.h"
#include "spec/image.h"

#define BRIG_OWN_OS "linux"
#if defined(__x86_64__)
#define BRIG_OWN_ARCHITECTURE "amd64"
#define BRIG_OWN_VARIANT ""
#elif defined(__aarch64__)
#define BRIG_OWN_ARCHITECTURE "arm64"
#define BRIG_OWN_VARIANT "v8"
#else
#error "name this architecture as Go does"
#endif

/* 3: exactly this machine's; 2: this architecture, another or no variant; 1: nothing is said; 0: another one. */
static inline int brig_platform_score(const ImagePlatform *p)
{
        const char *variant = p && p->variant ? p->variant : "";

        if (!p || !p->architecture || !p->os)
                return 1;
        if (!streq(p->os, BRIG_OWN_OS) || !streq(p->architecture, BRIG_OWN_ARCHITECTURE))
                return 0;
        return !*variant || streq(variant, BRIG_OWN_VARIANT) ? 3 : 2;
}
