/* Mount points and networks of a container as inspect and list show them. */
#include "api/shapes.h"

#include "base/strings.h"

typedef struct MountShape {
        const char *type, *source, *destination, *mode, *propagation;
        bool rw;
} MountShape;

static const JsonField mount_fields[] = {
        JSON_FIELD("Type", STRING, MountShape, type, 0),
        JSON_FIELD("Source", STRING, MountShape, source, 0),
        JSON_FIELD("Destination", STRING, MountShape, destination, 0),
        JSON_FIELD("Mode", STRING, MountShape, mode, 0),
        JSON_FIELD("RW", BOOL, MountShape, rw, 0),
        JSON_FIELD("Propagation", STRING, MountShape, propagation, 0),
        JSON_END,
};

static bool is_propagation(const char *word)
{
        static const char *const words[] = { "private", "rprivate", "shared", "rshared", "slave", "rslave" };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (streq(word, words[i]))
                        return true;
        return false;
}

/* "source:destination[:mode]" */
static json_t *shape_bind(const char *bind)
{
        _cleanup_strv_ char **parts = NULL, **options = NULL;
        MountShape shape = { .type = "bind", .mode = "", .propagation = "rprivate", .rw = true };

        if (brig_strv_split(bind, ':', &parts) < 0 || brig_strv_len(parts) < 2)
                return NULL;
        shape.source = parts[0];
        shape.destination = parts[1];
        if (parts[2]) {
                shape.mode = parts[2];
                if (brig_strv_split(parts[2], ',', &options) < 0)
                        return NULL;
        }
        BRIG_STRV_FOREACH(option, options) {
                if (streq(*option, "ro"))
                        shape.rw = false;
                if (is_propagation(*option))
                        shape.propagation = *option;
        }
        return brig_json_write(mount_fields, &shape);
}

static json_t *shape_mount(const MountRequest *m)
{
        const char *propagation = json_string_value(json_object_get(m->bind_options, "Propagation"));
        bool is_bind = brig_str_equal(m->type, "bind");

        return brig_json_write(mount_fields, &(MountShape){
                .type = m->type ?: "", .source = m->source ?: "", .destination = m->target ?: "", .mode = "", .rw = !m->read_only,
                .propagation = is_bind ? (brig_str_empty(propagation) ? "rprivate" : propagation) : "",
        });
}

json_t *brig_shape_mounts(const ContainerDefinition *d)
{
        _cleanup_json_ json_t *array = json_array();
        const MountRequest *mounts = d->host.mounts.items;

        if (!array)
                return NULL;
        BRIG_STRV_FOREACH(bind, d->host.binds)
                if (json_array_append_new(array, shape_bind(*bind)) < 0)
                        return NULL;
        for (size_t i = 0; i < d->host.mounts.count; i++)
                if (json_array_append_new(array, shape_mount(&mounts[i])) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

/* Empty members of EndpointSettings, in Docker's order. */
json_t *brig_shape_networks(const ContainerDefinition *d)
{
        const char *mode = d->host.network_mode;
        const char *name = !brig_str_empty(mode) && streq(mode, "host") ? "host" : "none";

        return json_pack("{s:{s:n, s:n, s:n, s:s, s:n, s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:i, s:n}}", name, "IPAMConfig", "Links",
                         "Aliases", "MacAddress", "", "DriverOpts", "GwPriority", 0, "NetworkID", SHAPE_NETWORK_NONE_ID, "EndpointID", "",
                         "Gateway", "", "IPAddress", "", "IPPrefixLen", 0, "IPv6Gateway", "", "GlobalIPv6Address", "",
                         "GlobalIPv6PrefixLen", 0, "DNSNames");
}

json_t *brig_shape_network_settings(const ContainerDefinition *d)
{
        return json_pack("{s:s, s:s, s:s, s:{}, s:b, s:s, s:i, s:n, s:n, s:s, s:s, s:s, s:i, s:s, s:i, s:s, s:s, s:o}",
                         "Bridge", "", "SandboxID", "", "SandboxKey", "", "Ports", "HairpinMode", 0, "LinkLocalIPv6Address", "",
                         "LinkLocalIPv6PrefixLen", 0, "SecondaryIPAddresses", "SecondaryIPv6Addresses", "EndpointID", "", "Gateway", "",
                         "GlobalIPv6Address", "", "GlobalIPv6PrefixLen", 0, "IPAddress", "", "IPPrefixLen", 0, "IPv6Gateway", "",
                         "MacAddress", "", "Networks", brig_shape_networks(d));
}
