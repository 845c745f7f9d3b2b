#pragma once
/* What the files of the compiler share: one pass over a specification, part by part. */
#include "plan/compile.h"

typedef struct Compiler {
        const RuntimeSpec *spec;
        const PlanCompileOptions *options;
        LaunchPlan *plan;         /* being built; owns what is allocated */
        BrigError *err;
} Compiler;

/* Fill c->err with "<member>: <what>" and return a negative errno. */
int brig_compile_unsupported(const Compiler *c, const char *member, const char *what);
int brig_compile_invalid(const Compiler *c, const char *member, const char *what);
/* count elements of size bytes that live as long as the plan; an error is filled. */
int brig_compile_array(const Compiler *c, size_t count, size_t size, void *ret) _must_use_;

int brig_compile_process(const Compiler *c) _must_use_;     /* compile-process.c: both kinds of plan */
int brig_compile_mounts(const Compiler *c) _must_use_;      /* compile-mounts.c */
int brig_compile_devices(const Compiler *c) _must_use_;     /* compile-devices.c */
int brig_compile_resources(const Compiler *c) _must_use_;   /* compile-resources.c */
