/* Privileges, namespaces and security options. A seccomp profile is read here and sent as its text. */
#include "cli/create/create-internal.h"
#include "base/strings.h"
#include "cli/create/key-values.h"

#define SECCOMP_FILE_MAX (4u << 20)

static const CopyRow rows[] = {
        COPY("Privileged", BOOL, privileged), COPY("GroupAdd", LIST, group_add), COPY("DeviceCgroupRules", LIST, device_cgroup_rule), COPY("IpcMode", STRING, ipc),
        COPY("PidMode", STRING, pid), COPY("UTSMode", STRING, uts), COPY("UsernsMode", STRING, userns),
        COPY("CgroupnsMode", STRING, cgroupns),
};

/* The words that each namespace option takes, as docker's client checks them. */
static const struct { const char *flag, *what; size_t offset; const char *words[4]; } modes[] = {
        { "pid", "PID", offsetof(ContainerOptions, pid), { "host", "container:*", "" } },
        { "uts", "UTS", offsetof(ContainerOptions, uts), { "host", "" } },
        { "userns", "USER", offsetof(ContainerOptions, userns), { "host", "" } },
        { "cgroupns", "CGROUP", offsetof(ContainerOptions, cgroupns), { "host", "private", "" } },
};

static bool matches(const char *value, const char *word)
{
        size_t len = strlen(word);

        if (len > 0 && word[len - 1] == '*')
                return strncmp(value, word, len - 1) == 0 && value[len - 1];
        return streq(value, word);
}

static int check_modes(const ContainerOptions *o, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                const char *value = *(const char *const *)(const void *)((const char *)o + modes[i].offset);
                bool good = !value;

                for (size_t j = 0; j < ARRAY_SIZE(modes[i].words) && modes[i].words[j] && !good; j++)
                        good = matches(value, modes[i].words[j]);
                if (!good)
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "--%s: invalid %s mode", modes[i].flag, modes[i].what);
        }
        return 0;
}

static int put_seccomp_file(const char *path, json_t *host, BrigError *err)
{
        _cleanup_free_ char *text = NULL, *compact = NULL;
        json_error_t why;
        json_t *profile;
        size_t len;

        if (brig_read_file(path, SECCOMP_FILE_MAX, &text, &len, err) < 0) {
                brig_error_prefix(err, "opening seccomp profile (%s) failed", path);
                return -EINVAL;
        }
        profile = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
        if (!profile)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "compacting json for seccomp profile (%s) failed: %s (line %d)", path, why.text, why.line);
        compact = json_dumps(profile, JSON_COMPACT);
        json_decref(profile);
        if (!compact)
                return brig_create_no_memory(err);
        return brig_create_append(host, "SecurityOpt", json_sprintf("seccomp=%s", compact), err);
}

/* systempaths=unconfined travels as two empty lists. */
static int put_unconfined_paths(json_t *host, BrigError *err)
{
        int r = brig_create_set(host, "MaskedPaths", json_array(), err);

        return r < 0 ? r : brig_create_set(host, "ReadonlyPaths", json_array(), err);
}

static int put_security_opt(const char *word, json_t *host, BrigError *err)
{
        size_t key_len = strcspn(word, "=");
        const char *value;

        if (streq(word, "systempaths=unconfined"))
                return put_unconfined_paths(host, err);
        if (!word[key_len])
                key_len = strcspn(word, ":");
        value = word[key_len] ? word + key_len + 1 : "";
        if (!*value && !(key_len == strlen("no-new-privileges") && brig_str_has_prefix(word, "no-new-privileges")))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Invalid --security-opt: \"%s\"", word);
        if (key_len == strlen("seccomp") && brig_str_has_prefix(word, "seccomp") && !streq(value, "unconfined") && !streq(value, "builtin"))
                return put_seccomp_file(value, host, err);
        return brig_create_append(host, "SecurityOpt", json_string(word), err);
}

/* "net_admin" and "CAP_NET_ADMIN" are one: the latter goes to the daemon. */
static void capability_name(const char *word, char out[64])
{
        bool whole = strcasecmp(word, "ALL") == 0 || strcasecmp(word, "RESET") == 0 || strncasecmp(word, "CAP_", 4) == 0;

        (void)snprintf(out, 64, "%s%s", whole ? "" : "CAP_", word);
        for (char *s = out; *s; s++)
                *s = (char)(*s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s);
}

static int put_capabilities(const char *member, char *const *words, json_t *host, BrigError *err)
{
        _cleanup_strv_ char **done = NULL;

        BRIG_STRV_FOREACH(w, words) {
                char name[64];
                int r;

                capability_name(*w, name);
                if (brig_strv_contains(done, name))
                        continue;
                r = brig_strv_push(&done, name) < 0 ? brig_create_no_memory(err) : brig_create_append(host, member, json_string(name), err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int brig_create_security(const ContainerOptions *o, json_t *host, BrigError *err)
{
        int r = check_modes(o, err);

        if (r >= 0)
                r = brig_create_copy(rows, ARRAY_SIZE(rows), o, host, err);
        if (r >= 0)
                r = put_capabilities("CapAdd", o->cap_add, host, err);
        if (r >= 0)
                r = put_capabilities("CapDrop", o->cap_drop, host, err);
        if (r >= 0 && !o->disable_content_trust)
                r = brig_error_set(err, BRIG_ERR_UNSUPPORTED, ENOTSUP, "--disable-content-trust=false: the client does not verify images, the daemon does");
        if (r >= 0 && o->use_api_socket)
                r = brig_error_set(err, BRIG_ERR_DENIED, EPERM, "--use-api-socket would hand the engine to the container");
        for (char **w = o->security_opt; r >= 0 && w && *w; w++)
                r = put_security_opt(*w, host, err);
        if (r >= 0)
                r = brig_create_map(host, "Sysctls", o->sysctl, err);
        return r < 0 ? r : brig_create_map(host, "Annotations", o->annotation, err);
}
