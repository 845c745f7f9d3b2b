/*
 * port: the published ports of a container, and how ps shows them. ps joins
 * ports that follow one another ("80-82/tcp") when they share address and
 * protocol; ports that are mapped to another number stand alone, at the end.
 */
#include "cli/verbs/ports.h"
#include "base/strings.h"
#include "cli/verbs/container-calls.h"
#include "cli/verbs/verbs.h"

typedef struct Port {
        const char *ip, *type;
        int64_t inside, outside;
} Port;

static int compare_numbers(int64_t a, int64_t b)
{
        return (a > b) - (a < b);
}

static int compare_ports(const void *a, const void *b)
{
        const Port *x = a, *y = b;
        int order = compare_numbers(x->inside, y->inside);

        if (order == 0)
                order = strcmp(x->ip, y->ip);
        if (order == 0)
                order = compare_numbers(x->outside, y->outside);
        return order ? order : strcmp(x->type, y->type);
}

static void put_address(const char *ip, BrigBuffer *out)
{
        (void)brig_buffer_printf(out, strchr(ip, ':') ? "[%s]" : "%s", ip);
}

static void put_separator(BrigBuffer *out)
{
        if (out->len > 0)
                (void)brig_buffer_puts(out, ", ");
}

static void put_range(int64_t first, int64_t last, BrigBuffer *out)
{
        (void)brig_buffer_printf(out, first == last ? "%lld" : "%lld-%lld", (long long)first, (long long)last);
}

static void put_group(const Port *first, const Port *last, BrigBuffer *out)
{
        put_separator(out);
        if (*first->ip) {
                put_address(first->ip, out);
                (void)brig_buffer_putc(out, ':');
                put_range(first->inside, last->inside, out);
                (void)brig_buffer_puts(out, "->");
        }
        put_range(first->inside, last->inside, out);
        (void)brig_buffer_printf(out, "/%s", first->type);
}

static bool is_mapped(const Port *p)
{
        return *p->ip && p->inside != p->outside;
}

static bool same_group(const Port *a, const Port *b)
{
        return streq(a->ip, b->ip) && streq(a->type, b->type);
}

/* Prints the run of consecutive numbers that begins at ports[i], unless an earlier port has it. */
static void put_group_at(const Port *ports, size_t n, size_t i, bool *done, BrigBuffer *out)
{
        const Port *last = &ports[i];

        for (size_t j = i + 1; j < n; j++)
                if (!is_mapped(&ports[j]) && same_group(&ports[i], &ports[j]) && ports[j].inside == last->inside + 1) {
                        last = &ports[j];
                        done[j] = true;
                }
        put_group(&ports[i], last, out);
}

static void put_mapping(const Port *p, BrigBuffer *out)
{
        put_separator(out);
        put_address(p->ip, out);
        (void)brig_buffer_printf(out, ":%lld->%lld/%s", (long long)p->outside, (long long)p->inside, p->type);
}

void brig_ports_display(const json_t *array, BrigBuffer *out)
{
        size_t n = json_array_size(array), i;
        _cleanup_free_ Port *ports = calloc(n + 1, sizeof(*ports));
        _cleanup_free_ bool *done = calloc(n + 1, sizeof(*done));
        json_t *item;

        if (!ports || !done) {
                out->error = -ENOMEM;
                return;
        }
        json_array_foreach(array, i, item)
                ports[i] = (Port) { .ip = brig_json_text_of(item, "IP"), .type = brig_json_text_of(item, "Type"),
                                    .inside = brig_json_int_of(item, "PrivatePort"), .outside = brig_json_int_of(item, "PublicPort") };
        qsort(ports, n, sizeof(*ports), compare_ports);
        for (i = 0; i < n; i++)
                if (!is_mapped(&ports[i]) && !done[i])
                        put_group_at(ports, n, i, done, out);
        for (i = 0; i < n; i++)
                if (is_mapped(&ports[i]))
                        put_mapping(&ports[i], out);
}

/* ---- port ---- */

/* `wanted` NULL: every port, with its own name in front. */
static unsigned print_bindings(const char *port, const json_t *bindings, const char *wanted)
{
        json_t *binding;
        size_t i;

        if (wanted && !streq(port, wanted))
                return 0;
        json_array_foreach(bindings, i, binding) {
                const char *ip = brig_json_text_of(binding, "HostIp");
                bool brackets = strchr(ip, ':') != NULL;

                if (!wanted)
                        printf("%s -> ", port);
                printf("%s%s%s:%s\n", brackets ? "[" : "", ip, brackets ? "]" : "", brig_json_text_of(binding, "HostPort"));
        }
        return (unsigned)json_array_size(bindings);
}

static int do_port(Cli *cli, const void *options, char *const *args, BrigError *err)
{
        _cleanup_unref_ json_t *inspect = NULL;
        _cleanup_free_ char *wanted = NULL;
        json_t *bindings;
        unsigned count = 0;
        const char *port;
        int r = brig_container_inspect(cli, args[0], &inspect, err);

        if (r < 0)
                return r;
        if (args[1])
                wanted = brig_str_printf("%s%s", args[1], strchr(args[1], '/') ? "" : "/tcp");
        json_object_foreach(brig_json_path(inspect, "NetworkSettings", "Ports"), port, bindings)
                count += print_bindings(port, bindings, wanted);
        if (args[1] && count == 0)
                return brig_error_set(err, BRIG_ERR_NOT_FOUND, 0, "Error: No public port '%s' published for %s", args[1], args[0]);
        return 0;
}

const Verb brig_verb_port = {
        .usage = "CONTAINER [PRIVATE_PORT[/PROTO]]", .summary = "List port mappings or a specific mapping for the container",
        .options = brig_cli_no_options, .min_args = 1, .max_args = 2, .run = do_port,
};
