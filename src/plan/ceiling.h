#pragma once
/*
 * The ceiling: a root-owned file that says what no request may exceed, whatever
 * brig-api says. brigd reads it and judges the plan; the monitor judges bind
 * sources by what they *are* (device and inode of every ancestor, submounts of a
 * recursive bind), not by their spelling.
 *
 * File (default /etc/brig/ceiling.conf): one rule a line, '#' comments, words by blanks:
 *   deny  namespace user|pid|ipc|net|uts|cgroup      (the host's own)
 *   deny  device block | deny device char MAJOR:MINOR|MAJOR:*|all
 *   allow device char MAJOR:MINOR|MAJOR:*            exception, most specific wins, of equal ones the later line
 *   deny  capability SYS_MODULE
 *   deny  idmap ID|FIRST-LAST  binds whose ids are mapped to that uid or gid of the host
 *   deny  bind PATH            that folder or file itself
 *   deny  tree PATH            it and all beneath
 *   allow bind PATH [ro]       exception for it and all beneath, most specific path wins, of equal ones the
 *                              later line; with ro a writable bind is refused
 * In a path \040 stands for a blank (three octal digits for any byte).
 * A missing file means the built-in text (brig_ceiling_default()), never "all is allowed".
 */
#include "plan/plan.h"

#define CEILING_MAX_BYTES (256u * 1024)
#define CEILING_ANY_DEVICE UINT32_MAX

typedef enum CeilingRuleType { CEILING_NAMESPACE, CEILING_DEVICE, CEILING_CAPABILITY, CEILING_IDMAP, CEILING_BIND } CeilingRuleType;
typedef struct CeilingRule {
        CeilingRuleType type;
        bool allow;              /* BIND, DEVICE char */
        bool tree;               /* BIND: the path and all beneath */
        bool readonly;           /* allow … ro */
        unsigned line;
        uint64_t mask;           /* NAMESPACE: CLONE_NEW*; CAPABILITY: bits; DEVICE: 1 block, 2 char */
        uint32_t major, minor;   /* DEVICE char: CEILING_ANY_DEVICE for all; IDMAP: first and last id */
        char *path;              /* BIND: absolute, without "." and "..", no slash at its end but in "/" */
} CeilingRule;
typedef struct Ceiling { char *file; CeilingRule *rules; size_t n_rules; } Ceiling;

/* The text that ships as /etc/brig/ceiling.conf. */
const char *brig_ceiling_default(void);
/*
 * Parses text; `file` is used in messages. Refuses unknown words with file:line.
 * With file NULL the text is one of brig_ceiling_text, which names its file itself.
 */
int brig_ceiling_parse(const char *text, size_t len, const char *file, Ceiling **ret, BrigError *err) _must_use_;
/*
 * Reads path (root-owned, not writable by others, regular; else refused); a missing file gives the
 * default. `own` (absolute paths, NULL-terminated, may be NULL: data root and exec root) are denied as trees.
 */
int brig_ceiling_load(const char *path, const char *const *own, Ceiling **ret, BrigError *err) _must_use_;
/* The whole rule set as text, for handing it to a monitor in a sealed memfd: parse reads it back with the same line numbers. free(3). */
char *brig_ceiling_text(const Ceiling *c);
Ceiling *brig_ceiling_free(Ceiling *c);
BRIG_DEFINE_CLEANUP(Ceiling *, brig_ceiling_free)
/*
 * Judges all that needs no file system: namespaces, devices, capabilities, id maps. BRIG_ERR_DENIED
 * names the rule: "... (rule \"deny namespace pid\", /etc/brig/ceiling.conf:12; an administrator may remove that line)".
 */
int brig_ceiling_check_plan(const Ceiling *c, const LaunchPlan *p, BrigError *err) _must_use_;
/*
 * BRIG_ERR_DENIED for `subject` by rule r, in the words of check_plan: `subject: denied by the ceiling (rule ...)`.
 * For the monitor, which judges binds. Returns -EPERM.
 */
int brig_ceiling_deny(const Ceiling *c, const CeilingRule *r, const char *subject, BrigError *err);
