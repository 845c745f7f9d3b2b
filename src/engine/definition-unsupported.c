/*
 * Members of Docker's create body that Brig knows but does not build yet. The
 * docker command line always sends most of them at their zero value, so only a
 * value that asks for something is refused: dropping it would weaken or change what the user wanted.
 */
#include "base/strings.h"
#include "engine/definition-internal.h"

/* A string member may have one of these words; "" and an absent member are always harmless. */
static const char *const network_words[] = { "default", "bridge", "none", NULL };
static const char *const ipc_words[] = { "private", "shareable", "none", "host", NULL };
static const char *const host_words[] = { "host", NULL };
static const char *const private_words[] = { "private", "host", NULL };
static const char *const runtime_words[] = { "brig", "runc", "io.containerd.runc.v2", NULL };
static const char *const isolation_words[] = { "default", NULL };
static const char *const driver_words[] = { "local", NULL };
static const char *const log_words[] = { "json-file", "none", NULL };
static const char *const no_words[] = { NULL };

typedef struct Refusal {
        const char *object, *member;     /* object NULL: the body itself */
        const char *const *words;        /* harmless strings; NULL: every non-zero value is refused */
        const char *what;
} Refusal;

#define HOST "HostConfig"

static const Refusal refusals[] = {
        { NULL, "MacAddress", NULL, "choosing a MAC address (--mac-address)" },
        { HOST, "NetworkMode", network_words, "this network mode (only \"none\" and the default exist, without a way out)" },
        { HOST, "PortBindings", NULL, "publishing ports (--publish)" },
        { HOST, "PublishAllPorts", NULL, "publishing ports (--publish-all)" },
        { HOST, "Links", NULL, "links between containers (--link)" },
        { HOST, "VolumesFrom", NULL, "taking volumes from another container (--volumes-from)" },
        { HOST, "VolumeDriver", driver_words, "this volume driver" },
        { HOST, "StorageOpt", NULL, "storage options (--storage-opt)" },
        { HOST, "PidMode", host_words, "this pid namespace mode" },
        { HOST, "IpcMode", ipc_words, "this ipc namespace mode" },
        { HOST, "UTSMode", private_words, "this uts namespace mode" },
        { HOST, "UsernsMode", private_words, "this user namespace mode" },
        { HOST, "CgroupnsMode", private_words, "this cgroup namespace mode" },
        { HOST, "Cgroup", no_words, "joining another container's cgroup" },
        { HOST, "CgroupParent", no_words, "choosing a cgroup parent (--cgroup-parent)" },
        { HOST, "Runtime", runtime_words, "this runtime" },
        { HOST, "Isolation", isolation_words, "this isolation technology" },
        { HOST, "Devices", NULL, "host devices (--device)" },
        { HOST, "DeviceRequests", NULL, "device requests (--gpus)" },
        { HOST, "DeviceCgroupRules", NULL, "device rules (--device-cgroup-rule)" },
        { HOST, "BlkioWeight", NULL, "block I/O weights (--blkio-weight)" },
        { HOST, "BlkioWeightDevice", NULL, "block I/O weights (--blkio-weight-device)" },
        { HOST, "BlkioDeviceReadBps", NULL, "block I/O limits (--device-read-bps)" },
        { HOST, "BlkioDeviceWriteBps", NULL, "block I/O limits (--device-write-bps)" },
        { HOST, "BlkioDeviceReadIOps", NULL, "block I/O limits (--device-read-iops)" },
        { HOST, "BlkioDeviceWriteIOps", NULL, "block I/O limits (--device-write-iops)" },
        { HOST, "CpuRealtimePeriod", NULL, "real-time CPU limits (--cpu-rt-period)" },
        { HOST, "CpuRealtimeRuntime", NULL, "real-time CPU limits (--cpu-rt-runtime)" },
        { HOST, "KernelMemory", NULL, "kernel memory limits (--kernel-memory)" },
        { HOST, "KernelMemoryTCP", NULL, "kernel memory limits" },
        { HOST, "CpuCount", NULL, "the CPU count of Windows containers" },
        { HOST, "CpuPercent", NULL, "the CPU percentage of Windows containers" },
        { HOST, "IOMaximumIOps", NULL, "the I/O limits of Windows containers" },
        { HOST, "IOMaximumBandwidth", NULL, "the I/O limits of Windows containers" },
};

static int unsupported(const char *object, const char *member, const char *what, BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_UNSUPPORTED, EOPNOTSUPP, "not supported yet: %s (%s%s%s)", what, object ? object : "", object ? "." : "", member);
}

/* Whether a value asks for nothing: what a client sends for an option that was not given. */
static bool is_zero(const json_t *value)
{
        switch (value ? json_typeof(value) : JSON_NULL) {
        case JSON_NULL:
        case JSON_FALSE:
                return true;
        case JSON_STRING:
                return json_string_length(value) == 0;
        case JSON_INTEGER:
                return json_integer_value(value) == 0;
        case JSON_REAL:
                return json_real_value(value) == 0;
        case JSON_ARRAY:
                return json_array_size(value) == 0;
        case JSON_OBJECT:
                return json_object_size(value) == 0;
        default:
                return false;
        }
}

static bool is_word(const json_t *value, const char *const *words)
{
        for (; json_is_string(value) && *words; words++)
                if (streq(json_string_value(value), *words))
                        return true;
        return false;
}

static bool is_text(const json_t *value, const char *text)
{
        return json_is_string(value) && streq(json_string_value(value), text);
}

/* "name:/path" is a named volume; "/host:/path" a bind; "/path" alone a folder of the container. */
static int refuse_binds(const json_t *host, BrigError *err)
{
        const json_t *binds = json_object_get(host, "Binds"), *bind;
        size_t i;

        json_array_foreach(binds, i, bind) {
                const char *text = json_string_value(bind);

                if (text && *text != '/' && strchr(text, ':'))
                        return unsupported(HOST, "Binds", "named volumes (--volume NAME:PATH)", err);
        }
        return 0;
}

static int refuse_mounts(const json_t *host, BrigError *err)
{
        static const char *const types[] = { "bind", "tmpfs", "volume", NULL };
        const json_t *mounts = json_object_get(host, "Mounts"), *mount;
        size_t i;

        json_array_foreach(mounts, i, mount) {
                const json_t *type = json_object_get(mount, "Type");

                if (json_is_string(type) && !is_word(type, types))
                        return unsupported(HOST, "Mounts", "this mount type (--mount type=bind and type=tmpfs exist)", err);
                if (is_text(type, "volume") && (!is_zero(json_object_get(mount, "Source")) || !is_zero(json_object_get(mount, "VolumeOptions"))))
                        return unsupported(HOST, "Mounts", "named volumes (--mount type=volume,source=NAME)", err);
        }
        return 0;
}

static int refuse_log(const json_t *host, BrigError *err)
{
        static const char *const options[] = { "max-size", "max-file", NULL };
        const json_t *log = json_object_get(host, "LogConfig"), *type = json_object_get(log, "Type");
        json_t *chosen = json_object_get(log, "Config");

        if (!is_zero(type) && !is_word(type, log_words))
                return unsupported(HOST, "LogConfig", "this log driver (json-file and none exist)", err);
        for (void *i = json_object_iter(chosen); i; i = json_object_iter_next(chosen, i)) {
                const char *key = json_object_iter_key(i);
                bool known = false;

                for (const char *const *o = options; *o; o++)
                        known = known || streq(*o, key);
                if (!known)
                        return unsupported(HOST, "LogConfig", "log options other than max-size and max-file", err);
        }
        return 0;
}

/* An endpoint of a network that exists may say nothing: addresses, aliases and the like come with networks. */
static int refuse_endpoints(const json_t *body, BrigError *err)
{
        json_t *endpoints = json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig");

        for (void *i = json_object_iter(endpoints); i; i = json_object_iter_next(endpoints, i)) {
                json_t *settings = json_object_iter_value(i);
                _cleanup_json_ json_t *name = json_string(json_object_iter_key(i));

                if (!is_word(name, network_words))
                        return unsupported("NetworkingConfig", "EndpointsConfig", "networks other than the default and \"none\"", err);
                for (void *m = json_object_iter(settings); m; m = json_object_iter_next(settings, m))
                        if (!is_zero(json_object_iter_value(m)))
                                return unsupported("NetworkingConfig.EndpointsConfig", json_object_iter_key(m), "endpoint settings", err);
        }
        return 0;
}

int brig_definition_refuse_unsupported(const json_t *body, BrigError *err)
{
        const json_t *host = json_object_get(body, HOST);
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                const Refusal *f = &refusals[i];
                const json_t *value = json_object_get(f->object ? host : body, f->member);

                /* a wrong type is the reader's to refuse, with a better message */
                if (is_zero(value) || (f->words && (is_word(value, f->words) || !json_is_string(value))))
                        continue;
                return unsupported(f->object, f->member, f->what, err);
        }
        r = refuse_binds(host, err);
        if (r == 0)
                r = refuse_mounts(host, err);
        if (r == 0)
                r = refuse_log(host, err);
        return r < 0 ? r : refuse_endpoints(body, err);
}
