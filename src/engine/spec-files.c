/* The small files that an engine provides: /etc/hostname, /etc/hosts, /etc/resolv.conf. */
#include "engine/spec-internal.h"

#include "base/strings.h"
#include <arpa/inet.h>

#define MAX_FILE (1u << 20)

static int no_memory(BrigError *err)
{
        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "write the container's files");
}

static int add_file(ContainerSpec *s, const char *path, BrigBuffer *text, BrigError *err)
{
        PlanFile *f = &s->files[s->n_files];
        size_t len = text->len;
        char *data;

        if (text->error == -E2BIG)
                return brig_error_set(err, BRIG_ERR_TOO_LARGE, E2BIG, "\"%s\" would be larger than %u bytes", path, MAX_FILE);
        data = brig_buffer_take(text);
        if (!data)
                return no_memory(err);
        *f = (PlanFile){ .mode = 0644, .path = path, .data = data, .len = (uint32_t)len };
        s->n_files++;
        return 0;
}

static bool is_address(const char *text)
{
        struct in6_addr ignored;

        return inet_pton(AF_INET, text, &ignored) == 1 || inet_pton(AF_INET6, text, &ignored) == 1;
}

/* A line of its own would let a value smuggle others in. */
static bool is_word(const char *text)
{
        return *text && !text[strcspn(text, " \t\r\n\v\f#")];
}

/* "name:address"; the address may hold colons, and stand in brackets. */
static int add_host(BrigBuffer *text, const char *entry, BrigError *err)
{
        size_t len = strcspn(entry, ":=");
        _cleanup_free_ char *name = strndup(entry, len), *address = entry[len] ? strdup(entry + len + 1) : NULL;
        char *bare = address;

        if (!name || (entry[len] && !address))
                return no_memory(err);
        if (bare && *bare == '[' && brig_str_has_suffix(bare, "]")) {
                bare[strlen(bare) - 1] = '\0';
                bare++;
        }
        if (bare && streq(bare, "host-gateway"))
                return brig_error_set(err, BRIG_ERR_UNSUPPORTED, EOPNOTSUPP, "not supported yet: the address host-gateway (--add-host %s)", entry);
        if (!bare || !is_word(name) || !is_address(bare))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "bad format for add-host: \"%s\"", entry);
        return brig_buffer_printf(text, "%s\t%s\n", bare, name) < 0 && text->error == -ENOMEM ? no_memory(err) : 0;
}

static int add_hosts(const ContainerDefinition *d, ContainerSpec *s, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(MAX_FILE);
        const char *name = s->spec.hostname, *domain = d->config.domainname;

        (void)brig_buffer_puts(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\n"
                                      "ff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"); /* sticky: judged by add_file */
        BRIG_STRV_FOREACH(entry, d->host.extra_hosts) {
                int r = add_host(&text, *entry, err);

                if (r < 0)
                        return r;
        }
        if (name && !brig_str_empty(domain))
                (void)brig_buffer_printf(&text, "127.0.1.1\t%s.%s %s\n", name, domain, name);
        else if (name)
                (void)brig_buffer_printf(&text, "127.0.1.1\t%s\n", name);
        return add_file(s, "/etc/hosts", &text, err);
}

static int bad_dns(const char *what, const char *value, BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid DNS %s: \"%s\"", what, value);
}

static int add_dns_list(BrigBuffer *text, const char *word, char *const *values, BrigError *err)
{
        BRIG_STRV_FOREACH(value, values) {
                if (!is_word(*value))
                        return bad_dns(word, *value, err);
                (void)brig_buffer_printf(text, "%s %s", value == values ? word : "", *value); /* sticky: judged by add_file */
        }
        if (brig_strv_len(values) > 0)
                (void)brig_buffer_putc(text, '\n');
        return 0;
}

/*
 * Without own servers there are none: the container has no way out, and the host's
 * resolver configuration is nothing that it has to know.
 */
static int add_resolv_conf(const ContainerDefinition *d, ContainerSpec *s, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(MAX_FILE);
        int r;

        (void)brig_buffer_puts(&text, "# Written by Brig.\n"); /* sticky: judged by add_file */
        BRIG_STRV_FOREACH(server, d->host.dns) {
                if (!is_address(*server))
                        return bad_dns("server", *server, err);
                (void)brig_buffer_printf(&text, "nameserver %s\n", *server);
        }
        r = add_dns_list(&text, "search", d->host.dns_search, err);
        if (r == 0)
                r = add_dns_list(&text, "options", d->host.dns_options, err);
        return r < 0 ? r : add_file(s, "/etc/resolv.conf", &text, err);
}

static int add_hostname(ContainerSpec *s, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(MAX_FILE);

        if (!s->spec.hostname)
                return 0;
        (void)brig_buffer_printf(&text, "%s\n", s->spec.hostname); /* sticky: judged by add_file */
        return add_file(s, "/etc/hostname", &text, err);
}

int brig_spec_files(const ContainerDefinition *d, ContainerSpec *s, BrigError *err)
{
        int r = add_hostname(s, err);

        if (r == 0)
                r = add_hosts(d, s, err);
        return r < 0 ? r : add_resolv_conf(d, s, err);
}
