/* Dockerfile instructions on an image's configuration: one function per instruction behind a table. */
#include "image/changes-internal.h"

#include "base/clock.h"
#include "base/strings.h"

#define CHANGE_MAX (64u << 10)
#define PORT_MAX 65535u

typedef struct Change {
        ImageContainerConfig *config;
        const char *name;       /* of the instruction, upper case */
        const char *text;       /* what stands behind it */
        BrigError *err;
} Change;

static int wrong(const Change *c, const char *why)
{
        return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "%s: %s", c->name, why);
}

static int no_memory(const Change *c)
{
        return brig_error_errno(c->err, BRIG_ERR_INTERNAL, ENOMEM, "%s", c->name);
}

/* The words behind the instruction, expanded. */
static int words_of(const Change *c, char ***ret)
{
        _cleanup_strv_ char **raw = NULL, **words = NULL;
        int r = brig_changes_split(c->text, &raw, c->err);

        BRIG_STRV_FOREACH(word, raw) {
                char *expanded = NULL;

                if (r == 0)
                        r = brig_changes_expand(*word, c->config->env, &expanded, c->err);
                if (r == 0 && brig_strv_consume(&words, expanded) < 0)
                        r = no_memory(c);
        }
        if (r == 0)
                *ret = TAKE_PTR(words);
        return r;
}

/* ["a", "b"]: 1 and *ret; 0 when it is no JSON array of strings (Docker then reads it as shell text). */
static int json_words(const Change *c, char ***ret)
{
        _cleanup_json_ json_t *array = NULL;
        _cleanup_strv_ char **words = calloc(1, sizeof(char *));
        const json_t *item;
        size_t i;

        if (*c->text != '[' || brig_json_parse(c->text, strlen(c->text), &array, NULL) < 0)
                return 0;
        if (!words)
                return no_memory(c);
        json_array_foreach(array, i, item) {
                if (!json_is_string(item))
                        return 0;
                if (brig_strv_push(&words, json_string_value(item)) < 0)
                        return no_memory(c);
        }
        *ret = TAKE_PTR(words);
        return 1;
}

static int shell_words(const Change *c, char ***ret)
{
        static char *const fallback[] = { (char *)"/bin/sh", (char *)"-c", NULL };
        char *const *shell = brig_strv_len(c->config->shell) > 0 ? c->config->shell : fallback;
        _cleanup_strv_ char **words = brig_strv_copy(shell);

        if (!words || brig_strv_push(&words, c->text) < 0)
                return no_memory(c);
        *ret = TAKE_PTR(words);
        return 0;
}

static int set_command(const Change *c, char ***slot)
{
        _cleanup_strv_ char **words = NULL;
        int r = json_words(c, &words);

        if (r == 0 && *c->text)
                r = shell_words(c, &words);
        if (r < 0)
                return r;
        brig_strv_free(*slot);
        *slot = TAKE_PTR(words);
        return 0;
}

static int change_cmd(const Change *c)
{
        return set_command(c, &c->config->cmd);
}

static int change_entrypoint(const Change *c)
{
        return set_command(c, &c->config->entrypoint);
}

/* --- NAME=value -------------------------------------------------------------- */

typedef int (*AssignFn)(const Change *c, const char *name, const char *value);

static int assign_word(const Change *c, const char *word, AssignFn assign)
{
        const char *equals = strchr(word, '=');
        _cleanup_free_ char *name = NULL, *value = NULL, *raw = NULL;
        int r;

        if (!equals)
                return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "%s: cannot find = in \"%.100s\"; must be of the form: name=value", c->name, word);
        raw = strndup(word, (size_t)(equals - word));
        if (!raw)
                return no_memory(c);
        r = brig_changes_expand(raw, c->config->env, &name, c->err);
        if (r == 0)
                r = brig_changes_expand(equals + 1, c->config->env, &value, c->err);
        if (r < 0)
                return r;
        return *name ? assign(c, name, value) : wrong(c, "names can not be blank");
}

/* "NAME the rest of the line" */
static int assign_line(const Change *c, AssignFn assign)
{
        size_t n = strcspn(c->text, " \t");
        _cleanup_free_ char *name = strndup(c->text, n), *value = NULL;
        const char *rest = c->text + n + strspn(c->text + n, " \t");
        int r;

        if (!name)
                return no_memory(c);
        if (!*rest)
                return wrong(c, "must have two arguments");
        r = brig_changes_expand(rest, c->config->env, &value, c->err);
        return r < 0 ? r : assign(c, name, value);
}

static int change_assignments(const Change *c, AssignFn assign)
{
        _cleanup_strv_ char **words = NULL;
        int r = brig_changes_split(c->text, &words, c->err);

        if (r < 0)
                return r;
        if (brig_strv_len(words) == 0)
                return wrong(c, "requires at least one argument");
        if (!strchr(words[0], '='))
                return assign_line(c, assign);
        BRIG_STRV_FOREACH(word, words) {
                r = assign_word(c, *word, assign);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int assign_env(const Change *c, const char *name, const char *value)
{
        _cleanup_free_ char *assignment = brig_str_printf("%s=%s", name, value);

        return !assignment || brig_strv_env_set(&c->config->env, assignment) < 0 ? no_memory(c) : 0;
}

static int change_env(const Change *c)
{
        return change_assignments(c, assign_env);
}

static int assign_label(const Change *c, const char *name, const char *value)
{
        return brig_pairs_set(&c->config->labels, name, value) < 0 ? no_memory(c) : 0;
}

static int change_label(const Change *c)
{
        return change_assignments(c, assign_label);
}

/* --- sets: EXPOSE, VOLUME ------------------------------------------------------ */

static int add_member(const Change *c, json_t **set, const char *name)
{
        if (!*set)
                *set = json_object();
        return !*set || json_object_set_new(*set, name, json_object()) < 0 ? no_memory(c) : 0;
}

static int parse_port(const Change *c, const char *text, size_t len, uint32_t *ret)
{
        char number[8];

        if (len == 0 || len >= sizeof(number))
                return wrong(c, "invalid containerPort");
        memcpy(number, text, len);
        number[len] = '\0';
        return brig_parse_u32(number, ret) < 0 || *ret > PORT_MAX ? wrong(c, "invalid containerPort") : 0;
}

/* "80", "80/udp", "8000-8010/tcp" */
static int expose(const Change *c, const char *word)
{
        const char *slash = strchr(word, '/'), *protocol = slash ? slash + 1 : "tcp", *dash = strchr(word, '-');
        size_t len = slash ? (size_t)(slash - word) : strlen(word);
        uint32_t first, last;
        int r;

        if (!streq(protocol, "tcp") && !streq(protocol, "udp") && !streq(protocol, "sctp"))
                return wrong(c, "invalid proto");
        if (dash && dash > word + len)
                dash = NULL;
        r = parse_port(c, word, dash ? (size_t)(dash - word) : len, &first);
        last = first;
        if (r == 0 && dash)
                r = parse_port(c, dash + 1, len - (size_t)(dash + 1 - word), &last);
        if (r == 0 && last < first)
                r = wrong(c, "invalid range");
        for (uint32_t port = first; r == 0 && port <= last; port++) {
                char name[16];

                (void)snprintf(name, sizeof(name), "%u/%s", port, protocol);
                r = add_member(c, &c->config->exposed_ports, name);
        }
        return r;
}

static int change_expose(const Change *c)
{
        _cleanup_strv_ char **words = NULL;
        int r = words_of(c, &words);

        if (r == 0 && brig_strv_len(words) == 0)
                r = wrong(c, "requires at least one argument");
        BRIG_STRV_FOREACH(word, words)
                if (r == 0)
                        r = expose(c, *word);
        return r;
}

static int change_volume(const Change *c)
{
        _cleanup_strv_ char **words = NULL;
        int r = json_words(c, &words);

        if (r == 0)
                r = words_of(c, &words);
        if (r < 0)
                return r;
        if (brig_strv_len(words) == 0)
                return wrong(c, "requires at least one argument");
        r = 0;
        BRIG_STRV_FOREACH(word, words) {
                if (r == 0)
                        r = **word ? add_member(c, &c->config->volumes, *word) : wrong(c, "specified volume can not be an empty string");
        }
        return r;
}

/* --- single values --------------------------------------------------------------- */

static int one_word(const Change *c, char **ret)
{
        int r = brig_changes_expand(c->text, c->config->env, ret, c->err);

        return r == 0 && !**ret ? wrong(c, "requires exactly one argument") : r;
}

static int set_string(const Change *c, char **slot)
{
        _cleanup_free_ char *value = NULL;
        int r = one_word(c, &value);

        if (r < 0)
                return r;
        free(*slot);
        *slot = TAKE_PTR(value);
        return 0;
}

static int change_user(const Change *c)
{
        return set_string(c, &c->config->user);
}

static int change_stop_signal(const Change *c)
{
        return set_string(c, &c->config->stop_signal);
}

/* Lexically clean and absolute: "/a" then "b/../c" is "/a/c". */
static char *join_path(const char *base, const char *path)
{
        _cleanup_free_ char *joined = *path == '/' ? strdup(path) : brig_str_printf("%s/%s", base, path);
        _cleanup_strv_ char **parts = NULL;
        char *out;
        size_t len = 0;

        if (!joined || brig_strv_split(joined, '/', &parts) < 0 || !(out = malloc(strlen(joined) + 2)))
                return NULL;
        BRIG_STRV_FOREACH(part, parts) {
                if (!**part || streq(*part, "."))
                        continue;
                if (streq(*part, "..")) {
                        while (len > 0 && out[--len] != '/')
                                ;
                        continue;
                }
                out[len++] = '/';
                memcpy(out + len, *part, strlen(*part));
                len += strlen(*part);
        }
        if (len == 0)
                out[len++] = '/';
        out[len] = '\0';
        return out;
}

static int change_workdir(const Change *c)
{
        _cleanup_free_ char *value = NULL, *joined = NULL;
        int r = one_word(c, &value);

        if (r < 0)
                return r;
        joined = join_path(c->config->working_dir ? c->config->working_dir : "/", value);
        if (!joined)
                return no_memory(c);
        free(c->config->working_dir);
        c->config->working_dir = TAKE_PTR(joined);
        return 0;
}

static int change_onbuild(const Change *c)
{
        static const char *const forbidden[] = { "ONBUILD", "FROM", "MAINTAINER" };
        size_t n = strcspn(c->text, " \t");

        if (n == 0)
                return wrong(c, "requires at least one argument");
        for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
                if (n == strlen(forbidden[i]) && strncasecmp(c->text, forbidden[i], n) == 0)
                        return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "%s isn't allowed as an ONBUILD trigger", forbidden[i]);
        return brig_strv_push(&c->config->on_build, c->text) < 0 ? no_memory(c) : 0;
}

/* --- HEALTHCHECK ------------------------------------------------------------------- */

static const struct { const char *flag; size_t offset; } durations[] = {
        { "--interval=", offsetof(ImageHealthcheck, interval) },
        { "--timeout=", offsetof(ImageHealthcheck, timeout) },
        { "--start-period=", offsetof(ImageHealthcheck, start_period) },
        { "--start-interval=", offsetof(ImageHealthcheck, start_interval) },
};

static int health_flag(const Change *c, ImageHealthcheck *h, const char *flag)
{
        for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
                int64_t *slot = (int64_t *)((char *)h + durations[i].offset);

                if (!brig_str_has_prefix(flag, durations[i].flag))
                        continue;
                if (brig_duration_parse(flag + strlen(durations[i].flag), slot) < 0 || *slot < 0)
                        return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "%s: bad duration in \"%.60s\"", c->name, flag);
                return 0;
        }
        if (brig_str_has_prefix(flag, "--retries=") && brig_parse_i64(flag + strlen("--retries="), &h->retries) == 0 && h->retries >= 0)
                return 0;
        return brig_error_set(c->err, BRIG_ERR_INVALID, EINVAL, "%s: unknown or bad flag \"%.60s\"", c->name, flag);
}

static int health_test(const Change *c, ImageHealthcheck *h, const char *kind, const char *rest)
{
        const Change inner = { .config = c->config, .name = c->name, .text = rest, .err = c->err };
        _cleanup_strv_ char **words = NULL;
        int r;

        if (strcasecmp(kind, "NONE") == 0)
                return *rest ? wrong(c, "NONE takes no arguments") : brig_strv_push(&h->test, "NONE");
        if (strcasecmp(kind, "CMD") != 0)
                return wrong(c, "unknown type, expected NONE or CMD");
        if (!*rest)
                return wrong(c, "missing command after CMD");
        r = json_words(&inner, &words);
        if (r < 0)
                return r;
        if (brig_strv_push(&h->test, r == 1 ? "CMD" : "CMD-SHELL") < 0)
                return no_memory(c);
        if (r == 0)
                return brig_strv_push(&h->test, rest) < 0 ? no_memory(c) : 0;
        BRIG_STRV_FOREACH(word, words)
                if (brig_strv_push(&h->test, *word) < 0)
                        return no_memory(c);
        return 0;
}

static int read_health(const Change *c, ImageHealthcheck *h)
{
        const char *p = c->text;

        for (;;) {
                size_t n = strcspn(p, " \t");
                _cleanup_free_ char *word = strndup(p, n);
                int r;

                if (!word)
                        return no_memory(c);
                p += n + strspn(p + n, " \t");
                if (!brig_str_has_prefix(word, "--"))
                        return health_test(c, h, word, p);
                r = health_flag(c, h, word);
                if (r < 0)
                        return r;
        }
}

static int change_healthcheck(const Change *c)
{
        ImageHealthcheck *h = calloc(1, sizeof(*h));
        int r;

        if (!h)
                return no_memory(c);
        r = read_health(c, h);
        if (r < 0) {
                brig_json_clear(image_healthcheck_fields, h);
                free(h);
                return r;
        }
        if (c->config->healthcheck)
                brig_json_clear(image_healthcheck_fields, c->config->healthcheck);
        free(c->config->healthcheck);
        c->config->healthcheck = h;
        return 0;
}

/* ------------------------------------------------------------------------------------ */

static const struct { const char *name; int (*change)(const Change *c); } instructions[] = {
        { "CMD", change_cmd },
        { "ENTRYPOINT", change_entrypoint },
        { "ENV", change_env },
        { "EXPOSE", change_expose },
        { "HEALTHCHECK", change_healthcheck },
        { "LABEL", change_label },
        { "ONBUILD", change_onbuild },
        { "STOPSIGNAL", change_stop_signal },
        { "USER", change_user },
        { "VOLUME", change_volume },
        { "WORKDIR", change_workdir },
};

static int apply_line(ImageContainerConfig *config, char *line, BrigError *err)
{
        char *text = line + strspn(line, " \t"), *end = text + strlen(text);
        size_t n = strcspn(text, " \t");

        while (end > text && strchr(" \t\r", end[-1]))
                *--end = '\0';
        if (!*text || *text == '#')
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
                if (strlen(instructions[i].name) == n && strncasecmp(text, instructions[i].name, n) == 0)
                        return instructions[i].change(&(Change){ .config = config, .name = instructions[i].name, .text = text + n + strspn(text + n, " \t"), .err = err });
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "%.*s is not a valid change command", (int)MIN2(n, 60), text);
}

int brig_changes_apply(ImageContainerConfig *config, char *const *changes, BrigError *err)
{
        BRIG_STRV_FOREACH(change, changes) {
                _cleanup_strv_ char **lines = NULL;

                _cleanup_json_ json_t *text = json_string(*change);

                /* The configuration is JSON. */
                if (!text)
                        return brig_error_set(err, BRIG_ERR_INVALID, EILSEQ, "a change is not UTF-8");
                if (strlen(*change) > CHANGE_MAX)
                        return brig_error_set(err, BRIG_ERR_INVALID, E2BIG, "a change is longer than %u bytes", CHANGE_MAX);
                if (brig_strv_split(*change, '\n', &lines) < 0)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read the change");
                BRIG_STRV_FOREACH(line, lines) {
                        int r = apply_line(config, *line, err);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int brig_changes_check(char *const *changes, BrigError *err)
{
        ImageContainerConfig scratch;
        int r;

        brig_json_init(image_container_config_fields, &scratch, sizeof(scratch));
        r = brig_changes_apply(&scratch, changes, err);
        brig_json_clear(image_container_config_fields, &scratch);
        return r;
}
