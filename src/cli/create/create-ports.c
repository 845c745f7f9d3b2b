/*
 * -p and --expose. "[ip:][host[-host]:]container[-container][/protocol]" and
 * the long form "published=8080,target=80,protocol=tcp".
 */
#include "cli/create/create-internal.h"
#include "base/strings.h"

typedef struct PortRange { uint32_t first, last; } PortRange;

static int parse_range(const char *s, size_t len, PortRange *ret)
{
        char text[16];
        char *dash;

        if (len == 0 || len >= sizeof(text))
                return -EINVAL;
        memcpy(text, s, len);
        text[len] = '\0';
        dash = strchr(text, '-');
        if (dash)
                *dash = '\0';
        if (brig_parse_u32(text, &ret->first) < 0 || brig_parse_u32(dash ? dash + 1 : text, &ret->last) < 0)
                return -EINVAL;
        return ret->first <= ret->last && ret->last <= 65535 ? 0 : -ERANGE;
}

typedef struct PortSpec {
        char ip[64];
        char protocol[8];
        PortRange host;          /* both 0: the daemon chooses */
        PortRange container;
        bool has_host;
} PortSpec;

/* The protocol behind '/', "tcp" without; *ret_len is what stands before it. */
static int parse_protocol(const char *s, char out[8], size_t *ret_len)
{
        static const char *const protocols[] = { "tcp", "udp", "sctp" };
        const char *slash = strchr(s, '/');

        *ret_len = slash ? (size_t)(slash - s) : strlen(s);
        for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
                if (strcasecmp(slash ? slash + 1 : "tcp", protocols[i]) == 0) {
                        (void)snprintf(out, 8, "%s", protocols[i]);
                        return 0;
                }
        return -EINVAL;
}

/* The address in front of "host:container": "1.2.3.4:" or "[::1]:". */
static int parse_address(const char *s, size_t len, PortSpec *ret)
{
        bool brackets = len > 1 && s[0] == '[' && s[len - 1] == ']';

        if (len - 2 * brackets >= sizeof(ret->ip))
                return -EINVAL;
        memcpy(ret->ip, s + brackets, len - 2 * brackets);
        ret->ip[len - 2 * brackets] = '\0';
        return 0;
}

static int parse_spec(const char *word, PortSpec *ret)
{
        const char *container, *host;
        size_t len;

        *ret = (PortSpec) { 0 };
        if (parse_protocol(word, ret->protocol, &len) < 0)
                return -EINVAL;
        container = memrchr(word, ':', len);
        container = container ? container + 1 : word;
        if (parse_range(container, (size_t)(word + len - container), &ret->container) < 0)
                return -EINVAL;
        if (container == word)
                return 0;
        len = (size_t)(container - 1 - word);
        host = memrchr(word, ':', len);
        if (host && word[0] == '[' && word[len - 1] == ']')
                return -EINVAL;
        if (host && parse_address(word, (size_t)(host - word), ret) < 0)
                return -EINVAL;
        host = host ? host + 1 : word;
        len = (size_t)(container - 1 - host);
        ret->has_host = len > 0;
        return len > 0 ? parse_range(host, len, &ret->host) : 0;
}

static int put_exposed(json_t *config, uint32_t port, const char *protocol, BrigError *err)
{
        char name[24];

        (void)snprintf(name, sizeof(name), "%u/%s", port, protocol);
        return brig_create_set(brig_create_object(config, "ExposedPorts"), name, json_object(), err);
}

static int put_binding(json_t *host, uint32_t port, const PortSpec *s, const char *published, BrigError *err)
{
        json_t *binding = json_pack("{ss ss}", "HostIp", s->ip, "HostPort", published);
        char name[24];

        (void)snprintf(name, sizeof(name), "%u/%s", port, s->protocol);
        return brig_create_append(brig_create_object(host, "PortBindings"), name, binding, err);
}

static int put_spec(const char *word, const PortSpec *s, json_t *config, json_t *host, BrigError *err)
{
        uint32_t host_count = s->host.last - s->host.first + 1, count = s->container.last - s->container.first + 1;

        /* A range of host ports for one container port lets the daemon pick; else both have the same length. */
        if (s->has_host && host_count != count && count != 1)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid ranges specified for container and host Ports: %s", word);
        for (uint32_t i = 0; i < count; i++) {
                char published[16] = "";
                int r;

                if (s->has_host && count == 1 && host_count > 1)
                        (void)snprintf(published, sizeof(published), "%u-%u", s->host.first, s->host.last);
                else if (s->has_host)
                        (void)snprintf(published, sizeof(published), "%u", s->host.first + i);
                r = put_exposed(config, s->container.first + i, s->protocol, err);
                if (r >= 0)
                        r = put_binding(host, s->container.first + i, s, published, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* "published=8080,target=80,protocol=udp,mode=host" in the short form; mode and app_protocol say nothing about one host. */
static char *short_form(const char *word)
{
        _cleanup_strv_ char **fields = NULL;
        const char *published = "", *target = "", *protocol = "tcp";

        if (!strchr(word, '='))
                return strdup(word);
        if (brig_csv_fields(word, &fields) < 0)
                return NULL;
        BRIG_STRV_FOREACH(f, fields) {
                const char *value = brig_cut_value(*f);

                if (value && streq(*f, "published"))
                        published = value;
                else if (value && streq(*f, "target"))
                        target = value;
                else if (value && streq(*f, "protocol"))
                        protocol = value;
        }
        return brig_str_printf("%s%s%s/%s", published, *published ? ":" : "", target, protocol);
}

static int put_expose(const char *word, json_t *config, BrigError *err)
{
        PortSpec s = { 0 };
        size_t len;

        if (strchr(word, ':'))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid port format for --expose: %s", word);
        if (parse_protocol(word, s.protocol, &len) < 0 || parse_range(word, len, &s.container) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid range format for --expose: %s", word);
        for (uint32_t p = s.container.first; p <= s.container.last; p++) {
                int r = put_exposed(config, p, s.protocol, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

int brig_create_ports(const ContainerOptions *o, json_t *config, json_t *host, BrigError *err)
{
        int r = 0;

        for (char **w = o->publish; r >= 0 && w && *w; w++) {
                _cleanup_free_ char *word = short_form(*w);
                PortSpec s;

                r = !word || parse_spec(word, &s) < 0
                        ? brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid publish specification \"%s\": expected [ip:][host:]container[/protocol]", *w)
                        : put_spec(word, &s, config, host, err);
        }
        for (char **w = o->expose; r >= 0 && w && *w; w++)
                r = put_expose(*w, config, err);
        if (r >= 0 && o->publish_all)
                r = brig_create_set(host, "PublishAllPorts", json_true(), err);
        return r;
}
