/* The plan as an object: defaults, ownership, and its way through a memfd. */
#include "plan/plan.h"
#include "base/strings.h"
#include "sys/memfd.h"
#include <sys/mman.h>

/* Blocks of one plan, freed together: a plan is built once, read, and dropped whole. */
typedef struct Block Block;
struct Block {
        Block *next;
        max_align_t data[];
};

void brig_plan_init(LaunchPlan *p, PlanKind kind)
{
        *p = (LaunchPlan){
                .kind = kind,
                .umask = 022,
                .container_id = "", .exec_id = "", .profile = "", .hostname = "", .domainname = "",
                .cwd = "", .user = "", .seccomp_name = "", .apparmor_profile = "", .selinux_label = "",
                .resources = { .memory_swappiness = -1, .cpuset_cpus = "", .cpuset_mems = "" },
        };
}

void brig_plan_done(LaunchPlan *p)
{
        for (Block *b = p->_owned, *next; b; b = next) {
                next = b->next;
                free(b);
        }
        *p = (LaunchPlan){ 0 };
}

void *brig_plan_alloc(LaunchPlan *p, size_t size)
{
        Block *b = calloc(1, sizeof(*b) + size);

        if (!b)
                return NULL;
        b->next = p->_owned;
        p->_owned = b;
        return b->data;
}

char *brig_plan_strdup(LaunchPlan *p, const char *s)
{
        size_t len = strlen(s) + 1;
        char *copy = brig_plan_alloc(p, len);

        return copy ? memcpy(copy, s, len) : NULL;
}

int brig_plan_to_memfd(const LaunchPlan *p, int *ret_fd, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(BRIG_PLAN_MAX_BYTES);
        int r = brig_plan_encode(p, &b, err);

        if (r < 0)
                return r;
        r = brig_memfd_sealed("brig-plan", b.data, b.len, 0, ret_fd);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "launch plan: memfd") : 0;
}

int brig_plan_from_memfd(int fd, LaunchPlan *ret, void **ret_map, size_t *ret_len, BrigError *err)
{
        size_t len;
        void *map;
        int r = brig_memfd_map(fd, BRIG_PLAN_MAX_BYTES, &map, &len);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INVALID, r, "launch plan: not a sealed memfd of a permitted size");
        r = brig_plan_decode(map, len, ret, err);
        if (r < 0) {
                (void)munmap(map, len); /* nothing else can be done about it */
                return r;
        }
        *ret_map = map;
        *ret_len = len;
        return 0;
}
