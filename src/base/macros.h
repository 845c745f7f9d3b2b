#pragma once
/*
 * Ownership and assertion vocabulary of the whole tree.
 *
 * A local that owns something carries _cleanup_(f); handing it over is
 * written TAKE_PTR(p) or TAKE_FD(fd), so a reader sees every transfer.
 * brig_assert() stays in every build: a broken invariant of ours ends the
 * (supervised) process. Hostile input is never asserted on, it is refused.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _must_use_ __attribute__((warn_unused_result))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))
#define _noreturn_ __attribute__((noreturn))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN2(a, b) ((a) < (b) ? (a) : (b))
#define MAX2(a, b) ((a) > (b) ? (a) : (b))

#define TAKE_PTR(p) __extension__({ __typeof__(p) *_pp = &(p); __typeof__(p) _p = *_pp; *_pp = NULL; _p; })
#define TAKE_FD(fd) __extension__({ int *_fp = &(fd); int _f = *_fp; *_fp = -EBADF; _f; })

/* Ends the process through abort(3) after one line on stderr. */
_noreturn_ void brig_assert_failed(const char *expr, const char *file, int line);
#define brig_assert(e) ((e) ? (void)0 : brig_assert_failed(#e, __FILE__, __LINE__))

/* Drops a result on purpose ((void) does not silence gcc); the reason stands in a comment beside it. */
#define BRIG_IGNORE(e) do { __typeof__(e) _ignored _unused_ = (e); } while (0)

static inline void brig_freep(void *p)
{
        free(*(void **)p);
        *(void **)p = NULL;
}
#define _cleanup_free_ _cleanup_(brig_freep)

/* Closes *fd when it is open (>= 0), keeps errno, leaves -EBADF behind. */
void brig_closep(int *fd);
#define _cleanup_close_ _cleanup_(brig_closep)

/* Closes fd when >= 0, keeps errno. Returns -EBADF, so: fd = brig_close(fd). */
int brig_close(int fd);

#define BRIG_DEFINE_CLEANUP(type, func)                 \
        static inline void func##p(type *p)             \
        {                                               \
                if (*p)                                 \
                        func(*p);                       \
                *p = NULL;                              \
        }
