#pragma once
/*
 * Functions that no code of this tree may call: each has a bounded or checked
 * replacement in base/strings.h, base/buffer.h or the C library. Included in
 * every compilation by the build. The headers come first, so that the poison
 * hits uses, not declarations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <alloca.h>
#undef alloca
#undef strtok
#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll sscanf gets alloca stpcpy
