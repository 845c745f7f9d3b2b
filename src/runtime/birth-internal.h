#pragma once
/*
 * Packets between the processes of one start, over SOCK_SEQPACKET pairs. All ends
 * run our code and none holds foreign bytes, yet the length is checked: a payload
 * that got hold of an end must find nothing to play with.
 *
 *   M → P  MAPPED                      the id maps are written
 *   P → M  WAITER pid [pidfd]          W was born
 *   W → M  BORN pid [pidfd]            I or E was born
 *   P/E → M STDIO [ends], WARNING text
 *   I → P  PROC [mount]                I → P, over their own pair
 *   P → I  ENTERED                     the root is the container's
 *   I → M NAMESPACE [cgroup namespace]
 *   I/E → M READY                      directly before execve
 *   M → I/E GO
 *   M → W  EXEC [plan, link], ADOPT [cgroup namespace]
 *   all → M ERROR kind errno text
 */
#include "base/error.h"
#include <sys/types.h>

typedef enum BirthType {
        BIRTH_MAPPED = 1, BIRTH_WAITER, BIRTH_BORN, BIRTH_STDIO, BIRTH_WARNING, BIRTH_PROC, BIRTH_ENTERED,
        BIRTH_NAMESPACE, BIRTH_READY, BIRTH_GO, BIRTH_EXEC, BIRTH_ADOPT, BIRTH_ERROR,
} BirthType;

#define BIRTH_FDS 4

typedef struct BirthPacket {
        uint32_t type;
        uint32_t kind;           /* ERROR; STDIO: bit n says that end n is there, bit 3 a terminal */
        int32_t errnum;
        int32_t pid;
        char text[sizeof((BrigError *)0)->message];
} BirthPacket;

typedef struct BirthMessage { BirthPacket packet; int fds[BIRTH_FDS]; size_t n_fds; } BirthMessage;

int brig_birth_pair(int ret[2]) _must_use_;
int brig_birth_send(int link, BirthType type, pid_t pid, const int *fds, size_t n_fds) _must_use_;
int brig_birth_send_kind(int link, BirthType type, uint32_t kind, const int *fds, size_t n_fds) _must_use_;
/* Best effort: the last word of a child that ends. */
void brig_birth_error(int link, const BrigError *err);
void brig_birth_warn(int link, const char *text);
/* 1: a message, its fds are the caller's; 0: the other side is gone; -EAGAIN on a non-blocking link with nothing there; -errno. */
int brig_birth_receive(int link, BirthMessage *ret) _must_use_;
/* Receives one of `type`; any other outcome is BRIG_ERR_INTERNAL (or the error that an ERROR packet carries). */
int brig_birth_expect(int link, BirthType type, BirthMessage *ret, BrigError *err) _must_use_;
void brig_birth_done(BirthMessage *m);
#define _cleanup_birth_ _cleanup_(brig_birth_done)
/* Fills *err from an ERROR packet and returns negative. */
int brig_birth_take_error(const BirthMessage *m, BrigError *err);
