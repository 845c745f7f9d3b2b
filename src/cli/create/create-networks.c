/* --network and everything that hangs on an endpoint. */
#include "cli/create/create-internal.h"
#include "base/strings.h"
#include "cli/cli.h"
#include <arpa/inet.h>

static const CopyRow host_rows[] = {
        COPY("Dns", LIST, dns), COPY("DnsOptions", LIST, dns_option), COPY("DnsSearch", LIST, dns_search), COPY("Links", LIST, link),
};

static bool is_address(const char *s)
{
        struct in6_addr a;

        return inet_pton(AF_INET, s, &a) == 1 || inet_pton(AF_INET6, s, &a) == 1;
}

/* "name:address" or "name=address"; the address may stand in brackets, "host-gateway" is the daemon's to resolve. */
static int put_extra_host(const char *word, json_t *host, BrigError *err)
{
        size_t name_len = strcspn(word, "=:");
        const char *address = word + name_len + 1;
        _cleanup_free_ char *plain = NULL;
        size_t len;

        if (!word[name_len] || name_len == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "invalid argument \"%s\" for \"--add-host\" flag: bad format for add-host: \"%s\"", word, word);
        len = strlen(address);
        plain = len > 1 && address[0] == '[' && address[len - 1] == ']' ? strndup(address + 1, len - 2) : strdup(address);
        if (!plain)
                return brig_create_no_memory(err);
        if (!streq(plain, "host-gateway") && !is_address(plain))
                return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "invalid argument \"%s\" for \"--add-host\" flag: invalid IP address in add-host: \"%s\"", word, plain);
        return brig_create_append(host, "ExtraHosts", json_sprintf("%.*s:%s", (int)name_len, word, plain), err);
}

static const struct { const char *key, *group, *member; bool list; } network_keys[] = {
        { "alias", NULL, "Aliases", true },
        { "ip", "IPAMConfig", "IPv4Address", false },
        { "ip6", "IPAMConfig", "IPv6Address", false },
        { "link-local-ip", "IPAMConfig", "LinkLocalIPs", true },
        { "mac-address", NULL, "MacAddress", false },
};

static int put_endpoint_field(char *field, json_t *endpoint, BrigError *err)
{
        char *value = brig_cut_value(field);

        if (value && streq(field, "driver-opt")) {
                char *const words[] = { value, NULL };

                return brig_create_map(endpoint, "DriverOpts", words, err);
        }
        if (value && streq(field, "gw-priority")) {
                int64_t priority;

                if (brig_parse_i64(value, &priority) < 0)
                        return brig_create_bad(err, value, "--network", "invalid gw-priority");
                return brig_create_set(endpoint, "GwPriority", json_integer(priority), err);
        }
        for (size_t i = 0; value && i < ARRAY_SIZE(network_keys); i++) {
                json_t *to = network_keys[i].group ? brig_create_object(endpoint, network_keys[i].group) : endpoint;

                if (!streq(field, network_keys[i].key))
                        continue;
                return network_keys[i].list ? brig_create_append(to, network_keys[i].member, json_string(value), err)
                                            : brig_create_set(to, network_keys[i].member, json_string(value), err);
        }
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid field %s in \"--network\"", field);
}

/* "NAME" or "name=NAME,alias=..."; *ret_name points into fields. */
static int read_network(char **fields, json_t *endpoint, const char **ret_name, BrigError *err)
{
        *ret_name = strchr(fields[0], '=') ? NULL : fields[0];
        for (char **f = fields + (*ret_name != NULL); *f; f++) {
                int r;

                if (brig_str_has_prefix(*f, "name=")) {
                        *ret_name = *f + strlen("name=");
                        continue;
                }
                r = put_endpoint_field(*f, endpoint, err);
                if (r < 0)
                        return r;
        }
        return *ret_name ? 0 : brig_create_bad(err, fields[0], "--network", "network name is required");
}

/* The options that speak of "the" network belong to the first one. */
static int put_first_options(const ContainerOptions *o, bool user_defined, json_t *endpoint, BrigError *err)
{
        const struct { const char *member, *value; } addresses[] = { { "IPv4Address", o->ip }, { "IPv6Address", o->ip6 } };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(addresses); i++)
                if (!brig_str_empty(addresses[i].value))
                        r = brig_create_set(brig_create_object(endpoint, "IPAMConfig"), addresses[i].member, json_string(addresses[i].value), err);
        for (char **w = o->link_local_ip; r >= 0 && w && *w; w++)
                r = brig_create_append(brig_create_object(endpoint, "IPAMConfig"), "LinkLocalIPs", json_string(*w), err);
        for (char **w = o->network_alias; r >= 0 && w && *w; w++)
                r = brig_create_append(endpoint, "Aliases", json_string(*w), err);
        for (char **w = o->link; r >= 0 && user_defined && w && *w; w++)
                r = brig_create_append(endpoint, "Links", json_string(*w), err);
        if (r >= 0 && !brig_str_empty(o->mac_address))
                r = brig_create_set(endpoint, "MacAddress", json_string(o->mac_address), err);
        return r;
}

/* The others are modes of the daemon's own, which have no endpoint that could be configured. */
static bool is_user_defined(const char *name)
{
        static const char *const modes[] = { "default", "bridge", "none", "host" };

        for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
                if (streq(modes[i], name))
                        return false;
        return !brig_str_has_prefix(name, "container:");
}

static int put_network(const ContainerOptions *o, const char *word, json_t *config, json_t *host, BrigError *err)
{
        bool first = !json_object_get(host, "NetworkMode");
        _cleanup_strv_ char **fields = NULL;
        json_t *endpoint = json_object();
        const char *name = NULL;
        int r = endpoint ? brig_csv_fields(word, &fields) : -ENOMEM;

        r = r < 0 ? brig_create_bad(err, word, "--network", strerror(-r)) : read_network(fields, endpoint, &name, err);
        if (r >= 0 && first)
                r = put_first_options(o, is_user_defined(name), endpoint, err);
        if (r >= 0 && first)
                r = brig_create_set(host, "NetworkMode", json_string(name), err);
        if (r >= 0 && (is_user_defined(name) || json_object_size(endpoint) > 0))
                return brig_create_set(brig_create_object(brig_create_object(config, "NetworkingConfig"), "EndpointsConfig"), name,
                                       endpoint, err);
        json_decref(endpoint);
        return r;
}

int brig_create_networks(const ContainerOptions *o, json_t *config, json_t *host, BrigError *err)
{
        static char *const automatic[] = { (char *)"default", NULL };
        int r = brig_create_copy(host_rows, ARRAY_SIZE(host_rows), o, host, err);

        BRIG_STRV_FOREACH(w, o->dns)
                if (!is_address(*w))
                        return brig_create_bad(err, *w, "--dns", "IP address is not correctly formatted");
        for (char **w = o->add_host; r >= 0 && w && *w; w++)
                r = put_extra_host(*w, host, err);
        for (char *const *w = o->network ?: automatic; r >= 0 && *w; w++)
                r = put_network(o, *w, config, host, err);
        return r;
}
