#pragma once
/*
 * Docker's JSON shapes (Engine API 1.50), built from the engine's views. Each is a
 * struct of borrowed pointers and a table beside it: a field is written down once. All
 * functions return a new reference, or NULL when out of memory.
 */
#include "api/request.h"

/* The id under which the one network that exists is listed: "none", loopback only. */
#define SHAPE_NETWORK_NONE_ID "6e6f6e65000000000000000000000000000000000000000000000000006e6f6e"
/* `docker info` and inspect: overlayfs with one folder per layer. */
#define SHAPE_STORAGE_DRIVER "overlay2"

/* GET /containers/{id}/json. */
json_t *brig_shape_container_inspect(const ContainerView *v, unsigned version);
/* One row of GET /containers/json. now: ns. images: for the name an image still goes by, may be NULL. */
json_t *brig_shape_container_row(const ContainerView *v, ImageStore *images, int64_t now);
/* "Up 2 minutes (healthy)": the words of `docker ps`. out: 80 bytes. */
void brig_shape_container_status(const ContainerView *v, int64_t now, char out[80]);
/* Path and arguments as `docker ps` shows them; free(3). */
char *brig_shape_command(const char *path, char *const *args);
/* Array of MountPoint. */
json_t *brig_shape_mounts(const ContainerDefinition *d);
/* NetworkSettings: everything is empty but the name of the network. */
json_t *brig_shape_network_settings(const ContainerDefinition *d);
/* {"none": EndpointSettings} */
json_t *brig_shape_networks(const ContainerDefinition *d);
json_t *brig_shape_exec(const ExecView *v);

/* GET /images/{name}/json */
json_t *brig_shape_image_inspect(const Image *i, unsigned version);
/* One row of GET /images/json. containers, shared_size: -1 not counted. */
typedef struct ImageRow { const Image *image; int64_t containers, shared_size; char *const *tags, *const *digests; } ImageRow;
json_t *brig_shape_image_row(const ImageRow *row, unsigned version);
json_t *brig_shape_image_history(const Image *i);
/* "Untagged: x" and "Deleted: y" lines as [{"Untagged": "x"}, …]. */
json_t *brig_shape_image_deletions(char *const *lines);

json_t *brig_shape_event(const Event *e, unsigned version);

/* Array of strings; NULL vector: []. */
json_t *brig_shape_strings(char *const *v);
/* RFC 3339, Docker's zero time for 0. */
void brig_shape_time(int64_t ns, char out[40]);
