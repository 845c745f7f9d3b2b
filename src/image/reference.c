#include "image/reference.h"

#include "base/strings.h"
#include "image/image.h"
#include <ctype.h>

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN "index.docker.io"
#define OFFICIAL_PREFIX "library/"
#define DIGEST_ALGORITHM "sha256:"
#define INVALID_FORMAT "invalid reference format"

static int invalid(BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, INVALID_FORMAT);
}

static bool is_lower_alnum(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
        return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* Length of the separator of a path component at p: "_", ".", "__" or any number of "-"; 0 when there is none. */
static size_t separator(const char *p, size_t n)
{
        size_t i = 0;

        if (n == 0)
                return 0;
        if (*p == '.')
                return 1;
        if (*p == '_')
                return n > 1 && p[1] == '_' ? 2 : 1;
        while (i < n && p[i] == '-')
                i++;
        return i;
}

/* alphanumeric { separator alphanumeric } */
static bool component_valid(const char *p, size_t n)
{
        size_t i = 0;

        for (;;) {
                size_t start = i, gap;

                while (i < n && is_lower_alnum(p[i]))
                        i++;
                if (i == start)
                        return false;
                if (i == n)
                        return true;
                gap = separator(p + i, n - i);
                if (gap == 0)
                        return false;
                i += gap;
        }
}

static bool path_valid(const char *p)
{
        for (;;) {
                size_t n = strcspn(p, "/");

                if (!component_valid(p, n))
                        return false;
                if (!p[n])
                        return true;
                p += n + 1;
        }
}

/* One label of a host name: letters, digits and inner dashes. */
static bool label_valid(const char *p, size_t n)
{
        if (n == 0 || !is_alnum(p[0]) || !is_alnum(p[n - 1]))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_alnum(p[i]) && p[i] != '-')
                        return false;
        return true;
}

static bool host_valid(const char *p, size_t n)
{
        if (n > 2 && p[0] == '[') {
                for (size_t i = 1; i < n - 1; i++)
                        if (!isxdigit((unsigned char)p[i]) && p[i] != ':')
                                return false;
                return p[n - 1] == ']';
        }
        for (size_t at = 0;;) {
                size_t len = 0;

                while (at + len < n && p[at + len] != '.')
                        len++;
                if (!label_valid(p + at, len))
                        return false;
                at += len;
                if (at == n)
                        return true;
                at++;
        }
}

static bool domain_valid(const char *p, size_t n)
{
        size_t host = n;

        for (size_t i = n; i > 0; i--) {
                if (p[i - 1] == ':' && i < n) {
                        host = i - 1;
                        break;
                }
                if (p[i - 1] < '0' || p[i - 1] > '9')
                        break;
        }
        return host_valid(p, host);
}

bool brig_reference_tag_valid(const char *tag)
{
        size_t n = strlen(tag);

        if (n == 0 || n > BRIG_REFERENCE_TAG_MAX || !(is_alnum(tag[0]) || tag[0] == '_'))
                return false;
        for (size_t i = 1; i < n; i++)
                if (!is_alnum(tag[i]) && !strchr("_.-", tag[i]))
                        return false;
        return true;
}

/* The first part is a domain when it looks like one: has a dot or port, is localhost, or is no path (upper case). */
static size_t domain_len(const char *s)
{
        size_t n = strcspn(s, "/");
        bool upper = false, marked = false;

        if (!s[n])
                return 0;
        for (size_t i = 0; i < n; i++) {
                upper |= s[i] >= 'A' && s[i] <= 'Z';
                marked |= s[i] == '.' || s[i] == ':';
        }
        return marked || upper || (n == 9 && memcmp(s, "localhost", 9) == 0) ? n : 0;
}

/* Cuts "@digest" and ":tag" off the text. */
static int cut_suffixes(char *text, size_t domain, Reference *r, BrigError *err)
{
        char *at = strchr(text, '@'), *colon;

        if (at) {
                *at++ = '\0';
                if (!brig_str_has_prefix(at, DIGEST_ALGORITHM) || !brig_is_hex(at + strlen(DIGEST_ALGORITHM), 64))
                        return invalid(err);
                memcpy(r->digest, at, strlen(at) + 1);
        }
        colon = strrchr(text + domain, ':');
        if (colon) {
                *colon++ = '\0';
                if (!brig_reference_tag_valid(colon))
                        return invalid(err);
                memcpy(r->tag, colon, strlen(colon) + 1);
        }
        return 0;
}

static int check_path(const char *path, BrigError *err)
{
        for (const char *p = path; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, INVALID_FORMAT ": repository name (%s) must be lowercase", path);
        return path_valid(path) ? 0 : invalid(err);
}

static int set_name(const char *text, size_t domain, Reference *r, BrigError *err)
{
        const char *path = domain ? text + domain + 1 : text;
        bool hub = domain == 0 || (domain == strlen(DEFAULT_DOMAIN) && memcmp(text, DEFAULT_DOMAIN, domain) == 0) ||
                   (domain == strlen(LEGACY_DOMAIN) && memcmp(text, LEGACY_DOMAIN, domain) == 0);
        int n;

        if (domain && !domain_valid(text, domain))
                return invalid(err);
        n = hub ? snprintf(r->name, sizeof(r->name), DEFAULT_DOMAIN "/%s%s", strchr(path, '/') ? "" : OFFICIAL_PREFIX, path)
                : snprintf(r->name, sizeof(r->name), "%.*s/%s", (int)domain, text, path);
        if (n < 0 || (size_t)n > BRIG_REFERENCE_NAME_MAX)
                return brig_error_set(err, BRIG_ERR_INVALID, ENAMETOOLONG, "repository name must not be more than %u characters", BRIG_REFERENCE_NAME_MAX);
        return check_path(hub ? r->name + strlen(DEFAULT_DOMAIN) + 1 : path, err);
}

int brig_reference_parse(const char *text, Reference *ret, BrigError *err)
{
        char copy[BRIG_REFERENCE_MAX + 32];
        Reference r = { 0 };
        size_t n = strlen(text), domain;
        int status;

        if (n == 0 || n >= sizeof(copy))
                return invalid(err);
        if (brig_is_hex(text, 64))
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid repository name (%s), cannot specify 64-byte hexadecimal strings", text);
        memcpy(copy, text, n + 1);
        domain = domain_len(copy);
        status = cut_suffixes(copy, domain, &r, err);
        if (status == 0)
                status = set_name(copy, domain, &r, err);
        if (status == 0)
                *ret = r;
        return status;
}

char *brig_reference_text(const Reference *r, bool latest)
{
        const char *tag = *r->tag || *r->digest || !latest ? r->tag : "latest";

        return brig_str_printf("%s%s%s%s%s", r->name, *tag ? ":" : "", tag, *r->digest ? "@" : "", r->digest);
}

const char *brig_reference_familiar_name(const char *name)
{
        const char *path = name + strlen(DEFAULT_DOMAIN "/");

        if (!brig_str_has_prefix(name, DEFAULT_DOMAIN "/"))
                return name;
        /* library/x is x; library/x/y is somebody's repository of that name */
        if (brig_str_has_prefix(path, OFFICIAL_PREFIX) && !strchr(path + strlen(OFFICIAL_PREFIX), '/'))
                return path + strlen(OFFICIAL_PREFIX);
        /* docker.io/evil.example/x cut short would name another registry */
        return domain_len(path) > 0 ? name : path;
}

int brig_reference_normalise(const char *name, char **ret, BrigError *err)
{
        Reference r;
        int status = brig_reference_parse(name, &r, err);

        if (status < 0)
                return status;
        *ret = brig_reference_text(&r, true);
        return *ret ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "normalise \"%s\"", name);
}

char *brig_reference_familiar(const char *full)
{
        return strdup(brig_reference_familiar_name(full));
}
