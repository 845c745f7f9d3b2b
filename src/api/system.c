/* /_ping, /version, /info, /system/df: what this engine is and runs on. */
#include "api/routes.h"
#include "api/shapes.h"

#include "api/api.h"
#include "api/host.h"
#include "base/clock.h"
#include "base/strings.h"
#include "brig-config.h"

#include <sys/utsname.h>

int brig_handle_ping(Request *r, BrigError *err)
{
        static const char *const headers[][2] = {
                /* 1: the classic builder. The command line would speak gRPC to version 2. */
                { "Builder-Version", "1" }, { "Cache-Control", "no-cache, no-store, must-revalidate" }, { "Pragma", "no-cache" },
                { "Swarm", "inactive" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
                int result = brig_reply_header(r, headers[i][0], headers[i][1], err);

                if (result < 0)
                        return result;
        }
        return brig_reply_text(r, 200, "text/plain; charset=utf-8", "OK", err);
}

/* Docker's names of processors, not the kernel's. */
static const char *go_arch(const char *machine)
{
        static const char *const names[][2] = {
                { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "armv7l", "arm" }, { "i686", "386" }, { "ppc64le", "ppc64le" },
                { "s390x", "s390x" }, { "riscv64", "riscv64" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (streq(machine, names[i][0]))
                        return names[i][1];
        return machine;
}

static json_t *shape_component(const struct utsname *u)
{
        return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "Name", "Engine", "Version", BRIG_VERSION, "Details",
                         "ApiVersion", BRIG_API_VERSION, "MinAPIVersion", BRIG_API_MIN_VERSION, "Os", "linux", "Arch", go_arch(u->machine),
                         "KernelVersion", u->release, "Experimental", "false");
}

int brig_handle_version(Request *r, BrigError *err)
{
        struct utsname u;

        if (uname(&u) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot read the kernel's version");
        return brig_reply_json(r, 200, json_pack("{s:{s:s}, s:[o], s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}",
                                                 "Platform", "Name", "Brig Engine", "Components", shape_component(&u),
                                                 "Version", BRIG_VERSION, "ApiVersion", BRIG_API_VERSION, "MinAPIVersion", BRIG_API_MIN_VERSION,
                                                 "GitCommit", "", "GoVersion", "", "Os", "linux", "Arch", go_arch(u.machine),
                                                 "KernelVersion", u.release, "Experimental", 0), err);
}

/* --- info --- */

static json_t *shape_warnings(const HostFacts *h)
{
        _cleanup_json_ json_t *array = json_array();
        const struct { bool absent; const char *text; } rows[] = {
                { true, "WARNING: networks are not built yet: every container has a private network namespace with loopback only" },
                { !h->cgroup_memory, "WARNING: No memory limit support" },
                { !h->cgroup_swap, "WARNING: No swap limit support" },
                { !h->cgroup_cpu, "WARNING: No cpu cfs quota support" },
                { !h->cgroup_cpuset, "WARNING: No cpuset support" },
                { !h->cgroup_pids, "WARNING: No pids limit support" },
                { !h->apparmor && !h->selinux, "WARNING: neither AppArmor nor SELinux is active on this host" },
        };

        for (size_t i = 0; array && i < ARRAY_SIZE(rows); i++)
                if (rows[i].absent && json_array_append_new(array, json_string(rows[i].text)) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static json_t *shape_security(const HostFacts *h)
{
        _cleanup_json_ json_t *array = json_array();
        const struct { bool on; const char *text; } rows[] = {
                { h->apparmor, "name=apparmor" }, { h->selinux, "name=selinux" }, { true, "name=seccomp,profile=builtin" },
                { true, "name=userns" }, { true, "name=cgroupns" }, { true, "name=no-new-privileges" }, { h->landlock, "name=landlock" },
        };

        for (size_t i = 0; array && i < ARRAY_SIZE(rows); i++)
                if (rows[i].on && json_array_append_new(array, json_string(rows[i].text)) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static int set(json_t *object, const char *name, json_t *value)
{
        return json_object_set_new(object, name, value);
}

static int add_counts(json_t *o, Engine *e)
{
        EngineCounts c;

        brig_engine_counts(e, &c);
        return set(o, "Containers", json_integer(c.containers)) | set(o, "ContainersRunning", json_integer(c.running)) |
               set(o, "ContainersPaused", json_integer(c.paused)) | set(o, "ContainersStopped", json_integer(c.stopped)) |
               set(o, "Images", json_integer(c.images));
}

static int add_cgroups(json_t *o, const HostFacts *h)
{
        return set(o, "MemoryLimit", json_boolean(h->cgroup_memory)) | set(o, "SwapLimit", json_boolean(h->cgroup_swap)) |
               set(o, "KernelMemoryTCP", json_false()) | set(o, "CpuCfsPeriod", json_boolean(h->cgroup_cpu)) |
               set(o, "CpuCfsQuota", json_boolean(h->cgroup_cpu)) | set(o, "CPUShares", json_boolean(h->cgroup_cpu)) |
               set(o, "CPUSet", json_boolean(h->cgroup_cpuset)) | set(o, "PidsLimit", json_boolean(h->cgroup_pids)) |
               set(o, "OomKillDisable", json_boolean(h->cgroup_memory && !h->cgroup_v2)) |
               set(o, "CgroupDriver", json_string("cgroupfs")) | set(o, "CgroupVersion", json_string(h->cgroup_v2 ? "2" : "1"));
}

static int add_host(json_t *o, const HostFacts *h)
{
        return set(o, "KernelVersion", json_string(h->kernel)) | set(o, "OperatingSystem", json_string(h->os_name)) |
               set(o, "OSVersion", json_string(h->os_version)) | set(o, "OSType", json_string("linux")) |
               set(o, "Architecture", json_string(h->machine)) | set(o, "NCPU", json_integer(h->n_cpus)) |
               set(o, "MemTotal", json_integer(h->memory)) | set(o, "Name", json_string(h->hostname)) |
               set(o, "IPv4Forwarding", json_boolean(h->ipv4_forwarding));
}

static int add_engine(json_t *o, Request *r, const HostFacts *h)
{
        const EngineOptions *options = brig_engine_options(r->engine);
        char now[BRIG_TIME_STRING];

        brig_time_format(brig_now_realtime(), now);
        return set(o, "Driver", json_string(SHAPE_STORAGE_DRIVER)) |
               set(o, "DriverStatus", json_pack("[[s, s], [s, s]]", "Backing Filesystem", h->backing_fs, "Id-mapped layers", "true")) |
               set(o, "DockerRootDir", json_string(options->data_root)) | set(o, "Debug", json_boolean(brig_api_debug(r->api))) |
               set(o, "NFd", json_integer(0)) | set(o, "NGoroutines", json_integer(0)) | set(o, "NEventsListener", json_integer(0)) |
               set(o, "SystemTime", json_string(now)) | set(o, "LoggingDriver", json_string("json-file")) |
               set(o, "IndexServerAddress", json_string("https://index.docker.io/v1/")) |
               set(o, "RegistryConfig", json_pack("{s:[], s:{}, s:[]}", "InsecureRegistryCIDRs", "IndexConfigs", "Mirrors")) |
               set(o, "Labels", brig_shape_strings(options->labels)) | set(o, "ExperimentalBuild", json_false()) |
               set(o, "ServerVersion", json_string(BRIG_VERSION)) | set(o, "LiveRestoreEnabled", json_true()) |
               set(o, "DefaultRuntime", json_string("brig")) | set(o, "Runtimes", json_pack("{s:{s:s}}", "brig", "path", "brig-monitor")) |
               set(o, "InitBinary", json_string("brig-init")) | set(o, "Isolation", json_string("")) |
               set(o, "HttpProxy", json_string("")) | set(o, "HttpsProxy", json_string("")) | set(o, "NoProxy", json_string(""));
}

static int add_parts(json_t *o)
{
        const char *none = "N/A";

        return set(o, "Plugins", json_pack("{s:[s], s:[s, s], s:n, s:[s]}", "Volume", "local", "Network", "none", "null", "Authorization",
                                           "Log", "json-file")) |
               set(o, "Swarm", json_pack("{s:s, s:s, s:s, s:b, s:s, s:n}", "NodeID", "", "NodeAddr", "", "LocalNodeState", "inactive",
                                         "ControlAvailable", 0, "Error", "", "RemoteManagers")) |
               set(o, "ContainerdCommit", json_pack("{s:s}", "ID", none)) | set(o, "RuncCommit", json_pack("{s:s}", "ID", none)) |
               set(o, "InitCommit", json_pack("{s:s}", "ID", none)) | set(o, "GenericResources", json_null()) |
               set(o, "DefaultAddressPools", json_array()) | set(o, "CDISpecDirs", json_array());
}

int brig_handle_info(Request *r, BrigError *err)
{
        _cleanup_json_ json_t *o = json_object();
        _cleanup_(brig_host_facts_done) HostFacts h = { 0 };
        int result = brig_host_facts_read(brig_engine_options(r->engine)->data_root, &h, err);

        if (result < 0)
                return result;
        if (!o || set(o, "ID", json_string(h.id)) | add_counts(o, r->engine) | add_engine(o, r, &h) | add_host(o, &h) | add_cgroups(o, &h) |
            add_parts(o) | set(o, "SecurityOptions", shape_security(&h)) | set(o, "Warnings", shape_warnings(&h)))
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot describe the system");
        return brig_reply_json(r, 200, TAKE_PTR(o), err);
}

/* --- df --- */

static void images_freep(Image ***images)
{
        *images = brig_image_list_free(*images);
}

static void views_freep(ContainerView ***views)
{
        *views = brig_container_views_free(*views);
}

static json_t *df_images(Image **images, ContainerView **views, int64_t *total)
{
        _cleanup_json_ json_t *rows = json_array();

        for (size_t i = 0; rows && images && images[i]; i++) {
                int64_t users = 0;

                for (size_t k = 0; views && views[k]; k++)
                        users += streq(views[k]->image_id, images[i]->id);
                *total += images[i]->size;
                if (json_array_append_new(rows, brig_shape_image_row(&(ImageRow){
                        .image = images[i], .containers = users, .shared_size = 0, .tags = images[i]->repo_tags,
                        .digests = images[i]->repo_digests }, API_VERSION(1, 50))) < 0)
                        return NULL;
        }
        return TAKE_PTR(rows);
}

static json_t *df_containers(Request *r, ContainerView **views)
{
        _cleanup_json_ json_t *rows = json_array();
        int64_t now = brig_now_realtime();

        for (size_t i = 0; rows && views && views[i]; i++)
                if (json_array_append_new(rows, brig_shape_container_row(views[i], brig_engine_images(r->engine), now)) < 0)
                        return NULL;
        return TAKE_PTR(rows);
}

int brig_handle_disk_usage(Request *r, BrigError *err)
{
        _cleanup_(images_freep) Image **images = NULL;
        _cleanup_(views_freep) ContainerView **views = NULL;
        int64_t total = 0;
        json_t *rows;
        int result = brig_image_list(brig_engine_images(r->engine), &images, err);

        if (result >= 0)
                result = brig_container_list(r->engine, &(ListRequest){ .all = true }, &views, err);
        if (result < 0)
                return result;
        rows = df_images(images, views, &total);
        return brig_reply_json(r, 200, json_pack("{s:I, s:o, s:o, s:[], s:[]}", "LayersSize", (json_int_t)total, "Images", rows,
                                                 "Containers", df_containers(r, views), "Volumes", "BuildCache"), err);
}
