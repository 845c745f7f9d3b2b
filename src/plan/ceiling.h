#pragma once
/*
 * The ceiling: what no request may exceed, whatever brig-api says. Built-in rules,
 * behind them the lines of a root-owned file. brigd judges the plan; the monitor judges bind
 * sources by what they *are* (device and inode of every ancestor, submounts of a
 * recursive bind), not by their spelling.
 *
 * File (default /etc/brig/ceiling.conf): one rule a line, '#' comments, words by blanks:
 *   deny|allow namespace user|pid|ipc|net|uts|cgroup    the host's own; the later line decides
 *   deny|allow device block|char [all|MAJOR:*|MAJOR:MINOR]   the most precise decides, of equal ones the later
 *   deny|allow capability NAME     the later line decides
 *   deny|allow idmap ID|FIRST-LAST binds whose ids are mapped to that uid or gid of the host; the later line decides
 *   deny  bind PATH            that folder or file itself
 *   deny  tree PATH            it and all beneath
 *   allow bind PATH [ro]       it and all beneath; most specific path decides, of equal ones the later line;
 *                              with ro a writable bind is refused
 * In a path \040 stands for a blank (three octal digits for any byte).
 * "no-defaults" as the first word: the file stands alone. A missing file is an empty one.
 */
#include "plan/plan.h"

#define CEILING_MAX_BYTES (256u * 1024)
#define CEILING_ANY_DEVICE UINT32_MAX

typedef enum CeilingRuleType { CEILING_NAMESPACE, CEILING_DEVICE, CEILING_CAPABILITY, CEILING_IDMAP, CEILING_BIND } CeilingRuleType;
typedef enum CeilingOrigin { CEILING_FROM_FILE, CEILING_FROM_ENGINE, CEILING_FROM_FOLDERS /* data root, exec root, sockets */ } CeilingOrigin;
typedef struct CeilingRule {
        CeilingRuleType type;
        CeilingOrigin origin;
        bool allow;
        bool tree;               /* BIND: the path and all beneath */
        bool readonly;           /* allow … ro */
        unsigned line;           /* FROM_FILE, else 0 */
        uint64_t mask;           /* NAMESPACE: CLONE_NEW*; CAPABILITY: bits; DEVICE: 1 block, 2 char */
        uint32_t major, minor;   /* DEVICE: CEILING_ANY_DEVICE for all; IDMAP: first and last id */
        char *path;              /* BIND: absolute, without "." and "..", no slash at its end but in "/" */
} CeilingRule;
typedef struct Ceiling { char *file; CeilingRule *rules; size_t n_rules; bool no_defaults; } Ceiling;

/* The built-in rules, as text. */
const char *brig_ceiling_default(void);
/*
 * Parses text, without the built-in rules; `file` is used in messages. Refuses unknown words with file:line.
 * With file NULL the text is one of brig_ceiling_text, which names its file itself.
 */
int brig_ceiling_parse(const char *text, size_t len, const char *file, Ceiling **ret, BrigError *err) _must_use_;
/*
 * The built-in rules, then those of path (root-owned, not writable by others, regular; else refused). `own` (absolute paths, NULL-terminated, may be NULL: data root and exec root) are denied as trees.
 */
int brig_ceiling_load(const char *path, const char *const *own, Ceiling **ret, BrigError *err) _must_use_;
/* The whole rule set as text, for handing it to a monitor in a sealed memfd: parse reads it back with the same line numbers. free(3). */
char *brig_ceiling_text(const Ceiling *c);
Ceiling *brig_ceiling_free(Ceiling *c);
BRIG_DEFINE_CLEANUP(Ceiling *, brig_ceiling_free)
/*
 * Judges all that needs no file system: namespaces, devices, capabilities, id maps. BRIG_ERR_DENIED
 * names the rule: "... (rule "deny namespace pid", built in); an administrator may allow it with the line "allow namespace pid" in /etc/brig/ceiling.conf".
 */
int brig_ceiling_check_plan(const Ceiling *c, const LaunchPlan *p, BrigError *err) _must_use_;
/*
 * BRIG_ERR_DENIED for a subject by rule r, in the words of check_plan. For the
 * monitor, which judges binds; allow_path is the path that would have to be
 * allowed, else `lift` the narrowest rule that would do; with neither it is the opposite of r. Returns -EPERM.
 */
typedef struct CeilingSubject { const char *name, *allow_path; const CeilingRule *lift; } CeilingSubject;
int brig_ceiling_deny(const Ceiling *c, const CeilingRule *r, const CeilingSubject *subject, BrigError *err);
