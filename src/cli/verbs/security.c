/*
 * The answer is one flat object: names to texts, or to lists of texts where
 * there are several lines (id maps, mounts). Names are sorted into groups by
 * their beginning; a name that no group knows is shown too, under "Other":
 * a report on security must not swallow a line because it is new.
 */
#include "cli/verbs/security.h"
#include "base/strings.h"
#include "cli/format.h"
#include "cli/json-text.h"
#include "cli/words.h"

#define GROUP_PREFIXES 10
#define WIDTH 100

typedef struct Group {
        const char *title;
        const char *prefixes[GROUP_PREFIXES];
} Group;

static const Group groups[] = {
        { "Container", { "id", "name", "image", "pid", "profile", "state" } },
        { "Identity", { "uid", "gid", "user", "groups", "ids", "id-map", "idmap" } },
        { "Namespaces", { "ns", "namespace" } },
        { "Privileges", { "cap", "no-new-privs", "no_new_privs", "nnp", "securebits", "keyring", "dumpable" } },
        { "System calls", { "seccomp" } },
        { "Mandatory access control", { "lsm", "landlock", "apparmor", "selinux" } },
        { "Limits", { "rlimit", "cgroup", "memory", "pids", "cpu", "limit", "oom", "nice" } },
        { "Devices", { "device" } },
        { "Mounts", { "mount", "rootfs", "root", "masked", "readonly" } },
};
#define OTHER ARRAY_SIZE(groups)

/* Longest prefix wins: "pids.max" is a limit, "pid" is not. */
static size_t group_of(const char *name)
{
        size_t best = OTHER, best_len = 0;

        for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
                for (size_t i = 0; i < GROUP_PREFIXES && groups[g].prefixes[i]; i++) {
                        size_t len = strlen(groups[g].prefixes[i]);

                        if (len > best_len && strncasecmp(name, groups[g].prefixes[i], len) == 0) {
                                best = g;
                                best_len = len;
                        }
                }
        return best;
}

/* "1024:-1" of an rlimit: soft and hard. */
static void put_limit(const char *text, BrigBuffer *out)
{
        for (const char *s = text; *s;) {
                bool unlimited = strncmp(s, "-1", 2) == 0 && !(s[2] >= '0' && s[2] <= '9');

                (void)brig_buffer_append(out, unlimited ? "unlimited" : s, unlimited ? strlen("unlimited") : 1);
                s += unlimited ? 2 : 1;
        }
}

static void put_value(const char *name, const json_t *value, BrigBuffer *out)
{
        if (json_is_string(value) && brig_str_has_prefix(name, "rlimit."))
                put_limit(json_string_value(value), out);
        else if (json_is_string(value))
                (void)brig_buffer_puts(out, json_string_value(value));
        else
                brig_json_print_go(value, false, out);
}

/* Broken at blanks, so that a list of capabilities stays in its column. */
static void print_wrapped(const char *s, int indent)
{
        size_t room = (size_t)MAX2(WIDTH - indent, WIDTH / 3);

        for (size_t len; ; s += len + 1) {
                len = strlen(s);
                if (len > room)
                        for (len = room; len > 0 && s[len] != ' '; len--)
                                ;
                if (len == 0)
                        len = strcspn(s, " ");
                brig_words_write_clean(stdout, s, len);
                (void)putchar('\n');
                if (!s[len])
                        return;
                printf("%*s", indent, "");
        }
}

/* "mount.12" is the twelfth of a list: its number says nothing, so the name is shown once. */
static size_t shown_length(const char *name)
{
        const char *dot = strrchr(name, '.');

        return dot && dot[1] && strspn(dot + 1, "0123456789") == strlen(dot + 1) ? (size_t)(dot - name) : strlen(name);
}

static bool repeats(const char *name)
{
        const char *dot = strrchr(name, '.');

        return shown_length(name) < strlen(name) && !streq(dot, ".0");
}

static void print_entry(const char *name, const json_t *value, int width)
{
        size_t count = json_is_array(value) ? json_array_size(value) : 1;

        for (size_t i = 0; i < count; i++) {
                _cleanup_buffer_ BrigBuffer text = BRIG_BUFFER_INIT(1u << 20);
                int len = i == 0 && !repeats(name) ? (int)shown_length(name) : 0;

                put_value(name, json_is_array(value) ? json_array_get(value, i) : value, &text);
                printf("  %.*s%*s  ", len, name, width - len, "");
                print_wrapped(text.data ?: "", width + 4);
        }
}

static int widest_name(const json_t *report, size_t group)
{
        size_t widest = 0;
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)report, name, value)
                if (group_of(name) == group)
                        widest = MAX2(widest, shown_length(name));
        return (int)widest;
}

static void print_group(const json_t *report, size_t group, bool colour)
{
        int width = widest_name(report, group);
        const char *title = group == OTHER ? "Other" : groups[group].title, *name;
        json_t *value;

        if (width == 0)
                return;
        printf("%s%s%s\n", colour ? "\x1b[1m" : "", title, colour ? "\x1b[0m" : "");
        json_object_foreach((json_t *)report, name, value)
                if (group_of(name) == group)
                        print_entry(name, value, width);
}

static int fetch(Cli *cli, const char *name, json_t **ret, BrigError *err)
{
        _cleanup_url_ Url u = URL("/containers");
        int r;

        brig_url_segment(&u, name);
        brig_url_segment(&u, "security");
        r = brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "GET", .url = &u }, ret, err);
        if (r >= 0 && !json_is_object(*ret))
                return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "the brig daemon answered without a security report");
        return r;
}

static int show_one(Cli *cli, const char *name, const Template *template, bool many, BrigError *err)
{
        _cleanup_unref_ json_t *report = NULL;
        int r = fetch(cli, name, &report, err);

        if (r < 0 || template)
                return r < 0 ? r : brig_format_print(template, report, err);
        if (many)
                printf("== %s\n", name);
        for (size_t g = 0; g <= OTHER; g++)
                print_group(report, g, isatty(STDOUT_FILENO));
        return 0;
}

int brig_security_show(Cli *cli, char *const *names, const char *format, BrigError *err)
{
        _cleanup_(brig_template_freep) Template *template = NULL;
        bool many = names[0] && names[1];
        int status = 0;

        if (!brig_str_empty(format) && brig_format_parse(format, &template, err) < 0)
                return -EINVAL;
        for (; *names; names++) {
                BrigError one = BRIG_ERROR_INIT;

                if (show_one(cli, *names, template, many, &one) >= 0)
                        continue;
                brig_cli_complain(&one);
                status = 1;
        }
        return status;
}
