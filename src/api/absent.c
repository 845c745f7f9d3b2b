/*
 * Families of the API that are not built yet. What only lists is answered with an
 * empty list, because clients ask on their way to something else; what
 * would have to change something is refused with words that help.
 */
#include "api/routes.h"
#include "api/shapes.h"

#include "base/strings.h"

typedef struct Absent {
        const char *method, *pattern;
        BrigErrorKind kind;             /* BRIG_OK: text is the body */
        const char *text;               /* %s: the route's argument */
} Absent;

#define NO_SWARM "This node is not a swarm manager. Swarm is not part of this engine."
#define NO_NETWORKS "networks are not built yet: containers have a private network namespace with loopback only (--network none)"
#define NO_VOLUMES "named volumes are not built yet: bind a folder of the host instead"
#define NO_BUILDER "building images is not built yet: bring images in with \"docker load\" or \"docker import\""
#define NO_REGISTRY "registries are not built yet: move images with \"docker save\" and \"docker load\""
#define NONE_NETWORK "{\"Name\":\"none\",\"Id\":\"" SHAPE_NETWORK_NONE_ID "\",\"Created\":\"0001-01-01T00:00:00Z\",\"Scope\":\"local\"," \
        "\"Driver\":\"null\",\"EnableIPv4\":true,\"EnableIPv6\":false,\"IPAM\":{\"Driver\":\"default\",\"Options\":null,\"Config\":null}," \
        "\"Internal\":false,\"Attachable\":false,\"Ingress\":false,\"ConfigFrom\":{\"Network\":\"\"},\"ConfigOnly\":false," \
        "\"Containers\":{},\"Options\":{},\"Labels\":{}}"

static const Absent answers[] = {
        { "POST", "/auth", BRIG_ERR_UNSUPPORTED, NO_REGISTRY },
        { "GET", "/images/search", BRIG_ERR_UNSUPPORTED, NO_REGISTRY },
        { "POST", "/images/{name}/push", BRIG_ERR_UNSUPPORTED, NO_REGISTRY },
        { "GET", "/distribution/{name}/json", BRIG_ERR_UNSUPPORTED, NO_REGISTRY },

        { "GET", "/containers/{id}/attach/ws", BRIG_ERR_UNSUPPORTED, "attaching over a WebSocket is not built yet: use /attach with Upgrade: tcp" },
        { "GET", "/containers/{id}/stats", BRIG_ERR_UNSUPPORTED, "statistics are not built yet" },
        { "GET", "/containers/{id}/changes", BRIG_ERR_UNSUPPORTED, "listing changed files is not built yet" },
        { "GET", "/containers/{id}/export", BRIG_ERR_UNSUPPORTED, "exporting a container is not built yet" },
        { "GET", "/containers/{id}/archive", BRIG_ERR_UNSUPPORTED, "copying out of a container is not built yet" },
        { "HEAD", "/containers/{id}/archive", BRIG_ERR_UNSUPPORTED, "copying out of a container is not built yet" },
        { "PUT", "/containers/{id}/archive", BRIG_ERR_UNSUPPORTED, "copying into a container is not built yet" },
        { "POST", "/containers/{id}/update", BRIG_ERR_UNSUPPORTED, "changing a container's limits is not built yet" },
        { "POST", "/commit", BRIG_ERR_UNSUPPORTED, "committing a container is not built yet" },

        { "POST", "/build", BRIG_ERR_UNSUPPORTED, NO_BUILDER },
        { "POST", "/build/prune", BRIG_OK, "{\"CachesDeleted\":null,\"SpaceReclaimed\":0}" },
        { "POST", "/build/cancel", BRIG_ERR_UNSUPPORTED, NO_BUILDER },
        { "POST", "/session", BRIG_ERR_UNSUPPORTED, NO_BUILDER " (BuildKit sessions: set DOCKER_BUILDKIT=0)" },
        { "POST", "/grpc", BRIG_ERR_UNSUPPORTED, NO_BUILDER " (BuildKit sessions: set DOCKER_BUILDKIT=0)" },

        { "GET", "/volumes", BRIG_OK, "{\"Volumes\":[],\"Warnings\":null}" },
        { "POST", "/volumes/create", BRIG_ERR_UNSUPPORTED, NO_VOLUMES },
        { "POST", "/volumes/prune", BRIG_OK, "{\"VolumesDeleted\":null,\"SpaceReclaimed\":0}" },
        { "GET", "/volumes/{id}", BRIG_ERR_NOT_FOUND, "get %s: no such volume" },
        { "PUT", "/volumes/{id}", BRIG_ERR_NOT_FOUND, "get %s: no such volume" },
        { "DELETE", "/volumes/{id}", BRIG_ERR_NOT_FOUND, "get %s: no such volume" },

        { "GET", "/networks", BRIG_OK, "[" NONE_NETWORK "]" },
        { "POST", "/networks/create", BRIG_ERR_UNSUPPORTED, NO_NETWORKS },
        { "POST", "/networks/prune", BRIG_OK, "{\"NetworksDeleted\":null}" },
        { "POST", "/networks/{id}/connect", BRIG_ERR_UNSUPPORTED, NO_NETWORKS },
        { "POST", "/networks/{id}/disconnect", BRIG_ERR_UNSUPPORTED, NO_NETWORKS },
        { "GET", "/networks/{id}", BRIG_ERR_NOT_FOUND, "network %s not found" },
        { "DELETE", "/networks/{id}", BRIG_ERR_NOT_FOUND, "network %s not found" },

        { "GET", "/plugins", BRIG_OK, "[]" },
        { "GET", "/plugins/{name}", BRIG_ERR_NOT_FOUND, "plugin \"%s\" not found" },
        { "POST", "/plugins/{name}", BRIG_ERR_UNSUPPORTED, "plugins are not part of this engine" },
        { "DELETE", "/plugins/{name}", BRIG_ERR_NOT_FOUND, "plugin \"%s\" not found" },
};

static bool names_only_network(const char *name)
{
        return streq(name, "none") || (strlen(name) >= 12 && brig_str_has_prefix(SHAPE_NETWORK_NONE_ID, name));
}

static int refuse(const Absent *a, const Request *r, BrigError *err)
{
        const char *place = strstr(a->text, "%s");

        if (!place)
                return brig_error_set(err, a->kind, ENOTSUP, "%s", a->text);
        return brig_error_set(err, a->kind, ENOENT, "%.*s%.200s%s", (int)(place - a->text), a->text, r->argument, place + 2);
}

int brig_handle_absent(Request *r, BrigError *err)
{
        const Absent *a = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(answers) && !a; i++)
                if (streq(answers[i].method, r->method) && streq(answers[i].pattern, r->route->pattern))
                        a = &answers[i];
        /* Every row of the table without an answer here belongs to the swarm (a test holds this). */
        if (!a)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, ENOTSUP, NO_SWARM);
        if (streq(a->pattern, "/networks/{id}") && streq(a->method, "GET") && names_only_network(r->argument))
                return brig_reply_text(r, 200, "application/json", NONE_NETWORK "\n", err);
        if (a->kind != BRIG_OK)
                return refuse(a, r, err);
        return brig_reply_text(r, 200, "application/json", a->text, err);
}
