/*
 * Devices: the nodes of "linux.devices" and the rules of
 * "linux.resources.devices" become one list. The executor starts from "no
 * device", adds the fixed set that every container has, then this list; so a rule
 * that denies everything is what happens anyway, and one that allows a device
 * which has no node gives nothing that a container could open.
 */
#include "plan/compile-internal.h"

#include "base/strings.h"

#define MAX_DEVICES 256     /* as the plan's record table */

enum { ACCESS_MKNOD = 1, ACCESS_WRITE = 2, ACCESS_READ = 4, ACCESS_ALL = 7 };

static uint32_t access_bits(const char *access)
{
        uint32_t bits = 0;

        for (; access && *access; access++)
                bits |= *access == 'r' ? ACCESS_READ : *access == 'w' ? ACCESS_WRITE : ACCESS_MKNOD;
        return bits;
}

static bool rule_covers(const RuntimeDeviceRule *rule, const PlanDevice *d)
{
        bool any_type = brig_str_empty(rule->type) || streq(rule->type, "a");
        bool any_major = !rule->major.set || rule->major.value == -1, any_minor = !rule->minor.set || rule->minor.value == -1;

        return (any_type || rule->type[0] == d->type) && (any_major || rule->major.value == d->major) &&
               (any_minor || rule->minor.value == d->minor);
}

/* Later rules win; without any rule the node is there to be used. */
static uint32_t device_access(const RuntimeResources *res, const PlanDevice *d)
{
        uint32_t access = 0;

        if (!res || res->devices.count == 0)
                return ACCESS_ALL;
        for (size_t i = 0; i < res->devices.count; i++) {
                const RuntimeDeviceRule *rule = BRIG_JSON_AT(RuntimeDeviceRule, &res->devices, i);
                uint32_t bits = access_bits(rule->access);

                if (rule_covers(rule, d))
                        access = rule->allow ? access | bits : access & ~bits;
        }
        return access;
}

/*
 * "Everything is allowed" cannot be kept: the executor's list is closed. Asked for by
 * --privileged of other engines, where it would mean the host's disks.
 */
static int refuse_open_rules(const Compiler *c, const RuntimeResources *res)
{
        for (size_t i = 0; res && i < res->devices.count; i++) {
                const RuntimeDeviceRule *rule = BRIG_JSON_AT(RuntimeDeviceRule, &res->devices, i);
                bool whole = (!rule->major.set || rule->major.value == -1) && (!rule->minor.set || rule->minor.value == -1);

                if (rule->allow && whole && (access_bits(rule->access) & (ACCESS_READ | ACCESS_WRITE)))
                        return brig_compile_unsupported(c, "linux.resources.devices", "access to all devices is not supported, name them");
        }
        return 0;
}

int brig_compile_devices(const Compiler *c)
{
        const RuntimeLinux *l = c->spec->linux_;
        const RuntimeResources *res = l ? l->resources : NULL;
        size_t count = l ? l->devices.count : 0;
        int r = refuse_open_rules(c, res);

        if (r < 0 || count == 0)
                return r;
        if (count > MAX_DEVICES)
                return brig_error_set(c->err, BRIG_ERR_TOO_LARGE, E2BIG, "linux.devices: %zu entries, at most %d are allowed", count, MAX_DEVICES);
        r = brig_compile_array(c, count, sizeof(PlanDevice), &c->plan->devices);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++) {
                const RuntimeDevice *from = BRIG_JSON_AT(RuntimeDevice, &l->devices, i);
                PlanDevice *to = &c->plan->devices[i];

                if (streq(from->type, "p"))
                        return brig_compile_unsupported(c, "linux.devices", "a named pipe is not supported");
                if (from->major < 0 || from->minor < 0)
                        return brig_compile_invalid(c, "linux.devices", "major and minor are needed");
                *to = (PlanDevice){
                        .type = from->type[0] == 'b' ? 'b' : 'c',      /* "u" is an unbuffered "c" */
                        .major = (uint32_t)from->major, .minor = (uint32_t)from->minor,
                        .mode = from->file_mode.set ? (uint32_t)from->file_mode.value & 07777 : 0666,
                        .uid = (uint32_t)from->uid.value, .gid = (uint32_t)from->gid.value,
                        .path = from->path,
                };
                to->access = device_access(res, to);
        }
        c->plan->n_devices = count;
        return 0;
}
