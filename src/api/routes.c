/*
 * The table and its matching. Rows are tried in order; a pattern has one variable
 * at most, so matching is a prefix and a suffix, no expression engine.
 */
#include "api/routes.h"

#include "api/api.h"
#include "base/strings.h"

#define API_MIN API_VERSION(1, 24)
#define API_MAX API_VERSION(1, 50)

static const Route routes[] = {
        { "GET", "/_ping", brig_handle_ping, "system.ping", 0 },
        { "HEAD", "/_ping", brig_handle_ping, "system.ping", 0 },
        { "GET", "/version", brig_handle_version, "system.version", 0 },
        { "GET", "/info", brig_handle_info, "system.info", 0 },
        { "GET", "/events", brig_handle_events, "system.events", 0 },
        { "GET", "/system/df", brig_handle_disk_usage, "system.df", 0 },
        { "POST", "/auth", brig_handle_absent, "system.auth", 0 },

        { "GET", "/containers/json", brig_handle_container_list, "container.list", 0 },
        { "POST", "/containers/create", brig_handle_container_create, "container.create", 0 },
        { "POST", "/containers/prune", brig_handle_container_prune, "container.prune", 0 },
        { "GET", "/containers/{id}/json", brig_handle_container_inspect, "container.inspect", 0 },
        { "GET", "/containers/{id}/logs", brig_handle_container_logs, "container.logs", 0 },
        { "GET", "/containers/{id}/top", brig_handle_container_top, "container.top", 0 },
        { "GET", "/containers/{id}/security", brig_handle_container_security, "container.security", 0 },
        { "GET", "/containers/{id}/attach/ws", brig_handle_absent, "container.attach", 0 },
        { "GET", "/containers/{id}/stats", brig_handle_absent, "container.stats", 0 },
        { "GET", "/containers/{id}/changes", brig_handle_absent, "container.changes", 0 },
        { "GET", "/containers/{id}/export", brig_handle_absent, "container.export", 0 },
        { "GET", "/containers/{id}/archive", brig_handle_absent, "container.archive.read", 0 },
        { "HEAD", "/containers/{id}/archive", brig_handle_absent, "container.archive.read", 0 },
        { "PUT", "/containers/{id}/archive", brig_handle_absent, "container.archive.write", ROUTE_ANY_BODY },
        { "POST", "/containers/{id}/start", brig_handle_container_start, "container.start", 0 },
        { "POST", "/containers/{id}/stop", brig_handle_container_stop, "container.stop", 0 },
        { "POST", "/containers/{id}/restart", brig_handle_container_restart, "container.restart", 0 },
        { "POST", "/containers/{id}/kill", brig_handle_container_kill, "container.kill", 0 },
        { "POST", "/containers/{id}/pause", brig_handle_container_pause, "container.pause", 0 },
        { "POST", "/containers/{id}/unpause", brig_handle_container_unpause, "container.pause", 0 },
        { "POST", "/containers/{id}/rename", brig_handle_container_rename, "container.rename", 0 },
        { "POST", "/containers/{id}/resize", brig_handle_container_resize, "container.attach", 0 },
        { "POST", "/containers/{id}/wait", brig_handle_container_wait, "container.wait", 0 },
        { "POST", "/containers/{id}/attach", brig_handle_container_attach, "container.attach", ROUTE_ANY_BODY },
        { "POST", "/containers/{id}/update", brig_handle_absent, "container.update", ROUTE_ANY_BODY },
        { "POST", "/containers/{id}/exec", brig_handle_exec_create, "container.exec", 0 },
        { "DELETE", "/containers/{id}", brig_handle_container_remove, "container.remove", 0 },
        { "POST", "/commit", brig_handle_absent, "container.commit", ROUTE_ANY_BODY },

        { "POST", "/exec/{id}/start", brig_handle_exec_start, "container.exec", 0 },
        { "POST", "/exec/{id}/resize", brig_handle_exec_resize, "container.exec", 0 },
        { "GET", "/exec/{id}/json", brig_handle_exec_inspect, "container.inspect", 0 },

        { "GET", "/images/json", brig_handle_image_list, "image.list", 0 },
        { "GET", "/images/search", brig_handle_absent, "image.search", 0 },
        { "GET", "/images/get", brig_handle_image_save, "image.save", 0 },
        { "POST", "/images/load", brig_handle_image_load, "image.load", ROUTE_STREAM_BODY },
        { "POST", "/images/create", brig_handle_image_create, "image.create", ROUTE_STREAM_BODY },
        { "POST", "/images/prune", brig_handle_image_prune, "image.prune", 0 },
        { "GET", "/images/{name}/get", brig_handle_image_save, "image.save", 0 },
        { "GET", "/images/{name}/history", brig_handle_image_history, "image.inspect", 0 },
        { "GET", "/images/{name}/json", brig_handle_image_inspect, "image.inspect", 0 },
        { "POST", "/images/{name}/tag", brig_handle_image_tag, "image.tag", 0 },
        { "POST", "/images/{name}/push", brig_handle_absent, "image.push", ROUTE_ANY_BODY },
        { "DELETE", "/images/{name}", brig_handle_image_delete, "image.delete", 0 },

        { "POST", "/build", brig_handle_absent, "build.run", ROUTE_ANY_BODY },
        { "POST", "/build/prune", brig_handle_absent, "build.prune", 0 },
        { "POST", "/build/cancel", brig_handle_absent, "build.cancel", 0 },
        { "POST", "/session", brig_handle_absent, "build.session", ROUTE_ANY_BODY },
        { "POST", "/grpc", brig_handle_absent, "build.session", ROUTE_ANY_BODY },
        { "GET", "/distribution/{name}/json", brig_handle_absent, "image.distribution", 0 },

        { "GET", "/volumes", brig_handle_absent, "volume.list", 0 },
        { "POST", "/volumes/create", brig_handle_absent, "volume.create", ROUTE_ANY_BODY },
        { "POST", "/volumes/prune", brig_handle_absent, "volume.prune", 0 },
        { "GET", "/volumes/{id}", brig_handle_absent, "volume.inspect", 0 },
        { "PUT", "/volumes/{id}", brig_handle_absent, "volume.update", ROUTE_ANY_BODY },
        { "DELETE", "/volumes/{id}", brig_handle_absent, "volume.remove", 0 },

        { "GET", "/networks", brig_handle_absent, "network.list", 0 },
        { "POST", "/networks/create", brig_handle_absent, "network.create", ROUTE_ANY_BODY },
        { "POST", "/networks/prune", brig_handle_absent, "network.prune", 0 },
        { "POST", "/networks/{id}/connect", brig_handle_absent, "network.connect", ROUTE_ANY_BODY },
        { "POST", "/networks/{id}/disconnect", brig_handle_absent, "network.connect", ROUTE_ANY_BODY },
        { "GET", "/networks/{id}", brig_handle_absent, "network.inspect", 0 },
        { "DELETE", "/networks/{id}", brig_handle_absent, "network.remove", 0 },

        { "GET", "/plugins", brig_handle_absent, "plugin.list", 0 },
        { "GET", "/plugins/{name}", brig_handle_absent, "plugin.list", 0 },
        { "POST", "/plugins/{name}", brig_handle_absent, "plugin.change", ROUTE_ANY_BODY },
        { "DELETE", "/plugins/{name}", brig_handle_absent, "plugin.change", 0 },
        { "GET", "/swarm", brig_handle_absent, "swarm.inspect", 0 },
        { "POST", "/swarm/{name}", brig_handle_absent, "swarm.change", ROUTE_ANY_BODY },
        { "GET", "/swarm/{name}", brig_handle_absent, "swarm.inspect", 0 },
        { "GET", "/nodes", brig_handle_absent, "swarm.inspect", 0 },
        { "GET", "/nodes/{name}", brig_handle_absent, "swarm.inspect", 0 },
        { "GET", "/services", brig_handle_absent, "swarm.inspect", 0 },
        { "GET", "/services/{name}", brig_handle_absent, "swarm.inspect", 0 },
        { "POST", "/services/{name}", brig_handle_absent, "swarm.change", ROUTE_ANY_BODY },
        { "GET", "/tasks", brig_handle_absent, "swarm.inspect", 0 },
        { "GET", "/tasks/{name}", brig_handle_absent, "swarm.inspect", 0 },
        { "GET", "/secrets", brig_handle_absent, "swarm.inspect", 0 },
        { "GET", "/secrets/{name}", brig_handle_absent, "swarm.inspect", 0 },
        { "POST", "/secrets/{name}", brig_handle_absent, "swarm.change", ROUTE_ANY_BODY },
        { "GET", "/configs", brig_handle_absent, "swarm.inspect", 0 },
        { "GET", "/configs/{name}", brig_handle_absent, "swarm.inspect", 0 },
        { "POST", "/configs/{name}", brig_handle_absent, "swarm.change", ROUTE_ANY_BODY },
};

const Route *brig_routes(size_t *ret_count)
{
        *ret_count = ARRAY_SIZE(routes);
        return routes;
}

bool brig_route_match(const char *pattern, const char *path, char **ret_argument)
{
        const char *open = strchr(pattern, '{'), *close = open ? strchr(open, '}') : NULL;
        size_t prefix, suffix, len = strlen(path);

        *ret_argument = NULL;
        if (!open)
                return streq(pattern, path);
        prefix = (size_t)(open - pattern);
        suffix = strlen(close + 1);
        if (len <= prefix + suffix || strncmp(path, pattern, prefix) != 0 || !streq(path + len - suffix, close + 1))
                return false;
        len -= prefix + suffix;
        if (brig_str_has_prefix(open, "{id}") && memchr(path + prefix, '/', len))
                return false;
        *ret_argument = strndup(path + prefix, len);
        return *ret_argument != NULL;
}

/* Length of "/v1.24" before a slash; 0 when the path has no version. */
static size_t version_length(const char *path)
{
        size_t len;

        if (path[0] != '/' || path[1] != 'v')
                return 0;
        len = strspn(path + 2, "0123456789.");
        return len && path[2 + len] == '/' ? len + 2 : 0;
}

/* "1.24" → API_VERSION(1, 24). Parts that cannot be a version of this API make it 0 or huge: too old or too new. */
static unsigned version_number(const char *s)
{
        char *end;
        unsigned long major = strtoul(s, &end, 10), minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

        if (major > 1 || minor > 999)
                return API_VERSION(major > 1 ? 2 : 1, 999);
        return API_VERSION((unsigned)major, (unsigned)minor);
}

static int take_version(Request *r, BrigError *err)
{
        size_t len = version_length(r->target.path);
        _cleanup_free_ char *version = NULL;

        r->version = API_MAX;
        if (len == 0)
                return 0;
        version = strndup(r->target.path + 2, len - 2);
        if (!version)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the API version");
        r->version = version_number(version);
        memmove(r->target.path, r->target.path + len, strlen(r->target.path + len) + 1);
        if (r->version < API_MIN)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL,
                                      "client version %.20s is too old. Minimum supported API version is %s, "
                                      "please upgrade your client to a newer version", version, BRIG_API_MIN_VERSION);
        if (r->version > API_MAX)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL,
                                      "client version %.20s is too new. Maximum supported API version is %s", version, BRIG_API_VERSION);
        return 0;
}

int brig_route_find(Request *r, BrigError *err)
{
        int ret = take_version(r, err);

        if (ret < 0)
                return ret;
        for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
                if (!streq(routes[i].method, r->method))
                        continue;
                if (brig_route_match(routes[i].pattern, r->target.path, &r->argument)) {
                        r->route = &routes[i];
                        return 0;
                }
        }
        return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "page not found");
}
