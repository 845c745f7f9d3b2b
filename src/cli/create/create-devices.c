/* --device, --gpus, throttles and ulimits: words with an inner structure that end up in HostConfig. */
#include "cli/create/create-internal.h"
#include "base/strings.h"
#include "cli/cli.h"

/* ---- --device ---- */

static bool is_mode(const char *s)
{
        return *s && strlen(s) <= 3 && s[strspn(s, "rwm")] == '\0';
}

/* "vendor.com/class=name": a CDI device, which the daemon's registry resolves. */
static bool is_cdi(const char *s)
{
        const char *slash = strchr(s, '/');

        return *s != '/' && slash && strchr(slash, '=') && !strchr(s, ':');
}

static int put_device(const char *word, json_t *host, BrigError *err)
{
        _cleanup_strv_ char **parts = NULL;
        const char *inside, *mode = "rwm";
        size_t n;

        if (brig_strv_split(word, ':', &parts) < 0)
                return brig_create_no_memory(err);
        n = brig_strv_len(parts);
        if (n < 1 || n > 3 || *parts[0] != '/' || (n == 3 && !is_mode(parts[2])))
                return brig_create_bad(err, word, "--device", "bad format for device");
        inside = parts[0];
        if (n == 2 && is_mode(parts[1]))
                mode = parts[1];
        else if (n >= 2 && *parts[1])
                inside = parts[1];
        if (n == 3)
                mode = parts[2];
        if (*inside != '/')
                return brig_create_bad(err, word, "--device", "the path in the container is not absolute");
        return brig_create_append(host, "Devices", json_pack("{ss ss ss}", "PathOnHost", parts[0], "PathInContainer", inside,
                                                             "CgroupPermissions", mode), err);
}

/* All CDI names travel in one request. */
static int put_cdi(char *const *words, json_t *host, BrigError *err)
{
        json_t *ids = NULL;

        BRIG_STRV_FOREACH(w, words) {
                if (!is_cdi(*w))
                        continue;
                ids = ids ?: json_array();
                if (json_array_append_new(ids, json_string(*w)) < 0) {
                        json_decref(ids);
                        return brig_create_no_memory(err);
                }
        }
        return ids ? brig_create_append(host, "DeviceRequests", json_pack("{ss so}", "Driver", "cdi", "DeviceIDs", ids), err) : 0;
}

/* ---- --gpus ---- */

static int put_list(json_t *to, const char *member, const char *value, BrigError *err)
{
        _cleanup_strv_ char **parts = NULL;

        if (brig_strv_split(value, ',', &parts) < 0)
                return brig_create_no_memory(err);
        BRIG_STRV_FOREACH(p, parts) {
                int r = brig_create_append(to, member, json_string(*p), err);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_gpu_field(char *field, json_t *request, json_t *lists, BrigError *err)
{
        const char *value = brig_cut_value(field);
        const char *key = value ? field : "count";
        int64_t count;

        value = value ?: field;
        if (streq(key, "driver"))
                return brig_create_set(request, "Driver", json_string(value), err);
        if (streq(key, "device"))
                return put_list(request, "DeviceIDs", value, err);
        if (streq(key, "capabilities"))
                return put_list(lists, "capabilities", value, err);
        if (streq(key, "options")) {
                char *const words[] = { (char *)value, NULL };

                return brig_create_map(request, "Options", words, err);
        }
        if (!streq(key, "count"))
                return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "invalid argument for \"--gpus\" flag: unexpected key '%s'", key);
        count = -1;
        if (!streq(value, "all") && brig_parse_i64(value, &count) < 0)
                return brig_create_bad(err, value, "--gpus", "invalid count: must be \"all\" or a number");
        return brig_create_set(request, "Count", json_integer(count), err);
}

static int put_gpus(const char *word, json_t *host, BrigError *err)
{
        _cleanup_strv_ char **fields = NULL;
        json_t *request = json_object(), *lists = json_object();
        int r = request && lists && brig_csv_fields(word, &fields) >= 0 ? 0 : brig_create_bad(err, word, "--gpus", "broken list");

        for (char **f = fields; r >= 0 && f && *f; f++)
                r = put_gpu_field(*f, request, lists, err);
        if (r >= 0 && !json_object_get(request, "Count") && !json_object_get(request, "DeviceIDs"))
                r = brig_create_set(request, "Count", json_integer(1), err);
        if (r >= 0)
                r = brig_create_append(lists, "capabilities", json_string("gpu"), err);
        if (r >= 0)
                r = brig_create_append(request, "Capabilities", json_incref(json_object_get(lists, "capabilities")), err);
        json_decref(lists);
        if (r >= 0)
                return brig_create_append(host, "DeviceRequests", request, err);
        json_decref(request);
        return r;
}

/* ---- "/dev/sda:1mb" ---- */

typedef struct ThrottleRow {
        const char *flag, *member, *value_member;
        size_t offset;
        bool bytes;              /* the value is a size, not a count */
} ThrottleRow;

static const ThrottleRow throttles[] = {
        { "--blkio-weight-device", "BlkioWeightDevice", "Weight", offsetof(ContainerOptions, blkio_weight_device), false },
        { "--device-read-bps", "BlkioDeviceReadBps", "Rate", offsetof(ContainerOptions, device_read_bps), true },
        { "--device-write-bps", "BlkioDeviceWriteBps", "Rate", offsetof(ContainerOptions, device_write_bps), true },
        { "--device-read-iops", "BlkioDeviceReadIOps", "Rate", offsetof(ContainerOptions, device_read_iops), false },
        { "--device-write-iops", "BlkioDeviceWriteIOps", "Rate", offsetof(ContainerOptions, device_write_iops), false },
};

static int put_throttle(const ThrottleRow *row, const char *word, json_t *host, BrigError *err)
{
        const char *colon = strchr(word, ':');
        _cleanup_free_ char *path = colon ? strndup(word, (size_t)(colon - word)) : NULL;
        uint64_t value;

        if (!path || !brig_str_has_prefix(path, "/dev/"))
                return brig_create_bad(err, word, row->flag, "bad format, expected /dev/NAME:VALUE");
        if ((row->bytes ? brig_parse_size(colon + 1, &value) : brig_parse_u64(colon + 1, &value)) < 0 || value > INT64_MAX)
                return brig_create_bad(err, word, row->flag, "invalid rate for device");
        return brig_create_append(host, row->member, json_pack("{ss sI}", "Path", path, row->value_member, (json_int_t)value), err);
}

/* ---- --ulimit ---- */

static const char *const ulimit_names[] = {
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
        "sigpending", "stack",
};

static bool known_ulimit(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(ulimit_names); i++)
                if (streq(ulimit_names[i], name))
                        return true;
        return false;
}

static int put_ulimit(const char *word, json_t *host, BrigError *err)
{
        _cleanup_free_ char *name = strdup(word);
        char *soft_text = name ? brig_cut_value(name) : NULL, *hard_text;
        int64_t soft, hard;

        if (!soft_text)
                return brig_create_bad(err, word, "--ulimit", "invalid ulimit argument");
        if (!known_ulimit(name))
                return brig_create_bad(err, word, "--ulimit", "invalid ulimit type");
        hard_text = strchr(soft_text, ':');
        if (hard_text)
                *hard_text++ = '\0';
        if (brig_parse_i64(soft_text, &soft) < 0 || brig_parse_i64(hard_text ?: soft_text, &hard) < 0)
                return brig_create_bad(err, word, "--ulimit", "limits must be numbers, SOFT[:HARD]");
        if (hard != -1 && (soft == -1 || soft > hard))
                return brig_create_bad(err, word, "--ulimit", "ulimit soft limit must be less than or equal to hard limit");
        return brig_create_append(host, "Ulimits", json_pack("{ss sI sI}", "Name", name, "Hard", (json_int_t)hard, "Soft", (json_int_t)soft), err);
}

int brig_create_devices(const ContainerOptions *o, json_t *host, BrigError *err)
{
        int r = 0;

        for (char **w = o->device; r >= 0 && w && *w; w++)
                if (!is_cdi(*w))
                        r = put_device(*w, host, err);
        for (char **w = o->gpus; r >= 0 && w && *w; w++)
                r = put_gpus(*w, host, err);
        if (r >= 0)
                r = put_cdi(o->device, host, err);
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(throttles); i++)
                for (char *const *w = *(char **const *)(const void *)((const char *)o + throttles[i].offset); r >= 0 && w && *w; w++)
                        r = put_throttle(&throttles[i], *w, host, err);
        for (char **w = o->ulimit; r >= 0 && w && *w; w++)
                r = put_ulimit(*w, host, err);
        return r;
}
