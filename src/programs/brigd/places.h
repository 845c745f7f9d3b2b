#pragma once
/*
 * The folders of one brigd, made with the owner that they need and kept open:
 * everything below is reached by name from these descriptors.
 *
 *   data-root/            root:brig 0750
 *     brigd.lock          held while a brigd or its brig-api uses the folder
 *     blobs/ state/       brig
 *     containers/<id>/    logs and the exit record of a container (containers.h)
 *     storage/            root 0700
 *       layers/<diff ID>/  uppers/<container id>/{upper,work}/     owned by the storage range
 *       staging/<n>/      layers on their way
 *       trash/<n>/        on its way out; brig-unpack removes whatever it finds there
 *   exec-root/            0755
 *     c/<id>              root 0700: a monitor's socket
 */
#include "accounts.h"
#include "base/id.h"

typedef struct Places {
        int data, lock;
        int storage, layers, uppers, staging, trash;
        int containers;
        int exec, sockets;
        char *exec_path;         /* resolved */
} Places;
#define PLACES_NONE { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, NULL }

/* Makes what is missing. BRIG_ERR_CONFLICT when another brigd holds the data root. */
int places_open(Places *p, const char *data_root, const char *exec_root, const Account *account, uint32_t storage_base,
                BrigError *err) _must_use_;
void places_done(Places *p);

/* The upper folder of a container, made when it is missing; its owner is the storage range. */
int places_make_upper(const Places *p, const char *id, uint32_t storage_base, BrigError *err) _must_use_;
/*
 * The folder containers/<id>, open. While a container runs it belongs to the id that its
 * monitor runs as (owner->uid), so that the monitor can write logs without privilege; group brig reads.
 * The sticky bit marks that of an ephemeral container (docker run --rm): its end is not flushed to
 * disk, so after a crash of the machine nobody may remember it, and brigd sweeps it.
 */
typedef struct FolderOwner { uid_t uid; gid_t gid; bool ephemeral; } FolderOwner;
int places_open_container(const Places *p, const char *id, const FolderOwner *owner, int *ret_fd, BrigError *err) _must_use_;
/*
 * Before a writable layer goes to the trash: what overlay has made in its work folder as root is given to the
 * storage range, where brig-unpack can remove it. It has a fixed shape.
 */
void places_disown_upper(const Places *p, const char *id, uint32_t storage_base);
/* Name of the cgroup that all containers of the brigd with this (resolved) exec root are in. */
#define PLACES_CGROUP_NAME 16
void places_cgroup_name(const char *exec_path, size_t len, char out[PLACES_CGROUP_NAME]);
