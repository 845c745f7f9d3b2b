#pragma once
/*
 * Which rule of the ceiling speaks about a bind source. A source is judged by
 * what it is, not by how it is spelt: by device and inode of itself and of every
 * folder above it, and by its place inside its own file system, which another
 * bind mount of the same folder does not change.
 */
#include "plan/ceiling.h"

typedef struct BindJudge BindJudge;
/* Opens every rule's path and reads the mount table once. */
int brig_bind_judge_new(const Ceiling *ceiling, BindJudge **ret, BrigError *err) _must_use_;
BindJudge *brig_bind_judge_free(BindJudge *j);
BRIG_DEFINE_CLEANUP(BindJudge *, brig_bind_judge_free)

typedef struct BindQuestion {
        int fd;                  /* O_PATH of the source */
        const char *source;      /* as it was asked for: for the message */
        bool writable;
        bool recursive;          /* submounts come along and are judged too */
        bool writable_below;     /* ... and can be written: "ro" of an rbind need not reach them */
        const char *missing;     /* NULL, or: not fd itself, but this normalised path, which is to be made in it */
} BindQuestion;
/* 0, or BRIG_ERR_DENIED naming rule, file, line and what would allow it. */
int brig_bind_judge(const BindJudge *j, const BindQuestion *q, BrigError *err) _must_use_;
